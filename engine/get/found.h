/**
 * found - the files of a directory beside the entries of a version, in path order.
 *
 * A batch holds items that are an entry, a file, or both; names and descriptors of the walk live
 * as long as the batch. An unreadable directory is one item; entries below it are passed over.
 *
 * Threads: one at a time fills. Memory: a batch; what the walk holds.
 */
#ifndef ENGINE_GET_FOUND_H
#define ENGINE_GET_FOUND_H

#include <stdatomic.h>

#include "engine/get/batch.h"
#include "engine/get/select.h"
#include "artifact/format/pack.h"
#include "io/tree/walk.h"
#include "planners/checkout/checkout.h"
#include "planners/verification/verification.h"

#define GET_FOUND_MAX	     256
#define GET_FOUND_TEXT_BYTES (64u << 10)
#define GET_FOUND_WALKS	     16		 /* directories that share a batch */
#define GET_FOUND_BYTES	     (32u << 20) /* of small files in a batch */

/* A walk's batch, shared by the batches that were cut from it. Names are needed until they were
 * told, the directory only until the last file was read: descriptors are few. */
struct get_walk {
	struct walk_batch *batch;
	atomic_uint refs;    /* who looks at names */
	atomic_uint openers; /* who may open files */
};

/** Another reference, which may open files until it leaves; once only. All take NULL. */
struct get_walk *get_walk_ref(struct get_walk *walk);
void get_walk_leave(struct get_walk *walk);
/** Of a reference that has left. */
void get_walk_unref(struct get_walk *walk);

struct get_found_batch;

struct get_found {
	struct get_found_batch *batch;
	struct view path;
	bool has_entry, has_file;
	struct entry entry;    /* without its texts */
	struct get_walk *walk; /* borrowed from the batch; NULL without a file */
	const char *name;      /* for openat(walk->batch->dir_fd) */
	bool has_stat;
	struct found_file stat;
	const struct muster_error *error; /* NULL, or why the walk could not look at it */
	bool is_directory;		  /* with an error: a directory */

	/* What the stat cache says of the path. */
	bool has_known;
	struct stat_record known;
	/* verify */
	enum verification verdict;
	/* checkout */
	bool has_record;
	struct stat_record record; /* what a checkout left */
	struct checkout_found facts;
	enum checkout_decision decision;
	bool has_planned; /* what is to be replaced or removed, links not followed */
	struct file_stat planned;
	/* Why reading it failed; owned. */
	struct muster_error *read_error;
};

struct get_found_batch {
	size_t count, text_bytes, walk_count;
	bool has_left;
	/* verify: items that are still to be read, and those whose verdict is still to come */
	size_t unread_count, unsettled_count;
	struct get_walk *walks[GET_FOUND_WALKS];
	struct get_found items[GET_FOUND_MAX];
	uint8_t text[GET_FOUND_TEXT_BYTES];
};

/** How many bytes its file has, or should have where nobody has stat'ed it; 0 where neither is
 *  known. */
uint64_t get_found_bytes(const struct get_found *item);
/** Empty; what the batch held is let go. */
void get_found_reset(struct get_found_batch *batch);
/** Nothing of the batch will be opened any more. */
void get_found_leave(struct get_found_batch *batch);

/** The two cursors. Filled by the caller but for what is below the line. */
struct get_merge {
	struct walk *walk; /* borrowed; NULL: there is no directory */
	struct version_reader *version;
	struct get_selection *selection;
	/* --- */
	struct get_walk *shared;
	size_t next;
	struct bytes passed_dir; /* unreadable: "path/" */
	struct entry head;
	bool has_begun, has_head, walk_is_done;
};

void get_merge_release(struct get_merge *merge); /* takes a zeroed one */
/** The next items. MUSTER_END. */
enum muster_code get_merge_fill(struct get_merge *merge, struct get_found_batch *batch,
				struct muster_error *err);

/** A walk_wanted_fn over struct muster_wanted_rules. */
bool get_rules_want(const void *rules, struct view path, bool is_directory);

#endif
