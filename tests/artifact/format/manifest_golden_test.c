/*
 * Stored bytes that must stay as they are, and broken ones that must be refused. The first argument
 * is the folder of tests; with --update as the second all files, and the seeds of the fuzzers, are
 * written anew. The example is the one of W&B's documentation of its manifest: its artifact digest
 * is known from there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "artifact/digest.h"
#include "artifact/manifest/builder.h"

static const char *tests_dir;
static bool is_update;

/** What the example becomes. */
struct example {
	struct bytes content, placement, block, footer, object;
};

static struct example example;

static struct entry stored(const char *path, struct view bytes, uint32_t ordinal)
{
	struct entry entry = { .path = view_text(path),
			       .algorithm = DIGEST_MD5,
			       .size_bytes = bytes.len,
			       .has_size = true,
			       .has_checksum = true,
			       .is_placed = true };

	md5_of(bytes, entry.fingerprint.digest);
	xxh128_of(bytes, entry.fingerprint.checksum);
	memset(entry.placement.pack.session, 0x5e, 16);
	entry.placement.pack.number = 3;
	entry.placement.pack_bytes = 200;
	entry.placement.ordinal = ordinal;
	return entry;
}

static struct entry reference(void)
{
	return (struct entry){
		.path = VIEW_LITERAL("ref/obj.pb"),
		.digest_text = VIEW_LITERAL("781e5e245d69b566979b86e28d23f2c7"),
		.size_bytes = 10,
		.has_size = true,
		.ref = VIEW_LITERAL("s3://bkt/obj.pb"),
		.extra = VIEW_LITERAL("{\"etag\":\"781e5e245d69b566979b86e28d23f2c7\"}"),
	};
}

static void example_builder(struct manifest_builder **builder)
{
	struct builder_options options = { .algorithm = DIGEST_MD5, .id = { .number = 7 } };

	memset(options.id.session, 0x5e, 16);
	memset(options.collection_id, 0xc0, 16);
	memset(options.version_id, 0x1d, 16);
	assert_int_equal(builder_new(builder, &options, NULL), MUSTER_OK);
}

static void leaf_embed(struct manifest_builder *builder, const struct built_leaf *leaf)
{
	struct leaf_record record = leaf->record;

	memset(record.object.session, 0x5e, 16);
	record.object.number = 7;
	record.in_manifest = true;
	record.offset_bytes = example.object.len;
	bytes_append_view(&example.content, leaf->content, NULL);
	bytes_append_view(&example.placement, leaf->placement, NULL);
	bytes_append_view(&example.object, leaf->content, NULL);
	bytes_append_view(&example.object, leaf->placement, NULL);
	assert_int_equal(builder_place(builder, &record, NULL), MUSTER_OK);
}

/** Build the whole manifest object of the example. */
static int example_make(void **state)
{
	struct entry entries[3] = { stored("data/a.bin", VIEW_LITERAL("hello"), 0),
				    stored("data/empty", VIEW_LITERAL(""), 1), reference() };
	struct manifest_builder *builder;
	const struct built_leaf *leaf = NULL;
	struct bytes tail = { 0 };
	uint8_t header[OBJECT_HEADER_BYTES];
	uint64_t blocks_offset;

	(void)state;
	object_header_put(header, "mani", 1);
	bytes_append(&example.object, header, sizeof(header), NULL);
	example_builder(&builder);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(builder_add(builder, &entries[i], &leaf, NULL), MUSTER_OK);
	assert_int_equal(builder_finish_entries(builder, &leaf, NULL), MUSTER_OK);
	leaf_embed(builder, leaf);
	blocks_offset = example.object.len;
	assert_int_equal(builder_finish(builder, blocks_offset, &tail, NULL, NULL), MUSTER_OK);
	bytes_append_view(&example.block, bytes_view(builder_blocks(builder)), NULL);
	bytes_append(&example.footer, tail.ptr, tail.len - MANIFEST_TRAILER_BYTES, NULL);
	bytes_append_view(&example.object, bytes_view(&example.block), NULL);
	bytes_append_view(&example.object, bytes_view(&tail), NULL);
	bytes_release(&tail);
	builder_free(builder);
	return 0;
}

static int example_drop(void **state)
{
	(void)state;
	bytes_release(&example.content);
	bytes_release(&example.placement);
	bytes_release(&example.block);
	bytes_release(&example.footer);
	bytes_release(&example.object);
	return 0;
}

static void file_write(const char *folder, const char *name, struct view bytes)
{
	char path[1000];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", tests_dir, folder, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
}

