#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "artifact/format/object.h"
#include "artifact/format/object_table.h"

static void a_header_is_text_that_head_shows(void **state)
{
	uint8_t header[OBJECT_HEADER_BYTES];

	(void)state;
	object_header_put(header, "mani", 1);
	assert_memory_equal(header, "muster mani 1\n\0\0", OBJECT_HEADER_BYTES);
	object_header_put(header, "index", 1);
	assert_memory_equal(header, "muster index 1\n\0", OBJECT_HEADER_BYTES);
	assert_int_equal(object_header_check(view_of(header, sizeof(header)), "index", 1, NULL),
			 MUSTER_OK);
}

static void a_header_that_is_not_ours_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char *header;
		size_t len;
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ "muster mani 1\n\0", 15, MUSTER_E_FORMAT, "too few" },
		{ "", 0, MUSTER_E_FORMAT, "too few" },
		{ "MUSTER mani 1\n\0\0", 16, MUSTER_E_FORMAT, "does not begin" },
		{ "muster leaf 1\n\0\0", 16, MUSTER_E_FORMAT, "kind" },
		{ "muster manifes 1", 16, MUSTER_E_FORMAT, "kind" },
		{ "muster mani\n\0\0\0\0", 16, MUSTER_E_FORMAT, "kind" },
		{ "muster mani 2\n\0\0", 16, MUSTER_E_UNSUPPORTED, "version 2" },
		{ "muster mani 999\n", 16, MUSTER_E_UNSUPPORTED, "version 999" },
		{ "muster mani 0\n\0\0", 16, MUSTER_E_FORMAT, "malformed" },
		{ "muster mani 01\n\0", 16, MUSTER_E_FORMAT, "malformed" },
		{ "muster mani \n\0\0\0", 16, MUSTER_E_FORMAT, "malformed" },
		{ "muster mani 1 \n\0", 16, MUSTER_E_FORMAT, "malformed" },
		{ "muster mani 1\n\0\1", 16, MUSTER_E_FORMAT, "malformed" },
		{ "muster mani 1111", 16, MUSTER_E_FORMAT, "malformed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };

		assert_int_equal(object_header_check(view_of(cases[i].header, cases[i].len), "mani",
						     1, &err),
				 cases[i].code);
		assert_non_null(strstr(err.message, cases[i].reason));
	}
}

static void an_id_is_its_text_and_back(void **state)
{
	struct object_id id = { .number = 0x01020abc }, back = { 0 };
	char text[OBJECT_ID_TEXT_BYTES];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		id.session[i] = (uint8_t)(i * 17);
	object_id_text(&id, text);
	assert_string_equal(text, "00112233445566778899aabbccddeeff-01020abc");
	assert_true(object_id_parse(view_text(text), &back));
	assert_true(object_id_equal(&id, &back));
}

static void only_exactly_that_text_is_an_id(void **state)
{
	static const char *const wrong[] = {
		"",
		"00112233445566778899aabbccddeeff-01020ab",
		"00112233445566778899aabbccddeeff-01020abc0",
		"00112233445566778899aabbccddeeff_01020abc",
		"00112233445566778899AABBCCDDEEFF-01020abc",
		"00112233445566778899aabbccddeef-001020abc",
		"00112233445566778899aabbccddeefg-01020abc",
		"00112233445566778899aabbccddeeff- 1020abc",
		"00112233445566778899aabbccddeeff-0x020abc",
	};
	struct object_id id = { .number = 5 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(object_id_parse(view_text(wrong[i]), &id));
	assert_int_equal(id.number, 5);
}

static void a_table_finds_each_of_many_objects_again(void **state)
{
	struct object_table table = { 0 };
	struct object_id id = { .session = { 9 } };
	uint32_t index;
	bool is_new;

	(void)state;
	for (uint32_t round = 0; round < 3; round++) {
		uint32_t count = round == 1 ? 5000 : 3;

		for (uint32_t i = 0; i < 2 * count; i++) {
			id.number = i % count;
			assert_int_equal(object_table_take(&table, &id, i, &index, &is_new, NULL),
					 MUSTER_OK);
			assert_int_equal(is_new, i < count);
			assert_int_equal(index, i % count);
			assert_int_equal(table.list[index].object_bytes, i % count);
		}
		object_table_clear(&table);
	}
	object_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_text_that_head_shows),
		cmocka_unit_test(a_header_that_is_not_ours_is_refused_with_its_reason),
		cmocka_unit_test(an_id_is_its_text_and_back),
		cmocka_unit_test(only_exactly_that_text_is_an_id),
		cmocka_unit_test(a_table_finds_each_of_many_objects_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
