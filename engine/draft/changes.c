#include "engine/draft/changes.h"

#include <stdlib.h>
#include <string.h>

#include "engine/draft/prefixes.h"
#include "engine/manifest/version_reader.h"
#include "io/spill/spill.h"

/* One manifest of a part, with the entry in hand. */
struct head {
	struct version_reader *reader; /* NULL: there is none */
	bool is_there;
	struct entry entry;
};

struct changes {
	struct store *store;
	struct changes_options options;
	struct {	     /* parts as they lie: one at a time */
		size_t next; /* part */
		struct head added, removed;
		struct head *given; /* to be stepped over */
	} direct;
	struct spill *spill; /* NULL: they are read as they lie */
	bool has_ahead;
	struct view ahead_path, ahead_value;
	struct bytes path, value;    /* what is given */
	struct prefixes directories; /* removed ones, each with the rank of its part */
};

/* --- as they lie ----------------------------------------------------------------------------- */

static enum muster_code step(struct head *head, struct muster_error *err)
{
	enum muster_code code = version_reader_next(head->reader, &head->entry, err);

	head->is_there = code == MUSTER_OK;
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code open_head(struct changes *changes, struct head *head, bool is_there,
				  const struct manifest_pointer *manifest, struct muster_error *err)
{
	static const struct version_reader_options whole = { .with_placement = true,
							     .reads_on = true };
	enum muster_code code;

	version_reader_close(head->reader);
	*head = (struct head){ 0 };
	if (!is_there)
		return MUSTER_OK;
	code = version_reader_open(&head->reader, changes->store, manifest, &whole, err);
	return code ? code : step(head, err);
}

static enum muster_code open_part(struct changes *changes, const struct part_content *part,
				  struct muster_error *err)
{
	enum muster_code code =
		open_head(changes, &changes->direct.added, part->has_added, &part->added, err);

	return code ? code
		    : open_head(changes, &changes->direct.removed, part->has_removed,
				&part->removed, err);
}

static struct head *first_head(struct changes *changes)
{
	struct head *added = &changes->direct.added, *removed = &changes->direct.removed;

	if (!removed->is_there)
		return added->is_there ? added : NULL;
	if (!added->is_there)
		return removed;
	return view_compare(added->entry.path, removed->entry.path) < 0 ? added : removed;
}

static enum muster_code next_direct(struct changes *changes, struct view *path, struct kept *kept,
				    struct muster_error *err)
{
	struct head *head = changes->direct.given;
	enum muster_code code = head ? step(head, err) : MUSTER_OK;

	while (!code && !(head = first_head(changes))) {
		if (changes->direct.next == changes->options.part_count)
			return MUSTER_END;
		code = open_part(changes, &changes->options.parts[changes->direct.next++], err);
	}
	changes->direct.given = code ? NULL : head;
	if (code)
		return code;
	*path = head->entry.path;
	*kept = (struct kept){ .kind = head == &changes->direct.added ? KEPT_ADDED : KEPT_REMOVED,
			       .rank = (uint32_t)changes->direct.next - 1,
			       .entry = head->entry };
	return MUSTER_OK;
}

/* --- sorted ---------------------------------------------------------------------------------- */

static enum muster_code pour(struct changes *changes, enum kept_kind kind, uint32_t rank,
			     struct head *head, struct muster_error *err)
{
	struct kept kept = { .kind = kind, .rank = rank };
	enum muster_code code = MUSTER_OK;

	while (!code && head->is_there) {
		kept.entry = head->entry;
		code = kept_encode(&kept, &changes->value, err);
		if (!code)
			code = spill_add(changes->spill, head->entry.path,
					 bytes_view(&changes->value), err);
		if (!code)
			code = step(head, err);
	}
	return code;
}

static enum muster_code sort_parts(struct changes *changes, struct muster_error *err)
{
	struct spill_options options = { .memory_max_bytes = changes->options.memory_max_bytes };
	enum muster_code code = spill_new(&changes->spill, &options, err);