static struct bytes file_read(const char *folder, const char *name)
{
	struct bytes bytes = { 0 };
	char path[1000];
	uint8_t piece[4096];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", tests_dir, folder, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		assert_int_equal(bytes_append(&bytes, piece, len, NULL), MUSTER_OK);
	fclose(file);
	return bytes;
}

/** The file has these bytes, or gets them. */
static void golden(const char *folder, const char *name, struct view bytes)
{
	struct bytes kept;

	if (is_update)
		file_write(folder, name, bytes);
	kept = file_read(folder, name);
	assert_int_equal(kept.len, bytes.len);
	assert_memory_equal(kept.ptr, bytes.ptr, bytes.len);
	bytes_release(&kept);
}

static void stored_bytes_stay_as_they_are(void **state)
{
	(void)state;
	golden("golden/leaf", "example.content", bytes_view(&example.content));
	golden("golden/leaf", "example.placement", bytes_view(&example.placement));
	golden("golden/manifest", "example.manifest", bytes_view(&example.object));
}

static void the_artifact_digest_is_the_one_that_wandb_documents(void **state)
{
	struct manifest_footer footer;
	char hex[ARTIFACT_DIGEST_HEX_BYTES];

	(void)state;
	assert_int_equal(manifest_footer_parse(&footer, bytes_view(&example.footer), NULL),
			 MUSTER_OK);
	artifact_digest_hex(footer.artifact_digest, hex);
	assert_string_equal(hex, "13b93e169846a15c9b1d17ddc5d8ad54");
	assert_int_equal(footer.entry_count, 3);
	assert_int_equal(footer.reference_count, 1);
	assert_int_equal(footer.size_bytes, 15);
	manifest_footer_release(&footer);
}

enum part { PART_CONTENT, PART_PLACEMENT, PART_BLOCK, PART_FOOTER };

/** One way to break a part: put `bytes` in place of `drop` ones at `at`. */
struct breakage {
	const char *name;
	enum part part;
	uint32_t at, drop;
	enum muster_code code;
	const char *reason;
	struct view bytes;
};

/* The pack of the example, and one beside it, as the placement lists them. */
#define SESSION "^^^^^^^^^^^^^^^^"
#define PACK	SESSION "\3\0\0\0\310\1"
#define OTHER	SESSION "\4\0\0\0\310\1"

