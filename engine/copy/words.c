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
