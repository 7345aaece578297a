/* The beginning of a put: everything is opened, and what killed puts of this tree left is adopted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "artifact/record/key.h"
#include "base/text/encode.h"
#include "engine/put/put_job.h"

static enum muster_code begin_session_locked(struct put_job *job, struct muster_error *err)
{
	char what[256];

	if (job->part)
		return job->part->need_session(job->part->state, &job->session, err);
	snprintf(what, sizeof(what), "put %s", job->run.options->name);
	return session_begin(&job->session, job->repository, what, NULL, err);
}

enum muster_code put_need_session(struct put_job *job, struct session **out,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&job->session_lock);
	if (!job->session)
		code = begin_session_locked(job, err);
	*out = job->session;
	pthread_mutex_unlock(&job->session_lock);
	return code;
}

/* A blob_next_id_fn. */
static enum muster_code next_id(void *state, struct object_id *out, struct muster_error *err)
{
	struct session *session;
	enum muster_code code = put_need_session(state, &session, err);

	return code ? code : session_next_object(session, out, err);
}

struct version_writer_options put_writer_options(struct put_run *run)
{
	struct put_job *job = (struct put_job *)run;

	return (struct version_writer_options){ .algorithm = run->hashing.algorithm,
						.next_id = next_id,
						.next_id_state = job,
						.base = job->shared };
}

static enum muster_code open_base(struct put_job *job, const struct manifest_pointer *manifest,
				  struct version_reader **out, struct muster_error *err)
{
	static const struct version_reader_options with_placement = { .with_placement = true };

	if (!manifest)
		return MUSTER_OK;
	return version_reader_open(out, job->run.store, manifest, &with_placement, err);
}

/* The base that unchanged files are kept from; the same again to share leaves with, and to take
 * over what it begins with; or the one of --onto. Each is a cursor of its own. */
static enum muster_code open_bases(struct put_job *job, struct muster_error *err)
{
	const char *onto_name = job->run.options->onto;
	const struct version *version = collection_latest(job->collection), *onto = NULL;
	const struct manifest_pointer *base;
	enum muster_code code = MUSTER_OK;

	if (onto_name) {
		onto = collection_resolve(job->collection, view_text(onto_name));
		if (!onto)
			return muster_fail(err, MUSTER_E_NAME,
					   "there is no version '%s' to put onto", onto_name);
		version = onto;
	}
	base = version ? &version->manifest : NULL;
	code = open_base(job, base, &job->base, err);
	if (!code)
		code = open_base(job, base, &job->shared, err);
	if (!code)
		code = open_base(job, base, onto ? &job->onto : &job->same, err);
	job->run.plan.base = job->base;
	job->run.emit.same.base = job->same;
	job->run.emit.onto = job->onto;
	return code;
}

struct adoption {
	struct put_job *job;
	const uint8_t *session;
};

static enum muster_code adopt_pack(void *state, const char *key, uint64_t size_bytes,
				   uint64_t modified_ns, struct muster_error *err)
{
	struct adoption *adoption = state;
	struct object_id id;
	enum muster_code code;

	(void)size_bytes;
	(void)modified_ns;
	if (!key_parse_object(key, OBJECT_PACK, &id) ||
	    memcmp(id.session, adoption->session, 16) != 0)
		return MUSTER_OK;
	code = blob_set_adopt(adoption->job->run.blobs, &id, err);
	if (!code)
		adoption->job->run.report->adopted_packs++;
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* What killed puts of this tree finished is taken over: their packs are listed, each directory
 * read, and named by this run's index. */
static enum muster_code adopt_dead(struct put_job *job, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < job->dead_count && !code; i++) {
		struct adoption adoption = { job, job->dead[i] };
		char prefix[64] = "packs/";

		hex_encode(prefix + 6, job->dead[i], 16);
		prefix[6 + 32] = '\0';
		code = store_list(job->run.store, prefix, NULL, adopt_pack, &adoption, err);
	}
	return code;
}

static bool is_usable(void *state, const struct object_id *pack, uint32_t ordinal)
{
	return repository_standing(state, pack) == GC_LIVE &&
	       !repository_is_bad(state, pack, ordinal);
}

static enum muster_code open_blobs(struct put_job *job, struct muster_error *err)
{
	struct blob_set_options options = { .algorithm = job->run.hashing.algorithm,
					    .has_identity = job->run.hashing.has_identity,
					    .table_bytes = job->run.memory.table_bytes,
					    .pack_max_blobs = job->run.memory.pack_max_blobs,
					    .next_id = next_id,
					    .next_id_state = job,
					    .is_usable = is_usable,
					    .usable_state = job->repository };
	enum muster_code code;

	memcpy(options.repository_id, repository_id(job->repository), 16);
	code = blob_set_open(&job->run.blobs, job->run.store, &options, err);
	reliance_begin(&job->run.plan.reliance, job->repository, job->run.blobs);
	reliance_begin(&job->run.emit.reliance, job->repository, job->run.blobs);
	return code;
}

static enum muster_code open_emit(struct put_job *job, struct muster_error *err)
{
	struct put_run *run = &job->run;
	struct version_writer_options options = put_writer_options(run);
	struct spill_options side = { .memory_max_bytes = run->memory.sort_bytes };
	enum muster_code code;

	run->emit.window_max = run->memory.window_item_count / PUT_BATCH_COST;
	run->emit.window = calloc(run->emit.window_max, sizeof(*run->emit.window));
	if (!run->emit.window)
		return muster_fail_memory(err, "the window");
	code = queue_new(&run->large.queue, PUT_LARGE_QUEUE, err);
	run->large.references = run->large.queue;
	if (!code && run->hashing.algorithm != DIGEST_MD5)
		code = queue_new(&run->large.references, PUT_LARGE_QUEUE, err);
	if (!code)
		code = spill_new(&run->emit.side, &side, err);
	if (!code)
		code = version_writer_open(&run->emit.writer, run->store, &options, err);
	return code ? code : put_emit_open_onto(run, err);
}

static enum muster_code open_collection(struct put_job *job, struct muster_error *err)
{
	const struct muster_put_options *options = job->run.options;
	struct collection_name name = { view_text(options->entity), view_text(options->project),
					view_text(options->name) };
	enum muster_code code = collection_open_or_intend(&job->collection, job->repository, &name,
							  options->type ? options->type : "", err);

	return code ? code
		    : effects_random(repository_effects(job->repository), job->version_id,
				     sizeof(job->version_id), err);
}

/* Of a part the base is only what unchanged files are kept from. */
static enum muster_code open_part(struct put_job *job, struct muster_error *err)
{
	enum muster_code code = open_base(job, job->part->base, &job->base, err);

	job->run.plan.base = job->base;
	job->run.emit.leaves_out_base = job->part->leaves_out_base;
	return code;
}

enum muster_code put_open(struct put_job *job, const char *cache_dir, struct muster_error *err)
{
	struct source_limits limits = { .thread_count = job->run.memory.worker_count,
					.ahead_entry_max = job->run.memory.walk_entry_count,
					.names_max_bytes = job->run.memory.sort_bytes };
	enum muster_code code = job->part ? MUSTER_OK : open_collection(job, err);

	if (!code)
		code = repository_read_gc(job->repository, err);
	if (!code)
		code = job->part ? open_part(job, err) : open_bases(job, err);
	if (!code)
		put_open_cache(job, cache_dir);
	if (!code)
		code = open_blobs(job, err);
	if (!code)
		code = adopt_dead(job, err);
	if (!code)
		code = put_source_open(&job->run.plan.source, job->repository, job->run.options,
				       &limits, err);
	return code ? code : open_emit(job, err);
}
