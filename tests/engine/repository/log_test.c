#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <cmocka.h>

#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

/* A fold that counts, with checkpoints that are a number and a hash in a line of text. */
struct counter {
	uint64_t count, restored, resets;
	bool refuse_restore;
};

static const uint8_t checkpoint_id[16] = { 7 };

static void counter_reset(void *state)
{
	struct counter *counter = state;

	counter->count = 0;
	counter->resets++;
}

static enum muster_code counter_apply(void *state, const struct event *event,
				      struct muster_error *err)
{
	struct counter *counter = state;

	(void)err;
	assert_int_equal(event->number, counter->count + 1);
	counter->count++;
	return MUSTER_OK;
}

static enum muster_code counter_restore(void *state, struct view checkpoint, uint64_t *number,
					uint8_t sha256[32], struct muster_error *err)
{
	struct counter *counter = state;

	if (counter->refuse_restore || checkpoint.len != 40)
		return muster_fail(err, MUSTER_E_FORMAT, "bad checkpoint");
	*number = counter->count = counter->restored = get_u64(checkpoint.ptr);
	memcpy(sha256, checkpoint.ptr + 8, 32);
	return MUSTER_OK;
}

static enum muster_code counter_checkpoint(const void *state, uint64_t number,
					   const uint8_t sha256[32], struct bytes *out,
					   struct muster_error *err)
{
	uint8_t text[40];

	assert_int_equal(((const struct counter *)state)->count, number);
	put_u64(text, number);
	memcpy(text + 8, sha256, 32);
	return bytes_append(out, text, sizeof(text), err);
}

struct fixture {
	struct test_world world;
	struct store *store; /* counts over faults over memory */
	struct store *fault;
	char name[KEY_MAX_BYTES];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	struct store_fault_options options = { .after = true, .sys_errno = EIO };
	struct store *memory = NULL;
	struct key key;

	fixture = (struct fixture){ 0 };
	test_world_init(&fixture.world);
	key_collection_log(&key, checkpoint_id);
	snprintf(fixture.name, sizeof(fixture.name), "%s", key.text);
	assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
	assert_int_equal(store_fault_new(&fixture.fault, memory, &options, NULL), MUSTER_OK);
	assert_int_equal(store_count_new(&fixture.store, fixture.fault, NULL), MUSTER_OK);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	store_free(((struct fixture *)*state)->store);
	return 0;
}

static struct log *open_log(struct fixture *f, struct counter *counter)
{
	struct log_options options = { .store = f->store,
				       .effects = &f->world.effects,
				       .name = f->name,
				       .checkpoint_id = checkpoint_id,
				       .fold = { counter, counter_reset, counter_apply,
						 counter_restore, counter_checkpoint } };
	struct log *log = NULL;

	assert_int_equal(log_open(&log, &options, NULL), MUSTER_OK);
	return log;
}

static enum muster_code append(struct log *log, struct muster_error *err)
{
	struct event event = { .kind.id = EVENT_TAG, .tag = VIEW_LITERAL("t") };

	return log_append(log, &event, NULL, err);
}

static void fill(struct fixture *f, uint64_t count)
{
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);

	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	while (log_head(log) < count)
		assert_int_equal(append(log, NULL), MUSTER_OK);
	log_close(log);
}

static char *event_key(struct fixture *f, uint64_t number)
{
	static struct key key;

	key_event(&key, f->name, number);
	return key.text;
}

static void events_are_read_back_in_order(void **state)
{
	struct fixture *f = *state;
	struct counter a = { 0 }, b = { 0 };
	struct log *first = open_log(f, &a), *second = open_log(f, &b);

	assert_int_equal(log_read(first, NULL), MUSTER_OK);
	assert_int_equal(log_head(first), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(append(first, NULL), MUSTER_OK);
	assert_int_equal(a.count, 5); /* what is appended is folded */
	assert_int_equal(log_read(second, NULL), MUSTER_OK);
	assert_int_equal(b.count, 5);
	assert_memory_equal(log_head_sha256(first), log_head_sha256(second), 32);
	log_close(first);
	log_close(second);
}

static void who_loses_a_number_reads_and_tries_the_next(void **state)
{
	struct fixture *f = *state;
	struct counter a = { 0 }, b = { 0 };
	struct log *first = open_log(f, &a), *second = open_log(f, &b);

	assert_int_equal(log_read(first, NULL), MUSTER_OK);
	assert_int_equal(log_read(second, NULL), MUSTER_OK);
	assert_int_equal(append(first, NULL), MUSTER_OK);
	assert_int_equal(append(second, NULL), MUSTER_EXISTS);
	assert_int_equal(b.count, 0);
	assert_int_equal(log_read(second, NULL), MUSTER_OK);
	assert_int_equal(append(second, NULL), MUSTER_OK);
	assert_int_equal(b.count, 2);
	log_close(first);
	log_close(second);
}

static void a_lost_answer_is_settled_by_reading_back(void **state)
{
	struct fixture *f = *state;
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);

	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	store_fault_arm(f->fault, 1); /* the create happens, its answer is EIO */
	assert_int_equal(append(log, NULL), MUSTER_OK);
	assert_true(store_fault_hit(f->fault));
	assert_int_equal(counter.count, 1);
	assert_int_equal(append(log, NULL), MUSTER_OK);
	log_close(log);
}