	for (size_t i = 0; i < changes->options.part_count && !code; i++) {
		uint32_t rank = (uint32_t)i;

		code = open_part(changes, &changes->options.parts[i], err);
		if (!code)
			code = pour(changes, KEPT_REMOVED, rank, &changes->direct.removed, err);
		if (!code)
			code = pour(changes, KEPT_ADDED, rank, &changes->direct.added, err);
	}
	return code ? code : spill_sort(changes->spill, err);
}

static enum muster_code look_ahead(struct changes *changes, struct muster_error *err)
{
	enum muster_code code =
		spill_next(changes->spill, &changes->ahead_path, &changes->ahead_value, err);

	changes->has_ahead = code == MUSTER_OK;
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code take_ahead(struct changes *changes, struct muster_error *err)
{
	enum muster_code code;

	changes->path.len = changes->value.len = 0;
	code = bytes_append_view(&changes->path, changes->ahead_path, err);
	if (!code)
		code = bytes_append_view(&changes->value, changes->ahead_value, err);
	return code ? code : look_ahead(changes, err);
}

static enum muster_code check_digests(const struct changes *changes, struct muster_error *err)
{
	struct kept a, b;

	if (!changes->options.refuses_two_digests)
		return MUSTER_OK;
	kept_decode(&a, bytes_view(&changes->path), bytes_view(&changes->value));
	kept_decode(&b, changes->ahead_path, changes->ahead_value);
	if (a.kind == b.kind && entry_digest_equal(&a.entry, &b.entry))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_CONFLICT, "two parts have '%.*s', and not the same of it",
			   VIEW_ARGS(a.entry.path));
}

/* The last word on the next path. */
static enum muster_code next_word(struct changes *changes, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (!changes->has_ahead)
		return MUSTER_END;
	code = take_ahead(changes, err);
	while (!code && changes->has_ahead &&
	       view_equal(changes->ahead_path, bytes_view(&changes->path))) {
		code = check_digests(changes, err);
		if (!code)
			code = take_ahead(changes, err);
	}
	return code;
}

/* Does a later part remove a directory that it lies in? */
static bool is_hidden(const struct changes *changes, const struct kept *kept)
{
	for (size_t i = 0; i < prefixes_count(&changes->directories); i++)
		if (prefixes_at(&changes->directories, i).what > kept->rank)
			return true;
	return false;
}

static enum muster_code next_sorted(struct changes *changes, struct view *path, struct kept *kept,
				    struct muster_error *err)
{
	enum muster_code code;

	while (!(code = next_word(changes, err))) {
		*path = bytes_view(&changes->path);
		kept_decode(kept, *path, bytes_view(&changes->value));
		code = prefixes_step(&changes->directories, *path, err);
		if (!code && path->ptr[path->len - 1] == '/')
			code = prefixes_say(&changes->directories, kept->rank, err);
		if (code || kept->kind == KEPT_REMOVED || !is_hidden(changes, kept))
			return code;
	}
	return code;
}

/* --- both ------------------------------------------------------------------------------------ */

enum muster_code changes_open(struct changes **out, struct store *store,
			      const struct changes_options *options, struct muster_error *err)
{
	struct changes *changes = calloc(1, sizeof(*changes));
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	if (!changes)
		return muster_fail_memory(err, "changes");
	changes->store = store;
	changes->options = *options;
	if (options->part_count > 1 && !options->is_disjoint)
		code = sort_parts(changes, err);
	if (!code && changes->spill)
		code = look_ahead(changes, err);
	if (code) {
		changes_close(changes);
		return code;
	}
	*out = changes;
	return MUSTER_OK;
}

void changes_close(struct changes *changes)
{
	if (!changes)
		return;
	version_reader_close(changes->direct.added.reader);
	version_reader_close(changes->direct.removed.reader);
	spill_free(changes->spill);
	bytes_release(&changes->path);
	bytes_release(&changes->value);
	prefixes_release(&changes->directories);
	free(changes);
}

enum muster_code changes_next(struct changes *changes, struct view *path, struct kept *kept,
			      struct muster_error *err)
{
	return changes->spill ? next_sorted(changes, path, kept, err)
			      : next_direct(changes, path, kept, err);
}
