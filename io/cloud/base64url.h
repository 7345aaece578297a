/**
 * base64url - RFC 4648, section 5, without padding, as JSON web tokens have it.
 */
#ifndef IO_CLOUD_BASE64URL_H
#define IO_CLOUD_BASE64URL_H

#include "base/bytes.h"

/** Append `plain`, encoded. Errors: MUSTER_E_MEMORY. */
enum muster_code base64url_encode(struct bytes *out, struct view plain, struct muster_error *err);

#endif
