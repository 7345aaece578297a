#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "artifact/digest.h"
#include "base/text/encode.h"
#include "tests/support/torture.h"

#define HELLO	  "XUFAKrxLKna5cZ2REBfFkg=="
#define HELLO_XXH "tenBrQcbPn/Hec+qXlI4GA=="
#define EMPTY	  "1B2M2Y8AsgTpgAmY7PhCfg=="

/* One entry by its texts: base64 of 16 bytes becomes a digest, all else a text. */
struct line {
	const char *path, *digest;
};

static struct entry entry_of(const struct line *line)
{
	struct entry entry = { .path = view_text(line->path), .algorithm = DIGEST_MD5 };
	struct view text = view_text(line->digest);

	if (!base64_decode(entry.fingerprint.digest, DIGEST_BYTES, text)) {
		entry.algorithm = DIGEST_TEXT;
		entry.digest_text = text;
	}
	return entry;
}

static void add_lines(struct artifact_digest *digest, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct entry entry = entry_of(&lines[i]);

		artifact_digest_add(digest, &entry);
	}
}

static void end_hex(struct artifact_digest *digest, char hex[ARTIFACT_DIGEST_HEX_BYTES])
{
	uint8_t out[DIGEST_BYTES];

	artifact_digest_end(digest, out);
	artifact_digest_hex(out, hex);
}

/* The examples of W&B's own tests, and others that were computed independently of this program. */
static const struct example {
	enum digest_algorithm algorithm;
	const char *digest;
	struct line lines[7];
} examples[] = {
	{ DIGEST_MD5, "64e7c61456b10382e2f3b571ac24b659", { { 0 } } },
	{ DIGEST_MD5, "a00c2239f036fb656c1dcbf9a32d89b4", { { "file1.txt", HELLO } } },
	{ DIGEST_MD5, "a757208d042e8627b2970d72a71bed5b", { { "subdir/file1.txt", HELLO } } },
	{ DIGEST_MD5,
	  "72414374bfd4b0f60a116e7267845f71",
	  { { "file1.txt", HELLO },
	    { "nest/file2.txt", "aGTzidmHZDa8h3j/Bx0bbA==" },
	    { "nest/nest/file3.txt", "E7c+2uhEOZC+GqjxpIO8Jw==" } } },
	{ DIGEST_MD5,
	  "f718baf2d4c910dc6ccd0d9c586fa00f",
	  { { "top/file1.txt", HELLO },
	    { "top/nest/file2.txt", "aGTzidmHZDa8h3j/Bx0bbA==" },
	    { "top/nest/nest/file3.txt", "E7c+2uhEOZC+GqjxpIO8Jw==" } } },
	{ DIGEST_MD5,
	  "410ade94865e89ebe1f593f4379ac228",
	  { { "ref", "ref://example.com/somefile.txt" } } },
	{ DIGEST_MD5, "48237ccc050a88af9dcd869dd5a7e9f4", { { "file1.txt", "abc" } } },
	{ DIGEST_MD5,
	  "8aec0d6978da8c2b0bf5662b3fd043a4",
	  { { "my_object.pb", "1234567890abcde" } } },
	{ DIGEST_MD5, "5bfd62f9e7815238a462db8dcfe5c464", { { "empty.bin", EMPTY } } },
	{ DIGEST_MD5,
	  "13b93e169846a15c9b1d17ddc5d8ad54",
	  { { "data/a.bin", HELLO },
	    { "data/empty", EMPTY },
	    { "ref/obj.pb", "781e5e245d69b566979b86e28d23f2c7" } } },
	{ DIGEST_MD5, /* contents "2", "5", "1", "4", "3", "7", "6" */
	  "5f782fe376e8767ab6b78328d3e26669",
	  { { "B.txt", "yB5yjZ1ML2NvBn+JzBSGLA==" },
	    { "a-b", "5No7f7vOI0XXdysGdKMY1Q==" },
	    { "a.txt", "xMpCOKC5I4INzFCab3WEmw==" },
	    { "a/b", "qH/2eaLz5x2RgaZ7dUISLA==" },
	    { "\xc3\xa9.txt", "7MvIfktc4v4oMI/Z8qe68w==" },
	    { "\xef\xbd\x9e", "jxTkX87qFnpaNt7dS+olQw==" },
	    { "\xf0\x9f\x98\x80", "FnkJHFqID69vteYIfrGy3A==" } } },
	{ DIGEST_XXH128, "f13c5dd8602ab5d18a0c87ce730a735e", { { 0 } } },
	{ DIGEST_XXH128, "fe0d6c1a25b6d98451da9b04ebf6d80c", { { "file1.txt", HELLO_XXH } } },
	{ DIGEST_XXH128, "db139340fb6c96baea7b5a9764d55b2c", { { "file1.txt", HELLO } } },
	{ DIGEST_XXH128,
	  "68d532b5d8435c17549c4a49bff00caa",
	  { { "md5.txt", HELLO }, { "xxh.txt", HELLO_XXH } } },
};

