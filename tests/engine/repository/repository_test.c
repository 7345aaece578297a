#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <cmocka.h>

#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

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

static unsigned count_keys(struct store *store, const char *prefix)
{
	unsigned count = 0;

	assert_int_equal(store_list(store, prefix, NULL, count_key, &count, NULL), MUSTER_OK);
	return count;
}

/* Writes event 1 of a log of a test's own making. */
static void write_first(struct store *store, const char *log, struct event *event)
{
	struct bytes bytes = { 0 };
	struct key key;

	event->number = 1;
	event->id[0] = 1;
	assert_int_equal(event_encode(event, &bytes, NULL), MUSTER_OK);
	key_event(&key, log, 1);
	assert_int_equal(store_create(store, key.text, bytes_view(&bytes), NULL), MUSTER_OK);
	bytes_release(&bytes);
}

static void what_is_made_can_be_opened(void **state)
{
	static const struct {
		struct repository_options options;
		enum digest_algorithm algorithm;
		bool has_identity;
	} cases[] = {
		{ { 0 }, DIGEST_MD5, false },
		{ { DIGEST_MD5, true }, DIGEST_MD5, true },
		{ { DIGEST_XXH128, false }, DIGEST_XXH128, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct repository *repository = NULL;
		struct store *store = NULL;
		struct muster_error err = { 0 };
		static const uint8_t zero[16];

		assert_int_equal(store_memory_new(&store, &err), MUSTER_OK);
		if (repository_init(store, &cases[i].options, effects_system(), &err))
			fail_msg("%s", err.message);
		assert_int_equal(count_keys(store, ""), 1); /* nothing of the probe is left */
		assert_int_equal(repository_open(&repository, store, effects_system(), &err),
				 MUSTER_OK);
		assert_int_equal(repository_algorithm(repository), cases[i].algorithm);
		assert_int_equal(repository_has_identity(repository), cases[i].has_identity);
		assert_memory_not_equal(repository_id(repository), zero, 16);
		repository_close(repository);
		store_free(store);
	}
}

static void only_an_empty_place_becomes_a_repository(void **state)
{
	static const struct {
		const char *key;
		enum muster_code code;
	} cases[] = {
		{ "notes.txt", MUSTER_E_REFUSED },
		{ "repository/log/0000000001.json", MUSTER_E_REFUSED },
		{ "probe/00112233445566778899aabbccddeeff/07",
		  MUSTER_OK }, /* of an init that died */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store *store = NULL;
		struct muster_error err = { 0 };

		assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
		assert_int_equal(store_create(store, cases[i].key, VIEW_LITERAL("x"), NULL),
				 MUSTER_OK);
		assert_int_equal(repository_init(store, NULL, effects_system(), &err),
				 cases[i].code);
		if (cases[i].code)
			assert_non_null(strstr(err.message, "make a repository"));
		store_free(store);
	}
}

static void a_place_without_settings_is_no_repository(void **state)
{
	struct repository *repository = NULL;
	struct store *store = NULL;
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	assert_int_equal(repository_open(&repository, store, effects_system(), &err),
			 MUSTER_E_NAME);
	assert_null(repository);
	store_free(store);
}

/* A store whose create lets everybody win, or nobody, as some servers do without the condition. */
static enum muster_code create_over(struct store *store, const char *key, struct view data,
				    struct muster_error *err)
{
	struct store *inner = *(struct store **)(void *)(store + 1);

	store_remove(inner, key, NULL);
	store_create(inner, key, data, err);
	return MUSTER_OK;
}

static enum muster_code create_never(struct store *store, const char *key, struct view data,
				     struct muster_error *err)
{
	(void)store;
	(void)key;
	(void)data;
	(void)err;
	return MUSTER_EXISTS;
}

/* One wins, but another's bytes are there. */
static enum muster_code create_other(struct store *store, const char *key, struct view data,
				     struct muster_error *err)
{
	struct store *inner = *(struct store **)(void *)(store + 1);

	(void)data;
	return store_create(inner, key, VIEW_LITERAL("\xff"), err);
}

static enum muster_code open_inner(struct store *store, const char *key, struct store_object **out,
				   struct muster_error *err)
{
	return store_open(*(struct store **)(void *)(store + 1), key, out, err);
}

static enum muster_code list_inner(struct store *store, const char *prefix, const char *after,
				   store_list_fn *fn, void *state, struct muster_error *err)
{
	return store_list(*(struct store **)(void *)(store + 1), prefix, after, fn, state, err);
}

static enum muster_code remove_inner(struct store *store, const char *key, struct muster_error *err)
{
	return store_remove(*(struct store **)(void *)(store + 1), key, err);
}

static void a_store_that_does_not_create_if_absent_is_refused(void **state)
{
	static const struct {
		enum muster_code (*create)(struct store *, const char *, struct view,
					   struct muster_error *);
		const char *reason;
	} cases[] = {
		{ create_over, "16 won" },
		{ create_never, "0 won" },
		{ create_other, "does not hold what its creator wrote" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_ops ops = { .kind = "careless",
					 .create = cases[i].create,
					 .open = open_inner,
					 .list = list_inner,
					 .remove = remove_inner };
		struct {
			struct store base;
			struct store *inner;
		} careless = { { &ops }, NULL };
		struct muster_error err = { 0 };

		assert_int_equal(store_memory_new(&careless.inner, NULL), MUSTER_OK);
		assert_int_equal(repository_init(&careless.base, NULL, effects_system(), &err),
				 MUSTER_E_UNSUPPORTED);
		assert_non_null(strstr(err.message, "does not create if absent"));
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_int_equal(count_keys(careless.inner, ""), 0);
		store_free(careless.inner);
	}
}

static void a_failing_store_fails_the_proof(void **state)
{
	(void)state;
	for (int after = 0; after < 2; after++) { /* a lost answer is no second winner */
		struct store_fault_options options = { .at = 100, .length = 3, .after = after };
		struct store *memory = NULL, *store = NULL;
		struct muster_error err = { 0 };

		assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
		assert_int_equal(store_fault_new(&store, memory, &options, NULL), MUSTER_OK);
		assert_int_equal(repository_init(store, NULL, effects_system(), &err), MUSTER_E_IO);
		assert_int_equal(count_keys(store, ""), 0);
		store_free(store);
	}
}

static void the_first_write_proves_and_later_ones_look_up_once(void **state)
{
	struct repository *repository = NULL;
	struct store *memory = NULL, *store = NULL;
	struct store_counts counts[3];

	(void)state;
	assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
	assert_int_equal(store_count_new(&store, memory, NULL), MUSTER_OK);
	assert_int_equal(repository_init(store, NULL, effects_system(), NULL), MUSTER_OK);
	assert_int_equal(repository_open(&repository, store, effects_system(), NULL), MUSTER_OK);
	assert_false(repository_gate_is_fresh(repository));
	store_count_read(store, &counts[0]);
	assert_int_equal(repository_gate(repository, NULL), MUSTER_OK);
	store_count_read(store, &counts[1]);
	assert_int_equal(repository_gate(repository, NULL), MUSTER_OK);
	store_count_read(store, &counts[2]);
	assert_int_equal(counts[1].create.call_count - counts[0].create.call_count, 16 * 64);
	assert_int_equal(counts[2].create.call_count, counts[1].create.call_count);
	assert_int_equal(counts[2].open.call_count - counts[1].open.call_count, 1);
	assert_int_equal(counts[2].list.call_count, counts[1].list.call_count);
	assert_true(repository_gate_is_fresh(repository));
	repository_close(repository);
	store_free(store);
}

static void a_gate_grows_old(void **state)
{
	struct place place;

	(void)state;
	place_make(&place, NULL);
	assert_int_equal(repository_gate(place.repository, NULL), MUSTER_OK);
	place.world.boot_ns += REPOSITORY_GATE_NS;
	assert_true(repository_gate_is_fresh(place.repository));
	place.world.boot_ns += 1;
	assert_false(repository_gate_is_fresh(place.repository));
	place_release(&place);
}

static void an_unknown_gc_event_ends_writing_not_reading(void **state)
{
	struct place place;
	struct muster_error err = { 0 };

	(void)state;
	place_make(&place, NULL);
	assert_int_equal(repository_gate(place.repository, NULL), MUSTER_OK);
	test_add_unknown(place.store, KEY_GC_LOG, 1, false);
	assert_int_equal(repository_gate(place.repository, &err), MUSTER_E_UNSUPPORTED);
	assert_non_null(strstr(err.message, "gc/log"));
	assert_int_equal(repository_read_gc(place.repository, &err), MUSTER_OK);
	place_release(&place);
}

static void new_settings_are_seen_within_ten_minutes(void **state)
{
	struct place place;
	struct muster_error err = { 0 };

	(void)state;
	place_make(&place, NULL);
	test_add_unknown(place.store, KEY_REPOSITORY_LOG, 2, true);
	assert_int_equal(repository_gate(place.repository, &err), MUSTER_OK);
	place.world.boot_ns += REPOSITORY_GATE_NS + 1;
	assert_int_equal(repository_gate(place.repository, &err), MUSTER_E_UNSUPPORTED);
	assert_non_null(strstr(err.message, "repository/log"));
	place_open(&place); /* it can be read */
	assert_int_equal(repository_gate(place.repository, &err), MUSTER_E_UNSUPPORTED);
	place_release(&place);
}

static void features_that_are_not_known_are_respected(void **state)
{
	static const struct {
		bool read, write, collect;
		uint64_t format;
		enum muster_code open, gate;
	} cases[] = {
		{ false, false, false, 1, MUSTER_OK, MUSTER_OK },
		{ false, false, true, 1, MUSTER_OK, MUSTER_OK },
		{ false, true, true, 1, MUSTER_OK, MUSTER_E_UNSUPPORTED },
		{ true, true, true, 1, MUSTER_E_UNSUPPORTED, MUSTER_OK },
		{ false, false, false, 2, MUSTER_E_UNSUPPORTED, MUSTER_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view feature = VIEW_LITERAL("encryption 1");
		struct event event = { .kind.id = EVENT_CREATE,
				       .format = cases[i].format,
				       .algorithm = DIGEST_MD5,
				       .read = { &feature, cases[i].read },
				       .write = { &feature, cases[i].write },
				       .collect = { &feature, cases[i].collect } };
		struct repository *repository = NULL;
		struct store *store = NULL;
		struct muster_error err = { 0 };

		assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
		write_first(store, KEY_REPOSITORY_LOG, &event);
		assert_int_equal(repository_open(&repository, store, effects_system(), &err),
				 cases[i].open);
		if (repository)
			assert_int_equal(repository_gate(repository, &err), cases[i].gate);
		if (cases[i].format == 1 && (cases[i].open || cases[i].gate))
			assert_non_null(strstr(err.message, "encryption 1"));
		repository_close(repository);
		store_free(store);
	}
}

static void the_gc_log_says_what_stands(void **state)
{
	static const struct object_id id = { { 1 }, 7 };
	struct event event = { .kind.id = EVENT_CONDEMN };
	struct view object, head = VIEW_LITERAL("gc/log/1");
	struct place place;
	struct key key;

	(void)state;
	place_make(&place, NULL);
	key_object(&key, OBJECT_PACK, &id);
	object = view_text(key.text);
	event.objects = (struct texts){ &object, 1 };
	event.heads = (struct texts){ &head, 1 };
	assert_int_equal(repository_read_gc(place.repository, NULL), MUSTER_OK);
	assert_int_equal(repository_standing(place.repository, &id), GC_LIVE);
	assert_int_equal(repository_gc_head(place.repository), 0);
	write_first(place.store, KEY_GC_LOG, &event);
	assert_int_equal(repository_gate(place.repository, NULL), MUSTER_OK);
	assert_int_equal(repository_standing(place.repository, &id), GC_CONDEMNED);
	assert_int_equal(repository_gc_head(place.repository), 1);
	assert_false(repository_vouches(place.repository, "gc/log", 2));
	assert_true(repository_vouches(place.repository, "gc/log", 1));
	assert_false(repository_is_bad(place.repository, &id, 0));
	place_release(&place);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct place place;
	bool is_done = false;

	(void)state;
	place_make(&place, NULL);
	for (uint64_t n = 1; !is_done; n++) {
		struct repository *repository = NULL;
		enum muster_code code;

		torture_allocation(n);
		code = repository_open(&repository, place.store, &place.world.effects, NULL);
		if (!code) {
			repository_assume_proved(repository);
			code = repository_gate(repository, NULL);
		}
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		repository_close(repository);
	}
	place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_can_be_opened),
		cmocka_unit_test(only_an_empty_place_becomes_a_repository),
		cmocka_unit_test(a_place_without_settings_is_no_repository),
		cmocka_unit_test(a_store_that_does_not_create_if_absent_is_refused),
		cmocka_unit_test(a_failing_store_fails_the_proof),
		cmocka_unit_test(the_first_write_proves_and_later_ones_look_up_once),
		cmocka_unit_test(a_gate_grows_old),
		cmocka_unit_test(an_unknown_gc_event_ends_writing_not_reading),
		cmocka_unit_test(new_settings_are_seen_within_ten_minutes),
		cmocka_unit_test(features_that_are_not_known_are_respected),
		cmocka_unit_test(the_gc_log_says_what_stands),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
