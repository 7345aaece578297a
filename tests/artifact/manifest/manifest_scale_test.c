/*
 * Manifests of many entries: leaves read by a diff, memory that does not grow, and time (printed,
 * not judged). The number of entries is the first argument.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/artifact/manifest/fixture.h"

#define CHANGES 1000

static uint64_t entry_count = 200000;

/* Peak memory may grow by this much while a version is written, read or compared. */
#define GROWTH_MAX_KIB 8192

/** Processor time: what others do on the machine does not count. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/** Forget the peak of memory so far; false where the kernel does not offer it. */
static bool peak_reset(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "w");
	bool is_reset = file && fputs("5", file) >= 0;

	if (file)
		is_reset = fclose(file) == 0 && is_reset;
	return is_reset;
}

static uint64_t peak_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[200];
	uint64_t kib = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtoull(line + 6, NULL, 10);
	fclose(file);
	return kib;
}

static void digits_put(char *out, unsigned width, uint64_t value)
{
	while (width--) {
		out[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

/** Entry `i` of a dataset whose bytes all depend on `seed`; `path` keeps its text. */
static struct entry numbered(uint64_t i, uint64_t seed, char path[64])
{
	static const char text[] = "train/class-00000/image-000000000.jpg";
	struct entry entry;

	memcpy(path, text, sizeof(text));
	digits_put(path + 12, 5, i / 1000);
	digits_put(path + 24, 9, i);
	entry = fixture_file(view_of(path, sizeof(text) - 1), i ^ seed << 40);
	entry.placement.pack.number = (uint32_t)(i / 6000);
	entry.placement.pack_bytes = 33000000;
	entry.placement.ordinal = (uint32_t)(i % 6000);
	return entry;
}

/** Is entry `i` one of those that version 2 has otherwise, and how? */
static bool is_changed(uint64_t i, enum change_kind *kind)
{
	uint64_t every = entry_count / CHANGES;

	if (i % every != 7 || i / every >= CHANGES)
		return false;
	*kind = (enum change_kind)(i / every % 3);
	return true;
}

static void add_changed(struct fixture_writer *writer, const struct entry *entry,
			enum change_kind kind)
{
	struct entry changed = *entry;
	char path[70];

	switch (kind) {
	case CHANGE_REMOVED:
		return;
	case CHANGE_MODIFIED:
		changed.fingerprint.digest[0] ^= 1;
		fixture_writer_add(writer, &changed);
		return;
	case CHANGE_ADDED:
		fixture_writer_add(writer, entry);
		snprintf(path, sizeof(path), "%.*s.bak", VIEW_ARGS(entry->path));
		changed.path = view_text(path);
		fixture_writer_add(writer, &changed);
	}
}

static void build(struct fixture_store *store, struct fixture_version *version, uint32_t number,
		  uint64_t count, uint64_t seed, const struct fixture_version *base)
{
	struct fixture_writer writer;
	char path[64];

	fixture_writer_begin(&writer, store, version, number, DIGEST_MD5, base);
	for (uint64_t i = 0; i < count; i++) {
		struct entry entry = numbered(i, seed, path);
		enum change_kind kind;

		if (base && is_changed(i, &kind))
			add_changed(&writer, &entry, kind);
		else
			fixture_writer_add(&writer, &entry);
	}
	fixture_writer_end(&writer);
}

static void report(const char *what, uint64_t begin_ns, uint64_t count)
{
	uint64_t ns = now_ns() - begin_ns;

	print_message("%-44s %7.1f ms, %6.1f ns an entry\n", what, (double)ns / 1e6,
		      (double)ns / (double)count);
}

/** Make up the entries and nothing else: what the figures contain beside the work. */
static void measure_entries(void)
{
	uint64_t begin = now_ns(), sum = 0;
	char path[64];

	for (uint64_t i = 0; i < entry_count; i++)
		sum += numbered(i, 1, path).fingerprint.digest[0];
	assert_true(sum > 0);
	report("making entries up (in the lines below)", begin, entry_count);
}

/** Leaves and blocks go nowhere: memory must not depend on the number of entries. */
static void measure_builder(enum digest_algorithm algorithm)
{
	struct builder_options options = { .algorithm = algorithm };
	struct manifest_builder *builder;
	struct bytes tail = { 0 };
	uint64_t begin = now_ns(), offset = 16, before;
	char path[64];
	bool is_reset = peak_reset();

	before = peak_kib();
	assert_int_equal(builder_new(&builder, &options, NULL), MUSTER_OK);
	for (uint64_t i = 0; i <= entry_count; i++) {
		struct entry entry = numbered(i, 1, path);
		const struct built_leaf *leaf;
		struct leaf_record record;

		assert_int_equal(i < entry_count ? builder_add(builder, &entry, &leaf, NULL)
						 : builder_finish_entries(builder, &leaf, NULL),
				 MUSTER_OK);
		if (!leaf)
			continue;
		record = leaf->record;
		record.offset_bytes = offset;
		offset += record.content_bytes + record.placement_bytes;
		assert_int_equal(builder_place(builder, &record, NULL), MUSTER_OK);
		builder_blocks(builder)->len = 0;
	}
	assert_int_equal(builder_finish(builder, offset, &tail, NULL, NULL), MUSTER_OK);
	builder_free(builder);
	bytes_release(&tail);
	report(algorithm == DIGEST_MD5 ? "builder, digest MD5" : "builder, digest XXH128", begin,
	       entry_count);
	print_message("%-44s %7.1f bytes an entry\n", "leaves",
		      (double)offset / (double)entry_count);
	if (is_reset)
		assert_in_range(peak_kib() - before, 0, GROWTH_MAX_KIB);
}

static void building_takes_memory_that_does_not_depend_on_entries(void **state)
{
	(void)state;
	measure_entries();
	measure_builder(DIGEST_MD5);
	measure_builder(DIGEST_XXH128);
}

static void leaf_codec_alone_is_measured(void **state)
{
	struct leaf_builder *builder;
	struct view parts[2];
	uint64_t begin = now_ns();
	char path[64];

	(void)state;
	assert_int_equal(leaf_builder_new(&builder, NULL), MUSTER_OK);
	for (uint64_t i = 0; i < entry_count; i++) {
		struct entry entry = numbered(i, 1, path);

		assert_int_equal(leaf_builder_add(builder, &entry, NULL), MUSTER_OK);
		if (i % 250 == 249)
			assert_int_equal(leaf_builder_finish(builder, &parts[0], &parts[1], NULL),
					 MUSTER_OK);
	}
	report("leaf encode", begin, entry_count);
	leaf_builder_free(builder);
}

static void read_all(struct fixture_store *store, const struct fixture_version *version,
		     bool with_placement)
{
	struct cursor *cursor;
	struct entry entry;
	uint64_t begin = now_ns(), count = 0;

	assert_int_equal(cursor_new(&cursor, &version->footer, with_placement, NULL), MUSTER_OK);
	while (fixture_cursor_next(store, cursor, &entry, NULL) == MUSTER_OK)
		count++;
	assert_int_equal(count, entry_count);
	report(with_placement ? "cursor over all, with placement" : "cursor over all", begin,
	       count);
	cursor_free(cursor);
}

/** Compare; every change must be one that was made. */
static void compare_changed(struct fixture_store *store, const struct fixture_version *versions)
{
	uint64_t begin = now_ns(), changes = 0, every = entry_count / CHANGES;
	struct cursor *cursors[2];
	struct diff *diff;
	struct change change;

	for (int i = 0; i < 2; i++)
		assert_int_equal(cursor_new(&cursors[i], &versions[i].footer, false, NULL),
				 MUSTER_OK);
	assert_int_equal(diff_new(&diff, cursors[0], cursors[1], NULL), MUSTER_OK);
	while (fixture_diff_next(store, diff, &change, NULL) == MUSTER_OK) {
		char path[64];
		struct entry entry = numbered(changes * every + 7, 1, path);
		struct view found = change.kind == CHANGE_ADDED ? change.b.path : change.a.path;

		assert_int_equal(change.kind, changes % 3);
		assert_true(view_starts_with(found, entry.path));
		changes++;
	}
	assert_int_equal(changes, CHANGES);
	report("diff of 1,000 changes", begin, entry_count);
	print_message("%-44s %llu of %llu and %llu of %llu\n", "leaves read",
		      (unsigned long long)cursor_leaves_decoded(cursors[0]),
		      (unsigned long long)versions[0].footer.leaf_count,
		      (unsigned long long)cursor_leaves_decoded(cursors[1]),
		      (unsigned long long)versions[1].footer.leaf_count);
	/* In b exactly the leaves that were not shared; in a those that they replace. */
	assert_int_equal(cursor_leaves_decoded(cursors[1]), versions[1].leaves_written);
	assert_int_equal(cursor_leaves_decoded(cursors[0]),
			 versions[0].footer.leaf_count - versions[1].leaves_shared);
	assert_true(versions[1].leaves_written <= 3 * CHANGES);
	diff_free(diff);
	cursor_free(cursors[0]);
	cursor_free(cursors[1]);
}

static void a_diff_reads_changed_leaves_only_and_memory_stays(void **state)
{
	struct fixture_store store = { 0 };
	struct fixture_version versions[2];
	uint64_t before;
	bool is_reset;

	(void)state;
	build(&store, &versions[0], 1, entry_count, 1, NULL);
	build(&store, &versions[1], 2, entry_count, 1, &versions[0]);
	is_reset = peak_reset();
	before = peak_kib();
	compare_changed(&store, versions);
	compare_changed(&store, versions); /* warm */
	read_all(&store, &versions[0], false);
	read_all(&store, &versions[0], true);
	if (is_reset)
		assert_in_range(peak_kib() - before, 0, GROWTH_MAX_KIB);
	fixture_version_release(&versions[0]);
	fixture_version_release(&versions[1]);
	fixture_store_release(&store);
}

static void versions_with_nothing_in_common_are_compared_entry_by_entry(void **state)
{
	uint64_t count = entry_count / 10, begin, changes = 0;
	struct fixture_store store = { 0 };
	struct fixture_version versions[2];
	struct cursor *cursors[2];
	struct diff *diff;
	struct change change;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		build(&store, &versions[i], i, count, i + 1, NULL);
		assert_int_equal(cursor_new(&cursors[i], &versions[i].footer, false, NULL),
				 MUSTER_OK);
	}
	begin = now_ns();
	assert_int_equal(diff_new(&diff, cursors[0], cursors[1], NULL), MUSTER_OK);
	while (fixture_diff_next(&store, diff, &change, NULL) == MUSTER_OK)
		changes += change.kind == CHANGE_MODIFIED;
	assert_int_equal(changes, count);
	report("diff, nothing in common", begin, count);
	diff_free(diff);
	for (int i = 0; i < 2; i++) {
		cursor_free(cursors[i]);
		fixture_version_release(&versions[i]);
	}
	fixture_store_release(&store);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(building_takes_memory_that_does_not_depend_on_entries),
		cmocka_unit_test(leaf_codec_alone_is_measured),
		cmocka_unit_test(a_diff_reads_changed_leaves_only_and_memory_stays),
		cmocka_unit_test(versions_with_nothing_in_common_are_compared_entry_by_entry),
	};

	if (argc > 1)
		entry_count = strtoull(argv[1], NULL, 10);
	if (entry_count < 100 * CHANGES)
		return 2; /* too few for its changes to lie apart */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
