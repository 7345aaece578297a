/* One version of files of all kinds, and a get of it. */
#ifndef TESTS_ENGINE_GET_FILES_H
#define TESTS_ENGINE_GET_FILES_H

#include "tests/engine/get/place.h"

#define MIB (1u << 20)

static const struct spec files[] = {
	{ "a.txt", "alpha", 0, NULL },
	{ "dir/b.txt", "beta", 0, NULL },
	{ "dir/deep/er/c.bin", "gamma ", 70000, NULL },
	{ "dir/empty", "x", 0, NULL },
	{ "dir-more/d", "delta", 3 * MIB, NULL },
	{ "large", "epsilon is long ", 9 * MIB + 17, NULL },
	{ "same", "alpha", 0, NULL },
	{ "z/last", "omega", 0, NULL },
};
#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

static inline int open_memory(void **state)
{
	*state = place_new(false);
	return 0;
}

static inline int open_local(void **state)
{
	*state = place_new(true);
	return 0;
}

static inline int close_place(void **state)
{
	place_free(*state);
	return 0;
}

static inline struct muster_get_options options_of(struct place *place)
{
	return (struct muster_get_options){ .job = { .worker_count = 2 },
					    .directory = place->tree };
}

static inline struct muster_get_report get(struct place *place, const struct version *version,
					   const struct muster_get_options *options,
					   enum muster_code expected, struct muster_error *err)
{
	struct get_start start = place_start(place, version);
	struct muster_error own = { 0 };
	struct muster_get_report report;
	enum muster_code code;

	if (!err)
		err = &own;
	code = get_run_with(&start, options, &report, err);
	if (code != expected)
		fail_msg("code %d (%s), not %d", code, err->message, expected);
	assert_int_equal(err->code, code);
	return report;
}

#endif
