/**
 * errand - what fetching credentials does in the world: requests, files, child processes.
 *
 * Each call blocks until it is done, and may be ended by errand_cancel().
 *
 * Threads: one runs errands, any may cancel them.
 * Memory:  ERRAND_REPLY_MAX_BYTES for a reply, ERRAND_FILE_MAX_BYTES for a file; what held a reply,
 *          a file or an output is overwritten.
 * Errors:  MUSTER_E_IO, MUSTER_E_LIMIT, MUSTER_E_MEMORY; MUSTER_E_CANCELLED. Messages name hosts,
 *          paths, programs and statuses, never what was sent or received but a server's error word
 *          and the first sentence of what it says for a person, if no secret of ours is in it.
 */
#ifndef IO_CLOUD_ERRAND_H
#define IO_CLOUD_ERRAND_H

#include <pthread.h>

#include "io/cloud/secret.h"
#include "io/http/http.h"
#include "io/http/pacer_simple.h"

#define ERRAND_REPLY_MAX_BYTES SECRET_MAX_BYTES
#define ERRAND_FILE_MAX_BYTES  (1u << 20)
#define ERRAND_HEADERS_MAX     8
#define ERRAND_TIMEOUT_MS      10000 /* token endpoints, as the clouds' own tools */
#define ERRAND_PROCESS_MS      60000 /* a person may have to touch a key */

struct errand {
	struct http *http;
	const struct effects *effects;
	struct pacer_simple pacer;
	int cancel_fd; /* readable once it is cancelled */
	struct {
		pthread_mutex_t lock;
		pthread_cond_t ended;
		struct http_exchange *exchange; /* that runs */
		bool is_cancelled;
	} shared;
};

/** Borrows both. Errors: MUSTER_E_IO. */
enum muster_code errand_init(struct errand *errand, struct http *http,
			     const struct effects *effects, struct muster_error *err);
void errand_release(struct errand *errand);
void errand_cancel(struct errand *errand);

/** An environment variable; empty: not set, or to nothing. */
struct view errand_env(const struct errand *errand, const char *name);
/** "true", "1" and the like, in any case. */
bool errand_env_is_true(const struct errand *errand, const char *name);

/* --- requests -------------------------------------------------------------------------------- */

struct errand_header {
	const char *name;
	const char *prefix; /* "Bearer "; NULL: none */
	struct view value;
	const struct secret *secret; /* behind the value; NULL: none */
};

/** Borrowed while it runs. */
struct errand_ask {
	enum http_method method;
	struct view url;
	struct errand_header headers[ERRAND_HEADERS_MAX]; /* up to the first without a name */
	const struct secret *body;			  /* of POST; NULL: none */
	bool is_metadata;    /* this machine's: no proxy may see it; one try, unless it is told */
	unsigned timeout_ms; /* 0: ERRAND_TIMEOUT_MS */
	unsigned tries;	     /* 0: 3, of a metadata server 1 */
	/* A reply without this header, or with another value, is a stranger's. NULL: any. */
	const char *proof_name, *proof_value;
};

struct errand_reply {
	unsigned status; /* 0: there was none */
	struct secret body;
};

/** A status of 2xx is success; for others `reply->status` is set, too. */
enum muster_code errand_ask(struct errand *errand, const struct errand_ask *ask,
			    struct errand_reply *reply, struct muster_error *err);
void errand_reply_release(struct errand_reply *reply);

/* --- files ----------------------------------------------------------------------------------- */

/** "~/a" with the home directory in front; else as it is. MUSTER_E_USAGE: there is no HOME. */
enum muster_code errand_path(const struct errand *errand, struct bytes *out, struct view path,
			     struct muster_error *err);
/** A whole file, for secret_scrub(). MUSTER_ABSENT: there is none. */
enum muster_code errand_read(struct bytes *out, struct view path, struct muster_error *err);
/** The same without blanks and line ends around it. No file is MUSTER_E_IO here. */
enum muster_code errand_read_secret(struct secret *out, struct view path, struct muster_error *err);

/* --- processes ------------------------------------------------------------------------------- */

/** Run a program without a shell, found by PATH; its standard output goes to `out`, its input is
 *  empty, what it says as an error goes nowhere. It is killed after `timeout_ms`. Errors: also
 *  where its exit status is not 0; MUSTER_ABSENT: there is no such program. */
enum muster_code errand_run(struct errand *errand, char *const argv[], unsigned timeout_ms,
			    struct secret *out, struct muster_error *err);

#endif
