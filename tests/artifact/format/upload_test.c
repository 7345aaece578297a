#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "artifact/format/upload.h"

static const struct upload_record first = {
	.kind = UPLOAD_BEGIN,
	.repository_id = { 1, 2, 3 },
	.pack = { .session = { 4, 5 }, .number = 6 },
	.size_bytes = 123456789,
	.inode = 77,
	.upload = { (const uint8_t *)"an upload", 9 },
};

static struct upload_record part_of(uint32_t number)
{
	return (struct upload_record){ .kind = UPLOAD_PART,
				       .number = number,
				       .size_bytes = 8u << 20,
				       .sha256 = { (uint8_t)number, 9 },
				       .name = VIEW_LITERAL("\"etag\"") };
}

static struct bytes journal_make(uint32_t part_count)
{
	struct bytes file = { 0 };

	assert_int_equal(upload_begin_append(&file, &first, NULL), MUSTER_OK);
	for (uint32_t i = 1; i <= part_count; i++) {
		struct upload_record part = part_of(i);

		assert_int_equal(upload_part_append(&file, &part, NULL), MUSTER_OK);
	}
	return file;
}

static void what_is_written_is_read(void **state)
{
	struct bytes file = journal_make(3);
	struct upload_reader reader;
	struct upload_record record;

	(void)state;
	assert_int_equal(upload_reader_open(&reader, bytes_view(&file), NULL), MUSTER_OK);
	assert_int_equal(upload_reader_next(&reader, &record, NULL), MUSTER_OK);
	assert_int_equal(record.kind, UPLOAD_BEGIN);
	assert_memory_equal(record.repository_id, first.repository_id, 16);
	assert_true(object_id_equal(&record.pack, &first.pack));
	assert_int_equal(record.size_bytes, first.size_bytes);
	assert_int_equal(record.inode, first.inode);
	assert_true(view_equal(record.upload, first.upload));
	for (uint32_t i = 1; i <= 3; i++) {
		struct upload_record part = part_of(i);

		assert_int_equal(upload_reader_next(&reader, &record, NULL), MUSTER_OK);
		assert_int_equal(record.kind, UPLOAD_PART);
		assert_int_equal(record.number, i);
		assert_int_equal(record.size_bytes, part.size_bytes);
		assert_memory_equal(record.sha256, part.sha256, 32);
		assert_true(view_equal(record.name, part.name));
	}
	assert_int_equal(upload_reader_next(&reader, &record, NULL), MUSTER_END);
	bytes_release(&file);
}

static unsigned count_records(struct view file, enum muster_code *code)
{
	struct upload_reader reader;
	struct upload_record record;
	unsigned count = 0;

	*code = upload_reader_open(&reader, file, NULL);
	while (!*code) {
		*code = upload_reader_next(&reader, &record, NULL);
		count += !*code;
	}
	return count;
}

static void a_file_may_end_anywhere(void **state)
{
	struct bytes file = journal_make(3);
	unsigned last = 0;

	(void)state;
	for (size_t len = 0; len <= file.len; len++) {
		enum muster_code code;
		unsigned count = count_records(view_of(file.ptr, len), &code);

		assert_int_equal(code, len < OBJECT_HEADER_BYTES ? MUSTER_E_FORMAT : MUSTER_END);
		assert_in_range(count, last, last + 1);
		last = count;
	}
	assert_int_equal(last, 4);
	bytes_release(&file);
}

static void a_flipped_bit_ends_it(void **state)
{
	struct bytes file = journal_make(3);

	(void)state;
	for (size_t i = 0; i < 8 * file.len; i++) {
		enum muster_code code;

		file.ptr[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_true(count_records(bytes_view(&file), &code) < 4);
		assert_int_not_equal(code, MUSTER_OK);
		file.ptr[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	bytes_release(&file);
}

static void what_cannot_be_is_not_written(void **state)
{
	static uint8_t text[UPLOAD_NAME_MAX_BYTES + 1];
	struct bytes file = { 0 };
	struct upload_record record = first;

	(void)state;
	record.upload = view_of(text, sizeof(text));
	assert_int_equal(upload_begin_append(&file, &record, NULL), MUSTER_E_FORMAT);
	record.upload.len = 0;
	assert_int_equal(upload_begin_append(&file, &record, NULL), MUSTER_E_FORMAT);
	record = part_of(0);
	assert_int_equal(upload_part_append(&file, &record, NULL), MUSTER_E_FORMAT);
	record = part_of(UPLOAD_PARTS_MAX + 1);
	assert_int_equal(upload_part_append(&file, &record, NULL), MUSTER_E_FORMAT);
	record = part_of(1);
	record.name = view_of(text, UPLOAD_PART_NAME_MAX + 1);
	assert_int_equal(upload_part_append(&file, &record, NULL), MUSTER_E_FORMAT);
	bytes_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_file_may_end_anywhere),
		cmocka_unit_test(a_flipped_bit_ends_it),
		cmocka_unit_test(what_cannot_be_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
