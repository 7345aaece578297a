#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/hash/hash.h"
#include "base/hash/xxh3.h"
#include "tests/support/torture.h"

static const struct hash_options md5_and_identity = { .algorithm = DIGEST_MD5,
						      .has_identity = true };

static void to_hex(const uint8_t *raw, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[2 * len] = '\0';
}

static void assert_hex(const uint8_t *raw, size_t len, const char *expected)
{
	char hex[65];

	to_hex(raw, len, hex);
	assert_string_equal(hex, expected);
}

/* RFC 1321 A.5, the W&B constants for XXH128, FIPS 180-4 examples. */
static void published_vectors_hold(void **state)
{
	static const struct {
		const char *text, *md5, *xxh128, *sha256;
	} cases[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e", "99aa06d3014798d86001c324468d497f",
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72", NULL,
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "hello", "5d41402abc4b2a76b9719d911017c592", "b5e9c1ad071b3e7fc779cfaa5e523818",
		  NULL },
		{ "hi", "49f68a5c8493ec2c0bf489821c21fc3b", "7d596ce5fcabaf622a2300bbd7ea6e9a",
		  NULL },
	};
	struct hasher *hasher;

	(void)state;
	assert_int_equal(hasher_new(&hasher, md5_and_identity, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hash_request request = { .data = view_text(cases[i].text) };

		hash_batch(hasher, &request, 1);
		assert_hex(request.fingerprint.digest, 16, cases[i].md5);
		if (cases[i].xxh128)
			assert_hex(request.fingerprint.checksum, 16, cases[i].xxh128);
		if (cases[i].sha256)
			assert_hex(request.fingerprint.identity, 32, cases[i].sha256);
	}
	hasher_free(hasher);
}

static void chunks_give_what_the_whole_gives(void **state)
{
	static const enum digest_algorithm algorithms[] = { DIGEST_MD5, DIGEST_XXH128 };
	static uint8_t data[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131 + (i >> 7));
	for (size_t a = 0; a < 2; a++) {
		for (size_t len = 0; len < sizeof(data); len += 1 + len / 3) {
			struct hash_request whole = { .data = view_of(data, len) };
			struct fingerprint chunked;
			struct hasher *hasher;

			assert_int_equal(
				hasher_new(&hasher,
					   (struct hash_options){ .algorithm = algorithms[a],
								  .has_identity = true },
					   NULL),
				0);
			hash_batch(hasher, &whole, 1);
			hash_begin(hasher);
			for (size_t at = 0; at < len; at += 61)
				hash_update(hasher,
					    view_of(data + at, len - at < 61 ? len - at : 61));
			hash_end(hasher, &chunked);
			assert_memory_equal(&chunked, &whole.fingerprint, sizeof(chunked));
			hasher_free(hasher);
		}
	}
}

static void one_shots_agree_with_the_hasher(void **state)
{
	struct view data = VIEW_LITERAL("the quick brown fox");
	struct hash_request request = { .data = data };
	struct hasher *hasher;
	struct sha256 *sha;
	uint8_t md5[16], xxh[16], sha_once[32], sha_stream[32];

	(void)state;
	assert_int_equal(hasher_new(&hasher, md5_and_identity, NULL), 0);
	hash_batch(hasher, &request, 1);
	md5_of(data, md5);
	xxh128_of(data, xxh);
	sha256_of(data, sha_once);
	assert_int_equal(sha256_new(&sha, NULL), 0);
	for (int round = 0; round < 2; round++) { /* end() starts anew */
		sha256_update(sha, view_of(data.ptr, 5));
		sha256_update(sha, view_of(data.ptr + 5, data.len - 5));
		sha256_end(sha, sha_stream);
		assert_memory_equal(sha_stream, sha_once, 32);
	}
	assert_memory_equal(request.fingerprint.digest, md5, 16);
	assert_memory_equal(request.fingerprint.checksum, xxh, 16);
	assert_memory_equal(request.fingerprint.identity, sha_once, 32);
	sha256_free(sha);
	hasher_free(hasher);
}

/* Lengths around the limits at which XXH3 changes its way, and some blocks of it. */
static void every_form_of_xxh3_gives_what_the_library_gives(void **state)
{
	static const size_t lens[] = {
		0,   1,	  3,   4,   8,	 9,   16,   17,	  64,	127,  128,
		129, 240, 241, 255, 256, 511, 1023, 1024, 1025, 4096, 65537
	};
	static uint8_t data[65537];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37 + (i >> 8));
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		const struct xxh3_form *form = xxh3_form_of((enum hash_cpu)cpu);
		void *stream;

		if (!hash_cpu_is_available((enum hash_cpu)cpu))
			continue;
		stream = form->stream_new();
		assert_non_null(stream);
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			struct view view = view_of(data, lens[i]);
			XXH128_canonical_t expected;
			uint8_t whole[16], chunked[16];

			XXH128_canonicalFromHash(&expected, XXH3_128bits(data, lens[i]));
			form->hash128(view, whole);
			form->stream_begin(stream);
			form->stream_update(stream, view_of(data, lens[i] / 3));
			form->stream_update(stream,
					    view_of(data + lens[i] / 3, lens[i] - lens[i] / 3));
			form->stream_end(stream, chunked);
			assert_memory_equal(whole, expected.digest, 16);
			assert_memory_equal(chunked, expected.digest, 16);
			assert_int_equal(form->hash64(view), XXH3_64bits(data, lens[i]));
		}
		form->stream_free(stream);
	}
}

static void every_form_of_a_hasher_gives_the_same(void **state)
{
	static uint8_t data[20000];
	struct hash_request requests[100];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 11 + (i >> 5));
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		struct hash_options options = md5_and_identity;
		struct hasher *hasher;

		options.cpu = (enum hash_cpu)cpu;
		if (!hash_cpu_is_available(options.cpu)) {
			assert_int_equal(hasher_new(&hasher, options, NULL), MUSTER_E_UNSUPPORTED);
			assert_null(hasher);
			continue;
		}
		assert_int_equal(hasher_new(&hasher, options, NULL), 0);
		for (size_t i = 0; i < 100; i++)
			requests[i].data = view_of(data, i * i * 2);
		hash_batch(hasher, requests, 100);
		for (size_t i = 0; i < 100; i++) {
			struct fingerprint expected;

			md5_of(requests[i].data, expected.digest);
			xxh128_of(requests[i].data, expected.checksum);
			sha256_of(requests[i].data, expected.identity);
			assert_memory_equal(&requests[i].fingerprint, &expected, sizeof(expected));
		}
		hasher_free(hasher);
	}
}

static void without_memory_there_is_no_hasher(void **state)
{
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done && torture_allocation(n); n++) {
		struct hasher *hasher;
		enum muster_code code = hasher_new(&hasher, md5_and_identity, NULL);

		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		hasher_free(hasher);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_hold),
		cmocka_unit_test(chunks_give_what_the_whole_gives),
		cmocka_unit_test(one_shots_agree_with_the_hasher),
		cmocka_unit_test(every_form_of_xxh3_gives_what_the_library_gives),
		cmocka_unit_test(every_form_of_a_hasher_gives_the_same),
		cmocka_unit_test(without_memory_there_is_no_hasher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
