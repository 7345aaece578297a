/* The files of an artifact on this machine. */
#include "api/artifact/artifact_internal.h"

#include <unistd.h>

/* --- all of them ------------------------------------------------------------------------------ */

static enum muster_code lend(struct bytes *path, const char *text, const char **out,
			     struct muster_error *err)
{
	enum muster_code code;

	path->len = 0;
	code = bytes_append(path, text, strlen(text) + 1, err);
	if (!code && out)
		*out = (const char *)path->ptr;
	return code;
}

static enum muster_code get(struct muster_artifact *artifact,
			    const struct muster_get_options *options, const char **directory,
			    struct muster_get_report *report, struct muster_error *err)
{
	struct muster_get_report own;
	enum muster_code code, lent;

	report = report ? report : &own;
	*report = (struct muster_get_report){ 0 };
	code = api_get_version(artifact->repository, &artifact->version, options, report, err);
	if (code && code != MUSTER_E_ITEMS)
		return code;
	lent = lend(&artifact->path, report->directory, directory, err);
	return lent ? lent : code;
}

enum muster_code muster_artifact_download(struct muster_artifact *artifact,
					  const struct muster_artifact_download_options *options,
					  const char **directory, struct muster_get_report *report,
					  struct muster_error *err)
{
	static const struct muster_artifact_download_options defaults = { 0 };
	struct muster_get_options get_options;
	enum muster_code code = artifact_need_version(artifact, "download", err);

	if (code)
		return code;
	options = options ? options : &defaults;
	get_options = (struct muster_get_options){
		.job = options->job,
		.directory = options->root,
		.path_prefix = options->path_prefix,
		.run = options->run,
		.allow_missing_references = options->allow_missing_references,
		.overwrite = options->overwrite,
		.sync = options->sync,
		.skip_cache = options->skip_cache,
	};
	return get(artifact, &get_options, directory, report, err);
}

enum muster_code muster_artifact_checkout(struct muster_artifact *artifact,
					  const struct muster_artifact_checkout_options *options,
					  const char **directory, struct muster_get_report *report,
					  struct muster_error *err)
{
	static const struct muster_artifact_checkout_options defaults = { 0 };
	struct muster_checkout_options full;
	struct muster_get_report own;
	struct bytes root = { 0 };
	const char *name = artifact->names.name;
	enum muster_code code = artifact_need_version(artifact, "checkout", err);

	if (code)
		return code;
	options = options ? options : &defaults;
	report = report ? report : &own;
	*report = (struct muster_get_report){ 0 };
	code = bytes_printf(&root, err, "./artifacts/%.*s", (int)strcspn(name, ":"), name);
	if (!code)
		code = bytes_append_byte(&root, '\0', err);
	full = (struct muster_checkout_options){
		.job = options->job,
		.directory = options->root ? options->root : (const char *)root.ptr,
		.delete_others = options->delete_others,
		.overwrite = options->overwrite,
		.max_delete = options->max_delete,
		.backup_dir = options->backup_dir,
		.run = options->run,
		.dry_run = options->dry_run,
		.sync = options->sync,
		.skip_cache = options->skip_cache,
	};
	if (!code)
		code = api_checkout_version(artifact->repository, &artifact->version, &full, report,
					    err);
	if (!code)
		code = lend(&artifact->path, report->directory, directory, err);
	bytes_release(&root);
	return code;
}

/* --- one of them ------------------------------------------------------------------------------ */

/* The rule that wants one path, and what is told of it if it fails. */
struct one_file {
	const char *path;
	struct muster_error error;
};

static bool is_wanted(const void *state, const char *path, uint64_t path_bytes, bool is_directory)
{
	const struct one_file *one = state;
	size_t len = strlen(one->path);

	if (is_directory)
		return path_bytes < len && one->path[path_bytes] == '/' &&
		       memcmp(path, one->path, path_bytes) == 0;
	return path_bytes == len && memcmp(path, one->path, len) == 0;
}

static void note_failure(void *state, const char *path, uint64_t path_bytes,
			 const struct muster_error *error)
{
	struct one_file *one = state;

	(void)path, (void)path_bytes;
	one->error = *error;
}

/* `out` becomes the file's path, with a NUL. */
static enum muster_code get_file(struct muster_artifact *artifact, const char *path,
				 const char *root, bool skip_cache, struct bytes *out,
				 struct muster_error *err)
{
	struct one_file one = { .path = path };
	struct muster_get_options options = {
		.job = { .on_failure = note_failure, .on_failure_state = &one },
		.directory = root,
		.path_prefix = path,
		.rules = { is_wanted, &one },
		.overwrite = true,
		.skip_cache = skip_cache,
	};
	struct muster_get_report report = { 0 };
	enum muster_code code =
		api_get_version(artifact->repository, &artifact->version, &options, &report, err);

