#include "tests/engine/cache/lab.h"

#include <pthread.h>

/* --- what was added is found ----------------------------------------------------------------- */

static void what_one_run_added_the_next_ones_find(void **state)
{
	struct lab *lab = *state;

	lab_open(lab);
	for (unsigned i = 0; i < 100; i++)
		put(lab, i, 100 * i);
	put(lab, 1000, LAB_LARGE);
	lab_close(lab);
	assert_int_equal(lab->use.added_blobs, 101);
	assert_int_equal(each_file(lab, "packs", NULL), 2);
	for (unsigned run = 0; run < 2; run++) {
		lab_open(lab);
		for (unsigned i = 0; i < 100; i++)
			assert_true(has(lab, i, 100 * i));
		assert_true(has(lab, 1000, LAB_LARGE));
		assert_false(has(lab, 1, 200));
		lab_close(lab);
		assert_int_equal(lab->use.hit_blobs, 101);
		assert_int_equal(lab->use.hit_bytes, 100 * 99 * 50 + LAB_LARGE);
		assert_int_equal(lab->use.added_blobs, 0);
		assert_string_equal(lab->use.note, "");
	}
}

static void what_is_there_is_not_added_again(void **state)
{
	struct lab *lab = *state;
	struct muster_cache_info before, after;

	put_run(lab, 0, 10, 10 * KIB);
	before = info(lab);
	put_run(lab, 0, 10, 10 * KIB);
	after = info(lab);
	assert_int_equal(after.segment_bytes, before.segment_bytes);
	assert_int_equal(after.blob_count, 10);
}

static void a_large_blob_that_was_given_up_leaves_nothing(void **state)
{
	struct lab *lab = *state;
	struct blob_stream *stream;

	lab_open(lab);
	stream = cache_worker_begin(lab->worker, LAB_LARGE);
	assert_non_null(stream);
	cache_worker_append(lab->worker, &stream, VIEW_LITERAL("some"));
	cache_worker_abort(&stream);
	assert_null(stream);
	lab_close(lab);
	assert_int_equal(info(lab).size_bytes, 0);
}

/* --- the limit ------------------------------------------------------------------------------- */

static void what_was_not_used_for_longest_goes_first(void **state)
{
	struct lab *lab = *state;

	lab->limit_bytes = 5 * MIB;
	for (unsigned i = 0; i < 4; i++) {
		put_run(lab, 100 * i, 10, 100 * KIB);
		each_file(lab, "packs", make_old);
	}
	lab_open(lab); /* the first one is used now */
	assert_true(has(lab, 3, 100 * KIB));
	lab_close(lab);
	put_run(lab, 900, 20, 100 * KIB);
	assert_true(lab->use.evicted_bytes >= MIB);
	assert_true(info(lab).size_bytes <= 5 * MIB);
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 10, 100 * KIB), 10);
	assert_int_equal(has_count(lab, 900, 20, 100 * KIB), 20);
	assert_true(has_count(lab, 100, 10, 100 * KIB) + has_count(lab, 200, 10, 100 * KIB) +
			    has_count(lab, 300, 10, 100 * KIB) <=
		    20);
	lab_close(lab);
}

/* A run over more than the cache holds would drive out what it will ask for next time. */
static void a_run_does_not_drive_out_what_it_added(void **state)
{
	struct lab *lab = *state;

	lab->limit_bytes = 2 * MIB;
	put_run(lab, 0, 50, 100 * KIB);
	assert_true(info(lab).size_bytes <= 2 * MIB);
	assert_int_equal(lab->use.evicted_bytes, 0);
	lab_open(lab);
	assert_true(has_count(lab, 0, 15, 100 * KIB) == 15);
	lab_close(lab);
}

static void a_blob_larger_than_the_limit_is_not_kept_and_others_are(void **state)
{
	struct lab *lab = *state;

	lab->limit_bytes = 4 * MIB;
	put_run(lab, 50, 5, 100 * KIB);
	each_file(lab, "packs", make_old);
	lab_open(lab);
	put(lab, 0, LAB_LARGE);
	put(lab, 1, 100 * KIB);
	lab_close(lab);
	assert_int_equal(lab->use.added_blobs, 1);
	lab_open(lab);
	assert_false(has(lab, 0, LAB_LARGE));
	assert_true(has(lab, 1, 100 * KIB));
	assert_int_equal(has_count(lab, 50, 5, 100 * KIB), 5);
	lab_close(lab);
}

/* --- several at once ------------------------------------------------------------------------- */

static void two_runs_at_once_share_a_cache(void **state)
{
	struct lab *lab = *state;
	struct lab other = *lab;

	lab_open(lab);
	lab_open(&other);
	for (unsigned i = 0; i < 20; i++) {
		put(lab, i, 10 * KIB);
		put(&other, i + 10, 10 * KIB);
	}
	lab_close(lab);
	lab_close(&other);
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 30, 10 * KIB), 30);
	lab_close(lab);
}

