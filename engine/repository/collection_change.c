#include "engine/repository/collection_internal.h"

#include "artifact/name.h"
#include "artifact/record/metadata_merge.h"
#include "base/text/utf8.h"

/* What one change was asked to do; the fields that it needs. */
struct request {
	uint64_t version;
	struct view alias, tag, text;
	const struct expected *expected;
	bool merge, delete_aliases;
	struct bytes document;
};

static enum muster_code run(struct collection *collection, decide_fn *decide,
			    struct request *request, struct muster_error *err)
{
	struct change change = { .decide = decide, .request = request };

	return collection_change(collection, &change, err);
}

static enum muster_code refuse_latest(struct view alias, struct muster_error *err)
{
	if (!view_equal(alias, VIEW_LITERAL("latest")))
		return alias_check(alias, err);
	return muster_fail(err, MUSTER_E_REFUSED,
			   "'latest' cannot be set or removed: it is the newest version, always");
}

static enum muster_code check_expected(const struct request *request, uint64_t found,
				       struct muster_error *err)
{
	const struct expected *expected = request->expected;

	if (!expected || expected->what == EXPECT_ANY ||
	    (expected->what == EXPECT_NONE && found == VERSION_NONE) ||
	    (expected->what == EXPECT_VERSION && found == expected->version))
		return MUSTER_OK;
	if (found == VERSION_NONE)
		return muster_fail(err, MUSTER_E_CONFLICT, "the alias '%.*s' names no version",
				   VIEW_ARGS(request->alias));
	return muster_fail(err, MUSTER_E_CONFLICT, "the alias '%.*s' names v%llu",
			   VIEW_ARGS(request->alias), (unsigned long long)found);
}

static void fill_alias(const struct request *request, enum event_action action, uint64_t version,
		       struct event *event)
{
	event->kind.id = EVENT_ALIAS;
	event->action = action;
	event->version = version;
	event->alias = request->alias;
	if (request->expected)
		event->expected = *request->expected;
}

static enum muster_code decide_alias_add(struct collection *collection, void *state,
					 struct event *event, struct muster_error *err)
{
	struct request *request = state;
	uint64_t found = collection_state_alias(&collection->state, request->alias);
	const struct version *version;
	enum muster_code code = collection_require(collection, request->version, &version, err);

	if (!code)
		code = check_expected(request, found, err);
	if (code)
		return code;
	if (found == request->version)
		return MUSTER_END;
	if (found == VERSION_NONE && collection->state.alias_count >= COLLECTION_ALIASES_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "an artifact has at most %u aliases",
				   COLLECTION_ALIASES_MAX);
	fill_alias(request, ACTION_ADD, request->version, event);
	return MUSTER_OK;
}

enum muster_code collection_alias_add(struct collection *collection, uint64_t version,
				      struct view alias, const struct expected *expected,
				      struct muster_error *err)
{
	struct request request = { .version = version, .alias = alias, .expected = expected };
	enum muster_code code = refuse_latest(alias, err);

	return code ? code : run(collection, decide_alias_add, &request, err);
}

static enum muster_code decide_alias_remove(struct collection *collection, void *state,
					    struct event *event, struct muster_error *err)
{
	struct request *request = state;
	uint64_t found = collection_state_alias(&collection->state, request->alias);
	enum muster_code code = check_expected(request, found, err);

	if (code)
		return code;
	if (found == VERSION_NONE)
		return muster_fail(err, MUSTER_E_NAME, "artifact '%.*s' has no alias '%.*s'",
				   VIEW_ARGS(collection->state.name), VIEW_ARGS(request->alias));
	fill_alias(request, ACTION_REMOVE, found, event);
	return MUSTER_OK;
}

enum muster_code collection_alias_remove(struct collection *collection, struct view alias,
					 const struct expected *expected, struct muster_error *err)
{
	struct request request = { .alias = alias, .expected = expected };
	enum muster_code code = refuse_latest(alias, err);

	return code ? code : run(collection, decide_alias_remove, &request, err);
}

static enum muster_code decide_tag_add(struct collection *collection, void *state,
				       struct event *event, struct muster_error *err)
{
	struct request *request = state;
	const struct version *version;
	enum muster_code code = collection_require(collection, request->version, &version, err);

	if (code)
		return code;
	if (version_has_tag(version, request->tag))
		return MUSTER_END;
	if (version->tags.count >= VERSION_TAGS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "a version has at most %u tags",
				   VERSION_TAGS_MAX);
	event->kind.id = EVENT_TAG;
	event->action = ACTION_ADD;
	event->version = request->version;
	event->tag = request->tag;
	return MUSTER_OK;
}

enum muster_code collection_tag_add(struct collection *collection, uint64_t version,
				    struct view tag, struct muster_error *err)
{
	struct request request = { .version = version, .tag = tag };
	enum muster_code code = tag_check(tag, err);

	return code ? code : run(collection, decide_tag_add, &request, err);
}