	if (code == MUSTER_E_ITEMS && one.error.code) {
		if (err)
			*err = one.error;
		return one.error.code;
	}
	out->len = 0;
	if (!code)
		code = bytes_printf(out, err, "%s/%s", report.directory, path);
	return code ? code : bytes_append_byte(out, '\0', err);
}

enum muster_code muster_entry_download(struct muster_entry *entry, const char *root,
				       bool skip_cache, const char **path, struct muster_error *err)
{
	struct muster_artifact *artifact = entry->artifact;
	enum muster_code code = artifact_need_version(artifact, "entry.download", err);

	if (!code)
		code = get_file(artifact, entry->info.path, root, skip_cache, &entry->path, err);
	if (!code && path)
		*path = (const char *)entry->path.ptr;
	return code;
}

/* The path of its one entry, with a NUL. */
static enum muster_code find_only(const struct muster_artifact *artifact, struct bytes *out,
				  struct muster_error *err)
{
	struct version_reader *reader;
	struct entry entry;
	enum muster_code code;

	if (artifact->file_count != 1)
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' has %llu files, not one: use muster_artifact_download",
				   artifact->names.name, (unsigned long long)artifact->file_count);
	code = artifact_read(artifact, &reader, err);
	if (code)
		return code;
	version_reader_seek(reader, view_text(""));
	code = version_reader_next(reader, &entry, err);
	if (!code)
		code = bytes_append_view(out, entry.path, err);
	version_reader_close(reader);
	return code ? code : bytes_append_byte(out, '\0', err);
}

enum muster_code muster_artifact_file(struct muster_artifact *artifact, const char *root,
				      const char **path, struct muster_error *err)
{
	struct bytes only = { 0 };
	enum muster_code code = artifact_need_version(artifact, "file", err);

	if (!code)
		code = find_only(artifact, &only, err);
	if (!code)
		code = get_file(artifact, (const char *)only.ptr, root, false, &artifact->path,
				err);
	if (!code && path)
		*path = (const char *)artifact->path.ptr;
	bytes_release(&only);
	return code;
}

/* --- are they what they should be? ------------------------------------------------------------ */

/* The usual directory is made where it is not there; a root that was named is not. */
static enum muster_code usual_root(struct muster_artifact *artifact, const char **out,
				   struct muster_error *err)
{
	const struct muster_get_options options = { 0 };
	struct bytes root = { 0 };
	enum muster_code code = api_default_directory(&artifact->version, &root, err);

	if (!code && access((const char *)root.ptr, F_OK) != 0)
		code = get(artifact, &options, NULL, NULL, err);
	if (!code)
		code = lend(&artifact->path, (const char *)root.ptr, out, err);
	bytes_release(&root);
	return code;
}

static enum muster_code judge(const struct muster_artifact *artifact, const char *root,
			      const struct muster_verify_report *report, struct muster_error *err)
{
	if (!(report->missing + report->changed + report->extra + report->unreadable))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_DIGEST,
			   "'%s' is not '%s': %llu files missing, %llu changed, %llu not of it, "
			   "%llu unreadable",
			   root, artifact->names.name, (unsigned long long)report->missing,
			   (unsigned long long)report->changed, (unsigned long long)report->extra,
			   (unsigned long long)report->unreadable);
}

enum muster_code muster_artifact_verify(struct muster_artifact *artifact,
					const struct muster_artifact_verify_options *options,
					struct muster_verify_report *report,
					struct muster_error *err)
{
	static const struct muster_artifact_verify_options defaults = { 0 };
	struct muster_verify_options full;
	struct muster_verify_report own;
	const char *root;
	enum muster_code code = artifact_need_version(artifact, "verify", err);

	options = options ? options : &defaults;
	report = report ? report : &own;
	*report = (struct muster_verify_report){ 0 };
	root = options->root;
	if (!code && !root)
		code = usual_root(artifact, &root, err);
	if (code)
		return code;
	full = (struct muster_verify_options){
		.job = options->job,
		.directory = root,
		.quick = options->quick,
		.on_drift = options->on_drift,
		.on_drift_state = options->on_drift_state,
	};
	code = api_verify_version(artifact->repository, &artifact->version, &full, report, err);
	return code ? code : judge(artifact, root, report, err);
}
