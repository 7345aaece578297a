/**
 * keys_lab - what tests of credentials need: an environment, a home directory, clocks that are set,
 * a server and an HTTP engine.
 */
#ifndef TESTS_IO_CLOUD_KEYS_LAB_H
#define TESTS_IO_CLOUD_KEYS_LAB_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/cloud/keys_source.h"
#include "io/http/http.h"
#include "tests/servers/scripted/scripted.h"

#define LAB_S	    UINT64_C(1000000000)
#define LAB_NOW_S   UINT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define LAB_ENV_MAX 32

struct keys_lab {
	struct effects effects; /* its clocks are set; `http` goes by the system's */
	atomic_ullong wall_ns, boot_ns;
	struct {
		char name[64], value[512];
	} env[LAB_ENV_MAX];
	size_t env_count;
	char home[128]; /* a scratch directory; HOME */
	struct scripted *server;
	struct scripted_options served;
	struct http *http;
	struct http_options http_options;
	pthread_t ticker;
	atomic_bool ticks;
};

/** 2026-01-01, an empty environment but for HOME. */
void lab_init(struct keys_lab *lab);
/** Server and engine. Bodies of requests are kept. */
void lab_open(struct keys_lab *lab, const struct scripted_rule *rules, size_t rule_count);
#define LAB_OPEN(lab, rules) lab_open(lab, rules, sizeof(rules) / sizeof((rules)[0]))
void lab_close(struct keys_lab *lab);

/** printf into a variable; one that was set before is replaced. */
void lab_env(struct keys_lab *lab, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** Forget all variables but HOME. */
void lab_env_clear(struct keys_lab *lab);
/** Write a file below the home directory, and the directories before it; gives its path, which
 * lasts until the next call. */
const char *lab_file(struct keys_lab *lab, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *lab_url(struct keys_lab *lab);

/** The engine goes by a clock that runs ahead from the first reply that is held back: time-outs
 *  come without waiting. Before lab_open(). */
void lab_hurry(struct keys_lab *lab);

/** The how-manieth request had this header, resp. this within its body or target. */
void lab_sent_header(struct keys_lab *lab, size_t index, const char *name, const char *value);
void lab_sent_body(struct keys_lab *lab, size_t index, const char *part);
void lab_sent_target(struct keys_lab *lab, size_t index, const char *method, const char *target);

/** What is lent now; NULL: none of that. */
void lab_has_keys(struct keys *keys, const char *id, const char *secret, const char *token);
void lab_is_secret(const struct secret *secret, const char *text);
/** No such text in it. */
void lab_is_discreet(const struct muster_error *err);
/** Secrets of tests have this within. */
#define LAB_SECRET "hunter2"

#endif
