#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text/utf8.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void well_formed_text_is_valid(void **state)
{
	static const char *const cases[] = {
		"",
		"plain",
		"a text of more than one word of eight bytes",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf", /* the last before the surrogates */
		"\xee\x80\x80", /* the first behind them */
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",	     /* U+10FFFF */
		"seven..\xc3\xa9 and so on", /* over the seam of two words */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(utf8_valid(view_text(cases[i])));
	assert_true(utf8_valid(view_of("a\0b", 3)));
}

static void malformed_text_is_refused_wherever_it_stands(void **state)
{
	static const char *const cases[] = {
		"\x80", /* a continuation alone */
		"\xbf",
		"\xc3", /* cut */
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xc0\x80", /* overlong NUL */
		"\xc1\xbf",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80", /* surrogates */
		"\xed\xbf\xbf",
		"\xf4\x90\x80\x80", /* above U+10FFFF */
		"\xf5\x80\x80\x80",
		"\xfe",
		"\xff",
		"\xc3\x28", /* no continuation */
		"\xe2\x28\xa1",
		"\xe2\x82\x28",
		"\xf0\x90\x80\x28",
		"\xc3\xc3\xa9",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i]);

		for (size_t lead = 0; lead < 18; lead++) {
			char text[64];

			memset(text, 'x', sizeof(text));
			memcpy(text + lead, cases[i], len);
			assert_false(utf8_valid(view_of(text, lead + len)));
			assert_false(utf8_valid(view_of(text, sizeof(text))));
		}
	}
}

static void every_code_point_encodes_and_decodes(void **state)
{
	(void)state;
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		uint8_t out[UTF8_MAX_BYTES];
		uint32_t back = UINT32_MAX;
		size_t len;

		if (point >= 0xd800 && point <= 0xdfff)
			continue;
		len = utf8_encode(out, point);
		if (utf8_decode(view_of(out, len), &back) != len || back != point ||
		    !utf8_valid(view_of(out, len)) || utf8_decode(view_of(out, len - 1), &back))
			fail_msg("U+%04x", point);
	}
}

/* All that utf8_decode() accepts of three bytes is what utf8_encode() writes: no second form. */
static void no_code_point_has_a_second_form(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 1u << 24; n++) {
		uint8_t in[3] = { (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
		uint8_t out[UTF8_MAX_BYTES];
		uint32_t point;
		size_t len = utf8_decode(view_of(in, 3), &point);

		if (len && (utf8_encode(out, point) != len || memcmp(in, out, len) != 0))
			fail_msg("%06x", n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_text_is_valid),
		cmocka_unit_test(malformed_text_is_refused_wherever_it_stands),
		cmocka_unit_test(every_code_point_encodes_and_decodes),
		cmocka_unit_test(no_code_point_has_a_second_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
