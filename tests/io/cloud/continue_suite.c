#include "tests/io/cloud/continue_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/cloud/store_writer.h"

#define KEY	 "packs/a"
#define PART_MAX 16
#define PARTS	 5

static const struct continue_kind *kind;

/* --- a journal in memory --------------------------------------------------------------------- */

struct memo {
	struct bytes upload;
	struct store_part parts[PART_MAX];
	size_t part_count;
	unsigned told,
		deaf_after; /* what is told later is not remembered: it was killed. 0: never */
	struct store_journal journal;
};

static void begun(void *state, struct view upload)
{
	struct memo *memo = state;

	memo->upload.len = 0;
	memo->part_count = 0;
	assert_int_equal(bytes_append_view(&memo->upload, upload, NULL), MUSTER_OK);
}

static void sent(void *state, const struct store_part *part)
{
	struct memo *memo = state;

	if (memo->deaf_after && ++memo->told > memo->deaf_after)
		return;
	assert_in_range(part->number, 1, PART_MAX);
	memo->parts[part->number - 1] = *part;
	if (part->number > memo->part_count)
		memo->part_count = part->number;
}

/* What a later process reads. */
static struct store_journal *reopened(struct memo *memo)
{
	static uint8_t upload[8192];
	static struct store_part parts[PART_MAX];

	assert_in_range(memo->upload.len, 0, sizeof(upload));
	if (memo->upload.len)
		memcpy(upload, memo->upload.ptr, memo->upload.len);
	memcpy(parts, memo->parts, sizeof(parts));
	memo->told = 0;
	memo->journal = (struct store_journal){ .upload = view_of(upload, memo->upload.len),
						.parts = parts,
						.part_count = memo->part_count,
						.state = memo,
						.begun = begun,
						.sent = sent };
	return &memo->journal;
}

static void memo_release(struct memo *memo)
{
	bytes_release(&memo->upload);
	memset(memo, 0, sizeof(*memo));
}

/* --- objects --------------------------------------------------------------------------------- */

/* A file of 5 parts and a bit: bytes that tell where they belong. */
struct file {
	size_t len;
	uint8_t *data;
};

static struct file file_make(uint8_t seed)
{
	struct file file = { .len = PARTS * kind->part_bytes + 1234 };

	file.data = test_malloc(file.len);
	for (size_t i = 0; i < file.len; i++)
		file.data[i] = (uint8_t)((i >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 56 ^ i ^ seed);
	return file;
}

static enum muster_code append(struct store_writer *writer, const struct file *file, size_t len,
			       struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t at = 0; at < len && !code; at += 50000) {
		size_t more = len - at < 50000 ? len - at : 50000;

		code = store_write_append(writer, view_of(file->data + at, more), err);
	}
	return code;
}

/* Where nothing has arrived, there may be no upload: then it is begun anew. */
static enum muster_code begin(struct store *store, struct memo *memo, struct store_writer **out,
			      struct muster_error *err)
{
	enum muster_code code = store_write_continue(store, KEY, reopened(memo), out, err);

	if (code != MUSTER_ABSENT || (memo->part_count && !kind->forgets_parts))
		return code;
	memo->upload.len = memo->part_count = 0;
	return store_write_continue(store, KEY, reopened(memo), out, err);
}

/* What is cancelled may arrive all the same, and later: a test that knows what is there awaits it.
 */
static void settle(struct store_writer *base)
{
	struct cloud_writer *writer = (struct cloud_writer *)base;

	while (writer->in_flight)
		assert_int_equal(cloud_part_await(writer), MUSTER_OK);
}

/* As a process that ends when it has given that many bytes. */
static void write_some(struct store *store, struct memo *memo, const struct file *file, size_t len)
{
	struct muster_error err = { 0 };
	struct store_writer *writer;

	if (begin(store, memo, &writer, &err))
		fail_msg("%s", err.message);
	if (append(writer, file, len, &err))
		fail_msg("%s", err.message);
	settle(writer);
	store_write_leave(writer);
}

/* The code of the first call that does not answer MUSTER_OK. */
static enum muster_code write_all(struct store *store, struct memo *memo, const struct file *file,
				  struct muster_error *err)
{
	struct store_writer *writer;
	enum muster_code code = begin(store, memo, &writer, err);

	if (code)
		return code;
	code = append(writer, file, file->len, err);
	if (!code)
		return store_write_finish(writer, err);
	store_write_abort(writer);
	return code;
}

