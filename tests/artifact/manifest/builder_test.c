/* What a version is made of, and in which order. */
#include "tests/artifact/manifest/leaves.h"

static void a_version_is_what_was_added(void **state)
{
	struct entry_list list = entry_list_dataset(20000, 1);
	struct fixture_store store = { 0 };
	struct fixture_version version;
	struct artifact_digest digest = { 0 };
	uint8_t root[32], expected[16];
	struct leaf_list leaves;
	uint64_t size_bytes = 0;

	(void)state;
	fixture_build(&store, &version, 1, &list, NULL);
	artifact_digest_begin(&digest, DIGEST_MD5, NULL);
	for (size_t i = 0; i < list.count; i++) {
		artifact_digest_add(&digest, &list.entries[i]);
		size_bytes += list.entries[i].size_bytes;
	}
	artifact_digest_end(&digest, expected);
	artifact_digest_release(&digest);
	assert_int_equal(version.footer.entry_count, list.count);
	assert_int_equal(version.footer.size_bytes, size_bytes);
	assert_int_equal(version.footer.reference_count, 0);
	assert_memory_equal(version.footer.artifact_digest, expected, 16);
	leaves = leaves_of(&store, &version);
	assert_in_range(leaves.count, 20000 / 1000, 20000 / 50);
	sha256_of(view_of(leaves.sha256, leaves.count * 32), root);
	assert_memory_equal(version.footer.content_root, root, 32);
	free(leaves.sha256);
	fixture_version_release(&version);
	fixture_store_release(&store);
	entry_list_release(&list);
}

static void an_empty_version_has_a_root_and_a_digest(void **state)
{
	struct entry_list list = { 0 };
	struct fixture_store store = { 0 };
	struct fixture_version version;
	uint8_t root[32], digest[16];

	(void)state;
	fixture_build(&store, &version, 1, &list, NULL);
	sha256_of((struct view){ 0 }, root);
	md5_of(VIEW_LITERAL("wandb-artifact-manifest-v1\n"), digest);
	assert_memory_equal(version.footer.content_root, root, 32);
	assert_memory_equal(version.footer.artifact_digest, digest, 16);
	assert_int_equal(version.footer.fence_count, 0);
	fixture_version_release(&version);
	fixture_store_release(&store);
}

/** The whole object as a reader finds it: trailer, footer, and what they prove. */
static void the_object_is_found_from_its_trailer(void **state)
{
	struct entry_list list = entry_list_dataset(100000, 1);
	struct fixture_store store = { 0 };
	struct fixture_version version;
	struct manifest_trailer trailer;
	struct manifest_footer footer;
	struct view object, encoded;
	uint8_t sha256[32];

	(void)state;
	fixture_build(&store, &version, 1, &list, NULL);
	object = bytes_view(&store.objects[store.count - 1].bytes);
	assert_int_equal(object_header_check(object, "mani", 1, NULL), MUSTER_OK);
	assert_int_equal(
		manifest_trailer_parse(&trailer,
				       view_of(object.ptr + object.len - MANIFEST_TRAILER_BYTES,
					       MANIFEST_TRAILER_BYTES),
				       object.len, NULL),
		MUSTER_OK);
	encoded = view_of(object.ptr + trailer.footer_offset_bytes, trailer.footer_bytes);
	sha256_of(encoded, sha256);
	assert_memory_equal(sha256, trailer.footer_sha256, 32);
	assert_int_equal(manifest_footer_parse(&footer, encoded, NULL), MUSTER_OK);
	assert_int_equal(footer.entry_count, 100000);
	assert_int_equal(footer.fence_count, version.footer.fence_count);
	assert_true(footer.fence_count > 1);
	for (size_t i = 0; i < footer.fence_count; i++) {
		sha256_of(view_of(object.ptr + footer.fences[i].offset_bytes,
				  footer.fences[i].length_bytes),
			  sha256);
		assert_memory_equal(sha256, footer.fences[i].sha256, 32);
	}
	manifest_footer_release(&footer);
	fixture_version_release(&version);
	fixture_store_release(&store);
	entry_list_release(&list);
}

