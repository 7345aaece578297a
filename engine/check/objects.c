/* Leaves and manifests that no version needs: listings against what was needed. */
#include "engine/check/check_internal.h"

#include <string.h>

/* Counts the ids of `listed` that `needed`, which goes on with its kind, has not. */
static enum muster_code count_kind(struct check_run *run, enum object_kind kind,
				   struct check_stream *needed, struct muster_error *err)
{
	struct check_stream listed = { 0 };
	struct spill *list = NULL;
	enum muster_code code = check_list_objects(run, kind, &list, err);

	if (!code)
		code = check_stream_begin(&listed, list, err);
	while (!code && listed.has) {
		uint8_t key[1 + CHECK_ID_BYTES];
		int order = -1;

		key[0] = (uint8_t)kind;
		memcpy(key + 1, listed.key.ptr, CHECK_ID_BYTES);
		while (!code && needed->has &&
		       (order = memcmp(needed->key.ptr, key, sizeof(key))) < 0)
			code = check_stream_next(needed, err);
		run->report->unreferenced_objects += !code && !(needed->has && order == 0);
		if (!code)
			code = check_stream_next(&listed, err);
	}
	spill_free(list);
	return code;
}

enum muster_code check_objects(struct check_run *run, struct muster_error *err)
{
	struct check_stream needed = { 0 };
	enum muster_code code = check_stream_begin(&needed, run->objects, err);

	_Static_assert(OBJECT_LEAVES < OBJECT_MANIFEST, "they are sorted in this order");
	if (!code)
		code = count_kind(run, OBJECT_LEAVES, &needed, err);
	return code ? code : count_kind(run, OBJECT_MANIFEST, &needed, err);
}
