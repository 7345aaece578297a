/**
 * lab - an engine, a scripted server for it, a clock that is set and a pacer that does as told.
 */
#ifndef TESTS_IO_HTTP_LAB_H
#define TESTS_IO_HTTP_LAB_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/http/http.h"
#include "tests/servers/scripted/scripted.h"

#define LAB_REPORTS_MAX 64
#define LAB_S		1000000000ULL

/* Admits up to `flight_max`; retries at once or after `delay_ns`, up to `tries` attempts. */
struct lab_pacer {
	struct pacer pacer;
	unsigned tries, flight_max; /* 0: 1; no limit */
	uint64_t delay_ns;
	uint64_t hedge_ns;     /* 0: never */
	atomic_ullong lost_ns; /* 0: the host is not lost */
	struct {
		pthread_mutex_t lock;
		pthread_cond_t changed;
		unsigned admitted, ended, in_flight, most_in_flight;
		uint64_t last_admitted_ns;
		struct pacer_report reports[LAB_REPORTS_MAX]; /* the first */
	} shared;
};

struct lab {
	struct scripted *server;
	struct http *http;
	struct lab_pacer pacer;
	struct effects clock;
	atomic_ullong boot_ns;
	uint64_t wall_ns;
	struct http_options options; /* for lab_open() */
	struct scripted_options served;
};

/** One exchange, and what became of it. */
struct ask {
	struct lab *lab;
	const char *path;	    /* or, where it does not begin with a slash, a whole URL */
	const char *header, *value; /* to send; NULL: none */
	struct http_exchange exchange;
	/* What happened; `over` is the last to be set. */
	uint64_t body_bytes, retry_after_ns;
	size_t body_len; /* collected, up to what `body` holds */
	atomic_size_t streamed;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum muster_code code;
	unsigned status, attempt;
	unsigned prepared, rewound, done_count;
	struct muster_error error;
	bool has_reply, over;
	char etag[64];
	uint8_t body[1024];
};

/** A frozen clock at 1000 s, 2026-01-01; nothing is open. */
void lab_init(struct lab *lab);
/** Server and engine. */
void lab_open(struct lab *lab, const struct scripted_rule *rules, size_t rule_count);
void lab_close(struct lab *lab);
#define LAB_OPEN(lab, rules) lab_open(lab, rules, sizeof(rules) / sizeof((rules)[0]))

/** GET of `path`, collected; all may be changed before it is started. */
void ask_init(struct ask *ask, struct lab *lab, const char *path);
void ask_start(struct ask *ask);
void ask_wait(struct ask *ask);
enum muster_code ask_perform(struct ask *ask); /* started and waited for */
bool ask_is_over(struct ask *ask);
/** Have the success's bytes given to the ask's own body(), which counts them. */
void ask_stream(struct ask *ask);

void lab_advance(struct lab *lab, uint64_t ns);
void lab_await_ended(struct lab *lab, unsigned count);
/** Set the clock forward, in steps, until so many attempts were admitted, or have ended. A step
 *  alone may come before the timer that it is meant for. */
void lab_advance_until_admitted(struct lab *lab, unsigned count, uint64_t step_ns);
void lab_advance_until_ended(struct lab *lab, unsigned count, uint64_t step_ns);
struct pacer_report lab_report(struct lab *lab, unsigned index);
/** What was sent with the how-manieth request (0, …); "" where it had no such line. */
const char *lab_sent(struct lab *lab, size_t index, const char *name);

#endif
