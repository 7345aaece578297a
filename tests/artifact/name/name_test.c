#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "artifact/name.h"

/* 128 characters, and one to make them too many. */
#define C16  "abcdefghijklmnop"
#define C112 C16 C16 C16 C16 C16 C16 C16
#define C128 C112 C16
/* The same of two bytes each. */
#define E16                                                                                        \
	"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"                         \
	"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define E128 E16 E16 E16 E16 E16 E16 E16 E16

typedef enum muster_code check_fn(struct view, struct muster_error *);

/* `rule` is part of the message, NULL where the name is good. */
struct name_case {
	struct view name;
	const char *rule;
};

static void run_cases(check_fn *check, const struct name_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct muster_error err = { 0 };
		enum muster_code code = check(cases[i].name, &err);

		assert_int_equal(check(cases[i].name, NULL), code);
		if (!cases[i].rule) {
			assert_int_equal(code, MUSTER_OK);
			continue;
		}
		assert_int_equal(code, MUSTER_E_USAGE);
		assert_non_null(strstr(err.message, cases[i].rule));
	}
}

#define RUN_CASES(check, cases) run_cases(check, cases, sizeof(cases) / sizeof(cases[0]))

static void artifact_names_follow_the_rule(void **state)
{
	static const char only[] = "Artifact name may only contain alphanumeric characters, "
				   "dashes, underscores, and dots. Invalid name: '";
	static const struct name_case cases[] = {
		{ VIEW_LITERAL("a"), NULL },
		{ VIEW_LITERAL("My-data_set.2"), NULL },
		{ VIEW_LITERAL("."), NULL },
		{ VIEW_LITERAL("-"), NULL },
		{ VIEW_LITERAL(C128), NULL },
		{ VIEW_LITERAL(C128 "q"), "Artifact name is longer than 128 characters: 'abc" },
		{ VIEW_LITERAL(""), "Artifact name is empty" },
		{ VIEW_LITERAL("a b"), only },
		{ VIEW_LITERAL("a/b"), only },
		{ VIEW_LITERAL("a:b"), only },
		{ VIEW_LITERAL("a@b"), only },
		{ VIEW_LITERAL("\xc3\xa9"), only },
		{ VIEW_LITERAL("a\n"), "control character" }, /* passes Python's "$" */
		{ VIEW_LITERAL("a\0b"), "control character" },
		{ VIEW_LITERAL("\xff"), "not valid UTF-8" },
	};

	(void)state;
	RUN_CASES(artifact_name_check, cases);
}

