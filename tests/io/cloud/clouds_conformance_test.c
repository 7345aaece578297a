/*
 * The suite of all stores, over Google and Azure.
 *
 *	clouds_conformance_test fake gcs|azure		over a server in memory
 *	clouds_conformance_test real gcs|azure		over the one that the environment names
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/io/cloud/clouds_lab.h"
#include "tests/io/store/conformance.h"

#define RACER_COUNT 12

static struct clouds_lab lab;
static enum clouds_kind kind;
static bool is_real;

static void open_lab(void)
{
	lab.kind = kind;
	if (!is_real)
		clouds_lab_open(&lab);
	else if (!clouds_lab_open_real(&lab))
		fail_msg("no server is named");
}

/* The suite frees the store itself. */
static struct store *make(void *state)
{
	(void)state;
	open_lab();
	return lab.store;
}

static void cleanup(void *state)
{
	(void)state;
	lab.store = NULL;
	clouds_lab_close(&lab);
}

/* --- beyond the suite ------------------------------------------------------------------------ */

static void hard_keys_are_kept_as_they_are(void **state)
{
	static const char *const keys[] = {
		" a",
		"!*'()~",
		"$&+,:;=@",
		"%2F",
		"%25",
		"+",
		"-._~",
		"...",
		"a b",
		"a%20b",
		"a.",
		"a<b>c\"",
		"a?b",
		"a#b",
		"b/c d/e%f",
		"\xc3\xa9",
		"e\xcc\x81",
		"\xe6\x97\xa5\xe6\x9c\xac",
		"\xf0\x9f\x98\x80",
		"{}|^`[]",
	};
	struct muster_error err = { 0 };

	(void)state;
	open_lab();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct bytes got = { 0 };
		char listed[128];

		if (store_create(lab.store, keys[i], view_text(keys[i]), &err) ||
		    store_get(lab.store, keys[i], &got, 100, &err))
			fail_msg("'%s': %s", keys[i], err.message);
		assert_true(view_equal(bytes_view(&got), view_text(keys[i])));
		bytes_release(&got);
		snprintf(listed, sizeof(listed), "%s\n", keys[i]);
		assert_string_equal(clouds_list(lab.store, keys[i], NULL), listed);
		assert_int_equal(store_create(lab.store, keys[i], VIEW_LITERAL("x"), &err),
				 MUSTER_EXISTS);
		if (store_remove(lab.store, keys[i], &err))
			fail_msg("'%s': %s", keys[i], err.message);
	}
	assert_string_equal(clouds_list(lab.store, "", NULL), "");
	clouds_lab_close(&lab);
}

struct racer {
	pthread_t thread;
	size_t len; /* of each racer another one */
	enum muster_code code;
	struct muster_error error;
};

static void *race(void *arg)
{
	struct racer *racer = arg;

	racer->code = clouds_write(lab.store, "race", racer->len, &racer->error);
	return NULL;
}

/* Parts of all of them are on their way at once. */
static void of_many_uploads_exactly_one_wins(void **state)
{
	static struct racer racers[RACER_COUNT];
	size_t winner = RACER_COUNT;

	(void)state;
	lab.options.part_bytes = CLOUDS_LAB_PART_BYTES;
	open_lab();
	for (size_t i = 0; i < RACER_COUNT; i++) {
		racers[i] = (struct racer){ .len = 3 * CLOUDS_LAB_PART_BYTES + 1000 * i };
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < RACER_COUNT; i++)
		pthread_join(racers[i].thread, NULL);
	for (size_t i = 0; i < RACER_COUNT; i++) {
		if (muster_failed(racers[i].code))
			fail_msg("%s", racers[i].error.message);
		if (racers[i].code)
			continue;
		assert_int_equal(winner, RACER_COUNT);
		winner = i;
	}
	assert_int_not_equal(winner, RACER_COUNT);
	clouds_check(lab.store, "race", racers[winner].len);
	clouds_lab_close(&lab);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hard_keys_are_kept_as_they_are),
		cmocka_unit_test(of_many_uploads_exactly_one_wins),
	};
	struct conformance_kind suite = { .make = make,
					  .cleanup = cleanup,
					  .key_may_be_prefix = true };

	if (argc != 3)
		return 2;
	is_real = strcmp(argv[1], "real") == 0;
	kind = strcmp(argv[2], "azure") == 0 ? CLOUDS_AZURE : CLOUDS_GCS;
	suite.name = argv[2];
	/* Azurite takes backslashes for slashes, and lists nothing where a key has a control
	 * character. */
	if (is_real && kind == CLOUDS_AZURE)
		suite.unfit = " unusual_keys_are_kept_as_they_are ";
	suite.time_step_ns = kind == CLOUDS_AZURE ? 1000000000 : 1000000;
	return conformance_run(&suite) + cmocka_run_group_tests(tests, NULL, NULL);
}
