#include "engine/look/tree_diff.h"

#include "base/text/text.h"
#include "engine/digest/hash_tree.h"
#include "engine/look/named_version.h"

/* One side: a version or a directory, and its entry that waits. */
struct side {
	struct named_version named;
	struct version_reader *reader;
	struct muster_source source;
	struct hash_tree *tree;
	enum digest_algorithm algorithm; /* of the tree */
	struct entry head;
	bool has_head;
	bool is_unreadable; /* the head: a file that is there, its bytes are not known */
};

struct tree_diff {
	struct side a, b;
	struct change_teller *teller;
	uint64_t failed_files;
	struct muster_error first_failure;
};

static enum muster_code open_version(struct side *side, struct repository *repository,
				     const struct look_side *from, struct muster_error *err)
{
	enum muster_code code = named_version_open(&side->named, repository, &from->version, err);

	return code ? code : named_version_read(&side->named, false, &side->reader, err);
}

static enum muster_code open_tree(struct side *side, const struct look_side *from,
				  const struct muster_job *job, unsigned share,
				  struct muster_error *err)
{
	struct hash_tree_options options = { .sources = &side->source,
					     .source_count = 1,
					     .algorithm = side->algorithm,
					     .worker_count = job->worker_count / share,
					     .memory_bytes = job->memory_bytes / share,
					     .progress = job->progress };
	enum muster_code code = intake_form_of(job, &options.form, err);

	if (code)
		return code;
	if (!options.worker_count)
		options.worker_count = 1;
	side->source.path = from->directory;
	return hash_tree_open(&side->tree, &options, err);
}

/* A directory is hashed as the version on the other side was; two of them by what is fastest. */
static enum muster_code open_sides(struct tree_diff *diff, struct repository *repository,
				   const struct look_side *a, const struct look_side *b,
				   const struct muster_job *job, struct muster_error *err)
{
	unsigned share = a->directory && b->directory ? 2 : 1;
	enum digest_algorithm algorithm = DIGEST_XXH128;
	enum muster_code code = MUSTER_OK;

	if (!a->directory)
		code = open_version(&diff->a, repository, a, err);
	if (!code && !b->directory)
		code = open_version(&diff->b, repository, b, err);
	if (code)
		return code;
	if (diff->a.reader)
		algorithm = version_reader_footer(diff->a.reader)->algorithm;
	if (diff->b.reader)
		algorithm = version_reader_footer(diff->b.reader)->algorithm;
	diff->a.algorithm = diff->b.algorithm = algorithm;
	if (a->directory)
		code = open_tree(&diff->a, a, job, share, err);
	if (!code && b->directory)
		code = open_tree(&diff->b, b, job, share, err);
	return code;
}

static void side_release(struct side *side)
{
	hash_tree_close(side->tree);
	version_reader_close(side->reader);
	named_version_release(&side->named);
}

static void note_failure(struct tree_diff *diff, const struct hashed_file *file)
{
	struct bytes cause = { 0 };

	if (diff->failed_files++)
		return;
	text_append_cause(&cause, file->path, view_text(file->error->message), NULL);
	muster_fail(&diff->first_failure, file->error->code, "'%.*s': %.*s", VIEW_ARGS(file->path),
		    VIEW_ARGS(bytes_view(&cause)));
	bytes_release(&cause);
}

static enum muster_code next_of_tree(struct tree_diff *diff, struct side *side,
				     struct muster_error *err)
{
	struct hashed_file file;
	enum muster_code code = hash_tree_next(side->tree, &file, err);

	if (code)
		return code;
	side->head = (struct entry){ .path = file.path,
				     .algorithm = side->algorithm,
				     .fingerprint = file.fingerprint,
				     .size_bytes = file.size_bytes,
				     .has_size = true,
				     .has_checksum = true };
	side->is_unreadable = file.error != NULL;
	if (file.error)
		note_failure(diff, &file);
	return MUSTER_OK;
}

static enum muster_code step(struct tree_diff *diff, struct side *side, struct muster_error *err)
{
	enum muster_code code = side->tree ? next_of_tree(diff, side, err)
					   : version_reader_next(side->reader, &side->head, err);

	side->has_head = !code;
	return code == MUSTER_END ? MUSTER_OK : code;
}

static bool has_same_checksum(const struct entry *a, const struct entry *b)
{
	return memcmp(a->fingerprint.checksum, b->fingerprint.checksum, CHECKSUM_BYTES) == 0;
}

/* Are the bytes the same, as far as both sides know? An ETag tells nothing of a file. */
static bool is_same_content(const struct entry *a, const struct entry *b)
{
	bool both_have_checksum = a->has_checksum && b->has_checksum;

	if (a->has_size && b->has_size && a->size_bytes != b->size_bytes)
		return false;
	if (both_have_checksum && !has_same_checksum(a, b))
		return false;
	if (a->algorithm == b->algorithm && a->algorithm != DIGEST_TEXT)
		return memcmp(a->fingerprint.digest, b->fingerprint.digest, DIGEST_BYTES) == 0;
	return both_have_checksum;
}

/* `order`: which heads are meant. What cannot be read is no change that anybody knows of. */
static enum muster_code tell_heads(struct tree_diff *diff, int order, struct muster_error *err)
{
	const struct side *a = order <= 0 ? &diff->a : NULL, *b = order >= 0 ? &diff->b : NULL;

	if ((a && a->is_unreadable) || (b && b->is_unreadable))
		return MUSTER_OK;
	if (a && b && is_same_content(&a->head, &b->head))
		return MUSTER_OK;
	return change_tell(diff->teller, a ? &a->head : NULL, b ? &b->head : NULL, err);
}

static enum muster_code merge_step(struct tree_diff *diff, struct muster_error *err)
{
	struct side *a = &diff->a, *b = &diff->b;
	int order = !a->has_head ? 1 : !b->has_head ? -1 : view_compare(a->head.path, b->head.path);
	enum muster_code code = tell_heads(diff, order, err);

	if (!code && order <= 0)
		code = step(diff, a, err);
	if (!code && order >= 0)
		code = step(diff, b, err);
	return code;
}

static enum muster_code merge(struct tree_diff *diff, struct muster_error *err)
{
	enum muster_code code = step(diff, &diff->a, err);

	if (!code)
		code = step(diff, &diff->b, err);
	while (!code && (diff->a.has_head || diff->b.has_head))
		code = merge_step(diff, err);
	if (code || !diff->failed_files)
		return code;
	return muster_fail(err, MUSTER_E_ITEMS, "%llu %s could not be compared; the first: %s",
			   (unsigned long long)diff->failed_files,
			   text_plural(diff->failed_files, "file", "files"),
			   diff->first_failure.message);
}

static void count_leaves(struct tree_diff *diff)
{
	if (diff->a.reader)
		diff->teller->report->leaves_decoded +=
			cursor_leaves_decoded(version_reader_cursor(diff->a.reader));
	if (diff->b.reader)
		diff->teller->report->leaves_decoded +=
			cursor_leaves_decoded(version_reader_cursor(diff->b.reader));
}

enum muster_code tree_diff_run(struct repository *repository, const struct look_side *a,
			       const struct look_side *b, const struct muster_job *job,
			       struct change_teller *teller, struct muster_error *err)
{
	struct tree_diff diff = { .teller = teller };
	enum muster_code code = open_sides(&diff, repository, a, b, job, err);

	if (!code)
		code = merge(&diff, err);
	count_leaves(&diff);
	side_release(&diff.b);
	side_release(&diff.a);
	return code;
}