static void types_that_wandb_keeps_are_refused(void **state)
{
	static const struct {
		const char *type, *name, *rule;
	} cases[] = {
		{ "dataset", "d", NULL },
		{ "jobs", "d", NULL },
		{ "wandb", "d", NULL },
		{ "run_table", "d", NULL },
		{ "run_table", "my-run-1", NULL },
		{ "code", "d", NULL },
		{ "my type (1)", "d", NULL },
		{ E128, "d", NULL },
		{ "wandb-history", "d", "Artifact type 'wandb-history' is reserved for internal" },
		{ "wandb-", "d", "reserved" },
		{ "job", "d", "reserved" },
		{ "run_table", "run-1", "reserved" },
		{ "code", "source-x", "reserved" },
		{ "", "d", "Artifact type is empty" },
		{ "a/b", "d", "must not contain" },
		{ "a:b", "d", "must not contain" },
		{ C128 "q", "d", "longer than 128" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		enum muster_code code = artifact_type_check(view_text(cases[i].type),
							    view_text(cases[i].name), &err);

		assert_int_equal(code, cases[i].rule ? MUSTER_E_USAGE : MUSTER_OK);
		if (cases[i].rule)
			assert_non_null(strstr(err.message, cases[i].rule));
	}
}

static void aliases_follow_the_rule(void **state)
{
	static const struct name_case cases[] = {
		{ VIEW_LITERAL("latest"), NULL },
		{ VIEW_LITERAL("best model!"), NULL },
		{ VIEW_LITERAL("v"), NULL },
		{ VIEW_LITERAL("v1a"), NULL },
		{ VIEW_LITERAL("V1"), NULL },
		{ VIEW_LITERAL("1"), NULL },
		{ VIEW_LITERAL("v\xc2\xb2"), NULL },
		{ VIEW_LITERAL(C128), NULL },
		{ VIEW_LITERAL(E128), NULL },
		{ VIEW_LITERAL(E128 "e"), "Alias is longer than 128 characters" },
		{ VIEW_LITERAL(""), "Alias is empty" },
		{ VIEW_LITERAL("v0"), "Alias 'v0' is the name of a version" },
		{ VIEW_LITERAL("v12"), "name of a version" },
		{ VIEW_LITERAL("v007"), "name of a version" },
		{ VIEW_LITERAL("a/b"),
		  "must not contain any of the following characters: '/', ':'" },
		{ VIEW_LITERAL("a:b"), "must not contain" },
		{ VIEW_LITERAL("a\tb"), "control character: 'a\\x09b'" },
		{ VIEW_LITERAL("\xc3"), "not valid UTF-8" },
	};

	(void)state;
	RUN_CASES(alias_check, cases);
}

static void tags_are_words_parted_by_spaces(void **state)
{
	static const struct name_case cases[] = {
		{ VIEW_LITERAL("a"), NULL },
		{ VIEW_LITERAL("a b"), NULL },
		{ VIEW_LITERAL("a   b-c_d 1"), NULL },
		{ VIEW_LITERAL("-"), NULL },
		{ VIEW_LITERAL("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac"), NULL },
		{ VIEW_LITERAL(E128), NULL },
		{ VIEW_LITERAL(E128 "e"), "Tag is longer than 128" },
		{ VIEW_LITERAL(""), "Tag is empty" },
		{ VIEW_LITERAL(" a"), "Invalid tag: ' a'" },
		{ VIEW_LITERAL("a "), "Invalid tag" },
		{ VIEW_LITERAL(" "), "Invalid tag" },
		{ VIEW_LITERAL("a.b"), "Invalid tag" },
		{ VIEW_LITERAL("a:b"), "Invalid tag" },
		{ VIEW_LITERAL("a!"), "Invalid tag" },
		{ VIEW_LITERAL("a\xc2\xa0"
			       "b"),
		  "Invalid tag" },				     /* no-break space */
		{ VIEW_LITERAL("\xe2\x80\x94"), "Invalid tag" },     /* em dash */
		{ VIEW_LITERAL("\xf0\x9f\x98\x80"), "Invalid tag" }, /* emoji */
		{ VIEW_LITERAL("a\n"), "control character" },
		{ VIEW_LITERAL("\xc3"), "not valid UTF-8" },
	};

	(void)state;
	RUN_CASES(tag_check, cases);
}

static void projects_follow_the_rule(void **state)
{
	static const char registry[] = "Registry name is";
	static const struct name_case cases[] = {
		{ VIEW_LITERAL("uncategorized"), NULL },
		{ VIEW_LITERAL("my project"), NULL },
		{ VIEW_LITERAL("caf\xc3\xa9"), NULL },
		{ VIEW_LITERAL("wandb-registry"), NULL },
		{ VIEW_LITERAL("wandb-registry-models"), NULL },
		{ VIEW_LITERAL("wandb-registry-" C112 "q"), NULL },
		{ VIEW_LITERAL(C128), NULL },
		{ VIEW_LITERAL("wandb-registry-" C112 "qq"), "longer than 128" },
		{ VIEW_LITERAL("wandb-registry-"), registry },
		{ VIEW_LITERAL(C128 "q"), "Project name is longer than 128" },
		{ VIEW_LITERAL(""), "Project name is empty" },
		{ VIEW_LITERAL("a/b"), "must not contain any of the following characters: / \\" },
		{ VIEW_LITERAL("a\\b"), "must not contain" },
		{ VIEW_LITERAL("a#b"), "must not contain" },
		{ VIEW_LITERAL("a?b"), "must not contain" },
		{ VIEW_LITERAL("a%b"), "must not contain" },
		{ VIEW_LITERAL("a:b"), "must not contain" },
		{ VIEW_LITERAL("a\rb"), "control character" },
		{ VIEW_LITERAL("a\nb"), "control character" },
	};

	(void)state;
	RUN_CASES(project_check, cases);
}

static void entities_follow_the_rule(void **state)
{
	static const struct name_case cases[] = {
		{ VIEW_LITERAL("team-1"), NULL },
		{ VIEW_LITERAL(""), "Entity name is empty" },
		{ VIEW_LITERAL("a/b"), "Entity name must not contain" },
	};

	(void)state;
	RUN_CASES(entity_check, cases);
}

static void version_aliases_are_numbers(void **state)
{
	static const struct {
		const char *alias;
		bool is_version, has_number;
		uint64_t number;
	} cases[] = {
		{ "v0", true, true, 0 },
		{ "v12", true, true, 12 },
		{ "v18446744073709551615", true, true, UINT64_MAX },
		{ "v18446744073709551616", true, false, 0 },
		{ "v99999999999999999999999", true, false, 0 },
		{ "v00", true, false, 0 },
		{ "v01", true, false, 0 },
		{ "v", false, false, 0 },
		{ "", false, false, 0 },
		{ "V1", false, false, 0 },
		{ "v1 ", false, false, 0 },
		{ "v-1", false, false, 0 },
		{ "latest", false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t number = 4711;

		assert_int_equal(alias_is_version(view_text(cases[i].alias)), cases[i].is_version);
		assert_int_equal(version_alias_parse(view_text(cases[i].alias), &number),
				 cases[i].has_number);
		assert_int_equal(number, cases[i].has_number ? cases[i].number : 4711);
	}
}

static void addresses_split_into_their_parts(void **state)
{
	static const struct {
		const char *text, *entity, *project, *name, *alias;
	} cases[] = {
		{ "d", "", "", "d", "" },
		{ "d:v3", "", "", "d", "v3" },
		{ "d:best one", "", "", "d", "best one" },
		{ "p/d", "", "p", "d", "" },
		{ "p/d:latest", "", "p", "d", "latest" },
		{ "e/p/d", "e", "p", "d", "" },
		{ "e/my p/d:a", "e", "my p", "d", "a" },
		{ "org/wandb-registry-model/zoo:v0", "org", "wandb-registry-model", "zoo", "v0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct artifact_address address;

		assert_int_equal(artifact_address_parse(&address, view_text(cases[i].text), NULL),
				 0);
		assert_true(view_equal(address.entity, view_text(cases[i].entity)));
		assert_true(view_equal(address.project, view_text(cases[i].project)));
		assert_true(view_equal(address.name, view_text(cases[i].name)));
		assert_true(view_equal(address.alias, view_text(cases[i].alias)));
	}
}

static void bad_addresses_name_text_and_reason(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "", "Artifact name is empty" },
		{ ":v1", "Artifact name is empty" },
		{ "d:", "Alias is empty" },
		{ "d:a:b", "Aliases must not contain" },
		{ "d:a/b", "Aliases must not contain" },
		{ "/d", "Project name is empty" },
		{ "//d", "Project name is empty" },
		{ "/p/d", "Entity name is empty" },
		{ "e//d", "Project name is empty" },
		{ "p/", "Artifact name is empty" },
		{ "a/b/c/d", "Invalid name: 'c/d'" },
		{ "e/wandb-registry-/d", "Registry name is empty" },
		{ "a b", "Invalid name: 'a b'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct artifact_address address;
		struct muster_error err = { 0 };

		assert_int_equal(artifact_address_parse(&address, view_text(cases[i].text), &err),
				 MUSTER_E_USAGE);
		assert_int_equal(artifact_address_parse(&address, view_text(cases[i].text), NULL),
				 MUSTER_E_USAGE);
		assert_non_null(strstr(err.message, "is not [[entity/]project/]name[:alias]: "));
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_null(address.name.ptr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(artifact_names_follow_the_rule),
		cmocka_unit_test(types_that_wandb_keeps_are_refused),
		cmocka_unit_test(aliases_follow_the_rule),
		cmocka_unit_test(tags_are_words_parted_by_spaces),
		cmocka_unit_test(projects_follow_the_rule),
		cmocka_unit_test(entities_follow_the_rule),
		cmocka_unit_test(version_aliases_are_numbers),
		cmocka_unit_test(addresses_split_into_their_parts),
		cmocka_unit_test(bad_addresses_name_text_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
