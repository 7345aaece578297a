#include "engine/get/verify.h"

#include <stdlib.h>

#include "base/text/encode.h"

void verify_drift_locked(struct verify_run *run, enum muster_drift_kind kind, struct view path,
			 const struct muster_error *error)
{
	struct muster_verify_report *report = run->report;

	switch (kind) {
	case MUSTER_DRIFT_MISSING:
		report->missing++;
		break;
	case MUSTER_DRIFT_CHANGED:
		report->changed++;
		break;
	case MUSTER_DRIFT_EXTRA:
		report->extra++;
		break;
	case MUSTER_DRIFT_UNREADABLE:
		report->unreadable++;
		break;
	}
	if (run->options->on_drift)
		run->options->on_drift(run->options->on_drift_state, kind, (const char *)path.ptr,
				       path.len, error);
}

void verify_checked_locked(struct verify_run *run, uint64_t size_bytes)
{
	run->report->checked_files++;
	run->report->checked_bytes += size_bytes;
	get_count(&run->job.progress->done_files, 1);
	get_count(&run->job.progress->done_bytes, size_bytes);
}

/* --- the root -------------------------------------------------------------------------------- */

/* The content root as the leaves make it; what the footer says of it is not asked. */
static enum muster_code compute_root(struct version_reader *version, uint8_t root[32],
				     struct muster_error *err)
{
	struct cursor *cursor = version_reader_cursor(version);
	const struct leaf_record *leaf;
	struct sha256 *sha;
	enum muster_code code = sha256_new(&sha, err);

	if (code)
		return code;
	while (!code) {
		code = cursor_leaf(cursor, &leaf, err);
		if (code == MUSTER_FULL) {
			code = version_reader_fetch(version, err);
		} else if (!code) {
			sha256_update(sha,
				      view_of(leaf->content_sha256, sizeof(leaf->content_sha256)));
			cursor_skip_leaf(cursor);
		}
	}
	sha256_end(sha, root);
	sha256_free(sha);
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code check_root(struct verify_run *run, struct muster_error *err)
{
	uint8_t wanted[32], actual[32];
	char hex[65] = "";
	enum muster_code code;

	if (!run->options->root_hex)
		return MUSTER_OK;
	if (!hex_decode(wanted, sizeof(wanted), view_text(run->options->root_hex)))
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%.100s' is no content root: that is 64 lower-case hex digits",
				   run->options->root_hex);
	code = compute_root(run->version, actual, err);
	version_reader_seek(run->version, (struct view){ 0 });
	if (code || memcmp(wanted, actual, sizeof(wanted)) == 0)
		return code;
	hex_encode(hex, actual, sizeof(actual));
	return muster_fail(err, MUSTER_E_DIGEST, "the content root is %s, not %s", hex,
			   run->options->root_hex);
}

/* --- the run --------------------------------------------------------------------------------- */

static enum muster_code begin(struct verify_run *run, struct muster_error *err)
{
	enum muster_code code;

	code = get_selection_init(&run->selection, NULL, &run->options->rules, err);
	if (!code)
		code = get_open_version(&run->job, &run->version, err);
	if (!code)
		code = check_root(run, err);
	if (!code && get_selection_is_all(&run->selection))
		get_count_version(&run->job, run->version);
	return code;
}

static enum muster_code verify(struct verify_run *run, struct muster_error *err)
{
	enum muster_code code = begin(run, err);

	if (!code)
		code = run->options->stored ? verify_stored(run, err) : verify_directory(run, err);
	if (!code && get_is_cancelled(&run->job))
		code = muster_fail(err, MUSTER_E_CANCELLED,
				   "interrupted: what was found until then was reported");
	return code;
}

static void release(struct verify_run *run)
{
	get_selection_release(&run->selection);
	version_reader_close(run->version);
	pthread_mutex_destroy(&run->lock);
	get_job_release(&run->job);
	free(run);
}

enum muster_code verify_run(struct repository *repository, const struct version *version,
			    const char *version_text, const char *cache_dir,
			    const struct muster_verify_options *options,
			    struct muster_verify_report *report, struct muster_error *err)
{
	struct get_start start = { .repository = repository,
				   .version = version,
				   .version_text = version_text,
				   .cache_dir = cache_dir };
	struct muster_error own = { 0 };
	struct verify_run *run;
	enum muster_code code;

	if (!err)
		err = &own;
	*report = (struct muster_verify_report){ 0 };
	get_copy_text(report->version, sizeof(report->version), version_text);
	if (!options->stored && !options->directory)
		return muster_fail(err, MUSTER_E_USAGE,
				   "name a directory, or verify what is stored");
	run = calloc(1, sizeof(*run));
	if (!run)
		return muster_fail_memory(err, "a verification");
	code = get_job_init(&run->job, &start, &options->job, err);
	run->options = options;
	run->report = report;
	pthread_mutex_init(&run->lock, NULL);
	if (!code)
		code = verify(run, err);
	if (code)
		muster_context(err, "verify %s", version_text);
	release(run);
	return code;
}
