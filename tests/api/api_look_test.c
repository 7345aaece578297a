#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/api/fixture.h"

static void append(struct collected *told, const char *text)
{
	collect(told, text, strlen(text), NULL);
}

static bool tell_entry(void *state, const struct muster_entry_info *info)
{
	append(state, info->path);
	append(state, info->is_directory ? "/ " : " ");
	return true;
}

static bool tell_change(void *state, const struct muster_change_info *info)
{
	append(state, info->kind == MUSTER_CHANGE_ADDED	    ? "+"
		      : info->kind == MUSTER_CHANGE_REMOVED ? "-"
							    : "~");
	append(state, info->path);
	return true;
}

static bool tell_collection(void *state, const struct muster_collection_info *info)
{
	append(state, info->name);
	append(state, " ");
	return true;
}

static bool tell_version(void *state, const struct muster_version_info *info)
{
	char text[32];

	snprintf(text, sizeof(text), "v%llu ", (unsigned long long)info->number);
	append(state, text);
	return true;
}

static bool tell_event(void *state, const struct muster_event_info *info)
{
	append(state, info->kind);
	append(state, " ");
	return true;
}

/* data:v0 has a and d/b; v1 has another a, d/b and e. */
static void make_versions(struct place *place)
{
	place_write(place, "tree/a", "one");
	place_write(place, "tree/d/b", "two");
	place_put(place, "data");
	place_write(place, "tree/a", "ONE");
	place_write(place, "tree/e", "");
	place_put(place, "data");
	place_put(place, "other");
}

static void all_that_is_there_can_be_looked_at(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	struct collected told = { .len = 0 };

	make_versions(place);
	assert_false(muster_collections(repository, tell_collection, &told, NULL));
	assert_string_equal(told.text, "data other ");
	told.len = 0;
	assert_false(muster_versions(repository, "tests/data", tell_version, &told, NULL));
	assert_string_equal(told.text, "v0 v1 ");
	told.len = 0;
	assert_false(muster_show(repository, "data", tell_version, &told, NULL));
	assert_string_equal(told.text, "v1 ");
	told.len = 0;
	assert_false(muster_entries(repository, "data:v1", NULL, true, tell_entry, &told, NULL));
	assert_string_equal(told.text, "a d/ e ");
	told.len = 0;
	assert_false(muster_entries(repository, "data:v0", "d", false, tell_entry, &told, NULL));
	assert_string_equal(told.text, "d/b ");
	told.len = 0;
	assert_false(muster_cat(repository, "me/tests/data:v0", "a", collect, &told, NULL));
	assert_string_equal(told.text, "one");
	told.len = 0;
	assert_false(muster_history(repository, "data", tell_event, &told, NULL));
	assert_string_equal(told.text, "open save save ");
}

static void versions_and_directories_are_compared(void **state)
{
	struct place *place = *state;
	struct muster_diff_report report;
	struct collected told = { .len = 0 };
	char relative[128];

	make_versions(place);
	assert_false(muster_diff(place->repository, "data:v0", "data", tell_change, &told, &report,
				 NULL));
	assert_string_equal(told.text, "~a+e");
	assert_int_equal(report.added, 1);
	assert_int_equal(report.modified, 1);
	told.len = 0;
	told.text[0] = '\0';
	assert_false(muster_diff(place->repository, place->tree, "data", tell_change, &told, NULL,
				 NULL));
	assert_string_equal(told.text, "");
	assert_false(muster_diff(place->repository, "data:v0", place->tree, tell_change, &told,
				 NULL, NULL));
	assert_string_equal(told.text, "~a+e");
	told.len = 0;
	told.text[0] = '\0';
	assert_int_equal(chdir(place->root), 0);
	snprintf(relative, sizeof(relative), "./tree");
	assert_false(muster_diff(NULL, relative, place->tree, tell_change, &told, NULL, NULL));
	assert_string_equal(told.text, "");
	assert_int_equal(chdir("/"), 0);
}

static void what_is_not_there_or_has_no_meaning_is_said(void **state)
{
	struct place *place = *state;
	struct muster_repository *repository = place->repository;
	struct collected told = { .len = 0 };
	struct muster_error err = { 0 };

	make_versions(place);
	assert_int_equal(muster_versions(repository, "none", tell_version, &told, &err),
			 MUSTER_E_NAME);
	assert_int_equal(muster_versions(repository, "data:v1", tell_version, &told, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_show(repository, "data:v9", tell_version, &told, &err),
			 MUSTER_E_NAME);
	assert_int_equal(muster_show(repository, "x/y/z/data", tell_version, &told, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(muster_entries(repository, "data", "zz", false, tell_entry, &told, &err),
			 MUSTER_E_NAME);
	assert_int_equal(muster_cat(repository, "data", "zz", collect, &told, &err), MUSTER_E_NAME);
	assert_int_equal(muster_history(repository, "none", tell_event, &told, &err),
			 MUSTER_E_NAME);
	assert_int_equal(muster_diff(repository, "data", "none", tell_change, &told, NULL, &err),
			 MUSTER_E_NAME);
	assert_int_equal(
		muster_diff(repository, "data", "/nonexistent/d", tell_change, &told, NULL, &err),
		MUSTER_E_NAME);
	assert_int_equal(muster_diff(NULL, "data", "/tmp", tell_change, &told, NULL, &err),
			 MUSTER_E_USAGE);
	assert_int_equal(told.len, 0);
}

/* Flips a byte of the only pack. */
static void damage_a_pack(const struct place *place)
{
	char folder[128], path[512];
	struct dirent *entry;
	DIR *dir;
	int fd, flipped = 0;
	char byte;

	snprintf(folder, sizeof(folder), "%s/packs", place->repository_path);
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".pack"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		fd = open(path, O_RDWR);
		assert_true(fd >= 0);
		assert_int_equal(pread(fd, &byte, 1, 17), 1);
		byte ^= 4;
		assert_int_equal(pwrite(fd, &byte, 1, 17), 1);
		close(fd);
		flipped++;
	}
	closedir(dir);
	assert_int_equal(flipped, 1);
}

static void bytes_of_a_damaged_pack_are_refused(void **state)
{
	struct place *place = *state;
	struct collected told = { .len = 0 };
	struct muster_error err = { 0 };

	place_write(place, "tree/a", "some bytes");
	place_put(place, "data");
	damage_a_pack(place);
	assert_int_equal(muster_cat(place->repository, "data", "a", collect, &told, &err),
			 MUSTER_E_DIGEST);
	assert_non_null(strstr(err.message, "'a'"));
	assert_int_equal(told.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_that_is_there_can_be_looked_at),
		TEST(versions_and_directories_are_compared),
		TEST(what_is_not_there_or_has_no_meaning_is_said),
		TEST(bytes_of_a_damaged_pack_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
