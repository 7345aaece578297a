/* Packs that are there, but in no index. All indexes are walked once, whatever there is of both. */
#include <stdlib.h>

#include "engine/blob/blob_internal.h"
#include "engine/blob/pack_list.h"

struct orphans {
	struct pack_list packs;
	uint8_t *is_named; /* a bit a pack */
};

static enum muster_code mark(void *state, const struct index_pack *named, struct muster_error *err)
{
	struct orphans *orphans = state;
	const struct listed_pack *pack = pack_list_find(&orphans->packs, &named->id);
	size_t at = pack ? (size_t)(pack - orphans->packs.packs) : 0;

	(void)err;
	if (pack)
		orphans->is_named[at / 8] |= (uint8_t)(1u << at % 8);
	return MUSTER_OK;
}

static enum muster_code find(struct orphans *orphans, struct blob_set *set,
			     struct muster_error *err)
{
	enum muster_code code = index_set_refresh(set->index, err);

	if (!code)
		code = pack_list_read(&orphans->packs, set->store, err);

	if (code)
		return code;
	orphans->is_named = calloc(orphans->packs.count / 8 + 1, 1);
	if (!orphans->is_named)
		return muster_fail_memory(err, "packs without an index");
	return index_set_each_pack(set->index, mark, orphans, err);
}

enum muster_code blob_set_each_orphan(struct blob_set *set, blob_orphan_fn *fn, void *state,
				      struct muster_error *err)
{
	struct orphans orphans = { 0 };
	enum muster_code code = find(&orphans, set, err);

	for (size_t i = 0; i < orphans.packs.count && !code; i++)
		if (!(orphans.is_named[i / 8] >> i % 8 & 1))
			code = fn(state, &orphans.packs.packs[i].id, err);
	free(orphans.is_named);
	pack_list_release(&orphans.packs);
	return code;
}
