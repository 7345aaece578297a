/* Packs that several readers share: opened once, kept while it is worth it, closed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "engine/blob/blob_set.h"
#include "engine/blob/pack_cache.h"
#include "io/store/count.h"
#include "io/store/memory.h"
#include "tests/support/torture.h"

#define PACKS	(2 * PACK_CACHE_PACKS)
#define READERS 8

static const uint8_t repository[16] = { 0xaa };

/* "packs/<session>-<number>.pack" of the only session; numbers from 1. */
static struct object_id id_of(unsigned number)
{
	return (struct object_id){ .number = number };
}

static enum muster_code next_id(void *state, struct object_id *out, struct muster_error *err)
{
	unsigned *next = state;

	(void)err;
	*out = id_of((*next)++);
	return MUSTER_OK;
}

static void make_pack(struct store *store, unsigned number)
{
	struct blob_set_options options = { .algorithm = DIGEST_MD5,
					    .next_id = next_id,
					    .next_id_state = &number };
	uint8_t content[4] = { (uint8_t)number, (uint8_t)(number >> 8) };
	struct view data = view_of(content, sizeof(content));
	struct blob_key key = { .algorithm = DIGEST_MD5, .size_bytes = sizeof(content) };
	struct blob_packer *packer;
	struct blob_place place;
	struct blob_set *set;

	memcpy(options.repository_id, repository, 16);
	md5_of(data, key.digest);
	xxh128_of(data, key.checksum);
	assert_int_equal(blob_set_open(&set, store, &options, NULL), MUSTER_OK);
	assert_int_equal(blob_packer_open(&packer, set, NULL), MUSTER_OK);
	assert_int_equal(blob_packer_put(packer, &key, data, &place, NULL), MUSTER_OK);
	assert_int_equal(blob_packer_flush(packer, NULL), MUSTER_OK);
	blob_packer_close(packer);
	assert_int_equal(blob_set_finish(set, NULL), MUSTER_OK);
	blob_set_close(set);
}

struct lab {
	struct store *store; /* counted */
	struct pack_cache *cache;
};

static void set_up(struct lab *lab, uint64_t max_bytes)
{
	struct store *memory;

	assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
	for (unsigned n = 0; n < PACKS; n++)
		make_pack(memory, 1 + 10 * n);
	assert_int_equal(store_count_new(&lab->store, memory, NULL), MUSTER_OK);
	assert_int_equal(pack_cache_open(&lab->cache, lab->store, repository, max_bytes, NULL),
			 MUSTER_OK);
}

static void tear_down(struct lab *lab)
{
	pack_cache_close(lab->cache);
	store_free(lab->store);
}

static uint64_t opens(const struct lab *lab)
{
	struct store_counts counts;

	store_count_read(lab->store, &counts);
	return counts.open.call_count;
}

static void use(const struct lab *lab, unsigned n)
{
	struct object_id id = id_of(1 + 10 * n);
	const struct open_pack *pack;

	assert_int_equal(pack_cache_take(lab->cache, &id, &pack, NULL), MUSTER_OK);
	assert_true(object_id_equal(&pack->id, &id));
	assert_int_equal(pack->trailer.blob_count, 1);
	pack_cache_put(lab->cache, pack);
}

static void a_pack_is_opened_once(void **state)
{
	struct lab lab;

	(void)state;
	set_up(&lab, PACK_CACHE_BYTES);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned n = 0; n < PACK_CACHE_PACKS; n++)
			use(&lab, n);
	assert_int_equal(opens(&lab), PACK_CACHE_PACKS);
	tear_down(&lab);
}

static void the_one_used_longest_ago_goes_first(void **state)
{
	struct lab lab;

	(void)state;
	set_up(&lab, PACK_CACHE_BYTES);
	for (unsigned n = 0; n < PACK_CACHE_PACKS; n++)
		use(&lab, n);
	use(&lab, 0);
	use(&lab, PACK_CACHE_PACKS); /* one too many: 1 goes */
	use(&lab, 0);
	assert_int_equal(opens(&lab), PACK_CACHE_PACKS + 1);
	use(&lab, 1);
	assert_int_equal(opens(&lab), PACK_CACHE_PACKS + 2);
	tear_down(&lab);
}

