/* Copies of a store's objects in a nearer one: what is asked of either is counted. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "base/hash/hash.h"
#include "io/store/count.h"
#include "io/store/fault.h"
#include "io/store/kept.h"
#include "io/store/memory.h"
#include "tests/support/torture.h"

#define LARGE_BYTES (3 * STORE_KEPT_REQUEST_BYTES)

static const char *const prefixes[] = { "index/", "names/", NULL };

struct lab {
	struct store *far, *near; /* counted; the kept store's own */
	struct store *kept;
};

static struct store *counted(void)
{
	struct store *inner, *store;

	assert_int_equal(store_memory_new(&inner, NULL), MUSTER_OK);
	assert_int_equal(store_count_new(&store, inner, NULL), MUSTER_OK);
	return store;
}

static void set_up(struct lab *lab)
{
	lab->far = counted();
	lab->near = counted();
	assert_int_equal(store_kept_new(&lab->kept, lab->far, prefixes, NULL), MUSTER_OK);
	store_kept_attach(lab->kept, lab->near);
}

static uint64_t far_reads(const struct lab *lab)
{
	struct store_counts counts;

	store_count_read(lab->far, &counts);
	return counts.read.call_count;
}

static uint64_t far_opens(const struct lab *lab)
{
	struct store_counts counts;

	store_count_read(lab->far, &counts);
	return counts.open.call_count;
}

static void make(struct store *store, const char *key, uint8_t fill, size_t len)
{
	uint8_t *data = malloc(len + 1);

	assert_non_null(data);
	memset(data, fill, len);
	assert_int_equal(store_create(store, key, view_of(data, len), NULL), MUSTER_OK);
	free(data);
}

/* As the copier would have written them. */
static void make_copy(struct store *near, const char *key, uint8_t fill, size_t len)
{
	uint8_t *data = malloc(len + CHECKSUM_BYTES);

	assert_non_null(data);
	memset(data, fill, len);
	xxh128_of(view_of(data, len), data + len);
	assert_int_equal(store_create(near, key, view_of(data, len + CHECKSUM_BYTES), NULL),
			 MUSTER_OK);
	free(data);
}

static bool has(struct store *store, const char *key)
{
	struct store_object *object;
	enum muster_code code = store_open(store, key, &object, NULL);

	assert_true(code == MUSTER_OK || code == MUSTER_ABSENT);
	store_close(object);
	return code == MUSTER_OK;
}

static struct store_object *open_kept(const struct lab *lab, const char *key)
{
	struct store_object *object;

	assert_int_equal(store_open(lab->kept, key, &object, NULL), MUSTER_OK);
	return object;
}

static void is_byte(struct store_object *object, uint64_t offset, uint8_t expected)
{
	uint8_t byte = 0;

	assert_int_equal(store_read(object, offset, &byte, 1, NULL), MUSTER_OK);
	assert_int_equal(byte, expected);
}

static void a_small_object_is_copied_at_its_first_read(void **state)
{
	struct lab lab;
	struct store_object *object;
	uint64_t reads, opens;

	(void)state;
	set_up(&lab);
	make(lab.kept, "index/a", 7, 1000);
	object = open_kept(&lab, "index/a");
	is_byte(object, 5, 7);
	reads = far_reads(&lab);
	opens = far_opens(&lab);
	for (unsigned i = 0; i < 100; i++)
		is_byte(object, i, 7);
	store_close(object);
	object = open_kept(&lab, "index/a"); /* as another process would */
	is_byte(object, 999, 7);
	store_close(object);
	assert_int_equal(far_reads(&lab), reads);
	assert_int_equal(far_opens(&lab), opens);
	store_free(lab.kept);
}

static void a_large_one_when_its_reads_cost_more(void **state)
{
	struct lab lab;
	struct store_object *object;

	(void)state;
	set_up(&lab);
	make(lab.kept, "index/a", 7, LARGE_BYTES);
	object = open_kept(&lab, "index/a");
	for (unsigned i = 0; i < LARGE_BYTES / STORE_KEPT_REQUEST_BYTES; i++) {
		assert_false(has(lab.near, "index/a"));
		is_byte(object, i, 7);
	}
	is_byte(object, 9, 7);
	assert_true(has(lab.near, "index/a"));
	store_close(object);
	store_free(lab.kept);
}

static void other_objects_are_not_copied(void **state)
{
	struct lab lab;
	struct store_object *object;

	(void)state;
	set_up(&lab);
	make(lab.kept, "packs/a", 7, 1000);
	object = open_kept(&lab, "packs/a");
	is_byte(object, 5, 7);
	assert_false(has(lab.near, "packs/a"));
	assert_false(store_doubt(object));
	store_close(object);
	store_free(lab.kept);
}

