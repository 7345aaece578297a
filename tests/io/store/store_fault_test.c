#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/store/count.h"
#include "io/store/fault.h"
#include "io/store/local.h"
#include "io/store/memory.h"
#include "tests/io/store/scratch.h"
#include "tests/support/torture.h"

static struct store *wrap(const struct store_fault_options *options)
{
	struct store *inner, *store;

	assert_int_equal(store_memory_new(&inner, NULL), MUSTER_OK);
	assert_int_equal(store_fault_new(&store, inner, options, NULL), MUSTER_OK);
	return store;
}

/* A small save: two packs, a sync, an event. */
static enum muster_code save(struct store *store, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (int i = 0; i < 2 && !code; i++) {
		struct store_writer *writer;

		code = store_write_begin(store, i ? "packs/2" : "packs/1", &writer, err);
		if (code)
			return code;
		code = store_write_append(writer, VIEW_LITERAL("pack"), err);
		if (code)
			store_write_abort(writer);
		else
			code = store_write_finish(writer, err);
	}
	if (!code)
		code = store_sync(store, err);
	if (!code)
		code = store_create(store, "log/1", VIEW_LITERAL("event"), err);
	return code;
}

static bool is_there(struct store *store, const char *key)
{
	struct store_object *object;
	enum muster_code code = store_open(store, key, &object, NULL);

	store_close(object);
	return code == MUSTER_OK;
}

static void every_effect_can_be_failed(void **state)
{
	struct store_fault_options options = { .sys_errno = ENOSPC };
	struct store *store = wrap(&options);

	(void)state;
	for (uint64_t n = 1;; n++) {
		struct muster_error err = { 0 };
		enum muster_code code;

		store_fault_arm(store, n);
		code = save(store, &err);
		if (!store_fault_hit(store)) {
			assert_int_equal(code, MUSTER_OK);
			assert_int_equal(n, 9); /* 2 * (begin, append, finish), sync, create */
			break;
		}
		assert_int_equal(code, MUSTER_E_IO);
		assert_int_equal(err.sys_errno, ENOSPC);
		assert_false(is_there(store, "log/1"));
		assert_int_equal(store_remove(store, "packs/1", NULL), MUSTER_OK);
		assert_int_equal(store_remove(store, "packs/2", NULL), MUSTER_OK);
	}
	store_free(store);
}

