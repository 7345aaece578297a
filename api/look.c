#include "engine/look/look.h"

#include <unistd.h>

#include "api/api_internal.h"

enum muster_code muster_collections(struct muster_repository *repository, muster_collection_fn *fn,
				    void *state, struct muster_error *err)
{
	return look_collections(repository->engine, fn, state, err);
}

enum muster_code muster_versions(struct muster_repository *repository, const char *collection,
				 muster_version_fn *fn, void *state, struct muster_error *err)
{
	struct collection_name name;
	enum muster_code code = api_collection_name(repository, collection, &name, err);

	return code ? code : look_versions(repository->engine, &name, fn, state, err);
}

enum muster_code muster_show(struct muster_repository *repository, const char *version,
			     muster_version_fn *fn, void *state, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, version, &address, err);

	return code ? code : look_version(repository->engine, &address, fn, state, err);
}

enum muster_code muster_entries(struct muster_repository *repository, const char *version,
				const char *prefix, bool one_level, muster_entry_fn *fn,
				void *state, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, version, &address, err);

	return code ? code
		    : look_entries(repository->engine, &address, prefix, one_level, fn, state, err);
}

enum muster_code muster_cat(struct muster_repository *repository, const char *version,
			    const char *path, muster_bytes_fn *sink, void *state,
			    struct muster_error *err)
{
	struct artifact_address address;
	struct blob_cache *blobs;
	enum muster_code code = api_address(repository, version, &address, err);

	if (code)
		return code;
	blobs = api_cache_open(repository, false);
	code = look_cat(repository->engine, blobs, &address, path, sink, state, err);
	api_cache_close(repository, blobs);
	return code;
}

enum muster_code muster_history(struct muster_repository *repository, const char *collection,
				muster_event_fn *fn, void *state, struct muster_error *err)
{
	struct collection_name name;
	enum muster_code code = api_collection_name(repository, collection, &name, err);

	return code ? code : look_history(repository->engine, &name, fn, state, err);
}

/* "/x", "./x", "../x"; "." and "..", too, which nobody calls an artifact. */
static bool is_directory(const char *side)
{
	const char *rest = side;

	if (*rest == '.')
		rest++;
	if (rest > side && *rest == '.')
		rest++;
	return *rest == '/' || (rest > side && *rest == '\0');
}

static enum muster_code take_side(const struct muster_repository *repository, const char *text,
				  struct look_side *out, struct muster_error *err)
{
	*out = (struct look_side){ 0 };
	if (text && is_directory(text)) {
		out->directory = text;
		if (access(text, F_OK) == 0)
			return MUSTER_OK;
		muster_fail_errno(err, "'%s'", text);
		return err ? err->code = MUSTER_E_NAME : MUSTER_E_NAME;
	}
	if (!repository)
		return muster_fail(
			err, MUSTER_E_USAGE,
			"'%s' is no directory (written with a leading '/', './' or '../'), "
			"and without a repository no version",
			text ? text : "");
	return api_address(repository, text, &out->version, err);
}

enum muster_code muster_diff(struct muster_repository *repository, const char *a, const char *b,
			     muster_change_fn *fn, void *state, struct muster_diff_report *report,
			     struct muster_error *err)
{
	static const struct muster_job defaults = { 0 };
	struct look_side side_a, side_b;
	struct muster_job job;
	enum muster_code code;

	if (report)
		*report = (struct muster_diff_report){ 0 };
	code = take_side(repository, a, &side_a, err);
	if (!code)
		code = take_side(repository, b, &side_b, err);
	if (!code)
		code = api_job(&defaults, &job, err);
	return code ? code
		    : look_diff(repository ? repository->engine : NULL, &side_a, &side_b, &job, fn,
				state, report, err);
}
