/*
 * Every page of tests/golden/cloud, cut at every byte: what it says is in the .txt beside it. With
 * --update the .txt files are written anew.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/io/cloud/json_tree.h"
#include "tests/io/cloud/page_trace.h"
#include "tests/support/torture.h"

static const char *folder;
static bool is_update;

static unsigned kind_of(const char *name)
{
	for (unsigned kind = 0; kind < PAGE_KINDS; kind++) {
		size_t len = strlen(page_kind_names[kind]);

		if (strncmp(name, page_kind_names[kind], len) == 0 && name[len] == '.')
			return kind;
	}
	fail_msg("%s begins with no known kind", name);
	return 0;
}

static bool is_page(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".xml") == 0 || strcmp(dot, ".json") == 0);
}

static void each_page(void (*check)(const char *name, unsigned kind, struct view document))
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct bytes document = { 0 };
		char path[4096];

		if (!is_page(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		json_tree_file(path, &document);
		check(entry->d_name, kind_of(entry->d_name), bytes_view(&document));
		bytes_release(&document);
		count++;
	}
	closedir(dir);
	assert_true(count >= 40);
}

static void check_said(const char *name, unsigned kind, struct view document)
{
	struct bytes said = { 0 }, expected = { 0 };
	char path[4096];
	bool is_refused;

	page_trace(&said, kind, document, 0, 0);
	snprintf(path, sizeof(path), "%s/%.*s.txt", folder, (int)(strrchr(name, '.') - name), name);
	if (is_update) {
		FILE *file = fopen(path, "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(said.ptr, 1, said.len, file), said.len);
		assert_int_equal(fclose(file), 0);
	}
	json_tree_file(path, &expected);
	if (!view_equal(bytes_view(&said), bytes_view(&expected)))
		fail_msg("%s says:\n%.*s", name, VIEW_ARGS(bytes_view(&said)));
	/* a page that must be refused is, and only such a one */
	is_refused = memmem(said.ptr, said.len, "failed ", 7) == said.ptr ||
		     memmem(said.ptr, said.len, "\nfailed ", 8) != NULL;
	if (is_refused != (strstr(name, "refused-") != NULL))
		fail_msg("%s says:\n%.*s", name, VIEW_ARGS(bytes_view(&said)));
	bytes_release(&said);
	bytes_release(&expected);
}

static void every_page_says_what_is_beside_it(void **state)
{
	(void)state;
	each_page(check_said);
}

static void check_cuts(const char *name, unsigned kind, struct view document)
{
	struct bytes whole = { 0 }, cut = { 0 };

	page_trace(&whole, kind, document, 0, 0);
	for (size_t split = 1; split < document.len; split++) {
		cut.len = 0;
		page_trace(&cut, kind, document, split, 0);
		if (!view_equal(bytes_view(&cut), bytes_view(&whole)))
			fail_msg("%s, cut at %zu, says:\n%.*s", name, split,
				 VIEW_ARGS(bytes_view(&cut)));
	}
	for (size_t step = 1; step < 4; step++) {
		cut.len = 0;
		page_trace(&cut, kind, document, 0, step);
		assert_true(view_equal(bytes_view(&cut), bytes_view(&whole)));
	}
	bytes_release(&whole);
	bytes_release(&cut);
}

static void every_cut_says_the_same(void **state)
{
	(void)state;
	each_page(check_cuts);
}

static void check_memory(const char *name, unsigned kind, struct view document)
{
	struct bytes whole = { 0 };
	enum muster_code expected = page_trace(&whole, kind, document, 0, 0);

	(void)name;
	/* a trace allocates, too, and aborts: its room is made before */
	for (uint64_t n = 1;; n++) {
		struct bytes said = { 0 };
		enum muster_code code;
		bool hit;

		assert_int_equal(bytes_reserve(&said, whole.len + 1024, NULL), MUSTER_OK);
		torture_allocation(n);
		code = page_trace(&said, kind, document, 0, 0);
		hit = torture_hit();
		torture_off();
		/* of two things that are wrong, expat may tell either */
		if (code != (hit ? MUSTER_E_MEMORY : expected) &&
		    !(hit && muster_failed(expected) && code == expected))
			fail_msg("%s, allocation %u, says:\n%.*s", name, (unsigned)n,
				 VIEW_ARGS(bytes_view(&said)));
		bytes_release(&said);
		if (!hit)
			break;
	}
	bytes_release(&whole);
}

static void no_memory_is_told_on_every_page(void **state)
{
	(void)state;
	each_page(check_memory);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_says_what_is_beside_it),
		cmocka_unit_test(every_cut_says_the_same),
		cmocka_unit_test(no_memory_is_told_on_every_page),
	};

	if (argc < 2)
		return 2;
	folder = argv[1];
	is_update = argc > 2 && strcmp(argv[2], "--update") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
