/* Runs: how they begin, change and end, what they used and logged, and what it costs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>

#include "engine/repository/run.h"
#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

#define MUST(call)                                                                                 \
	do {                                                                                       \
		struct muster_error must_err = { 0 }, *err = &must_err;                            \
		if ((call) != MUSTER_OK)                                                           \
			fail_msg("%s: %s", #call, must_err.message);                               \
	} while (0)

static const struct run_options plain = { .entity = "ana", .project = "cats" };

static struct run_id begin(struct place *place, const struct run_options *options)
{
	struct run_id id;

	MUST(run_start(place->repository, options ? options : &plain, &id, err));
	return id;
}

static struct run look(struct place *place, const struct run_id *id)
{
	struct run run;

	MUST(run_open(&run, place->repository, view_text(id->text), err));
	return run;
}

static void assert_config(struct place *place, const struct run_id *id, const char *config)
{
	struct run run = look(place, id);

	if (!view_equal(bytes_view(&run.config), view_text(config)))
		fail_msg("%.*s", VIEW_ARGS(bytes_view(&run.config)));
	run_release(&run);
}

static void a_run_is_what_it_said(void **state)
{
	struct run_options options = { .entity = "ana",
				       .project = "cats",
				       .name = "second try",
				       .job_type = "train",
				       .group = "sweep",
				       .config = "{ \"lr\": 0.1 }" };
	struct place place;
	struct run_id id;
	struct run run;

	(void)state;
	place_make(&place, NULL);
	id = begin(&place, &options);
	assert_int_equal(strlen(id.text), 8);
	run = look(&place, &id);
	assert_true(view_equal(run.start.name, VIEW_LITERAL("second try")));
	assert_true(view_equal(run.start.job_type, VIEW_LITERAL("train")));
	assert_true(view_equal(run.start.group, VIEW_LITERAL("sweep")));
	assert_true(view_starts_with(run.start.who, VIEW_LITERAL("tester@")));
	assert_int_equal(run.start.time_ms, place.world.wall_ns / 1000000);
	assert_false(run.is_finished);
	run_release(&run);
	assert_config(&place, &id, "{\"lr\":0.1}");
	place_release(&place);
}

static void what_is_wrong_with_a_run_is_told(void **state)
{
	static const struct {
		struct run_options options;
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ { .id = "a/b", .entity = "e", .project = "p" }, MUSTER_E_USAGE, "no id" },
		{ { .entity = "", .project = "p" }, MUSTER_E_USAGE, "" },
		{ { .entity = "e", .project = "a:b" }, MUSTER_E_USAGE, "" },
		{ { .entity = "e", .project = "p", .name = "\xff" }, MUSTER_E_USAGE, "name" },
		{ { .entity = "e", .project = "p", .config = "[1]" }, MUSTER_E_USAGE, "Config" },
		{ { .entity = "e", .project = "p", .config = "{" }, MUSTER_E_USAGE, "Config" },
	};
	struct place place;

	(void)state;
	place_make(&place, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		struct run_id id;

		assert_int_equal(run_start(place.repository, &cases[i].options, &id, &err),
				 cases[i].code);
		assert_non_null(strstr(err.message, cases[i].reason));
	}
	place_release(&place);
}

static void an_id_is_taken_once(void **state)
{
	struct run_options named = { .id = "job-17", .entity = "ana", .project = "cats" };
	struct place place;
	struct run_id id;

	(void)state;
	place_make(&place, NULL);
	id = begin(&place, &named);
	assert_string_equal(id.text, "job-17");
	assert_int_equal(run_start(place.repository, &named, &id, NULL), MUSTER_E_REFUSED);
	/* A random one that is taken is no failure. */
	id = begin(&place, NULL);
	place.world.random--;
	assert_string_not_equal(begin(&place, NULL).text, id.text);
	place_release(&place);
}

static void changes_of_the_config_add_up(void **state)
{
	struct run_options options = { .entity = "ana", .project = "cats", .config = "{\"a\":1}" };
	struct place place;
	struct run_id id;
	struct view text;

	(void)state;
	place_make(&place, NULL);
	id = begin(&place, &options);
	text = view_text(id.text);
	MUST(run_configure(place.repository, text, "{\"b\": {\"c\": [1, 2]}}", err));
	assert_config(&place, &id, "{\"a\":1,\"b\":{\"c\":[1,2]}}");
	MUST(run_configure(place.repository, text, "{\"a\": 2, \"b\": null}", err));
	assert_config(&place, &id, "{\"a\":2}");
	assert_int_equal(run_configure(place.repository, text, "7", NULL), MUSTER_E_USAGE);
	assert_int_equal(run_configure(place.repository, VIEW_LITERAL("nope"), "{}", NULL),
			 MUSTER_E_NAME);
	assert_config(&place, &id, "{\"a\":2}");
	place_release(&place);
}

