/* Each allocation of a put fails once: the right code, nothing leaks (AddressSanitizer), no hang,
 * and the next run makes the version. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/store/memory.h"
#include "tests/faults/put_place.h"
#include "tests/support/torture.h"

static struct put_place place;

static int make(void **state)
{
	(void)state;
	put_place_make(&place);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	put_place_remove(&place);
	return 0;
}

static enum muster_code copy_object(void *state, const char *key, uint64_t size_bytes,
				    uint64_t modified_ns, struct muster_error *err)
{
	struct store **stores = state;
	struct bytes bytes = { 0 };
	enum muster_code code = store_get(stores[0], key, &bytes, 1u << 20, err);

	(void)size_bytes;
	(void)modified_ns;
	if (!code)
		code = store_create(stores[1], key, bytes_view(&bytes), err);
	bytes_release(&bytes);
	return code;
}

/* A repository that was made once is copied: making one proves a thousand creates. */
static struct store *copy_of(struct store *empty)
{
	struct store *stores[2] = { empty, NULL };

	assert_int_equal(store_memory_new(&stores[1], NULL), MUSTER_OK);
	assert_int_equal(store_list(empty, "", NULL, copy_object, stores, NULL), MUSTER_OK);
	return stores[1];
}

static enum muster_code put_once(struct store *store, struct muster_error *err)
{
	struct repository *repository = NULL;
	struct muster_put_report report;
	enum muster_code code = repository_open(&repository, store, effects_system(), err);

	if (!code) {
		repository_assume_proved(repository);
		code = put_place_put(&place, repository, &report, err);
	}
	repository_close(repository);
	return code;
}

static void a_failed_allocation_ends_the_put_in_order(void **state)
{
	struct store *empty = NULL;
	uint64_t n, tries = 0, memory_count = 0;
	bool is_done = false;

	(void)state;
	assert_int_equal(store_memory_new(&empty, NULL), MUSTER_OK);
	assert_int_equal(repository_init(empty, NULL, effects_system(), NULL), MUSTER_OK);
	for (n = 1; !is_done; n += TORTURE_STEP) {
		struct store *store = copy_of(empty);
		struct muster_error err = { 0 };
		enum muster_code code;

		put_place_forget_cache(&place);
		torture_allocation(n);
		code = put_once(store, &err);
		is_done = !torture_hit();
		torture_off();
		/* What only makes the next run faster is done without; a file may fail alone. */
		if (code != MUSTER_OK && code != MUSTER_E_MEMORY && code != MUSTER_E_ITEMS)
			fail_msg("allocation %llu: code %d, %s", (unsigned long long)n, code,
				 err.message);
		memory_count += code == MUSTER_E_MEMORY;
		tries++;
		put_place_finish(&place, store);
		store_free(store);
	}
	assert_true(n > 100);
	assert_true(memory_count > tries / 4);
	store_free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_allocation_ends_the_put_in_order),
	};

	return cmocka_run_group_tests(tests, make, remove_all);
}
