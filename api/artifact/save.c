/* What is said of a logged artifact: set here, stored later as the difference. */
#include "api/artifact/artifact_draft.h"

#include "artifact/metadata.h"

/* --- setting ---------------------------------------------------------------------------------- */

enum muster_code muster_artifact_set_aliases(struct muster_artifact *artifact,
					     const char *const *aliases, size_t count,
					     struct muster_error *err)
{
	const struct named_version *named = &artifact->version.named;
	struct api_new_version words = { .aliases = aliases, .alias_count = count };
	enum muster_code code = artifact_need_version(artifact, "aliases", err);

	if (!code)
		code = api_check_new_version(&words, err);
	for (size_t i = 0; i < count && !code; i++)
		if (strcmp(aliases[i], "latest") == 0 &&
		    collection_latest(named->collection) != named->version)
			code = muster_fail(err, MUSTER_E_REFUSED,
					   "'latest' cannot be set: it is the newest version, "
					   "always, and '%s' is not",
					   artifact->names.name);
	return code ? code : text_list_set(&artifact->words.aliases, aliases, count, err);
}

enum muster_code muster_artifact_set_tags(struct muster_artifact *artifact, const char *const *tags,
					  size_t count, struct muster_error *err)
{
	struct api_new_version words = { .tags = tags, .tag_count = count };
	enum muster_code code = artifact_need_version(artifact, "tags", err);

	if (!code)
		code = api_check_new_version(&words, err);
	return code ? code : text_list_set(&artifact->words.tags, tags, count, err);
}

enum muster_code muster_artifact_set_description(struct muster_artifact *artifact,
						 const char *description, struct muster_error *err)
{
	struct api_new_version words = { .description = description ? description : "" };
	enum muster_code code = api_check_new_version(&words, err);

	return code ? code
		    : text_set(&artifact->words.description, view_text(words.description), err);
}

enum muster_code muster_artifact_set_metadata(struct muster_artifact *artifact, const char *json,
					      struct muster_error *err)
{
	struct bytes canonical = { 0 };
	enum muster_code code = metadata_canonical(view_text(json ? json : "{}"), &canonical, err);

	if (!code)
		code = text_set(&artifact->words.metadata, bytes_view(&canonical), err);
	bytes_release(&canonical);
	return code;
}

enum muster_code muster_artifact_set_ttl(struct muster_artifact *artifact, int64_t days,
					 struct muster_error *err)
{
	enum muster_code code = api_check_ttl(false, days, err);

	if (!code && artifact->is_link)
		code = muster_fail(err, MUSTER_E_REFUSED,
				   "'%s' is a link: its source '%s' has the ttl",
				   artifact->names.name, artifact->source.qualified_name);
	if (!code)
		artifact->words.ttl = days;
	return code;
}

/* --- storing ---------------------------------------------------------------------------------- */

static enum muster_code add_aliases(struct muster_artifact *artifact, struct muster_error *err)
{
	const struct named_version *named = &artifact->version.named;
	const struct text_list *aliases = &artifact->words.aliases;
	uint64_t number = named->version->number;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < aliases->count && !code; i++)
		if (!text_list_has(&artifact->stored.aliases, aliases->items[i]) &&
		    strcmp(aliases->items[i], "latest") != 0)
			code = collection_alias_add(named->collection, number,
						    view_text(aliases->items[i]), NULL, err);
	return code;
}

/* An alias that is not this version's any more is gone already. */
static enum muster_code remove_alias(struct collection *collection, uint64_t number,
				     struct view alias, struct muster_error *err)
{
	struct expected expected = { EXPECT_VERSION, number };

	if (collection_state_alias(collection_versions(collection), alias) != number)
		return MUSTER_OK;
	return collection_alias_remove(collection, alias, &expected, err);
}

static enum muster_code remove_aliases(struct muster_artifact *artifact, uint64_t number,
				       struct muster_error *err)
{
	const struct text_list *old = &artifact->stored.aliases;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < old->count && !code; i++)
		if (!text_list_has(&artifact->words.aliases, old->items[i]))
			code = remove_alias(artifact->version.named.collection, number,
					    view_text(old->items[i]), err);
	return code;
}

