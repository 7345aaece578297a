#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "artifact/wandb/manifest_json.h"
#include "tests/support/torture.h"

#define GO_BEGIN                                                                                   \
	"{\"version\":1,\"storagePolicy\":\"wandb-storage-policy-v1\","                            \
	"\"storagePolicyConfig\":{\"storageLayout\":\"V2\"},\"contents\":{"

static enum muster_code write_all(enum wandb_form form, const struct entry *entries, size_t count,
				  struct bytes *out, struct muster_error *err)
{
	struct wandb_writer_options options = { .form = form };
	struct wandb_writer *writer;
	enum muster_code code = wandb_writer_new(&writer, &options, out, err);

	for (size_t i = 0; !code && i < count; i++)
		code = wandb_writer_entry(writer, &entries[i], err);
	if (!code)
		code = wandb_writer_end(writer, err);
	wandb_writer_free(writer);
	return code;
}

static void assert_writes(enum wandb_form form, const struct entry *entry, const char *expected)
{
	struct bytes out = { 0 };

	assert_int_equal(write_all(form, entry, 1, &out, NULL), MUSTER_OK);
	assert_int_equal(bytes_append_byte(&out, '\0', NULL), MUSTER_OK);
	assert_string_equal((const char *)out.ptr, expected);
	bytes_release(&out);
}

static struct entry text_entry(void)
{
	return (struct entry){ .path = VIEW_LITERAL("a"), .digest_text = VIEW_LITERAL("d") };
}

static void unknown_size_is_zero_in_go_and_absent_in_python(void **state)
{
	struct entry entry = text_entry();

	(void)state;
	assert_writes(WANDB_FORM_GO, &entry,
		      GO_BEGIN "\"a\":{\"digest\":\"d\",\"size\":0,\"skip_cache\":false}}}");
	assert_writes(WANDB_FORM_PYTHON, &entry,
		      "{\n"
		      "    \"version\": 1,\n"
		      "    \"storagePolicy\": \"wandb-storage-policy-v1\",\n"
		      "    \"storagePolicyConfig\": {\n"
		      "        \"storageLayout\": \"V2\"\n"
		      "    },\n"
		      "    \"contents\": {\n"
		      "        \"a\": {\n"
		      "            \"digest\": \"d\"\n"
		      "        }\n"
		      "    }\n"
		      "}");
}

static void algorithm_stands_last_and_once_in_extra(void **state)
{
	static const struct {
		struct view extra;
		const char *expected;
	} cases[] = {
		{ { 0 }, "{\"alg\":\"XXH128\"}" },
		{ VIEW_LITERAL("{}"), "{\"alg\":\"XXH128\"}" },
		{ VIEW_LITERAL("{\"a\":[1]}"), "{\"a\":[1],\"alg\":\"XXH128\"}" },
		{ VIEW_LITERAL("{ \"alg\" : [{\"alg\":1}], \"b\" : {\"alg\":2} }"),
		  "{\"b\":{\"alg\":2},\"alg\":\"XXH128\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry entry = text_entry();
		struct bytes expected = { 0 };

		entry.algorithm = DIGEST_XXH128;
		entry.extra = cases[i].extra;
		assert_int_equal(bytes_printf(&expected, NULL,
					      "%s\"a\":{\"digest\":\"AAAAAAAAAAAAAAAAAAAAAA==\","
					      "\"size\":0,\"skip_cache\":false,\"extra\":%s}}}",
					      GO_BEGIN, cases[i].expected),
				 MUSTER_OK);
		assert_writes(WANDB_FORM_GO, &entry, (const char *)expected.ptr);
		bytes_release(&expected);
	}
}

static void long_regions_are_refused(void **state)
{
	uint8_t region[WANDB_REGION_MAX_BYTES + 1];
	struct wandb_writer_options options = { .storage_region = view_of(region, sizeof(region)) };
	struct wandb_writer *writer;
	struct bytes out = { 0 };

	(void)state;
	memset(region, 'r', sizeof(region));
	assert_int_equal(wandb_writer_new(&writer, &options, &out, NULL), MUSTER_E_LIMIT);
	assert_null(writer);
	options.storage_region.len--;
	assert_int_equal(wandb_writer_new(&writer, &options, &out, NULL), MUSTER_OK);
	wandb_writer_free(writer);
	bytes_release(&out);
}

/* Nothing but one object may come out of `extra`, or it would write other entries. */
static void extra_that_is_not_one_object_is_refused(void **state)
{
	static const char *const extras[] = {
		"1",	 "[]",	  "\"x\"",   "null", "{",	 "{}}",		 "{}]",
		"{},",	 "{},{}", "{} {}",   "{}1",  "{\"a\":1", "{\"a\":1}}}",	 "},\"b\":{",
		"{'a'}", " ",	  "{\"a\"}", "]",    "{},1",	 "{\"a\":\xff}", ",{}",
	};

	(void)state;
	for (size_t form = 0; form < 2; form++) {
		for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
			struct entry entries[2] = { text_entry(), text_entry() };
			struct bytes out = { 0 };
			struct muster_error err = { 0 };

			entries[0].extra = VIEW_LITERAL("{\"good\":1}");
			entries[1].path = VIEW_LITERAL("the/second");
			entries[1].extra = view_text(extras[i]);
			assert_int_equal(write_all((enum wandb_form)form, entries, 2, &out, &err),
					 MUSTER_E_FORMAT);
			assert_string_equal(err.message, "entry 'the/second': "
							 "'extra' is not one JSON object");
			bytes_release(&out);
		}
	}
}

