/* A draft whose store fails at any of its effects, or whose process dies there: nothing that was
 * committed is lost, the same commands go on, and there is one version. The order of writes: the
 * seal after the parts, the final record after the seal, the save event after a sync that began
 * after all that it reaches was finished. */
#include "engine/draft/stored.h"
#include "io/store/fault.h"
#include "tests/engine/draft/lab.h"
#include "tests/support/torture.h"

#define EFFECTS_MAX 2000

/* One world: a store that fails, over one in memory that does not. */
struct world {
	struct place place;
	struct store_fault_options faults;
	uint8_t id[16];
	bool has_id;
};

static void open_world(struct world *world)
{
	struct repository_options options = { .algorithm = DIGEST_MD5 };
	struct store *memory;

	assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
	test_repository_make(memory, &options);
	assert_int_equal(store_fault_new(&world->place.store, memory, &world->faults, NULL),
			 MUSTER_OK);
	assert_int_equal(repository_open(&world->place.repository, world->place.store,
					 effects_system(), NULL),
			 MUSTER_OK);
	repository_assume_proved(world->place.repository);
	assert_int_equal(repository_gate(world->place.repository, NULL), MUSTER_OK);
}

static void close_world(struct world *world)
{
	repository_close(world->place.repository);
	store_free(world->place.store);
}

/* Another process. */
static void reopen_world(struct world *world)
{
	store_fault_arm(world->place.store, 0);
	repository_close(world->place.repository);
	assert_int_equal(repository_open(&world->place.repository, world->place.store,
					 effects_system(), NULL),
			 MUSTER_OK);
	repository_assume_proved(world->place.repository);
}

static const char *const files[] = { "a", "d/b", "d/c" };

/* What one command does, unless it was done: a file that is there is not added again. */
static enum muster_code add(struct world *world, const char *path, struct muster_error *err)
{
	struct part_options options = { .job = { .worker_count = 1, .memory_bytes = 64 << 20 },
					.life_ms = DRAFT_LIFE_MS };
	struct draft *draft = NULL;
	struct part *part = NULL;
	struct part_content content;
	struct entry entry;
	char name[512];
	enum muster_code code = draft_open(&draft, world->place.repository, world->id, err);

	snprintf(name, sizeof(name), "%s/%s", world->place.tree, path);
	if (!code) {
		options.beneath = *draft_content(draft);
		code = part_open(&part, world->place.repository, &options, err);
	}
	if (!code)
		code = part_find(part, view_text(path), &entry, err);
	if (code == MUSTER_ABSENT) {
		code = part_add_file(part, name, view_text(path), true, NULL, err);
		if (!code)
			code = part_finish(part, &content, err);
		if (!code)
			code = draft_add_part(draft, part, &content, NULL, err);
	}
	part_close(part);
	draft_close(draft);
	return code;
}

static enum muster_code save(struct world *world, struct draft_result *result,
			     struct muster_error *err)
{
	struct muster_job job = { .worker_count = 1, .memory_bytes = 64 << 20 };
	struct draft *draft = NULL;
	enum muster_code code = draft_open(&draft, world->place.repository, world->id, err);

	if (!code)
		code = draft_save(draft, &job, NULL, result, err);
	draft_close(draft);
	return code;
}

/* All commands, one after the other, up to the first that fails. */
static enum muster_code make_draft(struct world *world, struct draft_result *result,
				   struct muster_error *err)
{
	struct draft_record plan = { .entity = VIEW_LITERAL("me"),
				     .project = VIEW_LITERAL("tests"),
				     .name = VIEW_LITERAL("data") };
	enum draft_state how_far = DRAFT_OPEN;
	struct draft *draft;
	enum muster_code code = MUSTER_OK;

	if (!world->has_id) {
		memset(world->id, 0, sizeof(world->id));
		code = draft_new(world->place.repository, &plan, world->id, err);
		world->has_id = !code;
	} else if (!(code = draft_open(&draft, world->place.repository, world->id, err))) {
		code = draft_state(draft, &how_far, NULL, err);
		draft_close(draft);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !code; i++)
		if (how_far == DRAFT_OPEN)
			code = add(world, files[i], err);
	return code ? code : save(world, result, err);
}

static uint64_t version_count(struct world *world)
{
	struct collection *collection = open_collection(&world->place);
	uint64_t count = collection_versions(collection)->version_count;

	collection_close(collection);
	return count;
}

static void write_files(struct place *place)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(place, files[i], files[i]);
}

static bool is_clean(enum muster_code code)
{
	return code == MUSTER_OK || code == MUSTER_E_IO;
}

