#include "engine/digest/digest.h"

#include "artifact/digest.h"
#include "base/text/text.h"
#include "engine/digest/entry_info.h"
#include "engine/digest/hash_tree.h"

struct digest_run {
	const struct muster_digest_options *options;
	struct muster_digest_report *report;
	enum digest_algorithm algorithm;
	struct hash_tree *tree;
	struct artifact_digest whole;
	struct entry_teller teller;
};

static void note_failure(struct digest_run *run, const struct hashed_file *file)
{
	const struct muster_job *job = &run->options->job;

	run->report->failed_items++;
	if (job->progress)
		atomic_fetch_add_explicit(&job->progress->failed_items, 1, memory_order_relaxed);
	if (job->on_failure)
		job->on_failure(job->on_failure_state, (const char *)file->path.ptr, file->path.len,
				file->error);
}

/* MUSTER_END: whoever looks on has seen enough. */
static enum muster_code take_file(struct digest_run *run, const struct hashed_file *file,
				  struct muster_error *err)
{
	struct entry entry = { .path = file->path,
			       .algorithm = run->algorithm,
			       .fingerprint = file->fingerprint,
			       .size_bytes = file->size_bytes,
			       .has_size = true };
	struct muster_entry_info info;
	enum muster_code code;

	artifact_digest_add(&run->whole, &entry);
	run->report->entry_count++;
	run->report->size_bytes += file->size_bytes;
	if (!run->options->on_entry)
		return MUSTER_OK;
	code = entry_tell(&run->teller, &entry, &info, err);
	if (!code && !run->options->on_entry(run->options->on_entry_state, &info))
		code = MUSTER_END;
	return code;
}

/* MUSTER_END in `*is_cut`: the run ended before its files did. */
static enum muster_code take_files(struct digest_run *run, bool *is_cut, struct muster_error *err)
{
	struct hashed_file file;
	enum muster_code code;

	while (!(code = hash_tree_next(run->tree, &file, err))) {
		if (file.error) {
			note_failure(run, &file);
			continue;
		}
		code = take_file(run, &file, err);
		if (code) {
			*is_cut = true;
			break;
		}
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code open_tree(struct digest_run *run, struct muster_error *err)
{
	const struct muster_digest_options *from = run->options;
	struct hash_tree_options options = { .sources = from->sources,
					     .source_count = from->source_count,
					     .algorithm = run->algorithm,
					     .worker_count = from->job.worker_count,
					     .memory_bytes = from->job.memory_bytes,
					     .progress = from->job.progress,
					     .wanted = from->rules.wanted,
					     .wanted_state = from->rules.state,
					     .one_file_system = from->one_file_system };
	enum muster_code code = intake_form_of(&from->job, &options.form, err);

	if (code)
		return code;
	if (!from->source_count)
		return muster_fail(err, MUSTER_E_USAGE, "name a directory or a file");
	return hash_tree_open(&run->tree, &options, err);
}

static enum muster_code finish(struct digest_run *run, struct muster_error *err)
{
	uint8_t digest[DIGEST_BYTES];

	artifact_digest_end(&run->whole, digest);
	artifact_digest_hex(digest, run->report->digest);
	if (!run->report->failed_items)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_ITEMS,
			   "%llu %s could not be read: the digest is that of the others",
			   (unsigned long long)run->report->failed_items,
			   text_plural(run->report->failed_items, "file", "files"));
}

static void count_skipped(struct digest_run *run)
{
	struct hash_tree_counts counts;

	if (!run->tree)
		return;
	counts = hash_tree_counted(run->tree);
	run->report->special_files = counts.special_files;
	run->report->vanished_files = counts.vanished_files;
}

enum muster_code digest_run(const struct muster_digest_options *options,
			    struct muster_digest_report *report, struct muster_error *err)
{
	struct digest_run run = { .options = options, .report = report };
	bool is_cut = false;
	enum muster_code code;

	*report = (struct muster_digest_report){ 0 };
	code = digest_algorithm_parse(options->algorithm, &run.algorithm, err);
	if (!code)
		code = artifact_digest_begin(&run.whole, run.algorithm, err);
	if (!code)
		code = open_tree(&run, err);
	if (!code)
		code = take_files(&run, &is_cut, err);
	count_skipped(&run);
	if (!code && !is_cut)
		code = finish(&run, err);
	hash_tree_close(run.tree);
	entry_teller_release(&run.teller);
	artifact_digest_release(&run.whole);
	return code;
}
