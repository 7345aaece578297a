#include "engine/lineage/finder.h"

void finder_release(struct finder *finder)
{
	for (size_t i = 0; i < FINDER_COLLECTIONS; i++)
		collection_close(finder->open[i]);
	*finder = (struct finder){ 0 };
}

static void move_to_front(struct finder *finder, size_t at)
{
	struct collection *collection = finder->open[at];

	memmove(finder->open + 1, finder->open, at * sizeof(finder->open[0]));
	finder->open[0] = collection;
}

static enum muster_code open_collection(struct finder *finder, const uint8_t id[16],
					struct collection **out, struct muster_error *err)
{
	struct collection *collection;
	enum muster_code code;

	for (size_t i = 0; i < FINDER_COLLECTIONS && finder->open[i]; i++) {
		if (memcmp(collection_id(finder->open[i]), id, 16) == 0) {
			move_to_front(finder, i);
			*out = finder->open[0];
			return MUSTER_OK;
		}
	}
	code = collection_open_id(&collection, finder->repository, id, err);
	if (code)
		return code;
	collection_close(finder->open[FINDER_COLLECTIONS - 1]);
	finder->open[FINDER_COLLECTIONS - 1] = collection;
	move_to_front(finder, FINDER_COLLECTIONS - 1);
	*out = collection;
	return MUSTER_OK;
}

enum muster_code finder_again(struct finder *finder, struct found_version *version,
			      struct muster_error *err)
{
	return open_collection(finder, version->collection_id, &version->collection, err);
}

enum muster_code finder_find(struct finder *finder, const struct run_record *record,
			     struct found_version *out, struct muster_error *err)
{
	const struct version *version;
	enum muster_code code;

	*out = (struct found_version){ .number = record->version, .event = record->event };
	memcpy(out->id, record->version_id, 16);
	memcpy(out->collection_id, record->collection_id, 16);
	code = finder_again(finder, out, err);
	if (code)
		return code == MUSTER_E_NAME && record->kind.id == RUN_LOG ? MUSTER_ABSENT : code;
	version = collection_state_by_id(collection_versions(out->collection), out->id);
	if (!version && record->kind.id == RUN_LOG)
		return MUSTER_ABSENT;
	if (version) {
		out->number = version->number;
		out->event = version->event;
	}
	out->is_deleted = !version || collection_versions(out->collection)->is_closed;
	return MUSTER_OK;
}

enum muster_code finder_find_saved(struct finder *finder, const struct run_record *record,
				   struct found_version *out, struct muster_error *err)
{
	enum muster_code code = finder_find(finder, record, out, err);

	if (code != MUSTER_ABSENT || !out->collection)
		return code;
	out->is_deleted = true;
	return collection_find_saved(out->collection, out->id, &out->number, &out->event, err);
}

enum muster_code finder_find_named(struct finder *finder, const struct named_version *named,
				   struct found_version *out, struct muster_error *err)
{
	struct version version;
	struct run_record record = { .kind.id = RUN_USE };

	version = collection_saved(named->collection, named->version, record.collection_id);
	record.version = version.number;
	record.event = version.event;
	memcpy(record.version_id, version.id, 16);
	return finder_find(finder, &record, out, err);
}

enum muster_code finder_run_of(struct finder *finder, struct found_version *version,
			       struct run_id *out, struct muster_error *err)
{
	struct bytes run = { 0 };
	enum muster_code code = finder_again(finder, version, err);

	if (!code)
		code = collection_run_of_event(version->collection, version->event, version->id,
					       &run, err);
	/* What is no id of ours was written by something else: nothing is known of it. */
	if (!code && !run_id_parse(bytes_view(&run), out))
		code = MUSTER_ABSENT;
	bytes_release(&run);
	return code;
}
