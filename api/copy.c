#include "engine/copy/copy.h"

#include "api/api_internal.h"

/* Where it goes to: a name as it was given, else the one in the source. */
static enum muster_code find_target_name(const struct muster_repository *target,
					 const struct muster_copy_options *options,
					 const struct collection_name *from,
					 struct collection_name *to, struct muster_error *err)
{
	*to = *from;
	return options->as ? api_collection_name(target, options->as, to, err) : MUSTER_OK;
}

static enum muster_code find_names(const struct muster_repository *source,
				   const struct muster_repository *target,
				   const struct muster_copy_options *options,
				   struct copy_request *request, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(source, options->version, &address, err);

	if (code)
		return code;
	if (options->all && address.alias.len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' names a version; all of them are those of '%.*s'",
				   options->version, VIEW_ARGS(address.name));
	request->from = (struct collection_name){ address.entity, address.project, address.name };
	request->alias = address.alias;
	return find_target_name(target, options, &request->from, &request->to, err);
}

static enum muster_code check(const struct muster_repository *source,
			      const struct muster_repository *target,
			      const struct muster_copy_options *options, struct muster_error *err)
{
	if (options->version)
		return MUSTER_OK;
	if (!options->all)
		return muster_fail(err, MUSTER_E_USAGE, "name the version to copy");
	if (options->as)
		return muster_fail(err, MUSTER_E_USAGE,
				   "every artifact keeps its name: a new one is for one artifact");
	if (source == target)
		return muster_fail(err, MUSTER_E_USAGE, "a repository is copied into another one");
	return MUSTER_OK;
}

/* Two handles of one repository: then nothing has to be moved. */
static bool is_one_place(const struct muster_repository *source,
			 const struct muster_repository *target)
{
	return !target || strcmp(source->url, target->url) == 0;
}

enum muster_code muster_copy(struct muster_repository *source, struct muster_repository *target,
			     const struct muster_copy_options *options,
			     struct muster_copy_report *report, struct muster_error *err)
{
	struct muster_copy_report own;
	struct muster_copy_options full = *options;
	struct copy_request request = { 0 };
	enum muster_code code;

	report = report ? report : &own;
	*report = (struct muster_copy_report){ 0 };
	if (is_one_place(source, target))
		target = source;
	code = check(source, target, options, err);
	if (!code && options->version)
		code = find_names(source, target, options, &request, err);
	if (!code)
		code = api_job(&options->job, &full.job, err);
	api_job_reads(source, &options->job, &full.job);
	api_job_reads(target, &options->job, &full.job);
	if (!code)
		code = api_prepare_write(target, err);
	request.source = source->engine;
	request.target = target->engine;
	return code ? code : copy_run(&request, &full, report, err);
}
