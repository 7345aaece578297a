/* Drafts that last: over processes, over deaths, and with others who add and finish at once. */
#include "engine/draft/stored.h"

#include "tests/engine/draft/lab.h"

static struct draft_record plan_of(const struct version *base)
{
	struct draft_record plan = { .entity = VIEW_LITERAL("me"),
				     .project = VIEW_LITERAL("tests"),
				     .name = VIEW_LITERAL("data") };

	if (!base)
		return plan;
	plan.base.is_named = true;
	memcpy(plan.base.id, base->id, 16);
	plan.base_number = base->number;
	return plan;
}

static struct draft *open_draft(struct place *place, const uint8_t id[16])
{
	struct muster_error err = { 0 };
	struct draft *draft;

	if (draft_open(&draft, place->repository, id, &err))
		fail_msg("%s", err.message);
	return draft;
}

static void new_draft(struct place *place, const struct draft_record *plan, uint8_t id[16])
{
	struct muster_error err = { 0 };

	if (draft_new(place->repository, plan, id, &err))
		fail_msg("%s", err.message);
}

/* A part with one file, as a process of its own adds it. */
static enum muster_code try_add(struct place *place, const uint8_t id[16], const char *path,
				const char *shard, struct muster_error *err)
{
	struct draft *draft = open_draft(place, id);
	struct part *part = open_part(place, draft_content(draft));
	struct part_content content;
	enum muster_code code;

	add_file(place, part, path);
	code = part_finish(part, &content, err);
	if (!code)
		code = draft_add_part(draft, part, &content, shard, err);
	part_close(part);
	draft_close(draft);
	return code;
}

static void add(struct place *place, const uint8_t id[16], const char *path, const char *shard)
{
	struct muster_error err = { 0 };

	if (try_add(place, id, path, shard, &err))
		fail_msg("%s", err.message);
}

static enum muster_code try_save(struct place *place, const uint8_t id[16],
				 struct draft_result *result, struct muster_error *err)
{
	struct muster_job job = { .worker_count = 2, .memory_bytes = 64 << 20 };
	struct draft *draft = open_draft(place, id);
	enum muster_code code = draft_save(draft, &job, NULL, result, err);

	draft_close(draft);
	return code;
}

static struct draft_result save(struct place *place, const uint8_t id[16])
{
	struct draft_result result;
	struct muster_error err = { 0 };

	if (try_save(place, id, &result, &err))
		fail_msg("%s", err.message);
	return result;
}

static enum draft_state state_of(struct place *place, const uint8_t id[16], uint64_t *version)
{
	struct draft *draft = open_draft(place, id);
	enum draft_state state;

	assert_int_equal(draft_state(draft, &state, version, NULL), MUSTER_OK);
	draft_close(draft);
	return state;
}

static void a_draft_is_added_to_saved_and_over(void **state)
{
	struct place *place = *state;
	struct draft_record plan = plan_of(NULL);
	struct muster_error err = { 0 };
	struct draft_result result;
	uint8_t id[16] = { 0 };
	uint64_t version;

	for (int i = 0; i < 3; i++)
		write_file(place, (const char *[]){ "a", "b/c", "b/d" }[i], "text");
	new_draft(place, &plan, id);
	assert_int_equal(state_of(place, id, NULL), DRAFT_OPEN);
	for (int i = 0; i < 3; i++)
		add(place, id, (const char *[]){ "a", "b/c", "b/d" }[i], NULL);
	result = save(place, id);
	assert_string_equal(result.digest, put_alone(place).digest);
	assert_int_equal(state_of(place, id, &version), DRAFT_DONE);
	assert_int_equal(version, 0);
	assert_int_equal(try_add(place, id, "a", NULL, &err), MUSTER_E_CONFLICT);
	result = save(place, id); /* again: the same version */
	assert_int_equal(result.save.reason_code, SAVE_REPEATED);
	assert_int_equal(result.save.version_number, 0);
}

