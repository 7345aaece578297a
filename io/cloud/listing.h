/**
 * listing - the objects of one list page of S3, Google Cloud Storage or Azure Blob.
 *
 * Reader:  fed and asked like a document (io/cloud/document.h): MUSTER_FULL wants more bytes,
 *          MUSTER_END says that listing_page() is whole. However it is cut, the objects are the
 * same. Memory:  one object, and the document's maxima; of a page of S3 that tells its encoding
 * last, all. Order:   as the store sends. Whether keys ascend is for the caller to check; Azure may
 * list prefixes before blobs. Threads: one at a time. Errors:  MUSTER_E_FORMAT, MUSTER_E_LIMIT;
 * MUSTER_E_IO where the store sent an error document with its 200. A failure is final.
 */
#ifndef IO_CLOUD_LISTING_H
#define IO_CLOUD_LISTING_H

#include "base/bytes.h"

enum listing_kind {
	LISTING_S3_OBJECTS,  /* ListObjectsV2 */
	LISTING_S3_VERSIONS, /* ListObjectVersions */
	LISTING_AZURE,	     /* List Blobs */
	LISTING_GCS,	     /* Objects: list, JSON */
	LISTING_GCS_OBJECT,  /* one object: what an upload or a look at its metadata answers */
	LISTING_GCS_REWRITE, /* Objects: rewrite: the object when it is done, or `next` to go on
				with */
};

/* S3 and Google: 1024 bytes; Azure: 1024 characters of four bytes */
#define LISTING_KEY_MAX_BYTES  4096
#define LISTING_CHECKSUM_BYTES 32
#define LISTING_CHECKSUMS_MAX  2

enum checksum_algorithm {
	CHECKSUM_MD5,
	CHECKSUM_CRC32,
	CHECKSUM_CRC32C,
	CHECKSUM_CRC64NVME, /* Azure's CRC64 is the same, and is turned round to be it */
	CHECKSUM_SHA1,
	CHECKSUM_SHA256,
	CHECKSUM_ALGORITHM_COUNT,
};

/** A value, highest byte first. It is what the store says, which is not always what it checked:
 *  Azure stores any MD5 that a client commits blocks with. */
struct checksum {
	enum checksum_algorithm algorithm;
	uint8_t len;
	uint8_t value[LISTING_CHECKSUM_BYTES];
	uint32_t part_count; /* 0: of the whole object; else of the checksums of so many parts */
};

/** Lent until the next call on its listing. */
struct listed_object {
	struct view key;     /* bytes; of a prefix, the prefix */
	struct view etag;    /* opaque, without W/ and quotes; empty: none */
	struct view version; /* S3 and Azure: the version's id, "null" for S3's unversioned; Google:
				the generation; empty: none told */
	uint64_t size_bytes;
	uint64_t mtime_ns; /* 0: none told */
	bool is_prefix;	   /* keys that share it up to the delimiter: nothing else is told */
	bool is_latest;
	bool is_delete_marker; /* there is no object of this version, or no longer */
	bool is_directory;     /* Azure, hierarchical namespace */
	uint32_t algorithms;   /* bit per algorithm whose value the store has, but does not list */
	uint8_t checksum_count;
	struct checksum checksums[LISTING_CHECKSUMS_MAX];
};

/** How to go on. Lent until the listing is freed. */
struct listing_page {
	bool is_truncated;
	struct view next; /* S3: continuation-token or key-marker, decoded; Azure: marker; Google:
			     pageToken */
	struct view next_version; /* S3 versions: version-id-marker, to be sent with it */
};

struct listing;

enum muster_code listing_new(struct listing **out, enum listing_kind kind,
			     struct muster_error *err);
void listing_free(struct listing *listing);
/** Borrows `piece` until listing_next() answers MUSTER_FULL or MUSTER_END. */
void listing_feed(struct listing *listing, struct view piece);
void listing_finish(struct listing *listing);
enum muster_code listing_next(struct listing *listing, struct listed_object *object,
			      struct muster_error *err);
/** After MUSTER_END. */
struct listing_page listing_page(const struct listing *listing);

/** An ETag as it is compared: without W/ and quotes, whatever form a header or a document has. */
struct view listing_etag(struct view etag);

/** Fill `out` from a base64 text, which may end in "-N" for a checksum of N parts. False where it
 * is no such checksum. `is_reversed`: the lowest byte comes first. */
bool checksum_parse(struct checksum *out, enum checksum_algorithm algorithm, struct view base64,
		    bool is_reversed);
/** "CRC32C" in any case; false: unknown. */
bool checksum_by_name(struct view name, enum checksum_algorithm *out);
/** How many bytes a value has. */
size_t checksum_len(enum checksum_algorithm algorithm);

#endif
