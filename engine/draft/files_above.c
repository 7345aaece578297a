#include "engine/draft/files_above.h"

/* What is said of a path. */
enum { SAID_ADDED, SAID_REMOVED };

void files_above_init(struct files_above *above, struct version_edit *edit,
		      struct version_reader *base)
{
	*above = (struct files_above){ .edit = edit, .base = base };
}

void files_above_release(struct files_above *above)
{
	prefixes_release(&above->said);
	bytes_release(&above->directory);
	bytes_release(&above->text);
}

static enum muster_code refuse(struct view file, struct view beneath, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_USAGE,
			   "'%.*s' is a file, and '%.*s' would lie beneath it: remove or rename "
			   "one of them",
			   VIEW_ARGS(file), VIEW_ARGS(beneath));
}

static struct view said_path(const struct files_above *above, size_t i)
{
	return view_of(above->said.path.ptr, prefixes_at(&above->said, i).len);
}

/* --- what stays of the base beneath a file that was added ------------------------------------- */

/* `next`: the change that comes, or NULL. The base's entries between the file and it stay. */
static enum muster_code check_beneath(struct files_above *above, struct view file,
				      const struct view *next, struct muster_error *err)
{
	const struct entry *head;
	struct view directory;
	enum muster_code code;

	above->text.len = 0;
	code = bytes_append_view(&above->text, file, err);
	if (!code)
		code = bytes_append_byte(&above->text, '/', err);
	if (code)
		return code;
	directory = bytes_view(&above->text);
	if (next && view_compare(*next, directory) < 0)
		return MUSTER_OK; /* not there yet: "a-b" comes before "a/" */
	code = version_edit_peek(above->edit, directory, &head, err);
	if (code)
		return code == MUSTER_END ? MUSTER_OK : code;
	if (head->path.len <= directory.len ||
	    memcmp(head->path.ptr, directory.ptr, directory.len) != 0 ||
	    (next && view_compare(head->path, *next) >= 0))
		return MUSTER_OK;
	return refuse(file, head->path, err);
}

/* The longest first: of those that the base was not asked for, its directory comes first. */
static enum muster_code check_all_beneath(struct files_above *above, const struct view *next,
					  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = prefixes_count(&above->said); i-- > 0 && !code && above->edit;)
		if (prefixes_at(&above->said, i).what == SAID_ADDED)
			code = check_beneath(above, said_path(above, i), next, err);
	return code;
}

/* --- what stands above a path that is added --------------------------------------------------- */

/* Is `directory`'s own name, or a directory around it, told to be removed or to be a file? */
static enum muster_code look_said(const struct files_above *above, struct view file,
				  struct view path, bool *is_settled, struct muster_error *err)
{
	*is_settled = false;
	for (size_t i = 0; i < prefixes_count(&above->said); i++) {
		struct prefix prefix = prefixes_at(&above->said, i);
		bool is_tree = prefix.len && above->said.path.ptr[prefix.len - 1] == '/';

		if (prefix.len == file.len && prefix.what == SAID_ADDED)
			return refuse(file, path, err);
		*is_settled |= prefix.what == SAID_REMOVED &&
			       (prefix.len == file.len || (is_tree && prefix.len < file.len));
	}
	return MUSTER_OK;
}

static enum muster_code check_above(struct files_above *above, struct view path,
				    struct muster_error *err)
{
	for (size_t i = 1; i < path.len; i++) {
		struct view file = view_of(path.ptr, i);
		struct entry entry;
		bool is_settled;
		enum muster_code code;

		if (path.ptr[i] != '/')
			continue;
		code = look_said(above, file, path, &is_settled, err);
		if (code)
			return code;
		if (is_settled || !above->base)
			continue;
		code = version_reader_find(above->base, file, &entry, err);
		if (code != MUSTER_ABSENT)
			return code ? code : refuse(file, path, err);
	}
	return MUSTER_OK;
}

static struct view directory_of(struct view path)
{
	while (path.len && path.ptr[path.len - 1] != '/')
		path.len--;
	return path;
}

static enum muster_code check_added(struct files_above *above, struct view path,
				    struct muster_error *err)
{
	struct view directory = directory_of(path);
	enum muster_code code;

	/* Nothing above it has changed since the last one in this directory. */
	if (view_equal(directory, bytes_view(&above->directory)))
		return MUSTER_OK;
	code = check_above(above, path, err);
	above->directory.len = 0;
	return code ? code : bytes_append_view(&above->directory, directory, err);
}

enum muster_code files_above_step(struct files_above *above, struct view path, bool is_removed,
				  struct muster_error *err)
{
	enum muster_code code = check_all_beneath(above, &path, err);

	if (!code)
		code = prefixes_step(&above->said, path, err);
	if (!code && !is_removed)
		code = check_added(above, path, err);
	return code ? code
		    : prefixes_say(&above->said, is_removed ? SAID_REMOVED : SAID_ADDED, err);
}

enum muster_code files_above_end(struct files_above *above, struct muster_error *err)
{
	return check_all_beneath(above, NULL, err);
}
