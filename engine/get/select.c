#include "engine/get/select.h"

#include "artifact/path.h"

enum muster_code get_selection_init(struct get_selection *selection, const char *prefix,
				    const struct muster_wanted_rules *rules,
				    struct muster_error *err)
{
	*selection = (struct get_selection){ .rules = *rules };
	if (!prefix || !*prefix)
		return MUSTER_OK;
	return entry_path_normalize(view_text(prefix), &selection->prefix, err);
}

void get_selection_release(struct get_selection *selection)
{
	bytes_release(&selection->prefix);
	bytes_release(&selection->wanted_dir);
	bytes_release(&selection->refused_dir);
}

static bool asks_for(const struct get_selection *selection, struct view path, bool is_directory)
{
	return selection->rules.wanted(selection->rules.state, (const char *)path.ptr, path.len,
				       is_directory);
}

static size_t dir_len(struct view path)
{
	while (path.len && path.ptr[path.len - 1] != '/')
		path.len--;
	return path.len ? path.len - 1 : 0;
}

static enum muster_code set(struct bytes *out, struct view value, struct muster_error *err)
{
	out->len = 0;
	return bytes_append_view(out, value, err);
}

/* Does a component end before byte `at`? */
static bool is_boundary(struct view path, size_t at)
{
	return at == path.len || path.ptr[at] == '/';
}

/* As a walk would: a directory is asked for once, and not entered if it is not wanted. */
static enum muster_code ask_dirs(struct get_selection *selection, struct view path, bool *wanted,
				 struct muster_error *err)
{
	struct view dir = view_of(path.ptr, dir_len(path));
	struct view known = bytes_view(&selection->wanted_dir);
	size_t at = view_shared(known, dir);

	*wanted = true;
	if (at == dir.len && at == known.len)
		return MUSTER_OK;
	while (at > 0 && !(is_boundary(known, at) && is_boundary(dir, at)))
		at--;
	for (size_t end = at + (at > 0); at < dir.len; end = at + 1) {
		while (end < dir.len && dir.ptr[end] != '/')
			end++;
		at = end;
		if (asks_for(selection, view_of(dir.ptr, at), true))
			continue;
		*wanted = false;
		return set(&selection->refused_dir, view_of(dir.ptr, at), err);
	}
	return set(&selection->wanted_dir, dir, err);
}

static enum muster_code is_wanted(struct get_selection *selection, struct view path, bool *out,
				  struct muster_error *err)
{
	enum muster_code code;

	*out = true;
	if (!selection->rules.wanted)
		return MUSTER_OK;
	if (selection->refused_dir.len &&
	    path_is_under(bytes_view(&selection->refused_dir), path)) {
		*out = false;
		return MUSTER_OK;
	}
	code = ask_dirs(selection, path, out, err);
	if (!code && *out)
		*out = asks_for(selection, path, false);
	return code;
}

enum muster_code get_select_next(struct get_selection *selection, struct version_reader *version,
				 struct entry *out, struct muster_error *err)
{
	struct view prefix = bytes_view(&selection->prefix);
	enum muster_code code;

	if (!selection->has_begun && prefix.len)
		version_reader_seek(version, prefix);
	selection->has_begun = true;
	while (!(code = version_reader_next(version, out, err))) {
		bool wanted;

		if (!view_starts_with(out->path, prefix))
			return MUSTER_END;
		if (!path_is_under(prefix, out->path))
			continue; /* "a-b" stands between "a" and "a/b" */
		selection->under_prefix++;
		code = is_wanted(selection, out->path, &wanted, err);
		if (code || wanted)
			return code;
	}
	return code;
}

enum muster_code get_selection_leaves_out(struct get_selection *selection, struct view path,
					  bool *out, struct muster_error *err)
{
	bool wanted;
	enum muster_code code = is_wanted(selection, path, &wanted, err);

	*out = !code && (!wanted || !path_is_under(bytes_view(&selection->prefix), path));
	return code;
}
