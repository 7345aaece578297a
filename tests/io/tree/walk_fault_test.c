#include "tests/io/tree/tree.h"

#include <dirent.h>
#include <pthread.h>

#include "tests/support/torture.h"

/* --- system calls that count, fail and interfere -------------------------------------------- */

enum call {
	CALL_OPENAT,
	CALL_GETDENTS,
	CALL_STATX,
	CALL_CLOSE,
	CALL_COUNT,
};

/* One at a time; set before a walk begins. */
static struct {
	atomic_uint counts[CALL_COUNT];
	enum call failing;    /* the call that fails, */
	unsigned fail_from;   /* at its fail_from-th time (0: never) */
	unsigned fail_count;  /* and so many times in all, */
	int cause;	      /* with this errno */
	bool hides_types;     /* every entry is DT_UNKNOWN */
	bool refuses_noatime; /* as for directories of somebody else */
	int fails_by_path;    /* errno of opening by a path of several components; 0: none */
	void (*before_open)(int dir_fd, const char *name);
	void (*before_stat)(int dir_fd, const char *name);
} fault;

static bool call_fails(enum call call)
{
	unsigned nth = atomic_fetch_add(&fault.counts[call], 1) + 1;

	if (call != fault.failing || !fault.fail_from || nth < fault.fail_from ||
	    nth - fault.fail_from >= fault.fail_count)
		return false;
	errno = fault.cause;
	return true;
}

static int faulty_openat(int dir_fd, const char *path, int flags)
{
	if (fault.before_open)
		fault.before_open(dir_fd, path);
	if (call_fails(CALL_OPENAT))
		return -1;
	if (fault.refuses_noatime && flags & O_NOATIME) {
		errno = EPERM;
		return -1;
	}
	if (fault.fails_by_path && dir_fd != AT_FDCWD && strchr(path, '/')) {
		errno = fault.fails_by_path;
		return -1;
	}
	return walk_calls_system()->openat(dir_fd, path, flags);
}

static ssize_t faulty_getdents(int fd, void *buffer, size_t len)
{
	uint8_t *dents = buffer;
	ssize_t got =
		call_fails(CALL_GETDENTS) ? -1 : walk_calls_system()->getdents(fd, buffer, len);

	for (ssize_t at = 0; fault.hides_types && at < got;) {
		uint16_t dent_len;

		memcpy(&dent_len, dents + at + 16, 2);
		dents[at + 18] = DT_UNKNOWN;
		at += dent_len;
	}
	return got;
}

static int faulty_statx(int dir_fd, const char *path, int flags, unsigned mask, struct statx *out)
{
	if (fault.before_stat)
		fault.before_stat(dir_fd, path);
	if (call_fails(CALL_STATX))
		return -1;
	return walk_calls_system()->statx(dir_fd, path, flags, mask, out);
}

static int faulty_close(int fd)
{
	int result = walk_calls_system()->close(fd);

	return call_fails(CALL_CLOSE) ? -1 : result;
}

static const struct walk_calls faulty = { faulty_openat, faulty_getdents, faulty_statx,
					  faulty_close };
static const struct walk_tuning with_faults = { .calls = &faulty };

static int fault_setup(void **state)
{
	memset(&fault, 0, sizeof(fault));
	return tree_setup(state);
}

/* A few directories of a few files, links of both kinds, names that change sort order. */
static void make_tree(unsigned dir_count, unsigned file_count)
{
	char path[64];

	for (unsigned i = 0; i < dir_count; i++) {
		snprintf(path, sizeof(path), "d%u", i);
		tree_dir(path);
		for (unsigned k = 0; k < file_count; k++) {
			snprintf(path, sizeof(path), "d%u/f%u", i, k);
			tree_file(path);
		}
	}
	tree_dir("deep");
	tree_dir("deep/er");
	tree_file("deep/er/file");
	tree_file("deep/z");
	tree_file("d0-");
	tree_link("linked", "d0");
	tree_link("alias", "d0-");
	tree_link("deep/loop", "../deep");
}

/* --- what is counted -------------------------------------------------------------------------- */

