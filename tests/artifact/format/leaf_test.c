#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "artifact/format/leaf.h"
#include "tests/artifact/manifest/fixture.h"
#include "tests/support/torture.h"

/** Encode a list as one leaf; copies of both parts. */
static void encode(const struct entry_list *list, struct bytes *content, struct bytes *placement)
{
	struct leaf_builder *builder;
	struct view parts[2];

	assert_int_equal(leaf_builder_new(&builder, NULL), MUSTER_OK);
	for (size_t i = 0; i < list->count; i++)
		assert_int_equal(leaf_builder_add(builder, &list->entries[i], NULL), MUSTER_OK);
	assert_int_equal(leaf_builder_entry_count(builder), list->count);
	assert_int_equal(leaf_builder_finish(builder, &parts[0], &parts[1], NULL), MUSTER_OK);
	bytes_append_view(content, parts[0], NULL);
	bytes_append_view(placement, parts[1], NULL);
	leaf_builder_free(builder);
}

/** Decode into a list; MUSTER_END if all was read. */
static enum muster_code decode(struct view content, struct view placement, struct entry_list *list,
			       struct muster_error *err)
{
	struct leaf_reader *reader;
	struct entry entry;
	enum muster_code code = leaf_reader_new(&reader, err);

	if (!code)
		code = leaf_reader_open(reader, content, placement, err);
	while (!code) {
		code = leaf_reader_next(reader, &entry, err);
		if (!code)
			entry_list_add(list, &entry);
	}
	leaf_reader_free(reader);
	return code;
}

static struct entry_list random_list(size_t count, uint64_t seed)
{
	struct entry_list list = { 0 };

	for (size_t i = 0; i < count; i++)
		entry_list_add_random(&list, &seed);
	entry_list_sort(&list);
	return list;
}

/** A small leaf that uses every column. */
static struct entry_list small_list(void)
{
	struct entry_list list = { 0 };
	struct entry entry = fixture_file(view_text("data/a.bin"), 1);

	entry.has_identity = true;
	entry_list_add(&list, &entry);
	entry = fixture_file(view_text("data/b.bin"), 2);
	entry.birth_artifact_id = view_text("QXJ0");
	entry.placement.pack.number = 9;
	entry.placement.ordinal = 300;
	entry_list_add(&list, &entry);
	entry = (struct entry){ .path = view_text("ref"),
				.digest_text = view_text("\"etag\""),
				.size_bytes = 70000,
				.has_size = true,
				.ref = view_text("s3://b/k"),
				.extra = view_text("{\"etag\":\"x\"}") };
	entry_list_add(&list, &entry);
	return list;
}

static void any_entries_come_back_as_they_were(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct entry_list list = random_list(1 + seed * 5, seed), back = { 0 };
		struct bytes content = { 0 }, placement = { 0 };

		encode(&list, &content, &placement);
		assert_int_equal(decode(bytes_view(&content), bytes_view(&placement), &back, NULL),
				 MUSTER_END);
		assert_int_equal(back.count, list.count);
		for (size_t i = 0; i < list.count; i++)
			assert_true(fixture_entry_same(&list.entries[i], &back.entries[i], true));
		entry_list_release(&back);
		assert_int_equal(decode(bytes_view(&content), (struct view){ 0 }, &back, NULL),
				 MUSTER_END);
		for (size_t i = 0; i < list.count; i++)
			assert_true(fixture_entry_same(&list.entries[i], &back.entries[i], false));
		entry_list_release(&back);
		entry_list_release(&list);
		bytes_release(&content);
		bytes_release(&placement);
	}
}

struct pack_list {
	struct placement packs[64];
	size_t count;
};

static enum muster_code note_pack(void *state, const struct object_id *pack, uint64_t pack_bytes,
				  struct muster_error *err)
{
	struct pack_list *list = state;

	(void)err;
	assert_true(list->count < 64);
	list->packs[list->count++] = (struct placement){ .pack = *pack, .pack_bytes = pack_bytes };
	return pack->number == 77 ? MUSTER_ABSENT : MUSTER_OK;
}

