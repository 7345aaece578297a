#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <cmocka.h>

#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

static struct session_record record_of(struct place *place, const uint8_t id[16], uint64_t number)
{
	struct session_record record = { 0 };
	struct bytes bytes = { 0 };
	struct muster_error err = { 0 };
	struct key key;

	key_session(&key, id, number);
	if (store_get(place->store, key.text, &bytes, SESSION_RECORD_MAX_BYTES, &err))
		fail_msg("no record %d: %s", (int)number, err.message);
	if (session_record_parse(&record, bytes_view(&bytes), &err))
		fail_msg("%s", err.message);
	bytes_release(&bytes);
	return record;
}

static void a_session_begins_beats_and_ends(void **state)
{
	static const uint8_t sha256[32] = { 9 }, old[16] = { 3 };
	struct session_options options = { .base = { true, { 5 } },
					   .continues = old,
					   .life_ms = 1000 };
	struct session *session = NULL;
	struct session_record record;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	assert_int_equal(
		session_begin(&session, place.repository, "put \xff images", &options, NULL),
		MUSTER_OK);
	record = record_of(&place, session_id(session), 1);
	assert_int_equal(record.kind.id, SESSION_BEGIN);
	assert_true(view_equal(record.what, VIEW_LITERAL("put \\xff images")));
	assert_true(view_starts_with(record.who, VIEW_LITERAL("tester@")));
	assert_int_equal(record.base.id[0], 5);
	assert_int_equal(record.continues[0], 3);
	assert_int_equal(record.expiry_ms, record.time_ms + 1000);
	session_record_release(&record);
	place.world.wall_ns += 2000000000u;
	assert_int_equal(session_beat(session, NULL), MUSTER_OK);
	record = record_of(&place, session_id(session), 2);
	assert_int_equal(record.kind.id, SESSION_BEAT);
	assert_int_equal(record.expiry_ms, record.time_ms + 1000);
	session_record_release(&record);
	assert_int_equal(session_end(session, "gc/log", 4, sha256, NULL), MUSTER_OK);
	record = record_of(&place, session_id(session), 3);
	assert_int_equal(record.kind.id, SESSION_END);
	assert_int_equal(record.event, 4);
	assert_true(view_equal(record.log, VIEW_LITERAL("gc/log")));
	assert_int_equal(record.sha256[0], 9);
	assert_int_equal(record.expiry_ms, 0);
	session_record_release(&record);
	session_close(session);
	place_release(&place);
}

static void an_end_without_an_event_is_one_that_committed_nothing(void **state)
{
	struct session *session = NULL;
	struct session_record record;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	assert_int_equal(session_begin(&session, place.repository, "put", NULL, NULL), MUSTER_OK);
	assert_int_equal(session_end(session, NULL, 0, NULL, NULL), MUSTER_OK);
	record = record_of(&place, session_id(session), 2);
	assert_int_equal(record.kind.id, SESSION_END);
	assert_int_equal(record.event, 0);
	session_record_release(&record);
	session_close(session);
	place_release(&place);
}

static void note_create(void *state, const struct store_fault_event *event)
{
	if (event->effect == STORE_EFFECT_CREATE && event->ended &&
	    strncmp(event->key, "sessions/", 9) == 0)
		sem_post(state);
}

static void a_session_beats_by_itself(void **state)
{
	struct store_fault_options fault = { .log = note_create };
	struct session_options options = { .beat_ms = 1 };
	struct session *session = NULL;
	struct session_record record;
	struct place place;
	sem_t created;

	(void)state;
	sem_init(&created, 0, 0);
	fault.log_state = &created;
	place_make(&place, &fault);
	assert_int_equal(session_begin(&session, place.repository, "put", &options, NULL),
			 MUSTER_OK);
	for (int i = 0; i < 4; i++) /* the beginning and three beats */
		sem_wait(&created);
	assert_int_equal(session_end(session, NULL, 0, NULL, NULL), MUSTER_OK);
	record = record_of(&place, session_id(session), 4);
	assert_int_equal(record.kind.id, SESSION_BEAT);
	session_record_release(&record);
	session_close(session);
	place_release(&place);
	sem_destroy(&created);
}

