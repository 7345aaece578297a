#include <stdlib.h>

#include "artifact/record/key.h"
#include "engine/blob/index_set_internal.h"

static void file_release(struct index_file *file)
{
	free(file->proved);
	index_tail_release(&file->tail);
	store_close(file->object);
}

enum muster_code index_set_open(struct index_set **out, struct store *store,
				const uint8_t repository_id[16], struct muster_error *err)
{
	struct index_set *set = calloc(1, sizeof(*set));
	enum muster_code code;

	*out = NULL;
	if (!set)
		return muster_fail_memory(err, "the index");
	set->store = store;
	memcpy(set->repository_id, repository_id, 16);
	pthread_rwlock_init(&set->lock, NULL);
	code = index_set_refresh(set, err);
	if (code) {
		index_set_close(set);
		return code;
	}
	*out = set;
	return MUSTER_OK;
}

void index_set_restrict(struct index_set *set, index_usable_fn *fn, void *state)
{
	set->is_usable = fn;
	set->usable_state = state;
}

void index_set_close(struct index_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->locked.file_count; i++)
		file_release(&set->locked.files[i]);
	free(set->locked.files);
	pack_list_release(&set->locked.packs);
	pthread_rwlock_destroy(&set->lock);
	free(set);
}

static enum muster_code read_tail(struct index_file *file, struct muster_error *err)
{
	uint64_t begin = file->trailer.packs_offset_bytes;
	uint64_t len = index_tail_bytes(&file->trailer);
	uint8_t *tail = malloc(len ? len : 1);
	enum muster_code code;

	if (!tail)
		return muster_fail_memory(err, "the tail of an index");
	code = store_read(file->object, begin, tail, len, err);
	if (!code)
		code = index_tail_parse(&file->tail, &file->trailer, view_of(tail, len), err);
	free(tail);
	return code;
}

static enum muster_code read_frame(struct index_file *file, const struct index_set *set,
				   struct muster_error *err)
{
	uint8_t raw[INDEX_TRAILER_BYTES];
	enum muster_code code;

	if (file->object->size_bytes < INDEX_TRAILER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "it is shorter than its trailer");
	code = store_read(file->object, file->object->size_bytes - sizeof(raw), raw, sizeof(raw),
			  err);
	if (!code)
		code = index_trailer_parse(&file->trailer, view_of(raw, sizeof(raw)),
					   file->object->size_bytes, err);
	if (code)
		return code;
	if (memcmp(file->trailer.repository_id, set->repository_id, 16) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "it belongs to another repository");
	return read_tail(file, err);
}

static enum muster_code file_open(struct index_file *file, struct index_set *set, const char *key,
				  struct muster_error *err)
{
	enum muster_code code;

	*file = (struct index_file){ 0 };
	code = store_open(set->store, key, &file->object, err);
	if (code)
		return code;
	code = read_frame(file, set, err);
	if (code == MUSTER_E_FORMAT && store_doubt(file->object)) {
		index_tail_release(&file->tail);
		code = read_frame(file, set, err);
	}
	if (!code) {
		file->proved = calloc(file->trailer.page_count / 8 + 1, sizeof(*file->proved));
		if (!file->proved)
			code = muster_fail_memory(err, "an index");
	}
	if (code) {
		file_release(file);
		muster_context(err, "index '%s'", key);
	}
	return code;
}

static bool knows_locked(const struct index_set *set, const struct object_id *id)
{
	for (size_t i = 0; i < set->locked.file_count; i++)
		if (object_id_equal(&set->locked.files[i].trailer.id, id))
			return true;
	return false;
}

static enum muster_code add_file_locked(struct index_set *set, const char *key,
					struct muster_error *err)
{
	enum muster_code code;

	if (set->locked.file_count == INDEX_SET_MAX_FILES)
		return muster_fail(err, MUSTER_E_LIMIT, "more than %d index files",
				   INDEX_SET_MAX_FILES);
	if (set->locked.file_count == set->locked.file_cap) {
		size_t cap = set->locked.file_cap ? 2 * set->locked.file_cap : 16;
		struct index_file *files = realloc(set->locked.files, cap * sizeof(*files));

		if (!files)
			return muster_fail_memory(err, "the index");
		set->locked.files = files;
		set->locked.file_cap = cap;
	}
	code = file_open(&set->locked.files[set->locked.file_count], set, key, err);
	if (code == MUSTER_ABSENT) /* superseded between the listing and now */
		return MUSTER_OK;
	if (!code)
		set->locked.file_count++;
	return code;
}

