/*
 *   store.c         the table; create, remove, now
 *   store_call.c    one cloud_call through HTTP
 *   store_object.c  an object that is read
 *   store_opened.c  all objects that are open
 *   store_ahead.c   what is read ahead of its reader
 *   store_list.c    pages of keys
 *   store_writer.c  a stream that becomes an object
 *   store_part.c    its parts
 *   store_journal.c which of them are at the cloud already
 *   store_pool.c    the buffers of all
 */
#ifndef IO_CLOUD_STORE_INTERNAL_H
#define IO_CLOUD_STORE_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>

#include "io/cloud/store.h"

/* --- store_pool.c ---------------------------------------------------------------------------- */

#define POOL_IDLE_MAX 8

/** Buffers within a maximum. Nobody waits for one: who gets none does without, or first uses up
 *  what it has. */
struct cloud_pool {
	uint64_t max_bytes;
	pthread_mutex_t lock;
	struct { /* under `lock` */
		uint64_t used_bytes;
		unsigned user_count, idle_count;
		/* Kept while somebody uses the pool: fresh memory costs as much as what it is for.
		 */
		struct cloud_idle {
			uint8_t *buffer;
			size_t bytes;
		} idle[POOL_IDLE_MAX];
	} shared;
};
void cloud_pool_init(struct cloud_pool *pool, uint64_t max_bytes);
void cloud_pool_release(struct cloud_pool *pool);
void cloud_pool_enter(struct cloud_pool *pool);
/** The last one frees what is idle. */
void cloud_pool_leave(struct cloud_pool *pool);
/** What each user has if all have the same. */
uint64_t cloud_pool_share(struct cloud_pool *pool);
/** NULL: no memory, or, unless `is_due`, the maximum is reached. */
uint8_t *cloud_pool_take(struct cloud_pool *pool, size_t bytes, bool is_due);
void cloud_pool_give(struct cloud_pool *pool, uint8_t *buffer, size_t bytes); /* NULL is fine */

/* --- store_opened.c -------------------------------------------------------------------------- */

/** All objects that are open, but those that were removed since. */
struct cloud_opened {
	pthread_mutex_t lock;
	struct cloud_object *first; /* under `lock` */
};
void cloud_opened_init(struct cloud_opened *opened);
void cloud_opened_release(struct cloud_opened *opened); /* none is open */
/** Is the object of this key open? Then this one has its size, its ETag and what it holds. */
bool cloud_opened_share(struct cloud_opened *opened, struct cloud_object *object);
void cloud_opened_enter(struct cloud_opened *opened, struct cloud_object *object);
/** Before it is freed; what it holds is freed by the last one. */
void cloud_opened_leave(struct cloud_opened *opened, struct cloud_object *object);
/** It was removed, or is another one: who opens it from now on asks the cloud. */
void cloud_opened_forget(struct cloud_opened *opened, struct view key);

/* --- the store ------------------------------------------------------------------------------- */

struct cloud_store {
	struct store base;
	struct store_ops ops; /* all kinds have the same but for its name */
	struct cloud_protocol *protocol;
	struct http *http;
	struct pacer *pacer;
	const struct effects *effects;
	struct cloud_pool pool;
	unsigned parts_in_flight, ranges_in_flight;
	size_t tail_bytes, range_bytes, part_bytes;
	uint32_t page_max;
	struct cloud_opened opened;
	size_t prefix_len;
	char prefix[STORE_CLOUD_PREFIX_MAX_BYTES + 1];
};

static inline struct cloud_store *cloud_of(struct store *store)
{
	return (struct cloud_store *)store;
}

/** A key as the cloud knows it. */
struct cloud_key {
	size_t len;
	char text[STORE_CLOUD_PREFIX_MAX_BYTES + STORE_KEY_MAX_BYTES + 1];
};
struct view cloud_key_make(struct cloud_key *out, const struct cloud_store *cloud, const char *key);

/** Create if absent. MUSTER_EXISTS: not ours. */
enum muster_code cloud_create_once(struct cloud_store *cloud, struct view key, struct view body,
				   const char *nonce, struct muster_error *err);
/** Whose is the object of that key? MUSTER_OK: made with this nonce, of this size; MUSTER_EXISTS:
 *  another one; MUSTER_ABSENT. MUSTER_E_DIGEST: ours, and not what was written. */
enum muster_code cloud_settle(struct cloud_store *cloud, struct view key, const char *nonce,
			      uint64_t size_bytes, struct muster_error *err);
enum muster_code cloud_nonce_make(const struct cloud_store *cloud, char out[CLOUD_NONCE_TEXT],
				  struct muster_error *err);
/** The sums that the protocol wants of a body of this verb. */
unsigned cloud_wanted_sums(const struct cloud_store *cloud, enum cloud_verb verb);
/** `wanted`: bits of 1 << enum checksum_algorithm. */
void cloud_sums_make(struct cloud_sums *out, unsigned wanted, struct view body);

/* --- store_call.c ---------------------------------------------------------------------------- */

