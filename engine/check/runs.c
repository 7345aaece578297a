/* Runs: each record is one of its place, no note is missing, and what was used or logged by a run
 * is told by the run, too (docs/formats/runs.md says what is written first). */
#include "engine/check/check_internal.h"

#include <string.h>

#include "engine/repository/run.h"

struct runs_check {
	struct check_run *run;
	struct run_id last; /* the run whose records are checked */
	uint64_t note_count;
};

/* MUSTER_ABSENT: there is none, or there was a finding. */
static enum muster_code read_record(struct check_run *run, const char *key, const struct run_id *id,
				    enum run_kind kind, struct run_record *out,
				    struct muster_error *err)
{
	enum muster_code code = run_record_read(out, run->store, key, id, kind, err);

	return check_judge(run, key, code, err);
}

static enum muster_code is_there(struct check_run *run, const char *key, bool *out,
				 struct muster_error *err)
{
	struct store_object *object = NULL;
	enum muster_code code = store_open(run->store, key, &object, err);

	*out = !code;
	if (!code)
		store_close(object);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* `object` speaks of something that is told under `key`, too. */
static enum muster_code need(struct check_run *run, const char *object, const char *key,
			     const char *why, struct muster_error *err)
{
	bool has_it = false;
	enum muster_code code = is_there(run, key, &has_it, err);

	if (!code && !has_it)
		check_found(run, key, MUSTER_E_FORMAT, "it is missing: '%s' %s", object, why);
	code = check_judge(run, key, code, err);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

static enum muster_code need_start(struct check_run *run, const char *object,
				   const struct run_id *id, struct muster_error *err)
{
	struct key key;

	key_run(&key, id);
	return need(run, object, key.text, "is of this run", err);
}

/* --- starts ---------------------------------------------------------------------------------- */

static enum muster_code check_start(struct runs_check *check, const char *key,
				    struct muster_error *err)
{
	struct run_record record = { 0 };
	struct run_id id;
	enum muster_code code;

	if (!key_parse_run(key, &id))
		return MUSTER_OK; /* none of ours */
	check->run->report->run_count++;
	code = read_record(check->run, key, &id, RUN_START, &record, err);
	run_record_release(&record);
	return code;
}

/* --- what is told below a run ---------------------------------------------------------------- */

static enum muster_code check_note(struct runs_check *check, const char *key,
				   const struct run_id *id, uint64_t number,
				   struct muster_error *err)
{
	struct run_record record = { 0 };
	struct key missing;
	enum muster_code code;

	for (uint64_t n = check->note_count + 1; n < number && n <= RUN_NOTES_MAX; n++) {
		key_run_note(&missing, id, n);
		check_found(check->run, missing.text, MUSTER_E_FORMAT,
			    "it is missing: there are notes behind it");
	}
	check->note_count = number;
	code = read_record(check->run, key, id, RUN_UNKNOWN, &record, err);
	if (!code && record.kind.id != RUN_UNKNOWN &&
	    (record.number != number ||
	     (record.kind.id != RUN_CONFIG && record.kind.id != RUN_FINISH)))
		check_found(check->run, key, MUSTER_E_FORMAT, "it is a record of another place");
	run_record_release(&record);
	return code;
}

static enum muster_code check_told(struct runs_check *check, const char *key,
				   const struct run_id *id, enum run_kind kind,
				   const uint8_t version_id[16], struct muster_error *err)
{
	struct run_record record = { 0 };
	enum muster_code code = read_record(check->run, key, id, kind, &record, err);

	if (!code && memcmp(record.version_id, version_id, 16) != 0)
		check_found(check->run, key, MUSTER_E_FORMAT, "it is a record of another place");
	run_record_release(&record);
	return code;
}

static enum muster_code check_below(struct runs_check *check, const char *key,
				    struct muster_error *err)
{
	struct run_id id;
	enum lineage_part part;
	uint8_t version_id[16];
	uint64_t number;
	enum muster_code code = MUSTER_OK;

	if (!key_parse_lineage(key, &id, &part, &number, version_id))
		return MUSTER_OK;
	if (strcmp(check->last.text, id.text) != 0) {
		check->last = id;
		check->note_count = 0;
		code = need_start(check->run, key, &id, err);
	}
	if (code)
		return code;
	if (part == LINEAGE_NOTES)
		return check_note(check, key, &id, number, err);
	return check_told(check, key, &id, part == LINEAGE_USED ? RUN_USE : RUN_LOG, version_id,
			  err);
}

/* --- uses ------------------------------------------------------------------------------------ */

/* The event that saved the version; what it says is checked with its log. */
static enum muster_code check_used(struct check_run *run, const char *key,
				   const struct run_record *use, struct muster_error *err)
{
	struct event event = { 0 };
	struct bytes bytes = { 0 };
	struct key log, saved;
	enum muster_code code;

	key_collection_log(&log, use->collection_id);
	key_event(&saved, log.text, use->event);
	code = store_get(run->store, saved.text, &bytes, EVENT_MAX_BYTES, err);
	if (code == MUSTER_ABSENT)
		check_found(run, saved.text, MUSTER_E_FORMAT,
			    "it is missing: '%s' is of the version that it saved", key);
	else if (!code)
		code = event_parse(&event, bytes_view(&bytes), err);
	if (!code && (event.kind.id != EVENT_SAVE || event.version != use->version ||
		      memcmp(event.version_id, use->version_id, 16) != 0))
		check_found(run, key, MUSTER_E_FORMAT, "it is of a version that '%s' did not save",
			    saved.text);
	bytes_release(&bytes);
	event_release(&event);
	/* What is damaged was told when its log was checked. */
	if (muster_ends_job(code))
		return code;
	*err = (struct muster_error){ 0 };
	return MUSTER_OK;
}

static enum muster_code check_use(struct runs_check *check, const char *key,
				  struct muster_error *err)
{
	struct run_record record = { 0 };
	struct run_id id;
	struct key of_run;
	uint8_t version_id[16];
	enum muster_code code;

	if (!key_parse_use(key, version_id, &id))
		return MUSTER_OK;
	check->run->report->use_count++;
	code = read_record(check->run, key, &id, RUN_USE, &record, err);
	if (!code && memcmp(record.version_id, version_id, 16) != 0)
		check_found(check->run, key, MUSTER_E_FORMAT, "it is a record of another place");
	else if (!code)
		code = check_used(check->run, key, &record, err);
	run_record_release(&record);
	key_run_version(&of_run, &id, LINEAGE_USED, version_id);
	if (!code || code == MUSTER_ABSENT)
		code = need_start(check->run, key, &id, err);
	return code ? code : need(check->run, key, of_run.text, "tells the same", err);
}

/* --- all of them ----------------------------------------------------------------------------- */

typedef enum muster_code check_key_fn(struct runs_check *check, const char *key,
				      struct muster_error *err);

static enum muster_code note_key(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	(void)size_bytes;
	(void)modified_ns;
	return spill_add(state, view_text(key), (struct view){ 0 }, err);
}

static enum muster_code each_key(struct runs_check *check, const char *prefix, check_key_fn *fn,
				 struct muster_error *err)
{
	struct check_stream keys = { 0 };
	struct spill *list = NULL;
	char key[STORE_KEY_MAX_BYTES + 1];
	enum muster_code code = check_sort_new(check->run, &list, false, err);

	if (!code)
		code = store_list(check->run->store, prefix, NULL, note_key, list, err);
	if (!code)
		code = check_stream_begin(&keys, list, err);
	while (!code && keys.has) {
		if (keys.key.len < sizeof(key)) {
			memcpy(key, keys.key.ptr, keys.key.len);
			key[keys.key.len] = '\0';
			code = fn(check, key, err);
		}
		if (code == MUSTER_ABSENT) /* a finding */
			code = MUSTER_OK;
		if (!code)
			code = check_cancelled(check->run, err);
		if (!code)
			code = check_stream_next(&keys, err);
	}
	spill_free(list);
	return code;
}

enum muster_code check_runs(struct check_run *run, struct muster_error *err)
{
	struct runs_check check = { .run = run };
	enum muster_code code = each_key(&check, KEY_RUNS_PREFIX, check_start, err);

	if (!code)
		code = each_key(&check, KEY_LINEAGE_PREFIX, check_below, err);
	return code ? code : each_key(&check, KEY_USES_PREFIX, check_use, err);
}

enum muster_code check_saved_by(struct check_run *run, const char *event_key, struct view run_id,
				const uint8_t version_id[16], struct muster_error *err)
{
	struct run_id id;
	struct key key;
	enum muster_code code;

	if (!run_id_parse(run_id, &id))
		return MUSTER_OK; /* none, or something else's */
	key_run_version(&key, &id, LINEAGE_LOGGED, version_id);
	code = need_start(run, event_key, &id, err);
	return code ? code : need(run, event_key, key.text, "says that this run logged it", err);
}
