/* Links to an artifact, and artifacts that are links. */
#include "api/artifact/artifact_internal.h"

enum muster_code artifact_open_source(const struct muster_artifact *artifact,
				      struct named_version *out, struct muster_error *err)
{
	const struct collection_state *state =
		collection_versions(artifact->version.named.collection);
	const struct artifact_address address = {
		.entity = state->entity,
		.project = state->project,
		.name = state->name,
		.alias = view_text(artifact->names.version),
	};
	enum muster_code code =
		named_version_open(out, artifact->repository->engine, &address, err);

	return code ? code : named_version_follow(out, err);
}

enum muster_code muster_artifact_link(struct muster_artifact *artifact, const char *target_path,
				      const struct muster_link_options *options,
				      struct muster_link_report *report, struct muster_error *err)
{
	enum muster_code code = artifact_need_version(artifact, "link", err);

	return code ? code
		    : muster_link(artifact->repository, artifact->names.qualified_name, target_path,
				  options, report, err);
}

enum muster_code muster_artifact_unlink(struct muster_artifact *artifact, struct muster_error *err)
{
	enum muster_code code = artifact_need_version(artifact, "unlink", err);

	if (!code)
		code = muster_unlink(artifact->repository, artifact->names.qualified_name, err);
	if (!code)
		artifact->state = MUSTER_ARTIFACT_DELETED;
	return code;
}

/* --- what is set of a link, and said of its source -------------------------------------------- */

/* A tag that somebody else has removed is gone already. */
static enum muster_code remove_tag(struct muster_artifact *artifact, const char *tag,
				   struct muster_error *err)
{
	struct muster_error own = { 0 };
	enum muster_code code =
		muster_tag(artifact->repository, artifact->names.qualified_name, tag, true, &own);

	if (code == MUSTER_E_NAME && !artifact->is_source_gone)
		return MUSTER_OK;
	if (code && err)
		*err = own;
	return code;
}

static enum muster_code save_tags(struct muster_artifact *artifact, struct muster_error *err)
{
	const struct text_list *old = &artifact->stored.tags, *new = &artifact->words.tags;
	const char *link = artifact->names.qualified_name;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < new->count && !code; i++)
		if (!text_list_has(old, new->items[i]))
			code = muster_tag(artifact->repository, link, new->items[i], false, err);
	for (size_t i = 0; i < old->count && !code; i++)
		if (!text_list_has(new, old->items[i]))
			code = remove_tag(artifact, old->items[i], err);
	return code;
}

enum muster_code artifact_save_through_link(struct muster_artifact *artifact,
					    struct muster_error *err)
{
	const struct artifact_words *new = &artifact->words, *old = &artifact->stored;
	const char *link = artifact->names.qualified_name;
	enum muster_code code = MUSTER_OK;

	if (strcmp(new->description, old->description) != 0)
		code = muster_describe(artifact->repository, link, new->description, err);
	if (!code && strcmp(new->metadata, old->metadata) != 0)
		code = muster_metadata(artifact->repository, link, new->metadata, false, err);
	return code ? code : save_tags(artifact, err);
}