static void texts_that_are_not_utf8_are_refused(void **state)
{
	const struct view bad = VIEW_LITERAL("x\xc3");
	struct entry entries[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		entries[i] = text_entry();
	entries[0].path = bad;
	entries[1].digest_text = bad;
	entries[2].ref = bad;
	entries[3].birth_artifact_id = bad;
	for (size_t i = 0; i < 8; i++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(
			write_all((enum wandb_form)(i / 4), &entries[i % 4], 1, &out, &err),
			MUSTER_E_FORMAT);
		assert_non_null(strstr(err.message, "not valid UTF-8"));
		bytes_release(&out);
	}
}

static void drained_text_is_the_same_document(void **state)
{
	struct wandb_writer_options options = { .form = WANDB_FORM_PYTHON,
						.storage_region = VIEW_LITERAL("eu") };
	struct wandb_writer *whole_writer, *drained_writer;
	struct bytes whole = { 0 }, part = { 0 }, joined = { 0 };
	struct entry entry = text_entry();

	(void)state;
	entry.extra = VIEW_LITERAL("{\"k\":{}}");
	assert_int_equal(wandb_writer_new(&whole_writer, &options, &whole, NULL), MUSTER_OK);
	assert_int_equal(wandb_writer_new(&drained_writer, &options, &part, NULL), MUSTER_OK);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(wandb_writer_entry(whole_writer, &entry, NULL), MUSTER_OK);
		assert_int_equal(bytes_append_view(&joined, bytes_view(&part), NULL), MUSTER_OK);
		part.len = 0;
		assert_int_equal(wandb_writer_entry(drained_writer, &entry, NULL), MUSTER_OK);
	}
	assert_int_equal(wandb_writer_end(whole_writer, NULL), MUSTER_OK);
	assert_int_equal(wandb_writer_end(drained_writer, NULL), MUSTER_OK);
	assert_int_equal(bytes_append_view(&joined, bytes_view(&part), NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&joined), bytes_view(&whole)));
	wandb_writer_free(whole_writer);
	wandb_writer_free(drained_writer);
	bytes_release(&whole);
	bytes_release(&part);
	bytes_release(&joined);
}

static void entries_allocate_nothing_once_the_text_has_room(void **state)
{
	struct wandb_writer_options options = { .form = WANDB_FORM_PYTHON };
	struct wandb_writer *writer;
	struct bytes out = { 0 };
	struct entry entry = text_entry();
	uint64_t warm;

	(void)state;
	entry.ref = VIEW_LITERAL("s3://b/k");
	entry.extra = VIEW_LITERAL("{\"etag\":\"caf\xc3\xa9\",\"list\":[1,2,{}]}");
	assert_int_equal(wandb_writer_new(&writer, &options, &out, NULL), MUSTER_OK);
	assert_int_equal(wandb_writer_entry(writer, &entry, NULL), MUSTER_OK);
	warm = torture_allocations();
	for (unsigned i = 0; i < 100; i++) {
		out.len = 0;
		assert_int_equal(wandb_writer_entry(writer, &entry, NULL), MUSTER_OK);
	}
	assert_int_equal(torture_allocations(), warm);
	wandb_writer_free(writer);
	bytes_release(&out);
}

static void failed_allocation_is_reported(void **state)
{
	struct entry entry = text_entry();

	(void)state;
	entry.extra = VIEW_LITERAL("{\"escape\\n\":\"\\u00e9\"}");
	for (uint64_t n = 1;; n++) {
		struct bytes out = { 0 };
		struct muster_error err = { 0 };
		enum muster_code code;
		bool was_hit;

		torture_allocation(n);
		code = write_all(WANDB_FORM_GO, &entry, 1, &out, &err);
		was_hit = torture_hit();
		torture_off();
		assert_int_equal(code, was_hit ? MUSTER_E_MEMORY : MUSTER_OK);
		assert_int_equal(err.code, code);
		bytes_release(&out);
		if (!was_hit) {
			assert_true(n > 4);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_size_is_zero_in_go_and_absent_in_python),
		cmocka_unit_test(algorithm_stands_last_and_once_in_extra),
		cmocka_unit_test(long_regions_are_refused),
		cmocka_unit_test(extra_that_is_not_one_object_is_refused),
		cmocka_unit_test(texts_that_are_not_utf8_are_refused),
		cmocka_unit_test(drained_text_is_the_same_document),
		cmocka_unit_test(entries_allocate_nothing_once_the_text_has_room),
		cmocka_unit_test(failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
