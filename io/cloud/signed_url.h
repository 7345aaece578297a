/**
 * signed_url - URLs that carry their own authorization: Azure's SAS, presigned S3, upload sessions.
 *
 * Threads: pure functions. Errors: MUSTER_E_MEMORY, and what is said below.
 */
#ifndef IO_CLOUD_SIGNED_URL_H
#define IO_CLOUD_SIGNED_URL_H

#include "io/cloud/secret.h"

/** Fill `out` with `url` and the shared access signature behind it, which stays as it is but for a
 *  leading '?' or '&' that people paste. Errors: MUSTER_E_USAGE where the token holds a character
 *  that no encoded query has, MUSTER_E_LIMIT. */
enum muster_code signed_url_with_sas(struct secret *out, struct view url, const struct secret *sas,
				     struct muster_error *err);

/** Append `url` as a message may show it: the values of parameters that authorize (sig,
 *  X-Amz-Signature, X-Amz-Security-Token, X-Goog-Signature, upload_id, access_token, ...) and a
 *  password before '@' are "...". */
enum muster_code signed_url_append_redacted(struct bytes *out, struct view url,
					    struct muster_error *err);

#endif
