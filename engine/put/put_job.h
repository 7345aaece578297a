/* What put.c, open.c and commit.c share: a put and all that it opened. */
#ifndef ENGINE_PUT_PUT_JOB_H
#define ENGINE_PUT_PUT_JOB_H

#include "engine/put/put_internal.h"
#include "engine/repository/collection.h"

/* What a put holds beside the run itself. */
struct put_job {
	struct put_run run;
	struct repository *repository;
	pthread_mutex_t session_lock;
	struct session *session; /* under its lock; NULL until the first object needs an id */
	struct collection *collection;
	struct version_reader *base, *shared, *same, *onto;
	uint8_t version_id[16];
	uint64_t gc_head;    /* of the gc log when the plan began */
	uint8_t (*dead)[16]; /* sessions of killed puts of this tree */
	size_t dead_count;
	struct muster_progress own_progress;
};

/** Opens collection, bases, cache, blobs, sources and the version's writer; adopts what killed puts
 *  of this tree left. */
enum muster_code put_open(struct put_job *job, const char *cache_dir, struct muster_error *err);
/** The session, begun by whoever first has something to store: a put that changes nothing has
 *  none. */
enum muster_code put_need_session(struct put_job *job, struct session **out,
				  struct muster_error *err);
/** Opens the stat cache of these sources. Without one a put still works. */
void put_open_cache(struct put_job *job, const char *cache_dir);
/** Uploads are continued from now on; those of dead puts that are too old are given up. Takes what
 * is in `tree`. */
void put_open_uploads(struct put_job *job, const char *cache_dir, struct bytes *tree);
/** Makes the work of this run useful to the next one: packs indexed, the journal a run. */
enum muster_code put_keep_work(struct put_job *job, struct muster_error *err);
/** Completes the version and saves it, unless items failed. */
enum muster_code put_commit(struct put_job *job, struct muster_error *err);
/** Does the save still rely on what gc leaves alone? A save_relies_fn of the job. */
enum muster_code put_still_relies(void *state, struct repository *repository,
				  struct muster_error *err);

#endif
