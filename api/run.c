#include "muster/run.h"

#include "api/api_internal.h"
#include "engine/lineage/lineage.h"
#include "engine/look/named_version.h"

/* --- what puts and gets are done for --------------------------------------------------------- */

/* The environment is wrong, and nothing else: what was named on purpose may well be there. */
static enum muster_code fail_environment(const char *run, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_USAGE,
			   "there is no run '%s', which MUSTER_RUN names: 'muster run start' "
			   "starts one, 'unset MUSTER_RUN' does without",
			   run);
}

enum muster_code api_run(struct muster_repository *repository, const char *given,
			 struct api_run *out, struct muster_error *err)
{
	bool is_given = given != NULL;
	struct run run;
	enum muster_code code;

	*out = (struct api_run){ 0 };
	if (!is_given)
		given = api_environment("MUSTER_RUN");
	if (!given || !*given)
		return MUSTER_OK;
	code = run_open_going(&run, repository->engine, view_text(given), err);
	if (code == MUSTER_E_NAME && !is_given)
		code = fail_environment(given, err);
	if (!code) {
		out->id = run.id;
		out->text = out->id.text;
	}
	run_release(&run);
	return code;
}

enum muster_code api_run_uses(struct muster_repository *repository, const struct api_run *run,
			      const struct named_version *named, struct muster_error *err)
{
	uint8_t collection_id[16];
	struct version version;
	enum muster_code code;

	if (!run->text)
		return MUSTER_OK;
	version = collection_saved(named->collection, named->version, collection_id);
	code = api_prepare_write(repository, err);
	return code ? code : run_use(repository->engine, &run->id, collection_id, &version, err);
}

/* --- runs ------------------------------------------------------------------------------------ */

static enum muster_code check_run(const char *run, struct muster_error *err)
{
	return run ? MUSTER_OK : muster_fail(err, MUSTER_E_USAGE, "no run was named");
}

enum muster_code muster_run_start(struct muster_repository *repository,
				  const struct muster_run_options *options,
				  char id[MUSTER_RUN_ID_BYTES], struct muster_error *err)
{
	static const struct muster_run_options defaults = { 0 };
	struct run_options full;
	struct run_id made;
	enum muster_code code;

	_Static_assert(sizeof(made.text) == MUSTER_RUN_ID_BYTES, "they hold the same");
	options = options ? options : &defaults;
	full = (struct run_options){
		.id = options->id,
		.entity = options->entity ? options->entity : repository->entity,
		.project = options->project ? options->project : repository->project,
		.name = options->name,
		.job_type = options->job_type,
		.group = options->group,
		.config = options->config,
	};
	code = api_prepare_write(repository, err);
	if (!code)
		code = run_start(repository->engine, &full, &made, err);
	if (!code)
		memcpy(id, made.text, sizeof(made.text));
	return code;
}

enum muster_code muster_run_finish(struct muster_repository *repository, const char *run,
				   bool has_failed, struct muster_error *err)
{
	enum muster_code code = check_run(run, err);

	if (!code)
		code = api_prepare_write(repository, err);
	return code ? code
		    : run_finish(repository->engine, view_text(run),
				 has_failed ? RUN_FAILED : RUN_FINISHED, err);
}

enum muster_code muster_run_config(struct muster_repository *repository, const char *run,
				   const char *json, struct muster_error *err)
{
	enum muster_code code = check_run(run, err);

	if (!code && !json)
		code = muster_fail(err, MUSTER_E_USAGE, "no config was given");
	if (!code)
		code = api_prepare_write(repository, err);
	return code ? code : run_configure(repository->engine, view_text(run), json, err);
}

enum muster_code muster_run_use_artifact(struct muster_repository *repository, const char *run,
					 const char *version, struct muster_error *err)
{
	struct artifact_address address;
	struct named_version named = { 0 };
	struct api_run going;
	enum muster_code code = check_run(run, err);

	if (!code)
		code = api_address(repository, version, &address, err);
	if (!code)
		code = api_run(repository, run, &going, err);
	if (!code)
		code = named_version_open(&named, repository->engine, &address, err);
	if (!code)
		code = api_run_uses(repository, &going, &named, err);
	named_version_release(&named);
	return code;
}