static void a_segment_that_goes_while_another_run_reads_is_a_miss(void **state)
{
	struct lab *lab = *state;
	struct blob_cache_options options;
	struct muster_cache_cleaned cleaned;
	struct placement place;
	struct blob_key key;
	struct blob_at at;

	put_run(lab, 0, 10, 10 * KIB);
	lab_open(lab);
	blob(lab, 0, 10 * KIB, &key);
	assert_true(cache_worker_find(lab->worker, &key, &place));
	options = lab_options(lab);
	assert_int_equal(blob_cache_clean(&options, 0, false, &cleaned, NULL), MUSTER_OK);
	assert_false(cache_worker_at(lab->worker, &key, &place, &at));
	assert_false(cache_worker_find(lab->worker, &key, &place));
	put(lab, 0, 10 * KIB); /* it was fetched, and is kept again */
	lab_close(lab);
	assert_int_equal(lab->use.damaged_segments, 0);
	lab_open(lab);
	assert_true(has(lab, 0, 10 * KIB));
	assert_false(has(lab, 1, 10 * KIB));
	lab_close(lab);
}

struct reader {
	struct lab lab;
	unsigned first, hits;
	pthread_t thread;
};

static void *work(void *arg)
{
	struct reader *reader = arg;
	struct lab *lab = &reader->lab;

	for (unsigned i = 0; i < 200; i++) {
		unsigned number = (reader->first + i) % 100;

		if (has(lab, number, 3 * KIB))
			reader->hits++;
		else
			put(lab, number, 3 * KIB);
	}
	cache_worker_close(lab->worker);
	return NULL;
}

static void workers_share_a_cache(void **state)
{
	struct lab *lab = *state;
	struct reader readers[4] = { 0 };

	put_run(lab, 0, 50, 3 * KIB);
	lab_open(lab);
	for (unsigned i = 0; i < 4; i++) {
		readers[i].lab.cache = lab->cache;
		readers[i].first = 25 * i;
		readers[i].lab.buffer = malloc(PACK_BLOB_MAX_BYTES);
		assert_int_equal(hasher_new(&readers[i].lab.hasher,
					    (struct hash_options){ .algorithm = DIGEST_MD5 }, NULL),
				 MUSTER_OK);
		assert_int_equal(cache_worker_open(&readers[i].lab.worker, lab->cache, NULL),
				 MUSTER_OK);
		assert_int_equal(pthread_create(&readers[i].thread, NULL, work, &readers[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_true(readers[i].hits >= 100); /* the half that was there, twice */
		hasher_free(readers[i].lab.hasher);
		free(readers[i].lab.buffer);
	}
	lab_close(lab);
	assert_int_equal(info(lab).blob_count, 100);
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 100, 3 * KIB), 100);
	lab_close(lab);
}

/* --- damage ---------------------------------------------------------------------------------- */

static void flip_first_byte_of_a_blob(const char *path)
{
	flip_at(path, 20);
}

static void flip_trailer(const char *path)
{
	flip_at(path, -50);
}

static void flip_directory(const char *path)
{
	flip_at(path, -110);
}

static void cut_short(const char *path)
{
	assert_int_equal(truncate(path, 5000), 0);
}

static void make_empty(const char *path)
{
	assert_int_equal(truncate(path, 0), 0);
}

/* Wherever a segment is damaged: never wrong bytes, and the next run is as if nothing had been. */
static void a_damaged_segment_is_a_miss_and_goes(void **state)
{
	static const struct {
		void (*damage)(const char *path);
		bool is_seen; /* else a listing tells, and it is as if it were not there */
	} cases[] = { { flip_first_byte_of_a_blob, true },
		      { flip_trailer, true },
		      { flip_directory, true },
		      { cut_short, false },
		      { make_empty, false } };
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_run(lab, 0, 10, 10 * KIB);
		assert_int_equal(each_file(lab, "packs", cases[i].damage), 1);
		lab_open(lab);
		assert_false(has(lab, 0, 10 * KIB));
		for (unsigned j = 0; j < 10; j++)
			put(lab, j, 10 * KIB);
		lab_close(lab);
		assert_int_equal(lab->use.damaged_segments, cases[i].is_seen);
		lab_open(lab);
		assert_int_equal(has_count(lab, 0, 10, 10 * KIB), 10);
		lab_close(lab);
		lab_run("rm -r '%s'", lab->directory);
	}
}

static void flip_page(const char *path)
{
	flip_at(path, 30);
}

static void flip_tail(const char *path)
{
	flip_at(path, -170);
}

static void a_damaged_index_is_made_anew(void **state)
{
	static void (*const damages[])(const char *path) = { flip_page, flip_trailer, flip_tail,
							     cut_short, make_empty };
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		put_run(lab, 0, 200, KIB);
		assert_int_equal(each_file(lab, "index", damages[i]), 1);
		lab_open(lab); /* a page that is damaged is met only by who looks into it */
		has(lab, 0, KIB);
		lab_close(lab);
		lab_open(lab);
		assert_int_equal(has_count(lab, 0, 200, KIB), 200);
		lab_close(lab);
		assert_int_equal(each_file(lab, "packs", NULL), 1);
		lab_run("rm -r '%s'", lab->directory);
	}
}