static void an_answer_can_be_lost_after_the_effect(void **state)
{
	struct store_fault_options options = { .at = 1, .after = true };
	struct store *store = wrap(&options);
	struct muster_error err = { 0 };
	struct store_writer *writer;

	(void)state;
	assert_int_equal(store_create(store, "k", VIEW_LITERAL("x"), &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EIO);
	assert_true(is_there(store, "k"));
	store_fault_arm(store, 2);
	assert_int_equal(store_write_begin(store, "l", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_E_IO);
	assert_true(is_there(store, "l"));
	store_fault_arm(store, 1);
	assert_int_equal(store_write_begin(store, "m", &writer, NULL), MUSTER_E_IO);
	assert_false(is_there(store, "m"));
	store_free(store);
}

static void a_row_of_effects_can_be_failed(void **state)
{
	struct store_fault_options options = { .at = 2, .length = 2 };
	struct store *store = wrap(&options);
	static const enum muster_code expected[] = { MUSTER_OK, MUSTER_E_IO, MUSTER_E_IO,
						     MUSTER_OK };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store_sync(store, NULL), expected[i]);
	assert_int_equal(store_fault_effects(store), 4);
	store_free(store);
}

static void reads_count_only_when_asked(void **state)
{
	struct store_fault_options options = { 0 };
	struct store *store = wrap(&options);
	struct store_object *object;
	uint64_t now_ns;

	(void)state;
	assert_int_equal(store_now(store, &now_ns, NULL), MUSTER_OK);
	assert_int_equal(store_fault_effects(store), 0);
	store_free(store);
	options = (struct store_fault_options){ .at = 2, .count_reads = true };
	store = wrap(&options);
	assert_int_equal(store_create(store, "k", VIEW_LITERAL("x"), NULL), MUSTER_OK);
	assert_int_equal(store_open(store, "k", &object, NULL), MUSTER_E_IO);
	assert_int_equal(store_open(store, "k", &object, NULL), MUSTER_OK);
	store_close(object);
	store_free(store);
}

static void end_process(void *state, const struct store_fault_event *event)
{
	(void)state, (void)event;
	_exit(77);
}

/* The child ends at effect `n`; was it the end, and does the event stand in what it left? */
static bool crash_at(uint64_t n, bool after, bool *event_stands)
{
	struct store *inner, *store;
	bool has_packs;
	char path[256];
	int status;
	pid_t pid;

	assert_int_equal(scratch_make(path, sizeof(path)), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store_fault_options options = { .at = n,
						       .after = after,
						       .act = end_process };

		if (store_local_open(&inner, path, NULL, NULL) ||
		    store_fault_new(&store, inner, &options, NULL))
			_exit(1);
		_exit(save(store, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 0));
	assert_int_equal(store_local_open(&store, path, NULL, NULL), MUSTER_OK);
	*event_stands = is_there(store, "log/1");
	has_packs = is_there(store, "packs/1") && is_there(store, "packs/2");
	assert_true(has_packs || !*event_stands);
	store_free(store);
	scratch_remove(path);
	return WEXITSTATUS(status) == 77;
}

static void a_process_can_be_ended_before_and_after_every_effect(void **state)
{
	bool stands;
	uint64_t n = 1;

	(void)state;
	while (crash_at(n, false, &stands)) {
		assert_false(stands);
		assert_true(crash_at(n, true, &stands));
		assert_int_equal(stands, n == 8); /* just after the event */
		n++;
	}
	assert_int_equal(n, 9);
	assert_true(stands);
}

/* Number the moments, so that a test can ask what came first. */
struct moments {
	unsigned next, finish_end, sync_begin, sync_end, create_begin;
};

static void note(void *state, const struct store_fault_event *event)
{
	struct moments *moments = state;
	unsigned now = ++moments->next;

	if (event->effect == STORE_EFFECT_WRITE_FINISH && event->ended)
		moments->finish_end = now;
	if (event->effect == STORE_EFFECT_SYNC)
		*(event->ended ? &moments->sync_end : &moments->sync_begin) = now;
	if (event->effect == STORE_EFFECT_CREATE && !event->ended) {
		moments->create_begin = now;
		assert_string_equal(event->key, "log/1");
	}
}

static void the_log_tells_that_an_event_follows_the_sync(void **state)
{
	struct moments moments = { 0 };
	struct store_fault_options options = { .log = note, .log_state = &moments };
	struct store *store = wrap(&options);

	(void)state;
	assert_int_equal(save(store, NULL), MUSTER_OK);
	assert_true(moments.finish_end > 0);
	assert_true(moments.finish_end < moments.sync_begin);
	assert_true(moments.sync_begin < moments.sync_end);
	assert_true(moments.sync_end < moments.create_begin);
	store_free(store);
}

static void the_log_can_be_lines_in_a_file(void **state)
{
	static const char expected[] = "1 begin create ok k\n1 end create ok k\n"
				       "2 begin create ok k\n2 end create exists k\n"
				       "3 begin sync ok \n3 end sync io \n"
				       "4 begin remove ok k\n4 end remove ok k\n";
	FILE *file = tmpfile();
	struct store_fault_options options = { .at = 3 };
	char got[512] = "";
	struct store *store;

	(void)state;
	assert_non_null(file);
	options.log_fd = fileno(file);
	store = wrap(&options);
	assert_int_equal(store_create(store, "k", VIEW_LITERAL("x"), NULL), MUSTER_OK);
	assert_int_equal(store_create(store, "k", VIEW_LITERAL("x"), NULL), MUSTER_EXISTS);
	assert_int_equal(store_sync(store, NULL), MUSTER_E_IO);
	assert_int_equal(store_remove(store, "k", NULL), MUSTER_OK);
	rewind(file);
	assert_int_equal(fread(got, 1, sizeof(got) - 1, file), sizeof(expected) - 1);
	assert_string_equal(got, expected);
	store_free(store);
	fclose(file);
}

static enum muster_code nothing(void *state, const char *key, uint64_t size_bytes,
				uint64_t modified_ns, struct muster_error *err)
{
	(void)state, (void)key, (void)size_bytes, (void)modified_ns, (void)err;
	return MUSTER_OK;
}

static void calls_and_bytes_are_counted(void **state)
{
	struct store_fault_options options = { 0 };
	struct store *faulty = wrap(&options), *store;
	struct store_counts counts;
	struct bytes got = { 0 };

	(void)state;
	assert_int_equal(store_count_new(&store, faulty, NULL), MUSTER_OK);
	assert_int_equal(save(store, NULL), MUSTER_OK);
	assert_int_equal(save(store, NULL), MUSTER_EXISTS);
	assert_int_equal(store_get(store, "log/1", &got, 100, NULL), MUSTER_OK);
	assert_int_equal(store_get(store, "log/2", &got, 100, NULL), MUSTER_ABSENT);
	assert_int_equal(store_list(store, "packs", NULL, nothing, NULL, NULL), MUSTER_OK);
	store_fault_arm(faulty, 1);
	assert_int_equal(store_create(store, "log/2", VIEW_LITERAL("x"), NULL), MUSTER_E_IO);
	store_count_read(store, &counts);
	assert_int_equal(counts.create.call_count, 2);
	assert_int_equal(counts.create.byte_count, 5);
	assert_int_equal(counts.create.failure_count, 1);
	assert_int_equal(counts.write_begin.call_count, 3);
	assert_int_equal(counts.write_append.byte_count, 12);
	assert_int_equal(counts.write_finish.call_count, 3);
	assert_int_equal(counts.write_finish.failure_count, 0); /* "exists" is an answer */
	assert_int_equal(counts.sync.call_count, 1);
	assert_int_equal(counts.open.call_count, 2);
	assert_int_equal(counts.read.byte_count, 5);
	assert_int_equal(counts.list.call_count, 1);
	assert_int_equal(counts.listed_key_count, 2);
	bytes_release(&got);
	store_free(store);
}

static enum muster_code live_once(void)
{
	struct store *inner, *faulty, *store;
	struct bytes got = { 0 };
	enum muster_code code = store_memory_new(&inner, NULL);

	if (code)
		return code;
	code = store_fault_new(&faulty, inner, NULL, NULL);
	if (code) {
		store_free(inner);
		return code;
	}
	code = store_count_new(&store, faulty, NULL);
	if (code) {
		store_free(faulty);
		return code;
	}
	code = save(store, NULL);
	if (!code)
		code = store_get(store, "log/1", &got, 100, NULL);
	bytes_release(&got);
	store_free(store);
	return code;
}

static void wrappers_survive_the_failure_of_any_allocation(void **state)
{
	uint64_t failed_count = 0;
	bool hit = true;

	(void)state;
	for (uint64_t n = 1; hit; n++) {
		enum muster_code code;

		torture_allocation(n);
		code = live_once();
		hit = torture_hit();
		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		failed_count += hit;
	}
	assert_true(failed_count > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_effect_can_be_failed),
		cmocka_unit_test(an_answer_can_be_lost_after_the_effect),
		cmocka_unit_test(a_row_of_effects_can_be_failed),
		cmocka_unit_test(reads_count_only_when_asked),
		cmocka_unit_test(a_process_can_be_ended_before_and_after_every_effect),
		cmocka_unit_test(the_log_tells_that_an_event_follows_the_sync),
		cmocka_unit_test(the_log_can_be_lines_in_a_file),
		cmocka_unit_test(calls_and_bytes_are_counted),
		cmocka_unit_test(wrappers_survive_the_failure_of_any_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
