/* In memory: a skip list in one arena, so that order costs nothing to keep and a full table is
 * forgotten at once. (W. Pugh, Skip Lists, CACM 33(6), 1990; a node has four pointers to a level
 * above it on average one in four.) */
#include "io/spill/spill_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/spill/map_run.h"

#define LEVELS	    12
#define MEMORY_MIN  (1u << 20)
#define MEMORY_MAX  (1u << 30)
#define ARENA_ALIGN 4u
#define NODE_HEAD   offsetof(struct node, next)

/* Offsets into the arena; 0: none. Key behind `next`. */
struct node {
	uint32_t key_len, value_len, value_at, level_count;
	uint32_t next[];
};

struct spill_map {
	const char *dir;
	uint8_t *arena;
	size_t arena_cap, arena_len;
	uint32_t first[LEVELS];
	uint64_t random;
	struct map_run runs[SPILL_MAP_RUNS_MAX];
	unsigned run_count;
	uint32_t walk; /* the table's head, while a walk goes on */
	struct {       /* what was given last, and is stepped over by the next call */
		bool from_table;
		uint32_t runs; /* a bit for each run that has the same key */
	} given;
};

static struct node *node_at(const struct spill_map *map, uint32_t offset)
{
	return (struct node *)(void *)(map->arena + offset);
}

static struct view node_key(const struct node *node)
{
	return view_of((const uint8_t *)&node->next[node->level_count], node->key_len);
}

static struct view node_value(const struct spill_map *map, const struct node *node)
{
	return view_of(map->arena + node->value_at, node->value_len);
}

static void empty_table(struct spill_map *map)
{
	map->arena_len = ARENA_ALIGN; /* 0 is no offset */
	memset(map->first, 0, sizeof(map->first));
	map->walk = 0;
	map->given.from_table = false;
	map->given.runs = 0;
}

enum muster_code spill_map_new(struct spill_map **out, const char *dir, size_t memory_max_bytes,
			       struct muster_error *err)
{
	struct spill_map *map = calloc(1, sizeof(*map));

	assert(memory_max_bytes >= MEMORY_MIN && memory_max_bytes <= MEMORY_MAX);
	*out = NULL;
	if (!map)
		return muster_fail_memory(err, "a map");
	if (!dir)
		dir = getenv("TMPDIR");
	map->dir = dir && *dir ? dir : "/tmp";
	map->arena_cap = memory_max_bytes;
	map->random = 1;
	map->arena = malloc(map->arena_cap); /* pages that are never needed cost nothing */
	if (!map->arena) {
		free(map);
		return muster_fail_memory(err, "the table of a map");
	}
	empty_table(map);
	*out = map;
	return MUSTER_OK;
}

void spill_map_free(struct spill_map *map)
{
	if (!map)
		return;
	for (unsigned i = 0; i < map->run_count; i++)
		map_run_release(&map->runs[i]);
	free(map->arena);
	free(map);
}

bool spill_map_is_empty(const struct spill_map *map)
{
	return !map->first[0] && !map->run_count;
}

/* --- the table ------------------------------------------------------------------------------- */

/* The links that lead to the first node whose key is >= `key`, one for each level. */
static void find_links(struct spill_map *map, struct view key, uint32_t *links[LEVELS])
{
	uint32_t *next = map->first;

	for (int level = LEVELS - 1; level >= 0; level--) {
		while (next[level] && view_compare(node_key(node_at(map, next[level])), key) < 0)
			next = node_at(map, next[level])->next;
		links[level] = &next[level];
	}
}

static struct node *table_from(struct spill_map *map, struct view key)
{
	uint32_t *links[LEVELS];

	find_links(map, key, links);
	return *links[0] ? node_at(map, *links[0]) : NULL;
}

/* xorshift64: one node in four stands on the next level. */
static uint32_t choose_levels(struct spill_map *map)
{
	uint32_t levels = 1;

	map->random ^= map->random << 13;
	map->random ^= map->random >> 7;
	map->random ^= map->random << 17;
	for (uint64_t bits = map->random; levels < LEVELS && (bits & 3) == 0; bits >>= 2)
		levels++;
	return levels;
}

