#include "engine/get/get.h"

#include <stdio.h>

#include "api/api_internal.h"
#include "engine/look/named_version.h"

#define VERSION_TEXT_BYTES                                                                         \
	512 /* three names of at most 128 characters, cut if they are long ones */

/* Before any byte is read: a run that cannot be told is no reason to fetch for it. */
static enum muster_code note_use(struct muster_repository *repository, const char *given,
				 const struct named_version *named, struct muster_error *err)
{
	struct api_run run;
	enum muster_code code = api_run(repository, given, &run, err);

	return code ? code : api_run_uses(repository, &run, named, err);
}

/* A version, and its name with the number that its alias stands for now. */
struct found {
	struct named_version named;
	char text[VERSION_TEXT_BYTES];
};

static enum muster_code find(struct muster_repository *repository, const char *version,
			     struct found *out, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, version, &address, err);

	if (!code)
		code = named_version_open(&out->named, repository->engine, &address, err);
	if (code)
		return code;
	snprintf(out->text, sizeof(out->text), "%.*s/%.*s/%.*s:v%llu", VIEW_ARGS(address.entity),
		 VIEW_ARGS(address.project), VIEW_ARGS(address.name),
		 (unsigned long long)out->named.version->number);
	return MUSTER_OK;
}

/* "./artifacts/NAME:vN" */
static enum muster_code default_directory(const struct found *found, struct bytes *out,
					  struct muster_error *err)
{
	const struct collection_state *state = collection_versions(found->named.collection);
	enum muster_code code =
		bytes_printf(out, err, "./artifacts/%.*s:v%llu", VIEW_ARGS(state->name),
			     (unsigned long long)found->named.version->number);

	return code ? code : bytes_append_byte(out, '\0', err);
}

enum muster_code muster_get(struct muster_repository *repository,
			    const struct muster_get_options *options,
			    struct muster_get_report *report, struct muster_error *err)
{
	struct muster_get_report own;
	struct muster_get_options full = *options;
	struct get_helps helps = { .cache_dir = repository->cache_dir };
	struct found found = { 0 };
	struct bytes directory = { 0 };
	enum muster_code code = api_job(&options->job, &full.job, err);

	report = report ? report : &own;
	*report = (struct muster_get_report){ 0 };
	api_job_reads(repository, &options->job, &full.job);
	if (!code)
		code = find(repository, options->version, &found, err);
	if (!code && !options->directory) {
		code = default_directory(&found, &directory, err);
		full.directory = (const char *)directory.ptr;
	}
	if (!code)
		code = note_use(repository, options->run, &found.named, err);
	if (!code) {
		helps.blobs = api_cache_open(repository, options->skip_cache);
		code = get_run(repository->engine, found.named.version, found.text, &helps, &full,
			       report, err);
	}
	api_cache_close(repository, helps.blobs);
	bytes_release(&directory);
	named_version_release(&found.named);
	return code;
}

enum muster_code muster_checkout(struct muster_repository *repository,
				 const struct muster_checkout_options *options,
				 struct muster_get_report *report, struct muster_error *err)
{
	struct muster_get_report own;
	struct muster_checkout_options full = *options;
	struct get_helps helps = { .cache_dir = repository->cache_dir };
	struct found found = { 0 };
	enum muster_code code = api_job(&options->job, &full.job, err);

	report = report ? report : &own;
	*report = (struct muster_get_report){ 0 };
	api_job_reads(repository, &options->job, &full.job);
	if (!code && !options->directory)
		code = muster_fail(err, MUSTER_E_USAGE, "name the directory to check out into");
	if (!code)
		code = find(repository, options->version, &found, err);
	if (!code && !options->dry_run)
		code = note_use(repository, options->run, &found.named, err);
	if (!code) {
		helps.blobs = api_cache_open(repository, options->skip_cache || options->dry_run);
		code = checkout_run(repository->engine, found.named.version, found.text, &helps,
				    &full, report, err);
	}
	api_cache_close(repository, helps.blobs);
	named_version_release(&found.named);
	return code;
}

enum muster_code muster_verify(struct muster_repository *repository,
			       const struct muster_verify_options *options,
			       struct muster_verify_report *report, struct muster_error *err)
{
	struct muster_verify_report own;
	struct muster_verify_options full = *options;
	struct found found = { 0 };
	enum muster_code code = api_job(&options->job, &full.job, err);

	report = report ? report : &own;
	*report = (struct muster_verify_report){ 0 };
	if (options->stored)
		api_job_reads(repository, &options->job, &full.job);
	if (!code && !options->directory == !options->stored)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "verify a directory, or what is stored: one of the two");
	if (!code)
		code = find(repository, options->version, &found, err);
	if (!code)
		code = verify_run(repository->engine, found.named.version, found.text,
				  repository->cache_dir, &full, report, err);
	named_version_release(&found.named);
	return code;
}
