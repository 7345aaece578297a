/**
 * reply - the small documents that clouds answer with: errors, and what became of a write.
 *
 * Threads: pure functions. Memory: FIELDS_TEXT_MAX_BYTES for a document, which comes whole.
 * Blanks before a document, with which S3 keeps a connection alive, are passed over.
 */
#ifndef IO_CLOUD_REPLY_H
#define IO_CLOUD_REPLY_H

#include "io/cloud/fields.h"
#include "io/cloud/listing.h"

/** An error of S3, STS, Google, Azure or a token endpoint. A zeroed struct is none; views last
 * until it is released. */
struct cloud_error {
	struct view code;    /* the word to act upon: "NoSuchKey", "notFound", "invalid_grant" */
	struct view message; /* for a person */
	struct view region, endpoint, bucket; /* S3: where to ask instead */
	struct view request_id, host_id;
	struct view detail; /* Azure: AuthenticationErrorDetail */
	/* S3, SignatureDoesNotMatch: what the server signed; with a session token in it */
	struct secret canonical_request, string_to_sign;
	struct fields fields; /* private: what the views lie in */
};

/** Errors: MUSTER_E_FORMAT where it is no error document (a proxy's page, say); MUSTER_E_MEMORY,
 *  MUSTER_E_LIMIT. */
enum muster_code cloud_error_parse(struct cloud_error *out, struct view document,
				   struct muster_error *err);
void cloud_error_release(struct cloud_error *error);

enum s3_reply_kind {
	S3_REPLY_INITIATED,   /* CreateMultipartUpload: upload_id */
	S3_REPLY_COMPLETED,   /* CompleteMultipartUpload */
	S3_REPLY_COPIED,      /* CopyObject */
	S3_REPLY_PART_COPIED, /* UploadPartCopy */
};

/** Views last until it is released. */
struct s3_reply {
	struct view upload_id;
	struct view etag; /* without quotes; Ceph's is empty after a completed upload */
	uint64_t mtime_ns;
	uint8_t checksum_count;
	struct checksum checksums[LISTING_CHECKSUMS_MAX];
	struct fields fields; /* private */
};

/** Read the body of a 200, which may be an error all the same: MUSTER_E_IO then, and `error`
 * filled. Other errors: MUSTER_E_FORMAT, MUSTER_E_LIMIT, MUSTER_E_MEMORY. */
enum muster_code s3_reply_parse(struct s3_reply *out, enum s3_reply_kind kind, struct view document,
				struct cloud_error *error, struct muster_error *err);
void s3_reply_release(struct s3_reply *reply);

#endif
