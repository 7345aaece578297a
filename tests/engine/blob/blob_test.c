#include "tests/engine/blob/lab.h"

static void what_one_run_packs_another_finds(void **state)
{
	struct store *store;
	struct blob_set *set;
	struct blob_counts counts;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	set = open_set(store, 0);
	put_range(set, 0, 3000);
	put_range(set, 1000, 4000); /* a third of it is there */
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	counts = blob_set_counts(set);
	assert_int_equal(counts.packed_count, 4000);
	assert_int_equal(counts.shared_count, 2000);
	blob_set_close(set);
	set = open_set(store, 0);
	put_range(set, 3999, 4001); /* a second run */
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	counts = blob_set_counts(set);
	assert_int_equal(counts.packed_count, 1);
	assert_int_equal(counts.shared_count, 1);
	blob_set_close(set);
	read_range(store, 0, 4001);
	store_free(store);
}

static void a_full_table_becomes_an_index_and_the_run_goes_on(void **state)
{
	struct store *store;
	struct blob_set *set;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	set = open_set(store, 1); /* the smallest table: 1,024 records */
	put_range(set, 0, 9000);
	put_range(set, 0, 9000);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	assert_int_equal(blob_set_counts(set).packed_count, 9000);
	assert_in_range(blob_set_counts(set).index_count, 8, 40);
	blob_set_close(set);
	read_range(store, 0, 9000);
	store_free(store);
}

struct racer {
	struct blob_set *set;
	uint32_t from, to;
	enum muster_code code;
	struct muster_error err;
};

/* Asserts belong to the test's own thread: this one only tells. */
static void *race(void *arg)
{
	struct racer *racer = arg;

	racer->code = put_blobs(racer->set, racer->from, racer->to, &racer->err);
	return NULL;
}

static void workers_with_the_same_content_pack_it_once(void **state)
{
	struct racer racers[4];
	pthread_t threads[4];
	struct store *store;
	struct blob_set *set;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	set = open_set(store, 0);
	for (uint32_t i = 0; i < 4; i++) {
		racers[i] = (struct racer){ .set = set, .from = i * 100, .to = 5000 + i * 100 };
		pthread_create(&threads[i], NULL, race, &racers[i]);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 4; i++)
		if (racers[i].code)
			fail_msg("%s", racers[i].err.message);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	assert_int_equal(blob_set_counts(set).packed_count, 5300);
	blob_set_close(set);
	read_range(store, 0, 5300);
	store_free(store);
}

/* The published pair of 128-byte messages with one MD5 (Wang, Yu 2004). */
static const char *const collision[2] = {
	"d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89"
	"55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b"
	"d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
	"e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70",
	"d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f89"
	"55ad340609f4b30283e4888325f1415a085125e8f7cdc99fd91dbd7280373c5b"
	"d8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0"
	"e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70",
};

static void two_contents_with_one_md5_are_two_blobs(void **state)
{
	struct blob_packer *packer;
	struct blob_place places[2];
	struct store *store;
	struct blob_set *set;
	uint8_t raw[2][128];
	struct blob_key keys[2];

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	set = open_set(store, 0);
	assert_int_equal(blob_packer_open(&packer, set, NULL), MUSTER_OK);
	for (int i = 0; i < 2; i++) {
		for (int b = 0; b < 128; b++) {
			unsigned byte;

			assert_int_equal(sscanf(collision[i] + 2 * b, "%2x", &byte), 1);
			raw[i][b] = (uint8_t)byte;
		}
		keys[i] = key_of(view_of(raw[i], 128));
		assert_int_equal(
			blob_packer_put(packer, &keys[i], view_of(raw[i], 128), &places[i], NULL),
			MUSTER_OK);
	}
	assert_memory_equal(keys[0].digest, keys[1].digest, 16);
	assert_int_not_equal(places[0].ordinal, places[1].ordinal);
	assert_int_equal(blob_set_counts(set).collision_count, 1);
	assert_int_equal(blob_packer_flush(packer, NULL), MUSTER_OK);
	blob_packer_close(packer);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	blob_set_close(set);
	store_free(store);
}

static enum muster_code count_orphan(void *state, const struct object_id *pack,
				     struct muster_error *err)
{
	(void)pack;
	(void)err;
	++*(unsigned *)state;
	return MUSTER_OK;
}

