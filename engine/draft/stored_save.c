/* The end of a stored draft: its version, or nothing.
 *
 *	content made ─► seal ─► parts listed anew: the same? ─► final ─► save event ─► sessions end
 *
 * Until the final record is there, whoever finishes may begin again; then only its parts count, and
 * only its version's id, so that two who finish make one version. */
#include <stdlib.h>
#include <string.h>

#include "engine/draft/stored_internal.h"

#define ATTEMPTS 100

/* --- which parts ----------------------------------------------------------------------------- */

static bool has_named_parts(const struct draft *draft, const struct draft_record *final)
{
	const struct draft_named_part *parts = final->parts.items;

	if (draft->parts.count != final->parts.count)
		return false;
	for (size_t i = 0; i < final->parts.count; i++)
		if (!view_equal(parts[i].shard, view_text(draft->parts.items[i].shard)) ||
		    memcmp(parts[i].sha256, draft->parts.items[i].sha256, 32) != 0)
			return false;
	return true;
}

static enum muster_code read_named_parts(struct draft *draft, const struct draft_record *final,
					 struct muster_error *err)
{
	const struct draft_named_part *parts = final->parts.items;
	enum muster_code code = MUSTER_OK;

	draft->parts.count = 0;
	for (size_t i = 0; i < final->parts.count && !code; i++) {
		struct draft_record record;
		uint8_t sha256[32];
		struct key key;

		key_draft_part(&key, draft->id, parts[i].shard);
		code = draft_read(draft->store, draft->id, key.text, &record, sha256, err);
		if (code == MUSTER_ABSENT ||
		    (!code && memcmp(sha256, parts[i].sha256, sizeof(sha256)) != 0))
			code = muster_fail(err, MUSTER_E_FORMAT,
					   "part '%.*s' is not the one that the draft was "
					   "finished with",
					   VIEW_ARGS(parts[i].shard));
		if (!code)
			code = draft_take_part(draft, key.text, &record, sha256, err);
		draft_record_release(&record);
	}
	return code;
}

/* Every planned shard must be there, and nothing else: their ranges do not meet, by the plan. */
static enum muster_code check_shards(const struct draft *draft, struct muster_error *err)
{
	const struct draft_range *ranges = draft->plan.ranges.items;
	size_t missing = 0, first = 0;

	for (size_t i = 0; i < draft->plan.ranges.count; i++) {
		char shard[DRAFT_SHARD_MAX_BYTES + 1] = { 0 };

		memcpy(shard, ranges[i].shard.ptr, ranges[i].shard.len);
		if (draft_part_named(draft, shard))
			continue;
		if (!missing++)
			first = i;
	}
	if (missing)
		return muster_fail(err, MUSTER_E_CONFLICT,
				   "%zu of %zu shards %s missing, the first is shard %.*s", missing,
				   draft->plan.ranges.count, missing == 1 ? "is" : "are",
				   VIEW_ARGS(ranges[first].shard));
	if (draft->plan.ranges.count && draft->parts.count != draft->plan.ranges.count)
		return muster_fail(err, MUSTER_E_CONFLICT, "it has parts that were not planned");
	return MUSTER_OK;
}

/* By the plan's ranges, which a listing by name need not follow. Gives the list. */
static enum muster_code put_in_order(const struct draft *draft, struct part_content **out,
				     struct muster_error *err)
{
	const struct draft_range *ranges = draft->plan.ranges.items;
	struct part_content *ordered = calloc(draft->plan.ranges.count + 1, sizeof(*ordered));

	*out = ordered;
	if (!ordered)
		return muster_fail_memory(err, "the parts of a draft");
	for (size_t i = 0; i < draft->plan.ranges.count; i++)
		for (size_t j = 0; j < draft->parts.count; j++)
			if (view_equal(ranges[i].shard, view_text(draft->parts.items[j].shard)))
				ordered[i] = draft->parts.contents[j];
	return MUSTER_OK;
}

/* --- seal and final -------------------------------------------------------------------------- */

struct finishing {
	struct draft *draft;
	uint8_t version_id[16];
	bool is_final;	 /* it was there before */
	bool is_settled; /* ... and was saved to no version */
	const char *run;
};

static enum muster_code write_seal(struct draft *draft, struct muster_error *err)
{
	struct draft_record seal = draft_record_of(draft, DRAFT_SEAL);
	struct key key;
	enum muster_code code;

	key_draft(&key, draft->id, "seal");
	code = draft_write(draft->repository, key.text, &seal, err);
	return code == MUSTER_EXISTS ? MUSTER_OK : code;
}

static enum muster_code fill_parts(const struct draft *draft, struct records *out,
				   struct muster_error *err)
{
	struct draft_named_part *parts = calloc(draft->parts.count + 1, sizeof(*parts));

