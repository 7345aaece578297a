/* A base with changes is, byte by byte, the version made of all entries one by one; and of the base
 * only what is needed is read. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/manifest/version_edit.h"
#include "io/store/count.h"
#include "io/store/memory.h"

#define TEXT_BYTES                                                                                 \
	700 /* of a reference: leaves of some twenty entries, so that blocks are many              \
	     */

static struct object_id next_object;

static enum muster_code next_id(void *state, struct object_id *out, struct muster_error *err)
{
	(void)state;
	(void)err;
	*out = next_object;
	next_object.number++;
	return MUSTER_OK;
}

static uint64_t random_u32(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* Entry n of a version in which it was given this salt; placed in pack n / 1000. */
struct made {
	char path[64], text[TEXT_BYTES];
	struct entry entry;
};

static const struct entry *make(struct made *made, uint32_t n, uint8_t salt)
{
	uint64_t seed = n * UINT64_C(77) + salt;

	snprintf(made->path, sizeof(made->path), "d%03u/f%07u", n / 200, n);
	made->entry = (struct entry){ .path = view_text(made->path),
				      .algorithm = DIGEST_MD5,
				      .size_bytes = n,
				      .has_size = true,
				      .has_checksum = true,
				      .is_placed = n % 7 != 0 };
	md5_of(view_of(&seed, sizeof(seed)), made->entry.fingerprint.digest);
	xxh128_of(view_of(&seed, sizeof(seed)), made->entry.fingerprint.checksum);
	memset(made->text, 'a' + n % 26, sizeof(made->text));
	if (n % 3 == 0)
		made->entry.ref = view_of(made->text, 200 + n % 500);
	else
		made->entry.birth_artifact_id = view_of(made->text, 200 + n % 500);
	if (made->entry.is_placed)
		made->entry.placement = (struct placement){ .pack = { .number = n / 1000 },
							    .pack_bytes = 5000,
							    .ordinal = n % 1000 };
	return &made->entry;
}

/* Which of the entries 0 … max - 1 there are: 0 none, else the salt. */
struct population {
	uint8_t *salts;
	uint32_t max;
};

static struct version_writer *open_writer(struct store *store, enum digest_algorithm algorithm,
					  struct version_reader *shared)
{
	struct version_writer_options options = { .algorithm = algorithm,
						  .next_id = next_id,
						  .base = shared };
	struct version_writer *writer;

	assert_int_equal(version_writer_open(&writer, store, &options, NULL), MUSTER_OK);
	return writer;
}

static struct manifest_pointer close_writer(struct version_writer *writer,
					    struct version_counts *counts)
{
	const struct manifest_footer *footer;
	struct manifest_pointer pointer = { 0 };
	struct muster_error err = { 0 };

	if (version_writer_complete(writer, &footer, &err) ||
	    version_writer_write(writer, NULL, NULL, &pointer, &err))
		fail_msg("%s", err.message);
	if (counts)
		*counts = version_writer_counts(writer);
	version_writer_close(writer);
	return pointer;
}

static struct manifest_pointer write_plain(struct store *store, enum digest_algorithm algorithm,
					   const struct population *who)
{
	struct version_writer *writer = open_writer(store, algorithm, NULL);
	struct muster_error err = { 0 };
	struct made made;

	for (uint32_t n = 0; n < who->max; n++)
		if (who->salts[n] &&
		    version_writer_add(writer, make(&made, n, who->salts[n]), &err))
			fail_msg("entry %u: %s", n, err.message);
	return close_writer(writer, NULL);
}

static struct version_reader *open_version(struct store *store,
					   const struct manifest_pointer *pointer)
{
	struct version_reader_options options = { .with_placement = true };
	struct version_reader *reader;
	struct muster_error err = { 0 };

	if (version_reader_open(&reader, store, pointer, &options, &err))
		fail_msg("%s", err.message);
	return reader;
}

/* What differs is put; `decoded` counts leaves. Where placements may change, no leaf is shared by
 * its content, which does not tell them. */
static struct manifest_pointer write_edited(struct store *store, enum digest_algorithm algorithm,
					    const struct manifest_pointer *base_pointer,
					    const struct population *before,
					    const struct population *after,
					    const struct version_edit_options *options,
					    struct version_counts *counts, uint64_t *decoded)
{
	struct version_reader *base = open_version(store, base_pointer);
	struct version_reader *shared = open_version(store, base_pointer);
	struct version_writer *writer = open_writer(store, algorithm, options ? NULL : shared);
	struct manifest_pointer pointer;
	struct muster_error err = { 0 };
	struct version_edit *edit;
	struct made made;

	assert_int_equal(version_edit_open(&edit, base, writer, options, &err), MUSTER_OK);
	for (uint32_t n = 0; n < after->max; n++)
		if (after->salts[n] != before->salts[n] &&
		    version_edit_put(edit, make(&made, n, after->salts[n]), &err))
			fail_msg("entry %u: %s", n, err.message);
	if (version_edit_finish(edit, &err))
		fail_msg("%s", err.message);
	version_edit_close(edit);
	pointer = close_writer(writer, counts);
	*decoded = cursor_leaves_decoded(version_reader_cursor(base));
	version_reader_close(shared);
	version_reader_close(base);
	return pointer;
}

static void assert_same_fences(const struct manifest_footer *a, const struct manifest_footer *b)
{
	assert_int_equal(a->fence_count, b->fence_count);
	for (size_t i = 0; i < a->fence_count; i++) {
		const struct manifest_fence *x = &a->fences[i], *y = &b->fences[i];

		assert_true(view_equal(x->first_path, y->first_path));
		assert_int_equal(x->leaf_count, y->leaf_count);
		assert_int_equal(x->entry_count, y->entry_count);
		assert_int_equal(x->reference_count, y->reference_count);
		assert_memory_equal(x->digest_state.word, y->digest_state.word,
				    sizeof(x->digest_state.word));
		assert_int_equal(x->digest_state.length_bytes, y->digest_state.length_bytes);
		assert_memory_equal(x->digest_state.tail, y->digest_state.tail,
				    sizeof(x->digest_state.tail));
	}
}

static void assert_same_leaves(struct version_reader *a, struct version_reader *b)
{
	const struct leaf_record *x, *y;

	while (version_reader_seam(a, &x, NULL) == MUSTER_OK) {
		assert_int_equal(version_reader_seam(b, &y, NULL), MUSTER_OK);
		assert_true(view_equal(x->first_path, y->first_path));
		assert_memory_equal(x->content_sha256, y->content_sha256, 32);
		assert_memory_equal(x->placement_checksum, y->placement_checksum, 16);
		assert_int_equal(x->entry_count, y->entry_count);
		assert_int_equal(x->size_bytes, y->size_bytes);
		cursor_skip_leaf(version_reader_cursor(a));
		cursor_skip_leaf(version_reader_cursor(b));
	}
	assert_int_equal(version_reader_seam(b, &y, NULL), MUSTER_END);
}

static void assert_same_entries(struct version_reader *a, struct version_reader *b)
{
	struct entry x, y;

	version_reader_seek(a, VIEW_LITERAL(""));
	version_reader_seek(b, VIEW_LITERAL(""));
	while (version_reader_next(a, &x, NULL) == MUSTER_OK) {
		assert_int_equal(version_reader_next(b, &y, NULL), MUSTER_OK);
		assert_true(view_equal(x.path, y.path) && entry_content_equal(&x, &y));
		assert_int_equal(x.is_placed, y.is_placed);
		assert_memory_equal(&x.placement.pack, &y.placement.pack, sizeof(x.placement.pack));
		assert_int_equal(x.placement.ordinal, y.placement.ordinal);
	}
	assert_int_equal(version_reader_next(b, &y, NULL), MUSTER_END);
}

static void assert_same_version(struct store *store, const struct manifest_pointer *plain,
				const struct manifest_pointer *edited)
{
	struct version_reader *a = open_version(store, plain), *b = open_version(store, edited);
	const struct manifest_footer *x = version_reader_footer(a), *y = version_reader_footer(b);

	assert_memory_equal(x->artifact_digest, y->artifact_digest, 16);
	assert_memory_equal(x->content_root, y->content_root, 32);
	assert_int_equal(x->entry_count, y->entry_count);
	assert_int_equal(x->leaf_count, y->leaf_count);
	assert_int_equal(x->reference_count, y->reference_count);
	assert_int_equal(x->size_bytes, y->size_bytes);
	assert_same_fences(x, y);
	assert_same_leaves(a, b);
	assert_same_entries(a, b);
	version_reader_close(b);
	version_reader_close(a);
}

/* --- random bases and changes ----------------------------------------------------------------- */

static struct population population_new(uint32_t max)
{
	struct population who = { calloc(max + 1, 1), max };

	assert_non_null(who.salts);
	return who;
}

/* Every second number, so that others can go between and around. */
static struct population random_base(uint32_t max)
{
	struct population who = population_new(max);

	for (uint32_t n = 1; n + 1 < max; n += 2)
		who.salts[n] = 1;
	return who;
}

enum edit_kind { NONE, FIRST, LAST, BOTH_ENDS, REPLACE_LAST, ONE, SOME, MANY, A_RANGE, KINDS };

static void change(struct population *who, enum edit_kind kind, uint64_t *seed)
{
	uint32_t max = who->max, count = kind == SOME ? 20 : kind == MANY ? max / 3 : kind == ONE;
	uint32_t begin;

	if (max == 0)
		return;
	begin = (uint32_t)(random_u32(seed) % max);
	if (kind == FIRST || kind == BOTH_ENDS)
		who->salts[0] = 2;
	if (kind == LAST || kind == BOTH_ENDS)
		who->salts[max - 1] = 2;
	if (kind == REPLACE_LAST && max > 2)
		who->salts[max % 2 ? max - 2 : max - 3] = 2;
	for (uint32_t i = 0; i < count; i++)
		who->salts[random_u32(seed) % max] = 2;
	for (uint32_t i = 0; kind == A_RANGE && i < 700 && begin + i < max; i++)
		who->salts[begin + i] = 3;
}

static void an_edited_version_is_the_one_made_of_its_entries(void **state)
{
	static const uint32_t maxima[] = { 0, 1, 3, 50, 900, 30000 };
	uint64_t seed = 11, decoded;

	(void)state;
	for (size_t m = 0; m < sizeof(maxima) / sizeof(maxima[0]); m++) {
		enum digest_algorithm algorithm = m == 4 ? DIGEST_XXH128 : DIGEST_MD5;
		struct population before = random_base(maxima[m]);
		struct manifest_pointer base;
		struct store *store;

		assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
		base = write_plain(store, algorithm, &before);
		for (int kind = NONE; kind < KINDS; kind++) {
			struct population after = population_new(maxima[m]);
			struct manifest_pointer plain, edited;
			struct version_counts counts;

			if (maxima[m])
				memcpy(after.salts, before.salts, maxima[m]);
			change(&after, (enum edit_kind)kind, &seed);
			plain = write_plain(store, algorithm, &after);
			edited = write_edited(store, algorithm, &base, &before, &after, NULL,
					      &counts, &decoded);
			assert_same_version(store, &plain, &edited);
			if (kind == NONE)
				assert_int_equal(counts.new_leaf_count, 0);
			free(after.salts);
		}
		free(before.salts);
		store_free(store);
	}
}

/* --- what is read ----------------------------------------------------------------------------- */

static uint64_t reads_of(struct store *store)
{
	struct store_counts counts;

	store_count_read(store, &counts);
	return counts.read.call_count;
}

/* Of the block of the change and all behind it each leaf is decoded once, and nothing before. */
static void leaves_before_the_block_of_a_change_are_not_read(void **state)
{
	struct population before = random_base(140000), after = random_base(140000);
	struct manifest_pointer base, edited;
	const struct manifest_footer *footer;
	struct store *memory, *store;
	struct version_reader *reader;
	uint64_t leaf_count, block_count, decoded, reads;

	(void)state;
	assert_int_equal(store_memory_new(&memory, NULL), MUSTER_OK);
	assert_int_equal(store_count_new(&store, memory, NULL), MUSTER_OK);
	base = write_plain(store, DIGEST_MD5, &before);
	reader = open_version(store, &base);
	footer = version_reader_footer(reader);
	leaf_count = footer->leaf_count;
	block_count = footer->fence_count;
	version_reader_close(reader);
	assert_in_range(leaf_count, 1500, 4000);
	for (uint32_t tenth = 0; tenth < 10; tenth++) {
		uint32_t n = tenth * 14000 + 7001;
		struct version_counts counts;
		uint64_t before_reads, blocks_before = block_count * (tenth * 10 + 5) / 100;
		uint64_t unread =
			blocks_before > 1 ? (blocks_before - 1) * MANIFEST_BLOCK_LEAVES : 0;

		after.salts[n] = 9;
		before_reads = reads_of(store);
		edited = write_edited(store, DIGEST_MD5, &base, &before, &after, NULL, &counts,
				      &decoded);
		reads = reads_of(store) - before_reads;
		assert_true(decoded <= leaf_count - unread);
		assert_in_range(counts.new_leaf_count, 1, 4);
		/* Blocks and footers; who looks for leaves to share reads a block again. */
		assert_true(reads <= decoded + 2 * block_count + 8);
		after.salts[n] = 1;
	}
	after.salts[139999] =
		9; /* behind the last: the last block is digested, the last leaf cut anew */
	edited = write_edited(store, DIGEST_MD5, &base, &before, &after, NULL, NULL, &decoded);
	(void)edited;
	assert_true(decoded <= MANIFEST_BLOCK_LEAVES);
	free(after.salts);
	free(before.salts);
	store_free(store);
}

/* --- packs that are gone ---------------------------------------------------------------------- */

struct judge {
	uint32_t lost_pack;
	uint64_t pack_asked_count, entry_asked_count, moved_count;
};

static bool may_rely_on(void *state, const struct object_id *pack, uint64_t pack_bytes)
{
	struct judge *judge = state;

	assert_int_equal(pack_bytes, 5000);
	judge->pack_asked_count++;
	return pack->number != judge->lost_pack;
}

static enum muster_code move_away(void *state, struct entry *entry, struct muster_error *err)
{
	struct judge *judge = state;

	(void)err;
	judge->entry_asked_count++;
	if (entry->is_placed && entry->placement.pack.number == judge->lost_pack) {
		entry->placement.pack.number = 900;
		judge->moved_count++;
	}
	return MUSTER_OK;
}

static void entries_of_leaves_with_a_lost_pack_are_asked_for_one_by_one(void **state)
{
	struct population before = random_base(60000), after = random_base(60000);
	struct judge judge = { .lost_pack = 20 };
	struct version_edit_options options = { .may_rely_on = may_rely_on,
						.take_over = move_away,
						.state = &judge };
	struct manifest_pointer base, edited;
	struct version_reader *reader;
	uint64_t decoded, found_count = 0;
	struct version_counts counts;
	struct store *store;
	struct entry entry;
	uint32_t n = 1;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	base = write_plain(store, DIGEST_MD5, &before);
	after.salts[55001] = 5;
	edited = write_edited(store, DIGEST_MD5, &base, &before, &after, &options, &counts,
			      &decoded);
	assert_int_equal(judge.moved_count, 500 - 71);
	assert_in_range(judge.entry_asked_count, judge.moved_count, 1000);
	reader = open_version(store, &edited);
	while (version_reader_next(reader, &entry, NULL) == MUSTER_OK) {
		struct made made;
		const struct entry *expected = make(&made, n, after.salts[n]);

		assert_true(view_equal(entry.path, expected->path));
		assert_true(entry_content_equal(&entry, expected));
		if (entry.is_placed) {
			assert_int_not_equal(entry.placement.pack.number, 20);
			found_count += entry.placement.pack.number == 900;
		}
		n += 2;
	}
	assert_int_equal(found_count, judge.moved_count);
	version_reader_close(reader);
	free(after.salts);
	free(before.salts);
	store_free(store);
}

/* The third call is refused once, as by a pack that is still open. */
static enum muster_code busy_once(void *state, struct entry *entry, struct muster_error *err)
{
	uint64_t *count = state;

	(void)entry;
	(void)err;
	return ++*count == 3 ? MUSTER_FULL : MUSTER_OK;
}

static void a_refused_call_may_be_made_again(void **state)
{
	struct population before = random_base(900);
	uint64_t count = 0;
	struct version_edit_options options = { .take_over = busy_once, .state = &count };
	struct manifest_pointer plain, base, edited;
	struct version_reader *reader;
	struct version_writer *writer;
	struct version_edit *edit;
	struct store *store;
	struct made made;

	(void)state;
	assert_int_equal(store_memory_new(&store, NULL), MUSTER_OK);
	base = write_plain(store, DIGEST_MD5, &before);
	before.salts[8] = 4;
	plain = write_plain(store, DIGEST_MD5, &before);
	reader = open_version(store, &base);
	writer = open_writer(store, DIGEST_MD5, NULL);
	assert_int_equal(version_edit_open(&edit, reader, writer, &options, NULL), MUSTER_OK);
	assert_int_equal(version_edit_put(edit, make(&made, 8, 4), NULL), MUSTER_FULL);
	assert_int_equal(version_edit_put(edit, make(&made, 8, 4), NULL), MUSTER_OK);
	assert_int_equal(version_edit_finish(edit, NULL), MUSTER_OK);
	version_edit_close(edit);
	edited = close_writer(writer, NULL);
	version_reader_close(reader);
	assert_same_version(store, &plain, &edited);
	free(before.salts);
	store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edited_version_is_the_one_made_of_its_entries),
		cmocka_unit_test(leaves_before_the_block_of_a_change_are_not_read),
		cmocka_unit_test(entries_of_leaves_with_a_lost_pack_are_asked_for_one_by_one),
		cmocka_unit_test(a_refused_call_may_be_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