static unsigned count_orphans(struct blob_set *set)
{
	unsigned count = 0;

	assert_int_equal(blob_set_each_orphan(set, count_orphan, &count, NULL), MUSTER_OK);
	return count;
}

/* Its keys would be taken for ones of the other algorithm. */
static void assert_not_adopted_by_others(struct store *store, const struct object_id *pack)
{
	struct blob_set_options options = { .algorithm = DIGEST_XXH128 };
	struct blob_set *set;

	memcpy(options.repository_id, repository, 16);
	assert_int_equal(blob_set_open(&set, store, &options, NULL), MUSTER_OK);
	assert_int_equal(blob_set_adopt(set, pack, NULL), MUSTER_ABSENT);
	blob_set_close(set);
}

static void packs_of_a_killed_run_are_adopted(void **state)
{
	struct store *store;
	struct blob_set *set;
	struct object_id pack;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	set = open_set(store, 0);
	pack = blob_lab_ids.next;
	put_range(set, 0, 1000);
	blob_set_close(set); /* drained, but never finished: no index */
	assert_not_adopted_by_others(store, &pack);
	set = open_set(store, 0);
	assert_int_equal(count_orphans(set), 1);
	assert_int_equal(blob_set_adopt(set, &pack, NULL), MUSTER_OK);
	put_range(set, 0, 1001);
	assert_int_equal(blob_set_counts(set).shared_count, 1000);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	assert_int_equal(count_orphans(set), 0);
	blob_set_close(set);
	read_range(store, 0, 1001);
	store_free(store);
}

static void a_large_file_is_a_pack_of_its_own(void **state)
{
	size_t len = PACK_BLOB_MAX_BYTES + 12345;
	uint8_t *data = malloc(len), *back = malloc(len);
	struct blob_stream *stream;
	struct blob_reader *reader;
	struct index_set *index;
	struct blob_place place;
	struct blob_key key;
	struct store *store;
	struct blob_set *set;
	struct blob_at at;

	(void)state;
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + (i >> 12));
	key = key_of(view_of(data, len));
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	set = open_set(store, 0);
	assert_false(blob_set_has_large_size(set, len));
	for (int round = 0; round < 2; round++) { /* the second time it is there */
		assert_int_equal(blob_stream_begin(&stream, set, NULL, NULL), MUSTER_OK);
		for (size_t at_byte = 0; at_byte < len; at_byte += 1000000)
			assert_int_equal(
				blob_stream_append(stream,
						   view_of(data + at_byte, len - at_byte < 1000000
										   ? len - at_byte
										   : 1000000),
						   NULL),
				MUSTER_OK);
		assert_int_equal(blob_stream_finish(stream, &key, &place, NULL), MUSTER_OK);
		assert_true(blob_set_has_large_size(set, len));
	}
	assert_int_equal(blob_set_counts(set).packed_count, 1);
	assert_int_equal(blob_set_counts(set).shared_count, 1);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	blob_set_close(set);
	assert_int_equal(index_set_open(&index, store, repository, NULL), MUSTER_OK);
	assert_true(index_set_has_large_size(index, len));
	assert_false(index_set_has_large_size(index, len + 1));
	assert_int_equal(blob_reader_open(&reader, store, repository, index, NULL, NULL),
			 MUSTER_OK);
	assert_int_equal(blob_reader_find(reader, &key, NULL, &at, NULL), MUSTER_OK);
	assert_int_equal(at.offset_bytes % PACK_ALIGN_BYTES, 0);
	assert_int_equal(store_read(at.object, at.offset_bytes, back, len, NULL), MUSTER_OK);
	assert_memory_equal(back, data, len);
	blob_reader_close(reader);
	index_set_close(index);
	store_free(store);
	free(back);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_run_packs_another_finds),
		cmocka_unit_test(a_full_table_becomes_an_index_and_the_run_goes_on),
		cmocka_unit_test(workers_with_the_same_content_pack_it_once),
		cmocka_unit_test(two_contents_with_one_md5_are_two_blobs),
		cmocka_unit_test(packs_of_a_killed_run_are_adopted),
		cmocka_unit_test(a_large_file_is_a_pack_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
