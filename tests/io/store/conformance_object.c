/* Objects: made, read, removed. */
#include "tests/io/store/conformance_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

void what_is_created_can_be_read(void **state)
{
	struct fixture *fixture = *state;

	conformance_put(fixture->store, "packs/1.pack", "one");
	conformance_put(fixture->store, "top", "two");
	assert_holds(fixture->store, "packs/1.pack", "one");
	assert_holds(fixture->store, "top", "two");
}

void what_is_not_there_is_absent(void **state)
{
	struct fixture *fixture = *state;

	assert_absent(fixture->store, "x");
	assert_absent(fixture->store, "x/y/z");
	conformance_put(fixture->store, "dir/key", "");
	assert_absent(fixture->store, "dir");
	assert_absent(fixture->store, "dir/ke");
	assert_absent(fixture->store, "dir/keys");
	if (!fixture->kind->key_may_be_prefix)
		assert_absent(fixture->store, "dir/key/more");
}

void the_first_creator_wins_and_stays(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };

	conformance_put(fixture->store, "log/1.json", "first");
	assert_int_equal(store_create(fixture->store, "log/1.json", VIEW_LITERAL("second"), &err),
			 MUSTER_EXISTS);
	assert_int_equal(err.code, MUSTER_OK);
	assert_holds(fixture->store, "log/1.json", "first");
	assert_listed(fixture->store, "", NULL, "log/1.json\n");
}

void an_empty_object_is_an_object(void **state)
{
	struct fixture *fixture = *state;
	struct store_writer *writer;
	struct store_object *object;
	uint8_t byte = 7;

	assert_int_equal(store_create(fixture->store, "a", (struct view){ 0 }, NULL), MUSTER_OK);
	assert_int_equal(store_write_begin(fixture->store, "b", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	assert_holds(fixture->store, "a", "");
	assert_holds(fixture->store, "b", "");
	assert_int_equal(store_open(fixture->store, "b", &object, NULL), MUSTER_OK);
	assert_int_equal(object->size_bytes, 0);
	assert_int_equal(store_read(object, 0, &byte, 0, NULL), MUSTER_OK);
	assert_int_equal(store_read(object, 0, &byte, 1, NULL), MUSTER_E_FORMAT);
	assert_int_equal(byte, 7);
	store_close(object);
	assert_listed(fixture->store, "", NULL, "a\nb\n");
}

void ranges_are_read_exactly_or_refused(void **state)
{
	static const struct {
		uint64_t offset_bytes;
		size_t len;
		enum muster_code code;
		const char *expected;
	} cases[] = {
		{ 0, 10, MUSTER_OK, "0123456789" },
		{ 0, 0, MUSTER_OK, "" },
		{ 3, 4, MUSTER_OK, "3456" },
		{ 9, 1, MUSTER_OK, "9" },
		{ 10, 0, MUSTER_OK, "" },
		{ 10, 1, MUSTER_E_FORMAT, "" },
		{ 9, 2, MUSTER_E_FORMAT, "" },
		{ 11, 0, MUSTER_E_FORMAT, "" },
		{ UINT64_MAX, 2, MUSTER_E_FORMAT, "" },
		{ UINT64_MAX - 1, 1, MUSTER_E_FORMAT, "" },
	};
	struct fixture *fixture = *state;
	struct store_object *object;

	conformance_put(fixture->store, "k", "0123456789");
	assert_int_equal(store_open(fixture->store, "k", &object, NULL), MUSTER_OK);
	assert_int_equal(object->size_bytes, 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		char out[16] = "";

		assert_int_equal(store_read(object, cases[i].offset_bytes, out, cases[i].len, &err),
				 cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(out, cases[i].expected);
	}
	store_close(object);
}

void a_whole_object_has_a_maximum(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };
	struct bytes got = { 0 };

	conformance_put(fixture->store, "k", "0123456789");
	assert_int_equal(store_get(fixture->store, "k", &got, 9, &err), MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "'k'"));
	assert_int_equal(got.len, 0);
	assert_int_equal(store_get(fixture->store, "k", &got, 10, &err), MUSTER_OK);
	assert_int_equal(store_get(fixture->store, "k", &got, 10, &err), MUSTER_OK);
	assert_int_equal(got.len, 20); /* appended */
	assert_int_equal(store_get(fixture->store, "l", &got, 10, &err), MUSTER_ABSENT);
	bytes_release(&got);
}

void removing_what_is_absent_is_success(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(store_remove(fixture->store, "x", NULL), MUSTER_OK);
	assert_int_equal(store_remove(fixture->store, "x/y", NULL), MUSTER_OK);
	conformance_put(fixture->store, "x/y", "1");
	assert_int_equal(store_remove(fixture->store, "x", NULL), MUSTER_OK);
	assert_holds(fixture->store, "x/y", "1");
	assert_int_equal(store_remove(fixture->store, "x/y", NULL), MUSTER_OK);
	assert_absent(fixture->store, "x/y");
	assert_int_equal(store_remove(fixture->store, "x/y", NULL), MUSTER_OK);
}

void an_open_object_outlives_its_removal(void **state)
{
	struct fixture *fixture = *state;
	struct store_object *object;
	char out[8] = "";

	conformance_put(fixture->store, "k", "content");
	assert_int_equal(store_open(fixture->store, "k", &object, NULL), MUSTER_OK);
	assert_int_equal(store_remove(fixture->store, "k", NULL), MUSTER_OK);
	assert_absent(fixture->store, "k");
	assert_int_equal(store_read(object, 0, out, 7, NULL), MUSTER_OK);
	assert_string_equal(out, "content");
	store_close(object);
}

void the_store_has_a_time_that_does_not_go_back(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first_ns, second_ns;

	assert_int_equal(store_now(fixture->store, &first_ns, NULL), MUSTER_OK);
	assert_int_equal(store_now(fixture->store, &second_ns, NULL), MUSTER_OK);
	assert_true(first_ns > 1600000000ull * 1000000000);
	assert_true(second_ns >= first_ns);
}

#define SHARED_BYTES   (2u << 20)
#define SHARED_READERS 4

static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 2654435761u >> 13);
}

