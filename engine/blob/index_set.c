#include "engine/blob/index_set.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "artifact/record/key.h"
#include "engine/blob/pack_list.h"

/* One index file, open for reading. */
struct index_file {
	struct store_object *object;
	struct index_trailer trailer;
	struct index_tail tail;
	atomic_uchar *proved; /* a bit a page: it was read and proved, and windows of it will do */
};

struct index_set {
	struct store *store;
	uint8_t repository_id[16];
	index_usable_fn *is_usable; /* NULL: all are */
	void *usable_state;
	pthread_rwlock_t lock;
	struct { /* under lock */
		struct index_file *files;
		size_t file_count, file_cap;
		struct pack_list packs;
		bool has_packs;
	} locked;
};

/* What a look-up wants. */
struct wanted {
	const struct blob_key *key;
	bool by_digest;		       /* checksum and identity are not known */
	const struct placement *avoid; /* NULL: any copy will do */
};

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

/* May this copy be relied on? An impossible number is left to whoever reports it. */
static bool is_reliable(const struct index_set *set, const struct index_file *file,
			const struct index_record *record, const struct placement *avoid)
{
	const struct index_pack *pack;

	if (record->pack >= file->trailer.pack_count)
		return true;
	pack = &file->tail.packs[record->pack];
	if (avoid && record->ordinal == avoid->ordinal && object_id_equal(&pack->id, &avoid->pack))
		return false;
	return pack_list_has(&set->locked.packs, &pack->id, pack->pack_bytes) &&
	       (!set->is_usable || set->is_usable(set->usable_state, &pack->id, record->ordinal));
}

static bool is_wanted(const struct index_set *set, const struct index_file *file,
		      const struct index_record *record, const struct wanted *wanted)
{
	bool is_the_blob = wanted->by_digest ? record->key.algorithm == wanted->key->algorithm
					     : blob_key_equal(&record->key, wanted->key);

	return is_the_blob && is_reliable(set, file, record, wanted->avoid);
}

/* Copies, and other blobs of the digest and size, follow each other. */
static enum muster_code find_in_page(const struct index_set *set, const struct index_file *file,
				     struct index_page *page, const struct wanted *wanted,
				     struct index_record *out)
{
	const struct blob_key *key = wanted->key;
	enum muster_code code =
		wanted->by_digest ? index_page_find_digest(page, key->digest, key->size_bytes, out)
				  : index_page_find(page, key, out);

	while (!code && !is_wanted(set, file, out, wanted)) {
		code = index_page_next(page, out, NULL);
		if (!code && (memcmp(out->key.digest, key->digest, DIGEST_BYTES) != 0 ||
			      out->key.size_bytes != key->size_bytes))
			code = MUSTER_ABSENT;
	}
	return code;
}

static bool is_proved(const struct index_file *file, uint32_t page)
{
	return atomic_load_explicit(&file->proved[page / 8], memory_order_relaxed) >> page % 8 & 1;
}

static void note_proved(const struct index_file *file, uint32_t page,
			const struct index_page *reader)
{
	if (index_page_is_regular(&file->trailer, page, reader))
		atomic_fetch_or_explicit(&file->proved[page / 8], (unsigned char)(1u << page % 8),
					 memory_order_relaxed);
}

/* MUSTER_FULL: the window does not tell. */
static enum muster_code find_in_window(const struct index_set *set, const struct index_file *file,
				       uint32_t page, const struct wanted *wanted,
				       struct index_record *out, struct muster_error *err)
{
	struct index_window window =
		index_window_of(&file->trailer, &file->tail, page, wanted->key->digest);
	uint8_t raw[INDEX_WINDOW_BYTES];
	struct index_page reader;
	enum muster_code code =
		store_read(file->object, window.offset_bytes, raw, window.length_bytes, err);

	if (code)
		return code;
	index_window_open(&reader, &window, raw);
	return find_in_page(set, file, &reader, wanted, out);
}

static enum muster_code read_page(const struct index_file *file, uint32_t page, uint8_t *raw,
				  struct index_page *out, struct muster_error *err)
{
	uint32_t len = index_page_bytes(&file->trailer, page);
	enum muster_code code = store_read(file->object, index_page_offset(page), raw, len, err);

	return code ? code : index_page_open(out, &file->trailer, page, view_of(raw, len), err);
}

