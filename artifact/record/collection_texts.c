/* The texts that a state owns beside its own names: aliases, tags, the names of sources. */
#include "artifact/record/collection_state_internal.h"

#include <stdlib.h>

#define LATEST VIEW_LITERAL("latest")

static enum muster_code copy_text(struct view *out, struct view text, struct muster_error *err)
{
	uint8_t *copy = malloc(text.len + 1);

	if (!copy)
		return muster_fail_memory(err, "a name");
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	*out = view_of(copy, text.len);
	return MUSTER_OK;
}

/* --- aliases: by name, bytewise --------------------------------------------------------------- */

/* Where the alias is, or would be. */
static size_t alias_position(const struct collection_state *state, struct view alias)
{
	size_t low = 0, high = state->alias_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (view_compare(state->aliases[middle].name, alias) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_alias_at(const struct collection_state *state, size_t at, struct view alias)
{
	return at < state->alias_count && view_equal(state->aliases[at].name, alias);
}

static enum muster_code aliases_grow(struct collection_state *state, struct muster_error *err)
{
	size_t cap = state->alias_cap ? 2 * state->alias_cap : 16;
	struct alias_target *aliases;

	if (state->alias_count < state->alias_cap)
		return MUSTER_OK;
	if (state->alias_count >= COLLECTION_ALIASES_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "over %u aliases", COLLECTION_ALIASES_MAX);
	aliases = reallocarray(state->aliases, cap, sizeof(*aliases));
	if (!aliases)
		return muster_fail_memory(err, "aliases");
	state->aliases = aliases;
	state->alias_cap = cap;
	return MUSTER_OK;
}

enum muster_code collection_state_set_alias(struct collection_state *state, struct view alias,
					    uint64_t version, struct muster_error *err)
{
	size_t at = alias_position(state, alias);
	struct view name;
	enum muster_code code;

	if (view_equal(alias, LATEST))
		return MUSTER_OK; /* moves by itself */
	if (is_alias_at(state, at, alias)) {
		state->aliases[at].version = version;
		return MUSTER_OK;
	}
	code = aliases_grow(state, err);
	if (!code)
		code = copy_text(&name, alias, err);
	if (code)
		return code;
	memmove(state->aliases + at + 1, state->aliases + at,
		(state->alias_count - at) * sizeof(*state->aliases));
	state->aliases[at] = (struct alias_target){ name, version };
	state->alias_count++;
	return MUSTER_OK;
}

static void remove_alias_at(struct collection_state *state, size_t at)
{
	free((void *)(uintptr_t)state->aliases[at].name.ptr);
	state->alias_count--;
	memmove(state->aliases + at, state->aliases + at + 1,
		(state->alias_count - at) * sizeof(*state->aliases));
}

void remove_alias(struct collection_state *state, struct view alias, uint64_t version)
{
	size_t at = alias_position(state, alias);

	if (is_alias_at(state, at, alias) && state->aliases[at].version == version)
		remove_alias_at(state, at);
}

void remove_aliases_of(struct collection_state *state, uint64_t version)
{
	for (size_t i = state->alias_count; i-- > 0;)
		if (state->aliases[i].version == version)
			remove_alias_at(state, i);
}

uint64_t collection_state_alias(const struct collection_state *state, struct view alias)
{
	size_t at = alias_position(state, alias);

	return is_alias_at(state, at, alias) ? state->aliases[at].version : VERSION_NONE;
}

/* --- tags: in the order in which they came ---------------------------------------------------- */

bool texts_have(const struct texts *texts, struct view text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (view_equal(texts->items[i], text))
			return true;
	return false;
}

void release_tags(struct texts *tags)
{
	for (size_t i = 0; i < tags->count; i++)
		free((void *)(uintptr_t)tags->items[i].ptr);
	free(tags->items);
	*tags = (struct texts){ 0 };
}

enum muster_code add_tag(struct texts *tags, struct view tag, struct muster_error *err)
{
	struct view *items;
	enum muster_code code;

	if (texts_have(tags, tag))
		return MUSTER_OK;
	if (tags->count >= VERSION_TAGS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "over %u tags", VERSION_TAGS_MAX);
	items = reallocarray(tags->items, tags->count + 1, sizeof(*items));
	if (!items)
		return muster_fail_memory(err, "tags");
	tags->items = items;
	code = copy_text(&items[tags->count], tag, err);
	if (!code)
		tags->count++;
	return code;
}

void remove_tag(struct texts *tags, struct view tag)
{
	for (size_t i = 0; i < tags->count; i++) {
		if (!view_equal(tags->items[i], tag))
			continue;
		free((void *)(uintptr_t)tags->items[i].ptr);
		tags->count--;
		memmove(tags->items + i, tags->items + i + 1,
			(tags->count - i) * sizeof(*tags->items));
		return;
	}
}

/* --- sources -----------------------------------------------------------------------------------
 */

enum muster_code version_set_source(struct version *version, const struct link_source *source,
				    struct muster_error *err)
{
	const struct view from[] = { source->entity, source->project, source->name };
	struct view *to[] = { &version->source.entity, &version->source.project,
			      &version->source.name };
	size_t at = 0;

	version->is_link = true;
	version->source = *source;
	version->source_text = malloc(from[0].len + from[1].len + from[2].len + 1);
	if (!version->source_text)
		return muster_fail_memory(err, "the source of a link");
	for (int i = 0; i < 3; i++) {
		if (from[i].len)
			memcpy(version->source_text + at, from[i].ptr, from[i].len);
		*to[i] = view_of(version->source_text + at, from[i].len);
		at += from[i].len;
	}
	return MUSTER_OK;
}
