/*
 * What a look-up in the index costs: `index_bench REPOSITORY [COUNT]`.
 *
 * Keys are taken evenly from all pages of all index files and asked for in random order, COUNT
 * (200,000) times: `present` as they are, `absent` with another digest. Files lie in the cache,
 * because they were just read. Processor time, user and system, ns a look-up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/blob/index_set.h"
#include "io/store/local.h"

#define COUNT_DEFAULT 200000

struct sample {
	struct store *store;
	struct blob_key *keys;
	size_t count, max;
	uint64_t seed;
	uint8_t repository_id[16];
};

static _Noreturn void die(const char *what, const struct muster_error *err)
{
	fprintf(stderr, "index_bench: %s: %s\n", what, err ? err->message : "");
	exit(1);
}

static uint64_t random_u64(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 16;
}

static void take_page(struct sample *sample, struct index_page *page)
{
	struct index_record record;

	while (index_page_next(page, &record, NULL) == MUSTER_OK) {
		size_t at = sample->count < sample->max ? sample->count++
							: random_u64(&sample->seed) % sample->max;

		sample->keys[at] = record.key;
	}
}

static enum muster_code take_index(void *state, const char *key, uint64_t size_bytes,
				   uint64_t modified_ns, struct muster_error *err)
{
	struct sample *sample = state;
	struct index_trailer trailer;
	struct index_page page;
	struct bytes object = { 0 };
	enum muster_code code = store_get(sample->store, key, &object, SIZE_MAX, err);

	(void)size_bytes;
	(void)modified_ns;
	if (!code)
		code = index_trailer_parse(
			&trailer,
			view_of(object.ptr + object.len - INDEX_TRAILER_BYTES, INDEX_TRAILER_BYTES),
			object.len, err);
	if (!code)
		memcpy(sample->repository_id, trailer.repository_id, 16);
	for (uint32_t i = 0; !code && i < trailer.page_count; i++) {
		struct view bytes =
			view_of(object.ptr + index_page_offset(i), index_page_bytes(&trailer, i));

		code = index_page_open(&page, &trailer, i, bytes, err);
		if (!code)
			take_page(sample, &page);
	}
	bytes_release(&object);
	return code;
}

static void shuffle(struct sample *sample)
{
	for (size_t i = sample->count; i > 1; i--) {
		size_t other = random_u64(&sample->seed) % i;
		struct blob_key key = sample->keys[i - 1];

		sample->keys[i - 1] = sample->keys[other];
		sample->keys[other] = key;
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void measure(const struct sample *sample, struct index_set *index, const char *what)
{
	struct muster_error err = { 0 };
	uint64_t begin = cpu_ns(), found_count = 0;
	struct placement place;

	for (size_t i = 0; i < sample->count; i++) {
		enum muster_code code = index_set_find(index, &sample->keys[i], &place, &err);

		if (muster_failed(code))
			die(what, &err);
		found_count += code == MUSTER_OK;
	}
	printf("%-14s %8zu look-ups, %8" PRIu64 " found, %7.0f ns each\n", what, sample->count,
	       found_count, (double)(cpu_ns() - begin) / (double)sample->count);
}

int main(int argc, char **argv)
{
	struct sample sample = { .max = argc > 2 ? strtoul(argv[2], NULL, 10) : COUNT_DEFAULT };
	struct muster_error err = { 0 };
	struct index_set *index;

	if (argc < 2 || sample.max == 0)
		die("usage: index_bench REPOSITORY [COUNT]", NULL);
	sample.keys = calloc(sample.max, sizeof(*sample.keys));
	if (!sample.keys)
		die("out of memory", NULL);
	if (store_local_open(&sample.store, argv[1], NULL, &err) ||
	    store_list(sample.store, "index/", NULL, take_index, &sample, &err))
		die(argv[1], &err);
	shuffle(&sample);
	if (index_set_open(&index, sample.store, sample.repository_id, &err))
		die(argv[1], &err);
	measure(&sample, index, "present, first");
	measure(&sample, index, "present");
	for (size_t i = 0; i < sample.count; i++)
		sample.keys[i].digest[15] ^= 0x55;
	measure(&sample, index, "absent");
	index_set_close(index);
	store_free(sample.store);
	free(sample.keys);
	return 0;
}
