/* Blobs by number, sets that pack them, and stores that are read back. */
#ifndef TESTS_ENGINE_BLOB_LAB_H
#define TESTS_ENGINE_BLOB_LAB_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/blob/blob_reader.h"
#include "engine/blob/blob_set.h"
#include "engine/blob/table.h"
#include "io/store/count.h"
#include "io/store/kept.h"
#include "io/store/memory.h"

static const uint8_t repository[16] = { 0xaa };

struct ids {
	pthread_mutex_t lock;
	struct object_id next;
};

static inline enum muster_code next_id(void *state, struct object_id *out, struct muster_error *err)
{
	struct ids *ids = state;

	(void)err;
	pthread_mutex_lock(&ids->lock);
	*out = ids->next;
	ids->next.number++;
	pthread_mutex_unlock(&ids->lock);
	return MUSTER_OK;
}

static struct ids blob_lab_ids = { .lock = PTHREAD_MUTEX_INITIALIZER };

static inline struct blob_set *open_set(struct store *store, size_t table_bytes)
{
	struct blob_set_options options = { .algorithm = DIGEST_MD5,
					    .table_bytes = table_bytes,
					    .next_id = next_id,
					    .next_id_state = &blob_lab_ids };
	struct muster_error err = { 0 };
	struct blob_set *set;

	memcpy(options.repository_id, repository, 16);
	if (blob_set_open(&set, store, &options, &err))
		fail_msg("%s", err.message);
	return set;
}

static inline struct blob_key key_of(struct view data)
{
	struct blob_key key = { .algorithm = DIGEST_MD5, .size_bytes = data.len };

	md5_of(data, key.digest);
	xxh128_of(data, key.checksum);
	return key;
}

/* Content number n, of a few bytes to a few hundred. */
static inline struct view content(uint32_t n, char *buffer)
{
	size_t len = (size_t)snprintf(buffer, 512, "content %u ", n);

	while (len < 8 + n % 300)
		buffer[len++] = (char)('a' + n % 26);
	return view_of(buffer, len);
}

static inline enum muster_code put_blobs(struct blob_set *set, uint32_t from, uint32_t to,
					 struct muster_error *err)
{
	struct blob_packer *packer;
	struct blob_place place;
	char buffer[512];
	enum muster_code code = blob_packer_open(&packer, set, err);

	for (uint32_t n = from; n < to && !code; n++) {
		struct view data = content(n, buffer);
		struct blob_key key = key_of(data);

		code = blob_packer_put(packer, &key, data, &place, err);
	}
	if (!code)
		code = blob_packer_flush(packer, err);
	blob_packer_close(packer);
	return code;
}

static inline void put_range(struct blob_set *set, uint32_t from, uint32_t to)
{
	struct muster_error err = { 0 };

	if (put_blobs(set, from, to, &err))
		fail_msg("%s", err.message);
}

static inline void read_range(struct store *store, uint32_t from, uint32_t to)
{
	struct blob_reader *reader;
	struct index_set *index;
	char buffer[512], stored[512];

	assert_int_equal(index_set_open(&index, store, repository, NULL), MUSTER_OK);
	assert_int_equal(blob_reader_open(&reader, store, repository, index, NULL, NULL),
			 MUSTER_OK);
	for (uint32_t n = from; n < to; n++) {
		struct view data = content(n, buffer);
		struct blob_key key = key_of(data);
		struct muster_error err = { 0 };
		struct blob_at at;

		if (blob_reader_find(reader, &key, NULL, &at, &err))
			fail_msg("blob %u: %s", n, err.message);
		assert_int_equal(at.size_bytes, data.len);
		assert_int_equal(store_read(at.object, at.offset_bytes, stored, data.len, NULL),
				 MUSTER_OK);
		assert_memory_equal(stored, data.ptr, data.len);
	}
	blob_reader_close(reader);
	index_set_close(index);
}

#endif
