/**
 * pack - an object that holds one or many blobs.
 *
 * Layout (docs/formats/pack.md): header of 16 bytes, the blobs back to back in the order of their
 * ordinals, the directory, a fixed trailer. In a pack of one large blob the header is 4,096 bytes
 * (padded) and the directory begins at the next multiple of 4,096 behind the blob, so that a file
 * system can clone the blob. The trailer holds the repository id and points at the directory.
 */
#ifndef ARTIFACT_FORMAT_PACK_H
#define ARTIFACT_FORMAT_PACK_H

#include "artifact/format/object.h"

#define PACK_VERSION		 1 /* for object_header_check(…, "pack", …) */
#define PACK_TARGET_BYTES	 (32u << 20)
#define PACK_BLOB_MAX_BYTES	 (4u << 20) /* larger files are packs of their own */
#define PACK_ALIGN_BYTES	 4096
#define PACK_TRAILER_BYTES	 96
#define PACK_DIRECTORY_MAX_BYTES (64u << 20)
#define PACK_MAX_BLOBS		 1048576

/** What names a blob, whatever path it has. */
struct blob_key {
	uint8_t algorithm; /* enum digest_algorithm */
	uint8_t digest[DIGEST_BYTES];
	uint8_t checksum[CHECKSUM_BYTES];
	uint64_t size_bytes;
	bool has_identity;
	uint8_t identity[IDENTITY_BYTES]; /* zero unless has_identity */
};

bool blob_key_equal(const struct blob_key *a, const struct blob_key *b);
/** Order of index files: digest, size, checksum, algorithm, identity; by bytes. */
int blob_key_compare(const struct blob_key *a, const struct blob_key *b);

/** Collects the directory while blobs are written. Zeroed is empty; release when done. */
struct pack_directory {
	struct bytes encoded;
	uint32_t blob_count;
	uint64_t blob_bytes;	  /* sum of sizes */
	uint8_t checksum_sum[16]; /* sum of the blobs' checksums modulo 2^128, order-free */
};

void pack_directory_release(struct pack_directory *directory);
/**
 * The blob that was just written behind the others. Its ordinal is blob_count before the call.
 * MUSTER_FULL (nothing added): PACK_MAX_BLOBS or PACK_DIRECTORY_MAX_BYTES is reached; finish this
 * pack and begin the next one. Errors: MUSTER_E_USAGE for an algorithm that no blob has,
 * MUSTER_E_LIMIT when the sum of sizes leaves 64 bits, MUSTER_E_MEMORY.
 */
enum muster_code pack_directory_add(struct pack_directory *directory, const struct blob_key *key,
				    struct muster_error *err);
/** Padding (one large blob only), directory and trailer, to be appended behind the blobs.
 *  Errors: MUSTER_E_USAGE without a blob, or where is_single does not mean exactly one. */
enum muster_code pack_finish(const struct pack_directory *directory, bool is_single,
			     const uint8_t repository_id[16], const struct object_id *id,
			     struct bytes *out, struct muster_error *err);
/** The bytes a pack begins with: 16, or 4,096 for a single large blob. */
enum muster_code pack_begin(bool is_single, struct bytes *out, struct muster_error *err);

struct pack_trailer {
	uint8_t repository_id[16];
	struct object_id id;
	bool is_single;
	uint32_t blob_count;
	uint64_t directory_offset_bytes;
	uint32_t directory_bytes;
	uint64_t pack_bytes;		/* of the whole object */
	uint8_t directory_checksum[16]; /* XXH3-128 */
};

/** `pack_bytes`: the length of the whole object, which the trailer must fit.
 *  Errors: MUSTER_E_FORMAT, MUSTER_E_UNSUPPORTED (another version), MUSTER_E_LIMIT. */
enum muster_code pack_trailer_parse(struct pack_trailer *out, struct view trailer,
				    uint64_t pack_bytes, struct muster_error *err);

/** sum += checksum, as big-endian 128-bit numbers: what pack_directory and index_pack keep. */
void checksum_sum_add(uint8_t sum[CHECKSUM_BYTES], const uint8_t checksum[CHECKSUM_BYTES]);

/** A parsed directory: keys and where they begin. */
struct pack_blob {
	struct blob_key key;
	uint64_t offset_bytes; /* in the pack object */
};

/** Gives an array of trailer->blob_count (free()). Checks checksum, totals and bounds. */
enum muster_code pack_directory_parse(struct pack_blob **out, const struct pack_trailer *trailer,
				      struct view directory, struct muster_error *err);

#endif