static void equal_entries_give_equal_leaves_wherever_their_bytes_lie(void **state)
{
	struct entry_list list = entry_list_dataset(5000, 1);
	struct fixture_store store = { 0 };
	struct fixture_version versions[2];

	(void)state;
	fixture_build(&store, &versions[0], 1, &list, NULL);
	for (size_t i = 0; i < list.count; i++) {
		list.entries[i].is_placed = i % 3 == 0;
		list.entries[i].placement.ordinal = (uint32_t)(list.count - i);
	}
	fixture_build(&store, &versions[1], 2, &list, NULL);
	assert_memory_equal(versions[0].footer.content_root, versions[1].footer.content_root, 32);
	assert_memory_equal(versions[0].footer.artifact_digest, versions[1].footer.artifact_digest,
			    16);
	fixture_version_release(&versions[0]);
	fixture_version_release(&versions[1]);
	fixture_store_release(&store);
	entry_list_release(&list);
}

/* The model of the cut (target 32 KiB there) changes 2 leaves in the median and 8 at most when one
 * entry comes or goes: seams meet again at the next hash that cuts. */
static void one_entry_more_or_less_changes_few_leaves(void **state)
{
	struct entry_list list = entry_list_dataset(30000, 1);
	struct fixture_store store = { 0 };
	struct fixture_version base;
	struct leaf_list leaves;
	uint64_t seed = 5;
	size_t most = 0, sum = 0;

	(void)state;
	fixture_build(&store, &base, 1, &list, NULL);
	leaves = leaves_of(&store, &base);
	for (uint32_t trial = 0; trial < 20; trial++) {
		struct entry_list edited = entry_list_copy(&list);
		struct fixture_version version;
		struct leaf_list changed;
		size_t at = fixture_random(&seed) % list.count, count;
		char path[100];

		if (trial % 2) {
			entry_list_remove(&edited, at);
		} else {
			struct entry entry;

			snprintf(path, sizeof(path), "%.*s+", VIEW_ARGS(list.entries[at].path));
			entry = fixture_file(view_text(path), trial);
			entry_list_add(&edited, &entry);
			entry_list_sort(&edited);
		}
		fixture_build(&store, &version, 2 + trial, &edited, NULL);
		changed = leaves_of(&store, &version);
		count = leaves_new(&leaves, &changed);
		sum += count;
		most = count > most ? count : most;
		free(changed.sha256);
		fixture_version_release(&version);
		entry_list_release(&edited);
	}
	assert_true(most <= 8);
	assert_true(sum <= 20 * 3);
	free(leaves.sha256);
	fixture_version_release(&base);
	fixture_store_release(&store);
	entry_list_release(&list);
}

/** What the cut is, written down a second time. */
static void leaves_end_where_the_rule_says(void **state)
{
	struct entry_list list = { 0 };
	struct manifest_builder *builder;
	struct builder_options options = { .algorithm = DIGEST_XXH128 };
	size_t leaf_bytes = 0, cuts[3] = { 0 };
	uint64_t seed = 3, offset = 16;

	(void)state;
	for (int i = 0; i < 3000; i++)
		entry_list_add_random(&list, &seed);
	entry_list_sort(&list);
	assert_int_equal(builder_new(&builder, &options, NULL), MUSTER_OK);
	for (size_t i = 0; i < list.count; i++) {
		const struct built_leaf *leaf;
		size_t weight = entry_weight(&list.entries[i]);
		long double limit = 18446744073709551616.0L * (long double)weight / 16384;
		bool by_hash, by_size;

		leaf_bytes += weight;
		by_size = leaf_bytes >= 65536;
		by_hash = leaf_bytes >= 4096 && (long double)xxh64_of(list.entries[i].path) < limit;
		assert_int_equal(builder_add(builder, &list.entries[i], &leaf, NULL), MUSTER_OK);
		assert_int_equal(leaf != NULL, by_size || by_hash);
		cuts[by_size ? 2 : by_hash]++;
		if (!leaf)
			continue;
		leaf_bytes = 0;
		struct leaf_record record = leaf->record;

		record.offset_bytes = offset;
		offset += record.content_bytes + record.placement_bytes;
		assert_int_equal(builder_place(builder, &record, NULL), MUSTER_OK);
	}
	assert_true(cuts[1] > 20 && cuts[2] > 0);
	builder_free(builder);
	entry_list_release(&list);
}

static void a_weight_is_the_bytes_of_an_entry_alone_in_a_leaf(void **state)
{
	uint64_t seed = 12;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct entry_list list = { 0 };
		struct leaf_builder *builder;
		struct view parts[2];
		size_t heads = 0, weight;

		entry_list_add_random(&list, &seed);
		list.entries[0].is_placed = false;
		weight = entry_weight(&list.entries[0]);
		assert_int_equal(leaf_builder_new(&builder, NULL), MUSTER_OK);
		assert_int_equal(leaf_builder_add(builder, &list.entries[0], NULL), MUSTER_OK);
		assert_int_equal(leaf_builder_finish(builder, &parts[0], &parts[1], NULL),
				 MUSTER_OK);
		heads = parts[0].len - weight;
		/* array, version, count, twelve heads of two bytes, of three from 256 bytes on */
		assert_in_range(heads, 3 + 12 * 2, 3 + 12 * 2 + 5);
		leaf_builder_free(builder);
		entry_list_release(&list);
	}
}