	if (!parts)
		return muster_fail_memory(err, "the parts of a draft");
	for (size_t i = 0; i < draft->parts.count; i++) {
		parts[i].shard = view_text(draft->parts.items[i].shard);
		memcpy(parts[i].sha256, draft->parts.items[i].sha256, 32);
	}
	*out = (struct records){ parts, draft->parts.count };
	return MUSTER_OK;
}

/* MUSTER_EXISTS: somebody else's is there. */
static enum muster_code write_final(struct draft *draft, enum draft_outcome outcome,
				    const uint8_t version_id[16], struct muster_error *err)
{
	struct draft_record final = draft_record_of(draft, DRAFT_FINAL);
	struct key key;
	enum muster_code code = fill_parts(draft, &final.parts, err);

	final.outcome = outcome;
	if (outcome == DRAFT_DROPPED)
		final.parts.count = 0;
	else
		memcpy(final.version_id, version_id, sizeof(final.version_id));
	key_draft(&key, draft->id, "final");
	if (!code)
		code = draft_write(draft->repository, key.text, &final, err);
	free(final.parts.items);
	return code;
}

static enum muster_code list_again(struct draft *draft, bool *is_same, struct muster_error *err)
{
	struct draft *now;
	struct records parts = { 0 };
	struct draft_record as_final = { 0 };
	enum muster_code code = draft_open(&now, draft->repository, draft->id, err);

	if (!code)
		code = draft_need_base(now, err);
	if (!code)
		code = fill_parts(now, &parts, err);
	as_final.parts = parts;
	*is_same = !code && has_named_parts(draft, &as_final);
	free(parts.items);
	draft_close(now);
	return code;
}

/* The content is complete. MUSTER_FULL: parts came, or somebody else was first: all over again. */
static enum muster_code settle(void *state, struct muster_error *err)
{
	struct finishing *finishing = state;
	struct draft *draft = finishing->draft;
	bool is_same = false;
	enum muster_code code;

	if (finishing->is_final)
		return MUSTER_OK;
	code = repository_gate(draft->repository, err);
	if (!code)
		code = write_seal(draft, err);
	if (!code)
		code = list_again(draft, &is_same, err);
	if (!code && !is_same)
		return MUSTER_FULL;
	if (!code)
		code = write_final(draft, DRAFT_SAVED, finishing->version_id, err);
	return code == MUSTER_EXISTS ? MUSTER_FULL : code;
}

/* --- saving ---------------------------------------------------------------------------------- */

/* The plan's texts as C strings. */
struct words {
	struct bytes text;
	const char *description, *metadata;
	const char **aliases, **tags;
};

static enum muster_code add_word(struct words *words, struct view word, const char **out,
				 struct muster_error *err)
{
	size_t at = words->text.len;
	enum muster_code code = bytes_append_view(&words->text, word, err);

	if (!code)
		code = bytes_append_byte(&words->text, 0, err);
	*out = code ? NULL : (const char *)words->text.ptr + at;
	return code;
}

static enum muster_code add_words(struct words *words, const struct texts *texts, const char ***out,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	*out = calloc(texts->count + 1, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "aliases and tags");
	for (size_t i = 0; i < texts->count && !code; i++)
		code = add_word(words, texts->items[i], &(*out)[i], err);
	return code;
}

static size_t words_bytes(const struct draft_record *plan)
{
	size_t bytes = plan->description.len + plan->metadata.len + 2;

	for (size_t i = 0; i < plan->aliases.count; i++)
		bytes += plan->aliases.items[i].len + 1;
	for (size_t i = 0; i < plan->tags.count; i++)
		bytes += plan->tags.items[i].len + 1;
	return bytes;
}

static enum muster_code read_words(struct words *words, const struct draft_record *plan,
				   struct muster_error *err)
{
	/* All room at once, so that what is lent does not move. */
	enum muster_code code = bytes_reserve(&words->text, words_bytes(plan), err);

	if (!code && plan->description.len)
		code = add_word(words, plan->description, &words->description, err);
	if (!code && plan->metadata.len)
		code = add_word(words, plan->metadata, &words->metadata, err);
	if (!code)
		code = add_words(words, &plan->aliases, &words->aliases, err);
	return code ? code : add_words(words, &plan->tags, &words->tags, err);
}

static void words_release(struct words *words)
{
	free(words->aliases);
	free(words->tags);
	bytes_release(&words->text);
}

static enum draft_parts parts_are(const struct draft_record *plan)
{
	if (plan->ranges.count)
		return DRAFT_RANGES;
	return plan->distributed_id.len ? DRAFT_EQUALS : DRAFT_LAYERS;
}

static enum muster_code commit(struct finishing *finishing, const struct part_stack *content,
			       const struct muster_job *job, struct draft_result *result,
			       struct muster_error *err)
{
	struct draft *draft = finishing->draft;
	const struct draft_record *plan = &draft->plan;
	struct draft_commit commit = { .job = *job,
				       .content = *content,
				       .parts_are = parts_are(plan),
				       .base_number = plan->base_number,
				       .is_settled = finishing->is_settled,
				       .ready = settle,
				       .ready_state = finishing };
	struct words words = { 0 };
	enum muster_code code = read_words(&words, plan, err);

