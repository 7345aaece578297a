#include "engine/repository/version_words.h"

#include <stdlib.h>

/* --- where it is said ------------------------------------------------------------------------- */

/* The collection that the link's source is in, unless that one is at hand. MUSTER_E_NAME: there was
 * none. */
static enum muster_code open_source(struct said_in *said, struct collection *from,
				    const struct link_source *source, struct muster_error *err)
{
	if (said->opened && memcmp(collection_id(said->opened), source->collection_id, 16) == 0)
		return MUSTER_OK;
	collection_close(said->opened);
	return collection_open_id(&said->opened, collection_repository(from), source->collection_id,
				  err);
}

static const struct version *find_source(const struct said_in *said, const struct version *link)
{
	const struct collection_state *state = collection_versions(said->opened);
	const struct version *source = collection_state_version(state, link->source.version);

	return source && !state->is_closed && memcmp(source->id, link->id, sizeof(source->id)) == 0
		       ? source
		       : NULL;
}

enum muster_code said_in_find(struct said_in *said, struct collection *collection,
			      const struct version *version, struct muster_error *err)
{
	struct muster_error why = { 0 };
	const struct version *source;
	enum muster_code code;

	said->collection = collection;
	said->version = version;
	said->is_source_gone = version->is_link;
	if (!version->is_link)
		return MUSTER_OK;
	code = open_source(said, collection, &version->source, &why);
	if (code == MUSTER_E_NAME)
		return MUSTER_OK;
	if (code) {
		if (err)
			*err = why;
		return code;
	}
	source = find_source(said, version);
	if (!source)
		return MUSTER_OK;
	said->is_source_gone = false;
	said->collection = said->opened;
	said->version = source;
	return MUSTER_OK;
}

void said_in_release(struct said_in *said)
{
	collection_close(said->opened);
	*said = (struct said_in){ 0 };
}

/* --- what is said ----------------------------------------------------------------------------- */

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
static enum muster_code add_text(struct version_words *words, struct view text,
				 struct muster_error *err)
{
	enum muster_code code = bytes_append_view(&words->text, text, err);

	return code ? code : bytes_append_byte(&words->text, '\0', err);
}

static enum muster_code read_texts(struct version_words *words, struct collection *from,
				   const struct version *version, const struct said_in *said,
				   struct muster_error *err)
{
	const struct collection_state *state = collection_versions(from);
	const struct texts *tags = &said->version->tags;
	enum muster_code code =
		collection_description(said->collection, said->version, &words->text, err);

	if (!code)
		code = bytes_append_byte(&words->text, '\0', err);
	if (!code)
		code = collection_metadata(said->collection, said->version, &words->text, err);
	if (!code)
		code = bytes_append_byte(&words->text, '\0', err);
	for (size_t i = 0; i < state->alias_count && !code; i++)
		if (is_alias_of(state, i, version))
			code = add_text(words, state->aliases[i].name, err);
	for (size_t i = 0; i < tags->count && !code; i++)
		code = add_text(words, tags->items[i], err);
	words->alias_count = count_aliases(state, version);
	words->tag_count = tags->count;
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

static void point(struct version_words *words)
{
	const char *at = (const char *)words->text.ptr;

	words->description = none_if_empty(take_text(&at));
	words->metadata = none_if_empty(take_text(&at));
	for (size_t i = 0; i < words->alias_count; i++)
		words->aliases[i] = take_text(&at);
	for (size_t i = 0; i < words->tag_count; i++)
		words->tags[i] = take_text(&at);
}

enum muster_code version_words_read(struct version_words *words, struct collection *from,
				    const struct version *version, struct muster_error *err)
{
	struct said_in said = { 0 };
	enum muster_code code = said_in_find(&said, from, version, err);

	if (!code)
		code = read_texts(words, from, version, &said, err);
	said_in_release(&said);
	if (code)
		return code;
	words->aliases = calloc(words->alias_count + 1, sizeof(*words->aliases));
	words->tags = calloc(words->tag_count + 1, sizeof(*words->tags));
	if (!words->aliases || !words->tags)
		return muster_fail_memory(err, "aliases and tags");
	point(words);
	return MUSTER_OK;
}

void version_words_release(struct version_words *words)
{
	free(words->aliases);
	free(words->tags);
	bytes_release(&words->text);
	*words = (struct version_words){ 0 };
}
