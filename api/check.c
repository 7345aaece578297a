#include "engine/check/check.h"

#include "api/api_internal.h"
#include "planners/verification/turns.h"

/* Where it is kept when packs were read, unless the caller says where. */
static enum muster_code find_state(const struct muster_repository *repository,
				   struct muster_check_options *options, struct bytes *path,
				   struct muster_error *err)
{
	bool is_rolling = options->budget_bytes || options->max_age_days;
	enum muster_code code;

	if (options->max_age_days > TURN_DAYS_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "%llu days are more than %d",
				   (unsigned long long)options->max_age_days, TURN_DAYS_MAX);
	if (options->state_path)
		return MUSTER_OK;
	if (!repository->cache_dir)
		return is_rolling ? muster_fail(err, MUSTER_E_USAGE,
						"there is no place to keep when packs were read: "
						"MUSTER_CACHE_DIR can name one")
				  : MUSTER_OK;
	code = api_note_path(repository, "checked", path, err);
	if (code)
		return code;
	api_make_parents((char *)path->ptr);
	options->state_path = (const char *)path->ptr;
	return MUSTER_OK;
}

enum muster_code muster_check(struct muster_repository *repository,
			      const struct muster_check_options *options,
			      struct muster_check_report *report, struct muster_error *err)
{
	struct muster_check_report own;
	struct muster_check_options full = *options;
	struct bytes state_path = { 0 };
	enum muster_code code = api_job(&options->job, &full.job, err);

	report = report ? report : &own;
	*report = (struct muster_check_report){ 0 };
	if (!code)
		code = find_state(repository, &full, &state_path, err);
	if (code)
		goto out;
	api_job_reads(repository, &options->job, &full.job);
	if (repository->remote)
		remote_use_copies(repository->remote, false);
	code = check_run(repository->engine, &full, report, err);
	if (repository->remote)
		remote_use_copies(repository->remote, true);
out:
	bytes_release(&state_path);
	return code;
}