/* Offsets in the example, whose bytes docs/formats/leaf.md and manifest.md tell one by one. */
static const struct breakage breakages[] = {
	{ "refused-cut-short.content", PART_CONTENT, 100, 999, MUSTER_E_FORMAT, "column", { 0 } },
	{ "refused-not-an-array.content", PART_CONTENT, 0, 1, MUSTER_E_FORMAT, "not an array",
	  VIEW_LITERAL("\x80") },
	{ "refused-long-array-head.content", PART_CONTENT, 0, 1, MUSTER_E_FORMAT, "not an array",
	  VIEW_LITERAL("\xdc\x00\x0e") },
	{ "refused-version-2.content", PART_CONTENT, 1, 1, MUSTER_E_UNSUPPORTED, "version 2",
	  VIEW_LITERAL("\x02") },
	{ "refused-no-entries.content", PART_CONTENT, 2, 1, MUSTER_E_FORMAT, "count",
	  VIEW_LITERAL("\x00") },
	{ "refused-long-count.content", PART_CONTENT, 2, 1, MUSTER_E_FORMAT, "count",
	  VIEW_LITERAL("\xcc\x03") },
	{ "refused-more-entries.content", PART_CONTENT, 2, 1, MUSTER_E_FORMAT, "kind",
	  VIEW_LITERAL("\x04") },
	{ "refused-shares-too-much.content", PART_CONTENT, 5, 1, MUSTER_E_FORMAT, "longer",
	  VIEW_LITERAL("\x01") },
	{ "refused-shares-too-little.content", PART_CONTENT, 25, 1, MUSTER_E_FORMAT, "ascend",
	  VIEW_LITERAL("a") },
	{ "refused-descends.content", PART_CONTENT, 25, 1, MUSTER_E_FORMAT, "ascend",
	  VIEW_LITERAL("A") },
	{ "refused-long-varint.content", PART_CONTENT, 4, 2, MUSTER_E_FORMAT, "lengths",
	  VIEW_LITERAL("\x04\x80\x00") },
	{ "refused-empty-path.content", PART_CONTENT, 10, 1, MUSTER_E_FORMAT, "empty",
	  VIEW_LITERAL("\x00") },
	{ "refused-algorithm-3.content", PART_CONTENT, 42, 1, MUSTER_E_FORMAT, "unknown kind",
	  VIEW_LITERAL("\x0f") },
	{ "refused-left-over.content", PART_CONTENT, 9999, 0, MUSTER_E_FORMAT, "left over",
	  VIEW_LITERAL("\x00") },
	{ "refused-pack-twice.placement", PART_PLACEMENT, 3, 23, MUSTER_E_FORMAT, "twice",
	  VIEW_LITERAL("\x2c" PACK PACK) },
	{ "refused-pack-unused.placement", PART_PLACEMENT, 3, 23, MUSTER_E_FORMAT, "not used",
	  VIEW_LITERAL("\x2c" PACK OTHER) },
	{ "refused-pack-cut.placement", PART_PLACEMENT, 3, 23, MUSTER_E_FORMAT, "ends early",
	  VIEW_LITERAL("\x15" SESSION "\3\0\0\0\310") },
	{ "refused-none-placed.placement", PART_PLACEMENT, 28, 1, MUSTER_E_FORMAT, "bits",
	  VIEW_LITERAL("\x00") },
	{ "refused-more-placed.placement", PART_PLACEMENT, 28, 1, MUSTER_E_FORMAT, "malformed",
	  VIEW_LITERAL("\x07") },
	{ "refused-ordinal.placement", PART_PLACEMENT, 36, 1, MUSTER_E_FORMAT, "ordinal",
	  VIEW_LITERAL("\x03") },
	{ "refused-bits-behind.placement", PART_PLACEMENT, 28, 1, MUSTER_E_FORMAT, "bits",
	  VIEW_LITERAL("\x0b") },
	{ "refused-pack-index.placement", PART_PLACEMENT, 31, 1, MUSTER_E_FORMAT, "packs",
	  VIEW_LITERAL("\x01") },
	{ "refused-cut-short.block", PART_BLOCK, 60, 999, MUSTER_E_FORMAT, "column", { 0 } },
	{ "refused-version-2.block", PART_BLOCK, 1, 1, MUSTER_E_UNSUPPORTED, "version 2",
	  VIEW_LITERAL("\x02") },
	{ "refused-no-leaves.block", PART_BLOCK, 2, 1, MUSTER_E_FORMAT, "no leaves",
	  VIEW_LITERAL("\x00") },
	{ "refused-257-leaves.block", PART_BLOCK, 2, 1, MUSTER_E_FORMAT, "more than",
	  VIEW_LITERAL("\xcd\x01\x01") },
	{ "refused-left-over.block", PART_BLOCK, 9999, 0, MUSTER_E_FORMAT, "left over",
	  VIEW_LITERAL("\x00") },
	{ "refused-cut-short.footer", PART_FOOTER, 80, 999, MUSTER_E_FORMAT, "", { 0 } },
	{ "refused-version-2.footer", PART_FOOTER, 3, 1, MUSTER_E_UNSUPPORTED, "version 2",
	  VIEW_LITERAL("\x02") },
	{ "refused-algorithm-0.footer", PART_FOOTER, 62, 1, MUSTER_E_FORMAT, "unknown kind",
	  VIEW_LITERAL("\x00") },
	{ "refused-512-leaves.footer", PART_FOOTER, 63, 1, MUSTER_E_FORMAT, "count of blocks",
	  VIEW_LITERAL("\xcd\x02\x00") },
	{ "refused-2^64-leaves.footer", PART_FOOTER, 63, 1, MUSTER_E_LIMIT, "more than",
	  VIEW_LITERAL("\xcf\xff\xff\xff\xff\xff\xff\xff\xff") },
	{ "refused-totals.footer", PART_FOOTER, 64, 1, MUSTER_E_FORMAT, "totals",
	  VIEW_LITERAL("\x04") },
};

static struct view part_of(enum part part)
{
	switch (part) {
	case PART_CONTENT:
		return bytes_view(&example.content);
	case PART_PLACEMENT:
		return bytes_view(&example.placement);
	case PART_BLOCK:
		return bytes_view(&example.block);
	default:
		return bytes_view(&example.footer);
	}
}

static struct bytes break_part(const struct breakage *how)
{
	struct view part = part_of(how->part);
	size_t at = how->at < part.len ? how->at : part.len;
	size_t behind = at + how->drop < part.len ? at + how->drop : part.len;
	struct bytes broken = { 0 };

	bytes_append(&broken, part.ptr, at, NULL);
	bytes_append_view(&broken, how->bytes, NULL);
	bytes_append(&broken, part.ptr + behind, part.len - behind, NULL);
	return broken;
}

