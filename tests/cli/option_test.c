#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "cli/option.h"
#include "tests/support/torture.h"

struct first {
	const char *repo;
	bool json, quiet;
	uint64_t jobs, memory;
	const char *how;
};

struct second {
	struct option_list list;
	const char *name;
	bool force;
};

static const struct option_spec first_specs[] = {
	{ .letters = "Rr",
	  .name = "repo",
	  .kind = OPTION_TEXT,
	  .offset = offsetof(struct first, repo),
	  .value = "URL" },
	{ .name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct first, json) },
	{ .letters = "q",
	  .name = "quiet",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct first, quiet) },
	{ .letters = "j",
	  .name = "jobs",
	  .kind = OPTION_NUMBER,
	  .offset = offsetof(struct first, jobs),
	  .value = "N",
	  .min = 1,
	  .max = 16 },
	{ .name = "memory",
	  .kind = OPTION_SIZE,
	  .offset = offsetof(struct first, memory),
	  .value = "SIZE" },
	{ .name = "how",
	  .kind = OPTION_CHOICE,
	  .offset = offsetof(struct first, how),
	  .value = "HOW",
	  .choices = "auto|plain" },
};

static const struct option_spec second_specs[] = {
	{ .letters = "a",
	  .name = "alias",
	  .kind = OPTION_LIST,
	  .offset = offsetof(struct second, list),
	  .value = "A",
	  .tag = 'a' },
	{ .name = "tag",
	  .kind = OPTION_LIST,
	  .offset = offsetof(struct second, list),
	  .value = "T",
	  .tag = 't' },
	{ .letters = "n",
	  .name = "name",
	  .kind = OPTION_TEXT,
	  .offset = offsetof(struct second, name),
	  .value = "NAME" },
	{ .letters = "f",
	  .name = "force",
	  .kind = OPTION_FLAG,
	  .offset = offsetof(struct second, force) },
};

struct parsed {
	struct first first;
	struct second second;
	struct word_list words;
	size_t used;
	struct muster_error error;
};

#define ARGUMENTS_MAX 16

/* Splits at spaces; "~" stands for an empty argument. */
static enum muster_code parse(struct parsed *out, const char *line, bool stop_at_word)
{
	static char copy[512];
	char *arguments[ARGUMENTS_MAX], *rest;
	size_t count = 0;
	struct option_set sets[] = { { first_specs, 6, &out->first },
				     { second_specs, 4, &out->second } };
	struct option_request request = {
		.sets = sets, .set_count = 2, .argv = arguments, .stop_at_word = stop_at_word
	};

	memset(out, 0, sizeof(*out));
	assert_true(strlen(line) < sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		assert_true(count < ARGUMENTS_MAX);
		arguments[count++] = strcmp(word, "~") == 0 ? word + 1 : word;
	}
	request.argc = count;
	return options_parse(&request, &out->words, &out->used, &out->error);
}

static void release(struct parsed *parsed)
{
	struct option_set second = { second_specs, 4, &parsed->second };

	options_release(&second);
	word_list_release(&parsed->words);
}

static void options_stand_before_and_behind_words(void **state)
{
	struct parsed parsed;

	(void)state;
	assert_int_equal(parse(&parsed,
			       "-q one --repo=/a two -fnNAME -j 4 --memory 1.5MiB --how plain",
			       false),
			 MUSTER_OK);
	assert_true(parsed.first.quiet && parsed.second.force && !parsed.first.json);
	assert_string_equal(parsed.first.repo, "/a");
	assert_string_equal(parsed.second.name, "NAME");
	assert_string_equal(parsed.first.how, "plain");
	assert_int_equal(parsed.first.jobs, 4);
	assert_int_equal(parsed.first.memory, 1536 * 1024);
	assert_int_equal(parsed.words.count, 2);
	assert_string_equal(parsed.words.items[1], "two");
	release(&parsed);
}

