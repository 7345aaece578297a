/* get and checkout with a cache of blobs: what it has is not asked of the repository, and whatever
 * is wrong with it, the files are right. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/cache/blob_cache.h"
#include "io/store/fault.h"
#include "tests/engine/get/place.h"
#include "tests/support/torture.h"

#define MIB	  (1u << 20)
#define STEPS_MAX 3000

static const struct spec files[] = {
	{ "a", "alpha", 0, NULL },
	{ "d/b", "beta", 0, NULL },
	{ "d/e/c", "gamma", 30000, NULL },
	{ "empty", "", 0, NULL },
	{ "large", "large ", 5 * MIB, NULL },
	{ "same", "alpha", 0, NULL },
};
#define FILES 6

/* A place whose repository tells what is read of it, and a cache. */
struct lab {
	struct place *place;
	struct version version;
	char directory[96];   /* of the cache */
	struct sys_fault sys; /* of the cache */
	uint64_t limit_bytes;
	unsigned worker_count;
	atomic_uint asked_packs; /* opened or read, and index files */
	struct muster_cache_use use;
};

static void note_asked(void *state, const struct store_fault_event *event)
{
	struct lab *lab = state;
	bool is_asked = event->effect == STORE_EFFECT_OPEN || event->effect == STORE_EFFECT_READ ||
			event->effect == STORE_EFFECT_LIST;

	if (is_asked && !event->ended &&
	    (!strncmp(event->key, "packs/", 6) || !strncmp(event->key, "index/", 6)))
		atomic_fetch_add(&lab->asked_packs, 1);
}

/* The place's repository is read through a store that tells. */
static void watch(struct lab *lab)
{
	struct store_fault_options options = { .count_reads = true,
					       .log = note_asked,
					       .log_state = lab };
	struct place *place = lab->place;

	repository_close(place->repository);
	assert_int_equal(store_fault_new(&place->store, place->store, &options, NULL), MUSTER_OK);
	assert_int_equal(repository_open(&place->repository, place->store, effects_system(), NULL),
			 MUSTER_OK);
}

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	lab->place = place_new(false);
	lab->version = place_version(lab->place, files, FILES);
	lab->limit_bytes = 64 * MIB;
	lab->worker_count = 1;
	snprintf(lab->directory, sizeof(lab->directory), "%s/blobs", lab->place->base);
	sys_fault_init(&lab->sys);
	watch(lab);
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;

	place_free(lab->place);
	free(lab);
	return 0;
}

static struct blob_cache *open_cache(struct lab *lab)
{
	struct blob_cache_options options = { .directory = lab->directory,
					      .limit_bytes = lab->limit_bytes,
					      .table_bytes = MIB,
					      .sys = &lab->sys.ops };
	struct blob_cache *cache;

	return blob_cache_open(&cache, &options, NULL) ? NULL : cache;
}

static enum muster_code get(struct lab *lab)
{
	struct place *place = lab->place;
	struct muster_get_options options = { .job = { .worker_count = lab->worker_count },
					      .directory = place->tree };
	struct get_start start = place_start(place, &lab->version);
	struct muster_get_report report;
	struct muster_error err = { 0 };
	enum muster_code code;

	place_run("rm -rf '%s'", place->tree);
	lab->use = (struct muster_cache_use){ 0 };
	atomic_store(&lab->asked_packs, 0);
	start.blobs = open_cache(lab);
	code = get_run_with(&start, &options, &report, &err);
	blob_cache_close(start.blobs, &lab->use);
	return code;
}

static void get_all(struct lab *lab)
{
	assert_int_equal(get(lab), MUSTER_OK);
	assert_tree(lab->place->tree, files, FILES);
}

/* --- what it is for -------------------------------------------------------------------------- */

static void a_second_get_asks_for_no_pack(void **state)
{
	struct lab *lab = *state;

	get_all(lab);
	assert_true(atomic_load(&lab->asked_packs) > 0);
	assert_int_equal(lab->use.hit_blobs, 0);
	assert_int_equal(lab->use.added_blobs, FILES);
	get_all(lab);
	assert_int_equal(atomic_load(&lab->asked_packs), 0);
	assert_int_equal(lab->use.hit_blobs, FILES);
	assert_int_equal(lab->use.added_blobs, 0);
}

static void another_version_asks_for_what_is_new_only(void **state)
{
	static const struct spec changed[] = {
		{ "a", "alpha", 0, NULL },
		{ "d/b", "changed", 0, NULL },
		{ "large", "large ", 5 * MIB, NULL },
	};
	struct lab *lab = *state;

	get_all(lab);
	lab->version = place_version(lab->place, changed, 3);
	assert_int_equal(get(lab), MUSTER_OK);
	assert_tree(lab->place->tree, changed, 3);
	assert_int_equal(lab->use.hit_blobs, 2);
	assert_int_equal(lab->use.added_blobs, 1);
}

static void another_repository_shares_the_cache(void **state)
{
	struct lab *lab = *state;
	void *other_state;
	struct lab *other;

	get_all(lab);
	set_up(&other_state);
	other = other_state;
	snprintf(other->directory, sizeof(other->directory), "%s", lab->directory);
	get_all(other);
	assert_int_equal(atomic_load(&other->asked_packs), 0);
	tear_down(&other_state);
}

static void without_a_cache_all_is_fetched(void **state)
{
	struct lab *lab = *state;

	get_all(lab);
	place_run("rm -rf '%s' && touch '%s'", lab->directory, lab->directory);
	get_all(lab);
	assert_true(atomic_load(&lab->asked_packs) > 0);
}

