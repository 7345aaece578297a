/* How long a stored draft lives: by its sessions, the plan's and those of its parts. */
#include <string.h>

#include "engine/draft/stored_internal.h"

#define NS_PER_MS 1000000u
#define DAY_MS	  (24ull * 3600 * 1000)

static const uint8_t zero[16];

static uint64_t now_ms(const struct draft *draft)
{
	return effects_wall_ns(repository_effects(draft->repository)) / NS_PER_MS;
}

enum muster_code draft_expiry(struct draft *draft, uint64_t *expiry_ms, struct muster_error *err)
{
	struct session_standing standing;
	enum muster_code code = session_look(draft->store, draft->plan.session, &standing, err);

	*expiry_ms = standing.expiry_ms;
	return code;
}

static enum muster_code renew_one(struct draft *draft, const uint8_t session[16],
				  struct muster_error *err)
{
	struct session_standing standing;
	enum muster_code code = MUSTER_OK;

	if (memcmp(session, zero, sizeof(zero)) == 0)
		return MUSTER_OK;
	code = session_look(draft->store, session, &standing, err);
	if (code || standing.has_ended ||
	    standing.expiry_ms > now_ms(draft) + DRAFT_LIFE_MS - DAY_MS)
		return code;
	code = session_renew(draft->repository, session, DRAFT_LIFE_MS, err);
	return code == MUSTER_END ? MUSTER_OK : code;
}

enum muster_code draft_renew(struct draft *draft, struct muster_error *err)
{
	enum muster_code code = renew_one(draft, draft->plan.session, err);

	for (size_t i = 0; i < draft->parts.count && !code; i++)
		if (draft->parts.items[i].time_ms + DAY_MS < now_ms(draft)) /* else it is young */
			code = renew_one(draft, draft->parts.contents[i].session, err);
	return code;
}

void draft_end_sessions(struct draft *draft, const char *log, uint64_t number,
			const uint8_t sha256[32])
{
	for (size_t i = 0; i < draft->parts.count; i++)
		if (memcmp(draft->parts.contents[i].session, zero, sizeof(zero)) != 0)
			session_end_other(draft->repository, draft->parts.contents[i].session, log,
					  number, sha256, NULL);
	session_end_other(draft->repository, draft->plan.session, log, number, sha256, NULL);
}

static enum muster_code has_ended(struct draft *draft, bool *out, struct muster_error *err)
{
	return session_has_ended(draft->store, draft->plan.session, out, err);
}

/* A final record is there: was its version made? */
static enum muster_code judge_final(struct draft *draft, const struct draft_record *final,
				    enum draft_state *out, uint64_t *version,
				    struct muster_error *err)
{
	const struct version *made;
	bool is_over = false;
	enum muster_code code;

	if (final->outcome == DRAFT_DROPPED) {
		*out = DRAFT_GONE;
		return MUSTER_OK;
	}
	code = draft_need_collection(draft, err);
	if (code)
		return code;
	made = collection_state_by_id(collection_versions(draft->collection), final->version_id);
	if (made)
		*version = made->number;
	else
		code = has_ended(draft, &is_over, err);
	*out = made || is_over ? DRAFT_DONE : DRAFT_FINISHED;
	return code;
}

enum muster_code draft_state(struct draft *draft, enum draft_state *out, uint64_t *version,
			     struct muster_error *err)
{
	struct draft_record record;
	uint64_t own;
	enum muster_code code = draft_read_named(draft, "final", &record, err);

	version = version ? version : &own;
	*version = VERSION_NONE;
	*out = DRAFT_OPEN;
	if (!code)
		code = judge_final(draft, &record, out, version, err);
	draft_record_release(&record);
	if (code != MUSTER_ABSENT)
		return code;
	code = draft_read_named(draft, "seal", &record, err);
	if (!code)
		*out = DRAFT_SEALED;
	draft_record_release(&record);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}