static void calls_in_the_wrong_order_are_refused_and_change_nothing(void **state)
{
	struct entry_list list = entry_list_dataset(3000, 1), other = entry_list_dataset(3000, 2);
	struct fixture_store store = { 0 };
	struct fixture_version base, version;
	struct fixture_writer writer;
	struct manifest_builder *builder;
	const struct built_leaf *leaf = NULL;
	const struct leaf_record *base_record;
	struct leaf_record record;
	struct cursor *cursor;
	struct bytes tail = { 0 };
	size_t i = 0;

	(void)state;
	fixture_build(&store, &base, 1, &list, NULL);
	assert_int_equal(cursor_new(&cursor, &base.footer, false, NULL), MUSTER_OK);
	assert_int_equal(fixture_cursor_leaf(&store, cursor, &base_record, NULL), MUSTER_OK);
	fixture_writer_begin(&writer, &store, &version, 2, DIGEST_MD5, NULL);
	builder = writer.builder;
	assert_true(builder_at_seam(builder));
	assert_int_equal(builder_resume_digest(builder, &base.footer, 1, NULL), MUSTER_E_USAGE);
	assert_int_equal(builder_place(builder, base_record, NULL), MUSTER_E_USAGE);
	while (!leaf) {
		assert_int_equal(builder_add(builder, &list.entries[i++], &leaf, NULL), MUSTER_OK);
		if (leaf)
			break;
		assert_false(builder_at_seam(builder));
		assert_int_equal(builder_reuse(builder, base_record, NULL), MUSTER_E_USAGE);
		assert_int_equal(builder_digest_entry(builder, &list.entries[i], NULL),
				 MUSTER_E_USAGE);
		assert_int_equal(builder_finish(builder, 4096, &tail, NULL, NULL), MUSTER_E_USAGE);
		assert_int_equal(builder_resume_digest(builder, &base.footer, 0, NULL),
				 MUSTER_E_USAGE);
	}
	record = leaf->record;
	record.offset_bytes = 3; /* in the header */
	assert_int_equal(builder_place(builder, &record, NULL), MUSTER_E_USAGE);
	record.offset_bytes = 16;
	record.content_sha256[0] ^= 1;
	assert_int_equal(builder_place(builder, &record, NULL), MUSTER_E_USAGE);
	{
		const struct built_leaf *second;

		assert_int_equal(builder_add(builder, &list.entries[i], &second, NULL),
				 MUSTER_E_USAGE);
		assert_int_equal(builder_finish_entries(builder, &second, NULL), MUSTER_E_USAGE);
	}
	fixture_writer_place(&writer, leaf);
	/* a leaf of which other entries were given, and one that none were given of */
	assert_int_equal(builder_reuse(builder, base_record, NULL), MUSTER_E_USAGE);
	assert_int_equal(builder_digest_entry(builder, &list.entries[0], NULL), MUSTER_E_FORMAT);
	assert_int_equal(builder_digest_entry(builder, &list.entries[i], NULL), MUSTER_OK);
	assert_int_equal(builder_reuse(builder, base_record, NULL), MUSTER_E_USAGE);
	assert_int_equal(builder_add(builder, &list.entries[i + 1], &leaf, NULL), MUSTER_E_USAGE);
	assert_int_equal(builder_finish_entries(builder, &leaf, NULL), MUSTER_E_USAGE);
	builder_free(writer.builder);
	bytes_release(&writer.embedded);
	bytes_release(&writer.leaves);
	bytes_release(&tail);
	cursor_free(cursor);
	fixture_version_release(&base);
	fixture_store_release(&store);
	entry_list_release(&list);
	entry_list_release(&other);
}