/* 600 keys and 600 others are more than a config may have. */
static void a_config_does_not_outgrow_its_rule(void **state)
{
	struct place place;
	struct bytes keys[2] = { { 0 } };
	struct run_id id;

	(void)state;
	place_make(&place, NULL);
	id = begin(&place, NULL);
	for (unsigned half = 0; half < 2; half++) {
		for (unsigned i = 0; i < 600; i++)
			MUST(bytes_printf(&keys[half], err, "%s\"k%u\":%u", i ? "," : "{",
					  600 * half + i, i));
		MUST(bytes_append(&keys[half], "}", 2, err));
	}
	MUST(run_configure(place.repository, view_text(id.text), (char *)keys[0].ptr, err));
	assert_int_equal(
		run_configure(place.repository, view_text(id.text), (char *)keys[1].ptr, NULL),
		MUSTER_E_USAGE);
	bytes_release(&keys[0]);
	bytes_release(&keys[1]);
	place_release(&place);
}

static void a_run_ends_once(void **state)
{
	struct place place;
	struct run_id id;
	struct run run;
	struct view text;

	(void)state;
	place_make(&place, NULL);
	id = begin(&place, NULL);
	text = view_text(id.text);
	MUST(run_finish(place.repository, text, RUN_FAILED, err));
	MUST(run_finish(place.repository, text, RUN_FAILED, err));
	assert_int_equal(run_finish(place.repository, text, RUN_FINISHED, NULL), MUSTER_E_REFUSED);
	assert_int_equal(run_configure(place.repository, text, "{}", NULL), MUSTER_E_REFUSED);
	assert_int_equal(run_open_going(&run, place.repository, text, NULL), MUSTER_E_REFUSED);
	run = look(&place, &id);
	assert_true(run.is_finished);
	assert_int_equal(run.state, RUN_FAILED);
	assert_int_equal(run.note_count, 1);
	run_release(&run);
	place_release(&place);
}

static void a_lost_note_is_corruption(void **state)
{
	struct place place;
	struct run_id id;
	struct run run;
	struct key key;

	(void)state;
	place_make(&place, NULL);
	id = begin(&place, NULL);
	MUST(run_configure(place.repository, view_text(id.text), "{\"a\":1}", err));
	MUST(run_configure(place.repository, view_text(id.text), "{\"b\":1}", err));
	key_run_note(&key, &id, 1);
	MUST(store_remove(place.store, key.text, err));
	assert_int_equal(run_open(&run, place.repository, view_text(id.text), NULL),
			 MUSTER_E_FORMAT);
	assert_int_equal(run_finish(place.repository, view_text(id.text), RUN_FINISHED, NULL),
			 MUSTER_E_FORMAT);
	place_release(&place);
}

/* --- uses ----------------------------------------------------------------------------------- */

struct heard {
	struct run_id runs[16];
	struct run_record records[16]; /* their views are gone */
	size_t count;
};

static enum muster_code hear_run(void *state, const struct run_id *run, struct muster_error *err)
{
	struct heard *heard = state;

	(void)err;
	heard->runs[heard->count++] = *run;
	return MUSTER_OK;
}

static enum muster_code hear_version(void *state, const struct run_record *record,
				     struct muster_error *err)
{
	struct heard *heard = state;

	(void)err;
	heard->records[heard->count++] = *record;
	return MUSTER_OK;
}

