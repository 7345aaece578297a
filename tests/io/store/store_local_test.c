/* Where a local store may be, what it leaves behind, what it syncs. */
#include "tests/io/store/local_lab.h"

/* ---- where a store may be ---- */

static void only_a_directory_can_be_opened(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	struct store *store = (void *)1;

	assert_int_equal(store_local_open(&store, below(place, "none"), NULL, &err), MUSTER_E_NAME);
	assert_null(store);
	assert_non_null(strstr(err.message, "no such directory"));
	write_file(below(place, "file"), "");
	assert_int_equal(store_local_open(&store, below(place, "file"), NULL, &err), MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "not a directory"));
}

static void assert_free(const char *path, bool expected)
{
	bool is_free = !expected;

	assert_int_equal(store_local_is_empty_or_absent(path, &is_free, NULL), MUSTER_OK);
	assert_int_equal(is_free, expected);
}

static void a_store_begins_only_in_an_empty_place(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	const char *path = below(place, "a/b//c/");

	assert_free(path, true);
	assert_int_equal(store_local_create(path, &err), MUSTER_OK);
	assert_free(path, true);
	assert_int_equal(store_local_create(path, &err), MUSTER_OK);
	assert_int_equal(store_local_create(below(place, "a/b"), &err), MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "holds 'c'"));
	write_file(below(place, "file"), "x");
	assert_free(below(place, "file"), false);
	assert_int_equal(store_local_create(below(place, "file"), &err), MUSTER_E_REFUSED);
	assert_int_equal(store_local_create(below(place, "file/x"), &err), MUSTER_E_REFUSED);
	assert_int_equal(store_local_create("", &err), MUSTER_E_USAGE);
}

static void what_a_cut_off_beginning_leaves_is_empty(void **state)
{
	struct place *place = *state;

	assert_int_equal(mkdir(below(place, "repository"), 0777), 0);
	assert_free(place->path, false); /* somebody's own directory */
	assert_int_equal(mkdir(below(place, "tmp"), 0777), 0);
	write_file(below(place, "tmp/.tmp-1"), "half");
	assert_free(place->path, true);
	assert_int_equal(store_local_create(place->path, NULL), MUSTER_OK);
	write_file(below(place, "tmp/notes"), "somebody's own file");
	assert_free(place->path, false);
}

/* ---- temporary files ---- */

static bool is_new(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return time(NULL) - st.st_mtime < 3600;
}

static void old_temporary_files_are_removed_at_open(void **state)
{
	static const struct {
		const char *name;
		uint64_t age_ns;
		bool kept;
	} cases[] = {
		{ "tmp/.tmp-old", 25 * HOUR_NS, false },
		{ "tmp/.tmp-young", 23 * HOUR_NS, true },
		{ "tmp/notes", 99 * HOUR_NS, true },
		{ "packs", 99 * HOUR_NS, true },
	};
	struct place *place = *state;
	struct store_local_options keep = { .keep_temporary = true };
	struct store_local_temporaries found;
	struct store *store;

	assert_int_equal(mkdir(below(place, "tmp"), 0777), 0);
	for (size_t i = 0; i < 4; i++) {
		write_file(below(place, cases[i].name), "x");
		set_age(below(place, cases[i].name), cases[i].age_ns);
	}
	assert_int_equal(store_local_open(&store, place->path, &keep, NULL), MUSTER_OK);
	store_free(store);
	assert_int_equal(count_temporary(place), 2);
	assert_int_equal(store_local_open(&store, place->path, NULL, NULL), MUSTER_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(access(below(place, cases[i].name), F_OK) == 0, cases[i].kept);
	assert_int_equal(store_local_count_temporary(store, &found, NULL), MUSTER_OK);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.size_bytes, 1);
	assert_int_equal(store_local_clean_temporary(store, HOUR_NS, &found, NULL), MUSTER_OK);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.size_bytes, 1);
	assert_int_equal(store_local_clean_temporary(store, HOUR_NS, &found, NULL), MUSTER_OK);
	assert_int_equal(found.count, 0);
	assert_int_equal(store_local_touch(store, "tmp/notes", NULL), MUSTER_OK);
	assert_true(is_new(below(place, "tmp/notes")));
	assert_int_equal(store_local_touch(store, "tmp/nothing", NULL), MUSTER_ABSENT);
	store_free(store);
}

