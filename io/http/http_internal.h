/*
 * What the parts of the engine share. A loop is one network thread with all that it owns; only
 * what sits in `shared`, and the atomics, is touched by others.
 *
 *   http.c      callers' side: open, start, cancel, close
 *   loop.c      the thread: what came in, timers, admission, libcurl's multi
 *   exchange.c  from one attempt to the next, and to the end
 *   lost.c      a host is given up: the end of all that is asked of it
 *   attempt.c   one request and its reply through a libcurl easy handle
 *   failure.c   what libcurl's codes mean
 *
 *   exchange is in:  shared.incoming ─► lane.waiting ─► running ─► (done)
 *                                        ▲                │
 *                                        └── delayed ◄────┘   its `link` is in exactly one of them
 */
#ifndef IO_HTTP_HTTP_INTERNAL_H
#define IO_HTTP_HTTP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/http/http.h"
#include "io/http/libcurl.h"
#include "io/http/sockets.h"

#define NS_PER_MS 1000000ULL

/* curl_multi_perform() looks at every handle: more than this a thread and it is what one waits for.
 */
#define HTTP_LOOP_CONNECTIONS_MAX 128

/** Those that wait for one pacer and kind, in order. */
struct lane {
	struct link link;    /* of loop->lanes */
	struct pacer *pacer; /* NULL: unused */
	enum pacer_kind kind;
	struct link waiting;
	uint64_t ask_ns; /* the pacer said: not before */
};

/* Written by their loop only; read by anybody. */
struct loop_counts {
	atomic_ullong requests[HTTP_METHOD_COUNT];
	atomic_ullong sent_bytes, received_bytes, connections, retries, hedges, hedges_won,
		exchanges;
};

struct http_loop {
	struct http *http;
	pthread_t thread;
	CURLM *multi;
	struct sockets sockets;
	CURLSH *share; /* of this thread's handles: names and TLS sessions */
	unsigned connections, active_count;
	struct link running, delayed; /* exchanges */
	struct link lanes;
	struct link idle, doomed; /* attempts: without a request; that lost a race */
	struct timers timers;
	struct loop_counts counts;

	struct { /* the host that was given up last, and what is told of it */
		const struct pacer *pacer;
		struct muster_error error;
	} lost;

	atomic_bool is_refused; /* a pacer says wait: tell me when an attempt has ended elsewhere */
	atomic_bool asks_again; /* it has */
	struct {
		pthread_mutex_t lock;
		struct link incoming, cancelled;
		bool is_closing;
	} shared;
};

struct http {
	struct http_options options;
	char *ca_file, *user_agent;
	atomic_uint next_loop;
	unsigned loop_count, thread_count; /* made; running */
	struct http_loop loops[];
};

struct attempt {
	struct link link; /* of loop->idle or loop->doomed */
	struct http_loop *loop;
	struct http_exchange *exchange; /* NULL: idle */
	CURL *easy;
	struct timer watch;
	unsigned number;
	bool is_hedge, is_doomed, is_added;

	uint64_t began_ns;
	uint64_t watched_bytes; /* moved when the watch was set; had the reply begun then? */
	bool watched_answer;
	size_t sent; /* of the request's body, handed to libcurl */

	bool has_answered; /* the first byte came */
	unsigned status;
	bool is_wanted;		/* its body is what the user asked for */
	int64_t declared_bytes; /* Content-Length; -1: not told */
	uint64_t received;	/* of the body */
	bool gave_bytes;	/* some of it went to the user */

	/* Why we gave it up; MUSTER_OK: we did not. The outcome PACER_CANCELLED is not tried again.
	 */
	enum muster_code failure;
	enum pacer_outcome failure_outcome;
	struct muster_error error;

	struct bytes text; /* collected */
	struct http_reply reply;
	struct curl_slist no_expect;
	char no_expect_text[sizeof("Expect:")];
	char curl_text[CURL_ERROR_SIZE];
	struct http_head head;
	struct http_lines lines;
};

/* --- loop.c ---------------------------------------------------------------------------------- */

