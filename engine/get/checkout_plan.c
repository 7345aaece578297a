/* Pass 1: what becomes of each path. Nothing is changed; what the plan says goes to spools. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/get/checkout.h"
#include "engine/get/hashing.h"
#include "engine/get/line.h"
#include "engine/get/notes.h"
#include "io/file/tree_writer.h"

struct plan_worker {
	struct checkout_run *run;
	struct get_hashing hashing;
	struct get_tree tree;
	struct get_found_batch *batch; /* whose large files are read */
	size_t next_large;
};

/* --- what directory readers see --------------------------------------------------------------- */

/* The walk's readers ask this for every directory before they enter it. Links to directories are
 * not entered: what is behind them is somebody else's. It looks at the tree, which the contract of
 * a walk does not foresee; it may be called from any thread, and asks no more than twice. */
static bool look_at_directory(struct checkout_run *run, struct view path)
{
	char text[ENTRY_PATH_MAX_BYTES + 1];
	bool is_repository = false, is_link;
	struct muster_error error = { 0 };
	struct stat st;

	if (path.len >= sizeof(text))
		return true;
	memcpy(text, path.ptr, path.len);
	text[path.len] = '\0';
	if (fstatat(run->target.root_fd, text, &st, AT_SYMLINK_NOFOLLOW))
		return true;
	is_link = S_ISLNK(st.st_mode);
	if (is_link && (fstatat(run->target.root_fd, text, &st, 0) || !S_ISDIR(st.st_mode)))
		return true; /* a link to a file, or to nothing */
	if (!is_link)
		get_is_repository(&run->job, run->target.root_fd, text, &is_repository, &error);
	if (!is_link && !is_repository && !error.code)
		return true;
	pthread_mutex_lock(&run->seen.lock);
	if (is_link && ++run->seen.link_count <= CHECKOUT_LINKS_MAX)
		bytes_append(&run->seen.links, text, path.len + 1, &run->seen.error);
	else if (is_repository && !run->seen.repository.len)
		bytes_append_view(&run->seen.repository, path, &run->seen.error);
	if (error.code)
		run->seen.error = error;
	pthread_mutex_unlock(&run->seen.lock);
	return !is_link;
}

static bool wants(const void *state, struct view path, bool is_directory)
{
	/* A walk lends what it is given as constant; this is not. */
	struct checkout_run *run = *(struct checkout_run *const *)state;

	if (run->options->rules.wanted && !get_rules_want(&run->options->rules, path, is_directory))
		return false;
	return !is_directory || look_at_directory(run, path);
}

/* --- deciding --------------------------------------------------------------------------------- */

static void decide(struct checkout_run *run, struct get_found *item)
{
	item->decision = checkout_decide(&run->rules, item->has_entry ? &item->entry : NULL,
					 item->has_file ? &item->facts : NULL,
					 item->has_record ? &item->record : NULL);
}

static enum muster_code look_up(struct checkout_run *run, struct get_found *item,
				struct muster_error *err)
{
	const struct stat_record *record, *known;
	enum muster_code code = checkout_state_find(run, item->path, &record, err);

	if (code)
		return code;
	item->has_record = record && item->has_file;
	if (item->has_record)
		item->record = *record;
	known = run->cache && item->has_file ? stat_cache_find(run->cache, item->path) : NULL;
	item->has_known = known && known->is_trusted;
	if (item->has_known)
		item->known = *known;
	item->facts.is_file = item->has_file && !item->error;
	item->facts.stat = item->stat;
	decide(run, item);
	return MUSTER_OK;
}

static enum muster_code fill(void *state, void *filled, struct muster_error *err)
{
	struct checkout_run *run = state;
	struct get_found_batch *batch = filled;
	enum muster_code code = get_merge_fill(&run->merge, batch, err);

	for (size_t i = 0; i < batch->count && !code; i++)
		code = look_up(run, &batch->items[i], err);
	if (code == MUSTER_END) {
		enum muster_code failed = checkout_state_end(run, err);

		return failed ? failed : MUSTER_END;
	}
	if (code)
		get_found_reset(batch);
	return code;
}

/* --- reading where only bytes tell ------------------------------------------------------------ */