static enum muster_code leaf_read(struct view content, struct view placement,
				  struct muster_error *err)
{
	struct leaf_reader *reader;
	struct entry entry;
	enum muster_code code = leaf_reader_new(&reader, err);

	if (!code)
		code = leaf_reader_open(reader, content, placement, err);
	while (!code)
		code = leaf_reader_next(reader, &entry, err);
	leaf_reader_free(reader);
	return code;
}

static enum muster_code part_read(enum part part, struct view bytes, struct muster_error *err)
{
	struct leaf_record records[2];
	struct manifest_footer footer;
	struct bytes paths = { 0 };
	size_t count;
	enum muster_code code;

	switch (part) {
	case PART_CONTENT:
		return leaf_read(bytes, bytes_view(&example.placement), err);
	case PART_PLACEMENT:
		return leaf_read(bytes_view(&example.content), bytes, err);
	case PART_BLOCK:
		code = manifest_block_parse(bytes, records, 2, &count, &paths, err);
		bytes_release(&paths);
		return code;
	default:
		code = manifest_footer_parse(&footer, bytes, err);
		manifest_footer_release(&footer);
		return code;
	}
}

static void broken_bytes_are_refused_with_their_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(breakages) / sizeof(breakages[0]); i++) {
		const struct breakage *how = &breakages[i];
		const char *folder = how->part < PART_BLOCK ? "golden/leaf" : "golden/manifest";
		struct bytes broken = break_part(how), kept;
		struct muster_error err = { 0 };

		golden(folder, how->name, bytes_view(&broken));
		kept = file_read(folder, how->name);
		if (part_read(how->part, bytes_view(&kept), &err) != how->code ||
		    !strstr(err.message, how->reason))
			fail_msg("%s: code %d, '%s'", how->name, (int)err.code, err.message);
		bytes_release(&kept);
		bytes_release(&broken);
	}
}

/** A seed of the leaf fuzzer: length of the content, content, placement. */
static void leaf_seed(const char *name, struct view content, struct view placement)
{
	struct bytes seed = { 0 };
	uint8_t head[2] = { (uint8_t)content.len, (uint8_t)(content.len >> 8) };

	bytes_append(&seed, head, sizeof(head), NULL);
	bytes_append_view(&seed, content, NULL);
	bytes_append_view(&seed, placement, NULL);
	file_write("fuzz/corpus/leaf_fuzz", name, bytes_view(&seed));
	bytes_release(&seed);
}

/** A seed of the manifest fuzzer: which part, then its bytes. */
static void manifest_seed(const char *name, uint8_t part, struct view bytes)
{
	struct bytes seed = { 0 };

	bytes_append_byte(&seed, part, NULL);
	bytes_append_view(&seed, bytes, NULL);
	file_write("fuzz/corpus/manifest_fuzz", name, bytes_view(&seed));
	bytes_release(&seed);
}

static void seeds_are_written_from_the_same_bytes(void **state)
{
	struct view content = bytes_view(&example.content);
	struct view placement = bytes_view(&example.placement);
	struct view object = bytes_view(&example.object);

	(void)state;
	if (!is_update)
		return;
	leaf_seed("example", content, placement);
	leaf_seed("example.unplaced", content, (struct view){ 0 });
	manifest_seed("example.block", 0, bytes_view(&example.block));
	manifest_seed("example.footer", 1, bytes_view(&example.footer));
	manifest_seed(
		"example.trailer", 2,
		view_of(object.ptr + object.len - MANIFEST_TRAILER_BYTES, MANIFEST_TRAILER_BYTES));
	for (size_t i = 0; i < sizeof(breakages) / sizeof(breakages[0]); i++) {
		const struct breakage *how = &breakages[i];
		struct bytes broken = break_part(how);
		struct view bytes = bytes_view(&broken);

		if (how->part == PART_CONTENT)
			leaf_seed(how->name, bytes, placement);
		else if (how->part == PART_PLACEMENT)
			leaf_seed(how->name, content, bytes);
		else
			manifest_seed(how->name, how->part == PART_FOOTER, bytes);
		bytes_release(&broken);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stored_bytes_stay_as_they_are),
		cmocka_unit_test(the_artifact_digest_is_the_one_that_wandb_documents),
		cmocka_unit_test(broken_bytes_are_refused_with_their_reason),
		cmocka_unit_test(seeds_are_written_from_the_same_bytes),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: %s TESTS_FOLDER [--update]\n", argv[0]);
		return 2;
	}
	tests_dir = argv[1];
	is_update = argc > 2 && strcmp(argv[2], "--update") == 0;
	return cmocka_run_group_tests(tests, example_make, example_drop);
}
