#include <stdio.h>
#include <stdlib.h>

#include "artifact/path.h"
#include "engine/look/look.h"
#include "tests/engine/look/fixture.h"

/* What a listing gave: paths, each with a line feed behind it; directories with a slash. */
struct told {
	char text[65536];
	size_t len;
	size_t stop_after; /* 0: never */
	size_t count;
};

static bool tell(void *state, const struct muster_entry_info *info)
{
	struct told *told = state;

	assert_int_equal(strlen(info->path), info->path_bytes);
	assert_int_equal(info->is_directory, info->digest_text[0] == '\0');
	told->len += (size_t)snprintf(told->text + told->len, sizeof(told->text) - told->len,
				      "%s%s\n", info->path, info->is_directory ? "/" : "");
	assert_true(told->len < sizeof(told->text));
	return ++told->count != told->stop_after;
}

static enum muster_code list(struct fixture *fixture, const char *prefix, bool one_level,
			     struct told *told)
{
	struct artifact_address address = fixture_address("");
	struct muster_error err = { 0 };
	enum muster_code code;

	told->len = told->count = 0;
	told->text[0] = '\0';
	code = look_entries(fixture->repository, &address, prefix, one_level, tell, told, &err);
	if (code)
		assert_true(strlen(err.message) > 0);
	return code;
}

static void save_paths(struct fixture *fixture, const char *const *paths, size_t count)
{
	struct entry *entries = calloc(count, sizeof(*entries));

	for (size_t i = 0; i < count; i++)
		entries[i] = fixture_entry(paths[i], paths[i]);
	fixture_save(fixture, entries, count);
	free(entries);
}

/* In byte order: '-' and '.' come before '/', '0' behind it. */
static const char *const paths[] = {
	"a",	"a-b",	"a/b",	  "a/b.txt", "a/b/c", "a/b/c-d", "a/b/c/d/e",  "a/b/c/f",   "a/b/d",
	"a/b0", "a/bc", "a/bc/d", "a0",	     "a0/x",  "ab/c",	 "\xc3\xa9/f", "\xc3\xa9g",
};
#define PATH_COUNT (sizeof(paths) / sizeof(paths[0]))

static void a_prefix_ends_at_a_component(void **state)
{
	static const struct {
		const char *prefix, *expected;
	} cases[] = {
		{ "a/b", "a/b\na/b/c\na/b/c-d\na/b/c/d/e\na/b/c/f\na/b/d\n" },
		{ "a/b/", "a/b\na/b/c\na/b/c-d\na/b/c/d/e\na/b/c/f\na/b/d\n" },
		{ "./a//b", "a/b\na/b/c\na/b/c-d\na/b/c/d/e\na/b/c/f\na/b/d\n" },
		{ "a/b/c", "a/b/c\na/b/c/d/e\na/b/c/f\n" },
		{ "a/bc", "a/bc\na/bc/d\n" },
		{ "a-b", "a-b\n" },
		{ "ab", "ab/c\n" },
		{ "\xc3\xa9", "\xc3\xa9/f\n" },
	};
	struct fixture *fixture = *state;
	struct told told = { .stop_after = 0 };

	save_paths(fixture, paths, PATH_COUNT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(list(fixture, cases[i].prefix, false, &told), MUSTER_OK);
		assert_string_equal(told.text, cases[i].expected);
	}
}

static void no_prefix_lists_all(void **state)
{
	static const char *const prefixes[] = { NULL, "", "/", ".", "./" };
	struct fixture *fixture = *state;
	struct told told = { .stop_after = 0 };

	save_paths(fixture, paths, PATH_COUNT);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		assert_int_equal(list(fixture, prefixes[i], false, &told), MUSTER_OK);
		assert_int_equal(told.count, PATH_COUNT);
	}
}

static void one_level_names_directories_once(void **state)
{
	static const struct {
		const char *prefix, *expected;
	} cases[] = {
		{ NULL, "a\na-b\na/\na0\na0/\nab/\n\xc3\xa9/\n\xc3\xa9g\n" },
		{ "a", "a\na/b\na/b.txt\na/b/\na/b0\na/bc\na/bc/\n" },
		{ "a/b", "a/b\na/b/c\na/b/c-d\na/b/c/\na/b/d\n" },
		{ "a/b/c/d", "a/b/c/d/e\n" },
		{ "a/b/d", "a/b/d\n" },
	};
	struct fixture *fixture = *state;
	struct told told = { .stop_after = 0 };

	save_paths(fixture, paths, PATH_COUNT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(list(fixture, cases[i].prefix, true, &told), MUSTER_OK);
		assert_string_equal(told.text, cases[i].expected);
	}
}

