/* A version of a base and parts is, digest and root, the version that a put of the tree makes which
 * one has after all that was added and removed. */
#include "tests/engine/draft/lab.h"

#define FILES 900

static uint64_t seed = 5;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* File n of the universe; directories of two levels, and names that sort between. */
static const char *path_of(char buffer[64], uint32_t n)
{
	unsigned directory = n / 60, sub = n / 12 % 5;

	if (n % 3 == 0)
		snprintf(buffer, 64, "d%02u/s%u/f%03u", directory, sub, n);
	else if (n % 3 == 1)
		snprintf(buffer, 64, "d%02u/s%u-x/f%03u", directory, sub, n);
	else
		snprintf(buffer, 64, "d%02u-%u.%03u", directory, sub, n);
	return buffer;
}

struct world {
	struct place *place;
	uint32_t salts[FILES]; /* 0: there is none */
	struct part *part;
	bool has_directory[FILES / 60 + 1];
};

static void world_write(struct world *world, uint32_t n)
{
	char path[64], text[64];

	world->salts[n] = 1 + next_random(1000);
	snprintf(text, sizeof(text), "%u %u", n, world->salts[n]);
	write_file(world->place, path_of(path, n), text);
	if (world->part)
		add_file(world->place, world->part, path);
}

static void world_forget(struct world *world, uint32_t n)
{
	char path[64];

	world->salts[n] = 0;
	run_shell("rm -f '%s/%s'", world->place->tree, path_of(path, n));
}

static void world_remove(struct world *world, uint32_t n)
{
	char path[64];

	path_of(path, n);
	remove_path(world->part, path, world->salts[n] ? MUSTER_OK : MUSTER_E_NAME);
	world_forget(world, n);
}

/* All that is beneath "d<n>". */
static void world_remove_directory(struct world *world, uint32_t number)
{
	bool has_any = false;
	char directory[8];

	snprintf(directory, sizeof(directory), "d%02u", number);
	for (uint32_t n = 0; n < FILES; n++) {
		if (n / 60 != number || n % 3 == 2 || !world->salts[n])
			continue;
		world_forget(world, n);
		has_any = true;
	}
	remove_path(world->part, directory, has_any ? MUSTER_OK : MUSTER_E_NAME);
}

static void change_at_random(struct world *world, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t what = next_random(10);

		if (what < 6)
			world_write(world, next_random(FILES));
		else if (what < 9)
			world_remove(world, next_random(FILES));
		else
			world_remove_directory(world, next_random(FILES / 60));
	}
}

static void assert_is_the_tree(struct world *world, const struct draft_result *result)
{
	struct muster_put_report alone = put_alone(world->place);

	assert_string_equal(result->digest, alone.digest);
	assert_string_equal(result->root, alone.root);
	assert_int_equal(result->entry_count, alone.entry_count);
	assert_int_equal(result->size_bytes, alone.size_bytes);
}

static void any_base_and_any_parts_make_the_tree_that_they_tell_of(void **state)
{
	struct world world = { .place = *state };

	for (uint32_t n = 0; n < FILES; n++)
		if (n % 2)
			world_write(&world, n);
	put_tree(world.place);
	for (unsigned round = 0; round < 12; round++) {
		struct part_content parts[4];
		struct manifest_pointer manifest;
		struct collection *collection = open_collection(world.place);
		const struct version *base = collection_latest(collection);
		struct part_stack stack = stack_of(base, &manifest);
		struct draft_result result;
		uint64_t number = base->number;

		stack.parts = parts;
		for (unsigned i = 0; i < 1 + round % 4; i++) {
			world.part = open_part(world.place, &stack);
			change_at_random(&world, 1 + next_random(60));
			parts[i] = finish_part(world.part);
			stack.part_count++;
		}
		world.part = NULL;
		result = commit_stack(world.place, collection, &stack, number, DRAFT_LAYERS,
				      MUSTER_OK, NULL);
		assert_true(result.save.is_new);
		assert_true(result.is_base_latest);
		assert_is_the_tree(&world, &result);
		assert_int_equal(compare_by(world.place, NULL), result.entry_count);
		collection_close(collection);
	}
}

static struct collection *intend_collection(struct place *place)
{
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					VIEW_LITERAL("data") };
	struct collection *collection;

	assert_int_equal(collection_open_or_intend(&collection, place->repository, &name, "", NULL),
			 MUSTER_OK);
	return collection;
}

