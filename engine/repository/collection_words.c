/* What is said of a whole collection, not of one of its versions. */
#include "engine/repository/collection_internal.h"

#include "artifact/name.h"
#include "base/text/utf8.h"

struct said {
	struct view text; /* a description, or a tag */
	enum event_action action;
};

static enum muster_code change(struct collection *collection, decide_fn *decide, struct said *said,
			       struct muster_error *err)
{
	struct change change = { .decide = decide, .request = said };

	return collection_change(collection, &change, err);
}

static enum muster_code decide_describe(struct collection *collection, void *state,
					struct event *event, struct muster_error *err)
{
	const struct said *said = state;

	(void)err;
	if (!said->text.len && !collection->state.description_event)
		return MUSTER_END;
	event->kind.id = EVENT_DESCRIBE_COLLECTION;
	event->description = said->text;
	return MUSTER_OK;
}

enum muster_code collection_describe_all(struct collection *collection, struct view description,
					 struct muster_error *err)
{
	struct said said = { .text = description };

	if (description.len > EVENT_DESCRIPTION_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a description of %zu bytes is over %u",
				   description.len, EVENT_DESCRIPTION_MAX_BYTES);
	if (!utf8_valid(description))
		return muster_fail(err, MUSTER_E_USAGE, "the description is not UTF-8");
	return change(collection, decide_describe, &said, err);
}

static enum muster_code decide_tag(struct collection *collection, void *state, struct event *event,
				   struct muster_error *err)
{
	const struct said *said = state;
	const struct texts *tags = &collection->state.tags;
	bool has = texts_have(tags, said->text);

	if (has && said->action == ACTION_ADD)
		return MUSTER_END;
	if (!has && said->action == ACTION_REMOVE)
		return muster_fail(err, MUSTER_E_NAME, "artifact '%.*s' has no tag '%.*s'",
				   VIEW_ARGS(collection->state.name), VIEW_ARGS(said->text));
	if (!has && tags->count >= VERSION_TAGS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "an artifact has at most %u tags",
				   VERSION_TAGS_MAX);
	event->kind.id = EVENT_TAG_COLLECTION;
	event->action = said->action;
	event->tag = said->text;
	return MUSTER_OK;
}

enum muster_code collection_tag_all(struct collection *collection, struct view tag, bool remove,
				    struct muster_error *err)
{
	struct said said = { .text = tag, .action = remove ? ACTION_REMOVE : ACTION_ADD };
	enum muster_code code = remove ? MUSTER_OK : tag_check(tag, err);

	return code ? code : change(collection, decide_tag, &said, err);
}