static void bytes_are_bounded_but_for_the_one_used_last(void **state)
{
	struct lab lab;

	(void)state;
	set_up(&lab, 1);
	use(&lab, 0);
	use(&lab, 0);
	assert_int_equal(opens(&lab), 1);
	use(&lab, 1);
	use(&lab, 0);
	assert_int_equal(opens(&lab), 3);
	tear_down(&lab);
}

static void what_is_in_use_stays(void **state)
{
	struct lab lab;
	const struct open_pack *held;
	struct object_id id = id_of(1);

	(void)state;
	set_up(&lab, 1);
	assert_int_equal(pack_cache_take(lab.cache, &id, &held, NULL), MUSTER_OK);
	for (unsigned n = 1; n < PACKS; n++)
		use(&lab, n);
	assert_true(object_id_equal(&held->id, &id));
	use(&lab, 0);
	assert_int_equal(opens(&lab), PACKS);
	pack_cache_put(lab.cache, held);
	tear_down(&lab);
}

static void a_failure_is_told_and_not_remembered(void **state)
{
	struct lab lab;
	struct object_id id = id_of(4);
	const struct open_pack *pack;

	(void)state;
	set_up(&lab, PACK_CACHE_BYTES);
	assert_int_equal(pack_cache_take(lab.cache, &id, &pack, NULL), MUSTER_ABSENT);
	make_pack(lab.store, 4);
	assert_int_equal(pack_cache_take(lab.cache, &id, &pack, NULL), MUSTER_OK);
	pack_cache_put(lab.cache, pack);
	tear_down(&lab);
}

struct reader {
	struct lab *lab;
	pthread_barrier_t *together;
	unsigned missed;
};

static void *read_all(void *arg)
{
	struct reader *reader = arg;

	for (unsigned n = 0; n < PACK_CACHE_PACKS; n++) {
		struct object_id id = id_of(1 + 10 * n), none = id_of(5);
		const struct open_pack *pack;

		pthread_barrier_wait(reader->together);
		if (pack_cache_take(reader->lab->cache, &id, &pack, NULL)) {
			reader->missed++;
			continue;
		}
		reader->missed += !object_id_equal(&pack->id, &id);
		pack_cache_put(reader->lab->cache, pack);
		reader->missed +=
			pack_cache_take(reader->lab->cache, &none, &pack, NULL) != MUSTER_ABSENT;
	}
	return NULL;
}

static void readers_wait_for_the_one_that_opens(void **state)
{
	struct lab lab;
	pthread_barrier_t together;
	struct reader readers[READERS];
	pthread_t threads[READERS];
	uint64_t absent;

	(void)state;
	set_up(&lab, PACK_CACHE_BYTES);
	pthread_barrier_init(&together, NULL, READERS);
	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ &lab, &together, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
	}
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].missed, 0);
	}
	/* each pack once; the missing one by everybody */
	absent = (uint64_t)READERS * PACK_CACHE_PACKS;
	assert_true(opens(&lab) <= PACK_CACHE_PACKS + absent);
	for (unsigned n = 0; n < PACK_CACHE_PACKS; n++)
		use(&lab, n);
	pthread_barrier_destroy(&together);
	tear_down(&lab);
}

static void no_memory_is_told(void **state)
{
	struct lab lab;
	struct object_id id = id_of(1);

	(void)state;
	set_up(&lab, 1);
	for (uint64_t n = 1; torture_allocation(n); n++) {
		const struct open_pack *pack;
		enum muster_code code = pack_cache_take(lab.cache, &id, &pack, NULL);
		bool hit = torture_hit();

		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		if (!code)
			pack_cache_put(lab.cache, pack);
		if (!hit)
			break;
	}
	tear_down(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pack_is_opened_once),
		cmocka_unit_test(the_one_used_longest_ago_goes_first),
		cmocka_unit_test(bytes_are_bounded_but_for_the_one_used_last),
		cmocka_unit_test(what_is_in_use_stays),
		cmocka_unit_test(a_failure_is_told_and_not_remembered),
		cmocka_unit_test(readers_wait_for_the_one_that_opens),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
