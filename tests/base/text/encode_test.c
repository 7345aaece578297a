#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text/encode.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void published_vectors_encode_and_decode(void **state)
{
	/* RFC 4648, section 10 */
	static const struct {
		const char *plain, *hex, *base64;
	} cases[] = {
		{ "", "", "" },
		{ "f", "66", "Zg==" },
		{ "fo", "666f", "Zm8=" },
		{ "foo", "666f6f", "Zm9v" },
		{ "foob", "666f6f62", "Zm9vYg==" },
		{ "fooba", "666f6f6261", "Zm9vYmE=" },
		{ "foobar", "666f6f626172", "Zm9vYmFy" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].plain);
		char text[32] = { 0 };
		uint8_t back[32] = { 0 };

		hex_encode(text, cases[i].plain, len);
		assert_string_equal(text, cases[i].hex);
		assert_true(hex_decode(back, len, view_text(text)));
		assert_memory_equal(back, cases[i].plain, len);

		memset(text, 0, sizeof(text));
		base64_encode(text, cases[i].plain, len);
		assert_string_equal(text, cases[i].base64);
		assert_int_equal(base64_decoded_len(view_text(text)), len);
		assert_true(base64_decode(back, len, view_text(text)));
		assert_memory_equal(back, cases[i].plain, len);
	}
}

static void every_byte_at_every_place_of_a_group_survives(void **state)
{
	(void)state;
	for (unsigned value = 0; value < 256; value++) {
		for (size_t len = 1; len <= 16; len++) {
			uint8_t in[16], out[16];
			char text[HEX_TEXT_LEN(16)];

			for (size_t i = 0; i < len; i++)
				in[i] = (uint8_t)(value * 7 + i * 85);
			in[len - 1] = (uint8_t)value;
			base64_encode(text, in, len);
			assert_true(base64_decode(out, len, view_of(text, BASE64_TEXT_LEN(len))));
			assert_memory_equal(in, out, len);
			hex_encode(text, in, len);
			assert_true(hex_decode(out, len, view_of(text, HEX_TEXT_LEN(len))));
			assert_memory_equal(in, out, len);
		}
	}
}

static void only_the_one_base64_text_of_a_value_is_accepted(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "Zg", 1 },	   /* no padding */
		{ "Zg=", 1 },	   /* too little of it */
		{ "Zg===", 1 },	   /* too much */
		{ "Zh==", 1 },	   /* stray bits */
		{ "Zm9=", 2 },	   /* stray bits */
		{ "Zm8=", 1 },	   /* another length */
		{ "Zg==", 2 },	   /* another length */
		{ "Zm9v\n", 3 },   /* junk behind */
		{ "Zm9v    ", 3 }, /* junk behind */
		{ "Zm 9", 3 },	   /* white space */
		{ "Zm-_", 3 },	   /* the URL alphabet */
		{ "====", 1 },	   /* padding alone */
		{ "Z===", 1 },	   /* six bits are no byte */
		{ "Zg==Zg==", 4 }, /* padding inside */
		{ "Zg=g", 3 },	   /* padding inside */
		{ "\x80mZv", 3 },  /* not ASCII */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t out[16];

		assert_false(base64_decode(out, cases[i].len, view_text(cases[i].text)));
	}
	assert_int_equal(base64_decoded_len(view_text("Zg=")), SIZE_MAX);
}

static void only_lower_case_hex_of_the_right_length_is_accepted(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "6", 0 },    { "6", 1 },   { "666", 1 },	{ "66", 2 },
		{ "6F", 1 },   { "6g", 1 },  { "g6", 1 },	{ " 66", 1 },
		{ "0x66", 2 }, { "66 ", 1 }, { "\xff\x36", 1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t out[16];

		assert_false(hex_decode(out, cases[i].len, view_text(cases[i].text)));
	}
}

/* Whatever is decoded must encode to the same text again: no value has two texts. */
static void every_accepted_group_is_canonical(void **state)
{
	static const char alphabet[] = "AQgw/+z9=b\n";
	const size_t count = sizeof(alphabet) - 1;
	unsigned accepted = 0;

	(void)state;
	for (size_t n = 0; n < count * count * count * count; n++) {
		char text[4] = { alphabet[n % count], alphabet[n / count % count],
				 alphabet[n / count / count % count],
				 alphabet[n / count / count / count] };
		char again[4];
		uint8_t out[3];
		size_t len = base64_decoded_len(view_of(text, 4));

		if (len > 3 || !base64_decode(out, len, view_of(text, 4)))
			continue;
		accepted++;
		base64_encode(again, out, len);
		assert_memory_equal(again, text, 4);
	}
	assert_true(accepted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_encode_and_decode),
		cmocka_unit_test(every_byte_at_every_place_of_a_group_survives),
		cmocka_unit_test(only_the_one_base64_text_of_a_value_is_accepted),
		cmocka_unit_test(only_lower_case_hex_of_the_right_length_is_accepted),
		cmocka_unit_test(every_accepted_group_is_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