enum muster_code muster_run_log_artifact(struct muster_repository *repository, const char *run,
					 const struct muster_put_options *options,
					 struct muster_put_report *report, struct muster_error *err)
{
	struct muster_put_options full = *options;
	enum muster_code code = check_run(run, err);

	full.run = run;
	return code ? code : muster_put(repository, &full, report, err);
}

/* --- looking --------------------------------------------------------------------------------- */

enum muster_code muster_run_show(struct muster_repository *repository, const char *run,
				 muster_run_fn *fn, void *state, struct muster_error *err)
{
	enum muster_code code = check_run(run, err);

	return code ? code : lineage_tell_run(repository->engine, run, fn, state, err);
}

enum muster_code muster_runs(struct muster_repository *repository, uint64_t max, muster_run_fn *fn,
			     void *state, uint64_t *more, struct muster_error *err)
{
	uint64_t ignored;

	if (max > MUSTER_RUNS_LISTED_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "at most %d runs can be listed",
				   MUSTER_RUNS_LISTED_MAX);
	return lineage_tell_runs(repository->engine, max ? max : MUSTER_RUNS_LISTED_USUAL, fn,
				 state, more ? more : &ignored, err);
}

enum muster_code muster_run_used(struct muster_repository *repository, const char *run,
				 muster_run_version_fn *fn, void *state, struct muster_error *err)
{
	enum muster_code code = check_run(run, err);

	return code ? code
		    : lineage_tell_versions(repository->engine, run, LINEAGE_USED, fn, state, err);
}

enum muster_code muster_run_logged(struct muster_repository *repository, const char *run,
				   muster_run_version_fn *fn, void *state, struct muster_error *err)
{
	enum muster_code code = check_run(run, err);

	return code ? code
		    : lineage_tell_versions(repository->engine, run, LINEAGE_LOGGED, fn, state,
					    err);
}

enum muster_code muster_used_by(struct muster_repository *repository, const char *version,
				muster_run_fn *fn, void *state, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, version, &address, err);

	return code ? code : lineage_tell_users(repository->engine, &address, fn, state, err);
}

enum muster_code muster_logged_by(struct muster_repository *repository, const char *version,
				  muster_run_fn *fn, void *state, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, version, &address, err);

	return code ? code : lineage_tell_logger(repository->engine, &address, fn, state, err);
}

enum muster_code muster_lineage(struct muster_repository *repository, const char *version,
				const struct muster_lineage_options *options,
				struct muster_lineage **out, struct muster_error *err)
{
	struct muster_lineage_options full =
		options ? *options : (struct muster_lineage_options){ 0 };
	struct artifact_address address;
	enum muster_code code = api_address(repository, version, &address, err);

	*out = NULL;
	full.depth = full.depth ? full.depth : MUSTER_LINEAGE_DEPTH_USUAL;
	full.max_nodes = full.max_nodes ? full.max_nodes : MUSTER_LINEAGE_NODES_USUAL;
	if (!code && full.depth > MUSTER_LINEAGE_DEPTH_MAX)
		code = muster_fail(err, MUSTER_E_USAGE, "a lineage is at most %d runs deep",
				   MUSTER_LINEAGE_DEPTH_MAX);
	if (!code && full.max_nodes > MUSTER_LINEAGE_NODES_MAX)
		code = muster_fail(err, MUSTER_E_USAGE, "a lineage has at most %d nodes",
				   MUSTER_LINEAGE_NODES_MAX);
	return code ? code : lineage_find(repository->engine, &address, &full, out, err);
}

void muster_lineage_free(struct muster_lineage *lineage)
{
	lineage_free(lineage);
}
