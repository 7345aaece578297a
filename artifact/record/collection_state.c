#include "artifact/record/collection_state.h"
#include "artifact/record/collection_state_internal.h"

#include <stdlib.h>

#include "artifact/name.h"

#define LATEST VIEW_LITERAL("latest")
#define DAY_MS UINT64_C(86400000)

static void release_version(struct version *version)
{
	release_tags(&version->tags);
	free(version->source_text);
}

void collection_state_release(struct collection_state *state)
{
	for (size_t i = 0; i < state->version_count; i++)
		release_version(&state->versions[i]);
	for (size_t i = 0; i < state->alias_count; i++)
		free((void *)(uintptr_t)state->aliases[i].name.ptr);
	free(state->versions);
	free(state->aliases);
	release_tags(&state->tags);
	bytes_release(&state->text);
	*state = (struct collection_state){ 0 };
}

enum muster_code collection_state_add_version(struct collection_state *state,
					      const struct version *version,
					      struct muster_error *err)
{
	size_t cap = state->version_cap ? 2 * state->version_cap : 16;
	struct version *versions;

	if (state->version_count >= COLLECTION_VERSIONS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "over %u versions",
				   COLLECTION_VERSIONS_MAX);
	if (state->version_count == state->version_cap) {
		versions = reallocarray(state->versions, cap, sizeof(*versions));
		if (!versions)
			return muster_fail_memory(err, "versions");
		state->versions = versions;
		state->version_cap = cap;
	}
	state->versions[state->version_count++] = *version;
	return MUSTER_OK;
}

enum muster_code collection_state_set_names(struct collection_state *state, const uint8_t id[16],
					    const struct view names[4], struct muster_error *err)
{
	struct view *targets[4] = { &state->entity, &state->project, &state->name, &state->type };
	struct bytes text = { 0 };
	enum muster_code code = bytes_reserve(&text, 1, err);
	size_t at = 0;

	memmove(state->id, id, 16); /* perhaps its own */
	state->is_open = true;
	for (int i = 0; i < 4 && !code; i++)
		code = bytes_append_view(&text, names[i], err);
	if (code) {
		bytes_release(&text);
		return code;
	}
	for (int i = 0; i < 4; i++) { /* only now the buffer moves no more */
		size_t len = names[i].len;

		*targets[i] = view_of(text.ptr + at, len);
		at += len;
	}
	bytes_release(&state->text);
	state->text = text;
	return MUSTER_OK;
}

static enum muster_code apply_open(struct collection_state *state, const struct event *event,
				   struct muster_error *err)
{
	struct view names[4] = { event->entity, event->project, event->name, event->type };

	if (state->is_open || event->number != 1)
		return muster_fail(err, MUSTER_E_FORMAT, "'open' is not the first event");
	state->settled = event->number;
	return collection_state_set_names(state, event->collection_id, names, err);
}

static struct version version_of(const struct event *event)
{
	struct version version = {
		.number = event->version,
		.event = event->number,
		.created_ms = event->time_ms,
		.manifest = event->manifest,
		.algorithm = event->algorithm,
		.entry_count = event->entry_count,
		.reference_count = event->reference_count,
		.size_bytes = event->size_bytes,
		.description_event = event->description.len ? event->number : 0,
		.metadata_event = event->metadata.len ? event->number : 0,
		.ttl_days = event->ttl_days,
		.ttl_disabled = event->ttl_disabled,
	};

	memcpy(version.id, event->version_id, sizeof(version.id));
	memcpy(version.digest, event->digest, sizeof(version.digest));
	memcpy(version.root, event->root, sizeof(version.root));
	return version;
}

/* A collection holds versions of one kind: its own, or links. */
static enum muster_code check_kind(const struct collection_state *state, const struct event *event,
				   struct muster_error *err)
{
	bool is_link = event->kind.id == EVENT_LINK;