static uint32_t take_room(struct spill_map *map, size_t len)
{
	uint32_t at = (uint32_t)map->arena_len;

	map->arena_len += (len + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	return at;
}

static bool has_room(const struct spill_map *map, struct view key, struct view value)
{
	size_t most = NODE_HEAD + LEVELS * sizeof(uint32_t) + key.len + value.len + 2 * ARENA_ALIGN;

	return most <= map->arena_cap - map->arena_len;
}

static void table_put(struct spill_map *map, struct view key, struct view value)
{
	uint32_t *links[LEVELS], at;
	struct node *node;

	find_links(map, key, links);
	node = *links[0] ? node_at(map, *links[0]) : NULL;
	if (!node || !view_equal(node_key(node), key)) {
		uint32_t levels = choose_levels(map);

		at = take_room(map, NODE_HEAD + levels * sizeof(uint32_t) + key.len);
		node = node_at(map, at);
		*node = (struct node){ .key_len = (uint32_t)key.len, .level_count = levels };
		memcpy(&node->next[levels], key.ptr, key.len);
		for (uint32_t i = 0; i < levels; i++) {
			node->next[i] = *links[i];
			*links[i] = at;
		}
	}
	node->value_at = take_room(map, value.len);
	node->value_len = (uint32_t)value.len;
	if (value.len)
		memcpy(map->arena + node->value_at, value.ptr, value.len);
}

/* --- runs ------------------------------------------------------------------------------------ */

static enum muster_code write_table(struct spill_map *map, struct map_run *run,
				    struct muster_error *err)
{
	enum muster_code code = map_run_create(run, map->dir, err);

	for (uint32_t at = map->first[0]; at && !code; at = node_at(map, at)->next[0]) {
		const struct node *node = node_at(map, at);

		code = map_run_add(run, node_key(node), node_value(map, node), err);
	}
	return code ? code : map_run_end(run, err);
}

/* Of equal keys the newer one's value. */
static enum muster_code merge_into(struct map_run *out, struct map_run *older,
				   struct map_run *newer, struct muster_error *err)
{
	struct view keys[2], values[2];
	enum muster_code code = map_run_seek(older, view_of("", 0), err);

	if (!code)
		code = map_run_seek(newer, view_of("", 0), err);
	while (!code) {
		bool has_old = map_run_head(older, &keys[0], &values[0]);
		bool has_new = map_run_head(newer, &keys[1], &values[1]);
		int order = has_old && has_new ? view_compare(keys[0], keys[1]) : has_new - has_old;

		if (!has_old && !has_new)
			break;
		code = order < 0 ? map_run_add(out, keys[0], values[0], err)
				 : map_run_add(out, keys[1], values[1], err);
		if (!code && order <= 0)
			code = map_run_step(older, err);
		if (!code && order >= 0)
			code = map_run_step(newer, err);
	}
	return code ? code : map_run_end(out, err);
}

static enum muster_code merge_last_two(struct spill_map *map, struct muster_error *err)
{
	struct map_run *older = &map->runs[map->run_count - 2], *newer = older + 1;
	struct map_run merged = { 0 };
	enum muster_code code = map_run_create(&merged, map->dir, err);

	if (!code)
		code = merge_into(&merged, older, newer, err);
	if (code) {
		map_run_release(&merged);
		return code;
	}
	map_run_release(newer);
	map_run_release(older);
	*older = merged;
	map->run_count--;
	return MUSTER_OK;
}

static bool is_to_be_merged(const struct spill_map *map)
{
	return map->run_count >= 2 && map->runs[map->run_count - 2].block_count <=
					      2 * map->runs[map->run_count - 1].block_count;
}

/* A merge that failed is made up for by the next one: nothing is lost by it. */
static enum muster_code flush(struct spill_map *map, struct muster_error *err)
{
	struct map_run run = { 0 };
	enum muster_code code = MUSTER_OK;

	while (!code && (is_to_be_merged(map) || map->run_count == SPILL_MAP_RUNS_MAX))
		code = merge_last_two(map, err);
	if (!code)
		code = write_table(map, &run, err);
	if (code) {
		map_run_release(&run);
		return code;
	}
	map->runs[map->run_count++] = run;
	empty_table(map);
	return MUSTER_OK;
}

/* --- the map --------------------------------------------------------------------------------- */

enum muster_code spill_map_put(struct spill_map *map, struct view key, struct view value,
			       struct muster_error *err)
{
	enum muster_code code;

	if (key.len > SPILL_MAP_KEY_MAX_BYTES || value.len > SPILL_MAP_RECORD_MAX_BYTES ||
	    key.len + value.len > SPILL_MAP_RECORD_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a record of %zu bytes is over %u",
				   key.len + value.len, SPILL_MAP_RECORD_MAX_BYTES);
	if (!has_room(map, key, value)) {
		code = flush(map, err);
		if (code)
			return code;
	}
	table_put(map, key, value);
	return MUSTER_OK;
}

enum muster_code spill_map_find(struct spill_map *map, struct view key, struct view *value,
				struct muster_error *err)
{
	const struct node *node = table_from(map, key);

	if (node && view_equal(node_key(node), key)) {
		*value = node_value(map, node);
		return MUSTER_OK;
	}
	for (unsigned i = map->run_count; i-- > 0;) {
		struct view found;
		enum muster_code code = map_run_seek(&map->runs[i], key, err);

		if (code)
			return code;
		if (map_run_head(&map->runs[i], &found, value) && view_equal(found, key))
			return MUSTER_OK;
	}
	return MUSTER_ABSENT;
}

enum muster_code spill_map_seek(struct spill_map *map, struct view key, struct muster_error *err)
{
	const struct node *node = table_from(map, key);
	enum muster_code code = MUSTER_OK;

	map->walk = node ? (uint32_t)((const uint8_t *)node - map->arena) : 0;
	map->given.from_table = false;
	map->given.runs = 0;
	for (unsigned i = 0; i < map->run_count && !code; i++)
		code = map_run_seek(&map->runs[i], key, err);
	return code;
}

static enum muster_code step_over_given(struct spill_map *map, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (map->given.from_table)
		map->walk = node_at(map, map->walk)->next[0];
	map->given.from_table = false;
	for (unsigned i = 0; i < map->run_count && !code; i++)
		if (map->given.runs >> i & 1)
			code = map_run_step(&map->runs[i], err);
	map->given.runs = 0;
	return code;
}

enum muster_code spill_map_next(struct spill_map *map, struct view *key, struct view *value,
				struct muster_error *err)
{
	enum muster_code code = step_over_given(map, err);
	struct view head, head_value;
	bool has_any = false;

	if (code)
		return code;
	if (map->walk) { /* the newest of all */
		*key = node_key(node_at(map, map->walk));
		*value = node_value(map, node_at(map, map->walk));
		has_any = map->given.from_table = true;
	}
	for (unsigned i = map->run_count; i-- > 0;) {
		int order;

		if (!map_run_head(&map->runs[i], &head, &head_value))
			continue;
		order = has_any ? view_compare(head, *key) : -1;
		if (order < 0) {
			*key = head;
			*value = head_value;
			has_any = true;
			map->given.from_table = false;
			map->given.runs = 0;
		}
		if (order <= 0)
			map->given.runs |= 1u << i;
	}
	return has_any ? MUSTER_OK : MUSTER_END;
}
