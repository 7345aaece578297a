#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/store/local.h"
#include "tests/io/store/scratch.h"
#include "tests/io/store/sys_fault.h"
#include "tests/support/torture.h"

#define HOUR_NS (3600ull * 1000000000)

struct place {
	char path[256];
	struct sys_fault sys;
	struct store *store;
};

static int begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct store_local_options options;

	if (!place || scratch_make(place->path, sizeof(place->path)))
		return -1;
	sys_fault_init(&place->sys);
	options = (struct store_local_options){ .sys = &place->sys.ops };
	*state = place;
	return store_local_open(&place->store, place->path, &options, NULL) ? -1 : 0;
}

static int end(void **state)
{
	struct place *place = *state;

	store_free(place->store);
	scratch_remove(place->path);
	free(place);
	return 0;
}

static const char *below(const struct place *place, const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned next;
	char *out = path[next++ % 4];

	snprintf(out, PATH_MAX, "%s/%s", place->path, name);
	return out;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void set_age(const char *path, uint64_t age_ns)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= (time_t)(age_ns / 1000000000);
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static size_t count_temporary(const struct place *place)
{
	DIR *dir = opendir(below(place, "tmp"));
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)))
		count += strncmp(entry->d_name, ".tmp", 4) == 0;
	if (dir)
		closedir(dir);
	return count;
}

static uint64_t calls(const struct place *place, enum sys_call call)
{
	return atomic_load(&place->sys.calls[call]);
}

/* What stands under a key: absent, whole, or (a failed test) something else. */
static bool is_whole_or_absent(struct store *store, const char *key, struct view expected,
			       bool *is_there)
{
	struct bytes got = { 0 };
	enum muster_code code = store_get(store, key, &got, 64 << 20, NULL);
	bool good = code == MUSTER_ABSENT ||
		    (code == MUSTER_OK && view_equal(bytes_view(&got), expected));

	*is_there = code == MUSTER_OK;
	bytes_release(&got);
	return good;
}

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
	struct store *store;
	uint64_t removed_count;

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
	assert_int_equal(store_local_clean_temporary(store, HOUR_NS, &removed_count, NULL),
			 MUSTER_OK);
	assert_int_equal(removed_count, 1);
	assert_int_equal(store_local_clean_temporary(store, HOUR_NS, &removed_count, NULL),
			 MUSTER_OK);
	assert_int_equal(removed_count, 0);
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

/* ---- failing system calls ---- */

static enum muster_code run_create(struct store *store, const char *key, struct view data,
				   struct muster_error *err)
{
	return store_create(store, key, data, err);
}

static enum muster_code run_writer(struct store *store, const char *key, struct view data,
				   struct muster_error *err)
{
	struct store_writer *writer;
	enum muster_code code = store_write_begin(store, key, &writer, err);
	size_t half = data.len / 2;

	if (code)
		return code;
	for (size_t at = 0; at < data.len && !code; at += half)
		code = store_write_append(
			writer, view_of(data.ptr + at, data.len - at < half ? data.len - at : half),
			err);
	if (!code)
		code = store_write_append(writer, VIEW_LITERAL("tail"), err);
	if (!code)
		return store_write_finish(writer, err);
	/* Who goes on after a failure must not get an object either. */
	if (data.len % 2)
		assert_true(muster_failed(store_write_finish(writer, NULL)));
	else
		store_write_abort(writer);
	return code;
}

static const int failures[] = { ENOSPC, EDQUOT, EROFS, EACCES, EIO };

struct run {
	enum muster_code (*fn)(struct store *store, const char *key, struct view data,
			       struct muster_error *err);
	struct view data, expected;
};

/* Fails every call once, with every cause; each time in new directories. */
static void fail_every_call(struct place *place, const struct run *run)
{
	uint64_t n, run_count = 0;

	for (n = 1;; n++) {
		int failure = failures[n % (sizeof(failures) / sizeof(failures[0]))];
		size_t fds = scratch_open_descriptors();
		struct muster_error err = { 0 };
		enum muster_code code;
		bool hit, is_there;
		char key[64];

		snprintf(key, sizeof(key), "d%u/e/key", (unsigned)n);
		sys_fault_arm(&place->sys, n, failure);
		code = run->fn(place->store, key, run->data, &err);
		hit = atomic_load(&place->sys.hit);
		sys_fault_arm(&place->sys, 0, 0);
		assert_true(code == MUSTER_OK || code == MUSTER_E_IO);
		if (code) {
			assert_int_equal(err.code, MUSTER_E_IO);
			assert_int_equal(err.sys_errno, failure);
			assert_non_null(strstr(err.message, key));
			assert_non_null(strstr(err.message, place->path));
			assert_non_null(strstr(err.message, strerror(failure)));
			run_count++;
		}
		assert_true(is_whole_or_absent(place->store, key, run->expected, &is_there));
		assert_true(is_there || code);
		assert_int_equal(scratch_open_descriptors(), fds);
		assert_int_equal(count_temporary(place), 0);
		if (!hit)
			break;
	}
	assert_true(run_count >= 5); /* the loop has met the calls that matter */
	assert_true(n < 100);
}

