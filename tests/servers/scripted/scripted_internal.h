/*
 *   scripted.c  the server: connections, rules, what was asked
 *   answer.c    one connection: requests in, replies and faults out
 *   tls.c       a CA and its certificate, made when they are needed
 */
#ifndef TESTS_SERVERS_SCRIPTED_SCRIPTED_INTERNAL_H
#define TESTS_SERVERS_SCRIPTED_SCRIPTED_INTERNAL_H

#include <pthread.h>

#include <openssl/ssl.h>

#include "tests/servers/scripted/scripted.h"

struct connection {
	struct scripted *server;
	pthread_t thread;
	int fd;
	SSL *ssl; /* NULL: plain */
	unsigned number;
	char *buffer; /* what was received and not used yet */
	size_t len, cap;
};

struct scripted {
	struct scripted_options options;
	unsigned *fits; /* of each rule: how many requests fitted */
	int listen_fd;
	pthread_t thread;
	char url[64], ca_file[64];
	SSL_CTX *tls;
	struct {
		pthread_mutex_t lock;
		pthread_cond_t changed;
		struct scripted_request **kept; /* each with its text, in one block */
		size_t kept_count;
		struct connection **connections;
		size_t connection_count;
		size_t held_count;
		bool is_released, is_closing;
	} shared;
	pthread_mutex_t serve_lock;
};

/* libc's own malloc: the wrapped one of a test program would fail for the server, too. */
void *scripted_memory(void *old, size_t count, size_t size);
void scripted_must(bool is_true, const char *what);

/* scripted.c: keep the request, find its reply and apply it; both as the rules say. */
void scripted_answer(struct scripted *server, struct scripted_request *request,
		     struct scripted_reply *reply);
/* Wait until held replies are released. */
void scripted_hold(struct scripted *server);

/* answer.c */
void *connection_run(void *arg); /* a thread: its connection */

/* tls.c */
SSL_CTX *tls_new(char *ca_file, size_t cap);

#endif
