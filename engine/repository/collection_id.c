/* Collections by their ids, and which runs saved their versions. */
#include "engine/repository/collection_internal.h"

#include <stdlib.h>

enum muster_code collection_open_id(struct collection **out, struct repository *repository,
				    const uint8_t id[16], struct muster_error *err)
{
	struct collection *collection = calloc(1, sizeof(*collection));
	enum muster_code code;

	*out = NULL;
	if (!collection)
		return muster_fail_memory(err, "a collection");
	collection->repository = repository;
	memcpy(collection->name.collection_id, id, 16);
	code = collection_open_log(collection, err);
	if (!code)
		code = log_read(collection->log, err);
	if (!code && !collection->state.is_open)
		code = muster_fail(err, MUSTER_E_NAME, "there is no artifact with the log '%s'",
				   log_name(collection->log));
	if (code)
		collection_close(collection);
	else
		*out = collection;
	return code;
}

struct version collection_saved(const struct collection *collection, const struct version *version,
				uint8_t id[16])
{
	struct version saved = *version;

	memcpy(id, version->is_link ? version->source.collection_id : collection->state.id, 16);
	if (version->is_link) {
		saved.number = version->source.version;
		saved.event = version->source.event;
	}
	return saved;
}

enum muster_code collection_run_of_event(struct collection *collection, uint64_t number,
					 const uint8_t version_id[16], struct bytes *out,
					 struct muster_error *err)
{
	struct event event = { 0 };
	enum muster_code code;

	if (number > log_head(collection->log))
		return muster_fail(err, MUSTER_E_FORMAT, "log '%s' has no event %llu",
				   log_name(collection->log), (unsigned long long)number);
	code = log_event(collection->log, number, &event, err);
	if (!code && (event.kind.id != EVENT_SAVE || memcmp(event.version_id, version_id, 16) != 0))
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "event %llu of log '%s' is of another version",
				   (unsigned long long)number, log_name(collection->log));
	if (!code)
		code = bytes_append_view(out, event.run, err);
	event_release(&event);
	return code;
}

struct saved_search {
	const uint8_t *version_id;
	uint64_t number, event;
};

static enum muster_code match_saved(void *state, const struct event *event, struct view bytes,
				    struct muster_error *err)
{
	struct saved_search *search = state;

	(void)bytes;
	(void)err;
	if (event->kind.id != EVENT_SAVE || memcmp(event->version_id, search->version_id, 16) != 0)
		return MUSTER_OK;
	search->number = event->version;
	search->event = event->number;
	return MUSTER_END;
}

enum muster_code collection_find_saved(struct collection *collection, const uint8_t version_id[16],
				       uint64_t *number, uint64_t *event, struct muster_error *err)
{
	struct saved_search search = { .version_id = version_id };
	enum muster_code code = collection_history(collection, 1, match_saved, &search, err);

	*number = search.number;
	*event = search.event;
	if (code == MUSTER_END)
		return MUSTER_OK;
	return code ? code : MUSTER_ABSENT;
}
