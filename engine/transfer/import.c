#include <fcntl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "artifact/digest.h"
#include "base/text/encode.h"
#include "base/text/text.h"
#include "engine/transfer/import_internal.h"

#define SPILL_SHARE 8 /* of the memory */

static void init(struct import_run *run, struct repository *repository,
		 const struct muster_import_options *options, struct muster_put_report *report)
{
	run->options = options;
	run->report = report;
	run->progress = options->job.progress ? options->job.progress : &run->own_progress;
	run->repository = repository;
	run->store = repository_store(repository);
	run->from_fd = -1;
	run->manifest.fd = -1;
	pthread_mutex_init(&run->manifest.lock, NULL);
	pthread_mutex_init(&run->blobs.lock, NULL);
	pthread_mutex_init(&run->ready.lock, NULL);
	pthread_mutex_init(&run->carried.lock, NULL);
	pthread_mutex_init(&run->failure.lock, NULL);
}

static void release(struct import_run *run)
{
	import_read_close(run);
	spill_free(run->ready.entries);
	bytes_release(&run->ready.value);
	for (size_t i = 0; i < IMPORT_ALGORITHM_MAX; i++)
		blob_set_close(run->blobs.of[i]);
	index_set_close(run->index);
	version_writer_close(run->writer);
	version_reader_close(run->shared);
	session_close(run->session);
	collection_close(run->collection);
	if (run->from_fd >= 0)
		close(run->from_fd); /* opened read-only: nothing can be lost here */
	import_carried_release(run);
	pthread_mutex_destroy(&run->failure.lock);
	pthread_mutex_destroy(&run->ready.lock);
	pthread_mutex_destroy(&run->blobs.lock);
	pthread_mutex_destroy(&run->manifest.lock);
	free(run);
}

/* --- beginning ------------------------------------------------------------------------------ */

static enum muster_code open_from(struct import_run *run, struct muster_error *err)
{
	const char *from = run->options->from;

	if (!from)
		return MUSTER_OK;
	run->from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->from_fd >= 0)
		return MUSTER_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return muster_fail(err, MUSTER_E_NAME, "there is no directory '%s'", from);
	return muster_fail_errno(err, "open '%s'", from);
}

static enum muster_code open_collection(struct import_run *run, struct muster_error *err)
{
	const struct muster_import_options *options = run->options;
	struct collection_name name = { view_text(options->entity), view_text(options->project),
					view_text(options->name) };
	enum muster_code code = collection_open_or_intend(&run->collection, run->repository, &name,
							  options->type ? options->type : "", err);

	if (!code)
		code = collection_check_saves(run->collection, err);
	if (!code)
		code = repository_read_gc(run->repository, err);
	run->gc_head = repository_gc_head(run->repository);
	return code;
}

/* Leaves are shared with the latest version, if it vouches for them. */
static enum muster_code open_shared(struct import_run *run, struct muster_error *err)
{
	static const struct version_reader_options with_placement = { .with_placement = true };
	const struct version *latest = collection_latest(run->collection);

	if (!latest || !repository_vouches(run->repository, collection_log_name(run->collection),
					   latest->event))
		return MUSTER_OK;
	return version_reader_open(&run->shared, run->store, &latest->manifest, &with_placement,
				   err);
}

bool import_is_usable(void *repository, const struct object_id *pack, uint32_t ordinal)
{
	return repository_standing(repository, pack) == GC_LIVE &&
	       !repository_is_bad(repository, pack, ordinal);
}

static enum muster_code open_index(struct import_run *run, struct muster_error *err)
{
	enum muster_code code =
		index_set_open(&run->index, run->store, repository_id(run->repository), err);

	if (!code)
		index_set_restrict(run->index, import_is_usable, run->repository);
	return code;
}

static enum muster_code begin_session(struct import_run *run, struct muster_error *err)
{
	char what[256];

	snprintf(what, sizeof(what), "import %s", run->options->name);
	return session_begin(&run->session, run->repository, what, NULL, err);
}

static enum muster_code begin(struct import_run *run, struct muster_error *err)
{
	struct spill_options spill = { .memory_max_bytes =
					       run->options->job.memory_bytes / SPILL_SHARE };
	enum muster_code code = intake_form_of(&run->options->job, &run->form, err);

	run->ring_bytes =
		intake_ring_bytes(run->options->job.memory_bytes, run->options->job.worker_count);
	if (!code)
		code = import_read_open(run, err);
	if (!code)
		code = open_from(run, err);
	if (!code)
		code = open_collection(run, err);
	if (!code)
		code = open_shared(run, err);
	if (!code)
		code = begin_session(run, err);
	if (!code)
		code = effects_random(repository_effects(run->repository), run->version_id, 16,
				      err);
	if (!code)
		code = open_index(run, err);
	return code ? code : spill_new(&run->ready.entries, &spill, err);
}

