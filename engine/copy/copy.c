#include "engine/copy/copy.h"

#include <stdlib.h>

#include "engine/copy/copy_internal.h"

/* --- memory ----------------------------------------------------------------------------------- */

#define MIB ((uint64_t)1 << 20)

/* Of the memory. There may be two tables and two indexes: of each algorithm that is met. */
#define TABLE_SHARE 8
#define SPILL_SHARE 8
#define FIXED_BYTES (16 * MIB) /* three cursors, a block and a leaf of the version, the program */

/* A worker's: its buffer, chunks of large blobs, batches, a pack's directory in progress. */
#define WORKER_BYTES (GET_BUFFER_BYTES + 4 * MIB)

/* All packs in progress must leave room in the table (planners/memory/memory.c). */
#define TABLE_RECORD_BYTES 68
#define TABLE_PACK_SHARE   64

/* Who holds what, for people. */
static void tell_memory(const struct copy *copy, struct muster_memory *out)
{
	const struct {
		const char *name;
		uint64_t bytes;
	} parts[] = {
		{ "buffers of workers", copy->worker_count * WORKER_BYTES },
		{ "tables of blobs", 2 * copy->table_bytes },
		{ "places of entries", copy->spill_bytes },
		{ "versions", FIXED_BYTES },
	};

	if (!out)
		return;
	out->worker_count = copy->worker_count;
	out->part_count = sizeof(parts) / sizeof(parts[0]);
	for (size_t i = 0; i < out->part_count; i++) {
		out->parts[i].name = parts[i].name;
		out->parts[i].bytes = parts[i].bytes;
	}
}

static void divide_memory(struct copy *copy)
{
	uint64_t memory = copy->job.memory_bytes, used, workers;

	copy->table_bytes = memory / TABLE_SHARE;
	copy->spill_bytes = memory / SPILL_SHARE;
	copy->pack_max_blobs = copy->table_bytes / TABLE_RECORD_BYTES / TABLE_PACK_SHARE;
	if (copy->pack_max_blobs > BLOB_PACK_MAX_BLOBS)
		copy->pack_max_blobs = BLOB_PACK_MAX_BLOBS;
	used = 2 * copy->table_bytes + copy->spill_bytes + FIXED_BYTES;
	workers = memory > used ? (memory - used) / WORKER_BYTES : 1;
	if (workers < 1)
		workers = 1;
	if (workers > copy->job.worker_count)
		workers = copy->job.worker_count;
	copy->worker_count = (unsigned)workers;
	tell_memory(copy, copy->job.memory);
}

/* --- which artifacts -------------------------------------------------------------------------- */

static bool is_itself(const struct copy *copy, const struct collection_name *from)
{
	return copy->source == copy->target && view_equal(from->entity, copy->to.entity) &&
	       view_equal(from->project, copy->to.project) && view_equal(from->name, copy->to.name);
}

static const char *type_of(const struct collection *from, struct bytes *text,
			   struct muster_error *err)
{
	if (bytes_append_view(text, collection_versions(from)->type, err) ||
	    bytes_append_byte(text, '\0', err))
		return NULL;
	return (const char *)text->ptr;
}

static enum muster_code copy_artifact(struct copy *copy, const struct collection_name *name,
				      struct collection *from, struct muster_error *err)
{
	struct collection *to = NULL;
	struct bytes text = { 0 };
	const char *type = type_of(from, &text, err);
	enum muster_code code = type ? MUSTER_OK : MUSTER_E_MEMORY;

	if (!code && is_itself(copy, name))
		code = muster_fail(err, MUSTER_E_USAGE,
				   "'%.*s' would be copied into itself: name another repository, "
				   "or another name",
				   VIEW_ARGS(name->name));
	if (!code)
		code = collection_open_or_intend(&to, copy->target, &copy->to, type, err);
	if (!code && !copy_keeps_links(copy, from))
		code = collection_check_saves(to, err);
	if (!code)
		code = copy->options->all ? copy_all(copy, from, to, err)
					  : copy_one(copy, from, to, copy->request->alias, err);
	if (!code && copy->options->all)
		code = copy_words_of_all(from, to, err);
	collection_close(to);
	bytes_release(&text);
	return code;
}

static enum muster_code copy_named(struct copy *copy, struct muster_error *err)
{
	struct collection *from;
	enum muster_code code =
		collection_open(&from, copy->source, &copy->request->from, NULL, err);

	if (code)
		return code;
	copy->to = copy->request->to;
	code = copy_artifact(copy, &copy->request->from, from, err);
	atomic_store(&copy->progress->total_is_known, true);
	collection_close(from);
	return code;
}

/* What failed for one artifact does not stop the others. Links come when what they link is there.
 */
struct every {
	struct copy *copy;
	bool has_portfolios, is_their_turn;
	struct muster_error items; /* the last one whose items failed */
};