static size_t example_count(const struct example *example)
{
	size_t count = 0;

	while (count < 7 && example->lines[count].path)
		count++;
	return count;
}

static void digests_equal_those_of_wandb(void **state)
{
	struct artifact_digest digest = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		char hex[ARTIFACT_DIGEST_HEX_BYTES];

		assert_int_equal(artifact_digest_begin(&digest, examples[i].algorithm, NULL), 0);
		add_lines(&digest, examples[i].lines, example_count(&examples[i]));
		end_hex(&digest, hex);
		assert_string_equal(hex, examples[i].digest);
	}
	artifact_digest_release(&digest);
}

/* The buffer is the stream as long as it was not flushed. */
static void hashed_bytes_are_header_and_a_line_per_entry(void **state)
{
	static const char expected[] = "wandb-artifact-manifest-v1\n"
				       "data/a.bin:" HELLO "\n"
				       "data/empty:" EMPTY "\n"
				       "ref/obj.pb:781e5e245d69b566979b86e28d23f2c7\n";
	struct artifact_digest digest = { 0 };

	(void)state;
	assert_int_equal(sizeof(expected) - 1, 143);
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_MD5, NULL), 0);
	add_lines(&digest, examples[9].lines, 3);
	assert_int_equal(digest.used_bytes, 143);
	assert_memory_equal(digest.buffer, expected, 143);
	artifact_digest_release(&digest);
}

static void ending_starts_anew(void **state)
{
	static const enum digest_algorithm algorithms[] = { DIGEST_MD5, DIGEST_XXH128 };
	static const struct line line = { "file1.txt", HELLO };
	struct artifact_digest digest = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t first[DIGEST_BYTES], second[DIGEST_BYTES];

		assert_int_equal(artifact_digest_begin(&digest, algorithms[i], NULL), 0);
		add_lines(&digest, &line, 1);
		artifact_digest_end(&digest, first);
		add_lines(&digest, &line, 1);
		artifact_digest_end(&digest, second);
		assert_memory_equal(first, second, DIGEST_BYTES);
	}
	artifact_digest_release(&digest);
}

static void text_algorithm_is_refused(void **state)
{
	struct artifact_digest digest = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_TEXT, &err), MUSTER_E_USAGE);
	artifact_digest_release(&digest);
}

/* Entry `index` of a stream whose lines have every length from 3 to over one buffer. */
static struct entry nth_entry(uint32_t index, uint8_t *path)
{
	size_t len = index % 97 == 96 ? ENTRY_PATH_MAX_BYTES : 1 + index * 7 % 131;
	struct entry entry = { .path = view_of(path, len) };

	memset(path, 'a' + (int)(index % 26), len);
	if (index % 3) {
		entry.algorithm = DIGEST_MD5;
		memset(entry.fingerprint.digest, (int)index, DIGEST_BYTES);
	} else {
		entry.digest_text = view_of("0123456789", index % 11);
	}
	return entry;
}

#define STREAM_ENTRIES 400

static void add_range(struct artifact_digest *digest, uint32_t from, uint32_t to)
{
	uint8_t path[ENTRY_PATH_MAX_BYTES];

	for (uint32_t i = from; i < to; i++) {
		struct entry entry = nth_entry(i, path);

		artifact_digest_add(digest, &entry);
	}
}

/* The same bytes in one piece, hashed in one call. */
static void md5_of_stream(uint32_t entry_count, uint8_t out[DIGEST_BYTES])
{
	uint8_t path[ENTRY_PATH_MAX_BYTES];
	struct bytes all = { 0 };

	bytes_append_text(&all, "wandb-artifact-manifest-v1\n", NULL);
	for (uint32_t i = 0; i < entry_count; i++) {
		char buf[ENTRY_DIGEST_BUF_BYTES];
		struct entry entry = nth_entry(i, path);

		bytes_append_view(&all, entry.path, NULL);
		bytes_append_byte(&all, ':', NULL);
		bytes_append_view(&all, entry_digest_text(&entry, buf), NULL);
		bytes_append_byte(&all, '\n', NULL);
	}
	md5_of(bytes_view(&all), out);
	bytes_release(&all);
}

static void long_streams_equal_one_hash_over_all_bytes(void **state)
{
	struct artifact_digest digest = { 0 };
	uint8_t streamed[DIGEST_BYTES], whole[DIGEST_BYTES];

	(void)state;
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_MD5, NULL), 0);
	for (uint32_t count = 0; count <= STREAM_ENTRIES; count += 8) {
		add_range(&digest, 0, count);
		artifact_digest_end(&digest, streamed);
		md5_of_stream(count, whole);
		assert_memory_equal(streamed, whole, DIGEST_BYTES);
	}
	artifact_digest_release(&digest);
}