	if (state->version_count && state->is_portfolio != is_link)
		return muster_fail(err, MUSTER_E_FORMAT,
				   is_link ? "a link follows versions that were saved"
					   : "a version was saved among links");
	if (event->version != state->version_count)
		return muster_fail(err, MUSTER_E_FORMAT, "version v%llu was %s where v%zu follows",
				   (unsigned long long)event->version, is_link ? "linked" : "saved",
				   state->version_count);
	if (is_link && !event->source.name.len)
		return muster_fail(err, MUSTER_E_FORMAT, "a link names no source");
	return MUSTER_OK;
}

/* A save or a link. */
static enum muster_code apply_version(struct collection_state *state, const struct event *event,
				      struct muster_error *err)
{
	struct version version = version_of(event);
	enum muster_code code = check_kind(state, event, err);

	if (!code && event->kind.id == EVENT_LINK)
		code = version_set_source(&version, &event->source, err);
	if (!code)
		code = collection_state_add_version(state, &version, err);
	if (code) {
		free(version.source_text);
		return code;
	}
	state->is_portfolio = event->kind.id == EVENT_LINK;
	for (size_t i = 0; i < event->tags.count && !code; i++)
		code = add_tag(&state->versions[event->version].tags, event->tags.items[i], err);
	for (size_t i = 0; i < event->aliases.count && !code; i++)
		code = collection_state_set_alias(state, event->aliases.items[i], event->version,
						  err);
	return code;
}

static void apply_delete(struct collection_state *state, struct version *version)
{
	uint64_t number = version->number;

	remove_aliases_of(state, number);
	release_version(version);
	*version = (struct version){ .number = number, .is_deleted = true };
}

static void apply_ttl(struct collection_state *state, struct version *version,
		      const struct event *event)
{
	version->ttl_days = event->ttl_days;
	version->ttl_disabled = event->ttl_disabled;
	if (event->sets_default)
		state->default_ttl_days = event->default_ttl_days;
}

static enum muster_code apply_rename(struct collection_state *state, const struct event *event,
				     struct muster_error *err)
{
	struct view names[4] = { event->entity, event->project, event->name, state->type };

	state->settled = event->number;
	return collection_state_set_names(state, state->id, names, err);
}

/* Events that speak of the whole collection. MUSTER_END: this is none. */
static enum muster_code apply_to_collection(struct collection_state *state,
					    const struct event *event, struct muster_error *err)
{
	switch (event->kind.id) {
	case EVENT_CLOSE:
		state->is_closed = true;
		return MUSTER_OK;
	case EVENT_RENAME:
		return apply_rename(state, event, err);
	case EVENT_STAY:
		state->settled = event->number;
		return MUSTER_OK;
	case EVENT_DESCRIBE_COLLECTION:
		state->description_event = event->description.len ? event->number : 0;
		return MUSTER_OK;
	case EVENT_TAG_COLLECTION:
		if (event->action == ACTION_ADD)
			return add_tag(&state->tags, event->tag, err);
		remove_tag(&state->tags, event->tag);
		return MUSTER_OK;
	default:
		return MUSTER_END;
	}
}

/* Events that speak of one version, which must be there. */
static enum muster_code apply_change(struct collection_state *state, const struct event *event,
				     struct muster_error *err)
{
	struct version *version =
		event->version < state->version_count ? &state->versions[event->version] : NULL;

	if (!version || version->is_deleted)
		return muster_fail(err, MUSTER_E_FORMAT, "'%s' speaks of v%llu, which is not there",
				   event_kind_name(event->kind.id),
				   (unsigned long long)event->version);
	switch ((enum event_kind)event->kind.id) {
	case EVENT_ALIAS:
		if (event->action == ACTION_ADD)
			return collection_state_set_alias(state, event->alias, event->version, err);
		remove_alias(state, event->alias, event->version);
		return MUSTER_OK;
	case EVENT_TAG:
		if (event->action == ACTION_ADD)
			return add_tag(&version->tags, event->tag, err);
		remove_tag(&version->tags, event->tag);
		return MUSTER_OK;
	case EVENT_DESCRIBE:
		version->description_event = event->number;
		return MUSTER_OK;
	case EVENT_METADATA:
		version->metadata_event = event->number;
		return MUSTER_OK;
	case EVENT_TTL:
		apply_ttl(state, version, event);
		return MUSTER_OK;
	case EVENT_DELETE:
		apply_delete(state, version);
		return MUSTER_OK;
	default:
		return muster_fail(err, MUSTER_E_FORMAT,
				   "'%s' has no place in the log of a collection",
				   event_kind_name(event->kind.id));
	}
}

