/**
 * sigv4 - AWS Signature Version 4: requests, presigned queries, chunks.
 *
 * A signer canonicalises what is sent: path and query come percent-encoded as on the wire, and are
 * brought to the form that is signed here. It adds three headers itself, so that nobody can sign
 * one value and send another: x-amz-date, x-amz-security-token where there is a token, and for S3
 * x-amz-content-sha256.
 *
 * Source:  AWS, "Signature Version 4 signing process"; tests/vectors/sigv4-vectors.json.
 * Threads: one at a time.
 * Memory:  SIGV4_KEYS derived keys, SIGV4_PARAMS_MAX parameters, and a buffer for the longest
 *          request so far. All that held a secret is overwritten.
 */
#ifndef IO_CLOUD_SIGV4_H
#define IO_CLOUD_SIGV4_H

#include "base/text/date.h"
#include "io/cloud/header.h"
#include "io/cloud/mac.h"
#include "io/cloud/secret.h"

#define SIGV4_KEYS	     8	/* (secret, date, region, service): two days of some buckets */
#define SIGV4_PARAMS_MAX     64 /* of a query */
#define SIGV4_NAME_MAX_BYTES 63 /* of a region or service */
#define SIGV4_EXPIRES_MAX_S  604800

#define SIGV4_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGV4_UNSIGNED	   "UNSIGNED-PAYLOAD"

enum sigv4_dialect {
	SIGV4_S3,    /* path encoded once, nothing folded; payload hash in a header */
	SIGV4_OTHER, /* STS, SSO: path encoded twice; no dot segments or empty ones, see
			sigv4_sign() */
};

/** Whose signature, for what, when. Borrowed. */
struct sigv4_scope {
	enum sigv4_dialect dialect;
	struct view region, service; /* "us-east-1", "s3" */
	struct view key_id;
	const struct secret *secret_key;
	const struct secret *session_token; /* NULL or not set: none */
	uint64_t wall_ns;		    /* when it is sent, not when it was queued */
};

/** What goes into the request beside its own headers. A zeroed struct is ready, and may be used
 *  again and again. */
struct sigv4_signed {
	char date[DATE_BASIC_BYTES];  /* the value of x-amz-date */
	char signature[MAC_HEX_TEXT]; /* where a chain of chunks begins */
	struct bytes authorization;   /* the value of Authorization */
};
void sigv4_signed_release(struct sigv4_signed *out);

struct sigv4;

enum muster_code sigv4_new(struct sigv4 **out, struct muster_error *err);
void sigv4_free(struct sigv4 *sigv4);

/**
 * Sign a request. `request` holds the headers to be signed, `host` among them, without those that
 * are added here; `payload_hash` is the hex SHA-256 of the body, or one of S3's words.
 *
 * Errors: MUSTER_E_USAGE for a header that cannot be sent, no host, a header that is added here, or
 * (SIGV4_OTHER) a path whose segments such a service would fold; MUSTER_E_FORMAT for a broken
 * escape in the query; MUSTER_E_LIMIT; MUSTER_E_MEMORY.
 */
enum muster_code sigv4_sign(struct sigv4 *sigv4, const struct sigv4_scope *scope,
			    const struct cloud_request *request, struct view payload_hash,
			    struct sigv4_signed *out, struct muster_error *err);

/** A query that lets whoever has it GET for `expires_s` seconds: a secret. `request` has one
 *  header, host; its query comes before the signature. Errors: as above. */
enum muster_code sigv4_presign(struct sigv4 *sigv4, const struct sigv4_scope *scope,
			       const struct cloud_request *request, uint32_t expires_s,
			       struct secret *query, struct muster_error *err);

/** The signature of the next chunk of a signed stream, the last of which is empty. `signature` is
 *  that of what came before, and then of this chunk. */
enum muster_code sigv4_sign_chunk(struct sigv4 *sigv4, const struct sigv4_scope *scope,
				  struct view chunk, char signature[MAC_HEX_TEXT],
				  struct muster_error *err);
/** The same of the trailer, "name:value\n" each. */
enum muster_code sigv4_sign_trailer(struct sigv4 *sigv4, const struct sigv4_scope *scope,
				    struct view trailer, char signature[MAC_HEX_TEXT],
				    struct muster_error *err);

/** Append the canonical request, to lay it beside the one that a server tells with
 *  SignatureDoesNotMatch. It holds the session token, therefore a secret. Errors: as sigv4_sign().
 */
enum muster_code sigv4_canonical_request(struct sigv4 *sigv4, const struct sigv4_scope *scope,
					 const struct cloud_request *request,
					 struct view payload_hash, struct secret *out,
					 struct muster_error *err);

#endif
