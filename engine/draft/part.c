/* A part: its life, what is looked up in it, and what it says of a path. */
#include <stdlib.h>

#include "artifact/path.h"
#include "engine/draft/part_internal.h"

/* --- life ------------------------------------------------------------------------------------ */

enum muster_code part_open(struct part **out, struct repository *repository,
			   const struct part_options *options, struct muster_error *err)
{
	enum muster_code code = repository_check_writable(repository, err);
	struct part *part;

	*out = NULL;
	if (code)
		return code;
	part = calloc(1, sizeof(*part));
	if (!part)
		return muster_fail_memory(err, "a part of a draft");
	part->repository = repository;
	part->store = repository_store(repository);
	part->options = *options;
	pthread_mutex_init(&part->session_lock, NULL);
	stack_init(&part->beneath, part->store, &part->options.beneath);
	code = spill_map_new(&part->table, NULL, PART_TABLE_BYTES, err);
	if (code) {
		part_close(part);
		return code;
	}
	*out = part;
	return MUSTER_OK;
}

void part_close(struct part *part)
{
	if (!part)
		return;
	part_files_close(part->files);
	version_reader_close(part->sources.reader);
	stack_release(&part->beneath);
	spill_map_free(part->table);
	session_close(part->session);
	bytes_release(&part->value);
	bytes_release(&part->key);
	pthread_mutex_destroy(&part->session_lock);
	free(part);
}

static enum muster_code begin_session_locked(struct part *part, struct muster_error *err)
{
	const struct part_stack *beneath = &part->options.beneath;
	struct session_options options = { .life_ms = part->options.life_ms };

	options.base.is_named = beneath->version != NULL;
	if (beneath->version)
		memcpy(options.base.id, beneath->version_id, sizeof(options.base.id));
	if (!part->has_gc_head) { /* whoever stores has read the log before */
		part->gc_head = repository_gc_head(part->repository);
		part->has_gc_head = true;
	}
	return session_begin(&part->session, part->repository,
			     part->options.what ? part->options.what : "draft", &options, err);
}

enum muster_code part_need_session(void *state, struct session **out, struct muster_error *err)
{
	struct part *part = state;
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&part->session_lock);
	if (!part->session)
		code = begin_session_locked(part, err);
	*out = part->session;
	pthread_mutex_unlock(&part->session_lock);
	return code;
}

enum muster_code part_next_id(void *state, struct object_id *out, struct muster_error *err)
{
	struct session *session;
	enum muster_code code = part_need_session(state, &session, err);

	return code ? code : session_next_object(session, out, err);
}

enum muster_code part_still_holds(const struct part *part, struct muster_error *err)
{
	if (!part->has_gc_head || repository_gc_head(part->repository) == part->gc_head)
		return MUSTER_OK;
	return muster_fail(
		err, MUSTER_E_CONFLICT,
		"the repository was collected meanwhile: the same command does it again");
}

struct session *part_session(struct part *part)
{
	return part->session;
}

bool part_is_empty(const struct part *part)
{
	return !part->sources.is_there && spill_map_is_empty(part->table);
}

/* --- looking --------------------------------------------------------------------------------- */

enum muster_code part_need_sources(struct part *part, struct muster_error *err)
{
	static const struct version_reader_options with_placement = { .with_placement = true };

	if (!part->sources.is_there)
		return MUSTER_ABSENT;
	if (part->sources.reader)
		return MUSTER_OK;
	return version_reader_open(&part->sources.reader, part->store, &part->sources.manifest,
				   &with_placement, err);
}

static enum muster_code directory_is_removed(void *state, struct view directory,
					     struct muster_error *err)
{
	struct part *part = state;
	struct view value;

	return spill_map_find(part->table, directory, &value, err);
}

/* What the part itself says: MUSTER_OK: `out` is its entry; MUSTER_END: it removes what is beneath;
 * MUSTER_ABSENT: nothing. */
static enum muster_code find_own(struct part *part, struct view path, struct entry *out,
				 struct muster_error *err)
{
	struct view value;
	struct kept kept;
	enum muster_code code = spill_map_find(part->table, path, &value, err);

	if (!code) {
		kept_decode(&kept, path, value);
		kept_settle(&kept);
		*out = kept.entry;
		return kept.kind == KEPT_ADDED ? MUSTER_OK : MUSTER_END;
	}
	if (code == MUSTER_ABSENT && part->has_removed_directory)
		code = path_each_above(path, directory_is_removed, part, err);
	if (code != MUSTER_ABSENT)
		return code ? code : MUSTER_END;
	code = part_need_sources(part, err);
	return code ? code : version_reader_find(part->sources.reader, path, out, err);
}

enum muster_code part_find(struct part *part, struct view path, struct entry *out,
			   struct muster_error *err)
{
	enum muster_code code = find_own(part, path, out, err);

	if (code == MUSTER_ABSENT)
		code = stack_find(&part->beneath, path, out, err);
	return code == MUSTER_END ? MUSTER_ABSENT : code;
}

/* --- saying ---------------------------------------------------------------------------------- */

enum muster_code part_check_new(struct part *part, const struct entry *entry, bool overwrite,
				struct muster_error *err)
{
	enum muster_code code = entry_path_check(entry->path, err);
	struct entry found;

