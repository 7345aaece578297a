#include "artifact/record/session_record.h"

#include <assert.h>

#define BEGIN (1u << SESSION_BEGIN)
#define BEAT  (1u << SESSION_BEAT)
#define END   (1u << SESSION_END)
#define F(text, form, member, ...)                                                                 \
	RECORD_FIELD(text, form, struct session_record, member, __VA_ARGS__)

static const char *const kind_names[SESSION_KINDS] = {
	[SESSION_UNKNOWN] = "unknown",
	[SESSION_BEGIN] = "begin",
	[SESSION_BEAT] = "beat",
	[SESSION_END] = "end",
};

static const struct field fields[] = {
	F("n", U64, number, LOG_NUMBER_MAX, KINDS_ALL, KINDS_ALL),
	F("session", ID, session, 0, KINDS_ALL, KINDS_ALL),
	F("time", TIME, time_ms, 0, KINDS_ALL, KINDS_ALL),
	F("kind", KIND, kind, 64, KINDS_ALL, KINDS_ALL),
	F("who", TEXT, who, SESSION_TEXT_MAX_BYTES, BEGIN, BEGIN),
	F("what", TEXT, what, SESSION_TEXT_MAX_BYTES, BEGIN, BEGIN),
	F("base", BASE, base, 0, BEGIN, BEGIN),
	F("continues", ID, continues, 0, BEGIN, 0),
	F("expiry", TIME, expiry_ms, 0, BEGIN | BEAT, 0),
	F("log", TEXT, log, KEY_MAX_BYTES, END, 0),
	F("event", U64, event, LOG_NUMBER_MAX, END, 0),
	F("sha256", SHA256, sha256, 0, END, 0),
};

static const struct record_schema schema = {
	.what = "session",
	.version = 1,
	.fields = fields,
	.field_count = sizeof(fields) / sizeof(fields[0]),
	.kinds = kind_names,
	.kind_count = SESSION_KINDS,
	.max_bytes = SESSION_RECORD_MAX_BYTES,
};

void session_record_release(struct session_record *record)
{
	record_release(&schema, record);
	bytes_release(&record->text);
	*record = (struct session_record){ 0 };
}

enum muster_code session_record_encode(const struct session_record *record, struct bytes *out,
				       struct muster_error *err)
{
	assert(record->kind.id != SESSION_UNKNOWN && record->number >= 1);
	return record_encode(&schema, record, record->kind.id, out, err);
}

/* An end names an event by all three, or by none. */
static bool is_whole_end(const struct session_record *record)
{
	static const uint8_t zero[32];
	bool has_sha256 = memcmp(record->sha256, zero, sizeof(zero)) != 0;

	return (record->log.len != 0) == (record->event != 0) && (record->event != 0) == has_sha256;
}

enum muster_code session_record_parse(struct session_record *out, struct view text,
				      struct muster_error *err)
{
	bool has_unknown = false;
	enum muster_code code;

	*out = (struct session_record){ 0 };
	code = record_parse_document(&schema, text, out, &out->text, &has_unknown, err);
	if (!code && out->number < 1)
		code = muster_fail(err, MUSTER_E_FORMAT, "member 'n' is 0");
	if (!code && out->kind.id == SESSION_END && !is_whole_end(out))
		code = muster_fail(err, MUSTER_E_FORMAT, "an end names its event in part");
	if (code)
		session_record_release(out);
	return code;
}