/* The near bytes are wrong, and fewer than they should be; once they are held, once not. */
static void what_is_doubted_comes_from_afar(void **state)
{
	static const size_t sizes[] = { 500, LARGE_BYTES };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct lab lab;
		struct store_object *object;

		set_up(&lab);
		make(lab.far, "index/a", 7, sizes[i] + 10);
		make_copy(lab.near, "index/a", 9, sizes[i]);
		object = open_kept(&lab, "index/a");
		is_byte(object, 5, 9);
		assert_true(store_doubt(object));
		assert_int_equal(object->size_bytes, sizes[i] + 10);
		is_byte(object, sizes[i] + 9, 7);
		assert_false(store_doubt(object)); /* those were the far ones */
		store_close(object);
		object = open_kept(&lab, "index/a");
		is_byte(object, 5, 7);
		store_close(object);
		store_free(lab.kept);
	}
}

static void a_spoilt_copy_is_replaced(void **state)
{
	static const size_t sizes[] = { 0, 3, CHECKSUM_BYTES, 1000 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct lab lab;
		struct store_object *object;

		set_up(&lab);
		make(lab.far, "names/a", 7, 1000);
		make(lab.near, "names/a", 9, sizes[i]);
		for (unsigned round = 0; round < 2; round++) {
			object = open_kept(&lab, "names/a");
			assert_int_equal(object->size_bytes, 1000);
			is_byte(object, 5, 7);
			store_close(object);
		}
		assert_int_equal(far_opens(&lab), 1);
		store_free(lab.kept);
	}
}

static void a_check_reads_what_is_stored(void **state)
{
	struct lab lab;
	struct store_object *object;

	(void)state;
	set_up(&lab);
	make(lab.far, "index/a", 7, 1000);
	make_copy(lab.near, "index/a", 9, 1000);
	store_kept_use_copies(lab.kept, false);
	object = open_kept(&lab, "index/a");
	is_byte(object, 5, 7);
	store_close(object);
	store_kept_use_copies(lab.kept, true);
	object = open_kept(&lab, "index/a");
	is_byte(object, 5, 9);
	store_close(object);
	store_free(lab.kept);
}

static enum muster_code count_key(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	(void)key;
	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	++*(unsigned *)state;
	return MUSTER_OK;
}