static enum digest_algorithm algorithm_of(const struct get_found *item)
{
	if (item->has_entry && item->entry.algorithm != DIGEST_TEXT)
		return item->entry.algorithm;
	return item->has_record ? item->record.algorithm : DIGEST_MD5;
}

static void judge_hashed(struct plan_worker *worker, struct get_found *item,
			 const struct fingerprint *fingerprint)
{
	item->facts.has_fingerprint = true;
	item->facts.fingerprint = *fingerprint;
	decide(worker->run, item);
}

/* An intake_done_fn. */
static enum muster_code small_is_hashed(void *state, void *cookie,
					const struct intake_answer *answer,
					struct muster_error *err)
{
	(void)err;
	if (!answer->code)
		judge_hashed(state, cookie, answer->fingerprint);
	return MUSTER_OK;
}

static void judge_unreadable(struct plan_worker *worker, struct get_found *item)
{
	item->facts.is_unreadable = true;
	decide(worker->run, item);
}

static bool is_same(const struct found_file *found, const struct file_stat *now)
{
	return found->size_bytes == now->size_bytes && found->mtime_ns == now->mtime_ns &&
	       found->ctime_ns == now->ctime_ns && found->inode == now->inode;
}

/* The walk follows links; here they are told from files. */
static bool is_really_file(struct plan_worker *worker, struct get_found *item)
{
	struct file_stat now;
	enum get_kind kind;

	return get_tree_look(&worker->tree, item->path, &kind, &now, NULL) == MUSTER_OK &&
	       kind == GET_KIND_FILE && is_same(&item->stat, &now);
}

/* Does the stat cache know it? */
static bool judge_known(struct plan_worker *worker, struct get_found *item)
{
	const struct stat_record *known = &item->known;

	if (!item->has_known || known->algorithm != algorithm_of(item) ||
	    known->size_bytes != item->stat.size_bytes || known->mtime_ns != item->stat.mtime_ns ||
	    known->ctime_ns != item->stat.ctime_ns ||
	    (known->inode && known->inode != item->stat.inode) || !is_really_file(worker, item))
		return false;
	judge_hashed(worker, item, &known->fingerprint);
	return true;
}

/* Opened beneath the root, through no link. False: it cannot be read, or is not what was seen. */
static bool open_found(struct plan_worker *worker, struct get_found *item, int *fd)
{
	struct file_stat now;

	if (tree_writer_open_read(worker->tree.writer, item->path, fd, NULL))
		return false;
	if (file_stat_fd(*fd, &now, NULL) == MUSTER_OK && is_same(&item->stat, &now))
		return true;
	close(*fd);
	return false;
}

static enum muster_code read_small(struct plan_worker *worker, struct get_found *item,
				   struct muster_error *err)
{
	struct muster_error error = { 0 };
	enum muster_code code;
	int fd;

	if (!open_found(worker, item, &fd)) {
		judge_unreadable(worker, item);
		return MUSTER_OK;
	}
	code = get_hashing_read(&worker->hashing, algorithm_of(item), fd, item->stat.size_bytes,
				item, &error, err);
	if (error.code)
		judge_unreadable(worker, item);
	return code;
}

/* --- large files of a batch, side by side ----------------------------------------------------- */

static bool is_large(const struct plan_worker *worker, const struct get_found *item)
{
	return item->stat.size_bytes > get_hashing_small_max(&worker->hashing);
}

/* What is still to be read when all small files were. */
static enum muster_code next_large(void *state, struct long_file *out, struct muster_error *err)
{
	struct plan_worker *worker = state;

	(void)err;
	while (worker->next_large < worker->batch->count) {
		struct get_found *item = &worker->batch->items[worker->next_large++];

		if (item->decision != CHECKOUT_READ || !is_large(worker, item))
			continue;
		*out = (struct long_file){ .cookie = item, .algorithm = algorithm_of(item) };
		return MUSTER_OK;
	}
	return MUSTER_END;
}

/* As long_ops.open. */
static enum muster_code open_large(void *state, void *cookie, int *fd, struct file_stat *found,
				   struct muster_error *error)
{
	struct get_found *item = cookie;

