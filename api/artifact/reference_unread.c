/* References to files that are not read: their digest is that of their URI (W&B's checksum=False).
 * All are found first, then added: all of them or none. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/artifact/reference.h"
#include "artifact/path.h"
#include "engine/draft/kept.h"
#include "engine/put/uri.h"

#define DEPTH_MAX   256 /* of directories: each keeps a descriptor open */
#define FOUND_BYTES (4u << 20)

/* One directory on the way down. Texts grow by a name and shrink again; `path` is "" or has a '/'
 * behind, and so have the others. */
struct unread {
	struct reference *adding;
	struct spill_map *found; /* path -> struct kept */
	struct bytes local, ref, path, value;
	unsigned depth;
};

/* --- one file ----------------------------------------------------------------------------------
 */

/* Python's Path.as_uri(): all but letters, digits, "_.-~/" as %XX. */
static enum muster_code append_uri(struct bytes *out, const char *path, struct muster_error *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-~/";
	enum muster_code code = bytes_append_text(out, "file://", err);

	for (; *path && !code; path++)
		code = strchr(plain, *path)
			       ? bytes_append_byte(out, (uint8_t)*path, err)
			       : bytes_printf(out, err, "%%%02X", (unsigned char)*path);
	return code;
}

static enum muster_code note(struct unread *unread, const struct entry *entry,
			     struct muster_error *err)
{
	struct kept kept = { .kind = KEPT_ADDED, .entry = *entry };
	enum muster_code code = kept_encode(&kept, &unread->value, err);

	return code ? code
		    : spill_map_put(unread->found, entry->path, bytes_view(&unread->value), err);
}

/* `local` is where the file is; `ref` and `path` what the entry has. */
static enum muster_code find_file(struct unread *unread, const char *local, struct view ref,
				  struct view path, uint64_t size_bytes, struct muster_error *err)
{
	struct reference *adding = unread->adding;
	char resolved[PATH_MAX];
	struct bytes uri = { 0 };
	struct entry entry = {
		.path = path,
		.algorithm = DIGEST_MD5,
		.size_bytes = size_bytes,
		.has_size = true,
		.ref = ref,
	};
	enum muster_code code;

	if (atomic_fetch_add(&adding->count, 1) >= adding->max_objects)
		return reference_too_many(adding, err);
	if (!realpath(local, resolved))
		return muster_fail_errno(err, "find '%s'", local);
	code = append_uri(&uri, resolved, err);
	if (!code) {
		md5_of(bytes_view(&uri), entry.fingerprint.digest);
		code = entry_path_check(path, err);
	}
	if (!code)
		code = note(unread, &entry, err);
	bytes_release(&uri);
	return code;
}

/* --- all below a directory ---------------------------------------------------------------------
 */

static enum muster_code walk_directory(struct unread *unread, struct muster_error *err);

static enum muster_code append_name(struct unread *unread, const char *name,
				    struct muster_error *err)
{
	struct view text = view_text(name);
	enum muster_code code = bytes_append_view(&unread->local, text, err);

	if (!code)
		code = bytes_append_view(&unread->path, text, err);
	if (!code)
		code = bytes_reserve(&unread->ref, text.len * URI_GROWTH, err);
	if (!code)
		unread->ref.len += uri_escape((char *)unread->ref.ptr + unread->ref.len, text);
	if (!code)
		code = bytes_append_byte(&unread->local, '\0', err);
	return code;
}

static enum muster_code append_slashes(struct unread *unread, struct muster_error *err)
{
	enum muster_code code;

	unread->local.len--;
	code = bytes_append_byte(&unread->local, '/', err);
	if (!code)
		code = bytes_append_byte(&unread->path, '/', err);
	return code ? code : bytes_append_byte(&unread->ref, '/', err);
}

/* Links to directories are not followed, links to files are. */
static enum muster_code walk_one(struct unread *unread, const char *name, struct muster_error *err)
{
	const struct unread before = *unread;
	struct stat st;
	const char *local;
	bool is_link;
	enum muster_code code = append_name(unread, name, err);

	local = (const char *)unread->local.ptr;
	if (!code && lstat(local, &st))
		code = muster_fail_errno(err, "look at '%s'", local);
	is_link = !code && S_ISLNK(st.st_mode);
	if (is_link && stat(local, &st))
		code = muster_fail_errno(err, "look at '%s'", local);
	if (!code && S_ISDIR(st.st_mode) && !is_link) {
		code = append_slashes(unread, err);
		if (!code)
			code = walk_directory(unread, err);
	} else if (!code && S_ISREG(st.st_mode)) {
		code = find_file(unread, local, bytes_view(&unread->ref), bytes_view(&unread->path),
				 (uint64_t)st.st_size, err);
	}
	unread->local.len = before.local.len;
	unread->ref.len = before.ref.len;
	unread->path.len = before.path.len;
	return code;
}

