/**
 * header - a header field as signers take it: name and value in memory of somebody else.
 */
#ifndef IO_CLOUD_HEADER_H
#define IO_CLOUD_HEADER_H

#include "base/bytes.h"

/* A request of any cloud has about ten; what a user's metadata adds stays below */
#define CLOUD_HEADERS_MAX 128

struct cloud_header {
	struct view name; /* in any case */
	struct view value;
};

/** A request as it is going to be sent; borrowed for one call. */
struct cloud_request {
	struct view method; /* upper case */
	struct view path;   /* percent-encoded, exactly as on the wire: "/" or "/bucket/a%20b" */
	struct view query;  /* percent-encoded, without '?' */
	const struct cloud_header *headers;
	size_t header_count; /* CLOUD_HEADERS_MAX at most */
};

/** The order of names in lower case; <0, 0, >0. */
int header_compare(struct view a, struct view b);
/** The value of the first header of that name (lower case), or an empty view. */
struct view header_find(const struct cloud_request *request, const char *name);
/** Append `name` in lower case. */
enum muster_code header_append_name(struct bytes *out, struct view name, struct muster_error *err);
/** A value without blanks at its ends. */
struct view header_trim(struct view value);
/** Errors: MUSTER_E_USAGE where a name is no token, or a value holds a control character, with
 * which it could end its line and begin another; MUSTER_E_LIMIT above CLOUD_HEADERS_MAX. */
enum muster_code header_check_all(const struct cloud_request *request, struct muster_error *err);

#endif