static void uses_are_found_from_both_sides(void **state)
{
	struct place place;
	struct run_id first, second;
	struct collection *collection;
	const struct version *version;
	struct heard heard = { 0 };

	(void)state;
	place_make(&place, NULL);
	collection = test_open(&place, "data", "");
	test_save(collection, 1, 1, 1);
	test_save(collection, 2, 2, 2);
	version = collection_state_version(collection_versions(collection), 0);
	first = begin(&place, NULL);
	second = begin(&place, NULL);
	for (int i = 0; i < 2; i++) /* twice is once */
		MUST(run_use(place.repository, &first, collection_id(collection), version, err));
	MUST(run_use(place.repository, &second, collection_id(collection), version, err));
	MUST(run_use(place.repository, &second, collection_id(collection),
		     collection_latest(collection), err));

	MUST(run_each_user(place.repository, version->id, hear_run, &heard, err));
	assert_int_equal(heard.count, 2);
	heard.count = 0;
	MUST(run_each_version(place.repository, &second, LINEAGE_USED, hear_version, &heard, err));
	assert_int_equal(heard.count, 2);
	assert_int_equal(heard.records[0].version, 0);
	assert_int_equal(heard.records[1].version, 1);
	assert_int_equal(heard.records[0].event, version->event);
	assert_memory_equal(heard.records[0].version_id, version->id, 16);
	assert_memory_equal(heard.records[0].collection_id, collection_id(collection), 16);
	heard.count = 0;
	MUST(run_each_version(place.repository, &first, LINEAGE_LOGGED, hear_version, &heard, err));
	assert_int_equal(heard.count, 0);
	collection_close(collection);
	place_release(&place);
}

static void a_save_in_a_run_names_it_on_both_sides(void **state)
{
	struct place place;
	struct run_id id;
	struct collection *collection;
	struct test_version version;
	struct save_result result;
	struct bytes run = { 0 };
	struct heard heard = { 0 };

	(void)state;
	place_make(&place, NULL);
	id = begin(&place, NULL);
	collection = test_open(&place, "data", "");
	test_version_init(&version, 1, 1, 7);
	version.request.run = id.text;
	MUST(collection_save(collection, &version.request, &result, err));
	MUST(collection_run_of_event(collection, collection_latest(collection)->event,
				     collection_latest(collection)->id, &run, err));
	assert_true(view_equal(bytes_view(&run), view_text(id.text)));
	MUST(run_each_version(place.repository, &id, LINEAGE_LOGGED, hear_version, &heard, err));
	assert_int_equal(heard.count, 1);
	assert_memory_equal(heard.records[0].version_id, version.request.version_id, 16);

	/* Nothing new: no version is made, so none is logged. */
	memset(version.request.version_id, 8, 16);
	MUST(collection_save(collection, &version.request, &result, err));
	assert_false(result.is_new);
	heard.count = 0;
	MUST(run_each_version(place.repository, &id, LINEAGE_LOGGED, hear_version, &heard, err));
	assert_int_equal(heard.count, 1);
	version.request.run = "no id";
	assert_int_equal(collection_save(collection, &version.request, &result, NULL),
			 MUSTER_E_USAGE);
	bytes_release(&run);
	collection_close(collection);
	place_release(&place);
}

static void the_newest_runs_are_listed(void **state)
{
	struct place place;
	struct run_id ids[10];
	struct heard heard = { 0 };
	uint64_t more = 0;

	(void)state;
	place_make(&place, NULL);
	for (size_t i = 0; i < 10; i++) {
		place.world.wall_ns += 1000000000u;
		ids[i] = begin(&place, NULL);
	}
	MUST(run_each(place.repository, 3, hear_run, &heard, &more, err));
	assert_int_equal(heard.count, 3);
	assert_int_equal(more, 7);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(heard.runs[i].text, ids[9 - i].text);
	place_release(&place);
}

/* --- what it costs -------------------------------------------------------------------------- */

static uint64_t requests_of(struct store *store)
{
	struct store_counts counts;

	store_count_read(store, &counts);
	return counts.create.call_count + counts.open.call_count + counts.list.call_count;
}