static void a_file_costs_one_stat_and_a_share_of_reading_its_directory(void **state)
{
	struct found found;
	char path[64];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "file_%05u", i);
		tree_file(path);
	}
	tree_dir("d");
	tree_dir("d/e");
	tree_file("d/e/f");
	assert_int_equal(tree_walk(&found, NULL, &with_faults, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 5001);
	assert_int_equal(atomic_load(&fault.counts[CALL_STATX]), 5001);
	assert_in_range(atomic_load(&fault.counts[CALL_GETDENTS]), 3 + 2, 3 * 2 + 2);
	assert_int_equal(atomic_load(&fault.counts[CALL_OPENAT]), 3);
	assert_int_equal(atomic_load(&fault.counts[CALL_CLOSE]), 3);
	found_release(&found);
}

static void where_types_suffice_only_links_are_stat_ed(void **state)
{
	const struct walk_options options = { .types_only = true };
	struct found found, whole;

	(void)state;
	make_tree(3, 5);
	assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
	assert_int_equal(tree_walk(&whole, NULL, NULL, NULL), MUSTER_END);
	for (const char *const *link =
		     (const char *const[]){ "alias", "deep/loop", "linked", NULL };
	     *link; link++)
		assert_int_equal(unlink(tree_path(*link)), 0);
	assert_int_equal(tree_walk(&found, &options, &with_faults, NULL), MUSTER_END);
	assert_int_equal(atomic_load(&fault.counts[CALL_STATX]), 0);
	assert_int_equal(found.stat_count, 0);
	assert_int_equal(found.files.count, 3 * 5 + 3);
	assert_int_equal(found.counts.file_count, 3 * 5 + 3);
	assert_int_equal(found.counts.special_count, 1);
	found_release(&found);

	tree_link("alias", "d0-");
	tree_link("linked", "d0");
	tree_link("deep/loop", "../deep");
	assert_finds(&options, &with_faults, &whole.files, &whole.errors);
	fault.hides_types = true;
	assert_int_equal(tree_walk(&found, &options, &with_faults, NULL), MUSTER_END);
	assert_paths_equal(&found.files, &whole.files);
	assert_int_equal(found.stat_count, whole.files.count);
	found_release(&found);
	found_release(&whole);
}

/* Nobody looks at it again: whoever opens it will. */
static void where_types_suffice_what_has_gone_is_given(void **state)
{
	const struct walk_options options = { .types_only = true };
	struct walk_batch *batch;
	struct walk *walk;

	(void)state;
	tree_file("gone");
	tree_link("link", "gone");
	assert_int_equal(walk_open(&walk, tree_root, &options, NULL), MUSTER_OK);
	assert_int_equal(walk_next(walk, &batch, NULL), MUSTER_OK);
	assert_int_equal(unlink(tree_path("gone")), 0);
	assert_int_equal(batch->entry_count, 2);
	assert_false(batch->entries[0].has_stat);
	assert_int_equal(openat(batch->dir_fd, batch->entries[0].name, O_RDONLY), -1);
	assert_true(batch->entries[1].has_stat);
	assert_int_equal(batch->entries[1].stat.size_bytes, strlen("gone"));
	walk_batch_free(batch);
	walk_close(walk);
}

static void no_allocation_is_made_for_each_file(void **state)
{
	struct walk_batch *batch;
	struct walk *walk;
	uint64_t before;
	char path[64];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "file_%05u", i);
		tree_file(path);
	}
	before = torture_allocations();
	assert_int_equal(walk_open(&walk, tree_root, NULL, NULL), MUSTER_OK);
	while (!walk_next(walk, &batch, NULL))
		walk_batch_free(batch);
	walk_close(walk);
	assert_in_range(torture_allocations() - before, 5000 / WALK_BATCH_MAX, 100);
}

/* --- other file systems' habits ---------------------------------------------------------- */

static void file_systems_without_types_give_the_same(void **state)
{
	struct walk_tuning spilled = with_faults;
	struct found found;

	(void)state;
	make_tree(3, 5);
	assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
	assert_int_equal(tree_walk(&found, NULL, NULL, NULL), MUSTER_END);
	fault.hides_types = true;
	assert_finds(NULL, &with_faults, &found.files, &found.errors);
	spilled.sort_max = 1;
	assert_finds(NULL, &spilled, &found.files, &found.errors);
	found_release(&found);
}

