#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/verification/verification.h"

static struct entry stored(void)
{
	struct entry entry = { .path = VIEW_LITERAL("a"),
			       .algorithm = DIGEST_MD5,
			       .size_bytes = 10,
			       .has_size = true,
			       .has_checksum = true,
			       .is_placed = true };

	memset(entry.fingerprint.digest, 7, DIGEST_BYTES);
	memset(entry.fingerprint.checksum, 9, CHECKSUM_BYTES);
	return entry;
}

static struct stat_record known_as(const struct entry *entry)
{
	return (struct stat_record){ .path = entry->path,
				     .size_bytes = 10,
				     .mtime_ns = 1,
				     .ctime_ns = 2,
				     .inode = 3,
				     .is_trusted = true,
				     .algorithm = DIGEST_MD5,
				     .fingerprint = entry->fingerprint };
}

enum known { NOTHING, EQUAL, OTHER_BYTES, OTHER_STAT, NOT_TRUSTED, OTHER_ALGORITHM };

static struct stat_record known(enum known what, const struct entry *entry)
{
	struct stat_record record = known_as(entry);

	if (what == OTHER_BYTES)
		record.fingerprint.digest[0] ^= 1;
	if (what == OTHER_STAT)
		record.ctime_ns++;
	if (what == NOT_TRUSTED)
		record.is_trusted = false;
	if (what == OTHER_ALGORITHM)
		record.algorithm = DIGEST_XXH128;
	return record;
}

static void only_bytes_prove_a_file_unless_quick(void **state)
{
	static const struct {
		bool has_entry, has_file, quick;
		uint64_t found_bytes;
		enum known known;
		enum verification expected;
	} cases[] = {
		{ false, true, false, 10, NOTHING, VERIFICATION_EXTRA },
		{ false, true, true, 10, EQUAL, VERIFICATION_EXTRA },
		{ true, false, false, 0, NOTHING, VERIFICATION_MISSING },
		{ true, false, true, 0, NOTHING, VERIFICATION_MISSING },
		{ true, true, false, 10, NOTHING, VERIFICATION_READ },
		{ true, true, false, 10, EQUAL, VERIFICATION_READ },
		{ true, true, false, 11, NOTHING, VERIFICATION_CHANGED },
		{ true, true, true, 11, EQUAL, VERIFICATION_CHANGED },
		{ true, true, true, 10, NOTHING, VERIFICATION_EQUAL },
		{ true, true, true, 10, EQUAL, VERIFICATION_EQUAL },
		{ true, true, true, 10, OTHER_BYTES, VERIFICATION_CHANGED },
		{ true, true, true, 10, OTHER_STAT, VERIFICATION_EQUAL },
		{ true, true, true, 10, NOT_TRUSTED, VERIFICATION_EQUAL },
		{ true, true, true, 10, OTHER_ALGORITHM, VERIFICATION_EQUAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry entry = stored();
		struct found_file found = { cases[i].found_bytes, 1, 2, 3 };
		struct stat_record record = known(cases[i].known, &entry);
		enum verification got = verification_judge(&(struct verification_facts){
			.quick = cases[i].quick,
			.has_file = cases[i].has_file,
			.entry = cases[i].has_entry ? &entry : NULL,
			.found = cases[i].has_file ? &found : NULL,
			.known = cases[i].known == NOTHING ? NULL : &record });

		if (got != cases[i].expected)
			fail_msg("case %zu: %d, not %d", i, got, cases[i].expected);
	}
}

static void a_file_that_nobody_has_stat_ed_is_read(void **state)
{
	struct entry entry = stored();
	struct verification_facts facts = { .has_file = true };

	(void)state;
	assert_int_equal(verification_judge(&facts), VERIFICATION_EXTRA);
	facts.entry = &entry;
	assert_int_equal(verification_judge(&facts), VERIFICATION_READ);
	entry.has_size = false;
	assert_int_equal(verification_judge(&facts), VERIFICATION_READ);
}

static void a_reference_is_not_looked_at_unless_its_bytes_are_stored(void **state)
{
	struct entry entry = stored();

	(void)state;
	entry.ref = VIEW_LITERAL("s3://bucket/key");
	assert_false(verification_is_reference(&entry));
	entry.is_placed = false;
	assert_true(verification_is_reference(&entry));
	assert_int_equal(verification_judge(&(struct verification_facts){ .entry = &entry }),
			 VERIFICATION_REFERENCE);
}

static void bytes_are_the_entry_s_if_all_that_it_tells_of_them_is_so(void **state)
{
	struct entry entry = stored();
	struct fingerprint actual = entry.fingerprint;

	(void)state;
	assert_true(verification_has(&entry, &actual, false));
	actual.digest[15] ^= 1;
	assert_false(verification_has(&entry, &actual, false));
	actual = entry.fingerprint;
	actual.checksum[0] ^= 1; /* equal digest, other bytes */
	assert_false(verification_has(&entry, &actual, false));
	entry.has_checksum = false;
	assert_true(verification_has(&entry, &actual, false));
	entry.has_identity = true;
	entry.fingerprint.identity[3] = 1;
	assert_true(verification_has(&entry, &actual, false)); /* nobody computed one */
	assert_false(verification_has(&entry, &actual, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_bytes_prove_a_file_unless_quick),
		cmocka_unit_test(a_file_that_nobody_has_stat_ed_is_read),
		cmocka_unit_test(a_reference_is_not_looked_at_unless_its_bytes_are_stored),
		cmocka_unit_test(bytes_are_the_entry_s_if_all_that_it_tells_of_them_is_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
