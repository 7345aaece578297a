#include "engine/transfer/transfer.h"

#include "api/api_internal.h"
#include "engine/digest/digest.h"
#include "engine/etag/etag_file.h"

enum muster_code muster_export(struct muster_repository *repository,
			       const struct muster_export_options *options,
			       struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, options->version, &address, err);

	return code ? code : export_run(repository->engine, &address, options, err);
}

static enum muster_code check(const struct muster_import_options *options, struct muster_error *err)
{
	struct muster_put_options version = {
		.name = options->name,
		.type = options->type,
		.description = options->description,
		.metadata = options->metadata,
		.aliases = options->aliases,
		.alias_count = options->alias_count,
		.tags = options->tags,
		.tag_count = options->tag_count,
	};

	if (!options->manifest_path)
		return muster_fail(err, MUSTER_E_USAGE, "name the manifest to import");
	return muster_check_put(&version, err);
}

enum muster_code muster_import(struct muster_repository *repository,
			       const struct muster_import_options *options,
			       struct muster_put_report *report, struct muster_error *err)
{
	struct api_given_name given = { options->entity, options->project, options->name };
	struct muster_put_report own;
	struct muster_import_options full = *options;
	struct api_full_name name = { 0 };
	struct api_run run = { 0 };
	enum muster_code code = check(options, err);

	report = report ? report : &own;
	*report = (struct muster_put_report){ 0 };
	if (!code)
		code = api_begin_version(repository, &given, &full.job, &name, err);
	if (!code)
		code = api_run(repository, options->run, &run, err);
	full.run = run.text;
	full.entity = name.entity;
	full.project = name.project;
	full.name = name.name;
	if (!code)
		code = import_run(repository->engine, &full, report, err);
	api_full_name_release(&name);
	return code;
}

enum muster_code muster_digest(const struct muster_digest_options *options,
			       struct muster_digest_report *report, struct muster_error *err)
{
	struct muster_digest_report own;
	struct muster_digest_options full = *options;
	enum muster_code code = api_job(&options->job, &full.job, err);

	report = report ? report : &own;
	*report = (struct muster_digest_report){ 0 };
	return code ? code : digest_run(&full, report, err);
}

enum muster_code muster_etag(const struct muster_etag_options *options,
			     struct muster_etag_report *report, struct muster_error *err)
{
	struct muster_etag_options full = *options;
	enum muster_code code = api_job(&options->job, &full.job, err);

	*report = (struct muster_etag_report){ 0 };
	return code ? code : etag_file(&full, report, err);
}