	commit.request.description = words.description;
	commit.request.metadata = words.metadata;
	commit.request.aliases = words.aliases;
	commit.request.alias_count = plan->aliases.count;
	commit.request.tags = words.tags;
	commit.request.tag_count = plan->tags.count;
	commit.request.run = finishing->run;
	commit.request.ttl_days = plan->ttl_days;
	commit.request.ttl_disabled = plan->ttl_disabled;
	memcpy(commit.request.version_id, finishing->version_id, 16);
	if (!code)
		code = draft_commit(draft->repository, draft->collection, &commit, result, err);
	words_release(&words);
	return code;
}

/* A version that was made is found by its id; what ended with no event has made none. */
static enum muster_code look_at_end(struct finishing *finishing, struct muster_error *err)
{
	const struct draft *draft = finishing->draft;
	struct session_standing standing;
	enum muster_code code = session_look(draft->store, draft->plan.session, &standing, err);

	finishing->is_settled = !code && standing.has_ended && !standing.ended_with_event;
	return code;
}

/* Either those that the final record names, or all that there are. */
static enum muster_code load(struct finishing *finishing, struct muster_error *err)
{
	struct draft *draft = finishing->draft;
	struct draft_record final;
	enum muster_code code = draft_read_named(draft, "final", &final, err);

	finishing->is_final = !code;
	if (!code && final.outcome == DRAFT_DROPPED)
		code = muster_fail(err, MUSTER_E_CONFLICT, "it was dropped");
	else if (!code)
		code = read_named_parts(draft, &final, err);
	if (!code && finishing->is_final)
		code = look_at_end(finishing, err);
	memcpy(finishing->version_id, final.version_id, 16);
	draft_record_release(&final);
	if (code == MUSTER_ABSENT)
		code = draft_load_parts(draft, err);
	if (!code && !finishing->is_final)
		code = effects_random(repository_effects(draft->repository), finishing->version_id,
				      16, err);
	if (!code)
		code = check_shards(draft, err);
	return code ? code : draft_need_collection(draft, err);
}

static enum muster_code save_once(struct finishing *finishing, const struct muster_job *job,
				  struct draft_result *result, struct muster_error *err)
{
	struct draft *draft = finishing->draft;
	struct part_content *ordered = NULL;
	struct part_stack content;
	enum muster_code code = load(finishing, err);

	content = draft->content;
	if (!code && draft->plan.ranges.count) {
		code = put_in_order(draft, &ordered, err);
		content.parts = ordered;
	}
	if (!code)
		code = commit(finishing, &content, job, result, err);
	free(ordered);
	return code;
}

static bool is_empty(const struct draft *draft)
{
	for (size_t i = 0; i < draft->parts.count; i++)
		if (draft->parts.contents[i].has_added || draft->parts.contents[i].has_removed)
			return false;
	return !draft->plan.base.is_named && !draft->plan.ranges.count;
}

enum muster_code draft_save(struct draft *draft, const struct muster_job *job, const char *run,
			    struct draft_result *result, struct muster_error *err)
{
	struct finishing finishing = { .draft = draft, .run = run };
	enum muster_code code = draft_need_base(draft, err);

	*result = (struct draft_result){ 0 };
	if (code)
		return code;
	code = MUSTER_FULL;
	if (is_empty(draft))
		return muster_fail(err, MUSTER_E_USAGE, "nothing was added to the draft yet");
	for (int attempt = 0; attempt < ATTEMPTS && code == MUSTER_FULL; attempt++)
		code = save_once(&finishing, job, result, err);
	if (code == MUSTER_FULL)
		code = muster_fail(err, MUSTER_E_CONFLICT, "others added parts all the time");
	if (code)
		return code;
	if (result->save.is_new && result->save.event)
		draft_end_sessions(draft, collection_log_name(draft->collection),
				   result->save.event, result->save.event_sha256);
	else
		draft_end_sessions(draft, NULL, 0, NULL);
	return MUSTER_OK;
}

enum muster_code draft_drop(struct draft *draft, struct muster_error *err)
{
	struct draft_record final;
	enum muster_code code = write_seal(draft, err); /* late parts are told */

	if (!code)
		code = write_final(draft, DRAFT_DROPPED, NULL, err);
	if (code == MUSTER_EXISTS) {
		code = draft_read_named(draft, "final", &final, err);
		if (!code && final.outcome != DRAFT_DROPPED)
			code = muster_fail(err, MUSTER_E_CONFLICT,
					   "it was finished: it cannot be dropped");
		draft_record_release(&final);
	}
	if (!code)
		draft_end_sessions(draft, NULL, 0, NULL);
	return code;
}