static void sessions_live_while_the_draft_does_and_end_with_it(void **state)
{
	struct place *place = *state;
	struct draft_record plan = plan_of(NULL);
	struct session_standing standing;
	struct part_content content;
	uint8_t id[16] = { 0 }, plan_session[16];
	struct draft *draft;
	uint64_t expiry_ms, now_ms = effects_wall_ns(effects_system()) / 1000000;

	write_file(place, "a", "text");
	new_draft(place, &plan, id);
	add(place, id, "a", NULL);
	draft = open_draft(place, id);
	assert_int_equal(draft_expiry(draft, &expiry_ms, NULL), MUSTER_OK);
	assert_true(expiry_ms >= now_ms + DRAFT_LIFE_MS);
	content = draft_content(draft)->parts[0];
	memcpy(plan_session, draft_plan(draft)->session, 16);
	assert_int_equal(session_look(place->store, content.session, &standing, NULL), MUSTER_OK);
	assert_false(standing.has_ended);
	assert_true(standing.expiry_ms >= now_ms + DRAFT_LIFE_MS);
	assert_int_equal(draft_renew(draft, NULL), MUSTER_OK); /* not a day old: no beat */
	assert_int_equal(session_look(place->store, plan_session, &standing, NULL), MUSTER_OK);
	assert_int_equal(standing.last_number, 1);
	draft_close(draft);
	save(place, id);
	assert_int_equal(session_look(place->store, content.session, &standing, NULL), MUSTER_OK);
	assert_true(standing.has_ended);
	assert_int_equal(session_look(place->store, plan_session, &standing, NULL), MUSTER_OK);
	assert_true(standing.has_ended);
}

static void a_dropped_draft_takes_nothing_and_is_never_saved(void **state)
{
	struct place *place = *state;
	struct draft_record plan = plan_of(NULL);
	struct muster_error err = { 0 };
	struct draft_result result;
	struct draft *draft;
	uint8_t id[16] = { 0 };

	write_file(place, "a", "text");
	new_draft(place, &plan, id);
	add(place, id, "a", NULL);
	draft = open_draft(place, id);
	assert_int_equal(draft_drop(draft, &err), MUSTER_OK);
	assert_int_equal(draft_drop(draft, &err), MUSTER_OK);
	draft_close(draft);
	assert_int_equal(state_of(place, id, NULL), DRAFT_GONE);
	assert_int_equal(try_save(place, id, &result, &err), MUSTER_E_CONFLICT);
	assert_non_null(strstr(err.message, "dropped"));
	assert_int_equal(try_add(place, id, "a", NULL, &err), MUSTER_E_CONFLICT);
}

static void one_whose_base_was_deleted_can_only_be_dropped(void **state)
{
	struct place *place = *state;
	struct collection *collection;
	struct muster_error err = { 0 };
	struct draft_record plan;
	struct draft_result result;
	struct draft *draft;
	uint8_t id[16] = { 0 };

	write_file(place, "a", "1");
	put_tree(place);
	collection = open_collection(place);
	plan = plan_of(collection_latest(collection));
	new_draft(place, &plan, id);
	add(place, id, "a", NULL);
	assert_int_equal(collection_delete_version(collection, 0, true, &err), MUSTER_OK);
	collection_close(collection);
	assert_int_equal(state_of(place, id, NULL), DRAFT_OPEN);
	assert_int_equal(try_add(place, id, "a", NULL, &err), MUSTER_E_NAME);
	assert_int_equal(try_save(place, id, &result, &err), MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "its base, v0 of 'data', was deleted"));
	draft = open_draft(place, id);
	assert_int_equal(draft_drop(draft, &err), MUSTER_OK);
	draft_close(draft);
	assert_int_equal(state_of(place, id, NULL), DRAFT_GONE);
}

/* --- distributed ------------------------------------------------------------------------------ */

static struct draft_range ranges[] = {
	{ VIEW_LITERAL("0"), VIEW_LITERAL(""), VIEW_LITERAL("g") },
	{ VIEW_LITERAL("1"), VIEW_LITERAL("g"), VIEW_LITERAL("q") },
	{ VIEW_LITERAL("2"), VIEW_LITERAL("q"), VIEW_LITERAL("") },
};

