/* The journal of an upload as a file: who has it, who finds it, and what of it is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/upload/upload_journal.h"
#include "tests/support/torture.h"

static char cache_dir[64];
static const uint8_t repository[16] = { 1 }, other_repository[16] = { 2 };
static const struct object_id pack = { .session = { 3 }, .number = 4 };

static int set_up(void **state)
{
	(void)state;
	snprintf(cache_dir, sizeof(cache_dir), "/tmp/upload-journal-XXXXXX");
	return mkdtemp(cache_dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", cache_dir);
	return system(command);
}

static struct upload_place place(void)
{
	return (struct upload_place){ .cache_dir = cache_dir,
				      .repository_id = repository,
				      .tree = VIEW_LITERAL("/data"),
				      .path = VIEW_LITERAL("a/large"),
				      .size_bytes = 1000 };
}

static struct upload_journal *must_open(void)
{
	struct upload_place at = place();
	struct upload_journal *journal;
	struct muster_error err = { 0 };

	if (upload_journal_open(&journal, &at, &err))
		fail_msg("%s", err.message);
	return journal;
}

static void note_part(struct upload_journal *journal, uint32_t number, uint8_t seed)
{
	struct store_journal *store = upload_journal_store(journal);
	struct store_part part = { .number = number, .size_bytes = 10, .sha256 = { seed } };

	snprintf(part.name, sizeof(part.name), "part %u", number);
	store->sent(store->state, &part);
}

static void note_begin(struct upload_journal *journal)
{
	struct store_journal *store;

	upload_journal_restart(journal, &pack);
	store = upload_journal_store(journal);
	assert_int_equal(store->upload.len, 0);
	store->begun(store->state, VIEW_LITERAL("the upload"));
}

static void make_one(uint32_t part_count)
{
	struct upload_journal *journal = must_open();

	note_begin(journal);
	for (uint32_t i = 1; i <= part_count; i++)
		note_part(journal, i, (uint8_t)i);
	upload_journal_close(journal);
}

/* The one file; its name until the next call. */
static const char *find_file(void)
{
	static char found[128];
	char pattern[96];
	glob_t all;

	snprintf(pattern, sizeof(pattern), "%s/uploads/*.upload", cache_dir);
	assert_int_equal(glob(pattern, 0, NULL, &all), 0);
	assert_int_equal(all.gl_pathc, 1);
	snprintf(found, sizeof(found), "%s", all.gl_pathv[0]);
	globfree(&all);
	return found;
}

static void what_was_noted_is_found(void **state)
{
	struct upload_journal *journal = must_open();
	struct store_journal *store;

	(void)state;
	assert_null(upload_journal_pack(journal));
	upload_journal_close(journal);
	make_one(3);
	journal = must_open();
	note_part(journal, 2, 99); /* anew */
	note_part(journal, 5, 5);
	upload_journal_close(journal);

	journal = must_open();
	assert_false(upload_journal_was_damaged(journal));
	assert_true(object_id_equal(upload_journal_pack(journal), &pack));
	store = upload_journal_store(journal);
	assert_true(view_equal(store->upload, VIEW_LITERAL("the upload")));
	assert_int_equal(store->part_count, 5);
	assert_int_equal(store->parts[0].sha256[0], 1);
	assert_int_equal(store->parts[1].sha256[0], 99);
	assert_int_equal(store->parts[3].size_bytes, 0);
	assert_string_equal(store->parts[4].name, "part 5");
	upload_journal_remove(journal);

	journal = must_open();
	assert_null(upload_journal_pack(journal));
	upload_journal_close(journal);
}

static void a_new_upload_forgets_the_old_one(void **state)
{
	struct upload_journal *journal;

	(void)state;
	make_one(3);
	make_one(1);
	journal = must_open();
	assert_int_equal(upload_journal_store(journal)->part_count, 1);
	upload_journal_close(journal);
}

