#include "artifact/record/run_record.h"

#include <assert.h>

#define START			   (1u << RUN_START)
#define CONFIG			   (1u << RUN_CONFIG)
#define FINISH			   (1u << RUN_FINISH)
#define USE			   (1u << RUN_USE)
#define OF_VERSION		   (USE | 1u << RUN_LOG)
#define NOTES			   (CONFIG | FINISH)
#define VERSION_MAX		   ((1u << 20) - 1) /* COLLECTION_VERSIONS_MAX */
#define COUNT(array)		   (sizeof(array) / sizeof((array)[0]))
#define F(text, form, member, ...) RECORD_FIELD(text, form, struct run_record, member, __VA_ARGS__)

static const char *const kind_names[RUN_KINDS] = {
	[RUN_UNKNOWN] = "unknown", [RUN_START] = "start", [RUN_CONFIG] = "config",
	[RUN_FINISH] = "finish",   [RUN_USE] = "use",	  [RUN_LOG] = "log",
};
static const char *const states[] = { [RUN_FINISHED] = "finished", [RUN_FAILED] = "failed" };

static const struct field fields[] = {
	F("run", TEXT, run, RUN_ID_MAX_BYTES, KINDS_ALL, KINDS_ALL),
	F("time", TIME, time_ms, 0, KINDS_ALL, KINDS_ALL),
	F("kind", KIND, kind, 64, KINDS_ALL, KINDS_ALL),

	F("entity", TEXT, entity, RUN_TEXT_MAX_BYTES, START, START),
	F("project", TEXT, project, RUN_TEXT_MAX_BYTES, START, START),
	F("name", TEXT, name, RUN_TEXT_MAX_BYTES, START, 0),
	F("job_type", TEXT, job_type, RUN_TEXT_MAX_BYTES, START, 0),
	F("group", TEXT, group, RUN_TEXT_MAX_BYTES, START, 0),
	F("who", TEXT, who, 4096, START, 0),

	F("n", U64, number, LOG_NUMBER_MAX, NOTES, NOTES),
	F("config", JSON, config, METADATA_MAX_BYTES, START | CONFIG, CONFIG),
	F("state", NAMED, state, 0, FINISH, FINISH, .names = states, .name_count = COUNT(states)),

	F("version_id", ID, version_id, 0, OF_VERSION, OF_VERSION),
	F("collection", ID, collection_id, 0, OF_VERSION, OF_VERSION),
	F("version", U64, version, VERSION_MAX, USE, USE),
	F("event", U64, event, LOG_NUMBER_MAX, USE, USE),
};

static const struct record_schema schema = {
	.what = "run",
	.version = 1,
	.fields = fields,
	.field_count = COUNT(fields),
	.kinds = kind_names,
	.kind_count = RUN_KINDS,
	.max_bytes = RUN_RECORD_MAX_BYTES,
};

void run_record_release(struct run_record *record)
{
	record_release(&schema, record);
	bytes_release(&record->text);
	*record = (struct run_record){ 0 };
}

enum muster_code run_record_encode(const struct run_record *record, struct bytes *out,
				   struct muster_error *err)
{
	assert(record->kind.id != RUN_UNKNOWN);
	return record_encode(&schema, record, record->kind.id, out, err);
}

static enum muster_code check_record(const struct run_record *record, struct muster_error *err)
{
	bool is_note = record->kind.id == RUN_CONFIG || record->kind.id == RUN_FINISH;
	struct run_id id;

	if (!run_id_parse(record->run, &id))
		return muster_fail(err, MUSTER_E_FORMAT, "member 'run' is no id of a run");
	if (is_note && !record->number)
		return muster_fail(err, MUSTER_E_FORMAT, "member 'n' is 0");
	if (record->kind.id == RUN_USE && !record->event)
		return muster_fail(err, MUSTER_E_FORMAT, "member 'event' is 0");
	return MUSTER_OK;
}

enum muster_code run_record_parse(struct run_record *out, struct view text,
				  struct muster_error *err)
{
	bool has_unknown = false;
	enum muster_code code;

	*out = (struct run_record){ 0 };
	code = record_parse_document(&schema, text, out, &out->text, &has_unknown, err);
	if (!code)
		code = check_record(out, err);
	if (code)
		run_record_release(out);
	return code;
}