static void reading_on_costs_one_look_up(void **state)
{
	struct fixture *f = *state;
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);
	struct store_counts before, after;

	fill(f, 3);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	store_count_read(f->store, &before);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	store_count_read(f->store, &after);
	assert_int_equal(after.open.call_count - before.open.call_count, 1);
	assert_int_equal(after.list.call_count, before.list.call_count);
	log_close(log);
}

static void checkpoints_spare_reading(void **state)
{
	struct fixture *f = *state;
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);
	struct store_counts before, after;

	fill(f, 2 * LOG_CHECKPOINT_EVENTS + 3);
	store_count_read(f->store, &before);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	store_count_read(f->store, &after);
	assert_int_equal(counter.restored, 2 * LOG_CHECKPOINT_EVENTS);
	assert_int_equal(counter.count, 2 * LOG_CHECKPOINT_EVENTS + 3);
	assert_int_equal(after.open.call_count - before.open.call_count, 1 + 3);
	log_close(log);
}

static void a_bad_checkpoint_does_not_matter(void **state)
{
	struct fixture *f = *state;
	struct key key;

	fill(f, LOG_CHECKPOINT_EVENTS);
	key_checkpoint(&key, checkpoint_id, LOG_CHECKPOINT_EVENTS);
	for (size_t at = 0; at < 40; at += 8) { /* its number, then its hash */
		struct counter counter = { 0 };
		struct log *log = open_log(f, &counter);

		test_flip(f->store, key.text, at);
		assert_int_equal(log_read(log, NULL), MUSTER_OK);
		assert_int_equal(counter.count, LOG_CHECKPOINT_EVENTS);
		assert_int_equal(append(log, NULL), MUSTER_OK);
		test_flip(f->store, key.text, at);
		assert_int_equal(
			store_remove(f->store, event_key(f, LOG_CHECKPOINT_EVENTS + 1), NULL),
			MUSTER_OK);
		log_close(log);
	}
}

static void damage_is_refused_by_log_and_number(void **state)
{
	static const struct {
		uint64_t remove, flip, add_unknown;
		const char *reason;
	} cases[] = {
		{ .remove = 1, .reason = "event 1 is missing: event 2 is there" },
		{ .remove = 3, .reason = "event 3 is missing: event 4 is there" },
		{ .flip = 1, .reason = "event 2: the chain is broken" },
		{ .flip = 3, .reason = "event 4: the chain is broken" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct counter counter = { 0 };
		struct muster_error err = { 0 };
		struct fixture *f;
		struct log *log;

		tear_down(state);
		set_up(state);
		f = *state;
		fill(f, 5);
		log = open_log(f, &counter);
		if (cases[i].remove)
			assert_int_equal(
				store_remove(f->store, event_key(f, cases[i].remove), NULL),
				MUSTER_OK);
		if (cases[i].flip) /* the digit of an id: it still parses */
			test_flip(f->store, event_key(f, cases[i].flip), 50);
		assert_int_equal(log_read(log, &err), MUSTER_E_FORMAT);
		if (!strstr(err.message, cases[i].reason) || !strstr(err.message, f->name))
			fail_msg("%s", err.message);
		assert_int_equal(counter.count, 0);
		log_close(log);
	}
}

static void an_event_must_be_what_its_key_says(void **state)
{
	struct fixture *f = *state;
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);
	struct muster_error err = { 0 };
	struct bytes bytes = { 0 };

	fill(f, 2);
	assert_int_equal(store_get(f->store, event_key(f, 2), &bytes, 4096, NULL), MUSTER_OK);
	assert_int_equal(store_create(f->store, event_key(f, 3), bytes_view(&bytes), NULL),
			 MUSTER_OK);
	assert_int_equal(log_read(log, &err), MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "calls itself event 2"));
	bytes_release(&bytes);
	log_close(log);
}

static void a_lost_end_is_known_from_a_checkpoint(void **state)
{
	struct fixture *f = *state;
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);
	struct muster_error err = { 0 };

	fill(f, LOG_CHECKPOINT_EVENTS);
	assert_int_equal(store_remove(f->store, event_key(f, LOG_CHECKPOINT_EVENTS), NULL),
			 MUSTER_OK);
	assert_int_equal(log_read(log, &err), MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "a checkpoint names it"));
	log_close(log);
}

