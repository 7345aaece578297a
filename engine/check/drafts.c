/* Drafts: each record is one of its place, a final record leads to its parts and to the version
 * that it became, and what the parts of a draft need is there (docs/formats/drafts.md).
 *
 *	the draft is		its parts are
 *	open, or sealed		needed, all of them
 *	finished, not saved	needed, those that the final record names
 *	saved, or dropped	not needed: the version has what it took over
 *	forgotten		not needed: neither its session nor the part's lives
 */
#include "engine/check/check_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/hash/hash.h"
#include "engine/repository/collection.h"

struct drafts_check {
	struct check_run *run;
	struct manifest_check *manifests;

	/* of the draft whose records are looked at; there is one if has_draft */
	uint8_t id[16];
	bool has_draft;
	struct draft_record plan, final; /* DRAFT_UNKNOWN: not there, or not understood */
	struct key final_key;
	bool has_final;
	bool is_over;	    /* saved, or dropped */
	bool is_alive;	    /* the session of its plan is */
	size_t named_count; /* of the parts that the final record names, those that are behind us */
};

/* --- records --------------------------------------------------------------------------------- */

static enum muster_code parse_record(const struct drafts_check *check, enum draft_kind kind,
				     struct view text, struct draft_record *out,
				     struct muster_error *err)
{
	enum muster_code code = draft_record_parse(out, text, err);

	if (code)
		return code;
	if (memcmp(out->draft, check->id, sizeof(check->id)) != 0 ||
	    (out->kind.id != DRAFT_UNKNOWN && out->kind.id != kind)) {
		draft_record_release(out);
		return muster_fail(err, MUSTER_E_FORMAT, "it is a record of another place");
	}
	return MUSTER_OK;
}

/* One that is damaged is a finding, and as little is known of it as of one of a newer program:
 * DRAFT_UNKNOWN. MUSTER_ABSENT: there is none. `sha256` may be NULL. */