static enum muster_code walk_names(struct unread *unread, DIR *dir, struct muster_error *err)
{
	struct dirent *found;
	enum muster_code code = MUSTER_OK;

	while (!code && (found = readdir(dir)))
		if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
			code = walk_one(unread, found->d_name, err);
	return code;
}

static enum muster_code walk_directory(struct unread *unread, struct muster_error *err)
{
	DIR *dir;
	enum muster_code code;

	if (unread->depth == DEPTH_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "'%.*s' lies deeper than %d directories",
				   VIEW_ARGS(unread->path), DEPTH_MAX);
	code = bytes_append_byte(&unread->local, '\0', err);
	if (code)
		return code;
	unread->local.len--;
	dir = opendir((const char *)unread->local.ptr);
	if (!dir)
		return muster_fail_errno(err, "open '%s'", (const char *)unread->local.ptr);
	unread->depth++;
	code = walk_names(unread, dir, err);
	unread->depth--;
	closedir(dir);
	return code;
}

static enum muster_code begin_directory(struct unread *unread, const char *local, const char *name,
					struct muster_error *err)
{
	enum muster_code code = bytes_append_text(&unread->local, local, err);

	if (!code && name && *name) {
		code = entry_path_normalize(view_text(name), &unread->path, err);
		if (!code)
			code = bytes_append_byte(&unread->path, '/', err);
	}
	if (!code)
		code = bytes_append_text(&unread->ref, unread->adding->uri, err);
	if (!code && local[strlen(local) - 1] != '/')
		code = bytes_append_byte(&unread->local, '/', err);
	if (!code && unread->ref.ptr[unread->ref.len - 1] != '/')
		code = bytes_append_byte(&unread->ref, '/', err);
	return code ? code : walk_directory(unread, err);
}

static enum muster_code find_one(struct unread *unread, const char *local, const char *name,
				 uint64_t size_bytes, struct muster_error *err)
{
	const char *slash = strrchr(local, '/');
	struct bytes path = { 0 };
	enum muster_code code =
		entry_path_normalize(view_text(name ? name : slash + 1), &path, err);

	if (!code)
		code = find_file(unread, local, view_text(unread->adding->uri), bytes_view(&path),
				 size_bytes, err);
	bytes_release(&path);
	return code;
}

static enum muster_code find_all(struct unread *unread, const char *name, struct muster_error *err)
{
	const char *uri = unread->adding->uri, *local;
	struct bytes place = { 0 };
	struct stat st;
	enum muster_code code = uri_file_path(uri, &place, err);

	if (!code)
		code = bytes_append_byte(&place, '\0', err);
	local = (const char *)place.ptr;
	if (!code && stat(local, &st))
		code = muster_fail_errno(err, "add '%s'", uri);
	if (!code && S_ISDIR(st.st_mode))
		code = begin_directory(unread, local, name, err);
	else if (!code && S_ISREG(st.st_mode))
		code = find_one(unread, local, name, (uint64_t)st.st_size, err);
	else if (!code)
		code = muster_fail(err, MUSTER_E_USAGE, "'%s' is neither a file nor a directory",
				   uri);
	bytes_release(&place);
	return code;
}

/* --- adding them -------------------------------------------------------------------------------
 */

static enum muster_code each(struct unread *unread,
			     enum muster_code (*fn)(struct part *, const struct entry *,
						    struct muster_error *),
			     struct muster_error *err)
{
	struct part *part = unread->adding->artifact->draft->part;
	struct view path, value;
	struct kept kept;
	enum muster_code code = spill_map_seek(unread->found, view_of("", 0), err);

	while (!code && !(code = spill_map_next(unread->found, &path, &value, err))) {
		kept_decode(&kept, path, value);
		code = fn(part, &kept.entry, err);
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code check_one(struct part *part, const struct entry *entry,
				  struct muster_error *err)
{
	struct entry found;
	enum muster_code code = part_find(part, entry->path, &found, err);

	if (code == MUSTER_ABSENT || (!code && entry_digest_equal(entry, &found)))
		return MUSTER_OK;
	return code ? code
		    : muster_fail(err, MUSTER_E_USAGE,
				  "Cannot add the same path twice: '%.*s' is there already, and "
				  "other",
				  VIEW_ARGS(entry->path));
}

static enum muster_code add_one(struct part *part, const struct entry *entry,
				struct muster_error *err)
{
	return part_add_entry(part, entry, true, err);
}

enum muster_code reference_add_unread(struct reference *adding, const char *name,
				      struct muster_error *err)
{
	struct unread unread = { .adding = adding };
	enum muster_code code = spill_map_new(&unread.found, NULL, FOUND_BYTES, err);

	if (!code)
		code = find_all(&unread, name, err);
	if (!code)
		code = each(&unread, check_one, err);
	if (!code)
		code = each(&unread, add_one, err);
	spill_map_free(unread.found);
	bytes_release(&unread.local);
	bytes_release(&unread.ref);
	bytes_release(&unread.path);
	bytes_release(&unread.value);
	return code;
}
