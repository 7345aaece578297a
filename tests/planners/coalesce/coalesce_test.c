#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "planners/coalesce/coalesce.h"

#define MAX_BLOBS 6

static const struct coalesce_rules rules = { .read_max_bytes = 1000, .gap_max_bytes = 50 };

static void neighbours_share_a_read(void **state)
{
	static const struct {
		size_t count;
		struct coalesce_blob blobs[MAX_BLOBS];
		size_t read_count;
		struct coalesce_read reads[MAX_BLOBS];
	} cases[] = {
		{ 0, { { 0, 0 } }, 0, { { 0, 0, 0, 0 } } },
		{ 1, { { 16, 100 } }, 1, { { 0, 1, 16, 100 } } },
		/* back to back, with empty ones between */
		{ 4,
		  { { 16, 100 }, { 116, 0 }, { 116, 0 }, { 116, 4 } },
		  1,
		  { { 0, 4, 16, 104 } } },
		/* a gap that is read, one that is not */
		{ 3,
		  { { 0, 10 }, { 60, 10 }, { 121, 10 } },
		  2,
		  { { 0, 2, 0, 70 }, { 2, 1, 121, 10 } } },
		/* the maximum is kept exactly */
		{ 2, { { 0, 500 }, { 500, 500 } }, 1, { { 0, 2, 0, 1000 } } },
		{ 2, { { 0, 500 }, { 500, 501 } }, 2, { { 0, 1, 0, 500 }, { 1, 1, 500, 501 } } },
		/* one that is larger alone */
		{ 3,
		  { { 0, 10 }, { 10, 5000 }, { 5010, 10 } },
		  3,
		  { { 0, 1, 0, 10 }, { 1, 1, 10, 5000 }, { 2, 1, 5010, 10 } } },
		/* the same blob twice, one within another, one that goes back */
		{ 2, { { 30, 40 }, { 30, 40 } }, 1, { { 0, 2, 30, 40 } } },
		{ 2, { { 30, 40 }, { 40, 10 } }, 1, { { 0, 2, 30, 40 } } },
		{ 2, { { 30, 40 }, { 20, 10 } }, 2, { { 0, 1, 30, 40 }, { 1, 1, 20, 10 } } },
		/* nothing overflows */
		{ 2,
		  { { UINT64_MAX - 20, 10 }, { UINT64_MAX - 10, 11 } },
		  2,
		  { { 0, 1, UINT64_MAX - 20, 10 }, { 1, 1, UINT64_MAX - 10, 11 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct coalesce_read read;
		size_t at = 0, n = 0;

		while (coalesce_next(&rules, cases[i].blobs, cases[i].count, at, &read)) {
			const struct coalesce_read *expected = &cases[i].reads[n++];

			assert_true(n <= cases[i].read_count);
			assert_int_equal(read.first, expected->first);
			assert_int_equal(read.count, expected->count);
			assert_int_equal(read.offset_bytes, expected->offset_bytes);
			assert_int_equal(read.length_bytes, expected->length_bytes);
			at += read.count;
		}
		assert_int_equal(n, cases[i].read_count);
	}
}

/* Every blob lies in the read that names it, whatever the sizes and gaps. */
static void every_blob_lies_within_its_read(void **state)
{
	uint64_t random = 88172645463325252u, offset = 16;
	struct coalesce_blob blobs[500];
	struct coalesce_read read;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		blobs[i] = (struct coalesce_blob){ offset, random % 300 };
		offset += blobs[i].size_bytes + (random >> 32) % 80;
	}
	while (coalesce_next(&rules, blobs, 500, at, &read)) {
		assert_int_equal(read.first, at);
		assert_true(read.length_bytes <= rules.read_max_bytes);
		for (size_t i = at; i < at + read.count; i++) {
			assert_true(blobs[i].offset_bytes >= read.offset_bytes);
			assert_true(blobs[i].offset_bytes + blobs[i].size_bytes <=
				    read.offset_bytes + read.length_bytes);
		}
		at += read.count;
	}
	assert_int_equal(at, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_share_a_read),
		cmocka_unit_test(every_blob_lies_within_its_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
