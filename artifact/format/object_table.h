/**
 * object_table - the distinct packs that a leaf points to, in the order of their
 * first use; found by id. Zeroed is empty.
 *
 * Memory: grows with the number of objects; the caller knows the maximum.
 */
#ifndef ARTIFACT_FORMAT_OBJECT_TABLE_H
#define ARTIFACT_FORMAT_OBJECT_TABLE_H

#include "artifact/format/object.h"

struct object_slot {
	struct object_id id;
	uint32_t slot; /* where the table has it */
	uint64_t object_bytes;
	uint64_t next; /* the caller's: what is expected of the object's next use; 0 at first */
};

struct object_table {
	struct object_slot *list;
	uint32_t count, cap;
	uint32_t *slots; /* 2 * cap, a power of two: position + 1 in `list`, 0 free */
};

void object_table_release(struct object_table *table);
/** Empty it and keep its memory. */
void object_table_clear(struct object_table *table);
/** Find the object or add it; `*is_new` says which. `*index` is its position in `list`. */
enum muster_code object_table_take(struct object_table *table, const struct object_id *id,
				   uint64_t object_bytes, uint32_t *index, bool *is_new,
				   struct muster_error *err);

#endif
