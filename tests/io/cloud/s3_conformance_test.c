/*
 * The suite of all stores, over S3: over the fake; and, where tests/servers/serve runs this
 * program beside a real server, over that one, with the keys that S3 allows and stores do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/io/cloud/store_lab.h"
#include "tests/io/store/conformance.h"

struct place {
	struct store_lab lab;
	const char *prefix;
	uint32_t page_max;
	unsigned empty_page_every;
	size_t part_bytes;
	bool has_no_tail, is_real;
};

static void set_options(struct place *place)
{
	place->lab.options.prefix = view_text(place->prefix ? place->prefix : "");
	place->lab.options.page_max = place->page_max;
	place->lab.options.part_bytes = place->part_bytes;
	place->lab.has_no_tail = place->has_no_tail;
	place->lab.thread_count = 2;
}

static struct store *make_fake(void *state)
{
	struct place *place = state;

	set_options(place);
	place->lab.fake.empty_page_every = place->empty_page_every;
	store_lab_open(&place->lab);
	return place->lab.store;
}

static struct store *make_real(void *state)
{
	struct place *place = state;

	set_options(place);
	assert_true(store_lab_open_real(&place->lab));
	return place->lab.store;
}

/* The suite has freed the store. */
static void cleanup(void *state)
{
	struct place *place = state;

	place->lab.store = NULL;
	store_lab_close(&place->lab);
}

/* --- keys that S3 allows --------------------------------------------------------------------- */

static const char *const hard_keys[] = {
	"a//b",
	"a/./b",
	"a/../b",
	"../b",
	"/leading",
	"trailing/",
	".",
	"..",
	"a%2Fb",
	"a%2fb%",
	"a+b c",
	"ctl\x01\x7f\nx",
	"\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x8b",
	"e\xcc\x81", /* not normalised */
	"\xc3\xa9",
	"back\\slash",
	"q?x=1&y#z",
	"*!'();:@$,[]",
	"<&>\"",
	".tmp-x",
};

#define HARD_COUNT (sizeof(hard_keys) / sizeof(hard_keys[0]))

struct seen {
	unsigned count;
	bool is_found[HARD_COUNT + 1];
	char longest[STORE_KEY_MAX_BYTES + 1];
};

static enum muster_code see(void *state, const char *key, uint64_t size_bytes, uint64_t modified_ns,
			    struct muster_error *err)
{
	struct seen *seen = state;

	(void)size_bytes, (void)modified_ns, (void)err;
	seen->count++;
	for (size_t i = 0; i < HARD_COUNT; i++)
		seen->is_found[i] |= strcmp(key, hard_keys[i]) == 0;
	seen->is_found[HARD_COUNT] |= strcmp(key, seen->longest) == 0;
	return MUSTER_OK;
}

/* Below the checks of store_create() and store_open(). */
static void put_and_get(struct store *store, const char *key)
{
	struct muster_error err = { 0 };
	struct store_object *object = NULL;
	char got[STORE_KEY_MAX_BYTES];

	if (store->ops->create(store, key, view_text(key), &err) ||
	    store->ops->open(store, key, &object, &err) || !object) {
		fail_msg("'%s': %s", key, err.message);
		return;
	}
	assert_int_equal(object->size_bytes, strlen(key));
	assert_int_equal(store->ops->read(object, 0, got, strlen(key), &err), MUSTER_OK);
	assert_memory_equal(got, key, strlen(key));
	store->ops->close(object);
	assert_int_equal(store->ops->create(store, key, VIEW_LITERAL("x"), &err), MUSTER_EXISTS);
}

