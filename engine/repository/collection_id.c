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

enum muster_code collection_run(struct collection *collection, const struct version *version,
				struct bytes *out, struct muster_error *err)
{
	return collection_run_of_event(collection, version->event, version->id, out, err);
}
