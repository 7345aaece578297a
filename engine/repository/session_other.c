/* Sessions that other processes began, and that outlive them: those of drafts. Several processes
 * may write to one of them, so a number that is taken is no surprise here: the next one is tried.
 */
#include <string.h>

#include "engine/repository/session.h"

#define NS_PER_MS	1000000u
#define CREATE_ATTEMPTS 100

static enum muster_code take_last(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	struct session_standing *standing = state;
	uint64_t number;
	uint8_t id[16];

	(void)size_bytes, (void)modified_ns, (void)err;
	if (key_parse_session(key, id, &number))
		standing->last_number = number;
	return MUSTER_OK;
}

static enum muster_code read_last(struct store *store, const uint8_t id[16],
				  struct session_standing *out, struct muster_error *err)
{
	struct session_record record = { 0 };
	struct bytes bytes = { 0 };
	struct key key;
	enum muster_code code;

	key_session(&key, id, out->last_number);
	code = store_get(store, key.text, &bytes, SESSION_RECORD_MAX_BYTES, err);
	if (!code)
		code = session_record_parse(&record, bytes_view(&bytes), err);
	if (!code) {
		out->has_ended = record.kind.id == SESSION_END;
		out->ended_with_event = out->has_ended && record.event;
		out->last_ms = record.time_ms;
		out->expiry_ms = record.expiry_ms;
	}
	session_record_release(&record);
	bytes_release(&bytes);
	return code;
}

enum muster_code session_look(struct store *store, const uint8_t id[16],
			      struct session_standing *out, struct muster_error *err)
{
	struct key prefix;
	enum muster_code code;

	*out = (struct session_standing){ 0 };
	key_session_prefix(&prefix, id);
	code = store_list(store, prefix.text, NULL, take_last, out, err);
	out->is_there = out->last_number != 0;
	if (!code && out->is_there)
		code = read_last(store, id, out, err);
	return code;
}

/* MUSTER_EXISTS: somebody else has that number. */
static enum muster_code create(struct store *store, const struct session_record *record,
			       struct muster_error *err)
{
	struct bytes bytes = { 0 };
	struct key key;
	enum muster_code code = session_record_encode(record, &bytes, err);

	key_session(&key, record->session, record->number);
	if (!code)
		code = store_create(store, key.text, bytes_view(&bytes), err);
	bytes_release(&bytes);
	return code;
}

static enum muster_code append(struct repository *repository, const uint8_t id[16],
			       struct session_record *record, uint64_t life_ms,
			       struct muster_error *err)
{
	struct store *store = repository_store(repository);
	enum muster_code code = MUSTER_EXISTS;

	memcpy(record->session, id, sizeof(record->session));
	for (int attempt = 0; attempt < CREATE_ATTEMPTS && code == MUSTER_EXISTS; attempt++) {
		struct session_standing standing;

		code = session_look(store, id, &standing, err);
		if (!code && !standing.is_there)
			code = muster_fail(err, MUSTER_E_NAME, "there is no such session");
		if (!code && standing.has_ended)
			return MUSTER_END;
		if (code)
			return code;
		record->number = standing.last_number + 1;
		record->time_ms = effects_wall_ns(repository_effects(repository)) / NS_PER_MS;
		record->expiry_ms = life_ms ? record->time_ms + life_ms : 0;
		code = create(store, record, err);
	}
	return code == MUSTER_EXISTS ? muster_fail(err, MUSTER_E_CONFLICT,
						   "others wrote to a session all the time")
				     : code;
}

enum muster_code session_renew(struct repository *repository, const uint8_t id[16],
			       uint64_t life_ms, struct muster_error *err)
{
	struct session_record record = { .kind.id = SESSION_BEAT };

	return append(repository, id, &record, life_ms, err);
}

enum muster_code session_end_other(struct repository *repository, const uint8_t id[16],
				   const char *log, uint64_t number, const uint8_t sha256[32],
				   struct muster_error *err)
{
	struct session_record record = { .kind.id = SESSION_END, .event = number };
	enum muster_code code;

	if (log) {
		record.log = view_text(log);
		memcpy(record.sha256, sha256, sizeof(record.sha256));
	}
	code = append(repository, id, &record, 0, err);
	return code == MUSTER_END ? MUSTER_OK : code;
}

enum muster_code session_has_ended(struct store *store, const uint8_t id[16], bool *has_ended,
				   struct muster_error *err)
{
	struct session_standing standing;
	enum muster_code code = session_look(store, id, &standing, err);

	*has_ended = !standing.is_there || standing.has_ended;
	return code;
}