static enum muster_code add_listed(void *state, const char *key, uint64_t size_bytes,
				   uint64_t modified_ns, struct muster_error *err)
{
	struct index_set *set = state;
	struct object_id id;

	(void)size_bytes;
	(void)modified_ns;
	if (!key_parse_object(key, OBJECT_INDEX, &id))
		return MUSTER_OK; /* not ours: nothing in index/ is believed by its place alone */
	if (knows_locked(set, &id))
		return MUSTER_OK;
	return add_file_locked(set, key, err);
}

/* Packs after indexes: every pack that an index names was there before it. */
static enum muster_code refresh_locked(struct index_set *set, struct muster_error *err)
{
	size_t known_count = set->locked.file_count;
	enum muster_code code =
		store_list(set->store, key_object_prefix(OBJECT_INDEX), NULL, add_listed, set, err);

	if (code || (set->locked.has_packs && set->locked.file_count == known_count))
		return code;
	code = pack_list_read(&set->locked.packs, set->store, err);
	set->locked.has_packs = code == MUSTER_OK;
	return code;
}

enum muster_code index_set_refresh(struct index_set *set, struct muster_error *err)
{
	enum muster_code code;

	pthread_rwlock_wrlock(&set->lock);
	code = refresh_locked(set, err);
	pthread_rwlock_unlock(&set->lock);
	return code;
}

bool index_set_is_stored(struct index_set *set, const struct placement *place)
{
	bool is_stored;

	pthread_rwlock_rdlock(&set->lock);
	is_stored = pack_list_has(&set->locked.packs, &place->pack, place->pack_bytes);
	pthread_rwlock_unlock(&set->lock);
	return is_stored;
}

static bool has_size(const struct index_file *file, uint64_t size_bytes)
{
	size_t low = 0, high = file->trailer.large_size_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (file->tail.large_sizes[middle] < size_bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low < file->trailer.large_size_count && file->tail.large_sizes[low] == size_bytes;
}

bool index_set_has_large_size(struct index_set *set, uint64_t size_bytes)
{
	bool has = false;

	pthread_rwlock_rdlock(&set->lock);
	for (size_t i = 0; i < set->locked.file_count && !has; i++)
		has = has_size(&set->locked.files[i], size_bytes);
	pthread_rwlock_unlock(&set->lock);
	return has;
}

bool index_set_has_pack(struct index_set *set, const struct object_id *pack)
{
	bool has = false;

	pthread_rwlock_rdlock(&set->lock);
	for (size_t i = 0; i < set->locked.file_count && !has; i++) {
		const struct index_file *file = &set->locked.files[i];

		for (uint32_t p = 0; p < file->trailer.pack_count && !has; p++)
			has = object_id_equal(&file->tail.packs[p].id, pack);
	}
	pthread_rwlock_unlock(&set->lock);
	return has;
}

enum muster_code index_set_each_pack(struct index_set *set, index_set_pack_fn *fn, void *state,
				     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_rwlock_rdlock(&set->lock);
	for (size_t i = 0; i < set->locked.file_count && !code; i++) {
		const struct index_file *file = &set->locked.files[i];

		for (uint32_t p = 0; p < file->trailer.pack_count && !code; p++)
			code = fn(state, &file->tail.packs[p], err);
	}
	pthread_rwlock_unlock(&set->lock);
	return code;
}

static struct index_facts facts_of(const struct index_set *set, const struct index_file *file)
{
	struct index_facts facts = { .id = file->trailer.id,
				     .index_bytes = file->trailer.index_bytes,
				     .record_count = file->trailer.record_count };

	for (uint32_t i = 0; i < file->trailer.pack_count; i++) {
		const struct index_pack *pack = &file->tail.packs[i];

		if (pack_list_has(&set->locked.packs, &pack->id, pack->pack_bytes))
			facts.live_count += pack->blob_count;
	}
	return facts;
}

enum muster_code index_set_each_file(struct index_set *set, index_set_file_fn *fn, void *state,
				     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_rwlock_rdlock(&set->lock);
	for (size_t i = 0; i < set->locked.file_count && !code; i++) {
		struct index_facts facts = facts_of(set, &set->locked.files[i]);

		code = fn(state, &facts, err);
	}
	pthread_rwlock_unlock(&set->lock);
	return code;
}
