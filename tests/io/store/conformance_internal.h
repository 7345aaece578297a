/* What the parts of the suite share: conformance.c has the list of all tests. */
#ifndef TESTS_IO_STORE_CONFORMANCE_INTERNAL_H
#define TESTS_IO_STORE_CONFORMANCE_INTERNAL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/io/store/conformance.h"

struct fixture {
	struct conformance_kind *kind;
	struct store *store;
};

/* Results of a listing, one key a line. */
struct listed {
	struct bytes text;
	uint64_t size_sum, newest_ns;
	size_t count, stop_after; /* 0: never */
};

/* A store_list() reader: state is a struct listed. */
enum muster_code conformance_collect(void *state, const char *key, uint64_t size_bytes,
				     uint64_t modified_ns, struct muster_error *err);
/* One that fails. */
enum muster_code conformance_refuse(void *state, const char *key, uint64_t size_bytes,
				    uint64_t modified_ns, struct muster_error *err);
void assert_listed(struct store *store, const char *prefix, const char *after,
		   const char *expected);
void conformance_put(struct store *store, const char *key, const char *text);
void assert_holds(struct store *store, const char *key, const char *text);
void assert_absent(struct store *store, const char *key);

/* Objects: made, read, removed. */
void what_is_created_can_be_read(void **state);
void what_is_not_there_is_absent(void **state);
void the_first_creator_wins_and_stays(void **state);
void an_empty_object_is_an_object(void **state);
void ranges_are_read_exactly_or_refused(void **state);
void a_whole_object_has_a_maximum(void **state);
void several_threads_read_one_object(void **state);
void removing_what_is_absent_is_success(void **state);
void an_open_object_outlives_its_removal(void **state);
void the_store_has_a_time_that_does_not_go_back(void **state);

/* Listings. */
void keys_are_listed_in_byte_order(void **state);
void a_listing_keeps_to_prefix_and_start(void **state);
void a_listing_tells_sizes_and_ends_when_told(void **state);
void a_failure_of_the_reader_ends_a_listing(void **state);
void a_listing_may_remove_what_it_meets(void **state);

/* Writers, and many creators at once. */
void a_writer_shows_its_object_at_finish_only(void **state);
void an_aborted_writer_leaves_nothing(void **state);
void a_writer_that_comes_second_finds_the_key_taken(void **state);
void of_many_creators_exactly_one_wins(void **state);
void a_large_object_in_odd_pieces_is_whole(void **state);

/* Keys: what may be one, and is kept as it is. */
void unusual_keys_are_kept_as_they_are(void **state);
void keys_of_the_greatest_length_work(void **state);
void what_cannot_be_a_key_is_refused(void **state);

#endif