static void a_listing_removes_copies_of_what_is_no_more(void **state)
{
	static const char *const gone[] = { "index/a", "index/c", "index/z" };
	struct lab lab;
	unsigned count = 0;

	(void)state;
	set_up(&lab);
	make(lab.far, "index/b", 1, 10);
	make(lab.far, "index/d", 1, 10);
	make(lab.far, "packs/p", 1, 10);
	make_copy(lab.near, "index/b", 1, 10);
	for (size_t i = 0; i < 3; i++)
		make(lab.near, gone[i], 1, 10);
	assert_int_equal(store_list(lab.kept, "index/", "index/b", count_key, &count, NULL),
			 MUSTER_OK);
	assert_int_equal(count, 1);
	assert_true(has(lab.near, "index/a")); /* only a whole listing knows */
	assert_int_equal(store_list(lab.kept, "index/", NULL, count_key, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_false(has(lab.near, gone[i]));
	assert_true(has(lab.near, "index/b"));
	assert_int_equal(store_remove(lab.kept, "index/b", NULL), MUSTER_OK);
	assert_false(has(lab.near, "index/b"));
	assert_false(has(lab.far, "index/b"));
	store_free(lab.kept);
}

static enum muster_code end_listing(void *state, const char *key, uint64_t size_bytes,
				    uint64_t modified_ns, struct muster_error *err)
{
	(void)state;
	(void)key;
	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	return MUSTER_END;
}

static void a_listing_that_ends_early_removes_nothing_behind_its_end(void **state)
{
	struct lab lab;

	(void)state;
	set_up(&lab);
	make(lab.far, "index/b", 1, 10);
	make(lab.near, "index/c", 1, 10);
	assert_int_equal(store_list(lab.kept, "index/", NULL, end_listing, NULL, NULL), MUSTER_END);
	assert_true(has(lab.near, "index/c"));
	store_free(lab.kept);
}

/* The n-th effect on the near store fails, for every n: bytes are right all the same. */
static void a_near_store_that_fails_costs_nothing_but_requests(void **state)
{
	(void)state;
	for (uint64_t n = 1;; n++) {
		struct store_fault_options faults = { .at = n, .count_reads = true };
		struct store *far = counted(), *memory, *near, *kept;
		struct store_object *object;
		unsigned count = 0;
		bool has_failed;

		assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
		assert_int_equal(store_fault_new(&near, memory, &faults, NULL), MUSTER_OK);
		assert_int_equal(store_kept_new(&kept, far, prefixes, NULL), MUSTER_OK);
		store_kept_attach(kept, near);
		make(far, "index/a", 7, 1000);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(store_list(kept, "index/", NULL, count_key, &count, NULL),
					 MUSTER_OK);
			assert_int_equal(store_open(kept, "index/a", &object, NULL), MUSTER_OK);
			is_byte(object, 5, 7);
			is_byte(object, 6, 7);
			store_close(object);
		}
		has_failed = store_fault_hit(near);
		store_free(kept);
		if (!has_failed)
			break;
	}
}

/* A far store that can continue what was begun, and notes what it is asked to. */
struct continuing {
	struct store base;
	struct store_ops ops;
	const char *key;
};

static enum muster_code note_continue(struct store *store, const char *key,
				      struct store_journal *journal, struct store_writer **out,
				      struct muster_error *err)
{
	(void)journal, (void)out, (void)err;
	((struct continuing *)store)->key = key;
	return MUSTER_EXISTS;
}

static void free_nothing(struct store *store)
{
	(void)store;
}

static void what_was_begun_afar_is_continued_there(void **state)
{
	struct continuing far = {
		.ops = { .kind = "far", .write_continue = note_continue, .free = free_nothing }
	};
	struct store_journal *journal = NULL;
	struct store_writer *writer;
	struct store *kept;
	struct lab lab;

	(void)state;
	set_up(&lab);
	assert_false(store_can_continue(lab.kept)); /* memory cannot */
	store_free(lab.kept);
	far.base.ops = &far.ops;
	assert_int_equal(store_kept_new(&kept, &far.base, prefixes, NULL), MUSTER_OK);
	assert_true(store_can_continue(kept));
	assert_int_equal(store_write_continue(kept, "packs/a", journal, &writer, NULL),
			 MUSTER_EXISTS);
	assert_string_equal(far.key, "packs/a");
	store_free(kept);
}

struct reader {
	struct store_object *object;
	unsigned wrong;
};

static void *read_much(void *arg)
{
	struct reader *reader = arg;

	for (unsigned i = 0; i < 2000; i++) {
		uint8_t byte = 0;
		uint64_t offset = (uint64_t)i * 4099 % LARGE_BYTES;

		reader->wrong += store_read(reader->object, offset, &byte, 1, NULL) || byte != 7;
	}
	return NULL;
}

static void several_threads_read_one_object(void **state)
{
	struct lab lab;
	struct reader readers[4];
	pthread_t threads[4];
	struct store_object *object;

	(void)state;
	set_up(&lab);
	make(lab.far, "index/a", 7, LARGE_BYTES);
	object = open_kept(&lab, "index/a");
	for (unsigned i = 0; i < 4; i++) {
		readers[i] = (struct reader){ .object = object };
		assert_int_equal(pthread_create(&threads[i], NULL, read_much, &readers[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
	assert_true(far_reads(&lab) < 16);
	store_close(object);
	store_free(lab.kept);
}

static void no_memory_is_told_or_done_without(void **state)
{
	(void)state;
	for (uint64_t n = 1;; n++) {
		struct store *far = counted(), *near = counted(), *kept = NULL;
		struct store_object *object = NULL;
		uint8_t byte = 0;
		enum muster_code code;
		bool hit;

		make(far, "index/a", 7, 1000);
		torture_allocation(n);
		code = store_kept_new(&kept, far, prefixes, NULL);
		if (!code)
			store_kept_attach(kept, near);
		if (!code)
			code = store_open(kept, "index/a", &object, NULL);
		if (!code)
			code = store_read(object, 5, &byte, 1, NULL);
		hit = torture_hit();
		torture_off();
		assert_true(code == MUSTER_OK || code == MUSTER_E_MEMORY);
		assert_true(code || byte == 7);
		store_close(object);
		if (kept) {
			store_free(kept);
		} else {
			store_free(far);
			store_free(near);
		}
		if (!hit)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_object_is_copied_at_its_first_read),
		cmocka_unit_test(a_large_one_when_its_reads_cost_more),
		cmocka_unit_test(other_objects_are_not_copied),
		cmocka_unit_test(what_is_doubted_comes_from_afar),
		cmocka_unit_test(a_spoilt_copy_is_replaced),
		cmocka_unit_test(a_check_reads_what_is_stored),
		cmocka_unit_test(a_listing_removes_copies_of_what_is_no_more),
		cmocka_unit_test(a_listing_that_ends_early_removes_nothing_behind_its_end),
		cmocka_unit_test(a_near_store_that_fails_costs_nothing_but_requests),
		cmocka_unit_test(what_was_begun_afar_is_continued_there),
		cmocka_unit_test(several_threads_read_one_object),
		cmocka_unit_test(no_memory_is_told_or_done_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
