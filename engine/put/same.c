/* As long as a put finds just what its base has, entry by entry from the first one on, it adds
 * nothing to the version that it writes. Where that ends, or at the end of all, the base's leaves
 * up to there are taken over as they are (engine/manifest/version_edit.h): nothing is encoded or
 * digested again. Mostly a put of every night finds that nothing has changed; then this is all. */
#include "engine/put/put_internal.h"

enum muster_code put_same_add_locked(struct put_run *run, const struct put_item *item,
				     bool *is_same, struct muster_error *err)
{
	*is_same = run->emit.same.base && item->base_rank == run->emit.same.count + 1;
	if (!*is_same)
		return put_same_end(run, false, err);
	run->emit.same.count++;
	run->emit.same.last_path.len = 0;
	return bytes_append_view(&run->emit.same.last_path, item->path, err);
}

/* The base may have more behind them: what is gone from the tree. */
bool put_same_is_all(const struct put_run *run)
{
	const struct version_reader *base = run->emit.same.base;

	return base && !run->emit.side_count &&
	       run->emit.same.count == version_reader_footer(base)->entry_count;
}

static enum muster_code take_over(struct put_run *run, struct version_edit *edit, bool is_end,
				  struct muster_error *err)
{
	struct bytes *last = &run->emit.same.last_path;
	enum muster_code code;

	if (is_end && put_same_is_all(run))
		return version_edit_finish(edit, err);
	code = bytes_append_byte(last, 0, err); /* the first path that could follow */
	return code ? code : version_edit_take_before(edit, bytes_view(last), err);
}

enum muster_code put_same_end(struct put_run *run, bool is_end, struct muster_error *err)
{
	struct version_edit *edit;
	enum muster_code code = MUSTER_OK;

	if (run->emit.same.base && run->emit.same.count) {
		code = version_edit_open(&edit, run->emit.same.base, run->emit.writer, NULL, err);
		if (!code)
			code = take_over(run, edit, is_end, err);
		version_edit_close(edit);
	}
	run->emit.same.base = NULL; /* its owner closes it */
	return code;
}