static void all_bytes_of_a_key_are_kept(void **state)
{
	struct place *place = *state;
	struct seen seen = { 0 };
	struct store *store = place->is_real ? make_real(place) : make_fake(place);

	memset(seen.longest, 'k', STORE_KEY_MAX_BYTES);
	put_and_get(store, seen.longest);
	for (size_t i = 0; i < HARD_COUNT; i++)
		put_and_get(store, hard_keys[i]);
	assert_int_equal(store_list(store, "", NULL, see, &seen, NULL), MUSTER_OK);
	for (size_t i = 0; i < HARD_COUNT; i++)
		if (!seen.is_found[i])
			fail_msg("'%s' is not listed", hard_keys[i]);
	assert_true(seen.is_found[HARD_COUNT]);
	assert_int_equal(seen.count, HARD_COUNT + 1);
	for (size_t i = 0; i < HARD_COUNT; i++)
		assert_int_equal(store->ops->remove(store, hard_keys[i], NULL), MUSTER_OK);
	assert_int_equal(store->ops->remove(store, seen.longest, NULL), MUSTER_OK);
	assert_int_equal(store_list(store, "", NULL, see, &seen, NULL), MUSTER_OK);
	assert_int_equal(seen.count, HARD_COUNT + 1);
	store_free(store);
	cleanup(place);
}

static int run_hard_keys(bool is_real)
{
	static struct place place;
	const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(all_bytes_of_a_key_are_kept,
								      &place) };

	place.is_real = is_real;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* --- real servers ---------------------------------------------------------------------------- */

/* What servers do not do, as tests/servers/capabilities.json has it. */
static const struct {
	const char *server, *unfit;
	bool key_may_be_prefix, has_hard_keys;
	uint64_t time_step_ns;
} known[] = {
	{ "radosgw", NULL, true, true, 1000000 },
	{ "minio", " unusual_keys_are_kept_as_they_are ", false, false, 1000000 },
	/* Keys are files there, and creators are told apart without a lock. */
	{ "versitygw", " unusual_keys_are_kept_as_they_are of_many_creators_exactly_one_wins ",
	  false, false, 1000000000 },
	/* A backslash becomes a slash; folders stay, and are found by who creates their names;
	 * times are whole seconds. */
	{ "seaweedfs",
	  " unusual_keys_are_kept_as_they_are a_listing_tells_sizes_and_ends_when_told"
	  " a_writer_that_comes_second_finds_the_key_taken ",
	  false, false, 1000000000 },
};

static int run_real(const char *server)
{
	static struct place place, large_parts = { .part_bytes = 5 << 20, .prefix = "below/it/" };
	struct conformance_kind kind = {
		.name = server, .state = &place, .make = make_real, .cleanup = cleanup
	};
	struct conformance_kind below = { .name = "below a prefix, in small pages",
					  .state = &large_parts,
					  .make = make_real,
					  .cleanup = cleanup,
					  .unfit = " keys_of_the_greatest_length_work " };
	bool has_hard_keys = true;
	int failed;

	large_parts.page_max = 3;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].server, server) != 0)
			continue;
		kind.unfit = known[i].unfit;
		kind.key_may_be_prefix = below.key_may_be_prefix = known[i].key_may_be_prefix;
		kind.time_step_ns = below.time_step_ns = known[i].time_step_ns;
		has_hard_keys = known[i].has_hard_keys;
	}
	failed = conformance_run(&kind);
	if (!kind.unfit)
		failed += conformance_run(&below);
	return has_hard_keys ? failed + run_hard_keys(true) : failed;
}

int main(void)
{
	static struct place places[3] = {
		{ .prefix = "" },
		{ .prefix = "data/2026+ (\xc3\xbc)/", .page_max = 2, .empty_page_every = 3 },
		{ .prefix = "", .part_bytes = 100003 }
	};
	struct conformance_kind kinds[] = {
		{ .name = "fake",
		  .state = &places[0],
		  .make = make_fake,
		  .cleanup = cleanup,
		  .key_may_be_prefix = true,
		  .time_step_ns = 1000000 },
		{ .name = "fake, below a prefix, in short and empty pages",
		  .state = &places[1],
		  .make = make_fake,
		  .cleanup = cleanup,
		  .key_may_be_prefix = true,
		  .time_step_ns = 1000000 },
		{ .name = "fake, in small parts, opened at the beginning",
		  .state = &places[2],
		  .make = make_fake,
		  .cleanup = cleanup,
		  .key_may_be_prefix = true,
		  .time_step_ns = 1000000 },
	};
	const char *server = getenv("MUSTER_TEST_SERVER");
	int failed = 0;

	if (server)
		return run_real(server);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		failed += conformance_run(&kinds[i]);
	return failed + run_hard_keys(false);
}
