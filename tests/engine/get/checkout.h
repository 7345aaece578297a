/* Two versions, and a directory that becomes one and then the other. */
#ifndef TESTS_ENGINE_GET_CHECKOUT_H
#define TESTS_ENGINE_GET_CHECKOUT_H

#include "tests/engine/get/place.h"

#define MIB (1u << 20)

static const struct spec first[] = {
	{ "a.txt", "alpha", 0, NULL },	      { "dir/b", "beta", 0, NULL },
	{ "dir/old/c", "gamma", 0, NULL },    { "dir/old/deep/d", "delta", 0, NULL },
	{ "large", "large ", 5 * MIB, NULL }, { "stays", "the same", 0, NULL },
};
static const struct spec second[] = {
	{ "a.txt", "ALPHA", 0, NULL },	      { "dir/b", "beta two", 0, NULL },
	{ "large", "other ", 6 * MIB, NULL }, { "new/e", "epsilon", 0, NULL },
	{ "stays", "the same", 0, NULL },
};
#define FIRST  (sizeof(first) / sizeof(first[0]))
#define SECOND (sizeof(second) / sizeof(second[0]))

struct both {
	struct place *place;
	struct version first, second;
};

static inline int open_place(void **state)
{
	struct both *both = calloc(1, sizeof(*both));

	both->place = place_new(false);
	both->first = place_version(both->place, first, FIRST);
	both->second = place_version(both->place, second, SECOND);
	*state = both;
	return 0;
}

static inline int close_place(void **state)
{
	struct both *both = *state;

	place_free(both->place);
	free(both);
	return 0;
}

static inline struct muster_checkout_options options_of(const struct both *both)
{
	return (struct muster_checkout_options){ .job = { .worker_count = 2 },
						 .directory = both->place->tree };
}

static inline struct muster_get_report checkout(const struct both *both,
						const struct version *version,
						const struct muster_checkout_options *options,
						enum muster_code expected, struct muster_error *err)
{
	struct get_start start = place_start(both->place, version);
	struct muster_error own = { 0 };
	struct muster_get_report report;
	enum muster_code code;

	struct muster_checkout_options telling = *options;
	struct place_failures failures = { 0 };

	if (!telling.job.on_failure) {
		telling.job.on_failure = place_on_failure;
		telling.job.on_failure_state = &failures;
	}
	if (!err)
		err = &own;
	*err = own;
	code = checkout_run_with(&start, &telling, &report, err);
	if (code != expected)
		fail_msg("code %d (%s; %s), not %d", code, err->message, failures.errors[0].message,
			 expected);
	assert_int_equal(err->code, code);
	return report;
}

static inline struct muster_get_report checkout_first(const struct both *both)
{
	struct muster_checkout_options options = options_of(both);

	return checkout(both, &both->first, &options, MUSTER_OK, NULL);
}

/* The tree as text: every path with its kind and content. */
static inline char *snapshot(const char *root)
{
	char command[600], *text = NULL;
	size_t len = 0;
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "cd '%s' && find . -printf '%%p %%y %%l %%T@ ' \\( -type f -exec md5sum {} \\; -o "
		 "-printf '\\n' \\) | sort",
		 root);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	if (getdelim(&text, &len, '\0', pipe) < 0)
		text = strdup("");
	pclose(pipe);
	return text;
}

#endif