static void a_checkout_uses_it_too(void **state)
{
	struct lab *lab = *state;
	struct place *place = lab->place;
	struct muster_checkout_options options = { .job = { .worker_count = 2 },
						   .directory = place->tree };
	struct get_start start = place_start(place, &lab->version);
	struct muster_get_report report;

	get_all(lab);
	place_run("rm -rf '%s'", place->tree);
	atomic_store(&lab->asked_packs, 0);
	start.blobs = open_cache(lab);
	assert_int_equal(checkout_run_with(&start, &options, &report, NULL), MUSTER_OK);
	blob_cache_close(start.blobs, NULL);
	assert_tree(place->tree, files, FILES);
	assert_int_equal(atomic_load(&lab->asked_packs), 0);
}

static void workers_fill_it_side_by_side(void **state)
{
	struct lab *lab = *state;
	struct spec many[2000];
	char paths[2000][16], texts[2000][16];

	for (unsigned i = 0; i < 2000; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%02u/%04u", i / 100, i);
		snprintf(texts[i], sizeof(texts[i]), "text %u", i * 7919);
		many[i] = (struct spec){ paths[i], texts[i], i % 500 == 9 ? 5 * MIB : 200, NULL };
	}
	lab->version = place_version(lab->place, many, 2000);
	lab->worker_count = 4;
	assert_int_equal(get(lab), MUSTER_OK);
	assert_int_equal(lab->use.added_blobs, 2000);
	assert_int_equal(get(lab), MUSTER_OK);
	assert_tree(lab->place->tree, many, 2000);
	assert_int_equal(lab->use.hit_blobs, 2000);
	assert_int_equal(atomic_load(&lab->asked_packs), 0);
}

/* --- a cache that is no good ------------------------------------------------------------------ */

static void flip(struct lab *lab, const char *command)
{
	place_run("cd '%s/packs' && for f in *; do %s; done", lab->directory, command);
}

static void wrong_bytes_are_fetched_again(void **state)
{
	static const char *const damages[] = {
		"printf X | dd of=$f bs=1 seek=18 conv=notrunc status=none",
		"printf X | dd of=$f bs=1 seek=$(($(stat -c %s $f) - 9)) conv=notrunc status=none",
		"printf X | dd of=$f bs=1 seek=$(($(stat -c %s $f) / 2)) conv=notrunc status=none",
		"dd if=/dev/zero of=$f bs=1 count=$(stat -c %s $f) conv=notrunc status=none",
		"truncate -s 7000 $f",
	};
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		place_run("rm -rf '%s'", lab->directory);
		get_all(lab);
		flip(lab, damages[i]);
		get_all(lab);
		assert_true(atomic_load(&lab->asked_packs) > 0);
		if (i < 4)
			assert_true(lab->use.damaged_segments > 0);
		get_all(lab);
		get_all(lab);
		assert_int_equal(atomic_load(&lab->asked_packs), 0);
		assert_int_equal(lab->use.damaged_segments, 0);
	}
}

static void half_of_what_is_fetched_may_have_room(void **state)
{
	struct lab *lab = *state;

	lab->limit_bytes = 3 * MIB; /* not for the large one */
	get_all(lab);
	get_all(lab);
	assert_int_equal(lab->use.hit_blobs, FILES - 1);
}

/* Each of the first steps, then fewer and fewer: blob_cache_fault_test takes all of them. */
static unsigned after(unsigned n)
{
	return n + TORTURE_STEP + n / 16;
}

static void no_failing_call_of_the_cache_fails_a_get(void **state)
{
	struct lab *lab = *state;
	unsigned n = 1;

	for (bool was_hit = true; was_hit && n < STEPS_MAX; n = after(n)) {
		if (n % 2)
			place_run("rm -rf '%s'", lab->directory);
		sys_fault_arm(&lab->sys, n / 2 + 1, ENOSPC);
		get_all(lab);
		was_hit = atomic_load(&lab->sys.hit);
		sys_fault_arm(&lab->sys, 0, 0);
	}
	assert_in_range(n, 40, STEPS_MAX - 1);
}

static void no_memory_fails_in_order(void **state)
{
	struct lab *lab = *state;
	unsigned n = 1;

	for (bool was_hit = true; was_hit && n < STEPS_MAX; n = after(n)) {
		enum muster_code code;

		place_run("rm -rf '%s'", lab->directory);
		torture_allocation(n);
		code = get(lab);
		was_hit = torture_hit();
		torture_off();
		if (!code)
			assert_tree(lab->place->tree, files, FILES);
		else
			assert_true(code == MUSTER_E_MEMORY || code == MUSTER_E_ITEMS);
		place_run("rm -rf '%s'/.muster-*", lab->place->base);
	}
	assert_in_range(n, 40, STEPS_MAX - 1);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LAB_TEST(a_second_get_asks_for_no_pack),
		LAB_TEST(another_version_asks_for_what_is_new_only),
		LAB_TEST(another_repository_shares_the_cache),
		LAB_TEST(without_a_cache_all_is_fetched),
		LAB_TEST(a_checkout_uses_it_too),
		LAB_TEST(workers_fill_it_side_by_side),
		LAB_TEST(wrong_bytes_are_fetched_again),
		LAB_TEST(half_of_what_is_fetched_may_have_room),
		LAB_TEST(no_failing_call_of_the_cache_fails_a_get),
		LAB_TEST(no_memory_fails_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