static enum muster_code copy_in_turn(struct every *every, const struct collection_name *name,
				     struct collection *from, struct muster_error *err)
{
	bool is_portfolio = collection_versions(from)->is_portfolio;

	every->has_portfolios |= is_portfolio;
	if (is_portfolio != every->is_their_turn)
		return MUSTER_OK;
	every->copy->to = *name;
	return copy_artifact(every->copy, name, from, err);
}

static enum muster_code copy_listed(void *state, const struct collection_listing *listing,
				    struct muster_error *err)
{
	struct every *every = state;
	struct collection_name name = { listing->entity, listing->project, listing->name };
	struct muster_error why = { 0 };
	struct collection *from;
	enum muster_code code = collection_open(&from, every->copy->source, &name, NULL, &why);

	if (code == MUSTER_E_NAME) /* deleted, its name not free yet */
		return MUSTER_OK;
	if (!code) {
		code = copy_in_turn(every, &name, from, &why);
		collection_close(from);
	}
	if (code == MUSTER_E_ITEMS) {
		every->items = why;
		return MUSTER_OK;
	}
	if (code && err)
		*err = why;
	return code;
}

static enum muster_code copy_every(struct copy *copy, struct muster_error *err)
{
	struct every every = { .copy = copy };
	struct view all = { 0 };
	enum muster_code code =
		repository_collections(copy->source, all, all, copy_listed, &every, err);

	every.is_their_turn = true;
	if (!code && every.has_portfolios)
		code = repository_collections(copy->source, all, all, copy_listed, &every, err);
	if (!code && every.items.code) {
		*err = every.items;
		code = err->code;
	}
	return code;
}

/* --- a run ------------------------------------------------------------------------------------ */

/* Several versions may have an entry of this path. */
static void on_failure(void *state, const char *path, uint64_t path_bytes,
		       const struct muster_error *error)
{
	struct copy *copy = state;
	struct muster_error told = *error;

	if (copy->options->all)
		muster_context(&told, "of '%s'", copy->version_text);
	copy->options->job.on_failure(copy->options->job.on_failure_state, path, path_bytes, &told);
}

static enum muster_code init(struct copy *copy, const struct copy_request *request,
			     const struct muster_copy_options *options,
			     struct muster_copy_report *report, struct muster_error *err)
{
	copy->request = request;
	copy->options = options;
	copy->report = report;
	copy->source = request->source;
	copy->target = request->target;
	copy->store = repository_store(request->target);
	copy->has_identity = repository_has_identity(request->target);
	copy->job = options->job;
	copy->job.on_failure = options->job.on_failure ? on_failure : NULL;
	copy->job.on_failure_state = copy;
	copy->progress = options->job.progress ? options->job.progress : &copy->own_progress;
	pthread_mutex_init(&copy->blobs.lock, NULL);
	pthread_mutex_init(&copy->session.lock, NULL);
	divide_memory(copy);
	copy->packers =
		calloc((size_t)copy->worker_count * COPY_ALGORITHMS, sizeof(*copy->packers));
	return copy->packers ? MUSTER_OK : muster_fail_memory(err, "packs in progress");
}

static void fill_counts(struct copy *copy)
{
	struct muster_copy_report *report = copy->report;

	report->read_bytes = atomic_load(&copy->progress->read_bytes);
	for (size_t i = 0; i < COPY_ALGORITHMS; i++) {
		struct blob_counts counts = { 0 };

		if (copy->blobs.of[i])
			counts = blob_set_counts(copy->blobs.of[i]);
		report->packed_blobs += counts.packed_count;
		report->packed_bytes += counts.packed_bytes;
		report->shared_blobs += counts.shared_count;
		report->shared_bytes += counts.shared_bytes;
		report->written_bytes += counts.packed_bytes;
		report->digest_collisions += counts.collision_count;
	}
}

static void release(struct copy *copy)
{
	copy_links_release(copy);
	copy_close_blobs(copy);
	pthread_mutex_destroy(&copy->session.lock);
	pthread_mutex_destroy(&copy->blobs.lock);
	free(copy);
}

enum muster_code copy_run(const struct copy_request *request,
			  const struct muster_copy_options *options,
			  struct muster_copy_report *report, struct muster_error *err)
{
	struct muster_error own = { 0 };
	struct copy *copy = calloc(1, sizeof(*copy));
	enum muster_code code;

	err = err ? err : &own;
	*report = (struct muster_copy_report){ 0 };
	if (!copy)
		return muster_fail_memory(err, "a copy");
	code = init(copy, request, options, report, err);
	if (!code)
		code = request->from.name.len ? copy_named(copy, err) : copy_every(copy, err);
	fill_counts(copy);
	release(copy);
	return code;
}
