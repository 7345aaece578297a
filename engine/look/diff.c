#include "artifact/manifest/diff.h"

#include "engine/look/named_version.h"
#include "engine/look/tree_diff.h"

enum muster_code change_tell(struct change_teller *teller, const struct entry *a,
			     const struct entry *b, struct muster_error *err)
{
	struct muster_diff_report *report = teller->report;
	struct muster_change_info info = { .has_old = a != NULL, .has_new = b != NULL };
	enum muster_code code;

	info.kind = !a ? MUSTER_CHANGE_ADDED : !b ? MUSTER_CHANGE_REMOVED : MUSTER_CHANGE_MODIFIED;
	info.old_bytes = a && a->has_size ? a->size_bytes : 0;
	info.new_bytes = b && b->has_size ? b->size_bytes : 0;
	report->added += info.kind == MUSTER_CHANGE_ADDED;
	report->removed += info.kind == MUSTER_CHANGE_REMOVED;
	report->modified += info.kind == MUSTER_CHANGE_MODIFIED;
	report->added_bytes += info.new_bytes;
	report->removed_bytes += info.old_bytes;
	if (!teller->fn)
		return MUSTER_OK;
	teller->path.len = 0;
	code = bytes_append_view(&teller->path, a ? a->path : b->path, err);
	if (!code)
		code = bytes_append_byte(&teller->path, '\0', err);
	if (code)
		return code;
	info.path = (const char *)teller->path.ptr;
	info.path_bytes = teller->path.len - 1;
	return teller->fn(teller->state, &info) ? MUSTER_OK : MUSTER_END;
}

/* Two versions and the comparison of their manifests. */
struct version_diff {
	struct named_version a, b;
	struct version_reader *read_a, *read_b;
	struct diff *diff;
};

static void version_diff_release(struct version_diff *both)
{
	diff_free(both->diff);
	version_reader_close(both->read_b);
	version_reader_close(both->read_a);
	named_version_release(&both->b);
	named_version_release(&both->a);
}

static enum muster_code version_diff_open(struct version_diff *both, struct repository *repository,
					  const struct look_side *a, const struct look_side *b,
					  struct muster_error *err)
{
	enum muster_code code = named_version_open(&both->a, repository, &a->version, err);

	if (!code)
		code = named_version_open(&both->b, repository, &b->version, err);
	if (!code)
		code = named_version_read(&both->a, false, &both->read_a, err);
	if (!code)
		code = named_version_read(&both->b, false, &both->read_b, err);
	if (!code)
		code = diff_new(&both->diff, version_reader_cursor(both->read_a),
				version_reader_cursor(both->read_b), err);
	return code;
}

static enum muster_code next_change(struct version_diff *both, struct change *out,
				    struct muster_error *err)
{
	enum muster_code code;

	while ((code = diff_next(both->diff, out, err)) == MUSTER_FULL) {
		bool is_a = diff_side(both->diff) == version_reader_cursor(both->read_a);

		code = version_reader_fetch(is_a ? both->read_a : both->read_b, err);
		if (code)
			return code;
	}
	return code;
}

static enum muster_code diff_versions(struct repository *repository, const struct look_side *a,
				      const struct look_side *b, struct change_teller *teller,
				      struct muster_error *err)
{
	struct version_diff both = { 0 };
	struct change change;
	enum muster_code code = version_diff_open(&both, repository, a, b, err);

	while (!code && !(code = next_change(&both, &change, err)))
		code = change_tell(teller, change.kind == CHANGE_ADDED ? NULL : &change.a,
				   change.kind == CHANGE_REMOVED ? NULL : &change.b, err);
	if (both.diff)
		teller->report->leaves_decoded =
			cursor_leaves_decoded(version_reader_cursor(both.read_a)) +
			cursor_leaves_decoded(version_reader_cursor(both.read_b));
	version_diff_release(&both);
	return code;
}

enum muster_code look_diff(struct repository *repository, const struct look_side *a,
			   const struct look_side *b, const struct muster_job *job,
			   muster_change_fn *fn, void *state, struct muster_diff_report *report,
			   struct muster_error *err)
{
	struct muster_diff_report own;
	struct change_teller teller = { .fn = fn,
					.state = state,
					.report = report ? report : &own };
	enum muster_code code;

	*teller.report = (struct muster_diff_report){ 0 };
	if (a->directory || b->directory)
		code = tree_diff_run(repository, a, b, job, &teller, err);
	else
		code = diff_versions(repository, a, b, &teller, err);
	bytes_release(&teller.path);
	return code == MUSTER_END ? MUSTER_OK : code;
}
