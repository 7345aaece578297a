#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "api/api_internal.h"

static void a_path_or_a_file_url_is_a_path(void **state)
{
	static const struct {
		const char *url, *path;
	} cases[] = {
		{ "/data/repo", "/data/repo" },
		{ "repo", "repo" },
		{ "../x", "../x" },
		{ "a%20b", "a%20b" }, /* only a URL is decoded */
		{ "x:/y", "x:/y" },
		{ "://x", "://x" },
		{ "file:///data/repo", "/data/repo" },
		{ "file://localhost/data", "/data" },
		{ "file:///a%20b/%c3%A9", "/a b/\xc3\xa9" },
		{ "file:///a%2Fb", "/a/b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };

		if (api_url_path(cases[i].url, &out, &err))
			fail_msg("%s", err.message);
		assert_string_equal((const char *)out.ptr, cases[i].path);
		assert_int_equal(out.len, strlen(cases[i].path) + 1);
		bytes_release(&out);
	}
}

static void other_urls_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *url;
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ "", MUSTER_E_USAGE, "empty" },
		{ "ftp://host/x", MUSTER_E_USAGE, "a repository is a directory" },
		{ "https://example.org/c", MUSTER_E_USAGE, "blob.core.windows.net" },
		{ "file://otherhost/x", MUSTER_E_USAGE, "otherhost" },
		{ "file://", MUSTER_E_USAGE, "absolute" },
		{ "file://x", MUSTER_E_USAGE, "absolute" },
		{ "file:///a%2", MUSTER_E_USAGE, "hexadecimal" },
		{ "file:///a%", MUSTER_E_USAGE, "hexadecimal" },
		{ "file:///a%zz", MUSTER_E_USAGE, "hexadecimal" },
		{ "file:///a%00b", MUSTER_E_USAGE, "not 00" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(api_url_path(cases[i].url, &out, &err), cases[i].code);
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_non_null(strstr(err.message, cases[i].url));
		bytes_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_or_a_file_url_is_a_path),
		cmocka_unit_test(other_urls_are_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
