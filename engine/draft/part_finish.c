/* The end of a part: what it says becomes two manifests, of what is added and of what is removed.
 */
#include "engine/draft/part_internal.h"
#include "engine/manifest/version_edit.h"
#include "planners/clash/clash.h"

struct finishing {
	struct part *part;
	struct version_writer *added, *removed; /* NULL until there is something to write */
	struct version_edit *edit;		/* of the sources; NULL: there are none */
};

static enum muster_code open_writer(struct part *part, struct version_writer **out,
				    struct muster_error *err)
{
	struct version_writer_options options = { .algorithm =
							  repository_algorithm(part->repository),
						  .next_id = part_next_id,
						  .next_id_state = part };

	return *out ? MUSTER_OK : version_writer_open(out, part->store, &options, err);
}

static enum muster_code write_removed(struct finishing *finishing, struct view path,
				      struct muster_error *err)
{
	const struct entry removal = { .path = path };
	enum muster_code code;

	if (!part_has_beneath(finishing->part)) /* nothing that it could hide */
		return MUSTER_OK;
	code = open_writer(finishing->part, &finishing->removed, err);
	return code ? code : version_writer_add(finishing->removed, &removal, err);
}

static enum muster_code remove_one(struct finishing *finishing, struct view path,
				   struct muster_error *err)
{
	struct version_edit *edit = finishing->edit;
	enum muster_code code = write_removed(finishing, path, err);

	if (code || !edit)
		return code;
	return path.ptr[path.len - 1] == '/' ? version_edit_remove_tree(edit, path, err)
					     : version_edit_remove(edit, path, err);
}

static enum muster_code add_one(struct finishing *finishing, const struct kept *kept,
				struct muster_error *err)
{
	enum muster_code code = open_writer(finishing->part, &finishing->added, err);

	if (!code && kept->has_place && !kept->entry.is_placed)
		code = muster_fail(err, MUSTER_E_FORMAT, "the pack of '%.*s' was never closed",
				   VIEW_ARGS(kept->entry.path));
	if (code)
		return code;
	return finishing->edit ? version_edit_put(finishing->edit, &kept->entry, err)
			       : version_writer_add(finishing->added, &kept->entry, err);
}

/* A part_said_fn. */
static enum muster_code write_one(void *state, struct view path, struct kept *kept,
				  struct muster_error *err)
{
	return kept->kind == KEPT_ADDED ? add_one(state, kept, err) : remove_one(state, path, err);
}

static enum muster_code open_edit(struct finishing *finishing, struct muster_error *err)
{
	struct part *part = finishing->part;
	enum muster_code code = part_need_sources(part, err);

	if (code)
		return code == MUSTER_ABSENT ? MUSTER_OK : code;
	version_reader_seek(part->sources.reader, view_of("", 0));
	code = open_writer(part, &finishing->added, err);
	return code ? code
		    : version_edit_open(&finishing->edit, part->sources.reader, finishing->added,
					NULL, err);
}

/* Nothing is written where there are no entries. */
static enum muster_code end_writer(struct version_writer *writer, bool *is_there,
				   struct manifest_pointer *out, uint64_t *count, uint64_t *bytes,
				   struct muster_error *err)
{
	const struct manifest_footer *footer;
	enum muster_code code;

	*is_there = false;
	if (!writer)
		return MUSTER_OK;
	code = version_writer_complete(writer, &footer, err);
	if (code || !footer->entry_count)
		return code;
	*is_there = true;
	*count = footer->entry_count;
	*bytes = footer->size_bytes;
	return version_writer_write(writer, NULL, NULL, out, err);
}

static enum muster_code write_all(struct finishing *finishing, struct part_content *out,
				  struct muster_error *err)
{
	uint64_t removed_bytes;
	enum muster_code code = open_edit(finishing, err);

	if (!code)
		code = part_each_said(finishing->part, write_one, finishing, err);
	if (!code && finishing->edit)
		code = version_edit_finish(finishing->edit, err);
	if (!code)
		code = end_writer(finishing->added, &out->has_added, &out->added, &out->added_count,
				  &out->added_bytes, err);
	return code ? code
		    : end_writer(finishing->removed, &out->has_removed, &out->removed,
				 &out->removed_count, &removed_bytes, err);
}

/* The sources alone: their manifest is the part's. */
static enum muster_code take_sources(struct part *part, struct part_content *out,
				     struct muster_error *err)
{
	enum muster_code code = part_need_sources(part, err);
	const struct manifest_footer *footer;

	if (code)
		return code;
	footer = version_reader_footer(part->sources.reader);
	out->has_added = true;
	out->added = part->sources.manifest;
	out->added_count = footer->entry_count;
	out->added_bytes = footer->size_bytes;
	return MUSTER_OK;
}

/* A part_each_fn. */
static enum muster_code check_clash(void *state, const struct entry *entry,
				    struct muster_error *err)
{
	return clash_next(state, entry->path, err);
}

static enum muster_code check_clashes(struct part *part, struct muster_error *err)
{
	struct clash clash = { 0 };
	enum muster_code code = part_each(part, check_clash, &clash, err);

	clash_release(&clash);
	return code;
}

enum muster_code part_finish(struct part *part, struct part_content *out, struct muster_error *err)
{
	struct finishing finishing = { .part = part };
	enum muster_code code = part_files_finish(part, err);

	*out = (struct part_content){ 0 };
	if (!code && !spill_map_is_empty(part->table)) {
		code = check_clashes(part, err);
		if (!code)
			code = write_all(&finishing, out, err);
	} else if (!code && part->sources.is_there) {
		code = take_sources(part, out, err);
	}
	version_edit_close(finishing.edit);
	version_writer_close(finishing.added);
	version_writer_close(finishing.removed);
	if (!code && part->session)
		memcpy(out->session, session_id(part->session), sizeof(out->session));
	return code;
}
