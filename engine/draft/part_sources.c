/* Many files at once: a put, whose manifest becomes the part's, or is poured into its table. */
#include "engine/draft/part_internal.h"
#include "engine/put/put.h"

/* --- which paths are wanted ------------------------------------------------------------------ */

struct range {
	struct view begin, end;
	muster_wanted_fn *wanted;
	const void *wanted_state;
};

/* A directory is wanted if something beneath it may be: it has what begins with "<path>/". */
static bool meets_range(const struct range *range, struct view path, bool is_directory)
{
	struct view end = range->end, begin = range->begin;
	int to_begin;

	if (!is_directory)
		return view_compare(path, begin) >= 0 && (!end.len || view_compare(path, end) < 0);
	if (end.len && view_compare(path, end) >= 0)
		return false;
	to_begin = view_compare(path, begin);
	if (to_begin >= 0 || view_begins_with(begin, path))
		return true; /* perhaps: its paths are longer than it */
	return false;
}

/* A muster_wanted_fn. */
static bool is_wanted(const void *state, const char *path, uint64_t path_bytes, bool is_directory)
{
	const struct range *range = state;

	return meets_range(range, view_of((const uint8_t *)path, path_bytes), is_directory) &&
	       (!range->wanted ||
		range->wanted(range->wanted_state, path, path_bytes, is_directory));
}

/* --- what becomes of its entries ------------------------------------------------------------- */

static enum muster_code each_added(struct part *part, const struct manifest_pointer *added,
				   enum muster_code (*fn)(struct part *, const struct entry *,
							  struct muster_error *),
				   struct muster_error *err)
{
	static const struct version_reader_options whole = { .with_placement = true,
							     .reads_on = true };
	struct version_reader *reader = NULL;
	struct entry entry;
	enum muster_code code = version_reader_open(&reader, part->store, added, &whole, err);

	while (!code && !(code = version_reader_next(reader, &entry, err)))
		code = fn(part, &entry, err);
	version_reader_close(reader);
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code check_one(struct part *part, const struct entry *entry,
				  struct muster_error *err)
{
	return part_check_new(part, entry, false, err);
}

static enum muster_code pour_one(struct part *part, const struct entry *entry,
				 struct muster_error *err)
{
	const struct kept kept = { .kind = KEPT_ADDED, .entry = *entry };

	return part_keep(part, entry->path, &kept, err);
}

static enum muster_code take(struct part *part, const struct put_part *put, bool overwrite,
			     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (!put->has_added)
		return MUSTER_OK;
	if (!overwrite && (part_has_beneath(part) || !part_is_empty(part)))
		code = each_added(part, &put->added, check_one, err);
	if (code)
		return code;
	if (!part_is_empty(part))
		return each_added(part, &put->added, pour_one, err);
	part->sources.is_there = true;
	part->sources.manifest = put->added;
	return MUSTER_OK;
}

enum muster_code part_add_sources(struct part *part, const struct muster_put_options *options,
				  bool overwrite, struct muster_put_report *report,
				  struct muster_error *err)
{
	const struct part_options *own = &part->options;
	struct range range = { own->begin, own->end, options->wanted, options->wanted_state };
	struct muster_put_options full = *options;
	struct put_part put = { .base = own->beneath.version ? own->beneath.version
							     : own->kept_from,
				/* Where something was removed, the same again is news. */
				.leaves_out_base = own->beneath.version &&
						   !own->beneath.part_count && part_is_empty(part),
				.need_session = part_need_session,
				.state = part };
	struct muster_error error = { 0 };
	enum muster_code code, taken;

	full.job = own->job;
	full.name = own->what ? own->what : "draft";
	if (range.begin.len || range.end.len) {
		full.wanted = is_wanted;
		full.wanted_state = &range;
	}
	code = put_run_part(part->repository, own->cache_dir, &full, &put, report, err);
	if (code && (code != MUSTER_E_ITEMS || !options->commit_partial))
		return code;
	taken = take(part, &put, overwrite, &error);
	if (taken && err) /* rather than that some items failed */
		*err = error;
	return taken ? taken : code;
}
