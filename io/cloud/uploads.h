/**
 * uploads - what uploads in parts leave behind, page by page: uploads, their parts, Azure's blocks;
 * and what became of the keys of a DeleteObjects.
 *
 * Reader, memory, threads, errors: as listing.h.
 */
#ifndef IO_CLOUD_UPLOADS_H
#define IO_CLOUD_UPLOADS_H

#include "io/cloud/listing.h"

enum uploads_kind {
	UPLOADS_S3,	      /* ListMultipartUploads: key, upload_id, time */
	UPLOADS_S3_PARTS,     /* ListParts: number, etag, size, time, checksums */
	UPLOADS_AZURE_BLOCKS, /* Get Block List: block_id, size, is_committed */
	UPLOADS_S3_DELETED,   /* DeleteObjects: key, version, is_failed, code, message */
};

#define UPLOADS_PART_MAX 10000

/** Lent until the next call. What its kind does not have is zero. */
struct upload_item {
	struct view key, version;
	struct view upload_id;
	struct view block_id; /* base64, as it was put */
	struct view etag;     /* opaque, without quotes */
	struct view code, message;
	uint32_t number;
	uint64_t size_bytes, time_ns;
	bool is_committed, is_failed;
	uint8_t checksum_count;
	struct checksum checksums[LISTING_CHECKSUMS_MAX];
};

struct uploads;

enum muster_code uploads_new(struct uploads **out, enum uploads_kind kind,
			     struct muster_error *err);
void uploads_free(struct uploads *uploads);
void uploads_feed(struct uploads *uploads, struct view piece);
void uploads_finish(struct uploads *uploads);
enum muster_code uploads_next(struct uploads *uploads, struct upload_item *item,
			      struct muster_error *err);
/** After MUSTER_END: `next` is the key-marker, decoded, or the part-number-marker, `next_version`
 * the upload-id-marker. */
struct listing_page uploads_page(const struct uploads *uploads);

#endif
