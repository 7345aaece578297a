/* An error that was overcome stays in its struct. It must not make a later item or run fail. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/get/fetch.h"
#include "engine/get/reference.h"
#include "engine/get/select.h"
#include "tests/engine/get/files.h"

/* One item of a version, and what a worker has to fetch it. */
struct bench {
	struct get_start start;
	struct muster_job options;
	struct get_job job;
	struct version_reader *version;
	struct get_selection selection;
	struct get_fetcher fetcher;
	struct get_batch *batch;
	uint64_t taken_bytes;
	enum muster_code begin_code;
	struct get_item *large; /* to be fetched */
};

static enum muster_code take_begin(void *state, struct get_item *item, struct muster_error *err)
{
	struct bench *bench = state;

	(void)item;
	return bench->begin_code ? muster_fail(err, bench->begin_code, "no begin") : MUSTER_OK;
}

static enum muster_code take_piece(void *state, struct get_item *item, struct view data,
				   struct muster_error *err)
{
	struct bench *bench = state;

	(void)item;
	(void)err;
	bench->taken_bytes += data.len;
	return MUSTER_OK;
}

static enum muster_code take_end(void *state, struct get_item *item, struct muster_error *err)
{
	(void)state;
	(void)item;
	(void)err;
	return MUSTER_OK;
}

static void take_abort(void *state, struct get_item *item)
{
	(void)state;
	(void)item;
}

static struct get_item *bench_open(struct bench *bench, struct place *place,
				   const struct version *version)
{
	struct get_sink sink = { .state = bench,
				 .whole = take_piece,
				 .begin = take_begin,
				 .piece = take_piece,
				 .end = take_end,
				 .abort = take_abort };
	struct muster_wanted_rules all = { 0 };
	struct muster_error err = { 0 };
	struct entry entry;

	bench->start = (struct get_start){ .repository = place->repository,
					   .version = version,
					   .version_text = "me/tests/data:v1" };
	bench->options.worker_count = 1;
	assert_int_equal(get_job_init(&bench->job, &bench->start, &bench->options, NULL),
			 MUSTER_OK);
	assert_int_equal(get_open_version(&bench->job, &bench->version, &err), MUSTER_OK);
	assert_int_equal(get_selection_init(&bench->selection, NULL, &all, &err), MUSTER_OK);
	assert_int_equal(get_fetcher_init(&bench->fetcher, &bench->job, &sink, &err), MUSTER_OK);
	bench->batch = calloc(1, sizeof(*bench->batch));
	assert_int_equal(get_select_next(&bench->selection, bench->version, &entry, &err),
			 MUSTER_OK);
	return get_batch_add(bench->batch, &entry);
}

static struct get_item *next_large(void *state)
{
	struct bench *bench = state;
	struct get_item *item = bench->large;

	bench->large = NULL;
	return item;
}

static enum muster_code end_large(void *state, struct get_item *item, struct muster_error *err)
{
	return take_end(state, item, err);
}

static enum muster_code fetch_large(struct bench *bench, struct get_item *item,
				    struct muster_error *err)
{
	struct get_larges larges = { bench, next_large, end_large };

	bench->large = item;
	return get_fetch_large(&bench->fetcher, &larges, err);
}

static void bench_close(struct bench *bench)
{
	get_batch_reset(bench->batch);
	free(bench->batch);
	get_fetcher_release(&bench->fetcher);
	get_selection_release(&bench->selection);
	version_reader_close(bench->version);
	get_job_release(&bench->job);
}

static struct muster_error stale(void)
{
	struct muster_error err = { 0 };

	muster_fail(&err, MUSTER_E_FORMAT, "overcome long ago");
	return err;
}

static void remove_all(struct place *place, const char *prefix)
{
	struct place_keys keys = place_list(place, prefix);

	for (size_t i = 0; i < keys.count; i++)
		assert_int_equal(store_remove(place->store, keys.keys[i], NULL), MUSTER_OK);
}