static enum muster_code same_random(void *state, void *out, size_t len, struct muster_error *err)
{
	(void)state, (void)err;
	memset(out, 42, len);
	return MUSTER_OK;
}

static void two_processes_with_one_seed_do_not_meet(void **state)
{
	struct place *place = *state;
	struct effects effects = *effects_system();
	struct store_local_options options = { .effects = &effects };
	struct store_writer *writers[2];
	struct store *stores[2];

	effects.random = same_random;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_local_open(&stores[i], place->path, &options, NULL),
				 MUSTER_OK);
		assert_int_equal(store_write_begin(stores[i], i ? "b" : "a", &writers[i], NULL),
				 MUSTER_OK);
	}
	assert_int_equal(count_temporary(place), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_write_append(writers[i], view_text(i ? "B" : "A"), NULL),
				 MUSTER_OK);
		assert_int_equal(store_write_finish(writers[i], NULL), MUSTER_OK);
		store_free(stores[i]);
	}
	assert_int_equal(count_temporary(place), 0);
}

/* ---- what is synced when ---- */

static void a_created_object_is_synced_with_all_new_directories(void **state)
{
	static const struct {
		const char *key;
		uint64_t fsync_count;
	} cases[] = {
		{ "a/b/1", 3 }, /* a/b, a, the root */
		{ "a/b/2", 1 }, { "a/c/1", 2 }, { "a/1", 1 }, { "1", 1 }, { "d/1", 2 },
	};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sys_fault_arm(&place->sys, 0, 0);
		assert_int_equal(store_create(place->store, cases[i].key, VIEW_LITERAL("x"), NULL),
				 MUSTER_OK);
		assert_int_equal(calls(place, SYS_CALL_FDATASYNC), 1);
		assert_int_equal(calls(place, SYS_CALL_FSYNC), cases[i].fsync_count);
	}
}

static void a_probe_is_created_without_a_sync(void **state)
{
	struct place *place = *state;

	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(store_create(place->store, "probe/a/1", VIEW_LITERAL("x"), NULL),
			 MUSTER_OK);
	assert_int_equal(store_create(place->store, "probe/a/1", VIEW_LITERAL("y"), NULL),
			 MUSTER_EXISTS);
	assert_int_equal(calls(place, SYS_CALL_FDATASYNC), 0);
	assert_int_equal(calls(place, SYS_CALL_FSYNC), 0);
}

static void a_writer_leaves_its_directory_to_the_next_sync(void **state)
{
	struct place *place = *state;
	struct store_writer *writer;

	sys_fault_arm(&place->sys, 0, 0);
	for (int i = 0; i < 3; i++) {
		char key[16];

		snprintf(key, sizeof(key), "p/q/%d", i);
		assert_int_equal(store_write_begin(place->store, key, &writer, NULL), MUSTER_OK);
		assert_int_equal(store_write_append(writer, VIEW_LITERAL("x"), NULL), MUSTER_OK);
		assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	}
	assert_int_equal(calls(place, SYS_CALL_FDATASYNC), 3);
	assert_int_equal(calls(place, SYS_CALL_FSYNC), 0);
	assert_int_equal(calls(place, SYS_CALL_SYNCFS), 0);
	assert_int_equal(store_sync(place->store, NULL), MUSTER_OK);
	assert_int_equal(calls(place, SYS_CALL_FSYNC), 3); /* p/q, p, the root */
	assert_int_equal(calls(place, SYS_CALL_SYNCFS), 1);
	assert_int_equal(store_sync(place->store, NULL), MUSTER_OK);
	assert_int_equal(calls(place, SYS_CALL_FSYNC), 3);
	assert_int_equal(calls(place, SYS_CALL_SYNCFS), 2); /* for the names of others */
}