	if (!open_found(state, item, fd))
		return muster_fail(error, MUSTER_E_CHANGED, "it is not what was seen");
	*found = (struct file_stat){ item->stat.size_bytes, item->stat.mtime_ns,
				     item->stat.ctime_ns, item->stat.inode };
	return MUSTER_OK;
}

static enum muster_code end_large(void *state, void *cookie, const struct long_answer *answer,
				  bool *again, struct muster_error *err)
{
	(void)again;
	(void)err;
	if (!answer->code)
		judge_hashed(state, cookie, answer->fingerprint);
	else if (answer->code != MUSTER_E_CANCELLED) /* else the run is stopping */
		judge_unreadable(state, cookie);
	return MUSTER_OK;
}

static enum muster_code read_large(struct plan_worker *worker, struct get_found_batch *batch,
				   struct muster_error *err)
{
	struct long_ops ops = get_long_ops(&worker->run->job, worker);

	ops.next = next_large;
	ops.open = open_large;
	ops.end = end_large;
	worker->batch = batch;
	worker->next_large = 0;
	return get_hashing_run_large(&worker->hashing, &ops, err);
}

static bool is_touched(const struct get_found *item)
{
	return item->decision == CHECKOUT_REPLACE || item->decision == CHECKOUT_DELETE;
}

/* The walk has followed links: what is to go is looked at itself, and is judged as what it is. When
 * the time comes it goes only if it still is that. */
static void look_at_touched(struct plan_worker *worker, struct get_found *item)
{
	enum get_kind kind;

	if (get_tree_look(&worker->tree, item->path, &kind, &item->planned, NULL))
		return; /* gone meanwhile */
	item->has_planned = true;
	if (kind == GET_KIND_FILE || !item->facts.is_file)
		return;
	item->facts.is_file = false;
	decide(worker->run, item);
}

static enum muster_code work(void *state, void *filled, struct muster_error *err)
{
	struct plan_worker *worker = state;
	struct get_found_batch *batch = filled;
	bool has_large = false;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code && !get_is_stopping(&worker->run->job); i++) {
		struct get_found *item = &batch->items[i];

		if (item->decision != CHECKOUT_READ || judge_known(worker, item))
			continue;
		if (is_large(worker, item))
			has_large = true;
		else
			code = read_small(worker, item, err);
	}
	if (!code)
		code = get_hashing_drain(&worker->hashing, err);
	if (!code && has_large && !get_is_stopping(&worker->run->job))
		code = read_large(worker, batch, err);
	for (size_t i = 0; i < batch->count && !code; i++)
		if (is_touched(&batch->items[i]))
			look_at_touched(worker, &batch->items[i]);
	return code;
}

/* --- what the plan says ----------------------------------------------------------------------- */

static struct stat_record found_record(const struct get_found *item)
{
	return (struct stat_record){ .path = item->path,
				     .size_bytes = item->stat.size_bytes,
				     .mtime_ns = item->stat.mtime_ns,
				     .ctime_ns = item->stat.ctime_ns,
				     .inode = item->stat.inode,
				     .algorithm = DIGEST_MD5 };
}

/* What is to go; `is_trusted`: it was there when it was looked at. */
static struct stat_record touched_record(const struct get_found *item)
{
	const struct file_stat *planned = &item->planned;

	return (struct stat_record){ .path = item->path,
				     .size_bytes = planned->size_bytes,
				     .mtime_ns = planned->mtime_ns,
				     .ctime_ns = planned->ctime_ns,
				     .inode = planned->inode,
				     .is_trusted = item->has_planned,
				     .algorithm = DIGEST_MD5 };
}

static struct stat_record kept_record(const struct checkout_run *run, const struct get_found *item)
{
	struct stat_record record = found_record(item);

	if (!item->facts.has_fingerprint) { /* its stat is the one that a checkout left */
		record = item->record;
		record.path = item->path;
		return record;
	}
	record.algorithm = item->entry.algorithm;
	record.fingerprint = item->facts.fingerprint;
	/* Whoever writes to it in the same tick of the clock would not be seen. */
	record.is_trusted = record.mtime_ns < run->start_ns && record.ctime_ns < run->start_ns;
	return record;
}

static enum muster_code keep(struct checkout_run *run, const struct get_found *item,
			     struct muster_error *err)
{
	struct stat_record record = kept_record(run, item);

