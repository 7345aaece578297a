/*
 * Records gather in a table: their bytes from its bottom up, one slot each from its top down, and
 * between them as much room as the slots take, for sorting. A full table is sorted and written as
 * a run of level 0. A level that has SPILL_FAN_IN runs is merged into one run of the next level,
 * so with 16 MiB of memory level 1 starts at 1 GiB and level 2 at 64 GiB. Runs are older the
 * higher their level, and within a level the lower their index: that is the order of equal keys.
 *
 * A run counts only when it is whole, so a call that failed (disk full) changed nothing.
 */
#include "io/spill/spill.h"

#include <assert.h>
#include <stdlib.h>

#include "base/effects.h"
#include "io/spill/key_sort.h"
#include "io/spill/merge.h"
#include "io/spill/run.h"

#define MEMORY_DEFAULT_BYTES (16u << 20)
#define LEVEL_MAX	     8				   /* 64^8 tables */
#define SLOT_BYTES	     (2 * sizeof(struct key_slot)) /* with its room for sorting */

struct spill {
	char *dir;
	uint64_t count, written_bytes;
	bool is_sorted;
	struct {
		size_t memory_bytes, cap_bytes, used_bytes;
		uint8_t *bytes;		/* NULL until it is needed */
		struct key_slot *slots; /* the newest; `count` of them, up to the end */
		size_t count, next;	/* next: to give, once sorted */
	} table;
	struct run_level levels[LEVEL_MAX];
	struct merge merge; /* of all runs, once sorted */
};

enum muster_code spill_new(struct spill **out, const struct spill_options *options,
			   struct muster_error *err)
{
	const struct effects *effects = effects_system();
	const char *dir = options ? options->dir : NULL;
	struct spill *spill = calloc(1, sizeof(*spill));

	*out = NULL;
	if (!spill)
		return muster_fail_memory(err, "an external sort");
	if (!dir)
		dir = effects->getenv(effects->state, "TMPDIR");
	spill->dir = malloc(strlen(dir && *dir ? dir : "/tmp") + 1);
	if (!spill->dir) {
		free(spill);
		return muster_fail_memory(err, "an external sort");
	}
	memcpy(spill->dir, dir && *dir ? dir : "/tmp", strlen(dir && *dir ? dir : "/tmp") + 1);
	spill->table.memory_bytes = MEMORY_DEFAULT_BYTES;
	if (options && options->memory_max_bytes)
		spill->table.memory_bytes = options->memory_max_bytes;
	if (spill->table.memory_bytes > UINT32_MAX) /* offsets in slots have 32 bits */
		spill->table.memory_bytes = UINT32_MAX;
	*out = spill;
	return MUSTER_OK;
}

static void table_release(struct spill *spill)
{
	free(spill->table.bytes);
	spill->table.bytes = NULL;
	spill->table.count = 0;
	spill->table.used_bytes = 0;
}

void spill_free(struct spill *spill)
{
	if (!spill)
		return;
	merge_release(&spill->merge);
	for (unsigned i = 0; i < LEVEL_MAX; i++)
		run_level_release(&spill->levels[i]);
	table_release(spill);
	free(spill->dir);
	free(spill);
}

static struct key_slot *table_end(const struct spill *spill)
{
	return (struct key_slot *)(void *)(spill->table.bytes + spill->table.cap_bytes);
}

static bool table_has_room(const struct spill *spill, size_t record_bytes)
{
	return spill->table.bytes &&
	       spill->table.used_bytes + record_bytes + (spill->table.count + 1) * SLOT_BYTES <=
		       spill->table.cap_bytes;
}

/* An empty table with room for one record of this size at least. */
static enum muster_code table_reset(struct spill *spill, size_t record_bytes,
				    struct muster_error *err)
{
	size_t cap = spill->table.memory_bytes;

