/**
 * store - where a repository's objects lie: a table of functions, one file per kind.
 *
 * Keys:     relative, '/'-separated, at most STORE_KEY_MAX_BYTES; components are made safe by who
 *           names them (artifact/record/key.h). No component is empty, "." or "..", or begins
 *           with ".tmp".
 * Threads:  every function may be called from several threads at once, with one object, too; a
 *           writer belongs to one thread at a time.
 * Order:    an object is seen by readers whole or not at all. Nothing is ever overwritten.
 * Durable:  store_create() returns when its object is durable. What a writer finished is durable
 *           after the next store_sync() that begins later.
 * Errors:   MUSTER_ABSENT, MUSTER_EXISTS, MUSTER_END are answers; failures name kind and key.
 */
#ifndef IO_STORE_STORE_H
#define IO_STORE_STORE_H

#include "base/bytes.h"
#include "base/effects.h"

#define STORE_KEY_MAX_BYTES 1024

struct store_ops;

/** What all kinds begin with. */
struct store {
	const struct store_ops *ops;
};

struct store_object { /* an object open for reading */
	struct store *store;
	uint64_t size_bytes;
};

struct store_writer { /* an object being written */
	struct store *store;
};

/** A part of an object on its way, as its store has it. */
struct store_part {
	uint32_t number; /* from 1 */
	uint64_t size_bytes;
	uint8_t sha256[32];
	char name[64]; /* what the store calls these very bytes; empty: nothing */
};

/**
 * What one upload has sent, kept where a process that comes after a killed one finds it
 * (decision 0016). A hint: a store believes it only where it has the part itself, and the bytes
 * that are written now have the same SHA-256.
 *
 * What was remembered is borrowed until the writer ends; what is new is told on its thread.
 */
struct store_journal {
	struct view upload;		/* may be a secret; empty: nothing is remembered */
	const struct store_part *parts; /* part n at n - 1; size 0: not known */
	size_t part_count;
	uint64_t kept_bytes; /* counted by the writer: not sent again */
	void *state;
	void (*begun)(void *state, struct view upload); /* a new one, nothing of which is sent */
	void (*sent)(void *state, const struct store_part *part);
};

/** Called for each key, in byte order; anything but MUSTER_OK ends the listing and is returned. */
typedef enum muster_code store_list_fn(void *state, const char *key, uint64_t size_bytes,
				       uint64_t modified_ns, struct muster_error *err);

struct store_ops {
	const char *kind; /* "local", "memory", ... */

	/* Create if absent, whole and durable (below KEY_PROBE_PREFIX: whole). MUSTER_EXISTS:
	 * somebody was first. */
	enum muster_code (*create)(struct store *store, const char *key, struct view data,
				   struct muster_error *err);
	/* MUSTER_ABSENT where there is none. Gives an object. */
	enum muster_code (*open)(struct store *store, const char *key, struct store_object **out,
				 struct muster_error *err);
	/* Reads exactly `len` bytes at `offset`; a range beyond the end is MUSTER_E_FORMAT. */
	enum muster_code (*read)(struct store_object *object, uint64_t offset_bytes, void *out,
				 size_t len, struct muster_error *err);
	/* NULL, or a hint: all of these bytes will be read, in order, from now on. Waits for none.
	 */
	void (*will_read)(struct store_object *object, uint64_t offset_bytes, uint64_t len);
	/* NULL, or: its bytes cannot be right, by a checksum in them, say. True: they came from a
	 * copy, which is given up, and may be read again. */
	bool (*doubt)(struct store_object *object);
	void (*close)(struct store_object *object);
	/* NULL, or: make the empty file `to_fd` these bytes by sharing their blocks on disk. False
	 * where that cannot be: the file is empty then. The range must begin, and may be rounded
	 * up, to STORE_CLONE_ALIGN_BYTES within the object. */
	bool (*clone)(struct store_object *object, uint64_t offset_bytes, uint64_t len, int to_fd);
	/* Keys that begin with `prefix` (may end inside a component) and come after `after`
	 * (NULL: from the first). Sees every object whose creation ended before the call. */
	enum muster_code (*list)(struct store *store, const char *prefix, const char *after,
				 store_list_fn *fn, void *state, struct muster_error *err);
	/* Absent is success. */
	enum muster_code (*remove)(struct store *store, const char *key, struct muster_error *err);

