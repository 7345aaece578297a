/* A batch of entries on their way out of the repository. */
#ifndef ENGINE_GET_BATCH_H
#define ENGINE_GET_BATCH_H

#include "artifact/entry.h"
#include "base/error.h"
#include "engine/blob/blob_set.h"
#include "io/file/read.h"

/* Of 4 KiB these are 1 MiB, which stays in the cache until it is hashed: 1,024 take 7 % longer; of
 * mixed sizes they would take 5 % less, as lanes run empty more rarely. */
#define GET_BATCH_MAX	     256
#define GET_BATCH_TEXT_BYTES (64u << 10) /* paths and references of a batch */

enum get_fate {
	GET_WANTED,  /* its bytes are to be had */
	GET_LARGE,   /* handed on: it ends outside of the order */
	GET_KEPT,    /* there already, and equal */
	GET_DONE,    /* its bytes were proved, and written where they are to be written */
	GET_SKIPPED, /* a reference that cannot be had */
	GET_FAILED,
};

/* How a copy in the repository failed: what verification calls it. */
enum get_fault { GET_FAULT_OTHER, GET_FAULT_ABSENT, GET_FAULT_DIGEST };

struct get_item {
	struct entry entry; /* path and reference lie in the batch; other texts are left out */
	enum get_fate fate;
	enum get_fault fault; /* with GET_FAILED */
	bool may_replace;     /* a file that is there is replaced */
	bool must_back_up;    /* it is moved away first */
	bool has_planned;     /* ... and only if it still is what it was */
	struct file_stat planned;
	bool has_known; /* the stat cache knows a file of this stat and these bytes */
	struct file_stat known;
	struct fingerprint known_fingerprint;
	bool has_stat; /* of the file that is there now */
	struct file_stat stat;
	struct muster_error *error; /* GET_FAILED; owned, NULL without memory */
	struct tree_file *file;	    /* a large one that is being written */
	struct blob_stream *stream; /* copy: a large one that is being packed */
	uint64_t streamed_bytes;    /* ... and so much of it is */
	struct blob_place place;    /* copy: where it lies in the other repository */
	uint64_t rank;		    /* copy: which entry of its version, from 0 */
	struct get_item *next;	    /* of a list that has it */
};

struct get_batch {
	size_t count, text_bytes;
	struct get_item items[GET_BATCH_MAX];
	uint8_t text[GET_BATCH_TEXT_BYTES];
};

/** Empty, errors freed. */
void get_batch_reset(struct get_batch *batch);
/** Room for any one entry more? */
bool get_batch_has_room(const struct get_batch *batch);
/** The caller has asked for room. */
struct get_item *get_batch_add(struct get_batch *batch, const struct entry *entry);

/** Makes an item failed. The message is copied; without memory it fails without one. */
void get_item_fail(struct get_item *item, const struct muster_error *error);

/** An item of its own, for what comes later. NULL without memory. */
struct get_item *get_item_copy(const struct get_item *item);
void get_item_free(struct get_item *item); /* takes NULL */

/** Large items, for who does several side by side. */
struct get_larges {
	void *state;
	/* The next one, when there is room for one; NULL: none now. */
	struct get_item *(*next)(void *state);
	/* What could be done with it was done; GET_WANTED: nothing, or the run is stopping. Once
	 * for each `next`; a failure is the run's. */
	enum muster_code (*end)(void *state, struct get_item *item, struct muster_error *err);
};

/** The key of an entry's bytes; false if the repository never had them. */
bool get_item_key(const struct get_item *item, struct blob_key *out);

#endif
