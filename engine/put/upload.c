/* Which uploads of large files a put goes on with (decision 0016): those of a put of the same file
 * that died before it committed anything. Others that nobody went on with for a week are given up.
 */
#include "artifact/record/key.h"
#include "engine/put/put_job.h"

/* Below it, to ask what is there costs about what there is to gain: eight parts. */
#define CONTINUED_MIN_BYTES (64u << 20)
/* Google forgets a session after a week, Azure its blocks. */
#define STALE_S	 (7 * 24 * 3600)
#define NS_PER_S 1000000000u

static void give_up(struct put_job *job, struct upload_journal *journal)
{
	struct store *store = job->run.store;
	struct store_writer *writer;
	struct key key;

	key_object(&key, OBJECT_PACK, upload_journal_pack(journal));
	if (!store_write_continue(store, key.text, upload_journal_store(journal), &writer, NULL))
		store_write_abort(writer);
	upload_journal_remove(journal);
}

static void give_up_stale(void *state, struct upload_journal *journal)
{
	give_up(state, journal);
}

void put_open_uploads(struct put_job *job, const char *cache_dir, struct bytes *tree)
{
	struct put_run *run = &job->run;
	uint64_t now_ns = effects_wall_ns(repository_effects(job->repository));

	if (!cache_dir || !tree->len || !store_can_continue(run->store) || run->options->dry_run)
		return;
	run->uploads.cache_dir = cache_dir;
	run->uploads.tree = *tree;
	*tree = (struct bytes){ 0 };
	upload_journal_each_stale(cache_dir, repository_id(job->repository),
				  (int64_t)(now_ns / NS_PER_S), STALE_S, give_up_stale, job);
}

static void count_ignored(struct put_run *run)
{
	atomic_fetch_add_explicit(&run->uploads.ignored_count, 1, memory_order_relaxed);
}

/* May its upload be continued? gc leaves it alone only while its session has not ended. */
static bool is_alive(struct put_job *job, const struct upload_journal *journal)
{
	const struct object_id *pack = upload_journal_pack(journal);
	bool has_ended;

	return !pack ||
	       (!session_has_ended(job->run.store, pack->session, &has_ended, NULL) && !has_ended);
}

struct upload_journal *put_open_upload(struct put_run *run, const struct large_item *large,
				       uint64_t size_bytes)
{
	struct put_job *job = (struct put_job *)run;
	struct upload_place place = { .cache_dir = run->uploads.cache_dir,
				      .repository_id = repository_id(job->repository),
				      .tree = bytes_view(&run->uploads.tree),
				      .path = large->item.path,
				      .size_bytes = size_bytes };
	struct upload_journal *journal;

	if (!place.cache_dir || size_bytes < CONTINUED_MIN_BYTES)
		return NULL;
	if (upload_journal_open(&journal, &place, NULL)) {
		count_ignored(run);
		return NULL;
	}
	if (upload_journal_was_damaged(journal))
		count_ignored(run);
	if (is_alive(job, journal))
		return journal;
	count_ignored(run);
	give_up(job, journal);
	return upload_journal_open(&journal, &place, NULL) ? NULL : journal;
}
