/* The end of a put: what was read is kept for the next run, and the version is saved. */
#include <string.h>

#include "base/text/encode.h"
#include "base/text/text.h"
#include "engine/put/put_job.h"

static void forget_dead(struct put_job *job)
{
	for (size_t i = 0; i < job->dead_count && job->run.cache; i++)
		stat_cache_forget_dead(job->run.cache, repository_id(job->repository),
				       job->dead[i]);
}

/* Everything read so far becomes useful to the next run: packs are indexed, the journal a run. */
enum muster_code put_keep_work(struct put_job *job, struct muster_error *err)
{
	enum muster_code code = blob_set_finish(job->run.blobs, err);

	if (code)
		return code;
	forget_dead(job);
	if (job->run.journal)
		stat_journal_finish(job->run.journal, NULL);
	return MUSTER_OK;
}

void put_describe_content(struct put_job *job, const struct manifest_footer *footer)
{
	struct muster_put_report *report = job->run.report;

	hex_encode(report->digest, footer->artifact_digest, 16);
	report->digest[32] = '\0';
	hex_encode(report->root, footer->content_root, 32);
	report->root[64] = '\0';
	report->entry_count = footer->entry_count;
	report->size_bytes = footer->size_bytes;
}

static enum muster_code write_manifest(void *state, struct save_request *request,
				       struct muster_error *err)
{
	struct put_job *job = state;
	enum muster_code code = put_emit_complete(&job->run, err);

	if (code)
		return code;
	request->session = job->session; /* made by now */
	return version_writer_write(job->run.emit.writer, collection_id(job->collection),
				    request->version_id, &request->manifest, err);
}

static enum muster_code save(struct put_job *job, struct muster_error *err)
{
	const struct muster_put_options *options = job->run.options;
	struct save_request request = { .session = job->session,
					.footer = job->run.emit.footer,
					.write = write_manifest,
					.write_state = job,
					.description = options->description,
					.metadata = options->metadata,
					.aliases = options->aliases,
					.alias_count = options->alias_count,
					.tags = options->tags,
					.tag_count = options->tag_count,
					.ttl_days = options->ttl_days,
					.run = options->run,
					.relies = reliance_still_holds,
					.relies_state = &job->run.emit.reliance };
	struct muster_put_report *report = job->run.report;
	struct save_result result;
	enum muster_code code;

	memcpy(request.version_id, job->version_id, 16);
	code = collection_save(job->collection, &request, &result, err);
	if (code)
		return code;
	report->is_committed = true;
	report->is_new = result.is_new;
	report->version_number = result.version_number;
	memcpy(report->reason, result.reason, sizeof(report->reason));
	return MUSTER_OK;
}

enum muster_code put_check_failed(const struct put_job *job, struct muster_error *err)
{
	unsigned long long failed = job->run.report->failed_items;

	if (!failed || job->run.options->commit_partial)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_ITEMS,
			   "%llu %s failed: nothing was %s (--commit-partial %s the others)",
			   failed, text_plural(failed, "item", "items"),
			   job->part ? "added" : "committed", job->part ? "adds" : "commits");
}

enum muster_code put_tell_failed(const struct put_job *job, struct muster_error *err)
{
	unsigned long long failed = job->run.report->failed_items;

	if (!failed)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_ITEMS, "%llu %s failed; the others were %s", failed,
			   text_plural(failed, "item", "items"), job->part ? "added" : "committed");
}

enum muster_code put_commit(struct put_job *job, struct muster_error *err)
{
	struct put_run *run = &job->run;
	enum muster_code code = put_check_failed(job, err);

	if (!code)
		code = put_emit_finish(run, err);
	if (code)
		return code;
	if (run->options->wanted && run->emit.footer->entry_count == 0)
		return muster_fail(err, MUSTER_E_USAGE,
				   "the patterns leave no file: nothing was committed");
	put_describe_content(job, run->emit.footer);
	code = save(job, err);
	return code ? code : put_tell_failed(job, err);
}