static void only_its_owner_can_read_it(void **state)
{
	struct stat st;

	(void)state;
	make_one(1);
	assert_int_equal(stat(find_file(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void other_files_have_other_journals(void **state)
{
	struct upload_place others[] = { place(), place(), place(), place() };

	(void)state;
	make_one(1);
	others[0].repository_id = other_repository;
	others[1].tree = VIEW_LITERAL("/data2");
	others[2].path = VIEW_LITERAL("a/larg");
	others[3].size_bytes = 1001;
	for (size_t i = 0; i < 4; i++) {
		struct upload_journal *journal;

		assert_int_equal(upload_journal_open(&journal, &others[i], NULL), MUSTER_OK);
		assert_null(upload_journal_pack(journal));
		upload_journal_remove(journal);
	}
}

/* Of this process, or of another one: an open file is an owner. */
static void who_lives_keeps_it(void **state)
{
	struct upload_place at = place();
	struct upload_journal *journal = must_open(), *second;
	int status;
	pid_t child;

	(void)state;
	note_begin(journal);
	assert_int_equal(upload_journal_open(&second, &at, NULL), MUSTER_EXISTS);
	upload_journal_each_stale(cache_dir, repository, INT64_MAX / 2, 0, NULL, NULL);
	child = fork();
	if (!child)
		_exit(upload_journal_open(&second, &at, NULL) == MUSTER_EXISTS ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	upload_journal_close(journal);
	journal = must_open();
	assert_non_null(upload_journal_pack(journal));
	upload_journal_close(journal);
}

static void damage(size_t at, bool cuts)
{
	const char *name = find_file();
	uint8_t byte;
	int fd = open(name, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	if (cuts) {
		assert_int_equal(ftruncate(fd, (off_t)at), 0);
	} else {
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	}
	close(fd);
}

/* Whatever happened to it: parts before the damage are known, and further ones can be noted. */
static void what_is_damaged_is_ignored(void **state)
{
	struct stat st;

	(void)state;
	make_one(3);
	assert_int_equal(stat(find_file(), &st), 0);
	for (size_t at = 0; at < (size_t)st.st_size; at++) {
		for (int cuts = 0; cuts < 2; cuts++) {
			struct upload_journal *journal;
			size_t known;

			make_one(3);
			damage(at, cuts);
			journal = must_open();
			if (!cuts)
				assert_true(upload_journal_was_damaged(journal) ||
					    upload_journal_store(journal)->part_count < 3);
			known = upload_journal_store(journal)->part_count;
			assert_true(known < 3);
			if (upload_journal_pack(journal))
				note_part(journal, (uint32_t)known + 1, 7);
			else
				assert_int_equal(known, 0);
			upload_journal_close(journal);
			journal = must_open();
			if (upload_journal_pack(journal))
				assert_int_equal(upload_journal_store(journal)->part_count,
						 known + 1);
			upload_journal_close(journal);
		}
	}
}

static void a_copy_is_of_somebody_else(void **state)
{
	char command[600];
	const char *name;
	struct upload_journal *journal;

	(void)state;
	make_one(3);
	name = find_file();
	snprintf(command, sizeof(command), "cp %s %s.c && mv %s.c %s", name, name, name, name);
	assert_int_equal(system(command), 0);
	journal = must_open();
	assert_null(upload_journal_pack(journal));
	assert_true(upload_journal_was_damaged(journal));
	upload_journal_close(journal);
}

static void count_stale(void *state, struct upload_journal *journal)
{
	++*(unsigned *)state;
	assert_true(object_id_equal(upload_journal_pack(journal), &pack));
	upload_journal_remove(journal);
}

static void only_old_ones_are_stale(void **state)
{
	struct stat st;
	unsigned count = 0;
	int64_t now_s;

	(void)state;
	make_one(2);
	assert_int_equal(stat(find_file(), &st), 0);
	now_s = st.st_mtime + 100;
	upload_journal_each_stale(cache_dir, repository, now_s, 100, count_stale, &count);
	upload_journal_each_stale(cache_dir, other_repository, now_s, 99, count_stale, &count);
	assert_int_equal(count, 0);
	upload_journal_each_stale(cache_dir, repository, now_s, 99, count_stale, &count);
	assert_int_equal(count, 1);
	upload_journal_each_stale(cache_dir, repository, now_s, 99, count_stale, &count);
	assert_int_equal(count, 1);
}

/* The disk is full after so many bytes: what was written whole is known, and nothing else fails. */
static void no_write_must_succeed(void **state)
{
	struct rlimit before, limit;
	struct stat st;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	make_one(3);
	assert_int_equal(stat(find_file(), &st), 0);
	for (off_t full = 0; full <= st.st_size; full += 5) {
		struct upload_journal *journal;
		size_t known;

		limit = (struct rlimit){ .rlim_cur = (rlim_t)full, .rlim_max = before.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		make_one(3);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		journal = must_open();
		assert_false(upload_journal_was_damaged(journal) && full >= OBJECT_HEADER_BYTES);
		known = upload_journal_store(journal)->part_count;
		assert_true(known <= 3 && (known == 3 || full < st.st_size));
		upload_journal_close(journal);
	}
	upload_journal_remove(must_open());
}

static void no_allocation_must_succeed(void **state)
{
	bool is_over = false;

	(void)state;
	make_one(100);
	for (unsigned n = 1; !is_over && torture_allocation(n); n++) {
		struct upload_place at = place();
		struct upload_journal *journal = NULL;
		enum muster_code code = upload_journal_open(&journal, &at, NULL);

		if (!code)
			note_part(journal, 101, 1);
		is_over = !torture_hit();
		torture_off();
		assert_true(code == MUSTER_OK || code == MUSTER_E_MEMORY);
		upload_journal_close(journal);
	}
	upload_journal_remove(must_open());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_noted_is_found),	  TEST(a_new_upload_forgets_the_old_one),
		TEST(only_its_owner_can_read_it), TEST(other_files_have_other_journals),
		TEST(who_lives_keeps_it),	  TEST(what_is_damaged_is_ignored),
		TEST(a_copy_is_of_somebody_else), TEST(only_old_ones_are_stale),
		TEST(no_write_must_succeed),	  TEST(no_allocation_must_succeed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
