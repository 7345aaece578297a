/* What is said of a version, said again in the target. */
#include "engine/copy/copy_internal.h"

static enum muster_code apply_alias(struct collection *to, uint64_t number, struct view alias,
				    struct muster_error *err)
{
	if (collection_state_alias(collection_versions(to), alias) == number)
		return MUSTER_OK;
	return collection_alias_add(to, number, alias, NULL, err);
}

static enum muster_code apply_tag(struct collection *to, uint64_t number, struct view tag,
				  struct muster_error *err)
{
	const struct version *version = collection_state_version(collection_versions(to), number);

	if (version && version_has_tag(version, tag))
		return MUSTER_OK;
	return collection_tag_add(to, number, tag, err);
}

enum muster_code copy_words_apply(const struct version_words *words, struct collection *to,
				  uint64_t number, struct muster_error *err)
{
	bool is_link = collection_versions(to)->is_portfolio;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < words->alias_count && !code; i++)
		code = apply_alias(to, number, view_text(words->aliases[i]), err);
	for (size_t i = 0; i < words->tag_count && !is_link && !code; i++)
		code = apply_tag(to, number, view_text(words->tags[i]), err);
	return code;
}

static enum muster_code apply_description(struct collection *from, struct collection *to,
					  struct muster_error *err)
{
	struct bytes text = { 0 };
	enum muster_code code = MUSTER_OK;

	if (!collection_versions(from)->description_event ||
	    collection_versions(to)->description_event)
		return MUSTER_OK;
	code = collection_description_of_all(from, &text, err);
	if (!code && text.len)
		code = collection_describe_all(to, bytes_view(&text), err);
	bytes_release(&text);
	return code;
}

enum muster_code copy_words_of_all(struct collection *from, struct collection *to,
				   struct muster_error *err)
{
	const struct texts *tags = &collection_versions(from)->tags;
	enum muster_code code = MUSTER_OK;

	if (!collection_versions(to)->version_count)
		return MUSTER_OK; /* nothing came, so there may be no such artifact */
	for (size_t i = 0; i < tags->count && !code; i++)
		if (!texts_have(&collection_versions(to)->tags, tags->items[i]))
			code = collection_tag_all(to, tags->items[i], false, err);
	return code ? code : apply_description(from, to, err);
}
