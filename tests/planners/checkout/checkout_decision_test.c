#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/checkout/checkout.h"

/* Contents of ten bytes, A to D, and one of eleven. */
static struct fingerprint content(char which)
{
	struct fingerprint fingerprint = { 0 };

	memset(fingerprint.digest, which, DIGEST_BYTES);
	memset(fingerprint.checksum, which ^ 0x55, CHECKSUM_BYTES);
	return fingerprint;
}

static uint64_t size_of(char which)
{
	return which == 'L' ? 11 : 10;
}

/* A case in letters: the content of entry, file and record ('-': none). A file is told as
 * "<content><stat><knowledge>": stat '=' as recorded, '!' another; knowledge 'k' its bytes are
 * known, '?' not, 'x' it cannot be read; 'l' in place of all is a link. */
struct decision_case {
	char entry;
	const char *file;
	char record;
	const char *allowed; /* 'd' delete_others, 'o' overwrite */
	enum checkout_decision expected;
};

static const struct decision_case cases[] = {
	/* nothing there */
	{ 'A', NULL, '-', "", CHECKOUT_FETCH },
	{ 'A', NULL, 'A', "", CHECKOUT_FETCH },
	{ 'A', NULL, 'B', "do", CHECKOUT_FETCH },
	/* equal files stay, whoever wrote them */
	{ 'A', "A=?", 'A', "", CHECKOUT_KEEP },
	{ 'A', "A!k", '-', "", CHECKOUT_KEEP },
	{ 'A', "A!k", 'B', "", CHECKOUT_KEEP },
	{ 'A', "A!k", 'B', "do", CHECKOUT_KEEP },
	/* what must be read to know */
	{ 'A', "A!?", '-', "", CHECKOUT_READ },
	{ 'A', "B!?", '-', "o", CHECKOUT_READ },
	{ 'A', "A!?", 'A', "", CHECKOUT_READ },
	{ 'L', "B!?", 'B', "", CHECKOUT_READ }, /* the size differs: is it ours? */
	{ 'L', "B!?", 'B', "o", CHECKOUT_REPLACE },
	{ '-', "B!?", 'B', "", CHECKOUT_READ },
	{ '-', "B!?", 'B', "d", CHECKOUT_DELETE },
	/* ours and unchanged */
	{ 'A', "B=?", 'B', "", CHECKOUT_REPLACE },
	{ 'A', "L=?", 'L', "", CHECKOUT_REPLACE },
	{ 'A', "B!k", 'B', "", CHECKOUT_REPLACE },
	{ '-', "B=?", 'B', "", CHECKOUT_DELETE },
	{ '-', "B!k", 'B', "", CHECKOUT_DELETE },
	/* ours and changed */
	{ 'A', "C!k", 'B', "", CHECKOUT_REFUSE_CHANGED },
	{ 'A', "C!k", 'B', "d", CHECKOUT_REFUSE_CHANGED },
	{ 'A', "C!k", 'B', "o", CHECKOUT_REPLACE },
	{ 'A', "L!?", 'B', "", CHECKOUT_REFUSE_CHANGED },
	{ '-', "C!k", 'B', "", CHECKOUT_REFUSE_CHANGED },
	{ '-', "C!k", 'B', "o", CHECKOUT_REFUSE_CHANGED },
	{ '-', "C!k", 'B', "d", CHECKOUT_DELETE },
	{ '-', "L!?", 'B', "", CHECKOUT_REFUSE_CHANGED },
	/* nobody's */
	{ 'A', "B!k", '-', "", CHECKOUT_REFUSE_CHANGED },
	{ 'A', "B!k", '-', "o", CHECKOUT_REPLACE },
	{ 'A', "L!?", '-', "", CHECKOUT_REFUSE_CHANGED },
	{ '-', "B!?", '-', "", CHECKOUT_REFUSE_UNKNOWN },
	{ '-', "B!?", '-', "o", CHECKOUT_REFUSE_UNKNOWN },
	{ '-', "B!?", '-', "d", CHECKOUT_DELETE },
	/* links, and files that cannot be read, are nobody's and equal to nothing */
	{ 'A', "l", 'A', "", CHECKOUT_REFUSE_CHANGED },
	{ 'A', "l", '-', "", CHECKOUT_REFUSE_CHANGED },
	{ 'A', "l", 'A', "o", CHECKOUT_REPLACE },
	{ '-', "l", 'A', "", CHECKOUT_REFUSE_CHANGED },
	{ '-', "l", '-', "", CHECKOUT_REFUSE_UNKNOWN },
	{ '-', "l", '-', "d", CHECKOUT_DELETE },
	{ 'A', "A!x", '-', "", CHECKOUT_REFUSE_CHANGED },
	{ 'A', "A!x", 'A', "", CHECKOUT_REFUSE_CHANGED },
	{ 'A', "A!x", 'A', "o", CHECKOUT_REPLACE },
	{ '-', "A!x", 'A', "", CHECKOUT_REFUSE_CHANGED },
};

