#include "artifact/format/object_table.h"

#include <stdlib.h>

/* Most leaves know one or two packs; a leaf of large files knows as many as it has entries. */
#define OBJECT_TABLE_FIRST 16

void object_table_release(struct object_table *table)
{
	free(table->list);
	free(table->slots);
	*table = (struct object_table){ 0 };
}

void object_table_clear(struct object_table *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		table->slots[table->list[i].slot] = 0;
	table->count = 0;
}

/** Session ids are random, numbers count up: mix both. */
static uint64_t id_hash(const struct object_id *id)
{
	uint64_t mixed = (get_u64(id->session) ^ id->number) * 0x9e3779b97f4a7c15;

	return mixed ^ mixed >> 32;
}

/** The slot of `id`, or the free one where it belongs. */
static uint32_t table_slot(const struct object_table *table, const struct object_id *id)
{
	uint32_t mask = 2 * table->cap - 1;
	uint32_t slot = (uint32_t)id_hash(id) & mask;

	while (table->slots[slot] && !object_id_equal(&table->list[table->slots[slot] - 1].id, id))
		slot = (slot + 1) & mask;
	return slot;
}

/** Enter the whole list into slots that are free. */
static void table_fill(struct object_table *table)
{
	for (uint32_t i = 0; i < table->count; i++) {
		table->list[i].slot = table_slot(table, &table->list[i].id);
		table->slots[table->list[i].slot] = i + 1;
	}
}

static enum muster_code table_grow(struct object_table *table, struct muster_error *err)
{
	uint32_t cap = table->cap ? 2 * table->cap : OBJECT_TABLE_FIRST;
	struct object_slot *list = malloc(cap * sizeof(*list));
	uint32_t *slots = calloc(2 * (size_t)cap, sizeof(*slots));

	if (!list || !slots) {
		free(list);
		free(slots);
		return muster_fail_memory(err, "a table of objects");
	}
	if (table->count)
		memcpy(list, table->list, table->count * sizeof(*list));
	free(table->list);
	free(table->slots);
	table->list = list;
	table->slots = slots;
	table->cap = cap;
	table_fill(table);
	return MUSTER_OK;
}

enum muster_code object_table_take(struct object_table *table, const struct object_id *id,
				   uint64_t object_bytes, uint32_t *index, bool *is_new,
				   struct muster_error *err)
{
	enum muster_code code;
	uint32_t slot;

	if (table->count == table->cap) {
		code = table_grow(table, err);
		if (code)
			return code;
	}
	slot = table_slot(table, id);
	*is_new = table->slots[slot] == 0;
	if (*is_new) {
		table->list[table->count] = (struct object_slot){ .id = *id,
								  .slot = slot,
								  .object_bytes = object_bytes };
		table->slots[slot] = ++table->count;
	}
	*index = table->slots[slot] - 1;
	return MUSTER_OK;
}