static void what_is_not_there_is_named(void **state)
{
	static const struct {
		const char *prefix;
		enum muster_code code;
	} cases[] = {
		{ "b", MUSTER_E_NAME },	      { "a/b/e", MUSTER_E_NAME }, { "zz/y", MUSTER_E_NAME },
		{ "../a", MUSTER_E_USAGE },   { "..", MUSTER_E_USAGE },	  { "/a", MUSTER_E_USAGE },
		{ "a/../b", MUSTER_E_USAGE },
	};
	struct fixture *fixture = *state;
	struct told told = { .stop_after = 0 };

	save_paths(fixture, paths, PATH_COUNT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(list(fixture, cases[i].prefix, false, &told), cases[i].code);
		assert_int_equal(list(fixture, cases[i].prefix, true, &told), cases[i].code);
		assert_int_equal(told.count, 0);
	}
}

static void a_callback_ends_the_listing(void **state)
{
	struct fixture *fixture = *state;
	struct told told = { .stop_after = 3 };

	save_paths(fixture, paths, PATH_COUNT);
	assert_int_equal(list(fixture, NULL, false, &told), MUSTER_OK);
	assert_string_equal(told.text, "a\na-b\na/b\n");
	assert_int_equal(list(fixture, "a", true, &told), MUSTER_OK);
	assert_string_equal(told.text, "a\na/b\na/b.txt\n");
	told.stop_after = 1;
	assert_int_equal(list(fixture, "a", true, &told), MUSTER_OK);
	assert_string_equal(told.text, "a\n");
}

static void an_entry_is_told_in_full(void **state)
{
	struct fixture *fixture = *state;
	struct entry entries[2] = { fixture_entry("bytes", "hello") };
	struct told told = { .stop_after = 0 };
	char etag[200];

	memset(etag, 'e', sizeof(etag));
	entries[1] = (struct entry){ .path = VIEW_LITERAL("ref"),
				     .digest_text = view_of(etag, sizeof(etag)),
				     .ref = VIEW_LITERAL("s3://bucket/key"),
				     .extra = VIEW_LITERAL("{\"etag\":\"x\"}") };
	fixture_save(fixture, entries, 2);
	assert_int_equal(list(fixture, NULL, false, &told), MUSTER_OK);
	assert_string_equal(told.text, "bytes\nref\n");
}

static bool check_details(void *state, const struct muster_entry_info *info)
{
	int *seen = state;

	(*seen)++;
	if (strcmp(info->path, "bytes") == 0) {
		assert_string_equal(info->digest, "XUFAKrxLKna5cZ2REBfFkg==");
		assert_string_equal(info->digest_text, info->digest);
		assert_string_equal(info->digest_algorithm, "md5");
		assert_true(info->has_size);
		assert_int_equal(info->size_bytes, 5);
		assert_null(info->reference);
		assert_null(info->extra);
		return true;
	}
	assert_string_equal(info->digest, "");
	assert_int_equal(strlen(info->digest_text), 200);
	assert_string_equal(info->digest_algorithm, "text");
	assert_false(info->has_size);
	assert_string_equal(info->reference, "s3://bucket/key");
	assert_string_equal(info->extra, "{\"etag\":\"x\"}");
	return true;
}

static void details_are_what_the_version_says(void **state)
{
	struct fixture *fixture = *state;
	struct artifact_address address = fixture_address("v0");
	int seen = 0;

	an_entry_is_told_in_full(state);
	assert_int_equal(look_entries(fixture->repository, &address, NULL, false, check_details,
				      &seen, NULL),
			 MUSTER_OK);
	assert_int_equal(seen, 2);
}