static void a_create_survives_the_failure_of_any_call(void **state)
{
	struct run run = { run_create, VIEW_LITERAL("content"), VIEW_LITERAL("content") };

	fail_every_call(*state, &run);
}

static void a_writer_survives_the_failure_of_any_call(void **state)
{
	size_t len = 17 << 20;
	uint8_t *data = malloc(len + 4);
	struct run run = { run_writer, { data, len }, { data, len + 4 } };

	assert_non_null(data);
	memset(data, 'x', len);
	memcpy(data + len, "tail", 4);
	fail_every_call(*state, &run);
	free(data);
}

static void by_links_it_survives_the_failure_of_any_call_too(void **state)
{
	struct run run = { run_create, VIEW_LITERAL("content"), VIEW_LITERAL("content") };
	struct place *place = *state;

	place->sys.always[SYS_CALL_RENAMEAT2] = ENOSYS;
	/* The name of garbage may stay: only the object must not. */
	place->sys.always[SYS_CALL_UNLINKAT] = 0;
	for (uint64_t n = 1;; n++) {
		struct muster_error err = { 0 };
		size_t fds = scratch_open_descriptors();
		enum muster_code code;
		bool hit, is_there;
		char key[64];

		snprintf(key, sizeof(key), "d%u/key", (unsigned)n);
		sys_fault_arm(&place->sys, n, ENOSPC);
		code = run.fn(place->store, key, run.data, &err);
		hit = atomic_load(&place->sys.hit);
		sys_fault_arm(&place->sys, 0, 0);
		assert_true(is_whole_or_absent(place->store, key, run.expected, &is_there));
		assert_true(is_there || code == MUSTER_E_IO);
		assert_int_equal(scratch_open_descriptors(), fds);
		if (!hit)
			break;
	}
}

