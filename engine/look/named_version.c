#include "engine/look/named_version.h"

#include "engine/repository/version_words.h"

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

static enum muster_code fail_gone(const struct version *link, struct muster_error *err)
{
	const struct link_source *source = &link->source;

	return muster_fail(
		err, MUSTER_E_NAME,
		"'%.*s/%.*s/%.*s:v%llu', which is linked here, was deleted: what was said "
		"of it cannot be changed",
		VIEW_ARGS(source->entity), VIEW_ARGS(source->project), VIEW_ARGS(source->name),
		(unsigned long long)source->version);
}

enum muster_code named_version_follow(struct named_version *named, struct muster_error *err)
{
	struct said_in said = { 0 };
	enum muster_code code = said_in_find(&said, named->collection, named->version, err);

	if (!code && said.is_source_gone)
		code = fail_gone(named->version, err);
	if (!code && said.opened) {
		collection_close(named->collection);
		named->collection = said.opened;
		named->version = said.version;
		said.opened = NULL;
	}
	said_in_release(&said);
	return code;
}

enum muster_code named_version_read(const struct named_version *named, bool with_placement,
				    struct version_reader **out, struct muster_error *err)
{
	struct version_reader_options options = { .with_placement = with_placement };

	return version_reader_open(out, repository_store(named->repository),
				   &named->version->manifest, &options, err);
}
