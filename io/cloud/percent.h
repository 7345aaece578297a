/**
 * percent - percent-encoding (RFC 3986, section 2.1) as the clouds sign and read it.
 *
 * Every byte but A-Z a-z 0-9 - _ . ~ becomes %XX with upper-case digits; a space is %20, never +.
 * Keys are bytes: nothing is normalised, no dot segment folded, and no byte is refused.
 *
 *	S3 key in a path, Azure blob in a path     PERCENT_PATH        a/b c -> a/b%20c
 *	GCS object name in a path                  PERCENT_COMPONENT   a/b c -> a%2Fb%20c
 *	name or value of a query, form field       PERCENT_COMPONENT
 *
 * Threads: pure functions. Errors: MUSTER_E_MEMORY, and what is said below; `out` is then as it
 *was.
 */
#ifndef IO_CLOUD_PERCENT_H
#define IO_CLOUD_PERCENT_H

#include "base/bytes.h"

enum percent_set {
	PERCENT_PATH,	   /* leaves '/' */
	PERCENT_COMPONENT, /* encodes '/' too */
};

enum percent_style {
	PERCENT_PLAIN, /* '+' is a plus */
	PERCENT_FORM,  /* '+' is a space: lists with encoding-type=url, forms */
};

/** Append `plain`, encoded. */
enum muster_code percent_encode(struct bytes *out, struct view plain, enum percent_set set,
				struct muster_error *err);
/** Append `encoded`, decoded; what needed no encoding is taken as it is. Errors: MUSTER_E_FORMAT
 * for a % without two hexadecimal digits. */
enum muster_code percent_decode(struct bytes *out, struct view encoded, enum percent_style style,
				struct muster_error *err);

/** One parameter of a query, still encoded. */
struct percent_pair {
	struct view name, value;
};
/** Take the next parameter off a query ("a=b&c"); false at its end. No '=': an empty value. */
bool percent_take_pair(struct view *query, struct percent_pair *pair);

/** Append "name=value", encoded, with an '&' before it unless `out` is empty. */
enum muster_code percent_append_pair(struct bytes *out, const char *name, struct view value,
				     struct muster_error *err);

#endif
