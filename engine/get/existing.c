#include "engine/get/existing.h"

#include "planners/verification/verification.h"

static void differs(struct get_existing *existing, struct get_item *item)
{
	struct muster_error error = { 0 };

	item->may_replace = existing->overwrite;
	if (existing->overwrite)
		return;
	muster_fail(&error, MUSTER_E_REFUSED,
		    "a file is there already, and is not the version's (--overwrite replaces it)");
	get_item_fail(item, &error);
}

static void judge(struct get_existing *existing, struct get_item *item,
		  const struct fingerprint *fingerprint)
{
	if (!verification_has(&item->entry, fingerprint, existing->tree->job->has_identity)) {
		item->has_stat = false;
		differs(existing, item);
		return;
	}
	item->fate = GET_KEPT;
	/* Whoever writes to it in the same tick of the clock would not be seen. */
	item->has_stat = item->has_stat && item->stat.mtime_ns < existing->start_ns &&
			 item->stat.ctime_ns < existing->start_ns;
}

/* An intake_done_fn. */
static enum muster_code small_is_hashed(void *state, void *cookie,
					const struct intake_answer *answer,
					struct muster_error *err)
{
	(void)err;
	if (!answer->code)
		judge(state, cookie, answer->fingerprint);
	return MUSTER_OK;
}

void get_existing_init(struct get_existing *existing)
{
	get_hashing_init(&existing->hashing, existing->tree->job, small_is_hashed, existing);
}

void get_existing_release(struct get_existing *existing)
{
	get_hashing_release(&existing->hashing);
}

/* Must its bytes be read to know? */
static bool must_read(struct get_existing *existing, struct get_item *item)
{
	struct muster_error error = { 0 };
	struct file_stat now;
	enum get_kind kind;
	enum muster_code code =
		get_tree_look(existing->tree, item->entry.path, &kind, &now, &error);

	if (code == MUSTER_ABSENT)
		return false;
	if (code) {
		get_item_fail(item, &error);
		return false;
	}
	if (kind == GET_KIND_DIRECTORY) {
		muster_fail(&error, MUSTER_E_REFUSED,
			    "a directory is there, which no option replaces: remove it, or name "
			    "another directory");
		get_item_fail(item, &error);
		return false;
	}
	if (kind == GET_KIND_OTHER || item->entry.algorithm == DIGEST_TEXT ||
	    (item->entry.has_size && item->entry.size_bytes != now.size_bytes)) {
		differs(existing, item);
		return false;
	}
	if (item->has_known && file_stat_equal(&now, &item->known)) {
		judge(existing, item, &item->known_fingerprint);
		item->has_stat = false; /* the stat cache has it */
		return false;
	}
	item->stat = now;
	return true;
}

/* An answer of MUSTER_ABSENT: it is gone by now. Failures are the item's. */
static enum muster_code open_file(struct get_existing *existing, struct get_item *item, int *fd,
				  struct muster_error *error)
{
	struct file_stat now;
	enum muster_code code =
		tree_writer_open_read(existing->tree->writer, item->entry.path, fd, error);

	if (code)
		return code;
	code = file_stat_fd(*fd, &now, error);
	if (!code && !file_stat_equal(&now, &item->stat))
		code = muster_fail(error, MUSTER_E_CHANGED, "it changes while it is read");
	if (code)
		sys_close(existing->tree->job->sys, *fd);
	item->has_stat = !code;
	return code;
}

/* What cannot be read is replaced where that is allowed. */
static void unreadable(struct get_existing *existing, struct get_item *item, enum muster_code code,
		       const struct muster_error *error)
{
	if (code == MUSTER_ABSENT)
		return;
	item->has_stat = false;
	if (existing->overwrite)
		item->may_replace = true;
	else
		get_item_fail(item, error);
}

static enum muster_code read_small(struct get_existing *existing, struct get_item *item,
				   struct muster_error *err)
{
	struct muster_error error = { 0 };
	enum muster_code code;
	int fd;

