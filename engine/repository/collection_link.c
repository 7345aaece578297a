/* Links: versions of a portfolio, which point at what other collections have saved. The event holds
 * all that is needed to read them, so that whatever becomes of the source changes nothing here. */
#include <stdlib.h>

#include "engine/repository/collection_internal.h"
#include "engine/repository/version_words.h"

/* A link on its way: copies of what is read of its source, which may change meanwhile. */
struct linking {
	const struct link_request *request;
	struct link_result *result;
	struct version version; /* its facts; no texts of it are used */
	struct link_source source;
	struct bytes names; /* that `source` points into */
	struct version_words words;
	struct texts aliases, tags;
	bool is_synced;
};

/* --- the source ------------------------------------------------------------------------------- */

static enum muster_code copy_names(struct linking *linking, struct muster_error *err)
{
	struct view *names[] = { &linking->source.entity, &linking->source.project,
				 &linking->source.name };
	struct bytes *text = &linking->names;
	enum muster_code code = MUSTER_OK;
	size_t at = 0;

	for (int i = 0; i < 3 && !code; i++)
		code = bytes_append_view(text, *names[i], err);
	for (int i = 0; i < 3 && !code; i++) { /* only now the buffer moves no more */
		*names[i] = view_of(text->ptr + at, names[i]->len);
		at += names[i]->len;
	}
	return code;
}

/* A link of a link links its source. */
static enum muster_code take_source(struct linking *linking, const struct version *version,
				    struct muster_error *err)
{
	const struct collection_state *from = collection_versions(linking->request->from);

	linking->version = *version;
	linking->source = version->source;
	if (!version->is_link) {
		linking->source = (struct link_source){ .entity = from->entity,
							.project = from->project,
							.name = from->name,
							.version = version->number,
							.event = version->event,
							.created_ms = version->created_ms };
		memcpy(linking->source.collection_id, from->id, sizeof(from->id));
	}
	return copy_names(linking, err);
}

static enum muster_code take_tags(struct linking *linking, struct muster_error *err)
{
	const struct version_words *words = &linking->words;
	struct texts *tags = &linking->tags;

	tags->items = calloc(words->tag_count + 1, sizeof(*tags->items));
	if (!tags->items)
		return muster_fail_memory(err, "tags");
	for (; tags->count < words->tag_count; tags->count++)
		tags->items[tags->count] = view_text(words->tags[tags->count]);
	return MUSTER_OK;
}

static enum muster_code prepare(struct linking *linking, struct muster_error *err)
{
	const struct link_request *request = linking->request;
	const struct version *version;
	enum muster_code code = collection_take_aliases(&linking->aliases, request->aliases,
							request->alias_count, err);

	if (!code)
		code = collection_require(request->from, request->version, &version, err);
	if (!code)
		code = take_source(linking, version, err);
	if (!code)
		code = version_words_read(&linking->words, request->from, version, err);
	return code ? code : take_tags(linking, err);
}

/* What is linked must be live after the gc log was read, and vouch for its content (FORMAT §6). */
static enum muster_code source_stands(void *state, struct repository *repository,
				      struct muster_error *err)
{
	const struct linking *linking = state;
	struct collection *from = linking->request->from;
	const struct version *version;
	enum muster_code code;

	if (!linking->result->is_new)
		return MUSTER_OK;
	code = collection_refresh(from, err);
	if (!code)
		code = collection_require(from, linking->request->version, &version, err);
	if (code || repository_vouches(repository, collection_log_name(from), version->event))
		return code;
	return muster_fail(err, MUSTER_E_CONFLICT,
			   "the repository is being collected, and v%llu of '%.*s' is newer than "
			   "what was looked at: it can be linked when that is done",
			   (unsigned long long)version->number,
			   VIEW_ARGS(collection_versions(from)->name));
}

/* --- the event -------------------------------------------------------------------------------- */

static enum muster_code check_portfolio(const struct collection *collection,
					struct muster_error *err)
{
	const struct collection_state *state = &collection->state;

