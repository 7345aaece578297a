/* Every way that a walk may go. */
#ifndef TESTS_IO_TREE_WAYS_H
#define TESTS_IO_TREE_WAYS_H

#include "tests/io/tree/tree.h"

#include <dirent.h>
#include <sys/resource.h>

/* Every way that a walk may go must find the same. */
static const struct {
	struct walk_options options;
	struct walk_tuning tuning;
} ways[] = {
	{ { 0 }, { 0 } },
	{ { .thread_count = 1 }, { 0 } },
	{ { .thread_count = 8 }, { 0 } },
	{ { .thread_count = 3, .ahead_entry_max = 1 }, { 0 } },
	{ { .thread_count = 3, .ahead_entry_max = 600 }, { .fd_max = 4 } },
	{ { .thread_count = 4 }, { .fd_max = 1 } },
	{ { .thread_count = 2 }, { .sort_max = 1, .spill_memory_bytes = 1 } },
	{ { .thread_count = 5 }, { .sort_max = 3, .spill_memory_bytes = 2000, .fd_max = 6 } },
	{ { .thread_count = 300 }, { .names_max_bytes = 100 } },
	{ { .types_only = true }, { 0 } },
	{ { .thread_count = 4, .types_only = true }, { .fd_max = 1 } },
	{ { .thread_count = 5, .types_only = true },
	  { .sort_max = 3, .spill_memory_bytes = 2000 } },
};

#define WAY_COUNT (sizeof(ways) / sizeof(ways[0]))

static inline void assert_all_ways_find(const struct paths *files, const struct paths *errors)
{
	unsigned fd_count = open_fd_count();

	for (size_t i = 0; i < WAY_COUNT; i++)
		assert_finds(&ways[i].options, &ways[i].tuning, files, errors);
	assert_int_equal(open_fd_count(), fd_count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

#endif