static void requests_are_few(void **state)
{
	static const struct store_fault_options none = { 0 };
	struct place place = { 0 };
	struct store *memory = NULL, *fault = NULL;
	struct collection *collection;
	struct heard heard = { 0 };
	struct run_id id;
	struct run run;
	uint64_t before, last_ms;

	(void)state;
	test_world_init(&place.world);
	MUST(store_memory_new_at(&memory, &place.world.effects, err));
	test_repository_make(memory, NULL);
	MUST(store_fault_new(&fault, memory, &none, err));
	MUST(store_count_new(&place.store, fault, err));
	place_open(&place);
	collection = test_open(&place, "data", "");
	for (uint8_t i = 1; i <= 5; i++)
		test_save(collection, i, i, i);

	before = requests_of(place.store);
	id = begin(&place, NULL);
	assert_int_equal(requests_of(place.store) - before, 2); /* the gc log's end, the start */

	before = requests_of(place.store);
	MUST(run_open_going(&run, place.repository, view_text(id.text), err));
	assert_int_equal(requests_of(place.store) - before, 2); /* the start, a listing of notes */
	run_release(&run);

	before = requests_of(place.store);
	MUST(run_last_ms(place.repository, &id, &last_ms, err));
	assert_int_equal(requests_of(place.store) - before, 1);

	before = requests_of(place.store);
	for (unsigned i = 0; i < 5; i++)
		MUST(run_use(place.repository, &id, collection_id(collection),
			     collection_state_version(collection_versions(collection), i), err));
	assert_int_equal(requests_of(place.store) - before, 5 * 3); /* gc log, below each side */

	before = requests_of(place.store);
	MUST(run_each_user(place.repository, collection_latest(collection)->id, hear_run, &heard,
			   err));
	assert_int_equal(requests_of(place.store) - before, 1);

	before = requests_of(place.store);
	MUST(run_each_version(place.repository, &id, LINEAGE_USED, hear_version, &heard, err));
	assert_int_equal(requests_of(place.store) - before, 1 + 5);
	collection_close(collection);
	place_release(&place);
}

/* --- many at once, and failures ------------------------------------------------------------- */

#define RACERS 8

struct racer {
	pthread_t thread;
	struct place *place;
	const struct run_id *id;
	unsigned index;
	enum muster_code code;
};

static void *race(void *state)
{
	struct racer *racer = state;
	char config[64];

	snprintf(config, sizeof(config), "{\"k%u\":%u}", racer->index, racer->index);
	racer->code =
		run_configure(racer->place->repository, view_text(racer->id->text), config, NULL);
	return NULL;
}

static void all_that_change_a_run_at_once_are_heard(void **state)
{
	struct racer racers[RACERS];
	struct place place;
	struct run_id id;
	struct run run;

	(void)state;
	place_make(&place, NULL);
	id = begin(&place, NULL);
	for (unsigned i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){ .place = &place, .id = &id, .index = i };
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (unsigned i = 0; i < RACERS; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_int_equal(racers[i].code, MUSTER_OK);
	}
	run = look(&place, &id);
	assert_int_equal(run.note_count, RACERS);
	for (unsigned i = 0; i < RACERS; i++) {
		char key[16];

		snprintf(key, sizeof(key), "\"k%u\":%u", i, i);
		assert_non_null(memmem(run.config.ptr, run.config.len, key, strlen(key)));
	}
	run_release(&run);
	place_release(&place);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct place place;
	struct collection *collection;
	struct run_id id;
	bool is_done = false;

	(void)state;
	place_make(&place, NULL);
	collection = test_open(&place, "data", "");
	test_save(collection, 1, 1, 1);
	id = begin(&place, NULL);
	MUST(run_configure(place.repository, view_text(id.text), "{\"a\":1}", err));
	for (uint64_t n = 1; !is_done; n++) {
		struct heard heard = { 0 };
		struct run run = { 0 };
		uint64_t more;
		enum muster_code code;

		torture_allocation(n);
		code = run_use(place.repository, &id, collection_id(collection),
			       collection_latest(collection), NULL);
		if (!code)
			code = run_open(&run, place.repository, view_text(id.text), NULL);
		if (!code)
			code = run_each(place.repository, 5, hear_run, &heard, &more, NULL);
		if (!code)
			code = run_each_user(place.repository, collection_latest(collection)->id,
					     hear_run, &heard, NULL);
		if (!code)
			code = run_each_version(place.repository, &id, LINEAGE_USED, hear_version,
						&heard, NULL);
		is_done = !torture_hit();
		torture_off();
		run_release(&run);
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
	}
	collection_close(collection);
	place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_what_it_said),
		cmocka_unit_test(what_is_wrong_with_a_run_is_told),
		cmocka_unit_test(an_id_is_taken_once),
		cmocka_unit_test(changes_of_the_config_add_up),
		cmocka_unit_test(a_config_does_not_outgrow_its_rule),
		cmocka_unit_test(a_run_ends_once),
		cmocka_unit_test(a_lost_note_is_corruption),
		cmocka_unit_test(uses_are_found_from_both_sides),
		cmocka_unit_test(a_save_in_a_run_names_it_on_both_sides),
		cmocka_unit_test(the_newest_runs_are_listed),
		cmocka_unit_test(requests_are_few),
		cmocka_unit_test(all_that_change_a_run_at_once_are_heard),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
