#include <stdio.h>
#include <stdlib.h>

#include "engine/transfer/transfer.h"
#include "tests/engine/look/fixture.h"

struct taken {
	struct bytes bytes;
	uint64_t piece_count;
	uint64_t fail_at; /* 0: never */
};

static enum muster_code take(void *state, const void *bytes, uint64_t count,
			     struct muster_error *err)
{
	struct taken *taken = state;

	assert_true(count > 0);
	if (++taken->piece_count == taken->fail_at)
		return muster_fail(err, MUSTER_E_IO, "the sink is full");
	return bytes_append(&taken->bytes, bytes, count, err);
}

static enum muster_code export_data(struct fixture *fixture, bool python, struct taken *taken,
				    struct muster_error *err)
{
	struct artifact_address address = fixture_address("");
	struct muster_export_options options = { .python_form = python,
						 .sink = take,
						 .sink_state = taken };

	return export_run(fixture->repository, &address, &options, err);
}

static void both_forms_are_those_of_wandb(void **state)
{
	static const char go[] =
		"{\"version\":1,\"storagePolicy\":\"wandb-storage-policy-v1\","
		"\"storagePolicyConfig\":{\"storageLayout\":\"V2\"},\"contents\":{"
		"\"a\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\",\"size\":5,\"skip_cache\":false},"
		"\"r\":{\"digest\":\"etag\",\"ref\":\"s3://b/r\",\"size\":0,\"skip_cache\":false,"
		"\"extra\":{\"etag\":\"e\"}}}}";
	static const char python[] = "{\n    \"version\": 1,\n"
				     "    \"storagePolicy\": \"wandb-storage-policy-v1\",\n"
				     "    \"storagePolicyConfig\": {\n"
				     "        \"storageLayout\": \"V2\"\n    },\n"
				     "    \"contents\": {\n        \"a\": {\n"
				     "            \"digest\": \"XUFAKrxLKna5cZ2REBfFkg==\",\n"
				     "            \"size\": 5\n        },\n        \"r\": {\n"
				     "            \"digest\": \"etag\",\n"
				     "            \"ref\": \"s3://b/r\",\n"
				     "            \"extra\": {\n"
				     "                \"etag\": \"e\"\n            }\n        }\n"
				     "    }\n}";
	struct fixture *fixture = *state;
	struct entry entries[2] = { fixture_entry("a", "hello"),
				    { .path = VIEW_LITERAL("r"),
				      .digest_text = VIEW_LITERAL("etag"),
				      .ref = VIEW_LITERAL("s3://b/r"),
				      .extra = VIEW_LITERAL("{\"etag\":\"e\"}") } };

	fixture_save(fixture, entries, 2);
	for (int form = 0; form < 2; form++) {
		struct taken taken = { .fail_at = 0 };
		struct muster_error err = { 0 };

		if (export_data(fixture, form, &taken, &err))
			fail_msg("%s", err.message);
		assert_true(view_equal(bytes_view(&taken.bytes),
				       form ? view_text(python) : view_text(go)));
		bytes_release(&taken.bytes);
	}
}

static void save_many(struct fixture *fixture, size_t count)
{
	struct entry *entries = calloc(count, sizeof(*entries));
	char(*names)[32] = calloc(count, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "some/path-%08zu", i);
		entries[i] = fixture_entry(names[i], names[i]);
	}
	fixture_save(fixture, entries, count);
	free(entries);
	free(names);
}

static void a_large_version_leaves_in_pieces(void **state)
{
	struct fixture *fixture = *state;
	struct taken taken = { .fail_at = 0 };
	struct muster_error err = { 0 };

	save_many(fixture, 20000);
	assert_int_equal(export_data(fixture, false, &taken, &err), MUSTER_OK);
	assert_true(taken.piece_count > 5);
	assert_true(taken.bytes.len / taken.piece_count < 2 * EXPORT_PIECE_BYTES);
	bytes_release(&taken.bytes);
}

static void what_the_sink_says_is_what_comes_back(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };

	save_many(fixture, 20000);
	for (uint64_t n = 1; n < 4; n++) {
		struct taken taken = { .fail_at = n };

		assert_int_equal(export_data(fixture, true, &taken, &err), MUSTER_E_IO);
		assert_int_equal(taken.piece_count, n);
		assert_non_null(strstr(err.message, "the sink is full"));
		bytes_release(&taken.bytes);
	}
}

static void an_unknown_version_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct taken taken = { .fail_at = 0 };
	struct muster_error err = { 0 };

	assert_int_equal(export_data(fixture, false, &taken, &err), MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "'data'"));
	assert_int_equal(taken.piece_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_forms_are_those_of_wandb),
		TEST(a_large_version_leaves_in_pieces),
		TEST(what_the_sink_says_is_what_comes_back),
		TEST(an_unknown_version_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
