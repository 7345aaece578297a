#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "api/api_internal.h"

static char entity[] = "me", project[] = "tests";
static const struct muster_repository repository = { .entity = entity, .project = project };

static void what_a_name_leaves_out_comes_from_the_repository(void **state)
{
	static const struct {
		const char *text, *full;
	} cases[] = {
		{ "data", "me/tests/data:latest" },
		{ "data:v3", "me/tests/data:v3" },
		{ "other/data", "me/other/data:latest" },
		{ "you/other/data:best", "you/other/data:best" },
	};
	struct bytes out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(api_full_version(&repository, cases[i].text, &out, NULL),
				 MUSTER_OK);
		assert_string_equal((const char *)out.ptr, cases[i].full);
	}
	bytes_release(&out);
}

static void a_collection_has_no_alias(void **state)
{
	struct collection_name name;
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(api_collection_name(&repository, "p/data", &name, &err), MUSTER_OK);
	assert_true(view_equal(name.entity, VIEW_LITERAL("me")));
	assert_true(view_equal(name.project, VIEW_LITERAL("p")));
	assert_true(view_equal(name.name, VIEW_LITERAL("data")));
	assert_int_equal(api_collection_name(&repository, "data:v1", &name, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "data:v1"));
	assert_int_equal(api_collection_name(&repository, NULL, &name, &err), MUSTER_E_USAGE);
}

static void a_new_version_is_named_in_full(void **state)
{
	static const struct {
		const char *entity, *project, *name;
		const char *full[3]; /* NULL: refused */
	} cases[] = {
		{ NULL, NULL, "data", { "me", "tests", "data" } },
		{ "you", NULL, "data", { "you", "tests", "data" } },
		{ NULL, "p", "data", { "me", "p", "data" } },
		{ "you", "p", "q/data", { "you", "q", "data" } },
		{ NULL, NULL, "x/y/data", { "x", "y", "data" } },
		{ NULL, NULL, NULL, { NULL, NULL, NULL } },
		{ NULL, NULL, "", { NULL, NULL, NULL } },
		{ NULL, NULL, "da ta", { NULL, NULL, NULL } },
		{ NULL, NULL, "data:best", { NULL, NULL, NULL } },
		{ "a/b", NULL, "data", { NULL, NULL, NULL } },
		{ NULL, "a:b", "data", { NULL, NULL, NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct api_full_name out = { .text = { 0 } };
		struct muster_error err = { 0 };
		struct api_given_name given = { cases[i].entity, cases[i].project, cases[i].name };
		enum muster_code code = api_full_name(&repository, &given, &out, &err);

		if (cases[i].full[0]) {
			assert_int_equal(code, MUSTER_OK);
			assert_string_equal(out.entity, cases[i].full[0]);
			assert_string_equal(out.project, cases[i].full[1]);
			assert_string_equal(out.name, cases[i].full[2]);
		} else {
			assert_int_equal(code, MUSTER_E_USAGE);
			assert_true(strlen(err.message) > 0);
		}
		api_full_name_release(&out);
	}
}

static void what_is_said_of_a_version_is_checked_first(void **state)
{
	static const char *const bad_alias[] = { "v3" }, *const good_alias[] = { "best", "latest" };
	static const char *const bad_tag[] = { "a", "x!" };
	static const char *many[TAG_MAX_COUNT + 1];
	const struct api_new_version cases[] = {
		{ .name = VIEW_LITERAL("data"), .type = "a/b" },
		{ .name = VIEW_LITERAL("data"), .type = "wandb-history" },
		{ .name = VIEW_LITERAL("data"), .aliases = bad_alias, .alias_count = 1 },
		{ .name = VIEW_LITERAL("data"), .tags = bad_tag, .tag_count = 2 },
		{ .name = VIEW_LITERAL("data"), .tags = many, .tag_count = TAG_MAX_COUNT + 1 },
		{ .name = VIEW_LITERAL("data"), .description = "\xff" },
		{ .name = VIEW_LITERAL("data"), .metadata = "[]" },
		{ .name = VIEW_LITERAL("data"), .metadata = "{\"a\":" },
		{ .name = VIEW_LITERAL("data"), .metadata = "{\"a\":NaN}" },
	};
	struct api_new_version good = { .name = VIEW_LITERAL("data"),
					.type = "model",
					.aliases = good_alias,
					.alias_count = 2,
					.metadata = "{\"a\":1}" };
	struct muster_error err = { 0 };

	(void)state;
	for (size_t i = 0; i <= TAG_MAX_COUNT; i++)
		many[i] = "tag";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(api_check_new_version(&cases[i], &err), MUSTER_E_USAGE);
	assert_int_equal(api_check_new_version(&good, &err), MUSTER_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_name_leaves_out_comes_from_the_repository),
		cmocka_unit_test(a_collection_has_no_alias),
		cmocka_unit_test(a_new_version_is_named_in_full),
		cmocka_unit_test(what_is_said_of_a_version_is_checked_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