static void the_packs_of_a_placement_are_listed_without_the_content(void **state)
{
	static const uint32_t numbers[] = { 5, 5, 9, 5, 77, 12 };
	struct entry_list list = { 0 };
	struct bytes content = { 0 }, placement = { 0 };
	struct pack_list packs = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		char path[16];
		struct entry entry;

		snprintf(path, sizeof(path), "f%u", i);
		entry = fixture_file(view_text(path), i);
		entry.is_placed = true;
		entry.placement = (struct placement){ .pack.number = numbers[i],
						      .pack_bytes = numbers[i] * 10,
						      .ordinal = i };
		entry_list_add(&list, &entry);
	}
	encode(&list, &content, &placement);
	assert_int_equal(leaf_each_pack(bytes_view(&placement), note_pack, &packs, &err),
			 MUSTER_ABSENT);
	assert_int_equal(packs.count, 3); /* each once, and the answer to the third ended it */
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(packs.packs[i].pack_bytes, packs.packs[i].pack.number * 10);
	assert_int_equal(packs.packs[2].pack.number, 77);
	assert_int_equal(leaf_each_pack((struct view){ 0 }, note_pack, &packs, &err), MUSTER_OK);
	for (size_t len = 1; len < 20; len++)
		assert_int_equal(
			leaf_each_pack(view_of(placement.ptr, len), note_pack, &packs, &err),
			MUSTER_E_FORMAT);
	bytes_release(&placement);
	bytes_release(&content);
	entry_list_release(&list);
}

static void content_does_not_depend_on_placement_or_on_what_was_built_before(void **state)
{
	struct entry_list list = random_list(100, 5), other = random_list(30, 6);
	struct bytes content = { 0 }, placement = { 0 };
	struct leaf_builder *builder;
	struct view parts[2];

	(void)state;
	encode(&list, &content, &placement);
	assert_int_equal(leaf_builder_new(&builder, NULL), MUSTER_OK);
	for (size_t i = 0; i < other.count; i++)
		assert_int_equal(leaf_builder_add(builder, &other.entries[i], NULL), MUSTER_OK);
	assert_int_equal(leaf_builder_finish(builder, &parts[0], &parts[1], NULL), MUSTER_OK);
	for (size_t i = 0; i < list.count; i++) {
		struct entry entry = list.entries[i];

		entry.is_placed = false;
		assert_int_equal(leaf_builder_add(builder, &entry, NULL), MUSTER_OK);
	}
	assert_int_equal(leaf_builder_finish(builder, &parts[0], &parts[1], NULL), MUSTER_OK);
	assert_true(view_equal(parts[0], bytes_view(&content)));
	assert_int_equal(parts[1].len, 0);
	leaf_builder_free(builder);
	entry_list_release(&list);
	entry_list_release(&other);
	bytes_release(&content);
	bytes_release(&placement);
}

