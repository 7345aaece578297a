#include "engine/put/put.h"

#include "api/api_internal.h"

static enum muster_code check(const struct muster_put_options *options, const char *name,
			      struct muster_error *err)
{
	struct api_new_version version = {
		.name = name,
		.type = options->type,
		.description = options->description,
		.metadata = options->metadata,
		.aliases = options->aliases,
		.alias_count = options->alias_count,
		.tags = options->tags,
		.tag_count = options->tag_count,
	};

	return api_check_new_version(&version, err);
}

enum muster_code muster_put(struct muster_repository *repository,
			    const struct muster_put_options *options,
			    struct muster_put_report *report, struct muster_error *err)
{
	struct muster_put_report own;
	struct muster_put_options full = *options;
	struct api_full_name name = { 0 };
	enum muster_code code;

	report = report ? report : &own;
	*report = (struct muster_put_report){ 0 };
	code = api_full_name(repository, options->entity, options->project, options->name, &name,
			     err);
	if (!code)
		code = check(options, name.name, err);
	if (!code)
		code = api_job(&options->job, &full.job, err);
	if (!code)
		code = api_prepare_write(repository, err);
	full.entity = name.entity;
	full.project = name.project;
	full.name = name.name;
	if (!code)
		code = put_run(repository->engine, repository->cache_dir, &full, report, err);
	api_full_name_release(&name);
	return code;
}