struct reader {
	struct store_object *object;
	unsigned number, wrong;
};

/* Two go from the first byte to the last, side by side, the others here and there. */
static void *read_pieces(void *arg)
{
	struct reader *reader = arg;
	uint8_t piece[32 << 10];
	uint32_t count = SHARED_BYTES / sizeof(piece);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = (uint64_t)(reader->number < 2 ? i : i * 29 % count) * sizeof(piece);

		if (store_read(reader->object, at, piece, sizeof(piece), NULL)) {
			reader->wrong++;
			continue;
		}
		for (size_t b = 0; b < sizeof(piece); b += 997)
			reader->wrong += piece[b] != byte_at(at + b);
	}
	return NULL;
}

void several_threads_read_one_object(void **state)
{
	struct fixture *fixture = *state;
	uint8_t *bytes = malloc(SHARED_BYTES);
	struct reader readers[SHARED_READERS];
	pthread_t threads[SHARED_READERS];
	struct store_object *object;

	assert_non_null(bytes);
	for (uint32_t i = 0; i < SHARED_BYTES; i++)
		bytes[i] = byte_at(i);
	assert_int_equal(store_create(fixture->store, "shared", view_of(bytes, SHARED_BYTES), NULL),
			 MUSTER_OK);
	free(bytes);
	assert_int_equal(store_open(fixture->store, "shared", &object, NULL), MUSTER_OK);
	for (unsigned i = 0; i < SHARED_READERS; i++) {
		readers[i] = (struct reader){ .object = object, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, read_pieces, &readers[i]), 0);
	}
	for (unsigned i = 0; i < SHARED_READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
	store_close(object);
}
