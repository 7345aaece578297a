/* What the files of a part share. */
#ifndef ENGINE_DRAFT_PART_INTERNAL_H
#define ENGINE_DRAFT_PART_INTERNAL_H

#include <pthread.h>

#include "engine/blob/blob_set.h"
#include "engine/draft/kept.h"
#include "engine/draft/part.h"
#include "engine/draft/stack.h"
#include "engine/repository/session.h"
#include "io/spill/spill_map.h"

/* What a part says of a path, from the top:
 *
 *	table    what was added and removed one by one: path -> kept; "dir/" is a removed directory
 *	sources  the manifest of the first part_add_sources(), if the part was empty before it
 *	beneath  the version, and the parts before
 *
 * A directory's removal hides sources and beneath. What the table itself has beneath it is removed
 * one by one when the directory is: what is added later is seen again. */
struct part {
	struct repository *repository;
	struct store *store;
	struct part_options options;
	pthread_mutex_t session_lock;
	struct session *session; /* under its lock; NULL until something is stored */
	struct spill_map *table;
	bool has_removed_directory; /* some "dir/" is in the table */
	struct {
		bool is_there;
		struct manifest_pointer manifest;
		struct version_reader *reader; /* NULL until it is needed */
	} sources;
	struct stack beneath;
	struct part_files *files; /* NULL until one is added */
	struct bytes value, key;  /* in use during a call */
	uint64_t gc_head;	  /* of the gc log when something was first stored */
	bool has_gc_head;
};

/** A blob_next_id_fn; `state` is the part. From any thread. */
enum muster_code part_next_id(void *state, struct object_id *out, struct muster_error *err);
/** Lends the session, begun if there is none. From any thread; `state` is the part. */
enum muster_code part_need_session(void *state, struct session **out, struct muster_error *err);
enum muster_code part_need_sources(struct part *part, struct muster_error *err);

/** Refuses a path that breaks a rule, and, unless `overwrite`, one that is there with another
 *  digest. */
enum muster_code part_check_new(struct part *part, const struct entry *entry, bool overwrite,
				struct muster_error *err);
/** Into the table. */
enum muster_code part_keep(struct part *part, struct view path, const struct kept *kept,
			   struct muster_error *err);
/** One path of the table. Lent for the call. */
typedef enum muster_code part_said_fn(void *state, struct view path, struct kept *kept,
				      struct muster_error *err);
/** All that the table says. */
enum muster_code part_each_said(struct part *part, part_said_fn *fn, void *state,
				struct muster_error *err);

/** Makes packs durable and indexes them: then all places are known. */
enum muster_code part_files_finish(struct part *part, struct muster_error *err);
void part_files_close(struct part_files *files); /* takes NULL */

/** Is there anything that a removal could hide? */
static inline bool part_has_beneath(const struct part *part)
{
	return part->options.beneath.version || part->options.beneath.part_count;
}

static inline bool view_begins_with(struct view text, struct view begin)
{
	return text.len >= begin.len && memcmp(text.ptr, begin.ptr, begin.len) == 0;
}

#endif