static void nothing_follows_a_leaf_that_no_rule_cut(void **state)
{
	struct entry_list list = entry_list_dataset(10, 1);
	struct fixture_store store = { 0 };
	struct fixture_version base, version;
	struct fixture_writer writer;
	const struct leaf_record *record;
	const struct built_leaf *leaf;
	struct cursor *cursor;
	struct entry behind = fixture_file(view_text("zzz"), 1);
	struct muster_error err = { 0 };

	(void)state;
	fixture_build(&store, &base, 1, &list, NULL);
	assert_int_equal(cursor_new(&cursor, &base.footer, false, NULL), MUSTER_OK);
	assert_int_equal(fixture_cursor_leaf(&store, cursor, &record, NULL), MUSTER_OK);
	fixture_writer_begin(&writer, &store, &version, 2, DIGEST_MD5, NULL);
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(builder_digest_entry(writer.builder, &list.entries[i], NULL),
				 MUSTER_OK);
	assert_int_equal(builder_reuse(writer.builder, record, NULL), MUSTER_OK);
	assert_int_equal(builder_add(writer.builder, &behind, &leaf, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "only be the last"));
	fixture_writer_end(&writer);
	footers_agree(&store, &base, &version);
	cursor_free(cursor);
	fixture_version_release(&base);
	fixture_version_release(&version);
	fixture_store_release(&store);
	entry_list_release(&list);
}

static void entries_out_of_order_are_refused_across_leaves_too(void **state)
{
	struct entry_list list = entry_list_dataset(3000, 1);
	struct fixture_store store = { 0 };
	struct fixture_version version;
	struct fixture_writer writer;
	const struct built_leaf *leaf;

	(void)state;
	fixture_writer_begin(&writer, &store, &version, 2, DIGEST_MD5, NULL);
	for (size_t i = 0; i < list.count; i++) {
		struct muster_error err = { 0 };

		fixture_writer_add(&writer, &list.entries[i]);
		assert_int_equal(builder_add(writer.builder, &list.entries[i], &leaf, &err),
				 MUSTER_E_FORMAT);
		assert_non_null(strstr(err.message, "not in order"));
		assert_null(leaf);
	}
	fixture_writer_end(&writer);
	assert_int_equal(version.footer.entry_count, list.count);
	fixture_version_release(&version);
	fixture_store_release(&store);
	entry_list_release(&list);
}

/** Build without a fixture, which would not survive a failed allocation. */
static enum muster_code build_plainly(const struct entry_list *list)
{
	struct builder_options options = { .algorithm = DIGEST_MD5, .id = { .number = 1 } };
	struct manifest_builder *builder = NULL;
	struct manifest_footer footer = { 0 };
	struct bytes tail = { 0 };
	uint64_t offset = 16;
	enum muster_code code = builder_new(&builder, &options, NULL);

	for (size_t i = 0; i <= list->count && !code; i++) {
		const struct built_leaf *leaf = NULL;
		struct leaf_record record;

		code = i < list->count ? builder_add(builder, &list->entries[i], &leaf, NULL)
				       : builder_finish_entries(builder, &leaf, NULL);
		if (code || !leaf)
			continue;
		record = leaf->record;
		record.offset_bytes = offset;
		offset += record.content_bytes + record.placement_bytes;
		code = builder_place(builder, &record, NULL);
	}
	if (!code)
		code = builder_finish(builder, offset, &tail, &footer, NULL);
	manifest_footer_release(&footer);
	bytes_release(&tail);
	builder_free(builder);
	return code;
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
	static uint8_t extra[12000];
	struct entry_list list = entry_list_dataset(700, 1);
	bool is_done = false;

	(void)state;
	memset(extra, 'e', sizeof(extra));
	for (size_t i = 0; i < list.count; i++) /* a leaf for every one or two entries */
		list.entries[i].extra = view_of(extra, sizeof(extra));
	for (uint64_t n = 1; !is_done; n++) {
		enum muster_code code;

		torture_allocation(n);
		code = build_plainly(&list);
		torture_off();
		is_done = !torture_hit();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
	}
	entry_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_is_what_was_added),
		cmocka_unit_test(an_empty_version_has_a_root_and_a_digest),
		cmocka_unit_test(the_object_is_found_from_its_trailer),
		cmocka_unit_test(equal_entries_give_equal_leaves_wherever_their_bytes_lie),
		cmocka_unit_test(one_entry_more_or_less_changes_few_leaves),
		cmocka_unit_test(leaves_end_where_the_rule_says),
		cmocka_unit_test(a_weight_is_the_bytes_of_an_entry_alone_in_a_leaf),
		cmocka_unit_test(calls_in_the_wrong_order_are_refused_and_change_nothing),
		cmocka_unit_test(nothing_follows_a_leaf_that_no_rule_cut),
		cmocka_unit_test(entries_out_of_order_are_refused_across_leaves_too),
		cmocka_unit_test(a_failed_allocation_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
