#include "engine/look/named_version.h"

static enum muster_code fail_absent(const struct artifact_address *address, struct view alias,
				    bool has_versions, struct muster_error *err)
{
	if (!has_versions)
		return muster_fail(err, MUSTER_E_NAME, "artifact '%.*s' has no version",
				   VIEW_ARGS(address->name));
	return muster_fail(err, MUSTER_E_NAME, "artifact '%.*s' has no version '%.*s'",
			   VIEW_ARGS(address->name), VIEW_ARGS(alias));
}

enum muster_code named_version_open(struct named_version *out, struct repository *repository,
				    const struct artifact_address *address,
				    struct muster_error *err)
{
	struct collection_name name = { address->entity, address->project, address->name };
	struct view alias = address->alias.len ? address->alias : VIEW_LITERAL("latest");
	enum muster_code code;

	*out = (struct named_version){ .repository = repository };
	code = collection_open(&out->collection, repository, &name, NULL, err);
	if (code)
		return code;
	out->version = collection_resolve(out->collection, alias);
	if (!out->version) {
		code = fail_absent(address, alias, collection_latest(out->collection) != NULL, err);
		named_version_release(out);
	}
	return code;
}

void named_version_release(struct named_version *named)
{
	collection_close(named->collection);
	*named = (struct named_version){ 0 };
}

enum muster_code named_version_read(const struct named_version *named, bool with_placement,
				    struct version_reader **out, struct muster_error *err)
{
	struct version_reader_options options = { .with_placement = with_placement };

	return version_reader_open(out, repository_store(named->repository),
				   &named->version->manifest, &options, err);
}