static void must_write_all(struct store *store, struct memo *memo, const struct file *file)
{
	struct muster_error err = { 0 };

	if (write_all(store, memo, file, &err))
		fail_msg("%s", err.message);
}

static void check(struct store *store, const struct file *file)
{
	uint8_t *got = test_malloc(file->len);
	struct muster_error err = { 0 };
	struct store_object *object;

	if (store_open(store, KEY, &object, &err))
		fail_msg("%s", err.message);
	assert_int_equal(object->size_bytes, file->len);
	for (size_t at = 0; at < file->len; at += 1u << 20) {
		size_t more = file->len - at < 1u << 20 ? file->len - at : 1u << 20;

		if (store_read(object, at, got + at, more, &err))
			fail_msg("%s", err.message);
	}
	assert_memory_equal(got, file->data, file->len);
	store_close(object);
	test_free(got);
}

/* --- tests ----------------------------------------------------------------------------------- */

/* Killed after each part: what the journal has is not sent again, and nothing else is left out. */
static void what_was_sent_is_not_sent_again(void **state)
{
	struct file file = file_make(0);

	(void)state;
	for (size_t k = 0; k <= PARTS; k++) {
		struct store *store = kind->open(kind->state);
		struct memo memo = { 0 };
		uint64_t known = 0, before;

		write_some(store, &memo, &file, k * kind->part_bytes + (k > 0));
		for (size_t i = 0; i < memo.part_count; i++)
			known += memo.parts[i].size_bytes;
		assert_int_equal(known, k * kind->part_bytes);
		before = kind->sent_bytes ? kind->sent_bytes(kind->state) : 0;
		must_write_all(store, &memo, &file);
		assert_int_equal(memo.journal.kept_bytes, kind->forgets_parts ? 0 : known);
		if (kind->sent_bytes)
			assert_int_equal(kind->sent_bytes(kind->state) - before,
					 file.len - memo.journal.kept_bytes);
		check(store, &file);
		memo_release(&memo);
		kind->close(kind->state);
	}
	test_free(file.data);
}

/* All parts, then killed again and again: each time it comes a part further. */
static void it_may_be_continued_many_times(void **state)
{
	struct store *store = kind->open(kind->state);
	struct file file = file_make(0);
	struct memo memo = { 0 };

	(void)state;
	for (size_t k = 1; k <= PARTS; k++)
		write_some(store, &memo, &file, k * kind->part_bytes + 1);
	must_write_all(store, &memo, &file);
	assert_int_equal(memo.journal.kept_bytes, PARTS * kind->part_bytes);
	check(store, &file);
	memo_release(&memo);
	kind->close(kind->state);
	test_free(file.data);
}

static void of_a_file_that_changed_equal_parts_are_kept(void **state)
{
	(void)state;
	for (size_t k = 0; k < PARTS; k++) {
		struct store *store = kind->open(kind->state);
		struct file file = file_make(0);
		struct muster_error err = { 0 };
		struct memo memo = { 0 };
		enum muster_code code;

		write_some(store, &memo, &file, file.len);
		file.data[k * kind->part_bytes + 77] ^= 1;
		code = write_all(store, &memo, &file, &err);
		if (kind->is_in_order) {
			assert_int_equal(code, MUSTER_E_CHANGED);
			memo_release(&memo); /* anew, then */
			must_write_all(store, &memo, &file);
		} else {
			if (code)
				fail_msg("%s", err.message);
			assert_int_equal(memo.journal.kept_bytes, (PARTS - 1) * kind->part_bytes);
		}
		check(store, &file);
		memo_release(&memo);
		kind->close(kind->state);
		test_free(file.data);
	}
}

/* A journal that has not all: what it does not tell is sent. A session cannot be believed then. */
static void what_the_journal_does_not_tell_is_sent(void **state)
{
	struct file file = file_make(0);

	(void)state;
	for (unsigned deaf_after = 1; deaf_after < 3; deaf_after++) {
		struct store *store = kind->open(kind->state);
		struct memo memo = { .deaf_after = deaf_after };
		struct muster_error err = { 0 };
		enum muster_code code;

		write_some(store, &memo, &file, 4 * kind->part_bytes + 1);
		assert_int_equal(memo.part_count, deaf_after);
		memo.deaf_after = 0;
		code = write_all(store, &memo, &file, &err);
		if (kind->is_in_order) {
			assert_int_equal(code, MUSTER_E_CHANGED);
		} else {
			if (code)
				fail_msg("%s", err.message);
			assert_int_equal(memo.journal.kept_bytes, deaf_after * kind->part_bytes);
			check(store, &file);
		}
		memo_release(&memo);
		kind->close(kind->state);
	}
	test_free(file.data);
}

