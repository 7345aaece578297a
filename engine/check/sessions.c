/* Sessions that ended with an event: that very event must be there. It is the only witness of the
 * last event of a log. */
#include "engine/check/check_internal.h"

#include <string.h>

#include "artifact/record/session_record.h"

/* MUSTER_ABSENT where there is none, or there was a finding (only with `tells`). */
static enum muster_code read_record(struct check_run *run, const uint8_t session[16],
				    uint64_t number, struct session_record *out, bool tells,
				    struct muster_error *err)
{
	struct bytes bytes = { 0 };
	struct key key;
	enum muster_code code;

	key_session(&key, session, number);
	code = store_get(run->store, key.text, &bytes, SESSION_RECORD_MAX_BYTES, err);
	if (!code)
		code = session_record_parse(out, bytes_view(&bytes), err);
	if (!code && (out->number != number || memcmp(out->session, session, 16) != 0)) {
		code = muster_fail(err, MUSTER_E_FORMAT, "it is a record of another place");
		session_record_release(out);
	}
	bytes_release(&bytes);
	if (tells)
		return check_judge(run, key.text, code, err);
	return muster_ends_job(code) || !code ? code : MUSTER_ABSENT;
}

/* Keys are made of these; what is not must not become one. */
static bool is_key_text(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
			return false;
	return text.len && text.len <= 700;
}

/* False where the record names nothing that can be an event. */
static bool take_end(const struct session_record *record, struct session_end *out)
{
	*out = (struct session_end){ 0 };
	if (!is_key_text(record->log) || !record->event || record->event > LOG_NUMBER_MAX)
		return false;
	out->is_there = true;
	out->event = record->event;
	memcpy(out->log.text, record->log.ptr, record->log.len);
	memcpy(out->sha256, record->sha256, 32);
	return true;
}

enum muster_code check_session_end(struct check_run *run, const uint8_t session[16],
				   struct session_end *out, struct muster_error *err)
{
	struct muster_error unused = { 0 };
	enum muster_code code = MUSTER_OK;

	*out = (struct session_end){ 0 };
	for (uint64_t number = 1; !code && !out->is_there; number++) {
		struct session_record record = { 0 };

		code = read_record(run, session, number, &record, false, &unused);
		if (!code && record.kind.id == SESSION_END)
			take_end(&record, out);
		session_record_release(&record);
	}
	if (muster_ends_job(code)) {
		*err = unused;
		return code;
	}
	return MUSTER_OK;
}

/* The event that a session ended with. */
static enum muster_code check_end(struct check_run *run, const char *session_key,
				  const struct session_end *end, struct muster_error *err)
{
	struct bytes bytes = { 0 };
	uint8_t sha256[32];
	struct key key;
	enum muster_code code;

	key_event(&key, end->log.text, end->event);
	code = store_get(run->store, key.text, &bytes, EVENT_MAX_BYTES, err);
	if (code == MUSTER_ABSENT) {
		check_found(run, key.text, MUSTER_E_FORMAT,
			    "it is missing: a commit is lost, '%s' names it", session_key);
	} else if (!code) {
		sha256_of(bytes_view(&bytes), sha256);
		if (memcmp(sha256, end->sha256, 32) != 0)
			check_found(run, key.text, MUSTER_E_FORMAT,
				    "it has changed: '%s' names another SHA-256", session_key);
	}
	bytes_release(&bytes);
	return check_judge(run, key.text, code, err);
}

static enum muster_code check_record(struct check_run *run, const uint8_t session[16],
				     uint64_t number, struct muster_error *err)
{
	struct session_record record = { 0 };
	struct session_end end;
	struct key key;
	enum muster_code code = read_record(run, session, number, &record, true, err);

	key_session(&key, session, number);
	if (!code && record.kind.id == SESSION_END && record.log.len) {
		if (take_end(&record, &end))
			code = check_end(run, key.text, &end, err);
		else
			check_found(run, key.text, MUSTER_E_FORMAT,
				    "it names an event that cannot be");
	}
	session_record_release(&record);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

static size_t parse_session(const char *key, uint8_t out[CHECK_ITEM_BYTES])
{
	uint64_t number;

	if (!key_parse_session(key, out, &number))
		return 0;
	put_u64(out + 16, number);
	return 24;
}

enum muster_code check_sessions(struct check_run *run, struct muster_error *err)
{
	struct check_stream records = { 0 };
	struct spill *list = NULL;
	enum muster_code code = check_list(run, "sessions/", parse_session, &list, err);

	if (!code)
		code = check_stream_begin(&records, list, err);
	while (!code && records.has) {
		code = check_record(run, records.key.ptr, get_u64(records.key.ptr + 16), err);
		if (!code)
			code = check_cancelled(run, err);
		if (!code)
			code = check_stream_next(&records, err);
	}
	spill_free(list);
	return code;
}