static void saved_state_resumes_behind_every_entry(void **state)
{
	struct artifact_digest digest = { 0 }, resumed = { 0 };
	uint8_t expected[DIGEST_BYTES], out[DIGEST_BYTES];
	bool lengths_seen[64] = { false };

	(void)state;
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_MD5, NULL), 0);
	assert_int_equal(artifact_digest_begin(&resumed, DIGEST_MD5, NULL), 0);
	md5_of_stream(STREAM_ENTRIES, expected);
	for (uint32_t at = 0; at <= STREAM_ENTRIES; at++) {
		struct md5_state saved;

		artifact_digest_save(&digest, &saved);
		lengths_seen[saved.length_bytes % 64] = true;
		add_range(&resumed, at, at + 3); /* forgotten by the resume */
		assert_int_equal(artifact_digest_resume(&resumed, &saved, NULL), 0);
		add_range(&resumed, at, STREAM_ENTRIES);
		artifact_digest_end(&resumed, out);
		assert_memory_equal(out, expected, DIGEST_BYTES);
		if (at < STREAM_ENTRIES)
			add_range(&digest, at, at + 1);
	}
	for (size_t i = 0; i < 64; i++)
		assert_true(lengths_seen[i]); /* every fill of the last block was resumed from */
	artifact_digest_end(&digest, out);
	assert_memory_equal(out, expected, DIGEST_BYTES);
	artifact_digest_release(&resumed);
	artifact_digest_release(&digest);
}

static void equal_streams_give_equal_states_however_they_were_saved(void **state)
{
	struct artifact_digest often = { 0 }, once = { 0 };
	struct md5_state a, b;

	(void)state;
	assert_int_equal(artifact_digest_begin(&often, DIGEST_MD5, NULL), 0);
	assert_int_equal(artifact_digest_begin(&once, DIGEST_MD5, NULL), 0);
	for (uint32_t i = 0; i < STREAM_ENTRIES; i++) {
		add_range(&often, i, i + 1);
		artifact_digest_save(&often, &a);
	}
	add_range(&once, 0, STREAM_ENTRIES);
	artifact_digest_save(&once, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	artifact_digest_release(&once);
	artifact_digest_release(&often);
}

/* 2^32 bits is where the length of MD5 spills into its second word. */
static void states_of_huge_streams_keep_their_length(void **state)
{
	static const uint64_t lengths[] = { 27, (1ull << 29) - 1, 1ull << 29, (1ull << 61) - 64 };
	struct artifact_digest digest = { 0 };

	(void)state;
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_MD5, NULL), 0);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct md5_state in = { .word = { 1, 2, 3, 4 }, .length_bytes = lengths[i] };
		struct md5_state out;

		assert_int_equal(artifact_digest_resume(&digest, &in, NULL), 0);
		add_range(&digest, 1, 2); /* a line of 34 bytes */
		artifact_digest_save(&digest, &out);
		assert_int_equal(out.length_bytes, lengths[i] + 34);
	}
	artifact_digest_release(&digest);
}

static void impossible_states_are_refused(void **state)
{
	static const uint64_t lengths[] = { 0, 26, 1ull << 61, UINT64_MAX };
	struct artifact_digest digest = { 0 };
	struct md5_state saved = { .length_bytes = 27 };
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_MD5, &err), 0);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		saved.length_bytes = lengths[i];
		assert_int_equal(artifact_digest_resume(&digest, &saved, &err), MUSTER_E_FORMAT);
	}
	saved.length_bytes = 27;
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_XXH128, &err), 0);
	assert_int_equal(artifact_digest_resume(&digest, &saved, &err), MUSTER_E_USAGE);
	artifact_digest_save(&digest, &saved);
	assert_int_equal(saved.length_bytes, 0);
	artifact_digest_release(&digest);
}

static void adding_allocates_nothing(void **state)
{
	struct artifact_digest digest = { 0 };
	uint64_t before;

	(void)state;
	assert_int_equal(artifact_digest_begin(&digest, DIGEST_MD5, NULL), 0);
	before = torture_allocations();
	add_range(&digest, 0, STREAM_ENTRIES);
	assert_int_equal(torture_allocations(), before);
	artifact_digest_release(&digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_equal_those_of_wandb),
		cmocka_unit_test(hashed_bytes_are_header_and_a_line_per_entry),
		cmocka_unit_test(ending_starts_anew),
		cmocka_unit_test(text_algorithm_is_refused),
		cmocka_unit_test(long_streams_equal_one_hash_over_all_bytes),
		cmocka_unit_test(saved_state_resumes_behind_every_entry),
		cmocka_unit_test(equal_streams_give_equal_states_however_they_were_saved),
		cmocka_unit_test(states_of_huge_streams_keep_their_length),
		cmocka_unit_test(impossible_states_are_refused),
		cmocka_unit_test(adding_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