static enum muster_code decide_tag_remove(struct collection *collection, void *state,
					  struct event *event, struct muster_error *err)
{
	struct request *request = state;
	const struct version *version;
	enum muster_code code = collection_require(collection, request->version, &version, err);

	if (code)
		return code;
	if (!version_has_tag(version, request->tag))
		return muster_fail(err, MUSTER_E_NAME, "v%llu of '%.*s' has no tag '%.*s'",
				   (unsigned long long)request->version,
				   VIEW_ARGS(collection->state.name), VIEW_ARGS(request->tag));
	event->kind.id = EVENT_TAG;
	event->action = ACTION_REMOVE;
	event->version = request->version;
	event->tag = request->tag;
	return MUSTER_OK;
}

enum muster_code collection_tag_remove(struct collection *collection, uint64_t version,
				       struct view tag, struct muster_error *err)
{
	struct request request = { .version = version, .tag = tag };

	return run(collection, decide_tag_remove, &request, err);
}

static enum muster_code decide_describe(struct collection *collection, void *state,
					struct event *event, struct muster_error *err)
{
	struct request *request = state;
	const struct version *version;
	enum muster_code code = collection_require(collection, request->version, &version, err);

	event->kind.id = EVENT_DESCRIBE;
	event->version = request->version;
	event->description = request->text;
	return code;
}

enum muster_code collection_describe(struct collection *collection, uint64_t version,
				     struct view description, struct muster_error *err)
{
	struct request request = { .version = version, .text = description };

	if (description.len > EVENT_DESCRIPTION_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a description of %zu bytes is over %u",
				   description.len, EVENT_DESCRIPTION_MAX_BYTES);
	if (!utf8_valid(description))
		return muster_fail(err, MUSTER_E_USAGE, "the description is not UTF-8");
	return run(collection, decide_describe, &request, err);
}

/* A merge is computed anew from what the head says, so that nobody's keys are lost. */
static enum muster_code merge(struct collection *collection, const struct version *version,
			      struct request *request, struct muster_error *err)
{
	struct bytes old = { 0 }, merged = { 0 };
	enum muster_code code = collection_metadata(collection, version, &old, err);

	request->document.len = 0;
	if (!code)
		code = metadata_merge(bytes_view(&old), request->text, &merged, err);
	if (!code)
		code = metadata_canonical(bytes_view(&merged), &request->document, err);
	bytes_release(&old);
	bytes_release(&merged);
	return code;
}

static enum muster_code decide_metadata(struct collection *collection, void *state,
					struct event *event, struct muster_error *err)
{
	struct request *request = state;
	const struct version *version;
	enum muster_code code = collection_require(collection, request->version, &version, err);

	if (!code && request->merge)
		code = merge(collection, version, request, err);
	event->kind.id = EVENT_METADATA;
	event->version = request->version;
	event->metadata = bytes_view(&request->document);
	return code;
}

enum muster_code collection_set_metadata(struct collection *collection, uint64_t version,
					 struct view metadata, bool merge_keys,
					 struct muster_error *err)
{
	struct request request = { .version = version, .text = metadata, .merge = merge_keys };
	enum muster_code code = metadata_canonical(metadata, &request.document, err);

	if (!code)
		code = run(collection, decide_metadata, &request, err);
	bytes_release(&request.document);
	return code;
}

static enum muster_code decide_delete(struct collection *collection, void *state,
				      struct event *event, struct muster_error *err)
{
	struct request *request = state;
	const struct version *version;
	enum muster_code code = collection_require(collection, request->version, &version, err);

	if (code)
		return code;
	if (!request->delete_aliases && !version->is_link &&
	    collection_state_has_alias(&collection->state, request->version))
		return muster_fail(
			err, MUSTER_E_REFUSED,
			"v%llu of '%.*s' has aliases; it is deleted only together with them",
			(unsigned long long)request->version, VIEW_ARGS(collection->state.name));
	event->kind.id = EVENT_DELETE;
	event->version = request->version;
	event->delete_aliases = request->delete_aliases || version->is_link;
	return MUSTER_OK;
}

enum muster_code collection_delete_version(struct collection *collection, uint64_t version,
					   bool delete_aliases, struct muster_error *err)
{
	struct request request = { .version = version, .delete_aliases = delete_aliases };

	return run(collection, decide_delete, &request, err);
}

static enum muster_code decide_close(struct collection *collection, void *state,
				     struct event *event, struct muster_error *err)
{
	(void)collection;
	(void)state;
	(void)err;
	event->kind.id = EVENT_CLOSE;
	return MUSTER_OK;
}

/* The end of its log is the deletion. Freeing the name is tidying up: whoever wants the name for a
 * new collection would do it, too. */
static void free_name(struct collection *collection)
{
	const struct collection_state *state = &collection->state;
	struct collection_name name = { state->entity, state->project, state->name };

	collection_tidy_name(collection->repository, &name);
}

enum muster_code collection_delete(struct collection *collection, struct muster_error *err)
{
	struct request request = { 0 };
	enum muster_code code = run(collection, decide_close, &request, err);

	if (!code)
		free_name(collection);
	return code;
}
