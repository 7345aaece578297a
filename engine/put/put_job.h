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
	struct session *session; /* under its lock; NULL until the first object needs an id; lent
				  * to a part */
	struct put_part *part;	 /* NULL: a version is made */
	struct collection *collection; /* NULL for a part */
	struct version_reader *base, *shared, *same, *onto;
	uint8_t version_id[16];
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
/** Completes the manifest of a part, unless items failed. */
enum muster_code put_end_part(struct put_job *job, struct muster_error *err);
/** MUSTER_OK unless items failed that the options do not let fail. */
enum muster_code put_check_failed(const struct put_job *job, struct muster_error *err);
/** What is told at the end where some failed, and the others were committed. */
enum muster_code put_tell_failed(const struct put_job *job, struct muster_error *err);
/** What the report says of the content. */
void put_describe_content(struct put_job *job, const struct manifest_footer *footer);

#endif
