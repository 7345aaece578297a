/* Each allocation of a draft fails once: the right code, nothing leaks (AddressSanitizer), and the
 * same commands make the version. */
#include "engine/draft/stored.h"
#include "tests/engine/draft/lab.h"

#define ALLOCATIONS_MAX 20000
#define PARTS		3

static void write_files(struct place *place)
{
	write_file(place, "a", "alpha");
	write_file(place, "d/b", "beta");
	write_file(place, "d/c", "gamma");
	put_tree(place);
	write_file(place, "d/b", "delta");
	write_file(place, "new", "new");
}

/* A part of each kind, and a save. */
static enum muster_code add(struct place *place, struct draft *draft, unsigned what,
			    struct muster_error *err)
{
	struct part_options options = { .job = { .worker_count = 1, .memory_bytes = 64 << 20 },
					.life_ms = DRAFT_LIFE_MS,
					.beneath = *draft_content(draft) };
	struct muster_source source = { .path = place->tree };
	struct muster_put_options sources = put_options(&source);
	struct muster_put_report report;
	struct part_content content;
	struct part *part;
	char name[512];
	enum muster_code code = part_open(&part, place->repository, &options, err);

	if (code)
		return code;
	snprintf(name, sizeof(name), "%s/new", place->tree);
	if (what == 0)
		code = part_add_sources(part, &sources, true, &report, err);
	if (what <= 1 && !code)
		code = part_add_file(part, name, VIEW_LITERAL("x/new"), true, NULL, err);
	if (what == 2)
		code = part_remove(part, VIEW_LITERAL("d"), err);
	if (!code)
		code = part_finish(part, &content, err);
	if (!code)
		code = draft_add_part(draft, part, &content, NULL, err);
	part_close(part);
	return code;
}

/* What is stored of it is not done again: a part that was stored may have failed afterwards. */
static enum muster_code run(struct place *place, const uint8_t id[16], struct draft_result *result,
			    struct muster_error *err)
{
	struct muster_job job = { .worker_count = 1, .memory_bytes = 64 << 20 };
	enum muster_code code = MUSTER_OK;
	size_t stored = 0;

	while (!code && stored < PARTS) {
		struct draft *draft = NULL;

		code = draft_open(&draft, place->repository, id, err);
		if (!code)
			stored = draft_content(draft)->part_count;
		if (!code)
			code = stored < PARTS ? add(place, draft, (unsigned)stored, err)
					      : draft_save(draft, &job, NULL, result, err);
		draft_close(draft);
	}
	return code;
}

static void new_draft(struct place *place, uint8_t id[16])
{
	struct collection *collection = open_collection(place);
	const struct version *base = collection_state_version(collection_versions(collection), 0);
	struct draft_record plan = { .entity = VIEW_LITERAL("me"),
				     .project = VIEW_LITERAL("tests"),
				     .name = VIEW_LITERAL("data"),
				     .base.is_named = true };

	memcpy(plan.base.id, base->id, 16);
	memset(id, 0, 16);
	assert_int_equal(draft_new(place->repository, &plan, id, NULL), MUSTER_OK);
	collection_close(collection);
}

static void a_draft_without_memory_fails_in_order(void **state)
{
	struct place *place = *state;
	bool is_done = false;
	char digest[33] = "";
	unsigned n = 1;

	write_files(place);
	for (; !is_done && n < ALLOCATIONS_MAX; n += TORTURE_STEP) {
		struct draft_result result;
		struct muster_error err = { 0 };
		uint8_t id[16];
		enum muster_code code;

		new_draft(place, id);
		torture_allocation(n);
		code = run(place, id, &result, &err);
		is_done = !torture_hit();
		torture_off();
		/* A file may fail alone; a name that could not be read may be read again. */
		if (code != MUSTER_OK && code != MUSTER_E_MEMORY && code != MUSTER_E_ITEMS)
			fail_msg("allocation %u: code %d, %s", n, code, err.message);
		if (code && run(place, id, &result, &err))
			fail_msg("after allocation %u: %s", n, err.message);
		if (!digest[0])
			memcpy(digest, result.digest, sizeof(digest));
		assert_string_equal(result.digest, digest);
	}
	assert_in_range(n, 50, ALLOCATIONS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_draft_without_memory_fails_in_order, open_place,
						close_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
