/* Drafts: how they become versions. */
#include "api/artifact/artifact_draft.h"

#include <stdio.h>

static enum muster_code finish(struct artifact_draft *draft, struct muster_error *err)
{
	enum muster_code code;

	draft->is_finalized = true;
	if (draft->is_finished)
		return MUSTER_OK;
	code = part_finish(draft->part, &draft->content, err);
	draft->is_finished = !code;
	return code;
}

/* A draft of a version stays in its collection. */
static enum muster_code full_name(const struct muster_artifact *artifact, const char *project,
				  struct api_full_name *out, struct muster_error *err)
{
	const struct artifact_draft *draft = artifact->draft;
	struct api_given_name given = { draft->entity, draft->project, draft->name };

	if (project && draft->project && strcmp(project, draft->project) != 0)
		return muster_fail(err, MUSTER_E_USAGE,
				   "artifact '%s' is of project '%s': it cannot be saved into '%s'",
				   draft->name, draft->project, project);
	if (project)
		given.project = project;
	return api_full_name(artifact->repository, &given, out, err);
}

static void fill_request(const struct muster_artifact *artifact,
			 const struct muster_artifact_save_options *options,
			 struct save_request *request)
{
	const struct artifact_words *words = &artifact->words;

	request->description = *words->description ? words->description : NULL;
	request->metadata = strcmp(words->metadata, "{}") != 0 ? words->metadata : NULL;
	request->aliases = options->aliases;
	request->alias_count = options->alias_count;
	request->tags = options->tags;
	request->tag_count = options->tag_count;
	request->ttl_days = words->ttl > 0 ? (uint64_t)words->ttl : 0;
	request->ttl_disabled = words->ttl == MUSTER_TTL_DISABLED;
}

/* What it is laid over. */
static void fill_base(const struct artifact_draft *draft, struct collection *collection,
		      struct draft_commit *commit)
{
	const struct version *base =
		draft->is_incremental ? collection_latest(collection) : draft->base.version;

	if (!base)
		return;
	commit->content.version = &base->manifest;
	memcpy(commit->content.version_id, base->id, sizeof(base->id));
	commit->base_number = base->number;
}

static enum muster_code commit_draft(struct muster_artifact *artifact,
				     struct collection *collection,
				     const struct muster_artifact_save_options *options,
				     struct draft_result *result, struct muster_error *err)
{
	struct artifact_draft *draft = artifact->draft;
	struct draft_commit commit = {
		.job = draft->job,
		.content = { .parts = &draft->content,
			     .part_count = draft->content.has_added || draft->content.has_removed },
		.parts_are = DRAFT_LAYERS,
	};
	struct session *session = part_session(draft->part);
	struct api_run run;
	enum muster_code code = api_run(artifact->repository, options->run, &run, err);

	if (code)
		return code;
	fill_base(draft, collection, &commit);
	fill_request(artifact, options, &commit.request);
	commit.request.run = run.text;
	code = draft_commit(artifact->repository->engine, collection, &commit, result, err);
	if (code || !session)
		return code;
	draft->is_over = true; /* one that does not end costs gc a while, and nothing else */
	(void)!session_end(session, result->save.event ? collection_log_name(collection) : NULL,
			   result->save.event, result->save.event_sha256, NULL);
	return code;
}

static enum muster_code become_logged(struct muster_artifact *artifact,
				      const struct api_full_name *name, uint64_t number,
				      struct muster_error *err)
{
	struct api_version *version = &artifact->version;
	char alias[24];
	struct artifact_address address = {
		.entity = view_text(name->entity),
		.project = view_text(name->project),
		.name = view_text(name->name),
	};
	enum muster_code code;

	snprintf(alias, sizeof(alias), "v%llu", (unsigned long long)number);
	address.alias = view_text(alias);
	code = named_version_open(&version->named, artifact->repository->engine, &address, err);
	if (code)
		return code;
	api_version_name(version, &address);
	code = artifact_load(artifact, err);
	if (code) {
		named_version_release(&version->named);
		return code;
	}
	artifact->state = MUSTER_ARTIFACT_COMMITTED;
	artifact_draft_free(artifact->draft);
	artifact->draft = NULL;
	return MUSTER_OK;
}

static void fill_report(const struct draft_result *result,
			struct muster_artifact_save_report *report)
{
	report->is_new = result->save.is_new;
	report->version_number = result->save.version_number;
	report->is_base_latest = result->is_base_latest;
	snprintf(report->reason, sizeof(report->reason), "%s", result->save.reason);
}

static enum muster_code save_as(struct muster_artifact *artifact, const struct api_full_name *name,
				const struct muster_artifact_save_options *options,
				struct muster_artifact_save_report *report,
				struct muster_error *err)
{
	const char *type = artifact->draft->type ? artifact->draft->type : "";
	struct collection_name collection_name = { view_text(name->entity),
						   view_text(name->project),
						   view_text(name->name) };
	struct draft_result result = { 0 };
	struct collection *collection;
	enum muster_code code = collection_open_or_intend(&collection, artifact->repository->engine,
							  &collection_name, type, err);

	if (code)
		return code;
	code = commit_draft(artifact, collection, options, &result, err);
	collection_close(collection);
	if (code)
		return code;
	fill_report(&result, report);
	return become_logged(artifact, name, result.save.version_number, err);
}

enum muster_code artifact_draft_save(struct muster_artifact *artifact,
				     const struct muster_artifact_save_options *options,
				     struct muster_artifact_save_report *report,
				     struct muster_error *err)
{
	struct api_new_version words = {
		.aliases = options->aliases,
		.alias_count = options->alias_count,
		.tags = options->tags,
		.tag_count = options->tag_count,
	};
	struct api_full_name name = { 0 };
	enum muster_code code = api_check_new_version(&words, err);

	if (!code)
		code = full_name(artifact, options->project, &name, err);
	if (!code)
		code = finish(artifact->draft, err);
	if (!code)
		code = save_as(artifact, &name, options, report, err);
	api_full_name_release(&name);
	return code;
}