static void a_large_file_is_fetched_beside_a_stale_error(void **state)
{
	static const struct spec large[] = { { "large", "large ", 5 << 20, NULL } };
	struct place *place = *state;
	struct version version = place_version(place, large, 1);
	struct bench bench = { 0 };
	struct get_item *item = bench_open(&bench, place, &version);
	struct muster_error err = stale();

	assert_int_equal(fetch_large(&bench, item, &err), MUSTER_OK);
	assert_int_equal(item->fate, GET_DONE);
	assert_int_equal(bench.taken_bytes, 5 << 20);
	bench_close(&bench);
}

/* The hint leads nowhere: the index is asked, whatever the error held before. */
static void a_large_file_is_tried_again_beside_a_stale_error(void **state)
{
	static const struct spec large[] = { { "large", "large ", 5 << 20, NULL } };
	struct place *place = *state;
	struct version version = place_version(place, large, 1);
	struct bench bench = { 0 };
	struct get_item *item = bench_open(&bench, place, &version);
	struct muster_error err = stale();

	remove_all(place, "packs/");
	remove_all(place, "index/");
	place_version(place, large, 1); /* another pack, which only the index knows */
	assert_int_equal(fetch_large(&bench, item, &err), MUSTER_OK);
	assert_int_equal(item->fate, GET_DONE);
	bench_close(&bench);
}

static void a_large_file_that_is_lost_fails_alone_beside_a_stale_error(void **state)
{
	static const struct spec large[] = { { "large", "large ", 5 << 20, NULL } };
	struct place *place = *state;
	struct version version = place_version(place, large, 1);
	struct bench bench = { 0 };
	struct get_item *item = bench_open(&bench, place, &version);
	struct muster_error err = stale();

	remove_all(place, "packs/");
	assert_int_equal(fetch_large(&bench, item, &err), MUSTER_OK);
	assert_int_equal(item->fate, GET_FAILED);
	assert_null(strstr(item->error->message, "overcome"));
	bench_close(&bench);
}

static void a_failed_run_is_returned(void **state)
{
	static const struct spec large[] = { { "large", "large ", 5 << 20, NULL } };
	struct place *place = *state;
	struct version version = place_version(place, large, 1);
	struct bench bench = { .begin_code = MUSTER_E_LIMIT };
	struct get_item *item = bench_open(&bench, place, &version);
	struct muster_error err = stale();

	assert_int_equal(fetch_large(&bench, item, &err), MUSTER_E_LIMIT);
	assert_string_equal(err.message, "no begin");
	bench_close(&bench);
}

static void a_reference_is_copied_beside_a_stale_error(void **state)
{
	struct place *place = *state;
	char ref[160];
	struct spec specs[] = { { "a", "plain text", 0, ref } };
	struct bench bench = { 0 };
	struct version version;
	struct get_item *item;
	struct muster_error err = stale();

	snprintf(ref, sizeof(ref), "file://%s/plain", place->other);
	version = place_version(place, specs, 1);
	place_write(place->other, "plain", "plain text");
	item = bench_open(&bench, place, &version);
	assert_int_equal(get_reference(&bench.fetcher, item, false, &err), MUSTER_OK);
	assert_int_equal(item->fate, GET_DONE);
	place_write(place->other, "plain", "other text");
	item->fate = GET_WANTED;
	assert_int_equal(get_reference(&bench.fetcher, item, false, &err), MUSTER_OK);
	assert_int_equal(item->fate, GET_FAILED);
	assert_int_equal(item->error->code, MUSTER_E_DIGEST);
	bench_close(&bench);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_memory, close_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_large_file_is_fetched_beside_a_stale_error),
		TEST(a_large_file_is_tried_again_beside_a_stale_error),
		TEST(a_large_file_that_is_lost_fails_alone_beside_a_stale_error),
		TEST(a_failed_run_is_returned),
		TEST(a_reference_is_copied_beside_a_stale_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
