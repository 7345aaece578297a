/* Drafts: what is added and removed. */
#include "api/artifact/artifact_draft.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "artifact/path.h"
#include "base/text/encode.h"

#define TMP_NAME_DIGITS 20

/* --- options ---------------------------------------------------------------------------------- */

enum muster_code artifact_check_policy(enum muster_policy policy, struct muster_error *err)
{
	if (policy == MUSTER_POLICY_MUTABLE || policy == MUSTER_POLICY_IMMUTABLE)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "a policy is mutable or immutable, not %d",
			   (int)policy);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- where files were added from -------------------------------------------------------------- */

static enum muster_code note_local(struct spill_map **map, const char *local_path, struct view end,
				   struct view path, struct muster_error *err)
{
	struct bytes key = { 0 };
	enum muster_code code = MUSTER_OK;

	if (!*map)
		code = spill_map_new(map, NULL, LOCAL_PATHS_BYTES, err);
	if (!code)
		code = bytes_append_text(&key, local_path, err);
	if (!code)
		code = bytes_append_view(&key, end, err);
	if (!code)
		code = spill_map_put(*map, bytes_view(&key), path, err);
	bytes_release(&key);
	return code;
}

/* Is a path of the draft still there? */
static enum muster_code lend_path(struct muster_artifact *artifact, const char **out,
				  struct muster_error *err)
{
	struct view path = bytes_view(&artifact->path);
	struct entry found;
	enum muster_code code = part_find(artifact->draft->part, path, &found, err);

	if (!code)
		code = bytes_append_byte(&artifact->path, '\0', err);
	if (!code)
		*out = (const char *)artifact->path.ptr;
	return code;
}

static enum muster_code find_local_file(struct muster_artifact *artifact, const char *local_path,
					const char **out, struct muster_error *err)
{
	struct artifact_draft *draft = artifact->draft;
	struct view path;
	enum muster_code code = MUSTER_ABSENT;

	if (draft->local_paths)
		code = spill_map_find(draft->local_paths, view_text(local_path), &path, err);
	artifact->path.len = 0;
	if (!code)
		code = bytes_append_view(&artifact->path, path, err);
	return code ? code : lend_path(artifact, out, err);
}

/* Below the directory of the first `len` bytes, which end with '/'. */
static enum muster_code find_below(struct muster_artifact *artifact, const char *local_path,
				   size_t len, const char **out, struct muster_error *err)
{
	struct view path;
	enum muster_code code =
		spill_map_find(artifact->draft->local_dirs, view_of(local_path, len), &path, err);

	artifact->path.len = 0;
	if (!code)
		code = bytes_append_view(&artifact->path, path, err);
	if (!code && path.len)
		code = bytes_append_byte(&artifact->path, '/', err);
	if (!code)
		code = bytes_append_text(&artifact->path, local_path + len, err);
	return code ? code : lend_path(artifact, out, err);
}

enum muster_code muster_artifact_get_added_local_path_name(struct muster_artifact *artifact,
							   const char *local_path, const char **out,
							   struct muster_error *err)
{
	enum muster_code code = MUSTER_ABSENT;

	if (!artifact->draft)
		return MUSTER_ABSENT; /* versions do not hold where files came from */
	code = find_local_file(artifact, local_path, out, err);
	if (!artifact->draft->local_dirs)
		return code;
	for (size_t len = strlen(local_path); len > 0 && code == MUSTER_ABSENT; len--)
		if (local_path[len - 1] == '/' && local_path[len])
			code = find_below(artifact, local_path, len, out, err);
	return code;
}

/* --- entries ---------------------------------------------------------------------------------- */

enum muster_code artifact_give_entry(struct muster_artifact *artifact, const struct entry *entry,
				     const char *local_path, bool skip_cache,
				     struct muster_entry **out, struct muster_error *err)
{
	struct muster_entry *given = calloc(1, sizeof(*given));
	enum muster_code code;

	*out = NULL;
	if (!given)
		return muster_fail_memory(err, "an entry");
	code = entry_fill(given, artifact, entry, err);
	if (!code && local_path)
		code = text_set(&given->local_path, view_text(local_path), err);
	given->skip_cache = skip_cache;
	if (code)
		muster_entry_free(given);
	else
		*out = given;
	return code;
}

enum muster_code artifact_draft_entry(struct muster_artifact *artifact, struct view path,
				      const char *local_path, bool skip_cache,
				      struct muster_entry **out, struct muster_error *err)
{
	struct entry entry;
	enum muster_code code = part_find(artifact->draft->part, path, &entry, err);

	if (code == MUSTER_ABSENT)
		return muster_fail(err, MUSTER_E_NAME, "'%s' has no entry '%.*s'",
				   artifact->names.name, VIEW_ARGS(path));
	return code ? code
		    : artifact_give_entry(artifact, &entry, local_path, skip_cache, out, err);
}

/* --- files ------------------------------------------------------------------------------------ */

struct digesting {
	char digits[2 * DIGEST_BYTES];
	size_t len;
};

static bool take_digest(void *state, const struct muster_entry_info *info)
{
	struct digesting *digesting = state;
	uint8_t digest[DIGEST_BYTES];

	if (!base64_decode(digest, sizeof(digest), view_text(info->digest)))
		return true;
	hex_encode(digesting->digits, digest, sizeof(digest));
	digesting->len = sizeof(digesting->digits);
	return true;
}

/* "dir/img.mask.png" becomes "dir/<20 hex of the digest>.mask.png". */
static enum muster_code make_tmp_name(const struct muster_artifact *artifact,
				      const char *local_path, struct bytes *path,
				      struct muster_error *err)
{
	struct muster_source source = { .path = local_path };
	struct digesting digesting = { .len = 0 };
	struct muster_digest_options options = {
		.sources = &source,
		.source_count = 1,
		.algorithm = artifact->digest_algorithm,
		.on_entry = take_digest,
		.on_entry_state = &digesting,
	};
	struct bytes name = { 0 };
	size_t dir = path->len, dot;
	enum muster_code code = muster_digest(&options, NULL, err);

