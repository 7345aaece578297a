/* Which versions runs used and logged, and the lists of it. */
#include "engine/repository/run.h"

#include <stdlib.h>

#define LISTED_MAX (1u << 20) /* records of one list */

/* --- telling -------------------------------------------------------------------------------- */

/* Whoever was first has said the same. */
static enum muster_code create(struct repository *repository, const struct key *key,
			       struct view bytes, struct muster_error *err)
{
	enum muster_code code = store_create(repository_store(repository), key->text, bytes, err);

	return code == MUSTER_EXISTS ? MUSTER_OK : code;
}

static enum muster_code encode(struct repository *repository, const struct run_id *run,
			       struct run_record *record, const uint8_t collection_id[16],
			       const uint8_t version_id[16], struct bytes *out,
			       struct muster_error *err)
{
	record->run = view_text(run->text);
	record->time_ms = effects_wall_ns(repository_effects(repository)) / 1000000;
	memcpy(record->collection_id, collection_id, 16);
	memcpy(record->version_id, version_id, 16);
	return run_record_encode(record, out, err);
}

/* Below the run first: a process that dies in between leaves an intention, which only the run
 * tells; who finds the use below the version finds it below the run, too. */
enum muster_code run_use(struct repository *repository, const struct run_id *run,
			 const uint8_t collection_id[16], const struct version *version,
			 struct muster_error *err)
{
	struct run_record record = { .kind.id = RUN_USE,
				     .version = version->number,
				     .event = version->event };
	struct bytes bytes = { 0 };
	struct key of_run, of_version;
	enum muster_code code = repository_gate(repository, err);

	if (!code)
		code = encode(repository, run, &record, collection_id, version->id, &bytes, err);
	key_run_version(&of_run, run, LINEAGE_USED, version->id);
	key_use(&of_version, version->id, run);
	if (!code)
		code = create(repository, &of_run, bytes_view(&bytes), err);
	if (!code)
		code = create(repository, &of_version, bytes_view(&bytes), err);
	bytes_release(&bytes);
	return code;
}

enum muster_code run_will_log(struct repository *repository, const struct run_id *run,
			      const uint8_t collection_id[16], const uint8_t version_id[16],
			      struct muster_error *err)
{
	struct run_record record = { .kind.id = RUN_LOG };
	struct bytes bytes = { 0 };
	struct key key;
	enum muster_code code =
		encode(repository, run, &record, collection_id, version_id, &bytes, err);

	key_run_version(&key, run, LINEAGE_LOGGED, version_id);
	if (!code)
		code = create(repository, &key, bytes_view(&bytes), err);
	bytes_release(&bytes);
	return code;
}

/* --- listing -------------------------------------------------------------------------------- */

/* Things of one size each, gathered while a store lists. */
struct gathered {
	uint8_t *items;
	size_t count, cap, item_bytes;
};

static enum muster_code gather(struct gathered *list, const void *item, struct muster_error *err)
{
	size_t cap = list->cap ? 2 * list->cap : 64;
	uint8_t *items;

	if (list->count >= LISTED_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "a list of over %u runs or versions",
				   LISTED_MAX);
	if (list->count == list->cap) {
		items = reallocarray(list->items, cap, list->item_bytes);
		if (!items)
			return muster_fail_memory(err, "a list of runs or versions");
		list->items = items;
		list->cap = cap;
	}
	memcpy(list->items + list->count++ * list->item_bytes, item, list->item_bytes);
	return MUSTER_OK;
}

static enum muster_code gather_user(void *state, const char *key, uint64_t size_bytes,
				    uint64_t modified_ns, struct muster_error *err)
{
	uint8_t version_id[16];
	struct run_id run = { 0 };

	(void)size_bytes;
	(void)modified_ns;
	return key_parse_use(key, version_id, &run) ? gather(state, &run, err) : MUSTER_OK;
}

enum muster_code run_each_user(struct repository *repository, const uint8_t version_id[16],
			       run_id_fn *fn, void *state, struct muster_error *err)
{
	struct gathered list = { .item_bytes = sizeof(struct run_id) };
	struct key prefix;
	enum muster_code code;

	key_uses_prefix(&prefix, version_id);
	code = store_list(repository_store(repository), prefix.text, NULL, gather_user, &list, err);
	for (size_t i = 0; i < list.count && !code; i++)
		code = fn(state, (const struct run_id *)(void *)list.items + i, err);
	free(list.items);
	return code;
}

