/**
 * scripted - an HTTP/1.1 server on 127.0.0.1 that answers as a table says, and keeps what it was
 * asked. For tests of whoever speaks HTTP.
 *
 * The first rule that fits answers; where none does, `serve` does; without it, 404. A rule without
 * a status lets `serve` answer and adds its fault: so a request can be applied, and its reply lost.
 *
 * Threads: one for each connection; `serve` is called under one lock. All functions may be called
 *          from any thread.
 * Waiting: never by time. A reply that is held waits until scripted_release(); scripted_await...()
 *          tells when the server has come there.
 * Memory:  of its own, without malloc of this program: torture of allocations does not reach it.
 */
#ifndef TESTS_SERVERS_SCRIPTED_SCRIPTED_H
#define TESTS_SERVERS_SCRIPTED_SCRIPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scripted_fault {
	SCRIPTED_WELL,
	SCRIPTED_RESET_BEFORE, /* reset; the request is not applied */
	SCRIPTED_RESET_AFTER,  /* applied, then reset without a reply */
	SCRIPTED_CLOSE_BEFORE, /* closed in order, without a reply; not applied */
	SCRIPTED_CUT_BODY,     /* closed in order after `at` bytes of the body */
	SCRIPTED_RESET_BODY,   /* reset after `at` bytes of the body */
	SCRIPTED_HOLD_HEAD,    /* applied; nothing is sent until it is released */
	SCRIPTED_HOLD_BODY,    /* `at` bytes of the body; the rest when it is released */
	SCRIPTED_CLOSE_TOLD,   /* "Connection: close" */
	SCRIPTED_CLOSE_UNTOLD, /* closed after a whole reply that did not say so */
	SCRIPTED_CHUNKED,      /* the body goes in chunks of `at` bytes (0: one) */
	SCRIPTED_RAW,	       /* the body is all that is sent: its own status line and header */
};

struct scripted_reply {
	unsigned status;
	const char *headers; /* "Name: value\r\n" each; NULL: none */
	const void *body;
	size_t body_len;
	int64_t declared_len; /* Content-Length, if it lies; 0: it is true; -1: not told */
	enum scripted_fault fault;
	size_t at;
};

struct scripted_rule {
	const char *method; /* NULL: any */
	const char *path;   /* fnmatch(3) over path and query; NULL: any */
	unsigned from;	    /* the how-manieth request that fits: 1, …; 0: 1 */
	unsigned count;	    /* so many from there; 0: all */
	struct scripted_reply reply;
};

struct scripted_request {
	const char *method;
	const char *target; /* path and query, as sent */
	const char *head;   /* header lines, as sent */
	const uint8_t *body;
	size_t body_len;
	unsigned connection; /* 0, 1, …: in the order accepted */
};

struct scripted_options {
	const struct scripted_rule *rules; /* borrowed until it is closed */
	size_t rule_count;
	/* Fill the reply; what it points to is borrowed until the next call on this connection, or
	 * until the server is closed. */
	void (*serve)(void *state, const struct scripted_request *request,
		      struct scripted_reply *reply);
	void *state;
	bool is_tls;	   /* with a certificate of its own CA, for 127.0.0.1 and localhost */
	bool keeps_bodies; /* of requests, for scripted_request_at() */
};

struct scripted;

/** Both end the test program where the machine does not let them. */
struct scripted *scripted_open(const struct scripted_options *options);
void scripted_close(struct scripted *server);

/** "http://127.0.0.1:PORT" or "https://…" */
const char *scripted_url(const struct scripted *server);
/** PEM file of the CA, until the server is closed. */
const char *scripted_ca_file(const struct scripted *server);

/** How many requests were read whole. */
size_t scripted_request_count(struct scripted *server);
/** In the order read; valid until the server is closed. */
const struct scripted_request *scripted_request_at(struct scripted *server, size_t index);
/** The value of the first such header line, copied to `out`; false: there is none. */
bool scripted_header(const struct scripted_request *request, const char *name, char *out,
		     size_t cap);
size_t scripted_connection_count(struct scripted *server);

/** Wait until so many requests were read, since the server was opened. */
void scripted_await_requests(struct scripted *server, size_t count);
/** Wait until so many replies are held, or have been, since the server was opened. */
void scripted_await_held(struct scripted *server, size_t count);
/** Let go on all that are held, and those that will be. */
void scripted_release(struct scripted *server);

#endif