static enum checkout_decision decide(const struct decision_case *it, bool is_trusted)
{
	struct checkout_rules rules = { .delete_others = strchr(it->allowed, 'd'),
					.overwrite = strchr(it->allowed, 'o') };
	struct entry entry = { .algorithm = DIGEST_MD5,
			       .size_bytes = size_of(it->entry),
			       .has_size = true,
			       .has_checksum = true,
			       .fingerprint = content(it->entry) };
	struct stat_record record = { .size_bytes = size_of(it->record),
				      .mtime_ns = 5,
				      .ctime_ns = 6,
				      .inode = 7,
				      .is_trusted = is_trusted,
				      .algorithm = DIGEST_MD5,
				      .fingerprint = content(it->record) };
	struct checkout_found found = { 0 };

	if (it->file && it->file[0] != 'l') {
		found.is_file = true;
		found.stat = (struct found_file){ size_of(it->file[0]), 5,
						  it->file[1] == '=' ? 6 : 16, 7 };
		found.has_fingerprint = it->file[2] == 'k';
		found.is_unreadable = it->file[2] == 'x';
		found.fingerprint = content(it->file[0]);
	}
	return checkout_decide(&rules, it->entry == '-' ? NULL : &entry, it->file ? &found : NULL,
			       it->record == '-' ? NULL : &record);
}

static void the_table_of_decisions_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum checkout_decision got = decide(&cases[i], true);

		if (got != cases[i].expected)
			fail_msg("entry %c, file %s, record %c, allowed '%s': %d, not %d",
				 cases[i].entry, cases[i].file ? cases[i].file : "none",
				 cases[i].record, cases[i].allowed, got, cases[i].expected);
	}
}

/* Whatever is not allowed is never done to a file that is not known to be a checkout's. */
static void nothing_unknown_is_touched_unless_it_is_allowed(void **state)
{
	static const char contents[] = "-ABL";
	static const char *const files[] = { "A=?", "A!?", "A!k", "A!x", "B=?", "B!?", "B!k",
					     "B!x", "L=?", "L!?", "L!k", "L!x", "l" };

	(void)state;
	for (const char *entry = contents; *entry; entry++) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			struct decision_case it = { *entry, files[i], '-', "", 0 };
			enum checkout_decision got = decide(&it, true);

			assert_true(got != CHECKOUT_DELETE && got != CHECKOUT_REPLACE &&
				    got != CHECKOUT_FETCH);
		}
	}
}

static void a_stat_that_is_not_trusted_proves_nothing(void **state)
{
	struct decision_case kept = { 'A', "A=?", 'A', "", 0 };
	struct decision_case other = { '-', "A=?", 'A', "", 0 };

	(void)state;
	assert_int_equal(decide(&kept, false), CHECKOUT_READ);
	assert_int_equal(decide(&other, false), CHECKOUT_READ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_decisions_holds),
		cmocka_unit_test(nothing_unknown_is_touched_unless_it_is_allowed),
		cmocka_unit_test(a_stat_that_is_not_trusted_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
