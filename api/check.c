#include "engine/check/check.h"

#include "api/api_internal.h"

enum muster_code muster_check(struct muster_repository *repository,
			      const struct muster_check_options *options,
			      struct muster_check_report *report, struct muster_error *err)
{
	struct muster_check_report own;
	struct muster_check_options full = *options;
	enum muster_code code = api_job(&options->job, &full.job, err);

	report = report ? report : &own;
	*report = (struct muster_check_report){ 0 };
	if (code)
		return code;
	api_job_reads(repository, &options->job, &full.job);
	if (repository->remote)
		remote_use_copies(repository->remote, false);
	code = check_run(repository->engine, &full, report, err);
	if (repository->remote)
		remote_use_copies(repository->remote, true);
	return code;
}
