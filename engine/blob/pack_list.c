#include "engine/blob/pack_list.h"

#include <stdlib.h>

#include "artifact/record/key.h"

static int compare_ids(const void *a, const void *b)
{
	const struct object_id *x = a, *y = b; /* the first members of listed packs */
	int order = memcmp(x->session, y->session, sizeof(x->session));

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

static enum muster_code grow(struct pack_list *list, struct muster_error *err)
{
	size_t cap = list->cap ? 2 * list->cap : 64;
	struct listed_pack *packs = realloc(list->packs, cap * sizeof(*packs));

	if (!packs)
		return muster_fail_memory(err, "the list of packs");
	list->packs = packs;
	list->cap = cap;
	return MUSTER_OK;
}

static enum muster_code add(void *state, const char *key, uint64_t size_bytes, uint64_t modified_ns,
			    struct muster_error *err)
{
	struct pack_list *list = state;
	struct listed_pack pack = { .size_bytes = size_bytes };

	(void)modified_ns;
	if (!key_parse_object(key, OBJECT_PACK, &pack.id))
		return MUSTER_OK; /* not ours */
	if (list->count == PACK_LIST_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "more than %u packs", PACK_LIST_MAX);
	if (list->count == list->cap) {
		enum muster_code code = grow(list, err);

		if (code)
			return code;
	}
	list->packs[list->count++] = pack;
	return MUSTER_OK;
}

enum muster_code pack_list_read(struct pack_list *list, struct store *store,
				struct muster_error *err)
{
	struct pack_list found = { 0 };
	enum muster_code code =
		store_list(store, key_object_prefix(OBJECT_PACK), NULL, add, &found, err);

	if (code) {
		pack_list_release(&found);
		return code;
	}
	/* Keys list in the order of ids; sorting what is sorted costs little, and trusts no store.
	 */
	if (found.count)
		qsort(found.packs, found.count, sizeof(*found.packs), compare_ids);
	pack_list_release(list);
	*list = found;
	return MUSTER_OK;
}

void pack_list_release(struct pack_list *list)
{
	free(list->packs);
	*list = (struct pack_list){ 0 };
}

const struct listed_pack *pack_list_find(const struct pack_list *list, const struct object_id *id)
{
	return list->count
		       ? bsearch(id, list->packs, list->count, sizeof(*list->packs), compare_ids)
		       : NULL;
}

bool pack_list_has(const struct pack_list *list, const struct object_id *id, uint64_t size_bytes)
{
	const struct listed_pack *pack = pack_list_find(list, id);

	return pack && pack->size_bytes == size_bytes;
}
