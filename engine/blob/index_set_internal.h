/*
 * What the parts of an index set share.
 *
 *   index_set.c    its files: listed, opened, closed, told
 *   index_find.c   look-ups in them
 */
#ifndef ENGINE_BLOB_INDEX_SET_INTERNAL_H
#define ENGINE_BLOB_INDEX_SET_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/blob/index_set.h"
#include "engine/blob/pack_list.h"

/* One index file, open for reading. */
struct index_file {
	struct store_object *object;
	struct index_trailer trailer;
	struct index_tail tail;
	atomic_uchar *proved; /* a bit a page: it was read and proved, and windows of it will do */
};

struct index_set {
	struct store *store;
	uint8_t repository_id[16];
	index_usable_fn *is_usable; /* NULL: all are */
	void *usable_state;
	pthread_rwlock_t lock;
	struct { /* under lock */
		struct index_file *files;
		size_t file_count, file_cap;
		struct pack_list packs;
		bool has_packs;
	} locked;
};

#endif