static void noatime_that_is_refused_is_tried_once(void **state)
{
	struct walk_options options = { .thread_count = 1 };
	struct found found, again;

	(void)state;
	make_tree(20, 1);
	fault.refuses_noatime = true;
	assert_int_equal(tree_walk(&found, NULL, NULL, NULL), MUSTER_END);
	assert_int_equal(tree_walk(&again, &options, &with_faults, NULL), MUSTER_END);
	assert_paths_equal(&again.files, &found.files);
	/* Each thread, and the consumer is one, may try before it hears of the refusal. */
	assert_in_range(atomic_load(&fault.counts[CALL_OPENAT]), again.counts.directory_count + 1,
			again.counts.directory_count + 2);
	found_release(&found);
	found_release(&again);
}

/* --- what changes while it is read ------------------------------------------------------- */

static void remove_gone_directory(int dir_fd, const char *name)
{
	if (strcmp(name, "gone") == 0)
		unlinkat(dir_fd, name, AT_REMOVEDIR);
	if (strcmp(name, "file_now") == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		close(openat(dir_fd, name, O_CREAT | O_WRONLY, 0600));
	if (strcmp(name, "link_now") == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		(void)!symlinkat(".", dir_fd, name);
}

static void remove_gone_file(int dir_fd, const char *name)
{
	if (strcmp(name, "gone_file") == 0)
		unlinkat(dir_fd, name, 0);
	if (strcmp(name, "dir_now") == 0 && unlinkat(dir_fd, name, 0) == 0)
		mkdirat(dir_fd, name, 0700);
	if (strcmp(name, "fifo_now") == 0 && unlinkat(dir_fd, name, 0) == 0)
		mknodat(dir_fd, name, S_IFIFO | 0600, 0);
	if (strcmp(name, "gone_link") == 0)
		unlinkat(dir_fd, name, 0);
}

static void what_vanishes_is_counted_and_no_error(void **state)
{
	struct found found;

	(void)state;
	tree_dir("d");
	tree_dir("d/gone");
	tree_dir("d/file_now");
	tree_dir("d/link_now");
	tree_dir("e");
	tree_file("e/gone_file"); /* all of its batch */
	tree_file("gone_file");
	tree_file("dir_now");
	tree_file("fifo_now");
	tree_file("kept");
	tree_link("gone_link", "nowhere");
	fault.before_open = remove_gone_directory;
	fault.before_stat = remove_gone_file;
	assert_int_equal(tree_walk(&found, NULL, &with_faults, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 1);
	assert_int_equal(found.counts.file_count, 1);
	assert_int_equal(found.counts.vanished_count, 7);
	assert_int_equal(found.counts.special_count, 1);
	assert_int_equal(found.errors.count, 0);
	found_release(&found);
}

/* With one descriptor to keep, all others are closed and opened again by their path, but for the
 * two that are in use when the deepest is opened: its parent, and what the other thread is at. */
static void what_cannot_be_opened_again_is_told(void **state)
{
	struct walk_tuning tuning = { .calls = &faulty, .fd_max = 1 };
	struct walk_options options = { .thread_count = 1 };
	struct found found;

	(void)state;
	tree_dir("a");
	tree_dir("a/b");
	tree_dir("a/b/c");
	tree_dir("a/b/c/d");
	tree_dir("a/b/c/d/e");
	tree_file("a/b/c/d/e/file");
	tree_file("a/b/c/d/z");
	tree_file("a/b/c/z");
	tree_file("a/b/z");
	tree_file("a/z");
	assert_int_equal(tree_walk(&found, &options, &tuning, NULL), MUSTER_END);
	assert_int_equal(found.files.count, 5);
	found_release(&found);

	fault.fails_by_path = EACCES;
	assert_int_equal(tree_walk(&found, &options, &tuning, NULL), MUSTER_END);
	assert_true(found.errors.count > 0);
	assert_int_equal(found.errors.count + found.files.count, 5);
	assert_non_null(strstr(found.errors.items[0], "Permission denied"));
	found_release(&found);

	fault.fails_by_path = ENOENT;
	assert_int_equal(tree_walk(&found, &options, &tuning, NULL), MUSTER_END);
	assert_int_equal(found.errors.count, 0);
	assert_true(found.counts.vanished_count > 0);
	assert_int_equal(found.counts.vanished_count + found.files.count, 5);
	found_release(&found);
}

/* --- what fails ----------------------------------------------------------------------------- */

/* Is each of `some` among `all` (both sorted)? */
static bool is_among(const struct paths *some, const struct paths *all)
{
	size_t at = 0;

	for (size_t i = 0; i < some->count; i++, at++) {
		while (at < all->count && strcmp(some->items[i], all->items[at]) != 0)
			at++;
		if (at == all->count)
			return false;
	}
	return true;
}

/* One call fails: what is missing then has an error, or is counted as vanished, or stops all. */
static void assert_is_told(const struct found *found, enum muster_code code,
			   const struct muster_error *err, const struct found *whole)
{
	if (code != MUSTER_END) {
		assert_int_equal(code, err->code);
		assert_int_equal(err->sys_errno, fault.cause);
		return;
	}
	assert_true(is_among(&found->files, &whole->files));
	if (found->files.count < whole->files.count)
		assert_true(!is_among(&found->errors, &whole->errors) ||
			    (fault.cause == ENOENT && found->counts.vanished_count > 0));
}

static void each_failing_call_is_told_and_nothing_leaks(void **state)
{
	static const int causes[] = { EIO, EACCES, ENOENT, ENOMEM, EMFILE };
	struct walk_tuning tuning = { .calls = &faulty, .fd_max = 3 };
	struct walk_options options = { .thread_count = 2, .one_file_system = true };
	struct found whole;
	unsigned fd_count;

	(void)state;
	make_tree(3, 2);
	assert_int_equal(tree_walk(&whole, NULL, NULL, NULL), MUSTER_END);
	fd_count = open_fd_count();
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		for (enum call call = 0; call < CALL_COUNT; call++) {
			bool is_done = false;

			for (unsigned n = 1; !is_done; n++) {
				struct muster_error err = { 0 };
				enum muster_code code;
				struct found found;

				memset(&fault, 0, sizeof(fault));
				fault.failing = call;
				fault.fail_from = n;
				fault.fail_count = 1;
				fault.cause = causes[i];
				code = tree_walk(&found, &options, &tuning, &err);
				is_done = atomic_load(&fault.counts[call]) < n;
				assert_is_told(&found, code, &err, &whole);
				if (is_done)
					assert_paths_equal(&found.files, &whole.files);
				found_release(&found);
				assert_int_equal(open_fd_count(), fd_count);
			}
		}
	}
	found_release(&whole);
}

static void one_shortage_of_descriptors_is_overcome_and_a_lasting_one_stops_the_walk(void **state)
{
	struct muster_error err = { 0 };
	struct found found, whole;

	(void)state;
	make_tree(30, 2);
	assert_int_equal(tree_walk(&whole, NULL, NULL, NULL), MUSTER_END);
	fault.failing = CALL_OPENAT;
	fault.fail_from = 12;
	fault.fail_count = 1;
	fault.cause = EMFILE;
	assert_finds(NULL, &with_faults, &whole.files, &whole.errors);

	atomic_store(&fault.counts[CALL_OPENAT], 0);
	fault.fail_count = 1000000;
	assert_int_equal(tree_walk(&found, NULL, &with_faults, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EMFILE);
	assert_non_null(strstr(err.message, "Too many open files"));
	found_release(&found);
	found_release(&whole);
}

static void a_spill_that_cannot_write_is_an_error_of_its_directory(void **state)
{
	struct walk_options options = { .spill_dir = "/nowhere/at/all" };
	struct walk_tuning tuning = { .sort_max = 3, .spill_memory_bytes = 1 };
	struct found found;

	(void)state;
	make_tree(1, 10);
	tree_dir("small");
	tree_file("small/file");
	assert_int_equal(unlink(tree_path("linked")), 0);
	assert_int_equal(unlink(tree_path("alias")), 0);
	assert_int_equal(unlink(tree_path("d0-")), 0);
	assert_int_equal(tree_walk(&found, &options, &tuning, NULL), MUSTER_END);
	assert_int_equal(found.errors.count, 2); /* d0 and the loop */
	assert_non_null(strstr(found.errors.items[0], "d0/: "));
	assert_non_null(strstr(found.errors.items[0], "'d0'"));
	assert_non_null(strstr(found.errors.items[0], "/nowhere/at/all"));
	assert_int_equal(found.files.count, 3);
	found_release(&found);
}

static void each_failed_allocation_stops_the_walk(void **state)
{
	struct walk_tuning tuning = { .sort_max = 4, .spill_memory_bytes = 100, .fd_max = 3 };
	struct walk_options options = { .thread_count = 2, .spill_dir = "/tmp" };
	unsigned fd_count = open_fd_count();
	bool is_done = false;
	uint64_t n;

	(void)state;
	make_tree(4, 6);
	tree_link("broken", "nowhere");
	for (n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		struct walk_batch *batch;
		struct walk *walk;
		enum muster_code code;

		torture_allocation(n);
		code = walk_open_tuned(&walk, tree_root, &options, &tuning, &err);
		while (!code) {
			code = walk_next(walk, &batch, &err);
			walk_batch_free(batch);
		}
		is_done = !torture_hit();
		torture_off();
		if (is_done)
			assert_int_equal(code, MUSTER_END);
		else
			assert_int_equal(code, MUSTER_E_MEMORY);
		walk_close(walk);
		assert_int_equal(open_fd_count(), fd_count);
	}
	assert_true(n > 40);
}

/* --- several workers ------------------------------------------------------------------------ */

struct workers {
	pthread_mutex_t turn;
	struct walk *walk;
	atomic_ullong file_count, next_sequence;
};

/* Takes a batch in its turn, and works on it and frees it out of turn. */
static void *worker_run(void *arg)
{
	struct workers *workers = arg;
	struct walk_batch *batch;
	enum muster_code code;
	struct stat st;

	do {
		pthread_mutex_lock(&workers->turn);
		code = walk_next(workers->walk, &batch, NULL);
		if (!code)
			assert_int_equal(batch->sequence,
					 atomic_fetch_add(&workers->next_sequence, 1));
		pthread_mutex_unlock(&workers->turn);
		for (size_t i = 0; !code && i < batch->entry_count; i++) {
			const struct walk_entry *entry = &batch->entries[i];

			if (!entry->error && !fstatat(batch->dir_fd, entry->name, &st, 0) &&
			    st.st_ino == entry->stat.inode)
				atomic_fetch_add(&workers->file_count, 1);
		}
		walk_batch_free(batch);
	} while (!code);
	return NULL;
}

static void workers_may_take_turns(void **state)
{
	struct walk_tuning tuning = { .fd_max = 5 };
	struct walk_options options = { .thread_count = 2, .ahead_entry_max = 1000 };
	struct workers workers = { .turn = PTHREAD_MUTEX_INITIALIZER };
	pthread_t threads[4];

	(void)state;
	make_tree(100, 20);
	assert_int_equal(walk_open_tuned(&workers.walk, tree_root, &options, &tuning, NULL),
			 MUSTER_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker_run, &workers), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	walk_close(workers.walk);
	assert_int_equal(atomic_load(&workers.file_count), 2000 + 20 + 4);
}

static void *free_slowly(void *arg)
{
	struct walk_batch **batches = arg;

	for (size_t i = 0; i < 20; i++)
		walk_batch_free(batches[i]);
	return NULL;
}

static void batches_may_be_freed_while_the_walk_is_closed(void **state)
{
	(void)state;
	make_tree(20, 2);
	for (unsigned round = 0; round < 50; round++) {
		struct walk_batch *batches[20];
		struct walk *walk;
		pthread_t thread;

		assert_int_equal(walk_open(&walk, tree_root, NULL, NULL), MUSTER_OK);
		for (size_t i = 0; i < 20; i++)
			assert_int_equal(walk_next(walk, &batches[i], NULL), MUSTER_OK);
		assert_int_equal(pthread_create(&thread, NULL, free_slowly, batches), 0);
		walk_close(walk);
		pthread_join(thread, NULL);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fault_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_costs_one_stat_and_a_share_of_reading_its_directory),
		TEST(where_types_suffice_only_links_are_stat_ed),
		TEST(where_types_suffice_what_has_gone_is_given),
		TEST(no_allocation_is_made_for_each_file),
		TEST(file_systems_without_types_give_the_same),
		TEST(noatime_that_is_refused_is_tried_once),
		TEST(what_vanishes_is_counted_and_no_error),
		TEST(what_cannot_be_opened_again_is_told),
		TEST(each_failing_call_is_told_and_nothing_leaks),
		TEST(one_shortage_of_descriptors_is_overcome_and_a_lasting_one_stops_the_walk),
		TEST(a_spill_that_cannot_write_is_an_error_of_its_directory),
		TEST(each_failed_allocation_stops_the_walk),
		TEST(workers_may_take_turns),
		TEST(batches_may_be_freed_while_the_walk_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