static void events_from_the_future_are_read_but_nothing_is_written(void **state)
{
	struct fixture *f = *state;

	fill(f, 2);
	for (uint64_t number = 3; number < 5; number++) {
		struct counter counter = { 0 };
		struct log *log = open_log(f, &counter);
		struct muster_error err = { 0 };

		test_add_unknown(f->store, f->name, number, number == 4);
		assert_int_equal(log_read(log, &err), MUSTER_OK);
		assert_int_equal(counter.count, number);
		assert_true(log_is_foreign(log));
		assert_int_equal(append(log, &err), MUSTER_E_UNSUPPORTED);
		log_close(log);
	}
}

static void an_event_that_nobody_could_parse_is_not_written(void **state)
{
	struct fixture *f = *state;
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);
	char deep[2 * JSON_DEPTH_MAX], document[sizeof(deep) + 8];
	struct event event = { .kind.id = EVENT_METADATA };
	struct muster_error err = { 0 };

	/* As deep as a document may be: within an event it is one level too deep. */
	memset(deep, '[', JSON_DEPTH_MAX - 1);
	memset(deep + JSON_DEPTH_MAX - 1, ']', JSON_DEPTH_MAX - 1);
	deep[2 * (JSON_DEPTH_MAX - 1)] = '\0';
	snprintf(document, sizeof(document), "{\"a\":%s}", deep);
	event.metadata = view_text(document);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	assert_int_equal(log_append(log, &event, NULL, &err), MUSTER_E_LIMIT);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	assert_int_equal(log_head(log), 0);
	log_close(log);
}

static void single_events_are_proved_by_the_chain(void **state)
{
	struct fixture *f = *state;
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);
	struct muster_error err = { 0 };
	struct event event;

	fill(f, 4);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	for (uint64_t number = 1; number <= 4; number++) {
		assert_int_equal(log_event(log, number, &event, &err), MUSTER_OK);
		assert_int_equal(event.number, number);
		event_release(&event);
	}
	test_flip(f->store, event_key(f, 2), 50);
	assert_int_equal(log_event(log, 2, &event, &err), MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "event 2"));
	test_flip(f->store, event_key(f, 4), 50);
	assert_int_equal(log_event(log, 4, &event, &err), MUSTER_E_FORMAT);
	log_close(log);
}

static enum muster_code count_event(void *state, const struct event *event, struct view bytes,
				    struct muster_error *err)
{
	uint64_t *next = state;

	(void)err;
	assert_true(bytes.len > 0);
	assert_int_equal(event->number, *next);
	++*next;
	return MUSTER_OK;
}

static void a_log_can_be_walked_again(void **state)
{
	struct fixture *f = *state;
	struct counter counter = { 0 };
	struct log *log = open_log(f, &counter);
	uint64_t next = 2;

	fill(f, 6);
	assert_int_equal(log_read(log, NULL), MUSTER_OK);
	assert_int_equal(log_each(log, 2, count_event, &next, NULL), MUSTER_OK);
	assert_int_equal(next, 7);
	test_flip(f->store, event_key(f, 3), 50);
	next = 1;
	assert_int_equal(log_each(log, 1, count_event, &next, NULL), MUSTER_E_FORMAT);
	assert_int_equal(next, 4);
	log_close(log);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct fixture *f = *state;
	bool is_done = false;

	fill(f, LOG_CHECKPOINT_EVENTS + 2);
	for (uint64_t n = 1; !is_done; n++) {
		struct counter counter = { 0 };
		struct log *log = open_log(f, &counter);
		uint64_t head = 0;
		enum muster_code code;

		torture_allocation(n);
		code = log_read(log, NULL);
		head = log_head(log);
		if (!code)
			code = append(log, NULL);
		is_done = !torture_hit();
		torture_off();
		/* The fold of one's own event may fail after it was written: then it is read again.
		 */
		if (code)
			assert_int_equal(code, MUSTER_E_MEMORY);
		else
			assert_int_equal(log_read(log, NULL), MUSTER_OK);
		if (!code)
			assert_int_equal(counter.count, head + 1);
		log_close(log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(events_are_read_back_in_order),
		TEST(who_loses_a_number_reads_and_tries_the_next),
		TEST(a_lost_answer_is_settled_by_reading_back),
		TEST(reading_on_costs_one_look_up),
		TEST(checkpoints_spare_reading),
		TEST(a_bad_checkpoint_does_not_matter),
		TEST(damage_is_refused_by_log_and_number),
		TEST(an_event_must_be_what_its_key_says),
		TEST(a_lost_end_is_known_from_a_checkpoint),
		TEST(events_from_the_future_are_read_but_nothing_is_written),
		TEST(an_event_that_nobody_could_parse_is_not_written),
		TEST(single_events_are_proved_by_the_chain),
		TEST(a_log_can_be_walked_again),
		TEST(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
