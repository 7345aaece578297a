#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/ingest/ingest.h"

static const struct found_file found = {
	.size_bytes = 5, .mtime_ns = 100, .ctime_ns = 110, .inode = 7
};

static struct stat_record known_file(void)
{
	return (struct stat_record){ .size_bytes = 5,
				     .mtime_ns = 100,
				     .ctime_ns = 110,
				     .inode = 7,
				     .is_trusted = true,
				     .algorithm = DIGEST_MD5,
				     .fingerprint = { .digest = { 1 }, .checksum = { 2 } } };
}

static struct entry base_entry(void)
{
	return (struct entry){ .algorithm = DIGEST_MD5,
			       .size_bytes = 5,
			       .has_size = true,
			       .has_checksum = true,
			       .is_placed = true,
			       .fingerprint = { .digest = { 1 }, .checksum = { 2 } } };
}

static const struct ingest_rules md5_rules = { .algorithm = DIGEST_MD5 };

static void an_unchanged_file_of_the_base_is_kept(void **state)
{
	struct stat_record known = known_file();
	struct entry base = base_entry();

	(void)state;
	assert_int_equal(ingest_decide(&md5_rules, &found, &known, &base), INGEST_KEEP);
}

static void a_stat_alone_never_proves_that_bytes_are_stored(void **state)
{
	struct stat_record known = known_file();
	struct entry bases[6];

	(void)state;
	assert_int_equal(ingest_decide(&md5_rules, &found, &known, NULL), INGEST_KEEP_STORED);
	for (size_t i = 0; i < 6; i++)
		bases[i] = base_entry();
	bases[0].fingerprint.digest[3] = 9;
	bases[1].fingerprint.checksum[3] = 9;
	bases[2].is_placed = false;
	bases[3].has_checksum = false;
	bases[4].ref = VIEW_LITERAL("file:///x");
	bases[5].size_bytes = 6;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(ingest_decide(&md5_rules, &found, &known, &bases[i]),
				 INGEST_KEEP_STORED);
}

static void anything_that_moved_is_read(void **state)
{
	struct entry base = base_entry();
	struct stat_record cases[6];
	struct ingest_rules xxh = { .algorithm = DIGEST_XXH128 };
	struct ingest_rules identity = { .algorithm = DIGEST_MD5, .has_identity = true };
	struct ingest_rules rehash = { .algorithm = DIGEST_MD5, .rehash = true };
	struct stat_record known = known_file();

	(void)state;
	for (size_t i = 0; i < 6; i++)
		cases[i] = known_file();
	cases[0].size_bytes++;
	cases[1].mtime_ns++;
	cases[2].mtime_ns--;
	cases[3].ctime_ns++;
	cases[4].inode++;
	cases[5].is_trusted = false;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(ingest_decide(&md5_rules, &found, &cases[i], &base), INGEST_READ);
	assert_int_equal(ingest_decide(&md5_rules, &found, NULL, &base), INGEST_READ);
	assert_int_equal(ingest_decide(&xxh, &found, &known, &base), INGEST_READ);
	assert_int_equal(ingest_decide(&identity, &found, &known, &base), INGEST_READ);
	assert_int_equal(ingest_decide(&rehash, &found, &known, &base), INGEST_READ);
}

static void an_unstable_inode_is_not_compared(void **state)
{
	struct stat_record known = known_file();
	struct entry base = base_entry();

	(void)state;
	known.inode = 0;
	assert_int_equal(ingest_decide(&md5_rules, &found, &known, &base), INGEST_KEEP);
}

static void a_file_touched_while_it_was_read_is_not_trusted(void **state)
{
	(void)state;
	assert_true(ingest_is_trusted(&found, 111));
	assert_false(ingest_is_trusted(&found, 110)); /* same tick: a later write may look equal */
	assert_false(ingest_is_trusted(&found, 105));
	assert_false(ingest_is_trusted(&(struct found_file){ .mtime_ns = 200 }, 150));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unchanged_file_of_the_base_is_kept),
		cmocka_unit_test(a_stat_alone_never_proves_that_bytes_are_stored),
		cmocka_unit_test(anything_that_moved_is_read),
		cmocka_unit_test(an_unstable_inode_is_not_compared),
		cmocka_unit_test(a_file_touched_while_it_was_read_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
