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
	if (!verification_has(&item->entry, fingerprint, existing->hashing->has_identity)) {
		item->has_stat = false;
		differs(existing, item);
		return;
	}
	item->fate = GET_KEPT;
	/* Whoever writes to it in the same tick of the clock would not be seen. */
	item->has_stat = item->has_stat && item->stat.mtime_ns < existing->start_ns &&
			 item->stat.ctime_ns < existing->start_ns;
}

static void judge_hashed(void *state, void *cookie, const struct fingerprint *fingerprint)
{
	judge(state, cookie, fingerprint);
}

void get_existing_init(struct get_existing *existing)
{
	existing->hashing->fn = judge_hashed;
	existing->hashing->state = existing;
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
	const struct sys_ops *sys = existing->tree->job->sys;
	uint64_t size_bytes = item->stat.size_bytes;
	struct muster_error error = { 0 };
	uint8_t *room;
	ssize_t got;
	int fd;
	enum muster_code code;

	code = get_hashing_room(existing->hashing, item->entry.algorithm, size_bytes, &room, err);
	if (code)
		return code;
	code = open_file(existing, item, &fd, &error);
	if (code) {
		unreadable(existing, item, code, &error);
		return MUSTER_OK;
	}
	got = sys_read_full(sys, fd, room, size_bytes + 1);
	if (got < 0)
		muster_fail_errno(&error, "read it");
	else if ((uint64_t)got != size_bytes)
		muster_fail(&error, MUSTER_E_CHANGED, "it changes while it is read");
	sys_close(sys, fd);
	if (error.code) {
		unreadable(existing, item, error.code, &error);
		return MUSTER_OK;
	}
	get_count(&existing->tree->job->progress->read_files, 1);
	get_count(&existing->tree->job->progress->read_bytes, size_bytes);
	get_hashing_add(existing->hashing, size_bytes, item);
	return MUSTER_OK;
}

enum muster_code get_existing_check(struct get_existing *existing, struct get_batch *batch,
				    struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->count && !code; i++) {
		struct get_item *item = &batch->items[i];

		if (item->fate != GET_WANTED || get_item_is_large(item) ||
		    !must_read(existing, item))
			continue;
		if (item->stat.size_bytes > PACK_BLOB_MAX_BYTES)
			code = get_existing_check_large(existing, item, err); /* a reference */
		else
			code = read_small(existing, item, err);
		if (get_is_stopping(existing->tree->job))
			break;
	}
	return code ? code : get_hashing_flush(existing->hashing, err);
}

static enum muster_code hash_large(struct get_existing *existing, int fd, struct hasher *hasher,
				   struct fingerprint *out, struct muster_error *error)
{
	struct get_job *job = existing->tree->job;
	uint8_t *buffer = existing->hashing->buffer;
	uint64_t done = 0;
	enum muster_code code;
	size_t got;

	hash_begin(hasher);
	while (!(code = file_read_at(fd, done, buffer, GET_CHUNK_BYTES, &got, error)) && got) {
		if (get_is_stopping(job))
			return muster_fail(error, MUSTER_E_CANCELLED, "interrupted");
		hash_update(hasher, view_of(buffer, got));
		get_count(&job->progress->read_bytes, got);
		done += got;
	}
	hash_end(hasher, out);
	return code;
}

enum muster_code get_existing_check_large(struct get_existing *existing, struct get_item *item,
					  struct muster_error *err)
{
	struct muster_error error = { 0 };
	struct fingerprint fingerprint;
	struct hasher *hasher;
	int fd;
	enum muster_code code;

	code = get_hashing_flush(existing->hashing, err); /* its buffer is needed */
	if (code || (get_item_is_large(item) && !must_read(existing, item)))
		return code;
	code = get_hashing_hasher(existing->hashing, item->entry.algorithm, &hasher, err);
	if (code)
		return code;
	code = open_file(existing, item, &fd, &error);
	if (!code) {
		code = hash_large(existing, fd, hasher, &fingerprint, &error);
		sys_close(existing->tree->job->sys, fd);
	}
	if (code == MUSTER_E_CANCELLED)
		return MUSTER_OK; /* still wanted, and the run is stopping */
	if (code)
		unreadable(existing, item, code, &error);
	else
		judge(existing, item, &fingerprint);
	return MUSTER_OK;
}
