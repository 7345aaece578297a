#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "io/store/count.h"
#include "io/store/fault.h"
#include "io/store/kept.h"
#include "io/store/local.h"
#include "io/store/memory.h"
#include "tests/io/store/conformance.h"
#include "tests/io/store/scratch.h"
#include "tests/io/store/sys_fault.h"

struct place {
	char path[256];
	struct sys_fault sys;
	struct store *(*wrap)(struct store *inner);
};

static struct store *make_memory(void *state)
{
	struct place *place = state;
	struct store *store;

	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	return place->wrap ? place->wrap(store) : store;
}

static struct store *make_local(void *state)
{
	struct place *place = state;
	struct store_local_options options = { .sys = place->sys.ops.openat ? &place->sys.ops
									    : NULL };
	struct store *store;

	assert_int_equal(scratch_make(place->path, sizeof(place->path)), 0);
	assert_int_equal(store_local_open(&store, place->path, &options, NULL), MUSTER_OK);
	return place->wrap ? place->wrap(store) : store;
}

static void remove_local(void *state)
{
	struct place *place = state;

	scratch_remove(place->path);
}

static struct store *wrap_count(struct store *inner)
{
	struct store *store;

	assert_int_equal(store_count_new(&store, inner, NULL), MUSTER_OK);
	return store;
}

static struct store *wrap_fault(struct store *inner)
{
	struct store *store;

	assert_int_equal(store_fault_new(&store, inner, NULL, NULL), MUSTER_OK);
	return store;
}

/* Every object has a copy in another memory. */
static struct store *wrap_kept(struct store *inner)
{
	static const char *const prefixes[] = { "", NULL };
	struct store *store, *near;

	assert_int_equal(store_memory_new(&near, NULL), MUSTER_OK);
	assert_int_equal(store_kept_new(&store, inner, prefixes, NULL), MUSTER_OK);
	store_kept_attach(store, near);
	return store;
}

int main(void)
{
	static struct place places[8];
	struct conformance_kind kinds[] = {
		{ .name = "memory",
		  .state = &places[0],
		  .make = make_memory,
		  .cleanup = NULL,
		  .key_may_be_prefix = true },
		{ .name = "local",
		  .state = &places[1],
		  .make = make_local,
		  .cleanup = remove_local,
		  .key_may_be_prefix = false },
		{ .name = "memory, counted",
		  .state = &places[2],
		  .make = make_memory,
		  .cleanup = NULL,
		  .key_may_be_prefix = true },
		{ .name = "memory, faulty",
		  .state = &places[3],
		  .make = make_memory,
		  .cleanup = NULL,
		  .key_may_be_prefix = true },
		{ .name = "local, counted",
		  .state = &places[4],
		  .make = make_local,
		  .cleanup = remove_local,
		  .key_may_be_prefix = false },
		{ .name = "local, faulty",
		  .state = &places[5],
		  .make = make_local,
		  .cleanup = remove_local,
		  .key_may_be_prefix = false },
		/* as on a file system that knows neither RENAME_NOREPLACE nor O_TMPFILE's kin */
		{ .name = "local, by links",
		  .state = &places[6],
		  .make = make_local,
		  .cleanup = remove_local,
		  .key_may_be_prefix = false },
		{ .name = "memory, kept",
		  .state = &places[7],
		  .make = make_memory,
		  .cleanup = NULL,
		  .key_may_be_prefix = true },
	};
	int failed = 0;

	places[2].wrap = places[4].wrap = wrap_count;
	places[3].wrap = places[5].wrap = wrap_fault;
	places[7].wrap = wrap_kept;
	sys_fault_init(&places[6].sys);
	places[6].sys.always[SYS_CALL_RENAMEAT2] = EINVAL;
	places[6].sys.short_bytes = 100003; /* reads and writes that move less than was asked */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		failed += conformance_run(&kinds[i]);
	return failed;
}
