/* Random trees become random versions, which are copied in any order, one or all of them, through
 * two repositories: what arrives is what was there, and is sound. MUSTER_SEED repeats one. */
#include <stdlib.h>

#include <stdio.h>

#include "tests/engine/copy/lab.h"

#define ROUNDS	     12
#define VERSIONS_MAX 5
#define FILES_MAX    60
#define FILE_BYTES   3000

/* One in ten is large; names clash and contents repeat often. */
static void change_tree(struct fixture *fixture, uint64_t *seed)
{
	uint32_t count = 1 + fixture_random(seed, FILES_MAX);

	for (uint32_t i = 0; i < count; i++) {
		char path[64];
		bool is_large = fixture_random(seed, 200) == 0;

		snprintf(path, sizeof(path), "d%u/e%u/f%u", fixture_random(seed, 4),
			 fixture_random(seed, 4), fixture_random(seed, 8));
		lab_write_random(fixture, path,
				 is_large ? LAB_LARGE_BYTES : fixture_random(seed, FILE_BYTES),
				 fixture_random(seed, 40));
	}
}

/* Its content is in the target under some number. */
static uint64_t find_in(struct repository *repository, const char *name, const uint8_t root[32])
{
	struct collection *collection = lab_open(repository, name);
	const struct collection_state *state = collection_versions(collection);
	uint64_t found = VERSION_NONE;

	for (size_t i = 0; i < state->version_count; i++)
		if (memcmp(state->versions[i].root, root, 32) == 0)
			found = i;
	collection_close(collection);
	assert_int_not_equal(found, VERSION_NONE);
	return found;
}

static void copy_some(struct fixture *fixture, struct lab_target *target, uint64_t *seed)
{
	size_t count = lab_version_count(fixture->repository, "data");
	struct collection *data = lab_open(fixture->repository, "data");

	for (uint32_t i = 0; i < 4; i++) {
		uint64_t number = fixture_random(seed, (uint32_t)count);
		const struct version *version =
			collection_state_version(collection_versions(data), number);
		char alias[32];

		snprintf(alias, sizeof(alias), "v%u", (unsigned)number);
		lab_must_copy(fixture->repository, target->repository,
			      &(struct lab_copy){ .alias = alias,
						  .as = "some",
						  .worker_count = 1 + fixture_random(seed, 4) });
		lab_assert_equal(fixture->repository, "data", number, target->repository, "some",
				 find_in(target->repository, "some", version->root));
	}
	collection_close(data);
}

static void one_round(uint64_t seed)
{
	struct lab_target there = { 0 }, back = { 0 };
	struct fixture *fixture;
	void *state;
	size_t count;

	assert_int_equal(fixture_open(&state), 0);
	fixture = state;
	for (uint32_t i = 1 + fixture_random(&seed, VERSIONS_MAX); i-- > 0;) {
		change_tree(fixture, &seed);
		fixture_put(fixture);
	}
	count = lab_version_count(fixture->repository, "data");
	lab_target_open(&there, NULL);
	lab_target_open(&back, NULL);
	copy_some(fixture, &there, &seed);
	lab_must_copy(fixture->repository, there.repository, &(struct lab_copy){ .all = true });
	lab_must_copy(there.repository, back.repository, &(struct lab_copy){ .every = true });
	assert_int_equal(lab_version_count(back.repository, "data"), count);
	for (uint64_t i = 0; i < count; i++)
		lab_assert_equal(fixture->repository, "data", i, back.repository, "data", i);
	lab_assert_sound(there.repository);
	lab_assert_sound(back.repository);
	lab_target_close(&there);
	lab_target_close(&back);
	fixture_close(&state);
}

static void whatever_is_copied_arrives_as_it_was(void **state)
{
	const char *given = getenv("MUSTER_SEED");
	uint64_t first = given ? strtoull(given, NULL, 10) : 1;

	(void)state;
	for (uint64_t seed = first; seed < first + (given ? 1 : ROUNDS); seed++) {
		print_message("seed %llu\n", (unsigned long long)seed);
		one_round(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_copied_arrives_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