/* Who goes by an old journal must not take for its own what somebody else sent meanwhile under the
 * same numbers. */
static void parts_of_other_bytes_are_not_believed(void **state)
{
	struct store *store = kind->open(kind->state);
	struct file ours = file_make(0), others = file_make(1);
	struct memo memo = { 0 }, copy = { 0 };
	struct muster_error err = { 0 };
	enum muster_code code;

	(void)state;
	if (kind->is_in_order) /* the session would be refused */
		goto out;
	write_some(store, &memo, &ours, ours.len);
	copy = memo;
	copy.upload = (struct bytes){ 0 };
	assert_int_equal(bytes_append_view(&copy.upload, bytes_view(&memo.upload), NULL),
			 MUSTER_OK);
	write_some(store, &copy, &others, 3 * kind->part_bytes + 1);
	code = write_all(store, &memo, &ours, &err);
	if (code)
		fail_msg("%s", err.message);
	check(store, &ours);
out:
	memo_release(&memo);
	memo_release(&copy);
	kind->close(kind->state);
	test_free(ours.data);
	test_free(others.data);
}

static void an_upload_that_is_gone_is_absent(void **state)
{
	struct store *store = kind->open(kind->state);
	struct file file = file_make(0);
	struct memo memo = { 0 };
	struct muster_error err = { 0 };
	struct store_writer *writer;

	(void)state;
	/* it was completed */
	write_some(store, &memo, &file, 3 * kind->part_bytes + 1);
	must_write_all(store, &memo, &file);
	assert_int_equal(store_write_continue(store, KEY, reopened(&memo), &writer, &err),
			 MUSTER_ABSENT);
	assert_null(writer);
	assert_int_equal(store_remove(store, KEY, &err), MUSTER_OK);
	memo_release(&memo);
	/* it was given up; blocks of Azure's cannot be: there nothing of it is kept */
	write_some(store, &memo, &file, 3 * kind->part_bytes + 1);
	assert_int_equal(store_write_continue(store, KEY, reopened(&memo), &writer, &err),
			 MUSTER_OK);
	store_write_abort(writer);
	if (write_all(store, &memo, &file, &err) == MUSTER_ABSENT) {
		memo_release(&memo);
		must_write_all(store, &memo, &file);
	}
	assert_int_equal(err.code, MUSTER_OK);
	check(store, &file);
	memo_release(&memo);
	kind->close(kind->state);
	test_free(file.data);
}

static void nonsense_is_not_continued(void **state)
{
	static const char *const uploads[] = { "x", "00112233445566778899aabbccddeeff",
					       "00112233445566778899aabbccddeeffno such upload" };
	struct store *store = kind->open(kind->state);
	struct file file = file_make(0);

	(void)state;
	for (size_t i = 0; i < sizeof(uploads) / sizeof(uploads[0]); i++) {
		struct memo memo = { .part_count = 2 };
		struct muster_error err = { 0 };
		struct store_writer *writer;
		enum muster_code code;

		begun(&memo, view_text(uploads[i]));
		code = store_write_continue(store, KEY, reopened(&memo), &writer, &err);
		if (!code)
			store_write_abort(writer);
		assert_int_not_equal(code, MUSTER_OK);
		memo_release(&memo);
	}
	test_free(file.data);
	kind->close(kind->state);
}

static int run_forgetful(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sent_is_not_sent_again),
		cmocka_unit_test(nonsense_is_not_continued),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}

int continue_suite_run(const struct continue_kind *of)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sent_is_not_sent_again),
		cmocka_unit_test(it_may_be_continued_many_times),
		cmocka_unit_test(of_a_file_that_changed_equal_parts_are_kept),
		cmocka_unit_test(what_the_journal_does_not_tell_is_sent),
		cmocka_unit_test(parts_of_other_bytes_are_not_believed),
		cmocka_unit_test(an_upload_that_is_gone_is_absent),
		cmocka_unit_test(nonsense_is_not_continued),
	};

	kind = of;
	print_message("continued uploads: %s\n", kind->name);
	if (kind->forgets_parts)
		return run_forgetful();
	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
