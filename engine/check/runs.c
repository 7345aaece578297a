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

static enum muster_code need_start(struct check_run *run, const char *object,
				   const struct run_id *id, struct muster_error *err)
{
	struct key key;

	key_run(&key, id);
	return check_need_key(run, object, key.text, "is of this run", err);
}

/* --- starts ---------------------------------------------------------------------------------- */

static enum muster_code check_start(void *state, const char *key, struct muster_error *err)
{
	struct runs_check *check = state;
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

static enum muster_code check_below(void *state, const char *key, struct muster_error *err)
{
	struct runs_check *check = state;
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
	struct key log, saved;
	enum muster_code code;

	key_collection_log(&log, use->collection_id);
	key_event(&saved, log.text, use->event);
	code = check_read_event(run, saved.text, &event, err);
	if (code == MUSTER_ABSENT)
		check_found(run, saved.text, MUSTER_E_FORMAT,
			    "it is missing: '%s' is of the version that it saved", key);
	else if (!code && (event.kind.id != EVENT_SAVE || event.version != use->version ||
			   memcmp(event.version_id, use->version_id, 16) != 0))
		check_found(run, key, MUSTER_E_FORMAT, "it is of a version that '%s' did not save",
			    saved.text);
	event_release(&event);
	return muster_failed(code) ? code : MUSTER_OK;
}

static enum muster_code check_use(void *state, const char *key, struct muster_error *err)
{
	struct runs_check *check = state;
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
	return code ? code : check_need_key(check->run, key, of_run.text, "tells the same", err);
}

/* --- all of them ----------------------------------------------------------------------------- */

enum muster_code check_runs(struct check_run *run, struct muster_error *err)
{
	struct runs_check check = { .run = run };
	enum muster_code code = check_each_key(run, KEY_RUNS_PREFIX, check_start, &check, err);

	if (!code)
		code = check_each_key(run, KEY_LINEAGE_PREFIX, check_below, &check, err);
	return code ? code : check_each_key(run, KEY_USES_PREFIX, check_use, &check, err);
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
	return code ? code
		    : check_need_key(run, event_key, key.text, "says that this run logged it", err);
}
