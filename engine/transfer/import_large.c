/* Large files of an import, side by side: hashed while they are packed, and dropped if one is
 * another than the manifest says. Where a stored blob has exactly its size it is hashed first. */
#include "engine/transfer/import_internal.h"

#include <stdlib.h>

#include "base/text/text.h"

/* One on its way. */
struct import_large {
	struct import_item *item; /* NULL: free */
	struct blob_set *set;
	struct blob_stream *stream; /* NULL: it is only hashed */
	bool is_hashed_first;	    /* some stored blob has its size */
	bool is_new;		    /* ... but is not it */
};

static enum muster_code next(void *state, struct long_file *out, struct muster_error *err)
{
	struct import_worker *worker = state;
	struct import_large *large = worker->large.slots;
	struct import_item *item;

	(void)err;
	if (worker->large.next == worker->large.count)
		return MUSTER_END;
	item = worker->large.items[worker->large.next++];
	while (large->item) /* there are as many as a long intake reads at once */
		large++;
	*large = (struct import_large){ .item = item };
	*out = (struct long_file){ .dir_fd = worker->run->from_fd,
				   .name = item->name,
				   .cookie = large,
				   .algorithm = item->entry.algorithm };
	return MUSTER_OK;
}

static enum muster_code begin(void *state, void *cookie, const struct file_stat *found,
			      struct muster_error *err)
{
	struct import_worker *worker = state;
	struct import_large *large = cookie;
	const struct entry *entry = &large->item->entry;
	struct muster_error error = { 0 };
	enum muster_code code;

	if (entry->has_size && entry->size_bytes != found->size_bytes) {
		muster_fail(&error, MUSTER_E_DIGEST, "the file has %llu %s, the manifest says %llu",
			    (unsigned long long)found->size_bytes,
			    text_plural(found->size_bytes, "byte", "bytes"),
			    (unsigned long long)entry->size_bytes);
		import_fail_item(worker->run, large->item, &error);
		return MUSTER_END;
	}
	code = import_need_set(worker->run, entry->algorithm, &large->set, err);
	if (code)
		return code;
	large->is_hashed_first =
		!large->is_new && blob_set_has_large_size(large->set, found->size_bytes);
	return large->is_hashed_first ? MUSTER_OK
				      : blob_stream_begin(&large->stream, large->set, NULL, err);
}

static enum muster_code chunk(void *state, void *cookie, struct view data, struct muster_error *err)
{
	struct import_large *large = cookie;

	(void)state;
	return large->stream ? blob_stream_append(large->stream, data, err) : MUSTER_OK;
}

/* Its bytes are those of the manifest: packed by now, or stored already, or to be packed. */
static enum muster_code finish(struct import_large *large, bool *again, struct muster_error *err)
{
	struct blob_key key = import_key(large->item);
	struct blob_stream *stream = large->stream;
	enum muster_code code;

	large->stream = NULL;
	if (stream)
		return blob_stream_finish(stream, &key, &large->item->place, err);
	code = blob_set_find(large->set, &key, &large->item->place, err);
	if (!code)
		blob_set_count_shared(large->set, key.size_bytes);
	*again = large->is_new = code == MUSTER_ABSENT;
	return *again ? MUSTER_OK : code;
}

static enum muster_code settle(struct import_worker *worker, struct import_large *large,
			       const struct long_answer *answer, bool *again,
			       struct muster_error *err)
{
	bool has_identity = repository_has_identity(worker->run->repository);
	struct muster_error error = { 0 };

	if (!answer->code && !import_accept(large->item, answer->fingerprint,
					    answer->found.size_bytes, has_identity, &error))
		return finish(large, again, err);
	blob_stream_abort(large->stream);
	large->stream = NULL;
	/* It has failed already; or the run stops, and that is no fault of its. */
	if (answer->code == MUSTER_END || answer->code == MUSTER_E_CANCELLED)
		return MUSTER_OK;
	return import_unread(worker, large->item, answer->code ? answer->error : &error, err);
}

static enum muster_code end(void *state, void *cookie, const struct long_answer *answer,
			    bool *again, struct muster_error *err)
{
	struct import_worker *worker = state;
	struct import_large *large = cookie;
	enum muster_code code = settle(worker, large, answer, again, err);

	if (!code && *again)
		return MUSTER_OK;
	if (!code && !answer->code && !large->item->is_failed)
		import_count_read(worker->run, 1, 0);
	large->item = NULL;
	return code;
}

static bool is_stopping(void *run)
{
	return import_is_stopping(run);
}

static enum muster_code need_intake(struct import_worker *worker, struct muster_error *err)
{
	struct long_ops ops = { .state = worker,
				.next = next,
				.begin = begin,
				.chunk = chunk,
				.end = end,
				.is_stopping = is_stopping,
				.run = worker->run,
				.read_bytes = &worker->run->progress->read_bytes };
	struct hash_options hashing = import_hashing(worker->run, DIGEST_MD5);

	if (worker->large.intake)
		return MUSTER_OK;
	if (!worker->large.slots)
		worker->large.slots = calloc(LONG_INTAKE_FILES, sizeof(*worker->large.slots));
	if (!worker->large.slots)
		return muster_fail_memory(err, "large files");
	return long_intake_open(&worker->large.intake, &hashing, &ops, err);
}

enum muster_code import_large(struct import_worker *worker, struct muster_error *err)
{
	enum muster_code code = need_intake(worker, err);

	return code ? code : long_intake_run(worker->large.intake, err);
}

void import_large_release(struct import_worker *worker)
{
	long_intake_close(worker->large.intake);
	free(worker->large.slots);
}