	if (state->version_count && !state->is_portfolio)
		return muster_fail(err, MUSTER_E_REFUSED,
				   "'%.*s' has versions of its own: links need a portfolio, under "
				   "another name",
				   VIEW_ARGS(state->name));
	return MUSTER_OK;
}

/* An alias that the link which is there lacks. */
static enum muster_code decide_alias(const struct linking *linking,
				     const struct collection *collection, uint64_t number,
				     struct event *event)
{
	event->kind.id = EVENT_ALIAS;
	event->action = ACTION_ADD;
	event->version = number;
	for (size_t i = 0; i < linking->aliases.count; i++) {
		event->alias = linking->aliases.items[i];
		if (collection_state_alias(&collection->state, event->alias) != number)
			return MUSTER_OK;
	}
	return MUSTER_END;
}

static void fill_link(const struct linking *linking, uint64_t number, struct event *event)
{
	const struct version *version = &linking->version;
	const struct version_words *words = &linking->words;

	event->kind.id = EVENT_LINK;
	event->version = number;
	event->manifest = version->manifest;
	event->algorithm = version->algorithm;
	event->entry_count = version->entry_count;
	event->reference_count = version->reference_count;
	event->size_bytes = version->size_bytes;
	event->description = view_text(words->description ? words->description : "");
	event->metadata = view_text(words->metadata ? words->metadata : "");
	event->aliases = linking->aliases;
	event->tags = linking->tags;
	event->source = linking->source;
	memcpy(event->version_id, version->id, sizeof(event->version_id));
	memcpy(event->digest, version->digest, sizeof(event->digest));
	memcpy(event->root, version->root, sizeof(event->root));
}

static enum muster_code decide_new(struct collection *collection, struct linking *linking,
				   struct event *event, struct muster_error *err)
{
	enum muster_code code = collection_check_room(collection, linking->aliases.count, err);

	if (!code && !linking->is_synced)
		code = store_sync(repository_store(collection->repository), err);
	if (code)
		return code;
	linking->is_synced = true;
	linking->result->is_new = true;
	linking->result->version_number = collection->state.version_count;
	fill_link(linking, collection->state.version_count, event);
	return MUSTER_OK;
}

static enum muster_code decide_link(struct collection *collection, void *state, struct event *event,
				    struct muster_error *err)
{
	struct linking *linking = state;
	const struct version *same =
		collection_state_by_id(&collection->state, linking->version.id);
	enum muster_code code = check_portfolio(collection, err);

	if (code)
		return code;
	if (!same)
		return decide_new(collection, linking, event, err);
	linking->result->is_new = false;
	linking->result->version_number = same->number;
	return decide_alias(linking, collection, same->number, event);
}

/* Aliases of a link that is there are events of their own. */
static enum muster_code run(struct collection *portfolio, struct linking *linking,
			    struct muster_error *err)
{
	struct change change = { .decide = decide_link,
				 .request = linking,
				 .relies = source_stands,
				 .relies_state = linking };
	enum muster_code code;

	do {
		change.event = 0;
		code = collection_change(portfolio, &change, err);
	} while (!code && change.event && !linking->result->is_new);
	return code;
}

enum muster_code collection_link(struct collection *portfolio, const struct link_request *request,
				 struct link_result *result, struct muster_error *err)
{
	struct linking linking = { .request = request, .result = result };
	enum muster_code code;

	*result = (struct link_result){ 0 };
	code = check_portfolio(portfolio, err);
	if (!code)
		code = prepare(&linking, err);
	if (!code)
		code = run(portfolio, &linking, err);
	version_words_release(&linking.words);
	bytes_release(&linking.names);
	free(linking.aliases.items);
	free(linking.tags.items);
	return code;
}

enum muster_code collection_check_saves(const struct collection *collection,
					struct muster_error *err)
{
	if (!collection->state.is_portfolio)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_REFUSED,
			   "'%.*s' is a portfolio: it holds links, and no versions of its own",
			   VIEW_ARGS(collection->state.name));
}
