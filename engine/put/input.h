/**
 * input - one source of a put and its items that wait: a directory, a file, a list of files in a
 * directory, or a reference to any of them, or to entries of another version.
 *
 * References (wandb-formats §7): `file://` walks and digests what is there, by MD5 whatever the
 * repository's digest, and stores no bytes; any scheme that is not followed is tracked by its text
 * alone and needs a name.
 * A directory with a name sleeps until the items of others have come to that name: its walk is
 * opened then, and closed at its end, so that many sources take the memory and the threads of a
 * few. Threads: one at a time.
 */
#ifndef ENGINE_PUT_INPUT_H
#define ENGINE_PUT_INPUT_H

#include "engine/put/list.h"
#include "engine/put/put_internal.h"
#include "engine/put/version_list.h"

struct input {
	const struct muster_put_options *options;
	const char *root;	       /* as the user wrote it, for messages */
	struct bytes prefix;	       /* "" or "name/" */
	char *directory;	       /* where it lies on disk; owned */
	const char *uri;	       /* of a reference; NULL: bytes are stored */
	bool is_tracked;	       /* a reference that is not followed */
	struct view begin, end;	       /* what single things must lie between */
	bool is_single;		       /* one file: its URI is the whole one */
	struct repository *repository; /* set before; NULL: there are no versions */
	struct walk *walk;	       /* this, or one of the lists */
	struct source_limits limits;   /* of the walk */
	bool is_asleep;		       /* the walk is not open yet */
	uint64_t special_count;	       /* of the walk, when it is over */
	struct file_list *list;
	struct version_list *version;
	struct shared_walk *shared; /* the walk's batch in hand */
	struct list_batch listed;
	const struct entry *carried; /* of the version, in hand */
	size_t next, count;
	bool is_done;
};

/** `input` is zeroed but for the repository. Errors: MUSTER_E_NAME, MUSTER_E_USAGE,
 * MUSTER_E_UNSUPPORTED. */
enum muster_code input_open(struct input *input, const struct muster_put_options *options,
			    const struct muster_source *from, const struct source_limits *limits,
			    struct muster_error *err);
void input_release(struct input *input);
/** Open the walk, if it is not. Errors: those of walk_open(). */
enum muster_code input_wake(struct input *input, struct muster_error *err);
/** Make sure that it has an item in hand, or is done, or asleep. */
enum muster_code input_load(struct input *input, struct muster_error *err);
/** Byte order of whole paths of the items in hand, each with its prefix. What is asleep has its
 *  prefix in hand: nothing of it comes before. */
int input_compare(const struct input *a, const struct input *b);
/** The path of the item in hand, without the prefix. */
struct view input_head(const struct input *input);
/** Move the item in hand to `item`; false if a filter does not want it. */
bool input_take(struct input *input, struct put_item *item);
/** What the batch's items point into becomes the batch's own, where it must. */
enum muster_code input_give(struct input *input, struct put_batch *batch, struct muster_error *err);

#endif
