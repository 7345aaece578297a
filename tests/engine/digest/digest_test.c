#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/digest/digest.h"

static char root[64];

static int make_tree(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/muster-digest-XXXXXX");
	assert_non_null(mkdtemp(root));
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int remove_tree(void **state)
{
	(void)state;
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static void write_text(const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

struct told {
	char text[1024];
	size_t len;
	int stop_after;
	int failures;
};

static bool tell(void *state, const struct muster_entry_info *info)
{
	struct told *told = state;

	told->len += (size_t)snprintf(told->text + told->len, sizeof(told->text) - told->len,
				      "%s %s %s %llu\n", info->path, info->digest,
				      info->digest_algorithm, (unsigned long long)info->size_bytes);
	return --told->stop_after != 0;
}

static void note_failure(void *state, const char *path, uint64_t path_bytes,
			 const struct muster_error *error)
{
	struct told *told = state;

	assert_true(path_bytes > 0 && path[0] == 'l');
	assert_true(error->message[0] != '\0');
	told->failures++;
}

static struct muster_digest_options options_of(const struct muster_source *source,
					       const char *algorithm, struct told *told)
{
	return (struct muster_digest_options){
		.job = { .worker_count = 2,
			 .memory_bytes = 64 << 20,
			 .on_failure = note_failure,
			 .on_failure_state = told },
		.sources = source,
		.source_count = 1,
		.algorithm = algorithm,
		.on_entry = tell,
		.on_entry_state = told,
	};
}

/* Digests of one file "file1.txt" that holds "hello", as W&B's own tests have them. */
static void digests_are_those_of_wandb(void **state)
{
	static const struct {
		const char *algorithm, *digest, *entry;
	} cases[] = {
		{ NULL, "a00c2239f036fb656c1dcbf9a32d89b4", "XUFAKrxLKna5cZ2REBfFkg== md5" },
		{ "md5", "a00c2239f036fb656c1dcbf9a32d89b4", "XUFAKrxLKna5cZ2REBfFkg== md5" },
		{ "xxh128", "fe0d6c1a25b6d98451da9b04ebf6d80c", "tenBrQcbPn/Hec+qXlI4GA== xxh128" },
	};
	struct muster_source source = { .path = root };

	(void)state;
	write_text("file1.txt", "hello");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told told = { .stop_after = 0 };
		struct muster_digest_options options =
			options_of(&source, cases[i].algorithm, &told);
		struct muster_digest_report report;
		struct muster_error err = { 0 };
		char expected[128];

		if (digest_run(&options, &report, &err))
			fail_msg("%s", err.message);
		snprintf(expected, sizeof(expected), "file1.txt %s 5\n", cases[i].entry);
		assert_string_equal(told.text, expected);
		assert_string_equal(report.digest, cases[i].digest);
		assert_int_equal(report.entry_count, 1);
		assert_int_equal(report.size_bytes, 5);
	}
}

static void a_single_file_has_its_base_name(void **state)
{
	char path[128];
	struct muster_source source = { .path = path };
	struct told told = { .stop_after = 0 };
	struct muster_digest_options options = options_of(&source, "md5", &told);
	struct muster_digest_report report;

	(void)state;
	write_text("file1.txt", "hello");
	write_text("other", "x");
	snprintf(path, sizeof(path), "%s/file1.txt", root);
	assert_int_equal(digest_run(&options, &report, NULL), MUSTER_OK);
	assert_string_equal(told.text, "file1.txt XUFAKrxLKna5cZ2REBfFkg== md5 5\n");
}

static void what_cannot_be_read_is_counted_and_the_rest_digested(void **state)
{
	struct muster_source source = { .path = root };
	struct told told = { .stop_after = 0 };
	struct muster_digest_options options = options_of(&source, "md5", &told);
	struct muster_digest_report report;
	struct muster_error err = { 0 };
	char link[128];

	(void)state;
	write_text("file1.txt", "hello");
	snprintf(link, sizeof(link), "%s/loop", root);
	assert_int_equal(symlink("loop", link), 0);
	assert_int_equal(digest_run(&options, &report, &err), MUSTER_E_ITEMS);
	assert_int_equal(report.failed_items, 1);
	assert_int_equal(told.failures, 1);
	assert_string_equal(report.digest, "a00c2239f036fb656c1dcbf9a32d89b4");
}

static void a_callback_ends_the_run(void **state)
{
	struct muster_source source = { .path = root };
	struct told told = { .stop_after = 1 };
	struct muster_digest_options options = options_of(&source, "md5", &told);
	struct muster_digest_report report;

	(void)state;
	write_text("a", "1");
	write_text("b", "2");
	assert_int_equal(digest_run(&options, &report, NULL), MUSTER_OK);
	assert_int_equal(report.entry_count, 1);
	assert_string_equal(report.digest, "");
}

static void what_has_no_meaning_is_refused(void **state)
{
	struct muster_source source = { .path = root };
	struct told told = { .stop_after = 0 };
	struct muster_digest_options options = options_of(&source, "sha1", &told);
	struct muster_digest_report report;
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(digest_run(&options, &report, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "sha1"));
	options.algorithm = NULL;
	options.source_count = 0;
	assert_int_equal(digest_run(&options, &report, &err), MUSTER_E_USAGE);
	source.path = "/nonexistent/x";
	options.source_count = 1;
	assert_int_equal(digest_run(&options, &report, &err), MUSTER_E_NAME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(digests_are_those_of_wandb),
		TEST(a_single_file_has_its_base_name),
		TEST(what_cannot_be_read_is_counted_and_the_rest_digested),
		TEST(a_callback_ends_the_run),
		TEST(what_has_no_meaning_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