	/* Streams a large object. It appears under its key at finish, if absent. */
	enum muster_code (*write_begin)(struct store *store, const char *key,
					struct store_writer **out, struct muster_error *err);
	enum muster_code (*write_append)(struct store_writer *writer, struct view data,
					 struct muster_error *err);
	/* NULL where append waits for nobody, or: how many bytes it takes before it waits for what
	 * is on its way, which what is whole is now, too. 0: none, and never if `may_wait`. Only
	 * who has more to write asks. A failure has room: append tells it. */
	size_t (*write_room)(struct store_writer *writer, bool may_wait);
	/* Takes the writer, whatever the answer. MUSTER_EXISTS as for create. On a local store
	 * the bytes are synced before the name appears. */
	enum muster_code (*write_finish)(struct store_writer *writer, struct muster_error *err);
	/* So many at once, by as many threads, because each waits for a server; 0: one. */
	unsigned finish_max;
	/* Takes the writer; nothing is left of it. NULL is fine. */
	void (*write_abort)(struct store_writer *writer);
	/* NULL where nothing outlives a writer. As write_begin; parts that were sent before are not
	 * sent again. MUSTER_ABSENT: the upload that is remembered is no more. From append and
	 * finish MUSTER_E_CHANGED: what was sent is of other bytes and cannot be replaced. A finish
	 * that I/O fails leaves the upload. */
	enum muster_code (*write_continue)(struct store *store, const char *key,
					   struct store_journal *journal, struct store_writer **out,
					   struct muster_error *err);
	/* Takes the writer; what was sent stays, for the journal. NULL: as write_abort. */
	void (*write_leave)(struct store_writer *writer);

	/* Everything that anybody finished in this repository before the call is durable after. */
	enum muster_code (*sync)(struct store *store, struct muster_error *err);
	/* The store's own time, since 1970 UTC. */
	enum muster_code (*now)(struct store *store, uint64_t *wall_ns, struct muster_error *err);
	void (*free)(struct store *store);
};

/* The calls, with keys checked (MUSTER_E_USAGE: our mistake, but it must never become a path) and
 * failures given context ("local store: create 'x': ..."). */
enum muster_code store_create(struct store *store, const char *key, struct view data,
			      struct muster_error *err);
enum muster_code store_open(struct store *store, const char *key, struct store_object **out,
			    struct muster_error *err);
enum muster_code store_read(struct store_object *object, uint64_t offset_bytes, void *out,
			    size_t len, struct muster_error *err);
/** All of these bytes will be read, in order: a store that waits for them may ask for them now. */
void store_will_read(struct store_object *object, uint64_t offset_bytes, uint64_t len);
/** What was read cannot be right. True: read it again, it may be. */
bool store_doubt(struct store_object *object);
void store_close(struct store_object *object); /* takes NULL */
#define STORE_CLONE_ALIGN_BYTES 4096	       /* a block of btrfs and XFS */
/** False where the store, or this range, cannot be cloned into that file. */
bool store_clone(struct store_object *object, uint64_t offset_bytes, uint64_t len, int to_fd);
enum muster_code store_list(struct store *store, const char *prefix, const char *after,
			    store_list_fn *fn, void *state, struct muster_error *err);
enum muster_code store_remove(struct store *store, const char *key, struct muster_error *err);
enum muster_code store_write_begin(struct store *store, const char *key, struct store_writer **out,
				   struct muster_error *err);
enum muster_code store_write_append(struct store_writer *writer, struct view data,
				    struct muster_error *err);
/** SIZE_MAX where append waits for nobody. */
size_t store_write_room(struct store_writer *writer, bool may_wait);
enum muster_code store_write_finish(struct store_writer *writer, struct muster_error *err);
/** How many finishes at once are of use. */
unsigned store_finish_max(const struct store *store);
void store_write_abort(struct store_writer *writer); /* takes NULL */
bool store_can_continue(const struct store *store);
/** Only where store_can_continue(). `journal` outlives the writer. */
enum muster_code store_write_continue(struct store *store, const char *key,
				      struct store_journal *journal, struct store_writer **out,
				      struct muster_error *err);
void store_write_leave(struct store_writer *writer); /* takes NULL */
enum muster_code store_sync(struct store *store, struct muster_error *err);
enum muster_code store_now(struct store *store, uint64_t *wall_ns, struct muster_error *err);
void store_free(struct store *store); /* takes NULL */

/** Read a whole small object into `out` (appended). MUSTER_ABSENT; MUSTER_E_LIMIT over `max`. */
enum muster_code store_get(struct store *store, const char *key, struct bytes *out,
			   size_t max_bytes, struct muster_error *err);

#endif
