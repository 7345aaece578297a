/* Packs that no index names are of writers that work, or were killed. Those of copies without an
 * end are taken over: a pack that is there is whole, so it does no harm if its writer still lives.
 */
#include <string.h>

#include "artifact/record/key.h"
#include "engine/copy/copy_internal.h"

struct adoption {
	struct copy *copy;
	struct blob_set *set;
	/* Ids come in the order of sessions: the one that was judged last. */
	uint8_t session[16];
	bool has_session, is_dead;
};

static enum muster_code note_last(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	uint8_t session[16];
	uint64_t number;

	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	if (key_parse_session(key, session, &number))
		*(uint64_t *)state = number;
	return MUSTER_OK;
}

/* Record `number` of a session. What cannot be read or understood is none: it is only left alone.
 */
static bool read_record(struct copy *copy, const uint8_t session[16], uint64_t number,
			struct session_record *out)
{
	struct bytes text = { 0 };
	struct key key;
	bool is_read;

	key_session(&key, session, number);
	is_read = store_get(copy->store, key.text, &text, SESSION_RECORD_MAX_BYTES, NULL) ==
			  MUSTER_OK &&
		  session_record_parse(out, bytes_view(&text), NULL) == MUSTER_OK;
	bytes_release(&text);
	return is_read;
}

static bool is_copy(const struct session_record *record)
{
	return record->kind.id == SESSION_BEGIN &&
	       view_starts_with(record->what, VIEW_LITERAL("copy "));
}

static enum muster_code judge(struct adoption *adoption, const uint8_t session[16],
			      struct muster_error *err)
{
	struct session_record record = { 0 };
	uint64_t last = 0;
	struct key prefix;
	enum muster_code code;

	memcpy(adoption->session, session, 16);
	adoption->has_session = true;
	adoption->is_dead = false;
	key_session_prefix(&prefix, session);
	code = store_list(adoption->copy->store, prefix.text, NULL, note_last, &last, err);
	if (code || !last || !read_record(adoption->copy, session, 1, &record))
		return code;
	adoption->is_dead = is_copy(&record);
	session_record_release(&record);
	if (adoption->is_dead && last > 1 && read_record(adoption->copy, session, last, &record)) {
		adoption->is_dead = record.kind.id != SESSION_END;
		session_record_release(&record);
	}
	return MUSTER_OK;
}

static enum muster_code adopt_pack(void *state, const struct object_id *id,
				   struct muster_error *err)
{
	struct adoption *adoption = state;
	struct copy *copy = adoption->copy;
	struct muster_error why = { 0 };
	enum muster_code code = MUSTER_OK;

	if (repository_standing(copy->target, id) != GC_LIVE)
		return MUSTER_OK;
	if (!adoption->has_session || memcmp(adoption->session, id->session, 16) != 0)
		code = judge(adoption, id->session, err);
	if (code || !adoption->is_dead)
		return code;
	code = blob_set_adopt(adoption->set, id, &why);
	if (code == MUSTER_ABSENT || code == MUSTER_E_FORMAT) /* gone, or for check to tell */
		return MUSTER_OK;
	if (code) {
		*err = why;
		return code;
	}
	copy->report->adopted_packs++;
	copy->blobs.has_dead = true;
	memcpy(copy->blobs.dead, id->session, 16);
	return MUSTER_OK;
}

enum muster_code copy_adopt(struct copy *copy, struct blob_set *set, struct muster_error *err)
{
	struct adoption adoption = { .copy = copy, .set = set };

	return blob_set_each_orphan(set, adopt_pack, &adoption, err);
}