/** One call on its way. Filled in: `call`, and for READ and TAIL where bytes go. */
struct cloud_flight {
	struct cloud_call call;
	uint8_t *out; /* READ, TAIL */
	size_t out_cap;
	bool is_exact; /* fewer bytes than out_cap are a failure */

	/* What came: after cloud_flight_wait(). */
	size_t got;	   /* bytes of `out` */
	struct bytes page; /* LIST, PARTS: the document */

	/* private */
	struct cloud_store *cloud;
	struct http_exchange exchange;
	uint64_t sent_ns[2]; /* of the two attempts that may run at once */
	size_t kept;	     /* of `got`: of attempts that broke off */
	bool is_started, is_awaited;
	sem_t over;
	enum muster_code code;
	struct muster_error error;
};

void cloud_flight_init(struct cloud_flight *flight, struct cloud_store *cloud, enum cloud_verb verb,
		       struct view key);
/** On failure it is as before: it can be released. */
enum muster_code cloud_flight_start(struct cloud_flight *flight, struct muster_error *err);
/** Its end: the code of judge. May be called again. */
enum muster_code cloud_flight_wait(struct cloud_flight *flight, struct muster_error *err);
void cloud_flight_cancel(struct cloud_flight *flight);
/** Would wait return at once? */
bool cloud_flight_is_over(struct cloud_flight *flight);
/** Both. */
enum muster_code cloud_flight_perform(struct cloud_flight *flight, struct muster_error *err);
/** One that is on its way is cancelled and awaited. */
void cloud_flight_release(struct cloud_flight *flight);

/* --- store_ahead.c --------------------------------------------------------------------------- */

struct cloud_window;

/** What is read ahead of one reader: windows side by side, in order. */
struct cloud_ahead {
	uint64_t next_bytes; /* where the last read ended */
	uint64_t run_bytes;  /* read without a jump */
	bool is_run;	     /* the last read began where the one before ended */
	unsigned count;
	struct cloud_window *windows[STORE_CLOUD_IN_FLIGHT_MAX];
};

/** What came with open. All that have the same object open have the same. */
struct cloud_held {
	unsigned users; /* under the lock of `opened` */
	uint64_t at;
	size_t len;
	uint8_t bytes[];
};

struct cloud_object {
	struct store_object base;
	pthread_mutex_t lock;	  /* whoever reads from windows takes turns */
	struct cloud_ahead ahead; /* under `lock` */
	struct cloud_held *held;  /* fixed while it is open */
	char etag[64];
	struct cloud_object *next, **link; /* of `opened`; no link: not in it */
	size_t key_len;
	char key[];
};

static inline struct view cloud_object_key(const struct cloud_object *object)
{
	return view_of(object->key, object->key_len);
}

/** Of this object, these bytes. */
void cloud_object_aim(const struct cloud_object *object, struct cloud_flight *flight,
		      uint64_t offset_bytes, uint8_t *out, size_t len);

/** A read begins: what it passed is let go, what may come next is asked for. */
void cloud_ahead_note(struct cloud_object *object, uint64_t offset_bytes, size_t len);
/** So many bytes will be read from there on: as if as many had been read before them. */
void cloud_ahead_expect(struct cloud_object *object, uint64_t offset_bytes, uint64_t len);
/** Take up to `len` bytes from a window, waiting for it. 0: none has them, or it failed. */
size_t cloud_ahead_take(struct cloud_object *object, uint64_t offset_bytes, uint8_t *out,
			size_t len);
/** How many bytes from there on no window has, `len` at most. */
size_t cloud_ahead_gap(const struct cloud_object *object, uint64_t offset_bytes, size_t len);
void cloud_ahead_release(struct cloud_object *object);

/* --- store_object.c, store_list.c, store_writer.c: the table's functions --------------------- */

enum muster_code cloud_object_open(struct store *store, const char *key, struct store_object **out,
				   struct muster_error *err);
enum muster_code cloud_object_read(struct store_object *base, uint64_t offset_bytes, void *out,
				   size_t len, struct muster_error *err);
void cloud_object_will_read(struct store_object *base, uint64_t offset_bytes, uint64_t len);
void cloud_object_close(struct store_object *base);
enum muster_code cloud_list(struct store *store, const char *prefix, const char *after,
			    store_list_fn *fn, void *state, struct muster_error *err);
enum muster_code cloud_write_begin(struct store *store, const char *key, struct store_writer **out,
				   struct muster_error *err);
enum muster_code cloud_write_append(struct store_writer *base, struct view data,
				    struct muster_error *err);
size_t cloud_write_room(struct store_writer *base, bool may_wait);
enum muster_code cloud_write_finish(struct store_writer *base, struct muster_error *err);
void cloud_write_abort(struct store_writer *base);
enum muster_code cloud_write_continue(struct store *store, const char *key,
				      struct store_journal *journal, struct store_writer **out,
				      struct muster_error *err);
void cloud_write_leave(struct store_writer *base);

#endif