static void after_a_failed_sync_no_sync_succeeds(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };

	sys_fault_arm(&place->sys, 1, EIO);
	assert_int_equal(store_sync(place->store, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EIO);
	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(store_sync(place->store, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "earlier sync failed"));
}

static void large_appends_are_one_call_each_and_written_back_on_the_way(void **state)
{
	struct place *place = *state;
	size_t len = 8 << 20;
	uint8_t *data = calloc(1, len);
	struct store_writer *writer;

	assert_non_null(data);
	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(store_write_begin(place->store, "p", &writer, NULL), MUSTER_OK);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(store_write_append(writer, VIEW_LITERAL("small"), NULL),
				 MUSTER_OK);
		assert_int_equal(store_write_append(writer, view_of(data, len), NULL), MUSTER_OK);
	}
	assert_int_equal(calls(place, SYS_CALL_WRITEV) + calls(place, SYS_CALL_WRITE), 4);
	assert_int_equal(calls(place, SYS_CALL_SYNC_FILE_RANGE), 4);
	store_write_abort(writer);
	free(data);
}

static void small_appends_are_put_together(void **state)
{
	struct place *place = *state;
	struct store_writer *writer;
	struct bytes got = { 0 };

	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(store_write_begin(place->store, "p", &writer, NULL), MUSTER_OK);
	for (int i = 0; i < 65536; i++)
		assert_int_equal(store_write_append(writer, VIEW_LITERAL("0123456789abcdef"), NULL),
				 MUSTER_OK);
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	assert_true(calls(place, SYS_CALL_WRITEV) + calls(place, SYS_CALL_WRITE) <= 17);
	assert_int_equal(store_get(place->store, "p", &got, 1 << 20, NULL), MUSTER_OK);
	assert_int_equal(got.len, 1 << 20);
	for (size_t i = 0; i < got.len; i++)
		assert_int_equal(got.ptr[i], "0123456789abcdef"[i % 16]);
	bytes_release(&got);
}

/* ---- network file systems ---- */

static void an_exists_without_a_file_is_tried_again(void **state)
{
	struct place *place = *state;
	bool is_there;

	assert_int_equal(store_create(place->store, "1", VIEW_LITERAL("x"), NULL), MUSTER_OK);
	sys_fault_arm(&place->sys, 4, EEXIST); /* openat, write, fdatasync, renameat2 */
	assert_int_equal(store_create(place->store, "2", VIEW_LITERAL("y"), NULL), MUSTER_OK);
	assert_true(atomic_load(&place->sys.hit));
	assert_int_equal(calls(place, SYS_CALL_RENAMEAT2), 2);
	assert_int_equal(calls(place, SYS_CALL_SLEEP), 1);
	assert_true(is_whole_or_absent(place->store, "2", VIEW_LITERAL("y"), &is_there));
	assert_true(is_there);
}

static void an_exists_that_never_shows_a_file_fails_after_a_minute(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };

	place->sys.always[SYS_CALL_RENAMEAT2] = EEXIST;
	assert_int_equal(store_create(place->store, "k", VIEW_LITERAL("y"), &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EEXIST);
	assert_in_range(calls(place, SYS_CALL_SLEEP), 60, 75);
	assert_int_equal(count_temporary(place), 0);
}

/* The server has made the link, but its answer was lost and the client asked twice. */
static int link_told_twice(void *state, int from_dir, const char *from, int to_dir, const char *to,
			   int flags)
{
	(void)state;
	assert_int_equal(linkat(from_dir, from, to_dir, to, flags), 0);
	errno = EEXIST;
	return -1;
}

static void a_link_that_is_ours_is_a_win(void **state)
{
	struct place *place = *state;
	bool is_there;

	place->sys.always[SYS_CALL_RENAMEAT2] = EINVAL;
	place->sys.ops.linkat = link_told_twice;
	assert_int_equal(store_create(place->store, "k", VIEW_LITERAL("y"), NULL), MUSTER_OK);
	assert_true(is_whole_or_absent(place->store, "k", VIEW_LITERAL("y"), &is_there));
	assert_true(is_there);
	assert_int_equal(count_temporary(place), 0);
}

