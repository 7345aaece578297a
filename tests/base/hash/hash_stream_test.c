#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/hash/hash_stream.h"
#include "tests/support/torture.h"

#define STREAM_MAX 40
#define FILE_BYTES 20000

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* One file a stream, cut into chunks of which some end inside a block. */
struct run {
	struct hasher *hasher;
	struct hash_stream *streams[STREAM_MAX];
	uint8_t *files[STREAM_MAX];
	size_t sizes[STREAM_MAX], done[STREAM_MAX];
	size_t count;
};

static void run_begin(struct run *run, struct hash_options options, size_t count, uint32_t seed)
{
	*run = (struct run){ .count = count };
	assert_int_equal(hasher_new(&run->hasher, options, NULL), MUSTER_OK);
	for (size_t i = 0; i < count; i++) {
		run->sizes[i] = next_random(&seed) % 5 ? next_random(&seed) % FILE_BYTES : 64 * i;
		run->files[i] = malloc(run->sizes[i] + 1);
		for (size_t b = 0; b < run->sizes[i]; b++)
			run->files[i][b] = (uint8_t)next_random(&seed);
		assert_int_equal(hash_stream_new(&run->streams[i], options, NULL), MUSTER_OK);
	}
}

static size_t chunk_bytes(uint32_t *seed)
{
	switch (next_random(seed) % 4) {
	case 0:
		return 64 * (1 + next_random(seed) % 40);
	case 1:
		return next_random(seed) % 64;
	default:
		return next_random(seed) % 3000;
	}
}

/* One round: a chunk of each file that is not done. False: all are. */
static bool run_step(struct run *run, uint32_t *seed)
{
	struct hash_stream *streams[STREAM_MAX];
	struct view chunks[STREAM_MAX];
	size_t count = 0;

	for (size_t i = 0; i < run->count; i++) {
		size_t left = run->sizes[i] - run->done[i], len = chunk_bytes(seed);

		if (!left)
			continue;
		len = len < left ? len : left;
		streams[count] = run->streams[i];
		chunks[count++] = view_of(run->files[i] + run->done[i], len);
		run->done[i] += len;
	}
	hash_stream_update(run->hasher, streams, chunks, count);
	return count;
}

static void run_check(struct run *run, struct hash_options options)
{
	for (size_t i = 0; i < run->count; i++) {
		struct view whole = view_of(run->files[i], run->sizes[i]);
		struct fingerprint actual, expected = { 0 };

		xxh128_of(whole, expected.checksum);
		if (options.algorithm == DIGEST_MD5)
			md5_of(whole, expected.digest);
		else
			memcpy(expected.digest, expected.checksum, DIGEST_BYTES);
		if (options.has_identity)
			sha256_of(whole, expected.identity);
		hash_stream_end(run->streams[i], &actual);
		assert_memory_equal(&actual, &expected, sizeof(actual));
		hash_stream_begin(run->streams[i]);
		run->done[i] = 0;
	}
}

static void run_end(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		hash_stream_free(run->streams[i]);
		free(run->files[i]);
	}
	hasher_free(run->hasher);
}

static void streams_side_by_side_have_the_digests_of_their_files(void **state)
{
	(void)state;
	for (int cpu = 0; cpu < HASH_CPU_COUNT; cpu++) {
		for (size_t count = 1; count <= STREAM_MAX; count += 1 + count / 3) {
			struct hash_options options = { .algorithm = count % 7 ? DIGEST_MD5
									       : DIGEST_XXH128,
							.has_identity = count % 2,
							.cpu = (enum hash_cpu)cpu };
			uint32_t seed = (uint32_t)(17 * count + (size_t)cpu);
			struct run run;

			if (!hash_cpu_is_available(options.cpu))
				continue;
			run_begin(&run, options, count, seed);
			for (int round = 0; round < 2; round++) {
				while (run_step(&run, &seed))
					continue;
				run_check(&run, options);
			}
			run_end(&run);
		}
	}
}

static void without_memory_there_is_no_stream(void **state)
{
	bool is_done = false;
	uint64_t n;

	(void)state;
	for (n = 1; !is_done && torture_allocation(n); n++) {
		struct hash_options options = { .algorithm = DIGEST_MD5, .has_identity = true };
		struct hash_stream *stream;
		enum muster_code code = hash_stream_new(&stream, options, NULL);

		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		hash_stream_free(stream);
	}
	assert_true(n > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_side_by_side_have_the_digests_of_their_files),
		cmocka_unit_test(without_memory_there_is_no_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