static struct draft_record distributed_plan(void)
{
	struct draft_record plan = plan_of(NULL);

	plan.distributed_id = VIEW_LITERAL("night");
	plan.ranges = (struct records){ ranges, 3 };
	return plan;
}

static void missing_shards_are_named_and_come_later(void **state)
{
	struct place *place = *state;
	struct draft_record plan = distributed_plan();
	struct muster_error err = { 0 };
	struct draft_result result;
	uint8_t id[16] = { 0 };

	write_file(place, "a", "1");
	write_file(place, "h", "2");
	write_file(place, "r", "3");
	new_draft(place, &plan, id);
	add(place, id, "r", "2");
	add(place, id, "a", "0");
	assert_int_equal(try_save(place, id, &result, &err), MUSTER_E_CONFLICT);
	assert_non_null(strstr(err.message, "shard 1"));
	assert_int_equal(state_of(place, id, NULL), DRAFT_OPEN); /* nothing was sealed */
	add(place, id, "h", "1");
	result = save(place, id);
	assert_string_equal(result.digest, put_alone(place).digest);
	assert_string_equal(result.root, put_alone(place).root);
}

static void a_shard_that_is_tried_again_is_there_once(void **state)
{
	struct place *place = *state;
	struct draft_record plan = distributed_plan();
	struct muster_error err = { 0 };
	uint8_t id[16] = { 0 };
	struct draft *draft;

	write_file(place, "a", "1");
	new_draft(place, &plan, id);
	add(place, id, "a", "0");
	assert_int_equal(try_add(place, id, "a", "0", &err), MUSTER_EXISTS);
	draft = open_draft(place, id);
	assert_int_equal(draft_part_count(draft), 1);
	draft_close(draft);
	write_file(place, "a", "another");
	assert_int_equal(try_add(place, id, "a", "0", &err), MUSTER_E_CONFLICT);
	assert_non_null(strstr(err.message, "something else"));
}

struct adder {
	struct place *place;
	const uint8_t *id;
	char path[32], shard[32];
	enum muster_code code;
	struct muster_error err;
	pthread_t thread;
};

static void *add_one(void *arg)
{
	struct adder *adder = arg;

	adder->code = try_add(adder->place, adder->id, adder->path, adder->shard, &adder->err);
	return NULL;
}

/* Whoever was told that its part counts finds it in the version; whoever was told that it came late
 * does not. */
static void twelve_add_parts_while_one_finishes(void **state)
{
	struct place *place = *state;

	for (unsigned round = 0; round < 20; round++) {
		struct draft_record plan = plan_of(NULL);
		struct adder adders[12];
		struct version_reader *reader;
		struct collection *collection;
		struct draft_result result;
		struct entry entry;
		char text[16];
		uint8_t id[16] = { 0 };

		plan.distributed_id = VIEW_LITERAL("night");
		snprintf(text, sizeof(text), "%u", round);
		write_file(place, "first", text);
		new_draft(place, &plan, id);
		add(place, id, "first", "first");
		for (unsigned i = 0; i < 12; i++) {
			adders[i] = (struct adder){ .place = place, .id = id };
			snprintf(adders[i].path, sizeof(adders[i].path), "r%02u/f%02u", round, i);
			snprintf(adders[i].shard, sizeof(adders[i].shard), "node-%u", i);
			write_file(place, adders[i].path, adders[i].path);
			assert_int_equal(
				pthread_create(&adders[i].thread, NULL, add_one, &adders[i]), 0);
			if (i == 4 + round % 8)
				result = save(place, id);
		}
		for (unsigned i = 0; i < 12; i++)
			pthread_join(adders[i].thread, NULL);
		assert_true(result.save.is_new);
		collection = open_collection(place);
		assert_int_equal(version_reader_open(&reader, place->store,
						     &collection_latest(collection)->manifest, NULL,
						     NULL),
				 MUSTER_OK);
		for (unsigned i = 0; i < 12; i++) {
			enum muster_code found = version_reader_find(
				reader, view_text(adders[i].path), &entry, NULL);

			if (adders[i].code != MUSTER_OK && adders[i].code != MUSTER_E_CONFLICT)
				fail_msg("%s", adders[i].err.message);
			assert_int_equal(found, adders[i].code ? MUSTER_ABSENT : MUSTER_OK);
		}
		version_reader_close(reader);
		collection_close(collection);
	}
}