	if (cap < record_bytes + 2 * SLOT_BYTES)
		cap = record_bytes + 2 * SLOT_BYTES;
	cap -= cap % sizeof(struct key_slot);
	if (spill->table.bytes && spill->table.cap_bytes != cap)
		table_release(spill);
	if (!spill->table.bytes) {
		spill->table.bytes = malloc(cap);
		if (!spill->table.bytes)
			return muster_fail_memory(err, "the table of an external sort");
	}
	spill->table.cap_bytes = cap;
	spill->table.used_bytes = 0;
	spill->table.count = 0;
	spill->table.slots = table_end(spill);
	return MUSTER_OK;
}

static void table_reverse(struct spill *spill)
{
	struct key_slot *low = spill->table.slots, *high = table_end(spill) - 1;

	for (; low < high; low++, high--) {
		struct key_slot slot = *low;

		*low = *high;
		*high = slot;
	}
}

static void table_sort(struct spill *spill)
{
	table_reverse(spill); /* the newest lay lowest */
	key_sort(spill->table.slots, spill->table.slots - spill->table.count, spill->table.count,
		 spill->table.bytes);
}

static struct view table_record(const struct spill *spill, size_t index)
{
	const uint8_t *record =
		spill->table.bytes + spill->table.slots[index].offset - RUN_HEAD_BYTES;
	uint32_t lens[2];

	memcpy(lens, record, sizeof(lens));
	return view_of(record, RUN_HEAD_BYTES + (size_t)lens[0] + lens[1]);
}

static enum muster_code merge_into(struct spill *spill, struct merge *merge,
				   struct run_writer *writer, struct muster_error *err)
{
	struct view record;
	enum muster_code code;

	while (!(code = merge_next(merge, &record, err))) {
		code = run_writer_add(writer, record, err);
		if (code)
			return code;
	}
	if (code != MUSTER_END)
		return code;
	code = run_writer_end(writer, err);
	if (!code)
		spill->written_bytes += writer->level->runs[writer->level->count - 1].len_bytes;
	return code;
}

/* All runs of a level become the newest one of the next. */
static enum muster_code level_merge_up(struct spill *spill, unsigned level,
				       struct muster_error *err)
{
	struct run_writer writer = { 0 };
	struct merge merge = { 0 };
	enum muster_code code;

	if (level + 1 == LEVEL_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "too much to sort in '%s'", spill->dir);
	code = merge_add_level(&merge, &spill->levels[level], spill->dir, err);
	if (!code)
		code = merge_start(&merge, err);
	if (!code)
		code = run_writer_begin(&writer, &spill->levels[level + 1], spill->dir, err);
	if (!code)
		code = merge_into(spill, &merge, &writer, err);
	if (!code)
		run_level_clear(&spill->levels[level]);
	run_writer_release(&writer);
	merge_release(&merge);
	return code;
}

/* Makes room for one run more in a level. */
static enum muster_code level_make_room(struct spill *spill, unsigned level,
					struct muster_error *err)
{
	unsigned roomy = level;
	enum muster_code code = MUSTER_OK;

	while (roomy < LEVEL_MAX && spill->levels[roomy].count == SPILL_FAN_IN)
		roomy++;
	while (!code && roomy-- > level)
		code = level_merge_up(spill, roomy, err);
	return code;
}

/* Writes the table as a run; it stays as it is. */
static enum muster_code table_write(struct spill *spill, struct muster_error *err)
{
	struct run_writer writer = { 0 };
	enum muster_code code = level_make_room(spill, 0, err);

	if (code)
		return code;
	code = run_writer_begin(&writer, &spill->levels[0], spill->dir, err);
	for (size_t i = 0; i < spill->table.count && !code; i++)
		code = run_writer_add(&writer, table_record(spill, i), err);
	if (!code)
		code = run_writer_end(&writer, err);
	if (!code)
		spill->written_bytes += spill->table.used_bytes;
	run_writer_release(&writer);
	return code;
}

static enum muster_code table_flush(struct spill *spill, struct muster_error *err)
{
	enum muster_code code;

