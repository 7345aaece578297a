/* What lies in a cache's directory: segments, and index files over them. */
#include <stdlib.h>

#include "artifact/record/gc_state.h"
#include "artifact/record/key.h"
#include "engine/blob/pack_list.h"
#include "engine/cache/cache_internal.h"

/* "muster blob cache": its packs are told from those of repositories. */
const uint8_t cache_repository_id[16] = { 'm', 'u', 's', 't', 'e', 'r', ' ', 'b',
					  'l', 'o', 'b', ' ', 'c', 'a', 'c', 'h' };

void segments_release(struct segments *segments)
{
	free(segments->items);
	free(segments->flags);
	*segments = (struct segments){ 0 };
}

static enum muster_code add(void *state, const char *key, uint64_t size_bytes, uint64_t modified_ns,
			    struct muster_error *err)
{
	struct segments *segments = state;
	struct object_id id;

	if (!key_parse_object(key, OBJECT_PACK, &id))
		return MUSTER_OK; /* not ours */
	if (segments->count == PACK_LIST_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "more than %u segments", PACK_LIST_MAX);
	if (segments->count == segments->cap) {
		size_t cap = segments->cap ? 2 * segments->cap : 64;
		struct segment *items = realloc(segments->items, cap * sizeof(*items));

		if (!items)
			return muster_fail_memory(err, "the list of segments");
		segments->items = items;
		segments->cap = cap;
	}
	segments->items[segments->count++] = (struct segment){ id, size_bytes, modified_ns };
	return MUSTER_OK;
}

static int by_id(const void *a, const void *b)
{
	return object_id_compare(&((const struct segment *)a)->id,
				 &((const struct segment *)b)->id);
}

enum muster_code segments_read(struct segments *segments, struct store *store,
			       struct muster_error *err)
{
	struct segments found = { 0 };
	enum muster_code code =
		store_list(store, key_object_prefix(OBJECT_PACK), NULL, add, &found, err);

	if (!code) {
		found.flags = calloc(found.count + 1, sizeof(*found.flags));
		if (!found.flags)
			code = muster_fail_memory(err, "the list of segments");
	}
	if (code) {
		segments_release(&found);
		return code;
	}
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), by_id);
	segments_release(segments);
	*segments = found;
	return MUSTER_OK;
}

/* NULL: there is none. */
static atomic_uchar *flags_of(const struct segments *segments, const struct object_id *id)
{
	struct segment wanted = { .id = *id };
	const struct segment *found = NULL;

	if (segments->count)
		found = bsearch(&wanted, segments->items, segments->count, sizeof(wanted), by_id);
	return found ? &segments->flags[found - segments->items] : NULL;
}

bool segments_mark(struct segments *segments, const struct object_id *id, enum segment_flag flag)
{
	atomic_uchar *flags = flags_of(segments, id);

	if (!flags || atomic_load_explicit(flags, memory_order_relaxed) & flag)
		return false;
	return !(atomic_fetch_or_explicit(flags, (unsigned char)flag, memory_order_relaxed) & flag);
}

bool segments_is_marked(const struct segments *segments, const struct object_id *id,
			enum segment_flag flag)
{
	atomic_uchar *flags = flags_of(segments, id);

	return flags && atomic_load_explicit(flags, memory_order_relaxed) & flag;
}

enum muster_code segment_remove(struct store *store, const struct object_id *id,
				struct muster_error *err)
{
	struct key key;

	key_object(&key, OBJECT_PACK, id);
	return store_remove(store, key.text, err);
}

/* --- index files ---------------------------------------------------------------------------- */

struct index_sum {
	uint64_t bytes, count;
};

static enum muster_code add_index(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	struct index_sum *sum = state;
	struct object_id id;

	(void)modified_ns, (void)err;
	if (!key_parse_object(key, OBJECT_INDEX, &id))
		return MUSTER_OK;
	sum->bytes += size_bytes;
	sum->count++;
	return MUSTER_OK;
}

enum muster_code cache_index_bytes(struct store *store, uint64_t *out, uint64_t *count,
				   struct muster_error *err)
{
	struct index_sum sum = { 0 };
	enum muster_code code =
		store_list(store, key_object_prefix(OBJECT_INDEX), NULL, add_index, &sum, err);

	*out = sum.bytes;
	if (count)
		*count = sum.count;
	return code;
}

static enum muster_code remove_index(void *state, const char *key, uint64_t size_bytes,
				     uint64_t modified_ns, struct muster_error *err)
{
	struct object_id id;

	(void)size_bytes, (void)modified_ns;
	return key_parse_object(key, OBJECT_INDEX, &id) ? store_remove(state, key, err) : MUSTER_OK;
}

enum muster_code cache_remove_indexes(struct store *store, struct muster_error *err)
{
	return store_list(store, key_object_prefix(OBJECT_INDEX), NULL, remove_index, store, err);
}
