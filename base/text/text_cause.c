/* Messages name the thing, the action and the cause, because whoever makes them does not know who
 * tells them. Beside an item's path the thing is told already. */
#include "base/text/text.h"

/* As messages carry names: escaped, but with backslashes as they are. */
static enum muster_code append_as_in_message(struct bytes *out, struct view name,
					     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (name.len && !code) {
		const uint8_t *slash = memchr(name.ptr, '\\', name.len);
		size_t len = slash ? (size_t)(slash - name.ptr) : name.len;

		code = text_append_safe(out, view_of(name.ptr, len), err);
		if (!code && slash)
			code = bytes_append_byte(out, '\\', err);
		len += slash != NULL;
		name = view_of(name.ptr + len, name.len - len);
	}
	return code;
}

static bool ends_with(struct view text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* Does 'quoted' name the item: by its path, or as its directory calls it ("open 'name'")? What a
 * message begins with, and a directory, is only meant where the whole path is told: any of the
 * directories above may have the same name. */
static bool is_named(struct view quoted, struct view path, struct view before)
{
	if (view_equal(quoted, path))
		return true;
	return quoted.len && before.len && quoted.len < path.len &&
	       path.ptr[path.len - quoted.len - 1] == '/' && !ends_with(before, "directory ") &&
	       memcmp(path.ptr + path.len - quoted.len, quoted.ptr, quoted.len) == 0;
}

/* "<before>'<quoted>'<behind>": false where there is no such thing from `from` on. */
static bool find_quoted(struct view message, size_t from, size_t *begin, size_t *end)
{
	const uint8_t *open, *close;

	if (from >= message.len)
		return false;
	open = memchr(message.ptr + from, '\'', message.len - from);
	if (!open || open + 1 == message.ptr + message.len)
		return false;
	close = memchr(open + 1, '\'', (size_t)(message.ptr + message.len - open - 1));
	*begin = (size_t)(open - message.ptr);
	*end = close ? (size_t)(close - message.ptr) + 1 : 0;
	return close != NULL;
}

/* What stands for the item: nothing behind a noun or a colon, else "it". */
static enum muster_code append_around(struct bytes *out, struct view before, struct view behind,
				      struct muster_error *err)
{
	bool is_noun = ends_with(before, "link ") || ends_with(before, "directory ") ||
		       ends_with(before, "file ");
	size_t cut = ends_with(before, ": ") ? 2 : is_noun ? 1 : 0;
	enum muster_code code = bytes_append_view(out, view_of(before.ptr, before.len - cut), err);

	if (!code && !cut)
		code = bytes_append_text(out, "it", err);
	return code ? code : bytes_append_view(out, behind, err);
}

static enum muster_code append_without(struct bytes *out, struct view path, struct view message,
				       struct muster_error *err)
{
	size_t begin, end;

	for (size_t from = 0; find_quoted(message, from, &begin, &end); from = end - 1) {
		struct view before = view_of(message.ptr, begin);

		if (is_named(view_of(message.ptr + begin + 1, end - begin - 2), path, before))
			return append_around(out, before,
					     view_of(message.ptr + end, message.len - end), err);
	}
	return bytes_append_view(out, message, err);
}

enum muster_code text_append_cause(struct bytes *out, struct view path, struct view message,
				   struct muster_error *err)
{
	struct bytes safe = { 0 };
	enum muster_code code = append_as_in_message(&safe, path, err);

	if (!code)
		code = append_without(out, bytes_view(&safe), message, err);
	bytes_release(&safe);
	return code;
}
