#include "engine/get/notes.h"

#include "io/tree/tree_time.h"
#include "planners/ingest/ingest.h"

#define WAIT_NS	  2000000 /* a tick of file times is 4 ms mostly, 10 ms at most */
#define WAITS_MAX 8

struct stat_record get_record_of(const struct get_job *job, const struct get_item *item)
{
	return (struct stat_record){ .path = item->entry.path,
				     .size_bytes = item->stat.size_bytes,
				     .mtime_ns = item->stat.mtime_ns,
				     .ctime_ns = item->stat.ctime_ns,
				     .inode = item->stat.inode,
				     .is_trusted = true,
				     .algorithm = item->entry.algorithm,
				     .has_identity = job->has_identity && item->entry.has_identity,
				     .fingerprint = item->entry.fingerprint };
}

enum muster_code get_now_after(const struct get_job *job, const char *directory, int64_t newest_ns,
			       int64_t *now_ns, struct muster_error *err)
{
	enum muster_code code = tree_time_now(directory, now_ns, err);

	for (int i = 0; i < WAITS_MAX && !code && *now_ns <= newest_ns; i++) {
		job->sys->sleep_ns(job->sys->state, WAIT_NS);
		code = tree_time_now(directory, now_ns, err);
	}
	return code;
}

static enum muster_code copy_records(struct get_spool *spool, struct stat_journal *journal,
				     int64_t now_ns)
{
	struct get_spool_reader reader;
	const struct stat_record *record;
	enum muster_code code = get_spool_reader_open(&reader, spool, NULL);

	while (!code && !(code = get_spool_next(&reader, &record, NULL)))
		if (record->mtime_ns < now_ns && record->ctime_ns < now_ns)
			code = stat_journal_add(journal, record, NULL);
	get_spool_reader_release(&reader);
	return code == MUSTER_END ? MUSTER_OK : code;
}

void get_notes_write(struct get_job *job, struct stat_cache *cache, const char *directory,
		     struct get_spool *spool, int64_t now_ns)
{
	struct stat_cache *own = NULL;
	struct stat_journal *journal = NULL;
	uint8_t session[16]; /* no session of the repository: there are no packs to adopt */
	enum muster_code code = MUSTER_OK;

	if (!job->start->cache_dir || get_spool_count(spool) == 0)
		return;
	if (!cache)
		code = stat_cache_open(&own, job->start->cache_dir, directory, NULL, NULL, NULL);
	if (!code)
		code = effects_random(effects_system(), session, sizeof(session), NULL);
	if (!code)
		code = stat_journal_open(&journal, cache ? cache : own,
					 repository_id(job->start->repository), session, NULL);
	if (!code)
		code = copy_records(spool, journal, now_ns);
	if (!code)
		stat_journal_finish(journal, NULL);
	stat_journal_close(journal);
	stat_cache_close(own);
}
