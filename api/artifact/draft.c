/* Drafts: how they begin. */
#include "api/artifact/artifact_draft.h"

#include <stdlib.h>

#include "artifact/metadata.h"

enum muster_code artifact_need_open(const struct muster_artifact *artifact, const char *member,
				    struct muster_error *err)
{
	if (artifact->draft && !artifact->draft->is_finalized)
		return MUSTER_OK;
	return muster_fail(
		err, MUSTER_E_FINALIZED,
		"artifact '%s' is finalized: '%s' would change it; change a new draft of "
		"it (muster_artifact_new_draft), and save that as a new version",
		artifact->names.name, member);
}

/* Of a draft that nobody saves gc may take what it stored. */
static void give_up(struct artifact_draft *draft)
{
	struct session *session = draft->part ? part_session(draft->part) : NULL;

	if (session && !draft->is_over)
		(void)!session_end(session, NULL, 0, NULL, NULL);
	part_close(draft->part);
}

void artifact_draft_free(struct artifact_draft *draft)
{
	if (!draft)
		return;
	give_up(draft);
	named_version_release(&draft->base);
	spill_map_free(draft->local_paths);
	spill_map_free(draft->local_dirs);
	free(draft->entity);
	free(draft->project);
	free(draft->name);
	free(draft->type);
	free(draft);
}

/* --- what is said of it ----------------------------------------------------------------------- */

static enum muster_code set_words(struct muster_artifact *artifact, const char *type,
				  const char *description, const char *metadata,
				  struct muster_error *err)
{
	struct bytes canonical = { 0 };
	enum muster_code code =
		metadata_canonical(view_text(metadata ? metadata : "{}"), &canonical, err);

	if (!code)
		code = text_set(&artifact->words.metadata, bytes_view(&canonical), err);
	if (!code)
		code = text_set(&artifact->words.description,
				view_text(description ? description : ""), err);
	if (!code)
		code = text_set(&artifact->type, view_text(type ? type : COLLECTION_DEFAULT_TYPE),
				err);
	if (!code && type)
		code = text_set(&artifact->draft->type, view_text(type), err);
	artifact->words.ttl = MUSTER_TTL_INHERIT;
	bytes_release(&canonical);
	return code;
}

static enum muster_code set_name(struct muster_artifact *artifact,
				 const struct artifact_address *address, struct muster_error *err)
{
	struct artifact_draft *draft = artifact->draft;
	enum muster_code code = text_set(&artifact->names.name, address->name, err);

	if (!code)
		code = text_set(&draft->name, address->name, err);
	if (!code && address->entity.len)
		code = text_set(&draft->entity, address->entity, err);
	if (!code && address->project.len)
		code = text_set(&draft->project, address->project, err);
	return code;
}

static enum muster_code check_algorithm(struct muster_artifact *artifact, const char *name,
					struct muster_error *err)
{
	enum digest_algorithm has = repository_algorithm(artifact->repository->engine), wanted;
	enum muster_code code = digest_algorithm_parse(name, &wanted, err);

	artifact->digest_algorithm = digest_algorithm_name(has);
	if (code || !name || wanted == has)
		return code;
	return muster_fail(err, MUSTER_E_UNSUPPORTED,
			   "the repository '%s' digests with %s, not with %s: that is decided when "
			   "it is made",
			   artifact->repository->url, artifact->digest_algorithm, name);
}

/* --- beginning -------------------------------------------------------------------------------- */

static enum muster_code begin(struct muster_artifact *artifact, const struct muster_job *job,
			      struct muster_error *err)
{
	struct artifact_draft *draft = artifact->draft;
	struct muster_repository *repository = artifact->repository;
	enum muster_code code = api_job(job, &draft->job, err);

	if (!code)
		code = api_prepare_write(repository, err);
	if (code)
		return code;
	api_job_in(repository, &draft->job);
	if (!draft->job.progress)
		draft->job.progress = &draft->own_progress;
	draft->part_options.job = draft->job;
	draft->part_options.cache_dir = repository->cache_dir;
	draft->part_options.what = draft->name;
	if (draft->base.version) {
		draft->base_manifest = draft->base.version->manifest;
		draft->part_options.beneath.version = &draft->base_manifest;
		memcpy(draft->part_options.beneath.version_id, draft->base.version->id,
		       sizeof(draft->base.version->id));
	}
	return part_open(&draft->part, repository->engine, &draft->part_options, err);
}

static enum muster_code make(struct muster_artifact **out, struct muster_repository *repository,
			     struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "an artifact");
	(*out)->repository = repository;
	(*out)->draft = calloc(1, sizeof(*(*out)->draft));
	return (*out)->draft ? MUSTER_OK : muster_fail_memory(err, "a draft");
}

/* What was made, if it went well. */
static enum muster_code give(struct muster_artifact *artifact, enum muster_code code,
			     struct muster_artifact **out)
{
	*out = NULL;
	if (code)
		muster_artifact_close(artifact);
	else
		*out = artifact;
	return code;
}

enum muster_code muster_artifact_new(struct muster_artifact **out,
				     struct muster_repository *repository,
				     const struct muster_artifact_options *options,
				     struct muster_error *err)
{
	struct muster_put_options words = {
		.name = options->name,
		.type = options->type,
		.description = options->description,
		.metadata = options->metadata,
	};
	struct muster_artifact *artifact = NULL;
	struct artifact_address address;
	enum muster_code code = muster_check_put(&words, err);

	if (!code)
		code = api_new_name(options->name, &address, err);
	if (!code)
		code = make(&artifact, repository, err);
	if (!code)
		code = check_algorithm(artifact, options->digest_algorithm, err);
	if (!code)
		code = set_name(artifact, &address, err);
	if (!code)
		code = set_words(artifact, options->type, options->description, options->metadata,
				 err);
	if (!code)
		artifact->draft->is_incremental = options->incremental;
	if (!code)
		code = begin(artifact, &options->job, err);
	return give(artifact, code, out);
}

/* The version again, by a collection of its own; of a link the one that it links. */
static enum muster_code open_base(const struct muster_artifact *from,
				  struct muster_artifact *artifact, struct muster_error *err)
{
	struct named_version *base = &artifact->draft->base;
	const struct collection_state *state;
	struct artifact_address address = { 0 };
	enum muster_code code = artifact_open_source(from, base, err);

	if (code)
		return code;
	state = collection_versions(base->collection);
	address.entity = state->entity;
	address.project = state->project;
	address.name = state->name;
	return set_name(artifact, &address, err);
}

enum muster_code muster_artifact_new_draft(struct muster_artifact *from,
					   const struct muster_job *job,
					   struct muster_artifact **out, struct muster_error *err)
{
	static const struct muster_job defaults = { 0 };
	struct muster_artifact *artifact = NULL;
	enum muster_code code = artifact_need_version(from, "new_draft", err);

	if (!code)
		code = make(&artifact, from->repository, err);
	if (!code)
		code = check_algorithm(artifact, NULL, err);
	if (!code)
		code = open_base(from, artifact, err);
	if (!code)
		code = set_words(artifact, from->type, from->words.description,
				 from->words.metadata, err);
	if (!code)
		code = begin(artifact, job ? job : &defaults, err);
	return give(artifact, code, out);
}

enum muster_code muster_artifact_finalize(struct muster_artifact *artifact,
					  struct muster_error *err)
{
	(void)err;
	if (artifact->draft)
		artifact->draft->is_finalized = true;
	return MUSTER_OK;
}
