#include "artifact/format/marks.h"
#include "tests/artifact/format/stored.h"

static const uint8_t repository_id[16] = "a repository id";

/* Three packs: never read, read by checksums only, and broken. */
static struct pack_mark mark_of(unsigned i)
{
	struct pack_mark mark = { .id.number = i == 2 ? 1 : i + 1,
				  .seen_ms = 1700000000000 + i,
				  .read_ms = i == 2 ? 1700000090000 : 0,
				  .summed_ms = i ? 1700000080000 : 0,
				  .is_broken = i == 2 };

	memset(mark.id.session, i == 2 ? 0x22 : 0x11, 16);
	return mark;
}

static void make_file(struct bytes *out)
{
	uint8_t head[MARKS_HEAD_BYTES], mark[MARK_BYTES], sum[MARKS_SUM_BYTES];

	marks_head_put(head, repository_id, 3);
	bytes_append(out, head, sizeof(head), NULL);
	for (unsigned i = 0; i < 3; i++) {
		struct pack_mark each = mark_of(i);

		pack_mark_put(mark, &each);
		bytes_append(out, mark, sizeof(mark), NULL);
	}
	xxh128_of(bytes_view(out), sum);
	bytes_append(out, sum, sizeof(sum), NULL);
}

static void the_golden_file_is_what_is_written(void **state)
{
	struct bytes file = { 0 };
	struct pack_mark last, found;
	struct muster_error err = { 0 };
	uint64_t count;

	(void)state;
	make_file(&file);
	stored_is_golden("three-packs.marks", bytes_view(&file));
	assert_int_equal(marks_head_parse(bytes_view(&file), file.len, repository_id, &count, &err),
			 MUSTER_OK);
	assert_int_equal(count, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct pack_mark expected = mark_of(i);

		assert_int_equal(pack_mark_parse(file.ptr + MARKS_HEAD_BYTES + i * MARK_BYTES,
						 i ? &last : NULL, &found, &err),
				 MUSTER_OK);
		assert_true(object_id_equal(&found.id, &expected.id));
		assert_int_equal(found.seen_ms, expected.seen_ms);
		assert_int_equal(found.read_ms, expected.read_ms);
		assert_int_equal(found.summed_ms, expected.summed_ms);
		assert_int_equal(found.is_broken, expected.is_broken);
		last = found;
	}
	bytes_release(&file);
}

static void a_head_of_another_file_is_refused(void **state)
{
	static const struct {
		size_t at, len; /* a byte that is changed, where len is none of the file */
		const char *reason;
	} cases[] = {
		{ 0, SIZE_MAX, "does not begin as an object" },
		{ 7, SIZE_MAX, "not of the kind 'marks'" },
		{ 13, SIZE_MAX, "version 0 of" },
		{ 16, SIZE_MAX, "another repository" },
		{ 31, SIZE_MAX, "another repository" },
		{ 32, SIZE_MAX, "another length" },
		{ 39, SIZE_MAX, "another length" },
		{ SIZE_MAX, 0, "too few for a marks header" },
		{ SIZE_MAX, 39, "within its head" },
		{ SIZE_MAX, 40, "another length" },
		{ SIZE_MAX, 56, "another length" },
	};
	struct bytes file = { 0 };

	(void)state;
	make_file(&file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = cases[i].len == SIZE_MAX ? file.len : cases[i].len;
		struct view copy = stored_copy(file.ptr, len);
		struct muster_error err = { 0 };
		uint64_t count;

		if (cases[i].at != SIZE_MAX)
			((uint8_t *)(uintptr_t)copy.ptr)[cases[i].at] ^= 1;
		assert_true(
			muster_failed(marks_head_parse(copy, len, repository_id, &count, &err)));
		if (!strstr(err.message, cases[i].reason) && i != 2)
			fail_msg("case %zu: '%s'", i, err.message);
		stored_free(copy);
	}
	bytes_release(&file);
}

static void marks_that_no_writer_leaves_are_refused(void **state)
{
	uint8_t bytes[MARK_BYTES];
	struct pack_mark first = mark_of(0), second = mark_of(1), third = mark_of(2), out;
	struct muster_error err = { 0 };

	(void)state;
	pack_mark_put(bytes, &second);
	assert_int_equal(pack_mark_parse(bytes, &first, &out, &err), MUSTER_OK);
	assert_int_equal(pack_mark_parse(bytes, &second, &out, &err), MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "out of order"));
	assert_int_equal(pack_mark_parse(bytes, &third, &out, &err), MUSTER_E_FORMAT);
	for (unsigned bit = 1; bit < 32; bit++) {
		bytes[20 + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(pack_mark_parse(bytes, NULL, &out, &err), MUSTER_E_FORMAT);
		assert_non_null(strstr(err.message, "unknown flag"));
		bytes[20 + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_golden_file_is_what_is_written),
		cmocka_unit_test(a_head_of_another_file_is_refused),
		cmocka_unit_test(marks_that_no_writer_leaves_are_refused),
	};

	stored_arguments(argc, argv);
	return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
