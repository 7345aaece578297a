#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "artifact/entry.h"

static const struct entry file = {
	.path = VIEW_LITERAL("data/a.bin"),
	.algorithm = DIGEST_MD5,
	.fingerprint.digest = { 0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71, 0x9d,
				0x91, 0x10, 0x17, 0xc5, 0x92 },
	.size_bytes = 5,
	.has_size = true,
};

static const struct entry reference = {
	.path = VIEW_LITERAL("ref/obj.pb"),
	.algorithm = DIGEST_TEXT,
	.digest_text = VIEW_LITERAL("781e5e245d69b566979b86e28d23f2c7"),
	.ref = VIEW_LITERAL("s3://bkt/obj.pb"),
	.extra = VIEW_LITERAL("{\"etag\":\"x\"}"),
};

static void digest_text_is_base64_or_the_text_itself(void **state)
{
	char buf[ENTRY_DIGEST_BUF_BYTES];
	struct view text = entry_digest_text(&file, buf);

	(void)state;
	assert_true(view_equal(text, VIEW_LITERAL("XUFAKrxLKna5cZ2REBfFkg==")));
	assert_string_equal(buf, "XUFAKrxLKna5cZ2REBfFkg==");
	text = entry_digest_text(&reference, buf);
	assert_ptr_equal(text.ptr, reference.digest_text.ptr);
	assert_int_equal(text.len, 32);
}

static void digests_are_compared_as_text(void **state)
{
	struct entry a = file, b = file;

	(void)state;
	b.algorithm = DIGEST_XXH128;
	assert_true(entry_digest_equal(&a, &b));
	b.algorithm = DIGEST_TEXT;
	b.digest_text = VIEW_LITERAL("XUFAKrxLKna5cZ2REBfFkg==");
	assert_true(entry_digest_equal(&a, &b));
	assert_true(entry_digest_equal(&b, &a));
	b.digest_text = VIEW_LITERAL("XUFAKrxLKna5cZ2REBfFkg=");
	assert_false(entry_digest_equal(&a, &b));
	a.fingerprint.digest[15] ^= 1;
	assert_false(entry_digest_equal(&a, &file));
}

static void path_and_placement_are_not_content(void **state)
{
	struct entry a = reference, b = reference;

	(void)state;
	b.path = VIEW_LITERAL("other");
	b.is_placed = true;
	b.placement.ordinal = 7;
	b.size_bytes = 9; /* has_size is false: it means nothing */
	b.fingerprint.checksum[0] = 1;
	assert_true(entry_content_equal(&a, &b));
}

static void every_other_field_is_content(void **state)
{
	struct entry changed[10];
	const size_t count = sizeof(changed) / sizeof(changed[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		changed[i] = file;
	changed[0].fingerprint.digest[0] ^= 1;
	changed[1].algorithm = DIGEST_XXH128;
	changed[2].size_bytes = 6;
	changed[3].has_size = false;
	changed[4].has_checksum = true;
	changed[5].has_identity = true;
	changed[6].ref = VIEW_LITERAL("s3://b/k");
	changed[7].extra = VIEW_LITERAL("{\"a\":1}");
	changed[8].birth_artifact_id = VIEW_LITERAL("QXJ0");
	changed[9].algorithm = DIGEST_TEXT;
	changed[9].digest_text = VIEW_LITERAL("XUFAKrxLKna5cZ2REBfFkg==");
	for (size_t i = 0; i < count; i++) {
		assert_false(entry_content_equal(&file, &changed[i]));
		assert_false(entry_content_equal(&changed[i], &file));
		assert_true(entry_content_equal(&changed[i], &changed[i]));
	}
}

static void checksums_and_identities_count_where_they_are_known(void **state)
{
	struct entry a = file, b = file;

	(void)state;
	a.has_checksum = b.has_checksum = true;
	a.has_identity = b.has_identity = true;
	assert_true(entry_content_equal(&a, &b));
	b.fingerprint.checksum[15] = 1;
	assert_false(entry_content_equal(&a, &b));
	b = a;
	b.fingerprint.identity[31] = 1;
	assert_false(entry_content_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_text_is_base64_or_the_text_itself),
		cmocka_unit_test(digests_are_compared_as_text),
		cmocka_unit_test(path_and_placement_are_not_content),
		cmocka_unit_test(every_other_field_is_content),
		cmocka_unit_test(checksums_and_identities_count_where_they_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
