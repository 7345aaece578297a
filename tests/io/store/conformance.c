#include "tests/io/store/conformance_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void conformance_put(struct store *store, const char *key, const char *text)
{
	struct muster_error err = { 0 };
	enum muster_code code = store_create(store, key, view_text(text), &err);

	if (code)
		print_error("create %.80s: %s\n", key, err.message);
	assert_int_equal(code, MUSTER_OK);
}

void assert_holds(struct store *store, const char *key, const char *text)
{
	struct muster_error err = { 0 };
	struct bytes got = { 0 };

	assert_int_equal(store_get(store, key, &got, 1 << 20, &err), MUSTER_OK);
	assert_int_equal(got.len, strlen(text));
	assert_true(view_equal(bytes_view(&got), view_text(text)));
	bytes_release(&got);
}

void assert_absent(struct store *store, const char *key)
{
	struct muster_error err = { 0 };
	struct store_object *object = (void *)1;

	assert_int_equal(store_open(store, key, &object, &err), MUSTER_ABSENT);
	assert_null(object);
	assert_int_equal(err.code, MUSTER_OK); /* an answer, not a failure */
}

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->kind = *state;
	fixture->store = fixture->kind->make(fixture->kind->state);
	*state = fixture;
	return fixture->store ? 0 : -1;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	struct conformance_kind *kind = fixture->kind;

	store_free(fixture->store);
	free(fixture);
	if (kind->cleanup)
		kind->cleanup(kind->state);
	return 0;
}

static bool is_unfit(const struct conformance_kind *kind, const char *name)
{
	char word[128];

	snprintf(word, sizeof(word), " %s ", name);
	return kind->unfit && strstr(kind->unfit, word);
}

#define CONFORMANCE(test)                                                                          \
	{                                                                                          \
#test, test, begin, end, kind                                                      \
	}

int conformance_run(struct conformance_kind *kind)
{
	const struct CMUnitTest tests[] = {
		CONFORMANCE(what_is_created_can_be_read),
		CONFORMANCE(what_is_not_there_is_absent),
		CONFORMANCE(the_first_creator_wins_and_stays),
		CONFORMANCE(an_empty_object_is_an_object),
		CONFORMANCE(ranges_are_read_exactly_or_refused),
		CONFORMANCE(a_whole_object_has_a_maximum),
		CONFORMANCE(several_threads_read_one_object),
		CONFORMANCE(keys_are_listed_in_byte_order),
		CONFORMANCE(a_listing_keeps_to_prefix_and_start),
		CONFORMANCE(a_listing_tells_sizes_and_ends_when_told),
		CONFORMANCE(a_failure_of_the_reader_ends_a_listing),
		CONFORMANCE(a_listing_may_remove_what_it_meets),
		CONFORMANCE(removing_what_is_absent_is_success),
		CONFORMANCE(an_open_object_outlives_its_removal),
		CONFORMANCE(a_writer_shows_its_object_at_finish_only),
		CONFORMANCE(an_aborted_writer_leaves_nothing),
		CONFORMANCE(a_writer_that_comes_second_finds_the_key_taken),
		CONFORMANCE(unusual_keys_are_kept_as_they_are),
		CONFORMANCE(keys_of_the_greatest_length_work),
		CONFORMANCE(what_cannot_be_a_key_is_refused),
		CONFORMANCE(of_many_creators_exactly_one_wins),
		CONFORMANCE(a_large_object_in_odd_pieces_is_whole),
		CONFORMANCE(the_store_has_a_time_that_does_not_go_back),
	};

	struct CMUnitTest fit[sizeof(tests) / sizeof(tests[0])];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (is_unfit(kind, tests[i].name))
			print_message("SKIP: %s: %s\n", kind->name, tests[i].name);
		else
			fit[count++] = tests[i];
	}
	return _cmocka_run_group_tests(kind->name, fit, count, NULL, NULL);
}