static void a_process_that_ends_at_any_call_leaves_no_half_object(void **state)
{
	struct place *place = *state;
	struct store_local_options options = { .sys = &place->sys.ops };
	int status = 0;

	for (uint64_t n = 1; n < 100; n++) {
		struct store *store;
		bool is_there, is_free;
		char root[PATH_MAX];
		pid_t pid;

		snprintf(root, sizeof(root), "%s/r%u", place->path, (unsigned)n);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			place->sys.exits = true;
			if (store_local_create(root, NULL) ||
			    store_local_open(&store, root, &options, NULL))
				_exit(1);
			sys_fault_arm(&place->sys, n, 0);
			_exit(store_create(store, "a/b", VIEW_LITERAL("content"), NULL) ? 1 : 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
		assert_int_equal(store_local_open(&store, root, NULL, NULL), MUSTER_OK);
		assert_true(is_whole_or_absent(store, "a/b", VIEW_LITERAL("content"), &is_there));
		store_free(store);
		/* Nothing was stored: a new beginning is possible. */
		assert_int_equal(store_local_is_empty_or_absent(root, &is_free, NULL), MUSTER_OK);
		assert_int_equal(is_free, !is_there);
		if (WEXITSTATUS(status) == 0) {
			assert_true(is_there);
			return;
		}
	}
	fail();
}

static void interrupted_writes_go_on(void **state)
{
	struct place *place = *state;
	bool is_there;

	/* calls of a create in an existing place: mkdir'd tmp first, then openat, write, … */
	assert_int_equal(store_create(place->store, "1", VIEW_LITERAL("x"), NULL), MUSTER_OK);
	place->sys.short_bytes = 3;
	sys_fault_arm(&place->sys, 2, EINTR);
	assert_int_equal(store_create(place->store, "2", VIEW_LITERAL("0123456789"), NULL),
			 MUSTER_OK);
	assert_true(atomic_load(&place->sys.hit));
	assert_int_equal(calls(place, SYS_CALL_WRITE), 5);
	assert_true(is_whole_or_absent(place->store, "2", VIEW_LITERAL("0123456789"), &is_there));
	assert_true(is_there);
}

static void every_failing_call_of_reading_and_listing_is_told(void **state)
{
	struct place *place = *state;
	uint64_t failed_count = 0;

	assert_int_equal(store_create(place->store, "a/b", VIEW_LITERAL("x"), NULL), MUSTER_OK);
	for (uint64_t n = 1; n < 100; n++) {
		size_t fds = scratch_open_descriptors();
		struct muster_error err = { 0 };
		struct bytes got = { 0 };
		enum muster_code code;
		uint64_t now_ns;
		bool hit;

		sys_fault_arm(&place->sys, n, EIO);
		code = store_get(place->store, "a/b", &got, 100, &err);
		if (!code)
			code = store_remove(place->store, "a/c", &err);
		if (!code)
			code = store_now(place->store, &now_ns, &err);
		hit = atomic_load(&place->sys.hit);
		bytes_release(&got);
		assert_int_equal(scratch_open_descriptors(), fds);
		failed_count += code == MUSTER_E_IO && err.sys_errno == EIO;
		if (!hit)
			break;
	}
	assert_true(failed_count >= 4);
}

static enum muster_code nothing(void *state, const char *key, uint64_t size_bytes,
				uint64_t modified_ns, struct muster_error *err)
{
	(void)state, (void)key, (void)size_bytes, (void)modified_ns, (void)err;
	return MUSTER_OK;
}

static void a_listing_that_cannot_see_all_fails(void **state)
{
	struct place *place = *state;

	assert_int_equal(store_create(place->store, "a/b/c", VIEW_LITERAL("x"), NULL), MUSTER_OK);
	for (uint64_t n = 1; n < 100; n++) {
		size_t fds = scratch_open_descriptors();
		struct muster_error err = { 0 };
		enum muster_code code;

		sys_fault_arm(&place->sys, n, EACCES);
		code = store_list(place->store, "", NULL, nothing, NULL, &err);
		assert_int_equal(scratch_open_descriptors(), fds);
		if (!atomic_load(&place->sys.hit)) {
			assert_int_equal(code, MUSTER_OK);
			assert_true(n >= 5);
			return;
		}
		assert_int_equal(code, MUSTER_E_IO);
		assert_int_equal(err.sys_errno, EACCES);
	}
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

/* ---- memory ---- */

static enum muster_code live_once(const char *path, const char *key)
{
	struct muster_error err = { 0 };
	struct store *store;
	enum muster_code code = store_local_open(&store, path, NULL, &err);
	struct view data = VIEW_LITERAL("content");
	struct bytes got = { 0 };

	if (code)
		return code;
	code = run_writer(store, key, data, &err);
	if (!code)
		code = store_sync(store, &err);
	if (!code)
		code = store_create(store, "log/e/1", data, &err);
	if (code == MUSTER_EXISTS)
		code = MUSTER_OK;
	if (!code)
		code = store_list(store, "", NULL, nothing, NULL, &err);
	if (!code)
		code = store_get(store, key, &got, 100, &err);
	bytes_release(&got);
	store_free(store);
	return code;
}

static void it_survives_the_failure_of_any_allocation(void **state)
{
	struct place *place = *state;
	uint64_t failed_count = 0;
	bool hit = true;

	for (uint64_t n = 1; hit; n++) {
		size_t fds = scratch_open_descriptors();
		enum muster_code code;
		char root[64];

		/* A new root: a listing of what all runs left would need ever more. */
		snprintf(root, sizeof(root), "%.40s/r%u", place->path, (unsigned)n);
		assert_int_equal(mkdir(root, 0777), 0);
		torture_allocation(n);
		code = live_once(root, "d/e/key");
		hit = torture_hit();
		torture_off();
		assert_true(code == MUSTER_OK || code == MUSTER_E_MEMORY);
		failed_count += code == MUSTER_E_MEMORY;
		assert_int_equal(scratch_open_descriptors(), fds);
	}
	assert_true(failed_count >= 5);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(only_a_directory_can_be_opened),
		WITH_PLACE(a_store_begins_only_in_an_empty_place),
		WITH_PLACE(what_a_cut_off_beginning_leaves_is_empty),
		WITH_PLACE(old_temporary_files_are_removed_at_open),
		WITH_PLACE(two_processes_with_one_seed_do_not_meet),
		WITH_PLACE(a_created_object_is_synced_with_all_new_directories),
		WITH_PLACE(a_writer_leaves_its_directory_to_the_next_sync),
		WITH_PLACE(after_a_failed_sync_no_sync_succeeds),
		WITH_PLACE(large_appends_are_one_call_each_and_written_back_on_the_way),
		WITH_PLACE(small_appends_are_put_together),
		WITH_PLACE(a_create_survives_the_failure_of_any_call),
		WITH_PLACE(a_writer_survives_the_failure_of_any_call),
		WITH_PLACE(by_links_it_survives_the_failure_of_any_call_too),
		WITH_PLACE(a_process_that_ends_at_any_call_leaves_no_half_object),
		WITH_PLACE(interrupted_writes_go_on),
		WITH_PLACE(every_failing_call_of_reading_and_listing_is_told),
		WITH_PLACE(a_listing_that_cannot_see_all_fails),
		WITH_PLACE(an_exists_without_a_file_is_tried_again),
		WITH_PLACE(an_exists_that_never_shows_a_file_fails_after_a_minute),
		WITH_PLACE(a_link_that_is_ours_is_a_win),
		WITH_PLACE(without_tmpfile_the_time_comes_from_a_named_file),
		WITH_PLACE(a_directory_under_a_key_is_a_failure_not_an_object),
		WITH_PLACE(an_object_cut_short_behind_our_back_is_a_format_error),
		WITH_PLACE(folders_behind_links_are_listed),
		WITH_PLACE(it_survives_the_failure_of_any_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
