#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "engine/blob/kept.h"
#include "io/store/count.h"
#include "io/store/memory.h"

#define OBJECT_BYTES (5 * KEPT_BLOCK_BYTES + 1234)

struct lab {
	struct store *store;
	struct kept_room room;
	struct kept_object kept;
	uint8_t *bytes;
};

static struct lab lab_open(size_t room_bytes)
{
	struct lab lab = { .bytes = malloc(OBJECT_BYTES) };
	struct store *memory;

	assert_non_null(lab.bytes);
	for (size_t i = 0; i < OBJECT_BYTES; i++)
		lab.bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
	assert_int_equal(store_count_new(&lab.store, memory, NULL), MUSTER_OK);
	assert_int_equal(store_create(lab.store, "x", view_of(lab.bytes, OBJECT_BYTES), NULL),
			 MUSTER_OK);
	atomic_store(&lab.room.left_bytes, room_bytes);
	return lab;
}

/* Behind lab_open(), when the lab has its place. */
static void lab_begin(struct lab *lab)
{
	struct store_object *object;

	assert_int_equal(store_open(lab->store, "x", &object, NULL), MUSTER_OK);
	kept_init(&lab->kept, object, &lab->room);
	assert_int_equal(kept_begin(&lab->kept, NULL), MUSTER_OK);
}

static void lab_close(struct lab *lab)
{
	kept_release(&lab->kept);
	store_free(lab->store);
	free(lab->bytes);
}

static uint64_t reads_of(const struct lab *lab)
{
	struct store_counts counts;

	store_count_read(lab->store, &counts);
	return counts.read.call_count;
}

static void must_read(struct lab *lab, uint64_t offset_bytes, size_t len)
{
	uint8_t *out = malloc(len + 1);

	assert_non_null(out);
	assert_int_equal(kept_read(&lab->kept, offset_bytes, out, len, NULL), MUSTER_OK);
	assert_memory_equal(out, lab->bytes + offset_bytes, len);
	free(out);
}

static void a_block_is_read_once(void **state)
{
	struct lab lab = lab_open(OBJECT_BYTES);

	(void)state;
	lab_begin(&lab);
	must_read(&lab, 10, 100);
	must_read(&lab, 500, 3000);
	assert_int_equal(reads_of(&lab), 1);
	must_read(&lab, KEPT_BLOCK_BYTES - 1, 2); /* over a seam */
	assert_int_equal(reads_of(&lab), 2);
	must_read(&lab, 0, OBJECT_BYTES);
	assert_int_equal(reads_of(&lab), 6);
	assert_int_equal(atomic_load(&lab.room.left_bytes), 0);
	must_read(&lab, OBJECT_BYTES - 1, 1);
	must_read(&lab, OBJECT_BYTES, 0);
	assert_int_equal(reads_of(&lab), 6);
	lab_close(&lab);
}

static void without_room_a_read_is_a_read(void **state)
{
	static const size_t rooms[] = { 0, KEPT_BLOCK_BYTES - 1, 2 * KEPT_BLOCK_BYTES };

	(void)state;
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct lab lab = lab_open(rooms[i]);

		lab_begin(&lab);
		must_read(&lab, 0, OBJECT_BYTES);
		for (uint64_t at = 0; at + 64 < OBJECT_BYTES; at += 9999)
			must_read(&lab, at, 64);
		if (i < 2) /* each of them */
			assert_int_equal(reads_of(&lab), 1 + OBJECT_BYTES / 9999 + 1);
		assert_in_range(rooms[i] - atomic_load(&lab.room.left_bytes), 0, rooms[i]);
		lab_close(&lab);
	}
}

static void what_lies_beyond_the_end_is_refused(void **state)
{
	struct lab lab = lab_open(OBJECT_BYTES);
	uint8_t out[64];

	(void)state;
	lab_begin(&lab);
	assert_int_equal(kept_read(&lab.kept, OBJECT_BYTES - 63, out, 64, NULL), MUSTER_E_FORMAT);
	assert_int_equal(kept_read(&lab.kept, UINT64_MAX - 3, out, 8, NULL), MUSTER_E_FORMAT);
	lab_close(&lab);
}

static void *read_all(void *arg)
{
	struct lab *lab = arg;

	for (uint64_t at = 0; at + 200 < OBJECT_BYTES; at += 4999)
		must_read(lab, at, 200);
	return NULL;
}

static void readers_share_the_blocks(void **state)
{
	struct lab lab = lab_open(3 * KEPT_BLOCK_BYTES);
	pthread_t threads[4];

	(void)state;
	lab_begin(&lab);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, &lab), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_in_range(atomic_load(&lab.room.left_bytes), 0, 3 * KEPT_BLOCK_BYTES);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_read_once),
		cmocka_unit_test(without_room_a_read_is_a_read),
		cmocka_unit_test(what_lies_beyond_the_end_is_refused),
		cmocka_unit_test(readers_share_the_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