/* --- ending --------------------------------------------------------------------------------- */

/* What was packed is found by the next run, whatever becomes of this one. */
static enum muster_code keep_work(struct import_run *run, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < IMPORT_ALGORITHM_MAX && !code; i++)
		if (run->blobs.of[i])
			code = blob_set_finish(run->blobs.of[i], err);
	return code;
}

static void fill_counts(struct import_run *run)
{
	struct muster_put_report *report = run->report;

	if (run->writer)
		report->written_bytes = version_writer_counts(run->writer).written_bytes;
	report->read_files = atomic_load(&run->progress->read_files);
	report->read_bytes = atomic_load(&run->progress->read_bytes);
	for (size_t i = 0; i < IMPORT_ALGORITHM_MAX; i++) {
		struct blob_counts counts = { 0 };

		if (run->blobs.of[i])
			counts = blob_set_counts(run->blobs.of[i]);
		report->packed_blobs += counts.packed_count;
		report->packed_bytes += counts.packed_bytes;
		report->shared_blobs += counts.shared_count;
		report->shared_bytes += counts.shared_bytes;
		report->written_bytes += counts.packed_bytes;
		report->digest_collisions += counts.collision_count;
	}
}

static void describe_content(struct import_run *run)
{
	const struct manifest_footer *footer = run->footer;
	struct muster_put_report *report = run->report;

	artifact_digest_hex(footer->artifact_digest, report->digest);
	hex_encode(report->root, footer->content_root, sizeof(footer->content_root));
	report->root[64] = '\0';
	report->entry_count = footer->entry_count;
	report->size_bytes = footer->size_bytes;
}

static enum muster_code still_relies(void *state, struct repository *repository,
				     struct muster_error *err)
{
	const struct import_run *run = state;

	if (repository_gc_head(repository) == run->gc_head)
		return MUSTER_OK;
	return muster_fail(
		err, MUSTER_E_CONFLICT,
		"the repository was collected meanwhile: the same command does it again");
}

static enum muster_code write_manifest(void *state, struct save_request *request,
				       struct muster_error *err)
{
	struct import_run *run = state;

	return version_writer_write(run->writer, collection_id(run->collection),
				    request->version_id, &request->manifest, err);
}

static enum muster_code save(struct import_run *run, struct muster_error *err)
{
	const struct muster_import_options *options = run->options;
	struct save_request request = { .session = run->session,
					.footer = run->footer,
					.write = write_manifest,
					.write_state = run,
					.description = options->description,
					.metadata = options->metadata,
					.aliases = options->aliases,
					.alias_count = options->alias_count,
					.tags = options->tags,
					.tag_count = options->tag_count,
					.run = options->run,
					.relies = still_relies,
					.relies_state = run };
	struct save_result result;
	enum muster_code code;

	memcpy(request.version_id, run->version_id, 16);
	code = collection_save(run->collection, &request, &result, err);
	if (code)
		return code;
	run->report->is_committed = true;
	run->report->is_new = result.is_new;
	run->report->version_number = result.version_number;
	memcpy(run->report->reason, result.reason, sizeof(run->report->reason));
	return MUSTER_OK;
}

static enum muster_code commit(struct import_run *run, struct muster_error *err)
{
	unsigned long long failed = (unsigned long long)run->report->failed_items;
	enum muster_code code;

	if (failed && !run->options->commit_partial)
		return muster_fail(err, MUSTER_E_ITEMS,
				   "%llu %s failed: nothing was committed (--commit-partial "
				   "commits the others)",
				   failed, text_plural(failed, "entry", "entries"));
	code = import_complete(run, err);
	if (code)
		return code;
	describe_content(run);
	code = save(run, err);
	if (!code && failed)
		code = muster_fail(err, MUSTER_E_ITEMS, "%llu %s failed; the others were committed",
				   failed, text_plural(failed, "entry", "entries"));
	return code;
}

static enum muster_code run_import(struct import_run *run, struct muster_error *err)
{
	enum muster_code code = begin(run, err);

	if (!code)
		code = import_work(run, err);
	if (!code)
		code = keep_work(run, err);
	if (!code && atomic_load(&run->progress->cancel))
		code = muster_fail(
			err, MUSTER_E_CANCELLED,
			"interrupted: what was done is kept, the same command continues");
	return code ? code : commit(run, err);
}

enum muster_code import_run(struct repository *repository,
			    const struct muster_import_options *options,
			    struct muster_put_report *report, struct muster_error *err)
{
	struct muster_error own = { 0 };
	struct import_run *run = calloc(1, sizeof(*run));
	enum muster_code code;

	*report = (struct muster_put_report){ 0 };
	if (!run)
		return muster_fail_memory(err, "an import");
	init(run, repository, options, report);
	code = run_import(run, err ? err : &own);
	fill_counts(run);
	release(run);
	return code;
}
