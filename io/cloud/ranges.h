/**
 * ranges - headers about parts of objects, and headers that are lists.
 *
 * Threads: pure functions.
 */
#ifndef IO_CLOUD_RANGES_H
#define IO_CLOUD_RANGES_H

#include "io/cloud/protocol.h"

/** "bytes 0-9/100" or, of what cannot be had, "bytes " with a star for the bytes (RFC 9110,
 * section 14.4). */
struct content_range {
	bool has_bytes, has_total;
	uint64_t first, last; /* if has_bytes */
	uint64_t total;	      /* if has_total */
};
/** False where it is none; nothing is set then. */
bool content_range_parse(struct view text, struct content_range *out);

/**
 * Is a reply to READ or TAIL about the bytes that were asked for? Fills call->out.size_bytes.
 * Takes 200, 206 and 416, which is what an empty object answers.
 *
 * Errors: MUSTER_E_FORMAT for a range that lies outside, or that a server made its own.
 */
enum muster_code range_judge(struct cloud_call *call, const struct http_reply *reply,
			     struct muster_error *err);

/** Goes through the items of a list that may be one line, or several ("a, b" or twice "a"). */
struct header_walk {
	const struct http_lines *lines;
	const char *name;
	/* private */
	size_t at;
	struct view rest;
};
bool header_walk_next(struct header_walk *walk, struct view *item);

#endif
