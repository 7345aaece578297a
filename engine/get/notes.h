/* What is remembered of files that a run wrote or proved: the stat cache of the directory. */
#ifndef ENGINE_GET_NOTES_H
#define ENGINE_GET_NOTES_H

#include "engine/get/batch.h"
#include "engine/get/job.h"
#include "engine/get/spool.h"
#include "engine/statcache/stat_cache.h"

/** The record of an item's file as it is now. */
struct stat_record get_record_of(const struct get_job *job, const struct get_item *item);

/** The tree's own time; waits a moment for it to pass `newest_ns`, so that stats of files which
 *  were just written can be trusted. */
enum muster_code get_now_after(const struct get_job *job, const char *directory, int64_t newest_ns,
			       int64_t *now_ns, struct muster_error *err);

/** Give what the spool has to the stat cache of `directory` (`cache`, or NULL: opened for it).
 *  Stats that are not older than `now_ns` are left out. It is a help: failures do not count. */
void get_notes_write(struct get_job *job, struct stat_cache *cache, const char *directory,
		     struct get_spool *spool, int64_t now_ns);

#endif