static void both_letters_of_an_option_mean_it(void **state)
{
	struct parsed parsed;

	(void)state;
	assert_int_equal(parse(&parsed, "-r /a", false), MUSTER_OK);
	assert_string_equal(parsed.first.repo, "/a");
	assert_int_equal(parse(&parsed, "-R/b", false), MUSTER_OK);
	assert_string_equal(parsed.first.repo, "/b");
	release(&parsed);
}

static void options_of_one_list_keep_their_order_and_kind(void **state)
{
	static const struct option_item expected[] = {
		{ 'a', "x" }, { 't', "y" }, { 'a', "z" }, { 't', "--json" }, { 'a', "" }
	};
	struct parsed parsed;

	(void)state;
	assert_int_equal(parse(&parsed, "-a x --tag y --alias=z --tag --json --alias=", false),
			 MUSTER_OK);
	assert_int_equal(parsed.second.list.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(parsed.second.list.items[i].tag, expected[i].tag);
		assert_string_equal(parsed.second.list.items[i].text, expected[i].text);
	}
	assert_false(parsed.first.json);
	release(&parsed);
}

static void two_dashes_end_the_options_and_one_is_a_word(void **state)
{
	struct parsed parsed;

	(void)state;
	assert_int_equal(parse(&parsed, "- ~ -- --json -q", false), MUSTER_OK);
	assert_int_equal(parsed.words.count, 4);
	assert_string_equal(parsed.words.items[0], "-");
	assert_string_equal(parsed.words.items[1], "");
	assert_string_equal(parsed.words.items[2], "--json");
	assert_false(parsed.first.json || parsed.first.quiet);
	release(&parsed);
}

static void parsing_can_stop_at_the_first_word(void **state)
{
	struct parsed parsed;

	(void)state;
	assert_int_equal(parse(&parsed, "-q --repo /a put --nosuch", true), MUSTER_OK);
	assert_int_equal(parsed.used, 3);
	assert_int_equal(parsed.words.count, 0);
	release(&parsed);
}

static void mistakes_name_the_option_and_the_reason(void **state)
{
	static const struct {
		const char *line, *reason;
	} cases[] = {
		{ "--jsno", "did you mean --json" },
		{ "--nam x", "did you mean --name" },
		{ "--zzzzzz", "unknown option '--zzzzzz'" },
		{ "--", "" }, /* no mistake */
		{ "-z", "unknown option '-z'" },
		{ "-qz", "unknown option '-z'" },
		{ "--json=yes", "takes no value" },
		{ "--repo", "needs a value" },
		{ "-n", "needs a value" },
		{ "-j 0", "'0' is not a number from 1 to 16" },
		{ "-j 17", "'17' is not a number" },
		{ "--jobs=-1", "'-1' is not a number" },
		{ "--jobs 99999999999999999999", "is not a number" },
		{ "--memory lots", "--memory: 'lots' is not a size" },
		{ "--how au", "'au' is none of auto|plain" },
		{ "--how auto|plain", "is none of" },
		{ "--how=", "'' is none of" },
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum muster_code code = parse(&parsed, cases[i].line, false);

		assert_int_equal(code, *cases[i].reason ? MUSTER_E_USAGE : MUSTER_OK);
		assert_non_null(strstr(parsed.error.message, cases[i].reason));
		release(&parsed);
	}
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
	struct parsed parsed;
	enum muster_code code;

	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		code = parse(&parsed, "a -a x b --tag y c -a z d e", false);
		torture_off();
		if (!torture_hit())
			break;
		assert_int_equal(code, MUSTER_E_MEMORY);
		release(&parsed);
	}
	assert_int_equal(code, MUSTER_OK);
	assert_int_equal(parsed.words.count, 5);
	release(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_before_and_behind_words),
		cmocka_unit_test(both_letters_of_an_option_mean_it),
		cmocka_unit_test(options_of_one_list_keep_their_order_and_kind),
		cmocka_unit_test(two_dashes_end_the_options_and_one_is_a_word),
		cmocka_unit_test(parsing_can_stop_at_the_first_word),
		cmocka_unit_test(mistakes_name_the_option_and_the_reason),
		cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
