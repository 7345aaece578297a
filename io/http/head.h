/**
 * head - what goes before the body of a request: its URL and header lines.
 *
 * A head is filled by its user's prepare (io/http/http.h), anew for every attempt, because
 * signatures carry the moment of sending. Nothing is encoded, sorted or changed here.
 *
 * Threads: one at a time. Memory: fixed; adding never allocates.
 * Errors:  the first one sticks in `code` and `error`: what is added after it is ignored, and the
 *          attempt is not sent. MUSTER_E_LIMIT where it does not fit, MUSTER_E_USAGE for what
 *          would not arrive as it is written.
 * Secrets: URLs and lines may hold some; head_wipe() clears them.
 */
#ifndef IO_HTTP_HEAD_H
#define IO_HTTP_HEAD_H

#include <curl/curl.h>

#include "base/bytes.h"

/* A key of 1024 bytes is 3 KiB in a URL, a session token some 2 KiB; most are 1 KiB in all. */
#define HTTP_HEAD_MAX_BYTES (16u << 10)
#define HTTP_HEAD_MAX_LINES 64

struct http_head {
	enum muster_code code;
	struct muster_error error;
	const char *url;	  /* NULL until it is set */
	struct curl_slist *lines; /* in the order added; NULL: none */
	unsigned line_count;
	size_t len;
	struct curl_slist nodes[HTTP_HEAD_MAX_LINES];
	char text[HTTP_HEAD_MAX_BYTES];
};

void http_head_init(struct http_head *head);
/** Absolute, http or https, percent-encoded, without user, password and fragment; it is sent byte
 *  for byte. */
void http_head_url(struct http_head *head, struct view url);
/** One header line, sent as it is. */
void http_head_add(struct http_head *head, const char *name, struct view value);
/** "host/path" of the URL: what may be told of it; "" before it is set. */
struct view http_head_where(const struct http_head *head);
void http_head_wipe(struct http_head *head);

#endif