static void without_tmpfile_the_time_comes_from_a_named_file(void **state)
{
	struct place *place = *state;
	uint64_t now_ns = 0;

	assert_int_equal(store_create(place->store, "k", VIEW_LITERAL("y"), NULL), MUSTER_OK);
	sys_fault_arm(&place->sys, 1, EOPNOTSUPP);
	assert_int_equal(store_now(place->store, &now_ns, NULL), MUSTER_OK);
	assert_true(atomic_load(&place->sys.hit));
	assert_true(now_ns > 1600000000ull * 1000000000);
	assert_int_equal(count_temporary(place), 0);
}

/* ---- what others do to the directory ---- */

static void a_directory_under_a_key_is_a_failure_not_an_object(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };

	assert_int_equal(store_create(place->store, "a/b", VIEW_LITERAL("x"), NULL), MUSTER_OK);
	assert_int_equal(store_create(place->store, "a", VIEW_LITERAL("x"), &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "not a file"));
	assert_int_equal(store_create(place->store, "a/b/c", VIEW_LITERAL("x"), &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ENOTDIR);
}

static void an_object_cut_short_behind_our_back_is_a_format_error(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	struct store_object *object;
	char out[8];

	assert_int_equal(store_create(place->store, "k", VIEW_LITERAL("12345678"), NULL),
			 MUSTER_OK);
	assert_int_equal(store_open(place->store, "k", &object, NULL), MUSTER_OK);
	assert_int_equal(truncate(below(place, "k"), 5), 0);
	assert_int_equal(store_read(object, 0, out, 8, &err), MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "ends at 5"));
	store_close(object);
}

static void folders_behind_links_are_listed(void **state)
{
	struct place *place = *state;

	assert_int_equal(store_create(place->store, "real/b", VIEW_LITERAL("x"), NULL), MUSTER_OK);
	assert_int_equal(symlink("real", below(place, "link")), 0);
	assert_int_equal(symlink("nowhere", below(place, "broken")), 0);
	sys_fault_arm(&place->sys, 0, 0);
	assert_int_equal(store_list(place->store, "", NULL, nothing, NULL, NULL), MUSTER_OK);
	assert_int_equal(calls(place, SYS_CALL_OPENAT), 4); /* root, link, real, tmp */
	assert_int_equal(symlink(".", below(place, "real/loop")), 0);
	assert_int_equal(store_list(place->store, "", NULL, nothing, NULL, NULL), MUSTER_E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(only_a_directory_can_be_opened),
		WITH_PLACE(a_store_begins_only_in_an_empty_place),
		WITH_PLACE(what_a_cut_off_beginning_leaves_is_empty),
		WITH_PLACE(old_temporary_files_are_removed_at_open),
		WITH_PLACE(two_processes_with_one_seed_do_not_meet),
		WITH_PLACE(a_created_object_is_synced_with_all_new_directories),
		WITH_PLACE(a_probe_is_created_without_a_sync),
		WITH_PLACE(a_writer_leaves_its_directory_to_the_next_sync),
		WITH_PLACE(after_a_failed_sync_no_sync_succeeds),
		WITH_PLACE(large_appends_are_one_call_each_and_written_back_on_the_way),
		WITH_PLACE(small_appends_are_put_together),
		WITH_PLACE(an_exists_without_a_file_is_tried_again),
		WITH_PLACE(an_exists_that_never_shows_a_file_fails_after_a_minute),
		WITH_PLACE(a_link_that_is_ours_is_a_win),
		WITH_PLACE(without_tmpfile_the_time_comes_from_a_named_file),
		WITH_PLACE(a_directory_under_a_key_is_a_failure_not_an_object),
		WITH_PLACE(an_object_cut_short_behind_our_back_is_a_format_error),
		WITH_PLACE(folders_behind_links_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