static enum muster_code save_tags(struct muster_artifact *artifact, uint64_t number,
				  struct muster_error *err)
{
	struct collection *collection = artifact->version.named.collection;
	const struct text_list *old = &artifact->stored.tags, *new = &artifact->words.tags;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < new->count && !code; i++)
		if (!text_list_has(old, new->items[i]))
			code = collection_tag_add(collection, number, view_text(new->items[i]),
						  err);
	for (size_t i = 0; i < old->count && !code; i++) {
		if (text_list_has(new, old->items[i]))
			continue;
		code = artifact_find_again(artifact, err);
		if (!code &&
		    version_has_tag(artifact->version.named.version, view_text(old->items[i])))
			code = collection_tag_remove(collection, number, view_text(old->items[i]),
						     err);
	}
	return code;
}

static enum muster_code save_documents(struct muster_artifact *artifact, uint64_t number,
				       struct muster_error *err)
{
	struct collection *collection = artifact->version.named.collection;
	const struct artifact_words *new = &artifact->words, *old = &artifact->stored;
	enum muster_code code = MUSTER_OK;

	if (strcmp(new->description, old->description) != 0)
		code = collection_describe(collection, number, view_text(new->description), err);
	if (!code && strcmp(new->metadata, old->metadata) != 0)
		code = collection_set_metadata(collection, number, view_text(new->metadata), false,
					       err);
	if (!code && new->ttl != old->ttl)
		code = collection_ttl(collection, number, new->ttl > 0 ? (uint64_t) new->ttl : 0,
				      new->ttl == MUSTER_TTL_DISABLED, err);
	return code;
}

static enum muster_code save_words(struct muster_artifact *artifact, struct muster_error *err)
{
	uint64_t number = artifact->version.named.version->number;
	enum muster_code code = add_aliases(artifact, err);

	if (!code)
		code = remove_aliases(artifact, number, err);
	if (!code && artifact->is_link)
		return artifact_save_through_link(artifact, err);
	if (!code)
		code = save_documents(artifact, number, err);
	return code ? code : save_tags(artifact, number, err);
}

/* Of a logged artifact. */
static enum muster_code update(struct muster_artifact *artifact, struct muster_error *err)
{
	enum muster_code code = artifact_need_version(artifact, "save", err), found;

	if (!code)
		code = api_prepare_write(artifact->repository, err);
	if (!code)
		code = artifact_refresh(artifact, err);
	if (code)
		return code;
	code = save_words(artifact, err);
	found = artifact_find_again(artifact, code ? NULL : err);
	if (!code)
		code = found;
	return code ? code : artifact_load(artifact, err);
}

enum muster_code muster_artifact_save(struct muster_artifact *artifact,
				      const struct muster_artifact_save_options *options,
				      struct muster_artifact_save_report *report,
				      struct muster_error *err)
{
	static const struct muster_artifact_save_options defaults = { 0 };
	struct muster_artifact_save_report own;

	report = report ? report : &own;
	*report = (struct muster_artifact_save_report){ 0 };
	options = options ? options : &defaults;
	if (artifact->draft)
		return artifact_draft_save(artifact, options, report, err);
	if (options->project || options->aliases || options->tags)
		return muster_fail(err, MUSTER_E_USAGE,
				   "artifact '%s' is logged: its aliases and tags are set "
				   "(muster_artifact_set_aliases), and it stays in its project",
				   artifact->names.name);
	return update(artifact, err);
}

/* --- deleting --------------------------------------------------------------------------------- */

enum muster_code muster_artifact_delete(struct muster_artifact *artifact, bool delete_aliases,
					struct muster_error *err)
{
	struct named_version *named = &artifact->version.named;
	enum muster_code code = artifact_need_version(artifact, "delete", err), found;

	if (!code)
		code = api_prepare_write(artifact->repository, err);
	if (code)
		return code;
	code = collection_delete_version(named->collection, named->version->number, delete_aliases,
					 err);
	found = artifact_find_again(artifact, NULL);
	if (!code && found != MUSTER_E_NAME)
		code = found;
	return code;
}