/* --- tidying --------------------------------------------------------------------------------- */

static void many_small_runs_do_not_become_many_files(void **state)
{
	struct lab *lab = *state;

	for (unsigned i = 0; i < 100; i++) {
		put_run(lab, i, 1, KIB);
		assert_true(each_file(lab, "packs", NULL) <= 19);
		assert_true(each_file(lab, "index", NULL) <= 19);
	}
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 100, KIB), 100);
	lab_close(lab);
	assert_int_equal(info(lab).blob_count, 100);
}

static void segments_that_no_index_names_are_found(void **state)
{
	struct lab *lab = *state;

	put_run(lab, 0, 10, 10 * KIB);
	lab_run("rm '%s'/index/*", lab->directory);
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 10, 10 * KIB), 10);
	lab_close(lab);
	assert_int_equal(each_file(lab, "index", NULL), 1);
}

static void an_index_of_segments_that_are_gone_goes(void **state)
{
	struct lab *lab = *state;

	put_run(lab, 0, 10, 10 * KIB);
	lab_run("rm '%s'/packs/*", lab->directory);
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 10, 10 * KIB), 0);
	lab_close(lab);
	assert_int_equal(info(lab).size_bytes, 0);
}

/* --- info and clean -------------------------------------------------------------------------- */

static void a_cache_that_is_not_there_is_empty(void **state)
{
	struct lab *lab = *state;
	struct blob_cache_options options = lab_options(lab);
	struct muster_cache_cleaned cleaned;

	assert_int_equal(info(lab).size_bytes, 0);
	assert_string_equal(info(lab).directory, lab->directory);
	assert_int_equal(blob_cache_clean(&options, 0, false, &cleaned, NULL), MUSTER_OK);
	assert_int_equal(cleaned.freed_bytes, 0);
	assert_int_equal(access(lab->directory, F_OK), -1); /* nor was it made */
}

static void clean_removes_the_oldest_until_the_rest_fits(void **state)
{
	struct lab *lab = *state;
	struct blob_cache_options options = lab_options(lab);
	struct muster_cache_cleaned cleaned, told;
	struct muster_cache_info before;

	put_run(lab, 0, 10, 100 * KIB);
	each_file(lab, "packs", make_old);
	put_run(lab, 10, 10, 100 * KIB);
	before = info(lab);
	assert_int_equal(before.segment_count, 2);
	assert_int_equal(before.blob_count, 20);
	assert_true(before.newest_use_ns - before.oldest_use_ns > 5000 * SECOND_NS);
	assert_int_equal(blob_cache_clean(&options, 3 * MIB / 2, true, &told, NULL), MUSTER_OK);
	assert_int_equal(info(lab).size_bytes, before.size_bytes);
	assert_int_equal(blob_cache_clean(&options, 3 * MIB / 2, false, &cleaned, NULL), MUSTER_OK);
	assert_memory_equal(&told, &cleaned, sizeof(told));
	assert_int_equal(cleaned.freed_segments, 1);
	assert_int_equal(info(lab).size_bytes, before.size_bytes - cleaned.freed_bytes);
	assert_int_equal(info(lab).size_bytes, cleaned.left_bytes);
	lab_open(lab);
	assert_int_equal(has_count(lab, 0, 10, 100 * KIB), 0);
	assert_int_equal(has_count(lab, 10, 10, 100 * KIB), 10);
	lab_close(lab);
	assert_int_equal(blob_cache_clean(&options, 0, false, &cleaned, NULL), MUSTER_OK);
	assert_int_equal(info(lab).size_bytes, 0);
}

static int set_up(void **state)
{
	struct lab *lab = malloc(sizeof(*lab));

	lab_init(lab);
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	lab_release(*state);
	free(*state);
	return 0;
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LAB_TEST(what_one_run_added_the_next_ones_find),
		LAB_TEST(what_is_there_is_not_added_again),
		LAB_TEST(a_large_blob_that_was_given_up_leaves_nothing),
		LAB_TEST(what_was_not_used_for_longest_goes_first),
		LAB_TEST(a_run_does_not_drive_out_what_it_added),
		LAB_TEST(a_blob_larger_than_the_limit_is_not_kept_and_others_are),
		LAB_TEST(two_runs_at_once_share_a_cache),
		LAB_TEST(a_segment_that_goes_while_another_run_reads_is_a_miss),
		LAB_TEST(workers_share_a_cache),
		LAB_TEST(a_damaged_segment_is_a_miss_and_goes),
		LAB_TEST(a_damaged_index_is_made_anew),
		LAB_TEST(many_small_runs_do_not_become_many_files),
		LAB_TEST(segments_that_no_index_names_are_found),
		LAB_TEST(an_index_of_segments_that_are_gone_goes),
		LAB_TEST(a_cache_that_is_not_there_is_empty),
		LAB_TEST(clean_removes_the_oldest_until_the_rest_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
