/* Writers, and many creators at once. */
#include "tests/io/store/conformance_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RACE_THREADS 16
#define RACE_KEYS    64
#define LARGE_BYTES  (40u << 20)

void a_writer_shows_its_object_at_finish_only(void **state)
{
	struct fixture *fixture = *state;
	struct store_writer *writer;

	assert_int_equal(store_write_begin(fixture->store, "p/1", &writer, NULL), MUSTER_OK);
	assert_absent(fixture->store, "p/1");
	assert_int_equal(store_write_append(writer, VIEW_LITERAL("ab"), NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, (struct view){ 0 }, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, VIEW_LITERAL("cd"), NULL), MUSTER_OK);
	assert_absent(fixture->store, "p/1");
	assert_listed(fixture->store, "", NULL, "");
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	assert_int_equal(store_sync(fixture->store, NULL), MUSTER_OK);
	assert_holds(fixture->store, "p/1", "abcd");
	assert_listed(fixture->store, "", NULL, "p/1\n");
}

void an_aborted_writer_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct store_writer *writer;

	store_write_abort(NULL);
	assert_int_equal(store_write_begin(fixture->store, "p/1", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, VIEW_LITERAL("ab"), NULL), MUSTER_OK);
	store_write_abort(writer);
	assert_absent(fixture->store, "p/1");
	assert_listed(fixture->store, "", NULL, "");
	conformance_put(fixture->store, "p/1", "other"); /* the key is free */
}

void a_writer_that_comes_second_finds_the_key_taken(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };
	struct store_writer *writer;

	assert_int_equal(store_write_begin(fixture->store, "p", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, VIEW_LITERAL("writer"), NULL), MUSTER_OK);
	conformance_put(fixture->store, "p", "creator");
	assert_int_equal(store_write_finish(writer, &err), MUSTER_EXISTS);
	assert_int_equal(err.code, MUSTER_OK);
	assert_holds(fixture->store, "p", "creator");
	assert_listed(fixture->store, "", NULL, "p\n");
}

struct racer {
	struct store *store;
	pthread_barrier_t *start;
	unsigned id;
	bool won[RACE_KEYS];
	bool failed;
};

static void race_key(char *key, size_t cap, unsigned k)
{
	snprintf(key, cap, "race/%u/%u.json", k % 4, k);
}

/* Every other racer streams; both ways must agree on who was first. */
static enum muster_code race_once(const struct racer *racer, const char *key, struct view data)
{
	struct store_writer *writer;
	enum muster_code code;

	if (racer->id % 4)
		return store_create(racer->store, key, data, NULL);
	code = store_write_begin(racer->store, key, &writer, NULL);
	if (code)
		return code;
	code = store_write_append(writer, data, NULL);
	if (code) {
		store_write_abort(writer);
		return code;
	}
	return store_write_finish(writer, NULL);
}

static void *race(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->start);
	for (unsigned i = 0; i < RACE_KEYS; i++) {
		unsigned k = i ^ (racer->id & 1); /* not all at the same key at once */
		enum muster_code code;
		char key[64], text[32];

		race_key(key, sizeof(key), k);
		snprintf(text, sizeof(text), "racer %u", racer->id);
		code = race_once(racer, key, view_text(text));
		racer->won[k] = code == MUSTER_OK;
		racer->failed |= muster_failed(code);
	}
	return NULL;
}

void of_many_creators_exactly_one_wins(void **state)
{
	struct fixture *fixture = *state;
	static struct racer racers[RACE_THREADS];
	pthread_t threads[RACE_THREADS];
	pthread_barrier_t start;

	memset(racers, 0, sizeof(racers));
	assert_int_equal(pthread_barrier_init(&start, NULL, RACE_THREADS), 0);
	for (unsigned i = 0; i < RACE_THREADS; i++) {
		racers[i] = (struct racer){ .store = fixture->store, .start = &start, .id = i };
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (unsigned i = 0; i < RACE_THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	for (unsigned k = 0; k < RACE_KEYS; k++) {
		unsigned winner = 0, winner_count = 0;
		char key[64], text[32];

		for (unsigned i = 0; i < RACE_THREADS; i++) {
			assert_false(racers[i].failed);
			if (racers[i].won[k]) {
				winner = i;
				winner_count++;
			}
		}
		assert_int_equal(winner_count, 1);
		race_key(key, sizeof(key), k);
		snprintf(text, sizeof(text), "racer %u", winner);
		assert_holds(fixture->store, key, text);
	}
}

/* Bytes that tell where they belong. */
static void fill_pattern(uint8_t *out, uint64_t offset_bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t at = offset_bytes + i;

		out[i] = (uint8_t)((at >> 3) * 0x9e3779b97f4a7c15u >> 56 ^ at);
	}
}

static void write_large(struct store *store, const char *key)
{
	static const size_t pieces[] = { 1, 4095, 31, 70001, 32768, 65536, 8 << 20, 3, 1000003, 0 };
	uint8_t *piece = malloc(8 << 20);
	struct store_writer *writer;
	uint64_t at = 0;

	assert_non_null(piece);
	assert_int_equal(store_write_begin(store, key, &writer, NULL), MUSTER_OK);
	for (size_t i = 0; at < LARGE_BYTES; i++) {
		size_t len = pieces[i % (sizeof(pieces) / sizeof(pieces[0]))];

		len = len < LARGE_BYTES - at ? len : (size_t)(LARGE_BYTES - at);
		fill_pattern(piece, at, len);
		assert_int_equal(store_write_append(writer, view_of(piece, len), NULL), MUSTER_OK);
		memset(piece, 0, len); /* the view was borrowed for the call only */
		at += len;
	}
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	free(piece);
}

void a_large_object_in_odd_pieces_is_whole(void **state)
{
	static const size_t step = 1 << 20;
	struct fixture *fixture = *state;
	uint8_t *got = malloc(step), *expected = malloc(step);
	struct store_object *object;

	assert_non_null(got);
	assert_non_null(expected);
	write_large(fixture->store, "packs/large");
	assert_int_equal(store_open(fixture->store, "packs/large", &object, NULL), MUSTER_OK);
	assert_int_equal(object->size_bytes, LARGE_BYTES);
	for (uint64_t at = 0; at < LARGE_BYTES; at += step) {
		assert_int_equal(store_read(object, at, got, step, NULL), MUSTER_OK);
		fill_pattern(expected, at, step);
		assert_memory_equal(got, expected, step);
	}
	assert_int_equal(store_read(object, LARGE_BYTES - 5, got, 5, NULL), MUSTER_OK);
	assert_int_equal(store_read(object, LARGE_BYTES - 5, got, 6, NULL), MUSTER_E_FORMAT);
	store_close(object);
	free(got);
	free(expected);
}