static enum muster_code find_in_whole_page(const struct index_set *set,
					   const struct index_file *file, uint32_t page,
					   const struct wanted *wanted, struct index_record *out,
					   struct muster_error *err)
{
	uint8_t *raw = malloc(index_page_bytes(&file->trailer, page));
	struct index_page reader;
	enum muster_code code;

	if (!raw)
		return muster_fail_memory(err, "a page of the index");
	code = read_page(file, page, raw, &reader, err);
	if (code == MUSTER_E_FORMAT && store_doubt(file->object))
		code = read_page(file, page, raw, &reader, err);
	if (!code) {
		note_proved(file, page, &reader);
		code = find_in_page(set, file, &reader, wanted, out);
	}
	free(raw);
	return code;
}

/* Looks into pages from the first that may hold the key on, as long as its digest may go on. */
static enum muster_code find_in_pages(const struct index_set *set, const struct index_file *file,
				      const struct wanted *wanted, struct index_record *out,
				      struct muster_error *err)
{
	const struct blob_key *key = wanted->key;
	uint32_t page = index_page_of(&file->trailer, &file->tail, key->digest);
	enum muster_code code;

	for (; page < file->trailer.page_count; page++) {
		if (memcmp(file->tail.fences[page], key->digest, DIGEST_BYTES) > 0)
			break;
		code = MUSTER_FULL;
		if (is_proved(file, page))
			code = find_in_window(set, file, page, wanted, out, err);
		if (code == MUSTER_FULL)
			code = find_in_whole_page(set, file, page, wanted, out, err);
		if (code != MUSTER_END) /* found, absent for good, or failed */
			return code;
	}
	return MUSTER_ABSENT;
}

/* `found` is given the whole key. */
static enum muster_code find_in_file(const struct index_set *set, const struct index_file *file,
				     const struct wanted *wanted, struct blob_key *found,
				     struct placement *out, struct muster_error *err)
{
	const struct blob_key *key = wanted->key;
	uint8_t block[INDEX_FILTER_BLOCK_BYTES];
	struct index_record record;
	enum muster_code code;

	if (file->trailer.record_count == 0)
		return MUSTER_ABSENT;
	code = store_read(file->object, index_filter_offset(&file->trailer, key), block,
			  sizeof(block), err);
	if (code)
		return code;
	if (!index_filter_maybe(view_of(block, sizeof(block)), key))
		return MUSTER_ABSENT;
	code = find_in_pages(set, file, wanted, &record, err);
	if (code)
		return code;
	if (record.pack >= file->trailer.pack_count)
		return muster_fail(err, MUSTER_E_FORMAT, "an index names pack %u of %u",
				   record.pack, file->trailer.pack_count);
	*found = record.key;
	*out = (struct placement){ .pack = file->tail.packs[record.pack].id,
				   .pack_bytes = file->tail.packs[record.pack].pack_bytes,
				   .ordinal = record.ordinal };
	return MUSTER_OK;
}

static enum muster_code find_in_files(struct index_set *set, const struct wanted *wanted,
				      struct blob_key *found, struct placement *out,
				      struct muster_error *err)
{
	enum muster_code code = MUSTER_ABSENT;

	pthread_rwlock_rdlock(&set->lock);
	for (size_t i = set->locked.file_count; i-- > 0 && code == MUSTER_ABSENT;)
		code = find_in_file(set, &set->locked.files[i], wanted, found, out, err);
	pthread_rwlock_unlock(&set->lock);
	return code;
}

enum muster_code index_set_find(struct index_set *set, const struct blob_key *key,
				struct placement *out, struct muster_error *err)
{
	return index_set_find_other(set, key, NULL, out, err);
}

enum muster_code index_set_find_other(struct index_set *set, const struct blob_key *key,
				      const struct placement *avoid, struct placement *out,
				      struct muster_error *err)
{
	struct wanted wanted = { .key = key, .avoid = avoid };
	struct blob_key found;

	return find_in_files(set, &wanted, &found, out, err);
}

enum muster_code index_set_find_digest(struct index_set *set, struct blob_key *key,
				       struct placement *out, struct muster_error *err)
{
	struct wanted wanted = { .key = key, .by_digest = true };
	struct blob_key found;
	enum muster_code code = find_in_files(set, &wanted, &found, out, err);

	if (!code)
		*key = found;
	return code;
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
