#include "tests/artifact/format/stored.h"

#include "artifact/format/pack.h"
#include "tests/support/torture.h"

static const uint8_t repository_id[16] = "the repository!";
static const struct object_id pack_id = { "session of pack", 7 };

/* A key whose checksum is that of the bytes, so that a whole pack can be proved. */
static struct blob_key key_of(struct view blob, bool has_identity)
{
	struct blob_key key = { .algorithm = DIGEST_MD5, .size_bytes = blob.len };

	md5_of(blob, key.digest);
	xxh128_of(blob, key.checksum);
	key.has_identity = has_identity;
	if (has_identity)
		sha256_of(blob, key.identity);
	return key;
}

static struct blob_key random_key(uint64_t *seed)
{
	static const uint64_t sizes[] = { 0, 1, 127, 128, 4096, PACK_BLOB_MAX_BYTES, 1u << 31 };
	struct blob_key key = { .algorithm = DIGEST_MD5 };
	uint64_t choice = stored_random(seed) >> 32;

	stored_fill(seed, key.digest, DIGEST_BYTES);
	stored_fill(seed, key.checksum, CHECKSUM_BYTES);
	key.size_bytes = sizes[choice % 7];
	if (choice & 64)
		key.algorithm = DIGEST_XXH128;
	if (choice & 128) {
		key.has_identity = true;
		stored_fill(seed, key.identity, IDENTITY_BYTES);
	}
	return key;
}

static void add_blob(struct pack_directory *directory, struct bytes *out, struct view blob,
		     bool has_identity)
{
	struct blob_key key = key_of(blob, has_identity);

	assert_int_equal(bytes_append_view(out, blob, NULL), MUSTER_OK);
	assert_int_equal(pack_directory_add(directory, &key, NULL), MUSTER_OK);
}

/* Three blobs, one of them empty, one with an identity. */
static void shared_pack(struct bytes *out)
{
	struct pack_directory directory = { 0 };

	assert_int_equal(pack_begin(false, out, NULL), MUSTER_OK);
	add_blob(&directory, out, VIEW_LITERAL("hello\n"), false);
	add_blob(&directory, out, VIEW_LITERAL(""), false);
	add_blob(&directory, out, VIEW_LITERAL("with an identity\n"), true);
	assert_int_equal(pack_finish(&directory, false, repository_id, &pack_id, out, NULL),
			 MUSTER_OK);
	pack_directory_release(&directory);
}

static void single_pack(struct bytes *out)
{
	struct pack_directory directory = { 0 };

	assert_int_equal(pack_begin(true, out, NULL), MUSTER_OK);
	add_blob(&directory, out, VIEW_LITERAL("alone\n"), false);
	assert_int_equal(pack_finish(&directory, true, repository_id, &pack_id, out, NULL),
			 MUSTER_OK);
	pack_directory_release(&directory);
}

/* What `check` does with a whole pack: every byte is looked at. */
static enum muster_code prove_pack(struct view pack, struct muster_error *err)
{
	struct pack_trailer trailer;
	struct pack_blob *blobs = NULL;
	uint64_t end = 0;
	enum muster_code code;

	if (pack.len < PACK_TRAILER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "too short");
	code = pack_trailer_parse(
		&trailer, view_of(pack.ptr + pack.len - PACK_TRAILER_BYTES, PACK_TRAILER_BYTES),
		pack.len, err);
	if (!code)
		code = object_header_check(pack, "pack", PACK_VERSION, err);
	if (!code)
		code = pack_directory_parse(
			&blobs, &trailer,
			view_of(pack.ptr + trailer.directory_offset_bytes, trailer.directory_bytes),
			err);
	for (uint32_t i = 0; !code && i < trailer.blob_count; i++) {
		struct view blob =
			view_of(pack.ptr + blobs[i].offset_bytes, blobs[i].key.size_bytes);
		struct blob_key key = key_of(blob, blobs[i].key.has_identity);

		if (!blob_key_equal(&key, &blobs[i].key))
			code = muster_fail(err, MUSTER_E_DIGEST, "blob %u differs", i);
		end = blobs[i].offset_bytes + blobs[i].key.size_bytes;
	}
	for (; !code && end < trailer.directory_offset_bytes; end++)
		if (pack.ptr[end])
			code = muster_fail(err, MUSTER_E_FORMAT, "padding");
	for (end = OBJECT_HEADER_BYTES; !code && end < blobs[0].offset_bytes; end++)
		if (pack.ptr[end])
			code = muster_fail(err, MUSTER_E_FORMAT, "padding");
	free(blobs);
	return code;
}

