#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "io/store/count.h"
#include "io/store/fault.h"
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

int main(void)
{
	static struct place places[7];
	struct conformance_kind kinds[] = {
		{ "memory", &places[0], make_memory, NULL, true },
		{ "local", &places[1], make_local, remove_local, false },
		{ "memory, counted", &places[2], make_memory, NULL, true },
		{ "memory, faulty", &places[3], make_memory, NULL, true },
		{ "local, counted", &places[4], make_local, remove_local, false },
		{ "local, faulty", &places[5], make_local, remove_local, false },
		/* as on a file system that knows neither RENAME_NOREPLACE nor O_TMPFILE's kin */
		{ "local, by links", &places[6], make_local, remove_local, false },
	};
	int failed = 0;

	places[2].wrap = places[4].wrap = wrap_count;
	places[3].wrap = places[5].wrap = wrap_fault;
	sys_fault_init(&places[6].sys);
	places[6].sys.always[SYS_CALL_RENAMEAT2] = EINVAL;
	places[6].sys.short_bytes = 100003; /* reads and writes that move less than was asked */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		failed += conformance_run(&kinds[i]);
	return failed;
}
