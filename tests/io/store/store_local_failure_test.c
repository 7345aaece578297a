/* System calls, allocations and processes that fail. */
#include "tests/io/store/local_lab.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(a_create_survives_the_failure_of_any_call),
		WITH_PLACE(a_writer_survives_the_failure_of_any_call),
		WITH_PLACE(by_links_it_survives_the_failure_of_any_call_too),
		WITH_PLACE(a_process_that_ends_at_any_call_leaves_no_half_object),
		WITH_PLACE(interrupted_writes_go_on),
		WITH_PLACE(every_failing_call_of_reading_and_listing_is_told),
		WITH_PLACE(a_listing_that_cannot_see_all_fails),
		WITH_PLACE(it_survives_the_failure_of_any_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