static void paths_that_do_not_ascend_are_refused_naming_both(void **state)
{
	static const struct {
		const char *first, *second;
	} cases[] = {
		{ "b", "a" }, { "a", "a" }, { "ab", "a" }, { "a/b", "a.b" }, { "\xff", "z" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		struct leaf_builder *builder;
		struct entry entry = fixture_file(view_text(cases[i].first), 1);

		assert_int_equal(leaf_builder_new(&builder, NULL), MUSTER_OK);
		assert_int_equal(leaf_builder_add(builder, &entry, NULL), MUSTER_OK);
		entry.path = view_text(cases[i].second);
		assert_int_equal(leaf_builder_add(builder, &entry, &err), MUSTER_E_FORMAT);
		assert_non_null(strstr(err.message, "not in order"));
		assert_non_null(
			strstr(err.message, cases[i].second[0] == 'z' ? "z" : cases[i].first));
		assert_int_equal(leaf_builder_entry_count(builder), 1);
		leaf_builder_free(builder);
	}
}

static void an_entry_over_a_maximum_is_refused_and_changes_nothing(void **state)
{
	static uint8_t big[ENTRY_EXTRA_MAX_BYTES + 1];
	struct leaf_builder *builder;
	struct entry good = fixture_file(view_text("a"), 1);
	struct entry bad[6];
	struct view parts[2], again[2];
	struct bytes kept = { 0 };

	(void)state;
	memset(big, 'b', sizeof(big));
	for (size_t i = 0; i < 6; i++)
		bad[i] = fixture_file(view_text("b"), 2);
	bad[0].path = view_of(big, ENTRY_PATH_MAX_BYTES + 1);
	bad[1].digest_text = view_of(big, ENTRY_TEXT_MAX_BYTES + 1);
	bad[2].ref = view_of(big, ENTRY_TEXT_MAX_BYTES + 1);
	bad[3].extra = view_of(big, ENTRY_EXTRA_MAX_BYTES + 1);
	bad[4].birth_artifact_id = view_of(big, ENTRY_TEXT_MAX_BYTES + 1);
	bad[5].placement = good.placement;
	bad[5].placement.pack_bytes++;
	assert_int_equal(leaf_builder_new(&builder, NULL), MUSTER_OK);
	assert_int_equal(leaf_builder_add(builder, &good, NULL), MUSTER_OK);
	assert_int_equal(leaf_builder_finish(builder, &parts[0], &parts[1], NULL), MUSTER_OK);
	bytes_append_view(&kept, parts[0], NULL);
	assert_int_equal(leaf_builder_add(builder, &good, NULL), MUSTER_OK);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(leaf_builder_add(builder, &bad[i], NULL),
				 i == 5 ? MUSTER_E_FORMAT : MUSTER_E_LIMIT);
	bad[0].path = (struct view){ 0 };
	assert_int_equal(leaf_builder_add(builder, &bad[0], NULL), MUSTER_E_FORMAT);
	assert_int_equal(leaf_builder_finish(builder, &again[0], &again[1], NULL), MUSTER_OK);
	assert_true(view_equal(again[0], bytes_view(&kept)));
	assert_int_equal(leaf_builder_finish(builder, &again[0], &again[1], NULL), MUSTER_E_USAGE);
	leaf_builder_free(builder);
	bytes_release(&kept);
}

static void a_leaf_holds_its_maximum_of_bytes_and_no_more(void **state)
{
	static uint8_t extra[ENTRY_EXTRA_MAX_BYTES];
	struct leaf_builder *builder;
	struct entry entry = fixture_file(view_text("a"), 1);
	char path[20];
	struct view parts[2];
	struct entry_list back = { 0 };
	enum muster_code code = MUSTER_OK;
	unsigned count = 0;

	(void)state;
	memset(extra, 'x', sizeof(extra));
	entry.extra = view_of(extra, sizeof(extra));
	assert_int_equal(leaf_builder_new(&builder, NULL), MUSTER_OK);
	while (!code) {
		snprintf(path, sizeof(path), "%08u", count);
		entry.path = view_text(path);
		code = leaf_builder_add(builder, &entry, NULL);
		count += !code;
	}
	assert_int_equal(code, MUSTER_E_LIMIT);
	assert_int_equal(count, 15);
	assert_int_equal(leaf_builder_finish(builder, &parts[0], &parts[1], NULL), MUSTER_OK);
	assert_true(parts[0].len <= LEAF_MAX_BYTES);
	assert_int_equal(decode(parts[0], parts[1], &back, NULL), MUSTER_END);
	entry_list_release(&back);
	leaf_builder_free(builder);
}

/** What is accepted at all must be what the builder writes for the entries that it gives. */
static void must_be_canonical(struct view content, struct view placement)
{
	struct entry_list list = { 0 };
	struct bytes again[2] = { 0 };

	if (decode(content, placement, &list, NULL) == MUSTER_END) {
		encode(&list, &again[0], &again[1]);
		assert_true(view_equal(bytes_view(&again[0]), content));
		assert_true(view_equal(bytes_view(&again[1]), placement));
	}
	bytes_release(&again[0]);
	bytes_release(&again[1]);
	entry_list_release(&list);
}

static void every_flipped_bit_is_refused_or_is_another_proper_leaf(void **state)
{
	struct entry_list list = small_list();
	struct bytes parts[2] = { 0 };

	(void)state;
	encode(&list, &parts[0], &parts[1]);
	for (size_t part = 0; part < 2; part++) {
		for (size_t bit = 0; bit < 8 * parts[part].len; bit++) {
			parts[part].ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
			must_be_canonical(bytes_view(&parts[0]), bytes_view(&parts[1]));
			parts[part].ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
	bytes_release(&parts[0]);
	bytes_release(&parts[1]);
	entry_list_release(&list);
}

/** `view` in memory of exactly its size, so that a sanitizer sees a byte too many read. */
static struct view exactly(struct view view)
{
	uint8_t *copy = malloc(view.len ? view.len : 1);

	assert_non_null(copy);
	if (view.len)
		memcpy(copy, view.ptr, view.len);
	return view_of(copy, view.len);
}

static void every_truncation_is_refused(void **state)
{
	struct entry_list list = small_list(), back = { 0 };
	struct bytes parts[2] = { 0 };

	(void)state;
	encode(&list, &parts[0], &parts[1]);
	for (size_t part = 0; part < 2; part++) {
		for (size_t len = part; len < parts[part].len; len++) {
			struct view cut = exactly(view_of(parts[part].ptr, len));
			struct view content = part ? bytes_view(&parts[0]) : cut;
			struct view placement = part ? cut : bytes_view(&parts[1]);
			struct muster_error err = { 0 };

			assert_int_equal(decode(content, placement, &back, &err), MUSTER_E_FORMAT);
			assert_true(strlen(err.message) > 0);
			entry_list_release(&back);
			free((void *)(uintptr_t)cut.ptr);
		}
	}
	bytes_release(&parts[0]);
	bytes_release(&parts[1]);
	entry_list_release(&list);
}

static void random_damage_is_refused_or_is_another_proper_leaf(void **state)
{
	struct entry_list list = random_list(60, 99);
	struct bytes parts[2] = { 0 };
	uint64_t seed = 4;

	(void)state;
	encode(&list, &parts[0], &parts[1]);
	for (int i = 0; i < 4000; i++) {
		struct bytes *part = &parts[fixture_random(&seed) % 2];
		/* Most bytes are digests and text: look for trouble in the first ones, the heads.
		 */
		size_t at = fixture_random(&seed) % (i % 2 && part->len > 200 ? 200 : part->len);
		uint8_t was = part->ptr[at];

		part->ptr[at] = (uint8_t)fixture_random(&seed);
		must_be_canonical(bytes_view(&parts[0]), bytes_view(&parts[1]));
		part->ptr[at] = was;
	}
	bytes_release(&parts[0]);
	bytes_release(&parts[1]);
	entry_list_release(&list);
}

static void a_reader_goes_on_refusing(void **state)
{
	struct entry_list list = small_list();
	struct bytes parts[2] = { 0 };
	struct leaf_reader *reader;
	struct entry entry;
	enum muster_code code;

	(void)state;
	encode(&list, &parts[0], &parts[1]);
	parts[0].ptr[parts[0].len - 1] ^= 1; /* the birth id's bytes: fine */
	parts[0].ptr[6] = 99;		     /* shares more than there is */
	assert_int_equal(leaf_reader_new(&reader, NULL), MUSTER_OK);
	code = leaf_reader_open(reader, bytes_view(&parts[0]), bytes_view(&parts[1]), NULL);
	while (!code)
		code = leaf_reader_next(reader, &entry, NULL);
	assert_int_equal(code, MUSTER_E_FORMAT);
	assert_int_equal(leaf_reader_next(reader, &entry, NULL), MUSTER_E_FORMAT);
	parts[0].ptr[0] = 0;
	assert_int_equal(leaf_reader_open(reader, bytes_view(&parts[0]), (struct view){ 0 }, NULL),
			 MUSTER_E_FORMAT);
	assert_int_equal(leaf_reader_next(reader, &entry, NULL), MUSTER_E_FORMAT);
	leaf_reader_free(reader);
	bytes_release(&parts[0]);
	bytes_release(&parts[1]);
	entry_list_release(&list);
}

static void another_version_is_unsupported_not_malformed(void **state)
{
	struct entry_list list = small_list(), back = { 0 };
	struct bytes parts[2] = { 0 };

	(void)state;
	encode(&list, &parts[0], &parts[1]);
	parts[1].ptr[1] = 2;
	assert_int_equal(decode(bytes_view(&parts[0]), bytes_view(&parts[1]), &back, NULL),
			 MUSTER_E_UNSUPPORTED);
	parts[0].ptr[1] = 2;
	assert_int_equal(decode(bytes_view(&parts[0]), (struct view){ 0 }, &back, NULL),
			 MUSTER_E_UNSUPPORTED);
	bytes_release(&parts[0]);
	bytes_release(&parts[1]);
	entry_list_release(&list);
	entry_list_release(&back);
}

static void consecutive_blobs_of_one_pack_cost_two_bytes(void **state)
{
	struct entry_list list = entry_list_dataset(1000, 1);
	struct bytes parts[2] = { 0 };

	(void)state;
	encode(&list, &parts[0], &parts[1]);
	assert_true(parts[1].len < 2 * 1000 + 1000 / 8 + 60);
	bytes_release(&parts[0]);
	bytes_release(&parts[1]);
	entry_list_release(&list);
}

/** Build and read a leaf of many packs, which makes every buffer grow. */
static enum muster_code build_and_read(const struct entry_list *list)
{
	struct leaf_builder *builder = NULL;
	struct leaf_reader *reader = NULL;
	struct entry entry;
	struct view parts[2];
	enum muster_code code = leaf_builder_new(&builder, NULL);

	for (size_t i = 0; i < list->count && !code; i++)
		code = leaf_builder_add(builder, &list->entries[i], NULL);
	if (!code)
		code = leaf_builder_finish(builder, &parts[0], &parts[1], NULL);
	if (!code)
		code = leaf_reader_new(&reader, NULL);
	if (!code)
		code = leaf_reader_open(reader, parts[0], parts[1], NULL);
	while (!code)
		code = leaf_reader_next(reader, &entry, NULL);
	leaf_reader_free(reader);
	leaf_builder_free(builder);
	return code;
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
	struct entry_list list = random_list(80, 3);
	enum muster_code code = MUSTER_E_MEMORY;

	(void)state;
	for (size_t i = 0; i < list.count; i++) {
		list.entries[i].is_placed = true;
		list.entries[i].placement.pack.number = (uint32_t)i;
		list.entries[i].placement.pack_bytes = i;
	}
	for (uint64_t n = 1; code != MUSTER_END; n++) {
		torture_allocation(n);
		code = build_and_read(&list);
		torture_off();
		assert_int_equal(code, torture_hit() ? MUSTER_E_MEMORY : MUSTER_END);
	}
	entry_list_release(&list);
}

static void reading_entries_allocates_nothing(void **state)
{
	struct entry_list list = random_list(200, 8);
	struct bytes parts[2] = { 0 };
	struct leaf_reader *reader;
	struct entry entry;
	uint64_t before;

	(void)state;
	encode(&list, &parts[0], &parts[1]);
	assert_int_equal(leaf_reader_new(&reader, NULL), MUSTER_OK);
	for (int round = 0; round < 2; round++) {
		before = torture_allocations();
		assert_int_equal(leaf_reader_open(reader, bytes_view(&parts[0]),
						  bytes_view(&parts[1]), NULL),
				 MUSTER_OK);
		if (round == 0)
			before = torture_allocations(); /* the table of packs was made once */
		while (leaf_reader_next(reader, &entry, NULL) == MUSTER_OK)
			;
		assert_int_equal(torture_allocations(), before);
	}
	leaf_reader_free(reader);
	bytes_release(&parts[0]);
	bytes_release(&parts[1]);
	entry_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_entries_come_back_as_they_were),
		cmocka_unit_test(the_packs_of_a_placement_are_listed_without_the_content),
		cmocka_unit_test(content_does_not_depend_on_placement_or_on_what_was_built_before),
		cmocka_unit_test(paths_that_do_not_ascend_are_refused_naming_both),
		cmocka_unit_test(an_entry_over_a_maximum_is_refused_and_changes_nothing),
		cmocka_unit_test(a_leaf_holds_its_maximum_of_bytes_and_no_more),
		cmocka_unit_test(every_flipped_bit_is_refused_or_is_another_proper_leaf),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(random_damage_is_refused_or_is_another_proper_leaf),
		cmocka_unit_test(a_reader_goes_on_refusing),
		cmocka_unit_test(another_version_is_unsupported_not_malformed),
		cmocka_unit_test(consecutive_blobs_of_one_pack_cost_two_bytes),
		cmocka_unit_test(a_failed_allocation_is_an_error_and_leaks_nothing),
		cmocka_unit_test(reading_entries_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
