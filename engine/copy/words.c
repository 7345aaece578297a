/* What is said of a version beside its content: read from the source, said again in the target. */
#include <stdlib.h>

#include "engine/copy/copy_internal.h"

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_alias_of(const struct collection_state *state, size_t i,
			const struct version *version)
{
	return state->aliases[i].version == version->number;
}

static size_t count_aliases(const struct collection_state *state, const struct version *version)
{
	size_t count = 0;

	for (size_t i = 0; i < state->alias_count; i++)
		count += is_alias_of(state, i, version);
	return count;
}

/* Texts are laid one behind the other first; pointers are made when nothing moves any more. */
static enum muster_code add_text(struct copy_words *words, struct view text,
				 struct muster_error *err)
{
	enum muster_code code = bytes_append_view(&words->text, text, err);

	return code ? code : bytes_append_byte(&words->text, '\0', err);
}

static enum muster_code read_texts(struct copy_words *words, struct collection *from,
				   const struct version *version, struct muster_error *err)
{
	const struct collection_state *state = collection_versions(from);
	enum muster_code code = collection_description(from, version, &words->text, err);

	if (!code)
		code = bytes_append_byte(&words->text, '\0', err);
	if (!code)
		code = collection_metadata(from, version, &words->text, err);
	if (!code)
		code = bytes_append_byte(&words->text, '\0', err);
	for (size_t i = 0; i < state->alias_count && !code; i++)
		if (is_alias_of(state, i, version))
			code = add_text(words, state->aliases[i].name, err);
	for (size_t i = 0; i < version->tags.count && !code; i++)
		code = add_text(words, version->tags.items[i], err);
	return code;
}

static const char *take_text(const char **at)
{
	const char *text = *at;

	*at += strlen(text) + 1;
	return text;
}

static const char *none_if_empty(const char *text)
{
	return *text ? text : NULL;
}

static void point(struct copy_words *words)
{
	const char *at = (const char *)words->text.ptr;

	words->description = none_if_empty(take_text(&at));
	words->metadata = none_if_empty(take_text(&at));
	for (size_t i = 0; i < words->alias_count; i++)
		words->aliases[i] = take_text(&at);
	for (size_t i = 0; i < words->tag_count; i++)
		words->tags[i] = take_text(&at);
}

enum muster_code copy_words_read(struct copy_words *words, struct collection *from,
				 const struct version *version, struct muster_error *err)
{
	enum muster_code code = read_texts(words, from, version, err);

	if (code)
		return code;
	words->alias_count = count_aliases(collection_versions(from), version);
	words->tag_count = version->tags.count;
	words->aliases = calloc(words->alias_count + 1, sizeof(*words->aliases));
	words->tags = calloc(words->tag_count + 1, sizeof(*words->tags));
	if (!words->aliases || !words->tags)
		return muster_fail_memory(err, "aliases and tags");
	point(words);
	return MUSTER_OK;
}

void copy_words_release(struct copy_words *words)
{
	free(words->aliases);
	free(words->tags);
	bytes_release(&words->text);
	*words = (struct copy_words){ 0 };
}

/* --- saying them of a version that is there --------------------------------------------------- */

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

enum muster_code copy_words_apply(const struct copy_words *words, struct collection *to,
				  uint64_t number, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < words->alias_count && !code; i++)
		code = apply_alias(to, number, view_text(words->aliases[i]), err);
	for (size_t i = 0; i < words->tag_count && !code; i++)
		code = apply_tag(to, number, view_text(words->tags[i]), err);
	return code;
}