static void parts_over_nothing_make_a_first_version(void **state)
{
	struct world world = { .place = *state };
	struct part_content parts[3];
	struct part_stack stack = { .parts = parts };
	struct collection *collection = intend_collection(world.place);
	struct draft_result result;

	for (; stack.part_count < 3; stack.part_count++) {
		world.part = open_part(world.place, &stack);
		change_at_random(&world, 80);
		parts[stack.part_count] = finish_part(world.part);
	}
	result = commit_stack(world.place, collection, &stack, 0, DRAFT_LAYERS, MUSTER_OK, NULL);
	assert_int_equal(result.save.version_number, 0);
	assert_is_the_tree(&world, &result);
	collection_close(collection);
}

/* Sources, then files and removals over them, in one part. */
static void sources_and_single_files_share_a_part(void **state)
{
	struct world world = { .place = *state };
	struct part_stack nothing = { 0 };
	struct part_content content;
	struct part_stack stack = { .parts = &content, .part_count = 1 };
	struct muster_source source = { .path = world.place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;
	struct collection *collection = intend_collection(world.place);
	struct draft_result result;

	for (uint32_t n = 0; n < FILES; n += 2)
		world_write(&world, n);
	world.part = open_part(world.place, &nothing);
	assert_int_equal(part_add_sources(world.part, &options, false, &report, NULL), MUSTER_OK);
	change_at_random(&world, 60);
	content = finish_part(world.part);
	result = commit_stack(world.place, collection, &stack, 0, DRAFT_LAYERS, MUSTER_OK, NULL);
	assert_is_the_tree(&world, &result);
	assert_int_equal(compare_by(world.place, NULL), result.entry_count);
	collection_close(collection);
}

static void what_is_as_in_the_base_is_no_part_of_it(void **state)
{
	struct world world = { .place = *state };
	struct muster_source source = { .path = world.place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;
	struct manifest_pointer manifest;
	struct part_options with_cache;
	struct part_content content;
	struct collection *collection;
	struct part_stack stack;
	struct draft_result result;

	for (uint32_t n = 0; n < FILES; n++)
		world_write(&world, n);
	let_time_pass(world.place);
	put_tree(world.place);
	world_write(&world, 77);
	collection = open_collection(world.place);
	stack = stack_of(collection_latest(collection), &manifest);
	with_cache = (struct part_options){ .job = options.job,
					    .cache_dir = world.place->cache,
					    .beneath = stack };
	assert_int_equal(part_open(&world.part, world.place->repository, &with_cache, NULL),
			 MUSTER_OK);
	assert_int_equal(part_add_sources(world.part, &options, true, &report, NULL), MUSTER_OK);
	content = finish_part(world.part);
	assert_int_equal(content.added_count, 1);
	assert_int_equal(report.read_files, 1);
	stack.parts = &content;
	stack.part_count = 1;
	result = commit_stack(world.place, collection, &stack, 0, DRAFT_LAYERS, MUSTER_OK, NULL);
	assert_is_the_tree(&world, &result);
	collection_close(collection);
}

static void the_second_of_two_drafts_is_told_that_its_base_is_not_the_latest(void **state)
{
	struct world world = { .place = *state };
	struct part_content contents[2];
	struct manifest_pointer manifest;
	struct collection *collection;
	struct part_stack stack;
	struct draft_result results[2];

	for (uint32_t n = 0; n < 30; n++)
		world_write(&world, n);
	put_tree(world.place);
	collection = open_collection(world.place);
	stack = stack_of(collection_latest(collection), &manifest);
	for (uint32_t i = 0; i < 2; i++) {
		world.part = open_part(world.place, &stack);
		world_write(&world, 40 + i);
		contents[i] = finish_part(world.part);
	}
	stack.part_count = 1;
	for (uint32_t i = 0; i < 2; i++) {
		stack.parts = &contents[i];
		results[i] = commit_stack(world.place, collection, &stack, 0, DRAFT_LAYERS,
					  MUSTER_OK, NULL);
		assert_true(results[i].save.is_new);
		assert_int_equal(results[i].save.version_number, 1 + i);
		assert_int_equal(results[i].entry_count, 31);
	}
	assert_true(results[0].is_base_latest);
	assert_false(results[1].is_base_latest);
	assert_int_equal(results[1].latest, 1);
	collection_close(collection);
}

/* Each table row: what the base has, what is removed, what is added; and whether it may be so. */
static void a_file_beneath_a_file_is_refused(void **state)
{
	static const struct {
		const char *base, *removed, *added;
		const char *names; /* in the message; NULL: it is fine */
	} cases[] = {
		{ "a", NULL, "a/b", "'a' is a file, and 'a/b'" },
		{ "a", "a", "a/b", NULL },
		{ "w/a", "w", "w/a/b", NULL },
		{ "w/a", NULL, "w/a/b/c", "'w/a' is a file" },
		{ "a/b", NULL, "a", "'a' is a file, and 'a/b'" },
		{ "a/b", "a", "a", NULL },
		{ "a/b", "a/b", "a", NULL },
		{ "a-b", NULL, "a/b", NULL },
		{ "a/b/c", NULL, "a/b", "'a/b' is a file" },
		{ "a/b", NULL, "a/c", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct part_stack stack = { 0 };
		struct part_content content;
		struct manifest_pointer manifest;
		struct muster_error err = { 0 };
		struct collection *collection;
		struct world world;
		void *place;

		(void)state;
		open_place(&place);
		world = (struct world){ .place = place };
		write_file(place, cases[i].base, "base");
		write_file(place, "zz", "another");
		put_tree(place);
		run_shell("rm -rf '%s/%s'; rm -rf '%s/%.1s'", world.place->tree, cases[i].base,
			  world.place->tree, cases[i].base);
		write_file(place, cases[i].added, "added");
		collection = open_collection(place);
		stack = stack_of(collection_latest(collection), &manifest);
		world.part = open_part(place, &stack);
		if (cases[i].removed)
			remove_path(world.part, cases[i].removed, MUSTER_OK);
		add_file(place, world.part, cases[i].added);
		content = finish_part(world.part);
		stack.parts = &content;
		stack.part_count = 1;
		commit_stack(place, collection, &stack, 0, DRAFT_LAYERS,
			     cases[i].names ? MUSTER_E_USAGE : MUSTER_OK, &err);
		if (cases[i].names && !strstr(err.message, cases[i].names))
			fail_msg("case %zu: %s", i, err.message);
		collection_close(collection);
		close_place(&place);
	}
}

static void equals_are_joined_unless_they_disagree(void **state)
{
	struct world world = { .place = *state };
	struct part_stack nothing = { 0 };
	struct part_content parts[3];
	struct part_stack stack = { .parts = parts, .part_count = 2 };
	struct collection *collection = intend_collection(world.place);
	struct draft_result result;
	struct muster_error err = { 0 };

	for (uint32_t i = 0; i < 2; i++) {
		world.part = open_part(world.place, &nothing);
		for (uint32_t n = 10 * i; n < 10 * i + 15; n++) {
			char path[64];

			if (!world.salts[n])
				world_write(&world, n);
			else
				add_file(world.place, world.part, path_of(path, n));
		}
		parts[i] = finish_part(world.part);
	}
	result = commit_stack(world.place, collection, &stack, 0, DRAFT_EQUALS, MUSTER_OK, NULL);
	assert_is_the_tree(&world, &result);
	world.part = open_part(world.place, &nothing);
	world_write(&world, 3);
	parts[2] = finish_part(world.part);
	stack.part_count = 3;
	commit_stack(world.place, collection, &stack, 0, DRAFT_EQUALS, MUSTER_E_CONFLICT, &err);
	assert_non_null(strstr(err.message, "d00/"));
	collection_close(collection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			any_base_and_any_parts_make_the_tree_that_they_tell_of, open_place,
			close_place),
		cmocka_unit_test_setup_teardown(parts_over_nothing_make_a_first_version, open_place,
						close_place),
		cmocka_unit_test_setup_teardown(sources_and_single_files_share_a_part, open_place,
						close_place),
		cmocka_unit_test_setup_teardown(what_is_as_in_the_base_is_no_part_of_it, open_place,
						close_place),
		cmocka_unit_test_setup_teardown(
			the_second_of_two_drafts_is_told_that_its_base_is_not_the_latest,
			open_place, close_place),
		cmocka_unit_test(a_file_beneath_a_file_is_refused),
		cmocka_unit_test_setup_teardown(equals_are_joined_unless_they_disagree, open_place,
						close_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
