#include "engine/get/get.h"

#include <stdio.h>

#include "api/api_internal.h"

/* Before any byte is read: a run that cannot be told is no reason to fetch for it. */
static enum muster_code note_use(struct muster_repository *repository, const char *given,
				 const struct named_version *named, struct muster_error *err)
{
	struct api_run run;
	enum muster_code code = api_run(repository, given, &run, err);

	return code ? code : api_run_uses(repository, &run, named, err);
}

static enum muster_code find(struct muster_repository *repository, const char *version,
			     struct api_version *out, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, version, &address, err);

	if (!code)
		code = named_version_open(&out->named, repository->engine, &address, err);
	if (!code)
		api_version_name(out, &address);
	return code;
}

void api_version_name(struct api_version *version, const struct artifact_address *address)
{
	snprintf(version->text, sizeof(version->text), "%.*s/%.*s/%.*s:v%llu",
		 VIEW_ARGS(address->entity), VIEW_ARGS(address->project), VIEW_ARGS(address->name),
		 (unsigned long long)version->named.version->number);
}

enum muster_code api_default_directory(const struct api_version *version, struct bytes *out,
				       struct muster_error *err)
{
	const struct collection_state *state = collection_versions(version->named.collection);
	enum muster_code code =
		bytes_printf(out, err, "./artifacts/%.*s:v%llu", VIEW_ARGS(state->name),
			     (unsigned long long)version->named.version->number);

	return code ? code : bytes_append_byte(out, '\0', err);
}

enum muster_code api_get_version(struct muster_repository *repository,
				 const struct api_version *version,
				 const struct muster_get_options *options,
				 struct muster_get_report *report, struct muster_error *err)
{
	struct muster_get_options full = *options;
	struct get_helps helps = { .cache_dir = repository->cache_dir };
	struct bytes directory = { 0 };
	enum muster_code code = api_job(&options->job, &full.job, err);

	api_job_reads(repository, &options->job, &full.job);
	if (!code && !options->directory) {
		code = api_default_directory(version, &directory, err);
		full.directory = (const char *)directory.ptr;
	}
	if (!code)
		code = note_use(repository, options->run, &version->named, err);
	if (!code) {
		helps.blobs = api_cache_open(repository, options->skip_cache);
		code = get_run(repository->engine, version->named.version, version->text, &helps,
			       &full, report, err);
	}
	api_cache_close(repository, helps.blobs);
	bytes_release(&directory);
	return code;
}

enum muster_code muster_get(struct muster_repository *repository,
			    const struct muster_get_options *options,
			    struct muster_get_report *report, struct muster_error *err)
{
	struct muster_get_report own;
	struct api_version version = { 0 };
	enum muster_code code;

	report = report ? report : &own;
	*report = (struct muster_get_report){ 0 };
	code = find(repository, options->version, &version, err);
	if (!code)
		code = api_get_version(repository, &version, options, report, err);
	named_version_release(&version.named);
	return code;
}

enum muster_code api_checkout_version(struct muster_repository *repository,
				      const struct api_version *version,
				      const struct muster_checkout_options *options,
				      struct muster_get_report *report, struct muster_error *err)
{
	struct muster_checkout_options full = *options;
	struct get_helps helps = { .cache_dir = repository->cache_dir };
	enum muster_code code = api_job(&options->job, &full.job, err);

	if (code)
		return code;
	if (!options->dry_run)
		code = note_use(repository, options->run, &version->named, err);
	if (code)
		return code;
	api_job_reads(repository, &options->job, &full.job);
	helps.blobs = api_cache_open(repository, options->skip_cache || options->dry_run);
	code = checkout_run(repository->engine, version->named.version, version->text, &helps,
			    &full, report, err);
	api_cache_close(repository, helps.blobs);
	return code;
}

enum muster_code muster_checkout(struct muster_repository *repository,
				 const struct muster_checkout_options *options,
				 struct muster_get_report *report, struct muster_error *err)
{
	struct muster_get_report own;
	struct api_version version = { 0 };
	enum muster_code code;

	report = report ? report : &own;
	*report = (struct muster_get_report){ 0 };
	if (!options->directory)
		return muster_fail(err, MUSTER_E_USAGE, "name the directory to check out into");
	code = find(repository, options->version, &version, err);
	if (!code)
		code = api_checkout_version(repository, &version, options, report, err);
	named_version_release(&version.named);
	return code;
}

enum muster_code api_verify_version(struct muster_repository *repository,
				    const struct api_version *version,
				    const struct muster_verify_options *options,
				    struct muster_verify_report *report, struct muster_error *err)
{
	struct muster_verify_options full = *options;
	enum muster_code code = api_job(&options->job, &full.job, err);

	if (code)
		return code;
	if (options->stored)
		api_job_reads(repository, &options->job, &full.job);
	return verify_run(repository->engine, version->named.version, version->text,
			  repository->cache_dir, &full, report, err);
}

enum muster_code muster_verify(struct muster_repository *repository,
			       const struct muster_verify_options *options,
			       struct muster_verify_report *report, struct muster_error *err)
{
	struct muster_verify_report own;
	struct api_version version = { 0 };
	enum muster_code code;

	report = report ? report : &own;
	*report = (struct muster_verify_report){ 0 };
	if (!options->directory == !options->stored)
		return muster_fail(err, MUSTER_E_USAGE,
				   "verify a directory, or what is stored: one of the two");
	code = find(repository, options->version, &version, err);
	if (!code)
		code = api_verify_version(repository, &version, options, report, err);
	named_version_release(&version.named);
	return code;
}