	table_sort(spill);
	code = table_write(spill, err);
	if (code)
		table_reverse(spill); /* as if added in this order: equal keys kept theirs */
	return code;
}

static void table_put(struct spill *spill, struct view key, struct view value)
{
	uint32_t lens[2] = { (uint32_t)key.len, (uint32_t)value.len };
	uint8_t *record = spill->table.bytes + spill->table.used_bytes;

	memcpy(record, lens, sizeof(lens));
	if (key.len)
		memcpy(record + RUN_HEAD_BYTES, key.ptr, key.len);
	if (value.len)
		memcpy(record + RUN_HEAD_BYTES + key.len, value.ptr, value.len);
	*--spill->table.slots = (struct key_slot){
		.offset = (uint32_t)(spill->table.used_bytes + RUN_HEAD_BYTES),
		.len = (uint32_t)key.len,
	};
	spill->table.used_bytes += RUN_HEAD_BYTES + key.len + value.len;
	spill->table.count++;
}

enum muster_code spill_add(struct spill *spill, struct view key, struct view value,
			   struct muster_error *err)
{
	size_t record_bytes;
	enum muster_code code;

	assert(!spill->is_sorted);
	if (key.len > SPILL_RECORD_MAX_BYTES || value.len > SPILL_RECORD_MAX_BYTES - key.len)
		return muster_fail(err, MUSTER_E_LIMIT, "a record to sort is larger than %u bytes",
				   SPILL_RECORD_MAX_BYTES);
	record_bytes = RUN_HEAD_BYTES + key.len + value.len;
	if (!table_has_room(spill, record_bytes)) {
		code = spill->table.count ? table_flush(spill, err) : MUSTER_OK;
		if (!code)
			code = table_reset(spill, record_bytes, err);
		if (code)
			return code;
	}
	table_put(spill, key, value);
	spill->count++;
	return MUSTER_OK;
}

uint64_t spill_count(const struct spill *spill)
{
	return spill->count;
}

uint64_t spill_written_bytes(const struct spill *spill)
{
	return spill->written_bytes;
}

static unsigned run_count(const struct spill *spill)
{
	unsigned count = 0;

	for (unsigned i = 0; i < LEVEL_MAX; i++)
		count += spill->levels[i].count;
	return count;
}

/* Merges the lowest levels up until all runs that are left can be read at once. */
static enum muster_code levels_reduce(struct spill *spill, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (unsigned level = 0; !code && run_count(spill) > SPILL_FAN_IN; level++) {
		code = level_make_room(spill, level + 1, err);
		if (!code && spill->levels[level].count)
			code = level_merge_up(spill, level, err);
	}
	return code;
}

enum muster_code spill_sort(struct spill *spill, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	assert(!spill->is_sorted);
	if (!run_count(spill)) {
		if (spill->table.count)
			table_sort(spill);
		spill->is_sorted = true;
		return MUSTER_OK;
	}
	if (spill->table.count)
		code = table_flush(spill, err);
	if (code)
		return code;
	table_release(spill);
	code = levels_reduce(spill, err);
	for (unsigned level = LEVEL_MAX; level-- > 0 && !code;)
		code = merge_add_level(&spill->merge, &spill->levels[level], spill->dir, err);
	if (!code)
		code = merge_start(&spill->merge, err);
	if (code)
		merge_release(&spill->merge);
	else
		spill->is_sorted = true;
	return code;
}

enum muster_code spill_next(struct spill *spill, struct view *key, struct view *value,
			    struct muster_error *err)
{
	struct view record;
	enum muster_code code = MUSTER_OK;

	assert(spill->is_sorted);
	if (spill->merge.count)
		code = merge_next(&spill->merge, &record, err);
	else if (spill->table.next < spill->table.count)
		record = table_record(spill, spill->table.next++);
	else
		code = MUSTER_END;
	if (code)
		return code;
	*key = record_key(record);
	*value = record_value(record);
	return MUSTER_OK;
}
