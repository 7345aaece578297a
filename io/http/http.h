/**
 * http - HTTP/1.1 exchanges, many in flight, over libcurl; it asks a pacer before each attempt.
 *
 * An exchange is what a caller wants done: it may take several attempts (retries, a hedge), each
 * admitted by its pacer and signed anew, and it ends in exactly one call of `done`.
 *
 *   http_start ─► waits for a connection and its pacer ─► prepare ─► sent, reply comes
 *                    ▲                                                   │
 *                    └── pacer's delay ── rewind ◄── may be tried again ─┤
 *                                                                        └─► judge ─► done
 *
 * Threads:   `thread_count` network threads. An exchange belongs to one of them: its functions are
 *            called there, never two at a time, none may block. http_start(), http_cancel(),
 *            http_perform(), http_wake() and http_counts() may be called from any thread, the
 *            first two from `done`, too.
 * Memory:    of each exchange its caller's struct; for each attempt in flight 34 KiB, libcurl's
 *            buffers and what is collected of a reply. Nothing grows with exchanges that wait.
 * Pressure:  none: what a caller starts waits. Attempts in flight are at most `connections`.
 * Ordering:  none between exchanges; those that wait for the same pacer and kind begin in order,
 *            after those that are tried again.
 * Redirects: are not followed, their status goes to `judge`: another host needs another signature.
 * Lengths:   a body that is not as long as its Content-Length said is a failed attempt.
 * Secrets:   messages name method, host and path, and what libcurl says of connections and
 *            certificates; never a query, a header's value or a body.
 * Errors:    what the network does is MUSTER_E_IO with sys_errno (ETIMEDOUT, ECONNREFUSED,
 *            ECONNRESET, EHOSTUNREACH, EPROTO, …); see http_reply_judge() for statuses. Once a
 *            pacer gives its host up all that is asked of it is MUSTER_E_LOST, at once.
 */
#ifndef IO_HTTP_HTTP_H
#define IO_HTTP_HTTP_H

#include "base/bytes.h"
#include "base/effects.h"
#include "io/http/head.h"
#include "io/http/links.h"
#include "io/http/pacer.h"
#include "io/http/reply.h"
#include "io/http/timers.h"

#define HTTP_THREADS_MAX	   16
#define HTTP_CONNECTIONS_DEFAULT   64
#define HTTP_CONNECT_TIMEOUT_MS	   10000
#define HTTP_FIRST_BYTE_TIMEOUT_MS 30000
#define HTTP_STALL_TIMEOUT_MS	   30000
#define HTTP_STALL_BYTES_PER_S	   1024
#define HTTP_IDLE_CONNECTION_S	   18 /* S3 closes after some 20 */
/* From this body on, an early 403 or 503 saves more than the round trip costs. */
#define HTTP_EXPECT_MIN_BYTES (1u << 20)

struct http;

/** Zero is a good default everywhere. */
struct http_options {
	unsigned thread_count;	     /* 0: 1 */
	unsigned connections;	     /* of all threads; 0: HTTP_CONNECTIONS_DEFAULT; at most 128 a
					thread are used, at least 1 */
	const char *ca_file;	     /* PEM; NULL: the system's. Copied */
	bool ignores_proxies;	     /* of the environment */
	const char *user_agent;	     /* NULL: "muster". Copied */
	unsigned connect_timeout_ms; /* 0: HTTP_CONNECT_TIMEOUT_MS */
	unsigned stall_timeout_ms;   /* less than HTTP_STALL_BYTES_PER_S for so long; 0: default */
	unsigned idle_connection_s;  /* 0: HTTP_IDLE_CONNECTION_S */
	const struct effects *effects; /* NULL: the system's; timers go by its boot_ns */
};

/** What an exchange asks of its user. `state` is the exchange's. */
struct http_ops {
	/* Fill the head of this attempt (1, 2, …), signed for this moment. An error ends the
	 * exchange. */
	enum muster_code (*prepare)(void *state, unsigned attempt, struct http_head *head,
				    struct muster_error *err);
	/* Bytes of a success, borrowed during the call. An error ends the exchange. NULL: they are
	 * collected, or go to the request's `out`. */
	enum muster_code (*body)(void *state, struct view data, struct muster_error *err);
	/* The attempt that gave bytes to body() or `out` failed, and another one will follow: start
	 * anew, or let prepare ask for the rest. NULL: there is nothing to do. */
	void (*rewind)(void *state);
	/* What does this reply mean? The code that the exchange ends with, and `outcome` (preset
	 * to PACER_SERVED) for the pacer: with any but PACER_SERVED it is tried again first, as
	 * long as the pacer lets it. NULL: http_reply_judge(). */
	enum muster_code (*judge)(void *state, const struct http_reply *reply,
				  enum pacer_outcome *outcome, struct muster_error *err);
	/* The end: the exchange is its caller's again, and may be freed or started anew in here.
	 * `error` (never NULL) is filled where the code is a failure; `reply` is NULL where none
	 * was judged; both are lent during the call. NULL (with http_perform): nothing to do. */
	void (*done)(void *state, enum muster_code code, const struct muster_error *error,
		     const struct http_reply *reply);
};

