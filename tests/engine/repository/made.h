/* Repositories for tests: the first of each kind is made, and the others are copies of it, with its
 * id: making one lets 64 threads race, which takes a sanitizer half a second. */
#ifndef TESTS_ENGINE_REPOSITORY_MADE_H
#define TESTS_ENGINE_REPOSITORY_MADE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/repository/repository.h"
#include "io/store/memory.h"

/* They live as long as the program. */
struct made {
	struct repository_options options;
	struct store *store;
};

struct made_copy {
	struct store *from, *to;
};

static inline enum muster_code made_copy_object(void *state, const char *key, uint64_t size_bytes,
						uint64_t modified_ns, struct muster_error *err)
{
	struct made_copy *copy = state;
	struct bytes bytes = { 0 };
	enum muster_code code;

	(void)modified_ns;
	code = store_get(copy->from, key, &bytes, size_bytes, err);
	if (!code)
		code = store_create(copy->to, key, bytes_view(&bytes), err);
	bytes_release(&bytes);
	return code;
}

static inline struct made *made_of(const struct repository_options *options)
{
	static struct made all[8];
	size_t i = 0;

	while (all[i].store && (all[i].options.algorithm != options->algorithm ||
				all[i].options.has_identity != options->has_identity))
		i++;
	assert_in_range(i, 0, 7);
	if (all[i].store)
		return &all[i];
	all[i].options = *options;
	assert_int_equal(store_memory_new(&all[i].store, NULL), MUSTER_OK);
	assert_int_equal(repository_init(all[i].store, options, effects_system(), NULL), MUSTER_OK);
	return &all[i];
}

/* `store` is empty, and becomes one. `options` NULL: as they are by default. */
static inline void test_repository_make(struct store *store,
					const struct repository_options *options)
{
	static const struct repository_options by_default = { 0 };
	struct made_copy copy = { made_of(options ? options : &by_default)->store, store };
	struct muster_error err = { 0 };

	if (store_list(copy.from, "", NULL, made_copy_object, &copy, &err))
		fail_msg("%s", err.message);
}

#endif
