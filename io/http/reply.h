/**
 * reply - what a server answered: status, header lines, text.
 *
 * Threads: one at a time. Memory: fixed; lent to judge and done (io/http/http.h) while they run.
 */
#ifndef IO_HTTP_REPLY_H
#define IO_HTTP_REPLY_H

#include "base/bytes.h"
#include "base/effects.h"
#include "io/http/pacer.h"

/* All lines together; a reply of S3, GCS or Azure has some 1 KiB of them. */
#define HTTP_REPLY_HEAD_MAX_BYTES (16u << 10)
/* Of bodies that tell of an error; what is beyond is not kept. */
#define HTTP_REPLY_TEXT_MAX_BYTES (64u << 10)

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_PUT,
	HTTP_POST,
	HTTP_DELETE,
	HTTP_METHOD_COUNT,
};

/** Header lines as "name\0value\0", in the order received; white space around values is gone. */
struct http_lines {
	size_t len;
	char text[HTTP_REPLY_HEAD_MAX_BYTES];
};

struct http_reply {
	enum http_method method;
	unsigned status;
	unsigned attempt;	 /* which one it answers: 1, 2, … */
	uint64_t body_bytes;	 /* of the body, received */
	uint64_t retry_after_ns; /* 0: the server did not ask */
	struct view body;	 /* what was collected; empty where it went to `out` or to body() */
	bool is_cut;		 /* an error's body was longer than is kept */
	const struct http_lines *lines;
};

/** The value of the first such line, in any case. False: there is none. */
bool http_reply_header(const struct http_reply *reply, const char *name, struct view *value);

/**
 * What a status means where nobody knows better: 2xx MUSTER_OK; 404 and 410 MUSTER_ABSENT; 412
 * MUSTER_E_CHANGED for GET and HEAD, else MUSTER_EXISTS; all others MUSTER_E_IO, of which 408, 429,
 * 500, 502, 503 and 504 may be tried again: `outcome` says so to the pacer.
 */
enum muster_code http_reply_judge(const struct http_reply *reply, enum pacer_outcome *outcome,
				  struct muster_error *err);

/** "GET", … */
const char *http_method_name(enum http_method method);

/* --- for the engine -------------------------------------------------------------------------- */

/** Take one line as it came. False: lines are over HTTP_REPLY_HEAD_MAX_BYTES. */
bool http_lines_add(struct http_lines *lines, struct view line);
bool http_lines_find(const struct http_lines *lines, const char *name, struct view *value);
/** Status of "HTTP/1.1 200 OK"; 0: it is no status line. */
unsigned http_status_of(struct view line);
/** Retry-After, in seconds or as a date; a date is taken against the reply's own Date, because a
 *  server's clock may differ from ours. 0: nothing was asked. At most a day. */
uint64_t http_retry_after_ns(const struct http_lines *lines, const struct effects *effects);

#endif