static enum muster_code read_record(const struct drafts_check *check, const char *key,
				    enum draft_kind kind, struct draft_record *out,
				    uint8_t sha256[32], struct muster_error *err)
{
	struct bytes bytes = { 0 };
	enum muster_code code =
		store_get(check->run->store, key, &bytes, DRAFT_RECORD_MAX_BYTES, err);

	*out = (struct draft_record){ 0 };
	if (code == MUSTER_ABSENT)
		return MUSTER_ABSENT;
	if (!code && sha256)
		sha256_of(bytes_view(&bytes), sha256);
	if (!code)
		code = parse_record(check, kind, bytes_view(&bytes), out, err);
	bytes_release(&bytes);
	code = check_judge(check->run, key, code, err);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* What anything of a draft needs to be there. */
static enum muster_code read_plan(struct drafts_check *check, const char *because,
				  struct muster_error *err)
{
	struct key key;
	enum muster_code code;

	key_draft(&key, check->id, "plan");
	code = read_record(check, key.text, DRAFT_PLAN, &check->plan, NULL, err);
	if (code != MUSTER_ABSENT)
		return code;
	check_found(check->run, key.text, MUSTER_E_FORMAT, "it is missing: '%s' is of this draft",
		    because);
	return MUSTER_OK;
}

static enum muster_code read_seal(struct drafts_check *check, struct muster_error *err)
{
	struct draft_record seal;
	struct key key;
	enum muster_code code;

	key_draft(&key, check->id, "seal");
	code = read_record(check, key.text, DRAFT_SEAL, &seal, NULL, err);
	draft_record_release(&seal);
	if (code != MUSTER_ABSENT)
		return code;
	if (check->has_final)
		check_found(check->run, key.text, MUSTER_E_FORMAT,
			    "it is missing: '%s' comes after it", check->final_key.text);
	return MUSTER_OK;
}

/* The walk over its parts goes by their keys. */
static bool is_in_order(const struct drafts_check *check)
{
	const struct draft_named_part *parts = check->final.parts.items;
	struct key last, next;

	for (size_t i = 1; i < check->final.parts.count; i++) {
		key_draft_part(&last, check->id, parts[i - 1].shard);
		key_draft_part(&next, check->id, parts[i].shard);
		if (strcmp(last.text, next.text) >= 0)
			return false;
	}
	return true;
}

static void judge_final(struct drafts_check *check)
{
	static const uint8_t zero[16];
	const struct draft_record *final = &check->final;
	const char *wrong = NULL;

	if (final->kind.id == DRAFT_FINAL && final->outcome == DRAFT_SAVED &&
	    memcmp(final->version_id, zero, sizeof(zero)) == 0)
		wrong = "it names no version";
	else if (!is_in_order(check))
		wrong = "its parts are not in the order of their keys";
	if (!wrong)
		return;
	check_found(check->run, check->final_key.text, MUSTER_E_FORMAT, "%s", wrong);
	draft_record_release(&check->final);
}

static enum muster_code read_final(struct drafts_check *check, struct muster_error *err)
{
	enum muster_code code;

	key_draft(&check->final_key, check->id, "final");
	code = read_record(check, check->final_key.text, DRAFT_FINAL, &check->final, NULL, err);
	check->has_final = !code;
	if (!code)
		judge_final(check);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* --- how far it is --------------------------------------------------------------------------- */

/* What cannot be read was told with the sessions: it may live. One that is not there has ended. */
static enum muster_code look_at_session(struct check_run *run, const uint8_t session[16],
					bool *has_ended, bool *is_alive, struct muster_error *err)
{
	struct session_standing standing;
	struct muster_error unused = { 0 };
	enum muster_code code = session_look(run->store, session, &standing, &unused);

	if (muster_ends_job(code)) {
		*err = unused;
		return code;
	}
	*has_ended = !code && (!standing.is_there || standing.has_ended);
	*is_alive = code || (!*has_ended && standing.expiry_ms > run->rules.now_ms);
	return MUSTER_OK;
}

/* The event that its session ended with must have saved its version. That it is lost, or damaged,
 * was told with the sessions, and with its log. */
static enum muster_code check_saved_with(struct drafts_check *check, struct muster_error *err)
{
	const struct draft_record *final = &check->final;
	struct session_end end;
	struct event event = { 0 };
	struct key key;
	enum muster_code code = check_session_end(check->run, check->plan.session, &end, err);

	if (code || !end.is_there)
		return code;
	key_event(&key, end.log.text, end.event);
	code = check_read_event(check->run, key.text, &event, err);
	if (!code && !check->has_final)
		check_found(check->run, check->final_key.text, MUSTER_E_FORMAT,
			    "it is missing: '%s' has saved the draft", key.text);
	else if (!code && final->kind.id == DRAFT_FINAL &&
		 (event.kind.id != EVENT_SAVE ||
		  memcmp(event.version_id, final->version_id, sizeof(event.version_id)) != 0))
		check_found(check->run, check->final_key.text, MUSTER_E_FORMAT,
			    "it names another version than the one that '%s' has saved", key.text);
	event_release(&event);
	return muster_failed(code) ? code : MUSTER_OK;
}

/* By its name, as who saves a draft finds it. A log that cannot be read was told: it may be made,
 * or not. */
static enum muster_code find_version(struct drafts_check *check, bool *out,
				     struct muster_error *err)
{
	const struct draft_record *plan = &check->plan;
	struct collection_name name = { plan->entity, plan->project, plan->name };
	struct collection *collection = NULL;
	struct muster_error unused = { 0 };
	enum muster_code code =
		collection_open(&collection, check->run->repository, &name, NULL, &unused);

	*out = !code &&
	       collection_state_by_id(collection_versions(collection), check->final.version_id);
	collection_close(collection);
	if (muster_ends_job(code))
		*err = unused;
	return muster_ends_job(code) ? code : MUSTER_OK;
}

static enum muster_code judge_standing(struct drafts_check *check, struct muster_error *err)
{
	const struct draft_record *plan = &check->plan, *final = &check->final;
	bool has_ended = false, is_saved = false;
	enum muster_code code = MUSTER_OK;

	check->is_alive = false;
	if (plan->kind.id == DRAFT_PLAN)
		code = look_at_session(check->run, plan->session, &has_ended, &check->is_alive,
				       err);
	if (!code && has_ended)
		code = check_saved_with(check, err);
	check->is_over =
		has_ended || (final->kind.id == DRAFT_FINAL && final->outcome == DRAFT_DROPPED);
	if (!code && !check->is_over && plan->kind.id == DRAFT_PLAN &&
	    final->kind.id == DRAFT_FINAL)
		code = find_version(check, &is_saved, err);
	check->is_over = check->is_over || is_saved;
	return code;
}

/* --- parts ----------------------------------------------------------------------------------- */

/* A part that the final record names is there; if not in the listing, then since. */
static enum muster_code lose_named(struct drafts_check *check, const char *key,
				   struct muster_error *err)
{
	check->named_count++;
	return check_need_key(check->run, check->final_key.text, key, "names it", err);
}

/* Those that the final record names before `key` (NULL: all that are left) are not there. `out`
 * becomes the one that it names of this key, or NULL. */
static enum muster_code find_named(struct drafts_check *check, const char *key,
				   const struct draft_named_part **out, struct muster_error *err)
{
	const struct draft_named_part *parts = check->final.parts.items;
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	while (!code && check->named_count < check->final.parts.count) {
		const struct draft_named_part *part = &parts[check->named_count];
		struct key named;
		int order;

		key_draft_part(&named, check->id, part->shard);
		order = key ? strcmp(named.text, key) : -1;
		if (order > 0)
			break;
		if (order == 0) {
			check->named_count++;
			*out = part;
			break;
		}
		code = lose_named(check, named.text, err);
	}
	return code;
}

static enum muster_code is_needed(struct drafts_check *check, const struct draft_record *part,
				  bool is_named, bool *out, struct muster_error *err)
{
	static const uint8_t zero[16];
	bool has_ended, is_alive = check->is_alive;
	bool may_count = !check->is_over && (is_named || check->final.kind.id != DRAFT_FINAL);
	enum muster_code code = MUSTER_OK;

	if (may_count && !is_alive && memcmp(part->session, zero, sizeof(zero)) != 0)
		code = look_at_session(check->run, part->session, &has_ended, &is_alive, err);
	*out = may_count && is_alive;
	return code;
}

static enum muster_code check_manifest(struct drafts_check *check,
				       const struct part_manifest *manifest,
				       struct muster_error *err)
{
	if (!manifest->manifest.object_bytes)
		return MUSTER_OK; /* the part has none */
	return manifest_check_part(check->manifests, manifest, err);
}

static enum muster_code check_content(struct drafts_check *check, const struct draft_record *part,
				      struct muster_error *err)
{
	struct part_manifest added = { .manifest = part->added,
				       .entry_count = part->added_count,
				       .size_bytes = part->added_bytes };
	struct part_manifest removed = { .manifest = part->removed,
					 .entry_count = part->removed_count,
					 .is_of_removals = true };
	struct check_run *run = check->run;
	char draft[33];
	enum muster_code code;

	hex_put(draft, check->id, sizeof(check->id));
	snprintf(run->needed_by, sizeof(run->needed_by), "part %.*s of draft %.8s",
		 VIEW_ARGS(part->shard), draft);
	code = check_manifest(check, &added, err);
	if (!code)
		code = check_manifest(check, &removed, err);
	run->needed_by[0] = '\0';
	return code;
}

static enum muster_code check_record(struct drafts_check *check, const char *key,
				     const struct draft_record *part, const uint8_t sha256[32],
				     const struct draft_named_part *named, struct muster_error *err)
{
	bool has_need = false;
	struct key own;
	enum muster_code code;

	key_draft_part(&own, check->id, part->shard);
	if (strcmp(own.text, key) != 0) {
		check_found(check->run, key, MUSTER_E_FORMAT, "it is a record of another place");
		return MUSTER_OK;
	}
	if (named && memcmp(named->sha256, sha256, sizeof(named->sha256)) != 0)
		check_found(check->run, key, MUSTER_E_FORMAT,
			    "it has changed: '%s' names another SHA-256", check->final_key.text);
	code = is_needed(check, part, named != NULL, &has_need, err);
	return code || !has_need ? code : check_content(check, part, err);
}

static enum muster_code check_part(struct drafts_check *check, const char *key,
				   struct muster_error *err)
{
	const struct draft_named_part *named = NULL;
	struct draft_record part = { 0 };
	uint8_t sha256[32];
	enum muster_code code = find_named(check, key, &named, err);

	if (!code)
		code = read_record(check, key, DRAFT_PART, &part, sha256, err);
	if (!code && part.kind.id == DRAFT_PART)
		code = check_record(check, key, &part, sha256, named, err);
	draft_record_release(&part);
	return code;
}

/* --- all of them ----------------------------------------------------------------------------- */

static void release_draft(struct drafts_check *check)
{
	draft_record_release(&check->plan);
	draft_record_release(&check->final);
	check->has_draft = false;
	check->named_count = 0;
}

/* All its parts are behind us. */
static enum muster_code end_draft(struct drafts_check *check, struct muster_error *err)
{
	const struct draft_named_part *none;
	enum muster_code code = find_named(check, NULL, &none, err);

	release_draft(check);
	return code;
}

static enum muster_code begin_draft(struct drafts_check *check, const uint8_t id[16],
				    const char *key, struct muster_error *err)
{
	enum muster_code code = end_draft(check, err);

	if (code)
		return code;
	memcpy(check->id, id, sizeof(check->id));
	check->has_draft = true;
	check->run->report->draft_count++;
	code = read_plan(check, key, err);
	if (!code)
		code = read_final(check, err);
	if (!code)
		code = read_seal(check, err);
	return code ? code : judge_standing(check, err);
}

/* A check_key_fn. What is none of ours is a newer program's. */
static enum muster_code check_key(void *state, const char *key, struct muster_error *err)
{
	struct drafts_check *check = state;
	bool is_part;
	struct view rest;
	uint8_t id[16];
	enum muster_code code = MUSTER_OK;

	if (!key_parse_draft(key, id, &rest))
		return MUSTER_OK;
	is_part = view_starts_with(rest, VIEW_LITERAL("parts/"));
	if (!is_part && !view_equal(rest, VIEW_LITERAL("plan.json")) &&
	    !view_equal(rest, VIEW_LITERAL("seal.json")) &&
	    !view_equal(rest, VIEW_LITERAL("final.json")))
		return MUSTER_OK;
	if (!check->has_draft || memcmp(check->id, id, sizeof(id)) != 0)
		code = begin_draft(check, id, key, err);
	return code || !is_part ? code : check_part(check, key, err);
}

enum muster_code check_drafts(struct check_run *run, struct muster_error *err)
{
	struct drafts_check check = { .run = run };
	enum muster_code code = manifest_check_open(&check.manifests, run, err);

	if (!code)
		code = check_each_key(run, KEY_DRAFTS_PREFIX, check_key, &check, err);
	if (!code)
		code = end_draft(&check, err);
	release_draft(&check);
	manifest_check_close(check.manifests);
	return code;
}