	if (code)
		return code;
	if (digesting.len < TMP_NAME_DIGITS)
		return muster_fail(err, MUSTER_E_USAGE, "'%s' is no regular file", local_path);
	while (dir && path->ptr[dir - 1] != '/')
		dir--;
	for (dot = dir; dot < path->len && path->ptr[dot] != '.';)
		dot++;
	code = bytes_append(&name, path->ptr, dir, err);
	if (!code)
		code = bytes_append(&name, digesting.digits, TMP_NAME_DIGITS, err);
	if (!code)
		code = bytes_append(&name, path->ptr + dot, path->len - dot, err);
	bytes_release(path);
	*path = name;
	return code;
}

/* Is it a file, whatever leads to it? */
static enum muster_code check_file(const char *local_path, struct muster_error *err)
{
	struct stat st;

	if (stat(local_path, &st))
		return muster_fail_errno(err, "add '%s'", local_path);
	if (!S_ISREG(st.st_mode))
		return muster_fail(err, MUSTER_E_USAGE, "'%s' is no regular file", local_path);
	return MUSTER_OK;
}

static enum muster_code add_file(struct muster_artifact *artifact, const char *local_path,
				 const struct muster_add_options *options, struct bytes *path,
				 struct muster_entry **out, struct muster_error *err)
{
	struct entry entry;
	enum muster_code code = entry_path_normalize(
		view_text(options->name ? options->name : base_name(local_path)), path, err);

	if (!code)
		code = check_file(local_path, err);
	if (!code && options->is_tmp)
		code = make_tmp_name(artifact, local_path, path, err);
	if (!code)
		code = part_add_file(artifact->draft->part, local_path, bytes_view(path),
				     options->overwrite, &entry, err);
	if (!code && out)
		code = artifact_give_entry(artifact, &entry, local_path, options->skip_cache, out,
					   err);
	return code ? code
		    : note_local(&artifact->draft->local_paths, local_path, view_of("", 0),
				 bytes_view(path), err);
}

enum muster_code muster_artifact_add_file(struct muster_artifact *artifact, const char *local_path,
					  const struct muster_add_options *options,
					  struct muster_entry **out, struct muster_error *err)
{
	static const struct muster_add_options defaults = { 0 };
	struct bytes path = { 0 };
	enum muster_code code = artifact_need_open(artifact, "add_file", err);

	if (out)
		*out = NULL;
	options = options ? options : &defaults;
	if (!code)
		code = artifact_check_policy(options->policy, err);
	if (!code)
		code = add_file(artifact, local_path, options, &path, out, err);
	bytes_release(&path);
	return code;
}

/* --- directories ------------------------------------------------------------------------------ */

static enum muster_code check_dir(const struct muster_artifact *artifact, const char *local_path,
				  struct muster_error *err)
{
	struct muster_source source = { .path = local_path };
	struct muster_put_options put = { .sources = &source, .source_count = 1 };
	struct stat st;

	if (stat(local_path, &st))
		return muster_fail_errno(err, "add '%s'", local_path);
	if (!S_ISDIR(st.st_mode))
		return muster_fail(err, MUSTER_E_USAGE, "'%s' is no directory", local_path);
	return api_check_sources(artifact->repository, &put, err);
}

/* "a//" and "a" are one directory. */
static enum muster_code note_dir(struct artifact_draft *draft, const char *local_path,
				 struct view path, struct muster_error *err)
{
	bool has_slash = *local_path && local_path[strlen(local_path) - 1] == '/';

	return note_local(&draft->local_dirs, local_path,
			  has_slash ? view_of("", 0) : VIEW_LITERAL("/"), path, err);
}

enum muster_code muster_artifact_add_dir(struct muster_artifact *artifact, const char *local_path,
					 const struct muster_add_options *options,
					 struct muster_put_report *report, struct muster_error *err)
{
	static const struct muster_add_options defaults = { 0 };
	struct muster_source source = { .path = local_path };
	struct muster_put_options put = { .sources = &source, .source_count = 1 };
	struct muster_put_report own;
	struct bytes path = { 0 };
	enum muster_code code = artifact_need_open(artifact, "add_dir", err);

	report = report ? report : &own;
	*report = (struct muster_put_report){ 0 };
	options = options ? options : &defaults;
	put.wanted = options->wanted;
	put.wanted_state = options->wanted_state;
	if (!code)
		code = artifact_check_policy(options->policy, err);
	if (!code)
		code = check_dir(artifact, local_path, err);
	if (!code && options->name && *options->name) {
		code = entry_path_normalize(view_text(options->name), &path, err);
		if (!code)
			code = bytes_append_byte(&path, '\0', err);
		source.name = (const char *)path.ptr;
	}
	if (!code)
		code = part_add_sources(artifact->draft->part, &put, options->merge, report, err);
	if (!code)
		code = note_dir(artifact->draft, local_path,
				source.name ? view_text(source.name) : view_of("", 0), err);
	bytes_release(&path);
	return code;
}

/* --- removing --------------------------------------------------------------------------------- */

enum muster_code muster_artifact_remove(struct muster_artifact *artifact, const char *item,
					struct muster_error *err)
{
	struct bytes path = { 0 };
	enum muster_code code = artifact_need_open(artifact, "remove", err);

	if (!code)
		code = entry_path_normalize(view_text(item), &path, err);
	if (!code)
		code = part_remove(artifact->draft->part, bytes_view(&path), err);
	bytes_release(&path);
	return code;
}
