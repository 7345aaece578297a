/* Every golden manifest (tests/golden/wandb, made by W&B's own writers' rules) is read and written
 * again in both forms: its own must be the same bytes, the other one those of its twin. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "artifact/digest.h"
#include "artifact/wandb/manifest_json.h"

static const char *golden_dir;

static void read_golden(const char *name, const char *form, struct bytes *out)
{
	char path[4096];
	FILE *file;
	int c;

	snprintf(path, sizeof(path), "%s/%s.%s.json", golden_dir, name, form);
	file = fopen(path, "rb");
	assert_non_null(file);
	out->len = 0;
	while ((c = fgetc(file)) != EOF)
		assert_int_equal(bytes_append_byte(out, (uint8_t)c, NULL), MUSTER_OK);
	fclose(file);
}

/* Entries go from the reader to the writer as they come, with nothing kept between. */
static void rewrite(struct view document, enum wandb_form form, struct view region,
		    struct bytes *out)
{
	struct wandb_writer_options options = { .form = form, .storage_region = region };
	struct wandb_reader *reader;
	struct wandb_writer *writer;
	struct muster_error err = { 0 };
	struct entry entry;
	enum muster_code code;

	out->len = 0;
	assert_int_equal(wandb_reader_new(&reader, &err), MUSTER_OK);
	assert_int_equal(wandb_writer_new(&writer, &options, out, &err), MUSTER_OK);
	wandb_reader_feed(reader, document);
	wandb_reader_finish(reader);
	while ((code = wandb_reader_next(reader, &entry, &err)) == MUSTER_OK)
		assert_int_equal(wandb_writer_entry(writer, &entry, &err), MUSTER_OK);
	assert_int_equal(code, MUSTER_END);
	assert_int_equal(wandb_reader_manifest(reader)->storage_layout, 2);
	assert_true(view_equal(wandb_reader_manifest(reader)->storage_region, region));
	assert_int_equal(wandb_writer_end(writer, &err), MUSTER_OK);
	wandb_writer_free(writer);
	wandb_reader_free(reader);
}

static const struct golden {
	const char *name, *region;
} goldens[] = {
	{ "empty", "" },
	{ "example", "" },
	{ "texts", "coreweave-us-<1>" },
	{ "extra", "" },
};

static const char *const form_names[] = { [WANDB_FORM_GO] = "go", [WANDB_FORM_PYTHON] = "python" };

static void check_rewritten(const struct golden *golden, enum wandb_form from, enum wandb_form to)
{
	struct bytes document = { 0 }, expected = { 0 }, written = { 0 };

	read_golden(golden->name, form_names[from], &document);
	read_golden(golden->name, form_names[to], &expected);
	rewrite(bytes_view(&document), to, view_text(golden->region), &written);
	assert_int_equal(written.len, expected.len);
	assert_memory_equal(written.ptr, expected.ptr, expected.len);
	bytes_release(&document);
	bytes_release(&expected);
	bytes_release(&written);
}

static void each_form_is_rewritten_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
		check_rewritten(&goldens[i], WANDB_FORM_GO, WANDB_FORM_GO);
		check_rewritten(&goldens[i], WANDB_FORM_PYTHON, WANDB_FORM_PYTHON);
	}
}

static void each_form_becomes_the_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
		check_rewritten(&goldens[i], WANDB_FORM_GO, WANDB_FORM_PYTHON);
		check_rewritten(&goldens[i], WANDB_FORM_PYTHON, WANDB_FORM_GO);
	}
}

static void digest_of_the_example_is_the_published_one(void **state)
{
	struct artifact_digest digest = { 0 };
	struct wandb_reader *reader;
	struct bytes document = { 0 };
	struct entry entry;
	uint8_t out[DIGEST_BYTES];
	char hex[ARTIFACT_DIGEST_HEX_BYTES];

	(void)state;
	read_golden("example", "go", &document);
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_MD5, NULL), MUSTER_OK);
	assert_int_equal(wandb_reader_new(&reader, NULL), MUSTER_OK);
	wandb_reader_feed(reader, bytes_view(&document));
	wandb_reader_finish(reader);
	while (wandb_reader_next(reader, &entry, NULL) == MUSTER_OK)
		artifact_digest_add(&digest, &entry);
	artifact_digest_end(&digest, out);
	artifact_digest_hex(out, hex);
	assert_string_equal(hex, "13b93e169846a15c9b1d17ddc5d8ad54");
	artifact_digest_release(&digest);
	wandb_reader_free(reader);
	bytes_release(&document);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_rewritten_byte_for_byte),
		cmocka_unit_test(each_form_becomes_the_other),
		cmocka_unit_test(digest_of_the_example_is_the_published_one),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: wandb_golden_test DIR\n");
		return 2;
	}
	golden_dir = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