	run->report->kept_files++;
	get_count(&run->job.progress->done_files, 1);
	get_count(&run->job.progress->done_bytes, item->entry.size_bytes);
	return get_spool_add(&run->kept, &record, err);
}

/* Until it is done, the file is what the old record says. */
static enum muster_code touch(struct checkout_run *run, const struct get_found *item,
			      struct get_spool *spool, struct muster_error *err)
{
	struct stat_record touched = touched_record(item), old;
	enum muster_code code = get_spool_add(spool, &touched, err);

	if (code || !item->has_record)
		return code;
	old = item->record;
	old.path = item->path;
	return get_spool_add(&run->pending, &old, err);
}

/* What would help depends on whether the version has something for this place. */
static enum muster_code refuse(struct checkout_run *run, const struct get_found *item,
			       struct muster_error *err)
{
	struct checkout_refused *refused = item->has_entry ? &run->must_replace : &run->must_remove;

	return checkout_name(item->has_record ? &refused->changed : &refused->unknown, item->path,
			     err);
}

static enum muster_code end_item(struct checkout_run *run, const struct get_found *item,
				 struct muster_error *err)
{
	if (item->has_entry) {
		run->report->entry_count++;
		run->report->size_bytes += item->entry.size_bytes;
	}
	if (item->is_directory)
		return checkout_name(&run->unreadable, item->path, err);
	switch (item->decision) {
	case CHECKOUT_FETCH:
		run->fetch_count++;
		run->fetch_bytes += item->entry.size_bytes;
		return MUSTER_OK;
	case CHECKOUT_KEEP:
		return keep(run, item, err);
	case CHECKOUT_REPLACE:
		run->replace_count++;
		run->replace_bytes += item->entry.size_bytes;
		return touch(run, item, &run->replaced, err);
	case CHECKOUT_DELETE:
		run->remove_count++;
		return touch(run, item, &run->removed, err);
	case CHECKOUT_REFUSE_UNKNOWN:
	case CHECKOUT_REFUSE_CHANGED:
		return refuse(run, item, err);
	case CHECKOUT_READ: /* the run is stopping */
		break;
	}
	return MUSTER_OK;
}

static enum muster_code end(void *state, void *done, struct muster_error *err)
{
	struct get_found_batch *batch = done;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++)
		code = end_item(state, &batch->items[i], err);
	get_found_reset(batch);
	return code;
}

/* --- the pass --------------------------------------------------------------------------------- */

static void close_worker(void *state)
{
	struct plan_worker *worker = state;

	if (!worker)
		return;
	get_tree_close(&worker->tree);
	get_hashing_release(&worker->hashing);
	free(worker);
}

static enum muster_code open_worker(void **out, void *state, struct get_line *line,
				    struct muster_error *err)
{
	struct checkout_run *run = state;
	struct plan_worker *worker = calloc(1, sizeof(*worker));

	(void)line;
	*out = worker;
	if (!worker)
		return muster_fail_memory(err, "a worker");
	worker->run = run;
	worker->tree = (struct get_tree){ .job = &run->job, .root_fd = run->target.root_fd };
	get_hashing_init(&worker->hashing, &run->job, small_is_hashed, worker);
	return get_tree_open(&worker->tree, err);
}

enum muster_code checkout_plan(struct checkout_run *run, struct muster_error *err)
{
	static const struct get_line_ops ops = { .batch_bytes = sizeof(struct get_found_batch),
						 .fill = fill,
						 .work = work,
						 .end = end,
						 .open_worker = open_worker,
						 .close_worker = close_worker };
	struct walk_options options = { .thread_count = GET_READERS,
					.wanted = wants,
					.wanted_state = &run };
	enum muster_code code = MUSTER_OK;

	if (run->has_root)
		code = walk_open(&run->walk, run->target.working, &options, err);
	run->merge = (struct get_merge){ .walk = run->walk,
					 .version = run->version,
					 .selection = &run->selection };
	if (!code)
		code = get_line_run(&run->job, &ops, run, err);
	get_merge_release(&run->merge);
	if (run->walk)
		walk_close(run->walk);
	run->walk = NULL;
	if (!code && run->seen.error.code) {
		*err = run->seen.error;
		code = err->code;
	}
	return code;
}
