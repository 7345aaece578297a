/* Look-ups in the index: what they read of it, and what they do not believe. */
#include "tests/engine/blob/lab.h"

/* A copy of that object with a bit turned every 1000 bytes. */
static enum muster_code spoil(void *state, const char *key, uint64_t size_bytes,
			      uint64_t modified_ns, struct muster_error *err)
{
	struct store **stores = state; /* from, to */
	struct bytes object = { 0 };
	uint8_t sum[CHECKSUM_BYTES];
	enum muster_code code = store_get(stores[0], key, &object, SIZE_MAX, err);

	(void)modified_ns;
	for (uint64_t at = 0; at < size_bytes; at += 1000)
		object.ptr[at] ^= 1;
	xxh128_of(bytes_view(&object), sum); /* it was copied so, and is what the copier read */
	if (!code)
		code = bytes_append(&object, sum, sizeof(sum), err);
	if (!code)
		code = store_create(stores[1], key, bytes_view(&object), err);
	bytes_release(&object);
	return code;
}

static void a_spoilt_copy_of_an_index_is_not_believed(void **state)
{
	static const char *const prefixes[] = { "index/", NULL };
	struct store *far, *near, *kept;
	struct store *stores[2];
	struct blob_set *set;

	(void)state;
	assert_int_equal(store_memory_new(&far, NULL), MUSTER_OK);
	assert_int_equal(store_memory_new(&near, NULL), MUSTER_OK);
	set = open_set(far, 0);
	put_range(set, 0, 3000);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	blob_set_close(set);
	stores[0] = far;
	stores[1] = near;
	assert_int_equal(store_list(far, "index/", NULL, spoil, stores, NULL), MUSTER_OK);
	assert_int_equal(store_kept_new(&kept, far, prefixes, NULL), MUSTER_OK);
	store_kept_attach(kept, near);
	read_range(kept, 0, 3000);
	store_free(kept);
}

static void find_all(struct index_set *index, uint32_t from, uint32_t to, bool is_stored)
{
	struct muster_error err = { 0 };

	for (uint32_t n = from; n < to; n++) {
		char buffer[512];
		struct blob_key key = key_of(content(n, buffer));
		struct placement place;
		enum muster_code code = index_set_find(index, &key, &place, &err);

		if (code != (is_stored ? MUSTER_OK : MUSTER_ABSENT))
			fail_msg("blob %u: %d %s", n, code, err.message);
	}
}

static struct store_tally reads_of(struct store *store, struct store_tally before)
{
	struct store_counts counts;

	store_count_read(store, &counts);
	return (struct store_tally){ .call_count = counts.read.call_count - before.call_count,
				     .byte_count = counts.read.byte_count - before.byte_count };
}

/* 20,000 blobs lie on 15 pages. */
static void a_page_is_read_whole_once_and_then_in_windows(void **state)
{
	const uint32_t count = 20000, page_count = 15;
	const struct store_tally none = { 0 };
	struct store_tally before, reads;
	struct index_set *index;
	struct blob_set *set;
	struct store *memory, *store;

	(void)state;
	assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
	assert_int_equal(store_count_new(&store, memory, NULL), MUSTER_OK);
	set = open_set(store, 0);
	put_range(set, 0, count);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	blob_set_close(set);
	assert_int_equal(index_set_open(&index, store, repository, NULL), MUSTER_OK);
	before = reads_of(store, none);
	find_all(index, 0, count, true);
	reads = reads_of(store, before);
	/* A filter block and a window each; a page each at first, and where a window did not tell.
	 */
	assert_in_range(reads.call_count, 2 * count, 2 * count + count / 100 + page_count);
	assert_true(reads.byte_count <= (uint64_t)count * (64 + INDEX_WINDOW_BYTES) +
						(uint64_t)(page_count + count / 100) * 65536);
	before = reads_of(store, none);
	find_all(index, count, 2 * count, false);
	reads = reads_of(store, before);
	/* A filter block each; fewer than one in a hundred pass it. */
	assert_in_range(reads.call_count, count, count + count / 100);
	assert_true(reads.byte_count <= (uint64_t)count * 64 + (count / 100) * 65536);
	index_set_close(index);
	store_free(store);
}

static enum muster_code note_key(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	snprintf(state, STORE_KEY_MAX_BYTES + 1, "%s", key);
	return MUSTER_OK;
}

/* Damage that lies outside of every window that is asked for. */
static void a_broken_page_is_found_when_it_is_met_first(void **state)
{
	struct muster_error err = { 0 };
	struct index_set *index;
	struct index_trailer trailer;
	struct bytes object = { 0 };
	struct blob_set *set;
	struct blob_key key;
	struct placement place;
	char name[STORE_KEY_MAX_BYTES + 1] = "", buffer[512];
	struct store *store;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	set = open_set(store, 0);
	put_range(set, 0, 1000);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	blob_set_close(set);
	assert_int_equal(store_list(store, "index/", NULL, note_key, name, &err), MUSTER_OK);
	assert_int_equal(store_get(store, name, &object, SIZE_MAX, &err), MUSTER_OK);
	assert_int_equal(index_trailer_parse(&trailer,
					     view_of(object.ptr + object.len - INDEX_TRAILER_BYTES,
						     INDEX_TRAILER_BYTES),
					     object.len, &err),
			 MUSTER_OK);
	object.ptr[trailer.filter_offset_bytes - 1] ^= 0x40; /* in the last record */
	assert_int_equal(store_remove(store, name, &err), MUSTER_OK);
	assert_int_equal(store_create(store, name, bytes_view(&object), &err), MUSTER_OK);
	assert_int_equal(index_set_open(&index, store, repository, &err), MUSTER_OK);
	key = key_of(content(7, buffer));
	assert_int_equal(index_set_find(index, &key, &place, &err), MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "wrong checksum"));
	assert_int_equal(index_set_find(index, &key, &place, &err), MUSTER_E_FORMAT);
	index_set_close(index);
	bytes_release(&object);
	store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spoilt_copy_of_an_index_is_not_believed),
		cmocka_unit_test(a_page_is_read_whole_once_and_then_in_windows),
		cmocka_unit_test(a_broken_page_is_found_when_it_is_met_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