	code = open_file(existing, item, &fd, &error);
	if (code) {
		unreadable(existing, item, code, &error);
		return MUSTER_OK;
	}
	code = get_hashing_read(&existing->hashing, item->entry.algorithm, fd,
				item->stat.size_bytes, item, &error, err);
	if (error.code)
		unreadable(existing, item, error.code, &error);
	return code;
}

/* --- large files, side by side ---------------------------------------------------------------- */

static enum muster_code next_large(void *state, struct long_file *out, struct muster_error *err)
{
	struct get_existing *existing = state;
	const struct get_larges *larges = existing->larges;
	struct get_item *item;

	while ((item = larges->next(larges->state))) {
		enum muster_code code;

		*out = (struct long_file){ .cookie = item, .algorithm = item->entry.algorithm };
		if (must_read(existing, item))
			return MUSTER_OK;
		code = larges->end(larges->state, item, err);
		if (code)
			return code;
	}
	return MUSTER_END;
}

/* As long_ops.open. */
static enum muster_code open_large(void *state, void *cookie, int *fd, struct file_stat *found,
				   struct muster_error *error)
{
	struct get_item *item = cookie;
	enum muster_code code = open_file(state, item, fd, error);

	if (!code)
		*found = item->stat;
	return code;
}

static enum muster_code end_large(void *state, void *cookie, const struct long_answer *answer,
				  bool *again, struct muster_error *err)
{
	struct get_existing *existing = state;
	const struct get_larges *larges = existing->larges;
	struct get_item *item = cookie;

	(void)again;
	if (!answer->code)
		judge(existing, item, answer->fingerprint);
	else if (answer->code != MUSTER_E_CANCELLED) /* else still wanted */
		unreadable(existing, item, answer->code, answer->error);
	return larges->end(larges->state, item, err);
}

enum muster_code get_existing_check_large(struct get_existing *existing,
					  const struct get_larges *larges, struct muster_error *err)
{
	struct long_ops ops = get_long_ops(existing->tree->job, existing);

	ops.next = next_large;
	ops.open = open_large;
	ops.end = end_large;
	existing->larges = larges;
	return get_hashing_run_large(&existing->hashing, &ops, err);
}

unsigned get_existing_count(const struct get_existing *existing)
{
	return long_intake_count(existing->hashing.large);
}

/* --- a batch ---------------------------------------------------------------------------------- */

/* Those of a batch that are too large for the intake: references, or all where memory is small. */
struct batch_larges {
	struct get_batch *batch;
	bool is_large[GET_BATCH_MAX];
	size_t at;
};

static struct get_item *next_of_batch(void *state)
{
	struct batch_larges *batch = state;

	while (batch->at < batch->batch->count)
		if (batch->is_large[batch->at++])
			return &batch->batch->items[batch->at - 1];
	return NULL;
}

static enum muster_code end_of_batch(void *state, struct get_item *item, struct muster_error *err)
{
	(void)state;
	(void)item;
	(void)err;
	return MUSTER_OK;
}

enum muster_code get_existing_check(struct get_existing *existing, struct get_batch *batch,
				    struct muster_error *err)
{
	struct batch_larges large = { .batch = batch };
	struct get_larges larges = { &large, next_of_batch, end_of_batch };
	const struct get_job *job = existing->tree->job;
	bool has_large = false;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code && !get_is_stopping(job); i++) {
		struct get_item *item = &batch->items[i];

		if (item->fate != GET_WANTED || get_item_is_large(item) ||
		    !must_read(existing, item))
			continue;
		large.is_large[i] =
			item->stat.size_bytes > get_hashing_small_max(&existing->hashing);
		has_large |= large.is_large[i];
		if (!large.is_large[i])
			code = read_small(existing, item, err);
	}
	if (!code)
		code = get_hashing_drain(&existing->hashing, err);
	return code || !has_large ? code : get_existing_check_large(existing, &larges, err);
}