/* By the name alone. */
static void join(struct place *place, const struct draft_record *plan, uint8_t id[16])
{
	struct muster_error err = { 0 };
	struct draft *draft;

	if (draft_join(&draft, place->repository, plan, &err))
		fail_msg("%s", err.message);
	memcpy(id, draft_id(draft), 16);
	draft_close(draft);
}

static void a_name_is_joined_by_all_and_used_again_when_its_draft_is_over(void **state)
{
	struct place *place = *state;
	struct draft_record plan = plan_of(NULL), other = plan_of(NULL);
	uint8_t ids[6][16], again[16];

	plan.distributed_id = VIEW_LITERAL("night");
	other.distributed_id = VIEW_LITERAL("day");
	for (unsigned i = 0; i < 6; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%u", i);
		write_file(place, "a", text);
		join(place, &plan, ids[i]);
		add(place, ids[i], "a", "node-1");
		join(place, &plan, again);
		assert_memory_equal(ids[i], again, 16);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(ids[i], ids[j], 16);
		assert_int_equal(save(place, ids[i]).save.version_number, i);
	}
	join(place, &other, again);
	assert_memory_not_equal(again, ids[5], 16);
}

static void a_name_on_another_base_is_refused(void **state)
{
	struct place *place = *state;
	struct draft_record plan = plan_of(NULL);
	struct collection *collection;
	struct muster_error err = { 0 };
	struct draft *draft;
	uint8_t id[16];

	plan.distributed_id = VIEW_LITERAL("night");
	join(place, &plan, id);
	write_file(place, "a", "1");
	put_tree(place);
	collection = open_collection(place);
	plan.base.is_named = true;
	memcpy(plan.base.id, collection_latest(collection)->id, 16);
	assert_int_equal(draft_join(&draft, place->repository, &plan, &err), MUSTER_E_CONFLICT);
	assert_non_null(strstr(err.message, "another base"));
	collection_close(collection);
}

static void *save_one(void *arg)
{
	struct adder *saver = arg;
	struct draft_result result;

	saver->code = try_save(saver->place, saver->id, &result, &saver->err);
	return NULL;
}

static void many_finish_at_once_and_make_one_version(void **state)
{
	struct place *place = *state;
	struct draft_record plan = plan_of(NULL);
	struct adder savers[8];
	struct collection *collection;
	uint8_t id[16] = { 0 };

	write_file(place, "a", "1");
	new_draft(place, &plan, id);
	add(place, id, "a", NULL);
	for (unsigned i = 0; i < 8; i++) {
		savers[i] = (struct adder){ .place = place, .id = id };
		assert_int_equal(pthread_create(&savers[i].thread, NULL, save_one, &savers[i]), 0);
	}
	for (unsigned i = 0; i < 8; i++) {
		pthread_join(savers[i].thread, NULL);
		if (savers[i].code)
			fail_msg("%s", savers[i].err.message);
	}
	collection = open_collection(place);
	assert_int_equal(collection_latest(collection)->number, 0);
	collection_close(collection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)
		IN_A_PLACE(a_draft_is_added_to_saved_and_over),
		IN_A_PLACE(sessions_live_while_the_draft_does_and_end_with_it),
		IN_A_PLACE(a_dropped_draft_takes_nothing_and_is_never_saved),
		IN_A_PLACE(one_whose_base_was_deleted_can_only_be_dropped),
		IN_A_PLACE(missing_shards_are_named_and_come_later),
		IN_A_PLACE(a_shard_that_is_tried_again_is_there_once),
		IN_A_PLACE(twelve_add_parts_while_one_finishes),
		IN_A_PLACE(many_finish_at_once_and_make_one_version),
		IN_A_PLACE(a_name_is_joined_by_all_and_used_again_when_its_draft_is_over),
		IN_A_PLACE(a_name_on_another_base_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