static void run_with_faults(struct place *place, struct world *world, const char *digest,
			    uint64_t at, bool *is_hit)
{
	struct draft_result result;
	struct muster_error err = { 0 };
	enum muster_code code;

	world->has_id = false;
	memcpy(world->place.tree, place->tree, sizeof(place->tree));
	open_world(world);
	store_fault_arm(world->place.store, at);
	code = make_draft(world, &result, &err);
	*is_hit = store_fault_hit(world->place.store);
	if (!is_clean(code))
		fail_msg("effect %llu: %d: %s", (unsigned long long)at, code, err.message);
	reopen_world(world);
	if (make_draft(world, &result, &err))
		fail_msg("after effect %llu: %s", (unsigned long long)at, err.message);
	assert_string_equal(result.digest, digest);
	assert_int_equal(version_count(world), 1);
	assert_int_equal(compare_by(&world->place, NULL), 3);
	close_world(world);
}

static void faults_at_every_effect(struct place *place, const struct store_fault_options *faults)
{
	char digest[33];
	bool is_hit = true;
	uint64_t at = 1;

	write_files(place);
	memcpy(digest, put_alone(place).digest, sizeof(digest));
	for (; is_hit && at < EFFECTS_MAX; at += TORTURE_STEP) {
		struct world world = { .faults = *faults };

		run_with_faults(place, &world, digest, at, &is_hit);
	}
	assert_in_range(at, 40, EFFECTS_MAX - 1);
}

static void a_death_at_any_effect_loses_nothing(void **state)
{
	faults_at_every_effect(*state, &(struct store_fault_options){ .length = UINT64_MAX / 2 });
}

static void one_failure_at_any_effect_loses_nothing(void **state)
{
	faults_at_every_effect(*state, &(struct store_fault_options){ 0 });
}

static void a_lost_answer_at_any_effect_loses_nothing(void **state)
{
	faults_at_every_effect(*state, &(struct store_fault_options){ .after = true });
}

static void a_store_that_cannot_be_read_loses_nothing(void **state)
{
	faults_at_every_effect(*state, &(struct store_fault_options){ .count_reads = true });
}

/* --- order ----------------------------------------------------------------------------------- */

struct order {
	uint64_t clock;
	uint64_t part, seal, seal_begun, listed, final, final_begun, finished, sync_begun, synced;
	uint64_t event_begun;
};

static bool has(const char *key, const char *text)
{
	return strstr(key, text) != NULL;
}

static void note_end(struct order *order, const struct store_fault_event *event)
{
	uint64_t now = order->clock;

	switch (event->effect) {
	case STORE_EFFECT_CREATE:
		if (has(event->key, "/parts/"))
			order->part = now;
		if (has(event->key, "/seal.json"))
			order->seal = now;
		if (has(event->key, "/final.json"))
			order->final = now;
		break;
	case STORE_EFFECT_LIST:
		if (has(event->key, "/parts/") && order->seal)
			order->listed = now;
		break;
	case STORE_EFFECT_WRITE_FINISH:
		order->finished = now;
		break;
	case STORE_EFFECT_SYNC:
		if (order->sync_begun > order->finished)
			order->synced = now;
		break;
	default:
		break;
	}
}

/* A store_fault_fn: the save event is the collection's second. */
static void note(void *state, const struct store_fault_event *event)
{
	struct order *order = state;

	order->clock++;
	if (event->ended) {
		note_end(order, event);
		return;
	}
	if (event->effect == STORE_EFFECT_SYNC)
		order->sync_begun = order->clock;
	if (event->effect == STORE_EFFECT_CREATE && has(event->key, "/seal.json"))
		order->seal_begun = order->clock;
	if (event->effect == STORE_EFFECT_CREATE && has(event->key, "/final.json"))
		order->final_begun = order->clock;
	if (event->effect == STORE_EFFECT_CREATE && has(event->key, "collections/") &&
	    has(event->key, "0000000002.json"))
		order->event_begun = order->clock;
}

static void each_step_begins_when_what_it_rests_on_is_there(void **state)
{
	struct place *place = *state;
	struct order order = { 0 };
	struct world world = { .faults = {
				       .count_reads = true, .log = note, .log_state = &order } };
	struct draft_result result;
	struct muster_error err = { 0 };

	write_files(place);
	memcpy(world.place.tree, place->tree, sizeof(place->tree));
	open_world(&world);
	if (make_draft(&world, &result, &err))
		fail_msg("%s", err.message);
	assert_true(order.part && order.part < order.seal_begun);
	assert_true(order.seal < order.listed);
	assert_true(order.listed < order.final_begun);
	assert_true(order.final < order.event_begun);
	assert_true(order.finished < order.event_begun);
	assert_true(order.synced && order.synced < order.event_begun);
	close_world(&world);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(a_death_at_any_effect_loses_nothing),
		IN_A_PLACE(one_failure_at_any_effect_loses_nothing),
		IN_A_PLACE(a_lost_answer_at_any_effect_loses_nothing),
		IN_A_PLACE(a_store_that_cannot_be_read_loses_nothing),
		IN_A_PLACE(each_step_begins_when_what_it_rests_on_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