enum muster_code loop_init(struct http_loop *loop, struct http *http, unsigned connections,
			   struct muster_error *err);
void loop_release(struct http_loop *loop); /* its thread has ended, or never began */
void *loop_run(void *arg);		   /* a thread: its loop */
void loop_wake(struct http_loop *loop);
uint64_t loop_now_ns(const struct http_loop *loop);
/* Let it wait for its pacer. */
void loop_queue(struct http_loop *loop, struct http_exchange *exchange, bool is_first);
/* An attempt of this pacer has ended: who waits for it may ask again. */
void loop_ended(struct http_loop *loop, const struct pacer *pacer);

static inline void count_add(atomic_ullong *count, uint64_t more)
{
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

/* --- exchange.c ------------------------------------------------------------------------------ */

/* An attempt of it was admitted. */
void exchange_begin(struct http_loop *loop, struct http_exchange *exchange, bool is_hedge);
/* About how many bytes an attempt moves. */
uint64_t exchange_byte_count(const struct http_exchange *exchange);
/* libcurl has ended an attempt, or we did. */
void exchange_attempt_over(struct attempt *attempt, CURLcode result);
/* This attempt's reply is the one: others of its exchange have lost. */
void exchange_claim(struct attempt *attempt);
/* Give up an attempt; the exchange goes on by itself. */
void exchange_abandon(struct attempt *attempt);
/* Attempts that still run are given up; `reply` may lie in `keeper`, which is freed after done. */
void exchange_finish(struct http_exchange *exchange, enum muster_code code,
		     const struct muster_error *error, struct attempt *keeper);
void exchange_cancel(struct http_exchange *exchange);
/* http.c: done was called; wakes http_perform(). */
void exchange_signal(struct http_waiter *waiter, enum muster_code code,
		     const struct muster_error *error);

/* --- lost.c ---------------------------------------------------------------------------------- */

/* After an attempt that was the last of its exchange: if its host is given up, `error` becomes what
 * is told of that, and every exchange with it but this one, which is about to end, ends so. */
enum muster_code lost_judge(struct attempt *attempt, enum muster_code code,
			    struct muster_error *error);
/* The pacer refuses: does this exchange end for it? */
bool lost_ends(struct http_loop *loop, struct http_exchange *exchange);

/* --- attempt.c ------------------------------------------------------------------------------- */

/* An idle attempt of the loop, or a new one. */
enum muster_code attempt_take(struct attempt **out, struct http_loop *loop,
			      struct muster_error *err);
/* Prepare and hand to libcurl. After an error it is as after attempt_stop(). */
enum muster_code attempt_begin(struct attempt *attempt, struct http_exchange *exchange,
			       struct muster_error *err);
/* Take it from libcurl, and count it. */
void attempt_stop(struct attempt *attempt);
/* Forget request and reply; it is idle. */
void attempt_release(struct attempt *attempt);
void attempt_free(struct attempt *attempt);
/* Bytes of both bodies that went over the wire. */
uint64_t attempt_moved_bytes(const struct attempt *attempt);
const struct http_reply *attempt_reply(struct attempt *attempt);

/* --- receive.c: libcurl's callbacks; `arg` is the attempt --------------------------------------
 */

size_t receive_line(char *line, size_t size, size_t count, void *arg);
size_t receive_body(char *data, size_t size, size_t count, void *arg);
size_t send_body(char *out, size_t size, size_t count, void *arg);
int seek_body(void *arg, curl_off_t offset, int origin);
/* Is the reply as long as it was said to be, and as asked for? Else `failure` is set. */
void receive_check(struct attempt *attempt);

/* --- failure.c ------------------------------------------------------------------------------- */

/* Why did the attempt fail? Fills `err`; MUSTER_OK: it did not. */
enum muster_code failure_of(const struct attempt *attempt, CURLcode result,
			    enum pacer_outcome *outcome, struct muster_error *err);
/* MUSTER_E_IO with an errno that says which way. */
enum muster_code failure_io(struct muster_error *err, int sys_errno, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Put before the message what was asked for. */
void failure_name(const struct attempt *attempt, struct muster_error *err);

#endif
