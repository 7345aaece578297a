/* Drafts: bytes that stay where they are (wandb-formats: W&B's reference handlers). */
#include "api/artifact/reference.h"

#include "engine/put/uri.h"

enum muster_code reference_too_many(const struct reference *adding, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_LIMIT,
			   "'%s' leads to more than %llu files: pass a larger max_objects",
			   adding->uri, (unsigned long long)adding->max_objects);
}

/* --- with checksums: as a put has them -------------------------------------------------------- */

/* One too many ends the job, so that nothing is added. */
static bool count_file(const void *state, const char *path, uint64_t path_bytes, bool is_directory)
{
	struct reference *adding = (struct reference *)(uintptr_t)state;

	(void)path, (void)path_bytes;
	if (!is_directory && atomic_fetch_add(&adding->count, 1) >= adding->max_objects)
		atomic_store(&adding->artifact->draft->job.progress->cancel, true);
	return true;
}

static enum muster_code add_source(struct reference *adding, const char *name,
				   struct muster_error *err)
{
	struct muster_source source = { .path = adding->uri, .name = name };
	struct muster_put_options options = {
		.sources = &source, .source_count = 1, .wanted = count_file, .wanted_state = adding
	};
	struct muster_put_report report = { 0 };
	struct artifact_draft *draft = adding->artifact->draft;
	enum muster_code code = part_add_sources(draft->part, &options, false, &report, err);

	if (code == MUSTER_E_CANCELLED && atomic_load(&adding->count) > adding->max_objects) {
		atomic_store(&draft->job.progress->cancel, false);
		return reference_too_many(adding, err);
	}
	if (!code)
		atomic_store(&adding->count, report.entry_count);
	return code;
}

/* --- entries of another version ----------------------------------------------------------------
 */

static enum muster_code add_version(struct reference *adding, const char *name,
				    struct muster_error *err)
{
	struct bytes full = { 0 };
	enum muster_code code = api_full_uri(adding->artifact->repository, adding->uri, &full, err);

	adding->uri = (const char *)full.ptr;
	if (!code)
		code = add_source(adding, name, err);
	bytes_release(&full);
	return code;
}

/* --- by scheme -------------------------------------------------------------------------------- */

static enum muster_code add_by_scheme(struct reference *adding,
				      const struct muster_reference_options *options,
				      struct muster_error *err)
{
	switch (uri_kind(adding->uri)) {
	case URI_NONE:
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' is no URI: a file on this machine is file:///…",
				   adding->uri);
	case URI_NETWORK:
		return muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"'%s': references over the network (s3, gs, http, https) are not "
			"followed by this version of muster",
			adding->uri);
	case URI_FILE:
		if (options->skip_checksum)
			return reference_add_unread(adding, options->name, err);
		break;
	case URI_MUSTER:
		return add_version(adding, options->name, err);
	case URI_TRACKED:
		if (!options->name)
			return muster_fail(err, MUSTER_E_USAGE,
					   "'%s' is only noted down: it needs a name", adding->uri);
		break;
	}
	return add_source(adding, options->name, err);
}

enum muster_code muster_artifact_add_reference(struct muster_artifact *artifact, const char *uri,
					       const struct muster_reference_options *options,
					       uint64_t *count, struct muster_error *err)
{
	static const struct muster_reference_options defaults = { 0 };
	struct reference adding = { .artifact = artifact, .uri = uri };
	enum muster_code code = artifact_need_open(artifact, "add_reference", err);

	options = options ? options : &defaults;
	adding.max_objects = options->max_objects ? options->max_objects : MUSTER_MAX_OBJECTS;
	if (!code)
		code = add_by_scheme(&adding, options, err);
	if (!code && count)
		*count = atomic_load(&adding.count);
	return code;
}

enum muster_code muster_artifact_add_entry_reference(struct muster_artifact *artifact,
						     struct muster_entry *entry,
						     const struct muster_reference_options *options,
						     uint64_t *count, struct muster_error *err)
{
	const char *uri;
	enum muster_code code = artifact_need_open(artifact, "add_reference", err);

	if (!code && entry->artifact->repository != artifact->repository)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "entry '%s' is of another repository: copy its version first",
				   entry->info.path);
	if (!code)
		code = muster_entry_ref_url(entry, &uri, err);
	return code ? code : muster_artifact_add_reference(artifact, uri, options, count, err);
}
