#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "engine/manifest/version_reader.h"
#include "engine/manifest/version_writer.h"
#include "io/store/count.h"
#include "io/store/memory.h"

static struct object_id next_object;

static enum muster_code next_id(void *state, struct object_id *out, struct muster_error *err)
{
	(void)state;
	(void)err;
	*out = next_object;
	next_object.number++;
	return MUSTER_OK;
}

static struct entry make_entry(uint32_t n, uint8_t salt, char path[64])
{
	struct entry entry = { .algorithm = DIGEST_MD5,
			       .size_bytes = n,
			       .has_size = true,
			       .has_checksum = true,
			       .is_placed = true };

	snprintf(path, 64, "dir-%03u/file-%07u.bin", n / 500, n);
	entry.path = view_text(path);
	md5_of(view_of(&n, sizeof(n)), entry.fingerprint.digest);
	entry.fingerprint.digest[0] ^= salt;
	xxh128_of(view_of(&n, sizeof(n)), entry.fingerprint.checksum);
	entry.placement = (struct placement){ .pack = { .number = n / 1000 },
					      .pack_bytes = 5000,
					      .ordinal = n % 1000 };
	return entry;
}

/* A version of entries 0..count-1; entry `changed` has another digest. */
static struct manifest_pointer write_version(struct store *store, struct version_reader *base,
					     uint32_t count, uint32_t changed,
					     struct version_counts *counts)
{
	struct version_writer_options options = { .algorithm = DIGEST_MD5,
						  .next_id = next_id,
						  .base = base };
	const struct manifest_footer *footer;
	struct manifest_pointer pointer = { 0 };
	struct version_writer *writer;
	struct muster_error err = { 0 };
	char path[64];

	assert_int_equal(version_writer_open(&writer, store, &options, &err), MUSTER_OK);
	for (uint32_t n = 0; n < count; n++) {
		struct entry entry = make_entry(n, n == changed, path);

		if (version_writer_add(writer, &entry, &err))
			fail_msg("%s", err.message);
	}
	if (version_writer_complete(writer, &footer, &err) ||
	    version_writer_write(writer, NULL, NULL, &pointer, &err))
		fail_msg("%s", err.message);
	assert_int_equal(footer->entry_count, count);
	*counts = version_writer_counts(writer);
	version_writer_close(writer);
	return pointer;
}

static bool reads_on;

static struct version_reader *open_version(struct store *store,
					   const struct manifest_pointer *pointer)
{
	struct version_reader_options options = { .with_placement = true, .reads_on = reads_on };
	struct version_reader *reader;
	struct muster_error err = { 0 };

	if (version_reader_open(&reader, store, pointer, &options, &err))
		fail_msg("%s", err.message);
	return reader;
}

static void check_version(struct store *store, const struct manifest_pointer *pointer,
			  uint32_t count, uint32_t changed)
{
	struct version_reader *reader = open_version(store, pointer);
	struct muster_error err = { 0 };
	struct entry got;
	char path[64];

	for (uint32_t n = 0; n < count; n++) {
		struct entry expected = make_entry(n, n == changed, path);

		if (version_reader_next(reader, &got, &err))
			fail_msg("entry %u: %s", n, err.message);
		assert_true(view_equal(got.path, expected.path));
		assert_true(entry_content_equal(&got, &expected));
		assert_int_equal(got.placement.ordinal, expected.placement.ordinal);
		assert_int_equal(got.placement.pack.number, expected.placement.pack.number);
	}
	assert_int_equal(version_reader_next(reader, &got, &err), MUSTER_END);
	version_reader_close(reader);
}

static void a_version_comes_back_entry_by_entry(void **state)
{
	static const uint32_t counts[] = { 0, 1, 300, 20000, 120000 };
	struct version_counts written;
	struct store *store;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct manifest_pointer pointer =
			write_version(store, NULL, counts[i], UINT32_MAX, &written);

		check_version(store, &pointer, counts[i], UINT32_MAX);
	}
	store_free(store);
}

static void a_change_writes_the_leaves_it_touches_and_no_more(void **state)
{
	struct version_counts first, second, third;
	struct manifest_pointer a, b, c;
	struct version_reader *base;
	struct store *store;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	a = write_version(store, NULL, 120000, UINT32_MAX, &first);
	assert_true(first.new_leaf_count > 300); /* beyond one block, and beyond the manifest */
	base = open_version(store, &a);
	b = write_version(store, base, 120000, 77777, &second);
	version_reader_close(base);
	assert_int_equal(second.new_leaf_count, 1);
	assert_int_equal(second.new_leaf_count + second.shared_leaf_count, first.new_leaf_count);
	base = open_version(store, &b); /* shares what a wrote, through b */
	c = write_version(store, base, 120000, 5, &third);
	version_reader_close(base);
	assert_int_equal(third.new_leaf_count, 2);
	check_version(store, &a, 120000, UINT32_MAX);
	check_version(store, &b, 120000, 77777);
	check_version(store, &c, 120000, 5);
	store_free(store);
}

static struct store_tally reads_of(struct store *store)
{
	struct store_counts counts;

	store_count_read(store, &counts);
	return counts.read;
}

/* Its blocks and leaves lie in two objects, and its second version's here and there. */
static void who_reads_on_gets_the_same_in_few_reads(void **state)
{
	struct version_counts written;
	struct manifest_pointer a, b;
	struct version_reader *base;
	struct store_tally before, between, after;
	struct store *memory, *store;

	(void)state;
	assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
	assert_int_equal(store_count_new(&store, memory, NULL), MUSTER_OK);
	a = write_version(store, NULL, 120000, UINT32_MAX, &written);
	base = open_version(store, &a);
	b = write_version(store, base, 120000, 77777, &written);
	version_reader_close(base);
	before = reads_of(store);
	check_version(store, &a, 120000, UINT32_MAX);
	between = reads_of(store);
	reads_on = true;
	check_version(store, &a, 120000, UINT32_MAX);
	after = reads_of(store);
	check_version(store, &b, 120000, 77777);
	reads_on = false;
	assert_true(between.call_count - before.call_count >
		    10 * (after.call_count - between.call_count));
	assert_true(after.byte_count - between.byte_count <
		    2 * (between.byte_count - before.byte_count));
	store_free(store);
}

static void one_entry_is_found_by_its_path(void **state)
{
	struct version_counts written;
	struct manifest_pointer pointer;
	struct version_reader *reader;
	struct store *store;
	struct entry got;
	char path[64];

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	pointer = write_version(store, NULL, 50000, UINT32_MAX, &written);
	reader = open_version(store, &pointer);
	for (uint32_t n = 0; n < 50000; n += 4999) {
		struct entry expected = make_entry(n, 0, path);

		assert_int_equal(version_reader_find(reader, expected.path, &got, NULL), MUSTER_OK);
		assert_int_equal(got.size_bytes, n);
	}
	assert_int_equal(version_reader_find(reader, VIEW_LITERAL("dir-001/nothing"), &got, NULL),
			 MUSTER_ABSENT);
	assert_int_equal(version_reader_find(reader, VIEW_LITERAL("zzz"), &got, NULL),
			 MUSTER_ABSENT);
	assert_true(cursor_leaves_decoded(version_reader_cursor(reader)) <= 14);
	version_reader_close(reader);
	store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_comes_back_entry_by_entry),
		cmocka_unit_test(a_change_writes_the_leaves_it_touches_and_no_more),
		cmocka_unit_test(who_reads_on_gets_the_same_in_few_reads),
		cmocka_unit_test(one_entry_is_found_by_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