static void a_key_is_all_of_its_parts(void **state)
{
	struct blob_key a = key_of(VIEW_LITERAL("x"), true);
	struct blob_key keys[6] = { a, a, a, a, a, a };

	(void)state;
	keys[1].digest[15]++;
	keys[2].size_bytes++;
	keys[3].checksum[15]++;
	keys[4].algorithm = DIGEST_XXH128;
	keys[5].identity[31]++;
	assert_true(blob_key_equal(&a, &keys[0]));
	assert_int_equal(blob_key_compare(&a, &keys[0]), 0);
	for (size_t i = 1; i < 6; i++) {
		assert_false(blob_key_equal(&a, &keys[i]));
		assert_true(blob_key_compare(&a, &keys[i]) < 0);
		assert_true(blob_key_compare(&keys[i], &a) > 0);
	}
}

static void keys_sort_by_digest_size_checksum_algorithm_identity(void **state)
{
	struct blob_key low = { .algorithm = DIGEST_MD5 }, high = { .algorithm = DIGEST_MD5 };

	(void)state;
	/* Each line makes `low` greater in a later part and smaller in an earlier one. */
	high.has_identity = true;
	assert_true(blob_key_compare(&low, &high) < 0);
	low.has_identity = true;
	low.identity[0] = 9;
	high.algorithm = DIGEST_XXH128;
	assert_true(blob_key_compare(&low, &high) < 0);
	low.algorithm = DIGEST_XXH128;
	high.algorithm = DIGEST_MD5;
	high.checksum[0] = 0x80; /* by bytes: no sign */
	assert_true(blob_key_compare(&low, &high) < 0);
	low.checksum[0] = 0xff;
	high.size_bytes = UINT64_C(1) << 63;
	assert_true(blob_key_compare(&low, &high) < 0);
	low.size_bytes = UINT64_MAX;
	high.digest[15] = 1;
	assert_true(blob_key_compare(&low, &high) < 0);
	low.digest[15] = 2;
	high.digest[0] = 1;
	assert_true(blob_key_compare(&low, &high) < 0);
}

static void checksums_sum_modulo_two_to_the_128(void **state)
{
	uint8_t sum[16] = { 0 }, all[16], one[16] = { [15] = 1 }, zero[16] = { 0 };
	uint8_t carry[16] = { [7] = 1 };

	(void)state;
	memset(all, 0xff, sizeof(all));
	checksum_sum_add(sum, all);
	assert_memory_equal(sum, all, 16);
	checksum_sum_add(sum, one);
	assert_memory_equal(sum, zero, 16);
	memset(sum + 8, 0xff, 8);
	checksum_sum_add(sum, one);
	assert_memory_equal(sum, carry, 16);
}

static void what_was_added_is_what_is_read(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (uint32_t count = 1; count <= 3000; count = count * 3 + 1) {
		struct pack_directory directory = { 0 };
		struct bytes out = { 0 };
		struct blob_key *keys = calloc(count, sizeof(*keys));
		struct pack_blob *blobs;
		struct pack_trailer trailer;
		uint64_t at = OBJECT_HEADER_BYTES;
		uint8_t sum[16] = { 0 };
		struct view end;

		assert_non_null(keys);
		for (uint32_t i = 0; i < count; i++) {
			keys[i] = random_key(&seed);
			checksum_sum_add(sum, keys[i].checksum);
			assert_int_equal(pack_directory_add(&directory, &keys[i], NULL), MUSTER_OK);
			assert_int_equal(directory.blob_count, i + 1);
		}
		assert_memory_equal(directory.checksum_sum, sum, 16);
		assert_int_equal(
			pack_finish(&directory, false, repository_id, &pack_id, &out, NULL),
			MUSTER_OK);
		end = view_of(out.ptr + out.len - PACK_TRAILER_BYTES, PACK_TRAILER_BYTES);
		assert_int_equal(
			pack_trailer_parse(&trailer, end,
					   OBJECT_HEADER_BYTES + directory.blob_bytes + out.len,
					   NULL),
			MUSTER_OK);
		assert_memory_equal(trailer.repository_id, repository_id, 16);
		assert_true(object_id_equal(&trailer.id, &pack_id));
		assert_int_equal(trailer.blob_count, count);
		assert_false(trailer.is_single);
		assert_int_equal(pack_directory_parse(&blobs, &trailer,
						      view_of(out.ptr, trailer.directory_bytes),
						      NULL),
				 MUSTER_OK);
		for (uint32_t i = 0; i < count; i++) {
			assert_true(blob_key_equal(&blobs[i].key, &keys[i]));
			assert_true(blobs[i].offset_bytes == at);
			at += keys[i].size_bytes;
		}
		free(blobs);
		free(keys);
		bytes_release(&out);
		pack_directory_release(&directory);
	}
}