struct http_request {
	enum http_method method;
	enum pacer_kind kind;
	struct pacer *pacer; /* outlives the exchange */
	struct view body;    /* of PUT and POST; borrowed until done: it is sent again by a retry */
	uint64_t byte_count; /* about how many bytes a reply has, for pacer and buffers; where it is
				0: out_cap */

	/* Where a success's body goes if there is no ops->body: to out[0 .. out_cap), borrowed
	 * until done; or, with out NULL, it is collected up to `collect_max` (0: 64 KiB) and lent
	 * by the reply. Longer ones are MUSTER_E_FORMAT (out) and MUSTER_E_LIMIT. */
	uint8_t *out;
	size_t out_cap;
	bool is_exact; /* a success that has not exactly out_cap bytes is MUSTER_E_FORMAT */
	size_t collect_max;

	uint16_t success[4];	  /* statuses whose body is wanted; all 0: 200 … 299 */
	bool may_hedge;		  /* GET, HEAD: the pacer may race a second attempt */
	bool on_fresh_connection; /* never on a reused one: libcurl itself sends again where a
				     reused connection turns out to be dead */
	bool expects_continue;	  /* ask the server before a body from HTTP_EXPECT_MIN_BYTES on */
	bool avoids_proxies;	  /* metadata servers */
	bool ends_when_cut;	  /* see `was_cut` */
	unsigned first_byte_timeout_ms; /* of the reply, while the body's bytes do not move;
					   0: HTTP_FIRST_BYTE_TIMEOUT_MS */
};

struct http_loop;
struct attempt;
struct http_waiter;

/** Memory of the caller's, from http_start() until done. The last part is the engine's: zero. */
struct http_exchange {
	const struct http_ops *ops;
	void *state;
	struct http_request request;

	/* Out, known in `done`: an attempt that had sent bytes of its body got no reply, and the
	 * request says `ends_when_cut`. What was asked may have been done; whoever can look does
	 * not send the body again first: a server that refuses it before it has read it, and
	 * closes, resets the connection, and its reply may be lost each time. */
	bool was_cut;

	struct http_exchange_engine {
		struct http_loop *loop;
		struct link link;	 /* of the place it is in */
		struct link cancel_link; /* of the loop's cancellations; guarded by its lock */
		struct timer retry, hedge;
		struct attempt *running[2];
		struct http_waiter *waiter;
		unsigned attempt_count;
		uint8_t place;
		bool is_finished; /* guarded by the loop's lock */
	} engine;
};

struct http_counts {
	uint64_t requests[HTTP_METHOD_COUNT]; /* attempts that were sent, hedges too */
	uint64_t sent_bytes, received_bytes;  /* of bodies */
	uint64_t connections;		      /* opened */
	uint64_t retries, hedges, hedges_won;
	uint64_t exchanges; /* that have ended */
};

/** Errors: MUSTER_E_USAGE for options out of bounds, MUSTER_E_UNSUPPORTED for a libcurl that cannot
 *  do it, MUSTER_E_MEMORY, MUSTER_E_IO where a thread cannot be made. */
enum muster_code http_open(struct http **out, const struct http_options *options,
			   struct muster_error *err);
/** Ends every exchange with MUSTER_E_CANCELLED and joins the threads. Takes NULL. */
void http_close(struct http *http);

/** Begin. Errors: MUSTER_E_CANCELLED while it closes: `done` is not called then. */
enum muster_code http_start(struct http *http, struct http_exchange *exchange,
			    struct muster_error *err) __attribute__((warn_unused_result));
/** Let it end soon with MUSTER_E_CANCELLED; whatever it is waiting for. As long as the exchange's
 *  memory lives it may be called again, or too late: then nothing happens. */
void http_cancel(struct http_exchange *exchange);
/** Start, and wait for the end. Not from a network thread. The code and error of `done`. */
enum muster_code http_perform(struct http *http, struct http_exchange *exchange,
			      struct muster_error *err);

/** Look at clock and pacers again: for tests that set the clock, and pacers that change their mind.
 */
void http_wake(struct http *http);
void http_counts(const struct http *http, struct http_counts *out);

#endif