	if (code || overwrite)
		return code;
	code = part_find(part, entry->path, &found, err);
	if (code)
		return code == MUSTER_ABSENT ? MUSTER_OK : code;
	if (entry_digest_equal(entry, &found))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "Cannot add the same path twice: '%.*s' is there already, and other",
			   VIEW_ARGS(entry->path));
}

enum muster_code part_keep(struct part *part, struct view path, const struct kept *kept,
			   struct muster_error *err)
{
	enum muster_code code = kept_encode(kept, &part->value, err);

	return code ? code : spill_map_put(part->table, path, bytes_view(&part->value), err);
}

enum muster_code part_add_entry(struct part *part, const struct entry *entry, bool overwrite,
				struct muster_error *err)
{
	struct kept kept = { .kind = KEPT_ADDED, .entry = *entry };
	enum muster_code code = part_check_new(part, entry, overwrite, err);

	return code ? code : part_keep(part, entry->path, &kept, err);
}

/* --- removing -------------------------------------------------------------------------------- */

static enum muster_code keep_removed(struct part *part, struct view path, struct muster_error *err)
{
	const struct kept removed = { .kind = KEPT_REMOVED };

	return part_keep(part, path, &removed, err);
}

/* The first path of the table from `from` on that was added beneath `directory`, in part->key.
 * MUSTER_ABSENT. */
static enum muster_code find_added_beneath(struct part *part, struct view from,
					   struct view directory, struct muster_error *err)
{
	enum muster_code code = spill_map_seek(part->table, from, err);
	struct view path, value;
	struct kept kept;

	while (!code && !(code = spill_map_next(part->table, &path, &value, err))) {
		if (!view_begins_with(path, directory))
			return MUSTER_ABSENT;
		kept_decode(&kept, path, value);
		if (kept.kind != KEPT_ADDED)
			continue;
		part->key.len = 0;
		return bytes_append_view(&part->key, path, err);
	}
	return code == MUSTER_END ? MUSTER_ABSENT : code;
}

/* What the table has beneath it is removed one by one. */
static enum muster_code remove_added_beneath(struct part *part, struct view directory, bool *any,
					     struct muster_error *err)
{
	enum muster_code code = find_added_beneath(part, directory, directory, err);

	while (!code) {
		*any = true;
		code = keep_removed(part, bytes_view(&part->key), err);
		if (!code) /* the walk begins anew: what is put ends it */
			code = find_added_beneath(part, bytes_view(&part->key), directory, err);
	}
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

static enum muster_code sources_have_beneath(struct part *part, struct view directory, bool *any,
					     struct muster_error *err)
{
	enum muster_code code = part_need_sources(part, err);
	struct view value;
	struct entry entry;

	if (code)
		return code == MUSTER_ABSENT ? MUSTER_OK : code;
	version_reader_seek(part->sources.reader, directory);
	while (!*any && !(code = version_reader_next(part->sources.reader, &entry, err))) {
		if (!view_begins_with(entry.path, directory))
			return MUSTER_OK;
		code = spill_map_find(part->table, entry.path, &value, err);
		if (code && code != MUSTER_ABSENT)
			return code;
		*any = code == MUSTER_ABSENT; /* nothing removed or replaced it */
	}
	return code == MUSTER_END || code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* Is the directory, or one above it, removed already? */
static enum muster_code is_hidden(struct part *part, struct view directory, bool *out,
				  struct muster_error *err)
{
	enum muster_code code = directory_is_removed(part, directory, err);

	if (code == MUSTER_ABSENT)
		code = path_each_above(directory, directory_is_removed, part, err);
	*out = code == MUSTER_OK;
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

static enum muster_code remove_directory(struct part *part, struct view directory, bool *any,
					 struct muster_error *err)
{
	bool was_hidden;
	enum muster_code code = is_hidden(part, directory, &was_hidden, err);

	if (!code)
		code = remove_added_beneath(part, directory, any, err);
	if (code || was_hidden)
		return code;
	if (!*any)
		code = sources_have_beneath(part, directory, any, err);
	if (!code && !*any)
		code = stack_has_beneath(&part->beneath, directory, any, err);
	if (code || !*any)
		return code;
	code = keep_removed(part, directory, err);
	part->has_removed_directory |= !code;
	return code;
}

enum muster_code part_remove(struct part *part, struct view path, struct muster_error *err)
{
	struct bytes directory = { 0 };
	struct entry entry;
	bool any = false;
	enum muster_code code = entry_path_check(path, err);

	if (!code)
		code = part_find(part, path, &entry, err);
	if (code != MUSTER_ABSENT)
		return code ? code : keep_removed(part, path, err);
	code = bytes_append_view(&directory, path, err);
	if (!code)
		code = bytes_append_byte(&directory, '/', err);
	if (!code)
		code = remove_directory(part, bytes_view(&directory), &any, err);
	bytes_release(&directory);
	if (!code && !any)
		code = muster_fail(err, MUSTER_E_NAME, "'%.*s' is not there: nothing to remove",
				   VIEW_ARGS(path));
	return code;
}