static enum muster_code apply_known(struct collection_state *state, const struct event *event,
				    struct muster_error *err)
{
	enum muster_code code;

	if (event->kind.id == EVENT_OPEN)
		return apply_open(state, event, err);
	if (!state->is_open)
		return muster_fail(err, MUSTER_E_FORMAT, "the first event is not 'open'");
	if (event->kind.id == EVENT_SAVE || event->kind.id == EVENT_LINK)
		return apply_version(state, event, err);
	code = apply_to_collection(state, event, err);
	return code == MUSTER_END ? apply_change(state, event, err) : code;
}

enum muster_code collection_state_apply(struct collection_state *state, const struct event *event,
					struct muster_error *err)
{
	enum muster_code code;

	if (state->is_closed)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "an event follows the end of the collection");
	if (!event->is_understood)
		state->is_foreign = true;
	code = event->kind.id == EVENT_UNKNOWN ? MUSTER_OK : apply_known(state, event, err);
	if (code == MUSTER_E_FORMAT && state->is_foreign)
		code = muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "an earlier event is of a kind that this program does not know");
	return code;
}

const struct version *collection_state_version(const struct collection_state *state,
					       uint64_t number)
{
	const struct version *version;

	if (number >= state->version_count)
		return NULL;
	version = &state->versions[number];
	return version->is_deleted ? NULL : version;
}

const struct version *collection_state_latest(const struct collection_state *state)
{
	for (size_t i = state->version_count; i-- > 0;)
		if (!state->versions[i].is_deleted)
			return &state->versions[i];
	return NULL;
}

const struct version *collection_state_by_id(const struct collection_state *state,
					     const uint8_t version_id[16])
{
	for (size_t i = state->version_count; i-- > 0;)
		if (!state->versions[i].is_deleted &&
		    memcmp(state->versions[i].id, version_id, 16) == 0)
			return &state->versions[i];
	return NULL;
}

const struct version *collection_state_resolve(const struct collection_state *state,
					       struct view alias)
{
	uint64_t number;

	if (view_equal(alias, LATEST))
		return collection_state_latest(state);
	if (!version_alias_parse(alias, &number))
		number = collection_state_alias(state, alias);
	return collection_state_version(state, number);
}

uint64_t collection_state_ttl_days(const struct collection_state *state,
				   const struct version *version)
{
	if (version->ttl_days || version->ttl_disabled)
		return version->ttl_disabled ? 0 : version->ttl_days;
	return state->default_ttl_days;
}

uint64_t collection_state_expires_ms(const struct collection_state *state,
				     const struct version *version, uint64_t committed_ms)
{
	uint64_t days = collection_state_ttl_days(state, version), life_ms, expires_ms;
	uint64_t from_ms = version->created_ms > committed_ms ? version->created_ms : committed_ms;

	if (!days)
		return 0;
	if (__builtin_mul_overflow(days, DAY_MS, &life_ms) ||
	    __builtin_add_overflow(from_ms, life_ms, &expires_ms))
		return UINT64_MAX;
	return expires_ms;
}

bool collection_state_has_alias(const struct collection_state *state, uint64_t number)
{
	for (size_t i = 0; i < state->alias_count; i++)
		if (state->aliases[i].version == number)
			return true;
	return false;
}

bool version_has_tag(const struct version *version, struct view tag)
{
	return texts_have(&version->tags, tag);
}