static void a_lost_answer_to_a_beat_is_settled(void **state)
{
	struct store_fault_options fault = { .after = true, .sys_errno = EIO };
	struct session *session = NULL;
	struct session_record record;
	struct place place;

	(void)state;
	place_make(&place, &fault);
	assert_int_equal(session_begin(&session, place.repository, "put", NULL, NULL), MUSTER_OK);
	store_fault_arm(place.store, 1);
	assert_int_equal(session_beat(session, NULL), MUSTER_OK);
	assert_true(store_fault_hit(place.store));
	assert_int_equal(session_beat(session, NULL), MUSTER_OK);
	record = record_of(&place, session_id(session), 3);
	session_record_release(&record);
	session_close(session);
	place_release(&place);
}

static void a_beat_that_cannot_be_written_fails(void **state)
{
	struct store_fault_options fault = { .length = 3, .sys_errno = EIO };
	struct session *session = NULL;
	struct muster_error err = { 0 };
	struct place place;

	(void)state;
	place_make(&place, &fault);
	assert_int_equal(session_begin(&session, place.repository, "put", NULL, NULL), MUSTER_OK);
	store_fault_arm(place.store, 1);
	assert_int_equal(session_beat(session, &err), MUSTER_E_IO);
	assert_int_equal(session_beat(session, &err), MUSTER_OK); /* later it can */
	assert_int_equal(session_beat_failure(session, &err), MUSTER_OK);
	session_close(session);
	place_release(&place);
}

#define TAKERS 8
#define TAKEN  2000

struct taker {
	struct session *session;
	uint32_t numbers[TAKEN];
};

static void *take_ids(void *arg)
{
	struct taker *taker = arg;

	for (int i = 0; i < TAKEN; i++) {
		struct object_id id;

		if (session_next_object(taker->session, &id, NULL))
			return NULL;
		taker->numbers[i] = id.number;
	}
	return NULL;
}

static void no_id_is_given_twice(void **state)
{
	static struct taker takers[TAKERS];
	static uint8_t seen[TAKERS * TAKEN + 1];
	pthread_t threads[TAKERS];
	struct session *session = NULL;
	struct object_id id;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	assert_int_equal(session_begin(&session, place.repository, "put", NULL, NULL), MUSTER_OK);
	for (int i = 0; i < TAKERS; i++) {
		takers[i].session = session;
		assert_int_equal(pthread_create(&threads[i], NULL, take_ids, &takers[i]), 0);
	}
	for (int i = 0; i < TAKERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < TAKERS; i++)
		for (int j = 0; j < TAKEN; j++)
			seen[takers[i].numbers[j]]++;
	assert_int_equal(seen[0], 0);
	for (int i = 1; i <= TAKERS * TAKEN; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(session_next_object(session, &id, NULL), MUSTER_OK);
	assert_memory_equal(id.session, session_id(session), 16);
	session_close(session);
	place_release(&place);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct place place;
	bool is_done = false;

	(void)state;
	place_make(&place, NULL);
	for (uint64_t n = 1; !is_done; n++) {
		struct session *session = NULL;
		enum muster_code code;

		torture_allocation(n);
		code = session_begin(&session, place.repository, "put", NULL, NULL);
		if (!code)
			code = session_end(session, NULL, 0, NULL, NULL);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		session_close(session);
	}
	place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_begins_beats_and_ends),
		cmocka_unit_test(an_end_without_an_event_is_one_that_committed_nothing),
		cmocka_unit_test(a_session_beats_by_itself),
		cmocka_unit_test(a_lost_answer_to_a_beat_is_settled),
		cmocka_unit_test(a_beat_that_cannot_be_written_fails),
		cmocka_unit_test(no_id_is_given_twice),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
