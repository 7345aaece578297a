/* The n-th allocation fails, for every n: the right code, and nothing is left or lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/io/cloud/store_lab.h"
#include "tests/support/torture.h"

static enum muster_code count_key(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	unsigned *count = state;

	(void)key, (void)size_bytes, (void)modified_ns, (void)err;
	++*count;
	return MUSTER_OK;
}

static enum muster_code read_all(struct store_lab *lab, const char *key, struct muster_error *err)
{
	static uint8_t got[40000], expected[40000];
	struct store_object *object;
	enum muster_code code = store_open(lab->store, key, &object, err);

	if (code)
		return code;
	code = store_read(object, 0, got, sizeof(got), err);
	store_lab_fill(expected, 0, sizeof(expected));
	if (!code)
		assert_memory_equal(got, expected, sizeof(got));
	store_close(object);
	return code;
}

/* --- an upload that is left, and continued --------------------------------------------------- */

static struct {
	uint8_t upload[512];
	size_t upload_len;
	struct store_part parts[8];
	size_t part_count;
} noted;

static void note_upload(void *state, struct view upload)
{
	(void)state;
	assert_in_range(upload.len, 1, sizeof(noted.upload));
	memcpy(noted.upload, upload.ptr, upload.len);
	noted.upload_len = upload.len;
}

static void note_part(void *state, const struct store_part *part)
{
	(void)state;
	assert_in_range(part->number, 1, 8);
	noted.parts[part->number - 1] = *part;
	noted.part_count = part->number;
}

static enum muster_code write_on(struct store_lab *lab, const char *key, size_t len,
				 struct store_writer **out, struct muster_error *err)
{
	static uint8_t bytes[40000];
	static struct store_journal journal;
	enum muster_code code;

	journal = (struct store_journal){ .upload = view_of(noted.upload, noted.upload_len),
					  .parts = noted.parts,
					  .part_count = noted.part_count,
					  .begun = note_upload,
					  .sent = note_part };
	code = store_write_continue(lab->store, key, &journal, out, err);
	store_lab_fill(bytes, 0, len);
	return code ? code : store_write_append(*out, view_of(bytes, len), err);
}

static enum muster_code write_in_two(struct store_lab *lab, const char *key,
				     struct muster_error *err)
{
	struct store_writer *writer;
	enum muster_code code;

	memset(&noted, 0, sizeof(noted));
	code = write_on(lab, key, 25000, &writer, err);
	store_write_leave(writer);
	writer = NULL;
	if (!code)
		code = write_on(lab, key, 40000, &writer, err);
	if (!code)
		return store_write_finish(writer, err);
	store_write_abort(writer);
	return code;
}

/* Each thing that a store does, once. */
static enum muster_code do_all(struct store_lab *lab, unsigned n, struct muster_error *err)
{
	char key[32];
	unsigned count = 0;
	enum muster_code code = MUSTER_OK;

	for (unsigned i = 0; i < 3 && !code; i++) {
		snprintf(key, sizeof(key), "large %u %u", n, i);
		code = store_create(lab->store, key, VIEW_LITERAL("some bytes"), err);
	}
	snprintf(key, sizeof(key), "large %u", n);
	if (!code)
		code = store_lab_write(lab, key, 40000, err);
	if (!code)
		code = read_all(lab, key, err);
	if (!code) /* not all: what failed before left something */
		code = store_list(lab->store, key, NULL, count_key, &count, err);
	if (!code)
		code = store_remove(lab->store, key, err);
	if (!code)
		code = write_in_two(lab, key, err);
	return code ? code : read_all(lab, key, err);
}

static void no_allocation_must_succeed(void **state)
{
	struct store_lab lab = { .options = { .part_bytes = 10000,
					      .tail_bytes = 1000,
					      .range_bytes = 10000,
					      .page_max = 2 } };
	struct muster_error err = { 0 };
	bool is_over = false;

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(do_all(&lab, 0, &err), MUSTER_OK);
	for (unsigned n = 1; !is_over && torture_allocation(n); n += TORTURE_STEP) {
		enum muster_code code;

		err = (struct muster_error){ 0 };
		code = do_all(&lab, n, &err);
		is_over = !torture_hit();
		torture_off();
		/* What may do without (a body to tell of an error, reading ahead) goes on. */
		if (code != MUSTER_OK && code != MUSTER_E_MEMORY)
			fail_msg("allocation %u: %d: %s", n, code, err.message);
	}
	store_lab_close(&lab);
}

static void a_store_that_cannot_be_opened_leaves_nothing(void **state)
{
	bool is_over = false;

	(void)state;
	for (unsigned n = 1; !is_over && torture_allocation(n); n += TORTURE_STEP) {
		struct s3_options s3 = { .endpoint = { .bucket = VIEW_LITERAL("bucket"),
						       .region = VIEW_LITERAL("eu-west-1") } };
		struct store_cloud_options options = { .prefix = VIEW_LITERAL("prefix/") };
		struct muster_error err = { 0 };
		struct store *store = NULL;
		enum muster_code code = s3_protocol_open(&options.protocol, &s3, &err);

		if (!code)
			code = store_cloud_open(&store, &options, &err);
		is_over = !torture_hit();
		torture_off();
		assert_int_equal(code, is_over ? MUSTER_OK : MUSTER_E_MEMORY);
		store_free(store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_allocation_must_succeed),
		cmocka_unit_test(a_store_that_cannot_be_opened_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
