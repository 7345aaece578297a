/**
 * request - what every protocol says of a request: its URL, piece by piece, and a bearer token.
 *
 * A URL is put together once, percent-encoded, and the same bytes are signed and sent. The first
 * failure sticks: what is added after it is ignored, and request_url_code() tells it.
 *
 * Threads: one at a time. Errors: MUSTER_E_MEMORY, and those of http_head_add().
 */
#ifndef IO_CLOUD_REQUEST_H
#define IO_CLOUD_REQUEST_H

#include "io/cloud/endpoint.h"
#include "io/cloud/percent.h"
#include "io/cloud/secret.h"
#include "io/http/head.h"

/** It may hold a secret: its memory is overwritten when it is released. */
struct request_url {
	struct bytes text;
	size_t path_at, query_at; /* query_at: behind the '?', or 0: there is none */
	enum muster_code code;
	struct muster_error *err;
};

/** Begin with scheme, host and path of an endpoint. `err` is borrowed until it is released. */
void request_url_begin(struct request_url *url, const struct endpoint *endpoint,
		       struct muster_error *err);
/** Begin with scheme and host alone. */
void request_url_begin_host(struct request_url *url, const struct endpoint *endpoint,
			    struct muster_error *err);
void request_url_release(struct request_url *url);

/** As it is: constants, and what is encoded already; of a '?' in it a query begins. */
void request_url_add(struct request_url *url, struct view encoded);
void request_url_encode(struct request_url *url, struct view plain, enum percent_set set);
/** A parameter of the query. */
void request_url_pair(struct request_url *url, const char *name, struct view value);
void request_url_pair_u64(struct request_url *url, const char *name, uint64_t value);

/** As they are on the wire: "/bucket/key", "a=b&c=d" */
struct view request_url_path(const struct request_url *url);
struct view request_url_query(const struct request_url *url);

/** Add "Authorization: Bearer …". */
enum muster_code request_add_bearer(struct http_head *head, const struct secret *token,
				    struct muster_error *err);

#endif
