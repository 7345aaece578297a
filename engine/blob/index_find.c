/* Look-ups over all files of an index set: filter, page, and only where it must be the whole page.
 */
#include <stdlib.h>

#include "engine/blob/index_set_internal.h"

/* What a look-up wants. */
struct wanted {
	const struct blob_key *key;
	bool by_digest;		       /* checksum and identity are not known */
	const struct placement *avoid; /* NULL: any copy will do */
};

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