static void a_single_blob_is_aligned_whatever_its_size(void **state)
{
	static const struct {
		uint64_t size_bytes, directory_offset_bytes;
	} cases[] = {
		{ 0, 4096 },
		{ 1, 8192 },
		{ 4096, 8192 },
		{ 4097, 12288 },
		{ UINT64_C(1) << 63, (UINT64_C(1) << 63) + 4096 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct blob_key key = { .algorithm = DIGEST_MD5,
					.size_bytes = cases[i].size_bytes };
		struct pack_directory directory = { 0 };
		struct pack_trailer trailer;
		struct pack_blob *blob;
		struct bytes out = { 0 };
		struct view end, records;

		assert_int_equal(pack_directory_add(&directory, &key, NULL), MUSTER_OK);
		assert_int_equal(pack_finish(&directory, true, repository_id, &pack_id, &out, NULL),
				 MUSTER_OK);
		end = view_of(out.ptr + out.len - PACK_TRAILER_BYTES, PACK_TRAILER_BYTES);
		assert_int_equal(pack_trailer_parse(&trailer, end,
						    PACK_ALIGN_BYTES + key.size_bytes + out.len,
						    NULL),
				 MUSTER_OK);
		assert_true(trailer.is_single);
		assert_true(trailer.directory_offset_bytes == cases[i].directory_offset_bytes);
		records = view_of(end.ptr - trailer.directory_bytes, trailer.directory_bytes);
		assert_int_equal(pack_directory_parse(&blob, &trailer, records, NULL), MUSTER_OK);
		assert_int_equal(blob->offset_bytes, PACK_ALIGN_BYTES);
		assert_true(blob->key.size_bytes == key.size_bytes);
		free(blob);
		bytes_release(&out);
		pack_directory_release(&directory);
	}
}

static void what_has_no_meaning_is_refused(void **state)
{
	struct blob_key key = key_of(VIEW_LITERAL("a"), false), text = key, huge = key;
	struct pack_directory none = { 0 }, two = { 0 };
	struct bytes out = { 0 };

	(void)state;
	text.algorithm = DIGEST_TEXT;
	huge.size_bytes = UINT64_MAX;
	assert_int_equal(pack_directory_add(&two, &text, NULL), MUSTER_E_USAGE);
	assert_int_equal(pack_directory_add(&two, &key, NULL), MUSTER_OK);
	assert_int_equal(pack_directory_add(&two, &huge, NULL), MUSTER_E_LIMIT);
	assert_int_equal(two.blob_count, 1);
	assert_int_equal(pack_directory_add(&two, &key, NULL), MUSTER_OK);
	assert_int_equal(pack_finish(&none, false, repository_id, &pack_id, &out, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(pack_finish(&two, true, repository_id, &pack_id, &out, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(out.len, 0);
	pack_directory_release(&two);
	assert_int_equal(pack_directory_add(&two, &huge, NULL), MUSTER_OK);
	assert_int_equal(pack_finish(&two, true, repository_id, &pack_id, &out, NULL),
			 MUSTER_E_LIMIT);
	pack_directory_release(&two);
}

static void a_pack_that_is_full_says_so(void **state)
{
	struct blob_key key = key_of(VIEW_LITERAL(""), false);
	struct pack_directory directory = { 0 };
	uint32_t count = 0;
	enum muster_code code;

	(void)state;
	while ((code = pack_directory_add(&directory, &key, NULL)) == MUSTER_OK)
		count++;
	assert_int_equal(code, MUSTER_FULL);
	assert_int_equal(count, PACK_MAX_BLOBS);
	pack_directory_release(&directory);
	key.has_identity = true;
	key.size_bytes = UINT32_MAX; /* records of 70 bytes reach the other limit first */
	while ((code = pack_directory_add(&directory, &key, NULL)) == MUSTER_OK)
		;
	assert_int_equal(code, MUSTER_FULL);
	assert_true(directory.encoded.len <= PACK_DIRECTORY_MAX_BYTES);
	assert_true(directory.encoded.len > PACK_DIRECTORY_MAX_BYTES - 128);
	pack_directory_release(&directory);
}

static void golden_packs_are_what_is_written(void **state)
{
	struct bytes shared = { 0 }, single = { 0 };

	(void)state;
	shared_pack(&shared);
	single_pack(&single);
	stored_is_golden("three-blobs.pack", bytes_view(&shared));
	stored_is_golden("single-blob.pack", bytes_view(&single));
	assert_int_equal(prove_pack(bytes_view(&shared), NULL), MUSTER_OK);
	assert_int_equal(prove_pack(bytes_view(&single), NULL), MUSTER_OK);
	bytes_release(&shared);
	bytes_release(&single);
}

/* ---- damage ---- */

static void reseal(uint8_t *pack, size_t len, bool directory_too)
{
	uint8_t *trailer = pack + len - PACK_TRAILER_BYTES;
	uint32_t directory_bytes = get_u32(trailer + 44);

	if (directory_too)
		xxh128_of(view_of(trailer - directory_bytes, directory_bytes), trailer + 56);
	xxh128_of(view_of(trailer, 72), trailer + 72);
}

static void every_flipped_bit_is_found(void **state)
{
	static const char *const names[] = { "three-blobs.pack", "single-blob.pack" };

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		struct view pack = stored_golden(names[n]);
		uint8_t *bytes = (uint8_t *)(uintptr_t)pack.ptr;

		for (size_t bit = 0; bit < pack.len * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (!muster_failed(prove_pack(pack, NULL)))
				fail_msg("%s: bit %zu of byte %zu", names[n], bit % 8, bit / 8);
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_int_equal(prove_pack(pack, NULL), MUSTER_OK);
		stored_free(pack);
	}
}

static void a_cut_pack_is_refused_at_every_byte(void **state)
{
	struct view pack = stored_golden("three-blobs.pack");

	(void)state;
	for (size_t len = 0; len < pack.len; len++) {
		struct view copy = stored_copy(pack.ptr, len);

		assert_true(muster_failed(prove_pack(copy, NULL)));
		stored_free(copy);
	}
	stored_free(pack);
}

static void a_cut_directory_is_refused_at_every_byte(void **state)
{
	struct view pack = stored_golden("three-blobs.pack");
	struct pack_trailer trailer;
	struct pack_blob *blobs;

	(void)state;
	assert_int_equal(pack_trailer_parse(&trailer,
					    view_of(pack.ptr + pack.len - PACK_TRAILER_BYTES,
						    PACK_TRAILER_BYTES),
					    pack.len, NULL),
			 MUSTER_OK);
	/* With a checksum and a length that fit, only the records themselves can say no. */
	for (uint32_t len = 0; len < trailer.directory_bytes; len++) {
		struct view copy = stored_copy(pack.ptr + trailer.directory_offset_bytes, len);
		struct pack_trailer shorter = trailer;

		shorter.directory_bytes = len;
		shorter.pack_bytes -= trailer.directory_bytes - len;
		xxh128_of(copy, shorter.directory_checksum);
		assert_int_equal(pack_directory_parse(&blobs, &shorter, copy, NULL),
				 MUSTER_E_FORMAT);
		assert_null(blobs);
		stored_free(copy);
	}
	stored_free(pack);
}

/* Sound checksums around one wrong field each; `at` counts from the trailer's begin. */
static const struct broken {
	const char *name;
	int at;
	size_t len;
	uint64_t value;
	enum muster_code code;
	const char *reason;
} broken_packs[] = {
	{ "refused-huge-count.pack", 40, 4, UINT32_MAX, MUSTER_E_LIMIT, "4294967295 blobs" },
	{ "refused-no-blobs.pack", 40, 4, 0, MUSTER_E_FORMAT, "0 blobs" },
	{ "refused-one-blob-more.pack", 40, 4, 4, MUSTER_E_FORMAT, "no directory of 4" },
	{ "refused-one-blob-less.pack", 40, 4, 2, MUSTER_E_FORMAT, "left over" },
	{ "refused-huge-directory.pack", 44, 4, UINT32_MAX, MUSTER_E_LIMIT, "4294967295 bytes" },
	{ "refused-directory-beyond-end.pack", 48, 8, 40, MUSTER_E_FORMAT, "does not end" },
	{ "refused-offset-overflow.pack", 48, 8, UINT64_MAX, MUSTER_E_FORMAT, "does not end" },
	{ "refused-unknown-flag.pack", 36, 4, 2, MUSTER_E_UNSUPPORTED, "flags 0x2" },
	{ "refused-single-of-three.pack", 36, 4, 1, MUSTER_E_FORMAT, "3 blobs" },
	{ "refused-next-version.pack", 95, 1, '2', MUSTER_E_UNSUPPORTED, "version" },
	{ "refused-no-magic.pack", 88, 1, 'x', MUSTER_E_FORMAT, "no pack ends here" },
	{ "refused-kind-text.pack", -134, 1, 0x00, MUSTER_E_FORMAT, "blob 0 has kind 0x00" },
	{ "refused-kind-unknown.pack", -134, 1, 0x41, MUSTER_E_FORMAT, "blob 0 has kind 0x41" },
	{ "refused-size-too-long.pack", -101, 1, 0xff, MUSTER_E_FORMAT, "ends behind" },
	{ "refused-size-too-short.pack", -101, 1, 5, MUSTER_E_FORMAT, "its blobs end at" },
};

/* Writes a broken pack's golden file anew. */
static void break_pack(const struct broken *broken)
{
	struct bytes pack = { 0 };
	uint8_t *field;
	char path[1024];

	shared_pack(&pack);
	field = pack.ptr + pack.len - PACK_TRAILER_BYTES + broken->at;
	for (size_t i = 0; i < broken->len; i++)
		field[i] = (uint8_t)(broken->value >> (8 * i));
	if (broken->at < 72)
		reseal(pack.ptr, pack.len, broken->at < 0);
	snprintf(path, sizeof(path), "%s/%s", STORED_GOLDEN_DIR, broken->name);
	stored_write(path, bytes_view(&pack));
	bytes_release(&pack);
}

static void golden_packs_that_must_be_refused_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken_packs) / sizeof(broken_packs[0]); i++) {
		const struct broken *broken = &broken_packs[i];
		struct muster_error err = { 0 };
		struct view pack;
		uint64_t allocations;

		if (stored_update)
			break_pack(broken);
		pack = stored_golden(broken->name);
		allocations = torture_allocations();
		if (prove_pack(pack, &err) != broken->code)
			fail_msg("%s: code %d: '%s'", broken->name, err.code, err.message);
		if (!strstr(err.message, broken->reason))
			fail_msg("%s: '%s' does not say '%s'", broken->name, err.message,
				 broken->reason);
		if (broken->code == MUSTER_E_LIMIT)
			assert_int_equal(torture_allocations(), allocations);
		stored_free(pack);
	}
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct pack_directory directory = { 0 };
		struct blob_key key = key_of(VIEW_LITERAL("x"), true);
		struct bytes out = { 0 };
		struct muster_error err = { 0 };
		struct pack_trailer trailer;
		struct pack_blob *blobs = NULL;
		enum muster_code code = MUSTER_OK;

		for (int i = 0; !code && i < 30; i++)
			code = pack_directory_add(&directory, &key, &err);
		if (!code)
			code = pack_begin(false, &out, &err);
		if (!code)
			code = pack_finish(&directory, false, repository_id, &pack_id, &out, &err);
		if (!code)
			code = pack_trailer_parse(
				&trailer,
				view_of(out.ptr + out.len - PACK_TRAILER_BYTES, PACK_TRAILER_BYTES),
				out.len + 30, &err);
		if (!code)
			code = pack_directory_parse(
				&blobs, &trailer,
				view_of(out.ptr + OBJECT_HEADER_BYTES, trailer.directory_bytes),
				&err);
		torture_off();
		assert_int_equal(code, torture_hit() ? MUSTER_E_MEMORY : MUSTER_OK);
		assert_int_equal(blobs != NULL, code == MUSTER_OK);
		free(blobs);
		bytes_release(&out);
		pack_directory_release(&directory);
		if (!torture_hit())
			break;
	}
}

static void adding_allocates_for_growth_only(void **state)
{
	struct pack_directory directory = { 0 };
	uint64_t seed = 3, before = torture_allocations();

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct blob_key key = random_key(&seed);

		assert_int_equal(pack_directory_add(&directory, &key, NULL), MUSTER_OK);
	}
	assert_true(torture_allocations() - before <= 24);
	pack_directory_release(&directory);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_all_of_its_parts),
		cmocka_unit_test(keys_sort_by_digest_size_checksum_algorithm_identity),
		cmocka_unit_test(checksums_sum_modulo_two_to_the_128),
		cmocka_unit_test(what_was_added_is_what_is_read),
		cmocka_unit_test(a_single_blob_is_aligned_whatever_its_size),
		cmocka_unit_test(what_has_no_meaning_is_refused),
		cmocka_unit_test(a_pack_that_is_full_says_so),
		cmocka_unit_test(golden_packs_are_what_is_written),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(a_cut_pack_is_refused_at_every_byte),
		cmocka_unit_test(a_cut_directory_is_refused_at_every_byte),
		cmocka_unit_test(golden_packs_that_must_be_refused_are),
		cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
		cmocka_unit_test(adding_allocates_for_growth_only),
	};

	stored_arguments(argc, argv);
	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
