/**
 * manifest - the list of a version's leaves, and what the version is.
 *
 * Layout (docs/formats/manifest.md): header, embedded leaves, blocks of up to 256 leaf records,
 * footer, trailer of MANIFEST_TRAILER_BYTES. A reader takes the trailer, the footer, then any
 * block by its fence. Every part is covered by a SHA-256 that the part above holds.
 */
#ifndef ARTIFACT_FORMAT_MANIFEST_H
#define ARTIFACT_FORMAT_MANIFEST_H

#include "artifact/format/object.h"

#define MANIFEST_BLOCK_LEAVES	  256
#define MANIFEST_BLOCK_MAX_BYTES  (2u << 20)
#define MANIFEST_FOOTER_MAX_BYTES (64u << 20)
#define MANIFEST_TRAILER_BYTES	  64
#define MANIFEST_MAX_FENCES	  65536 /* 16.7 million leaves */

/** How events and links point at a manifest, and what proves it: nobody asks the store for its
 *  length. The footer ends MANIFEST_TRAILER_BYTES before the end of the object. */
struct manifest_pointer {
	struct object_id id;
	uint64_t object_bytes;
	uint64_t footer_bytes;
	uint8_t footer_sha256[32];
};

/** One leaf as a manifest knows it. */
struct leaf_record {
	struct object_id object; /* a leaves object, or a manifest (this one or another) */
	bool in_manifest;	 /* which of the two: so that a reader asks for one key only */
	uint64_t offset_bytes;
	uint32_t content_bytes, placement_bytes; /* placement follows content */
	uint8_t content_sha256[32];
	uint8_t placement_checksum[16]; /* XXH3-128 */
	struct view first_path;
	uint32_t entry_count;
	uint64_t size_bytes; /* sum of the entries' sizes */
};

/** MD5 of the W&B digest stream where a block begins, so that a commit resumes there (RFC 1321:
 *  four words, length, the unfinished 64-byte block). Unused for XXH128. */
struct md5_state {
	uint32_t word[4];
	uint64_t length_bytes;
	uint8_t tail[64]; /* length_bytes % 64 of them count */
};

struct manifest_fence {
	uint64_t offset_bytes; /* of the block in the manifest object */
	uint32_t length_bytes;
	uint32_t leaf_count;
	uint64_t entry_count;
	uint64_t reference_count; /* of these entries, so that a resumed commit can sum them */
	uint8_t sha256[32];
	struct view first_path;
	struct md5_state digest_state; /* before the block's first entry */
};

struct manifest_footer {
	struct object_id id;	   /* of this manifest */
	uint8_t collection_id[16]; /* whose it is; outside the content root */
	uint8_t version_id[16];
	enum digest_algorithm algorithm;
	uint64_t leaf_count, entry_count, reference_count, size_bytes;
	uint8_t content_root[32];    /* SHA-256 over the content SHA-256s in order */
	uint8_t artifact_digest[16]; /* W&B's, over paths and digests */
	size_t fence_count;
	struct manifest_fence *fences; /* owned: manifest_footer_release() */
	struct bytes paths;	       /* what the fences' first paths point into */
};

void manifest_footer_release(struct manifest_footer *footer);
enum muster_code manifest_footer_encode(const struct manifest_footer *footer, struct bytes *out,
					struct muster_error *err);
enum muster_code manifest_footer_parse(struct manifest_footer *out, struct view footer,
				       struct muster_error *err);

struct manifest_trailer {
	uint64_t footer_offset_bytes;
	uint32_t footer_bytes;
	uint8_t footer_sha256[32];
};

void manifest_trailer_put(uint8_t out[MANIFEST_TRAILER_BYTES], const struct manifest_trailer *t);
/** `object_bytes`: the length of the whole object, which the trailer must fit. */
enum muster_code manifest_trailer_parse(struct manifest_trailer *out, struct view trailer,
					uint64_t object_bytes, struct muster_error *err);

/** A block: encode up to MANIFEST_BLOCK_LEAVES records; parse gives records whose first paths
 *  point into `paths`. */
enum muster_code manifest_block_encode(const struct leaf_record *records, size_t count,
				       struct bytes *out, struct muster_error *err);
enum muster_code manifest_block_parse(struct view block, struct leaf_record *out, size_t out_max,
				      size_t *count, struct bytes *paths, struct muster_error *err);

#endif