/* 60 directories of 3,000 files each, and a small one with a few files. */
static void one_directory_of_a_large_version_reads_little_of_it(void **state)
{
	enum { DIRECTORIES = 60, FILES = 3000 };
	struct fixture *fixture = *state;
	size_t count = DIRECTORIES * FILES, at = 0;
	struct entry *entries = calloc(count, sizeof(*entries));
	char(*names)[32] = calloc(count, sizeof(*names));
	struct told told = { .stop_after = 0 };
	uint64_t before, whole, part;

	assert_non_null(entries);
	assert_non_null(names);
	for (int d = 0; d < DIRECTORIES; d++)
		for (int f = 0; f < FILES; f++, at++) {
			snprintf(names[at], sizeof(names[at]), "dir-%02d/file-%06d", d, f);
			entries[at] = fixture_entry(names[at], names[at]);
		}
	fixture_save(fixture, entries, count);
	before = fixture_read_bytes(fixture);
	assert_int_equal(list(fixture, "dir-59/file-002999", false, &told), MUSTER_OK);
	whole = fixture_read_bytes(fixture) - before;
	assert_true(whole < 400000); /* settings, log, footer, a block, a leaf */

	before = fixture_read_bytes(fixture);
	assert_int_equal(list(fixture, NULL, true, &told), MUSTER_OK);
	part = fixture_read_bytes(fixture) - before;
	assert_int_equal(told.count, DIRECTORIES);
	/* All entries take more than 6 MB; a leaf or two a directory far less. */
	assert_true(part < 3000000);
	free(entries);
	free(names);
}

static int compare_paths(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

/* Of sorted paths, without seeking: what a listing must give. */
static void list_naively(char (*sorted)[24], size_t count, const char *prefix, bool one_level,
			 struct told *out)
{
	size_t skip = strlen(prefix) ? strlen(prefix) + 1 : 0;
	char last[32] = "";

	out->len = out->count = 0;
	out->text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const char *slash;
		char line[32];

		if (!path_is_under(view_text(prefix), view_text(sorted[i])))
			continue;
		snprintf(line, sizeof(line), "%s\n", sorted[i]);
		slash = strlen(sorted[i]) > skip ? strchr(sorted[i] + skip, '/') : NULL;
		if (one_level && slash)
			snprintf(line, sizeof(line), "%.*s/\n", (int)(slash - sorted[i]),
				 sorted[i]);
		if (strcmp(line, last) == 0)
			continue;
		memcpy(last, line, sizeof(last));
		out->count++;
		out->len += (size_t)snprintf(out->text + out->len, sizeof(out->text) - out->len,
					     "%s", line);
	}
}

static size_t make_paths(uint64_t *seed, char (*out)[24], size_t max)
{
	static const char letters[] = "a-/.0bc/";
	char *pointers[600];
	char(*made)[24] = calloc(max, sizeof(*made));
	size_t count = 0, kept = 0;

	while (count < max) {
		size_t len = 1 + fixture_random(seed, 8);
		char *path = made[count];

		for (size_t i = 0; i < len; i++)
			path[i] = letters[fixture_random(seed, sizeof(letters) - 1)];
		path[len] = '\0';
		if (!entry_path_check(view_text(path), NULL))
			pointers[count++] = path;
	}
	qsort(pointers, count, sizeof(pointers[0]), compare_paths);
	for (size_t i = 0; i < count; i++)
		if (!kept || strcmp(out[kept - 1], pointers[i]) != 0)
			memcpy(out[kept++], pointers[i], 24);
	free(made);
	return kept;
}

static void any_prefix_of_any_version_is_listed_as_it_should_be(void **state)
{
	static const char *const prefixes[] = {
		"", "a", "b", "c", "0", "a/a", "a/b", "b/a", "a/-"
	};
	struct fixture *fixture = *state;
	uint64_t seed = 20240229;

	for (int round = 0; round < 20; round++) {
		static char sorted[600][24];
		size_t count = make_paths(&seed, sorted, 600);
		static struct entry entries[600];
		static struct told told, naive;

		for (size_t i = 0; i < count; i++)
			entries[i] = fixture_entry(sorted[i], sorted[i]);
		fixture_save(fixture, entries, count);
		for (size_t p = 0; p < 2 * sizeof(prefixes) / sizeof(prefixes[0]); p++) {
			const char *prefix = prefixes[p / 2];

			list_naively(sorted, count, prefix, p % 2, &naive);
			list(fixture, prefix, p % 2, &told);
			assert_string_equal(told.text, naive.text);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_prefix_ends_at_a_component),
		TEST(no_prefix_lists_all),
		TEST(one_level_names_directories_once),
		TEST(what_is_not_there_is_named),
		TEST(a_callback_ends_the_listing),
		TEST(details_are_what_the_version_says),
		TEST(one_directory_of_a_large_version_reads_little_of_it),
		TEST(any_prefix_of_any_version_is_listed_as_it_should_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