static enum muster_code gather_version(void *state, const char *key, uint64_t size_bytes,
				       uint64_t modified_ns, struct muster_error *err)
{
	uint8_t version_id[16];
	enum lineage_part part;
	struct run_id run;
	uint64_t number;

	(void)size_bytes;
	(void)modified_ns;
	if (!key_parse_lineage(key, &run, &part, &number, version_id) || part == LINEAGE_NOTES)
		return MUSTER_OK;
	return gather(state, version_id, err);
}

static enum muster_code tell_version(struct repository *repository, const struct run_id *run,
				     enum lineage_part part, const uint8_t version_id[16],
				     run_version_fn *fn, void *state, struct muster_error *err)
{
	enum run_kind kind = part == LINEAGE_USED ? RUN_USE : RUN_LOG;
	struct run_record record;
	struct key key;
	enum muster_code code;

	key_run_version(&key, run, part, version_id);
	code = run_record_read(&record, repository_store(repository), key.text, run, kind, err);
	if (!code && memcmp(record.version_id, version_id, 16) != 0)
		code = muster_fail(err, MUSTER_E_FORMAT, "'%s': it is a record of another place",
				   key.text);
	if (!code)
		code = fn(state, &record, err);
	run_record_release(&record);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

enum muster_code run_each_version(struct repository *repository, const struct run_id *run,
				  enum lineage_part part, run_version_fn *fn, void *state,
				  struct muster_error *err)
{
	struct gathered list = { .item_bytes = 16 };
	struct key prefix;
	enum muster_code code;

	key_lineage_prefix(&prefix, run, part);
	code = store_list(repository_store(repository), prefix.text, NULL, gather_version, &list,
			  err);
	for (size_t i = 0; i < list.count && !code; i++)
		code = tell_version(repository, run, part, list.items + 16 * i, fn, state, err);
	free(list.items);
	return code;
}

/* --- when it was last heard of -------------------------------------------------------------- */

static enum muster_code note_time(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	uint64_t *newest_ms = state, modified_ms = modified_ns / 1000000;

	(void)key;
	(void)size_bytes;
	(void)err;
	if (modified_ms > *newest_ms)
		*newest_ms = modified_ms;
	return MUSTER_OK;
}

enum muster_code run_last_ms(struct repository *repository, const struct run_id *run, uint64_t *out,
			     struct muster_error *err)
{
	struct key prefix;

	*out = 0;
	key_lineage_of_run(&prefix, run);
	return store_list(repository_store(repository), prefix.text, NULL, note_time, out, err);
}

/* --- all runs ------------------------------------------------------------------------------- */

struct dated_run {
	uint64_t modified_ns;
	struct run_id run;
};

struct newest {
	struct dated_run *runs; /* 2 * max of them */
	uint64_t count, max, left_out;
};

static int by_age(const void *a, const void *b)
{
	const struct dated_run *left = a, *right = b;

	if (left->modified_ns != right->modified_ns)
		return left->modified_ns > right->modified_ns ? -1 : 1;
	return strcmp(left->run.text, right->run.text);
}

static void keep_newest(struct newest *newest)
{
	qsort(newest->runs, newest->count, sizeof(*newest->runs), by_age);
	if (newest->count > newest->max) {
		newest->left_out += newest->count - newest->max;
		newest->count = newest->max;
	}
}

static enum muster_code note_run(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	struct newest *newest = state;
	struct dated_run run = { .modified_ns = modified_ns };

	(void)size_bytes;
	(void)err;
	if (!key_parse_run(key, &run.run))
		return MUSTER_OK;
	newest->runs[newest->count++] = run;
	if (newest->count == 2 * newest->max)
		keep_newest(newest);
	return MUSTER_OK;
}

enum muster_code run_each(struct repository *repository, uint64_t max, run_id_fn *fn, void *state,
			  uint64_t *more, struct muster_error *err)
{
	struct newest newest = { .max = max };
	enum muster_code code;

	if (!max || max > LISTED_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "at most %u runs can be listed",
				   LISTED_MAX);
	newest.runs = calloc(2 * max, sizeof(*newest.runs));
	if (!newest.runs)
		return muster_fail_memory(err, "a list of runs");
	code = store_list(repository_store(repository), KEY_RUNS_PREFIX, NULL, note_run, &newest,
			  err);
	keep_newest(&newest);
	for (uint64_t i = 0; i < newest.count && !code; i++)
		code = fn(state, &newest.runs[i].run, err);
	*more = newest.left_out;
	free(newest.runs);
	return code;
}
