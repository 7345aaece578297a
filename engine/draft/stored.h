/**
 * stored - drafts that last over processes and days (FORMAT §5, docs/formats/drafts.md).
 *
 * A draft is a plan, parts, a seal and a final record, each created if absent, once:
 *
 *	open ──seal──► sealed ──final──► final ──save event──► saved
 *	  │               │
 *	  └───────────────┴──final──► dropped
 *
 *   local:       its parts are numbered as they come; of one path the last part counts.
 *   distributed: its parts are shards, of planned ranges or just named; their order does not
 *                matter, and one path with two digests is refused.
 *
 * Who saves makes the content first, then the seal, *then* lists the parts, and if they are what it
 * was made of, the final record, which names them and the version's id, then the save event. So it
 * may die anywhere: the next one goes on. Who adds a part reads the seal after creating it: absent
 * means that it counts; present, that the final record tells.
 *
 * Every command renews the sessions that keep a draft: it lives DRAFT_LIFE_MS from then on.
 *
 * Threads: a draft belongs to one thread at a time; any number may be open of one.
 * Memory:  about 400 bytes for each part, DRAFT_PARTS_MAX at most; one record of
 *          DRAFT_RECORD_MAX_BYTES at a time, and the plan.
 */
#ifndef ENGINE_DRAFT_STORED_H
#define ENGINE_DRAFT_STORED_H

#include "engine/draft/draft.h"

#define DRAFT_LIFE_MS (14ull * 24 * 3600 * 1000)

struct draft;

enum draft_state {
	DRAFT_OPEN,	/* parts may be added */
	DRAFT_SEALED,	/* somebody is finishing it, or died of it */
	DRAFT_FINISHED, /* its parts are settled, its version is not made yet */
	DRAFT_DONE,	/* its version was made, or is equal to the latest */
	DRAFT_GONE,	/* dropped */
};

/** A part of an open draft. */
struct draft_part {
	char shard[DRAFT_SHARD_MAX_BYTES + 1];
	uint8_t sha256[32]; /* of its record's bytes */
	uint64_t time_ms;
};

/** What is made from a plan. Texts are borrowed for the call; kind, draft, time and session of the
 *  record are filled. The base must be a version of the collection that the plan names.
 *  `id` (all zero: a random one) becomes the draft's. MUSTER_EXISTS: there is one of this id.
 *  Errors: MUSTER_E_LIMIT. */
enum muster_code draft_new(struct repository *repository, const struct draft_record *plan,
			   uint8_t id[16], struct muster_error *err);

/** One whose base was deleted meanwhile can be looked at and dropped: all else is MUSTER_E_NAME.
 *  Errors: MUSTER_E_NAME: there is none. */
enum muster_code draft_open(struct draft **out, struct repository *repository, const uint8_t id[16],
			    struct muster_error *err);
void draft_close(struct draft *draft); /* takes NULL */
/**
 * The draft that processes share which know nothing of each other but plan->distributed_id: of this
 * artifact, made by whoever comes first, from its plan. Where one was finished or dropped, the next
 * one under the same name.
 * Errors: MUSTER_E_CONFLICT: it was made on another base; those of draft_new().
 */
enum muster_code draft_join(struct draft **out, struct repository *repository,
			    const struct draft_record *plan, struct muster_error *err);
/** The draft whose id begins with these hex digits. Errors: MUSTER_E_NAME for none, MUSTER_E_USAGE
 *  for several, or for a text that is no beginning of an id. */
enum muster_code draft_find(struct repository *repository, const char *text, uint8_t id[16],
			    struct muster_error *err);
/** Each stored draft's id, in order. Anything but MUSTER_OK from `fn` ends it and is returned. */
typedef enum muster_code draft_each_fn(void *state, const uint8_t id[16], struct muster_error *err);
enum muster_code draft_each(struct repository *repository, draft_each_fn *fn, void *state,
			    struct muster_error *err);

/* All lent until the draft is closed or saved. */
const uint8_t *draft_id(const struct draft *draft);
const struct draft_record *draft_plan(const struct draft *draft);
size_t draft_part_count(const struct draft *draft);
const struct draft_part *draft_parts(const struct draft *draft);
const struct part_stack *draft_content(const struct draft *draft); /* of the same parts */

/** How far it is; `version` (may be NULL) becomes the number of the version that was made, or
 *  VERSION_NONE. */
enum muster_code draft_state(struct draft *draft, enum draft_state *out, uint64_t *version,
			     struct muster_error *err);
/** When it may be collected, if nobody renews it. */
enum muster_code draft_expiry(struct draft *draft, uint64_t *expiry_ms, struct muster_error *err);
/** It lives DRAFT_LIFE_MS from now on: a beat for each of its sessions that had none for a day. */
enum muster_code draft_renew(struct draft *draft, struct muster_error *err);

/** The artifact's latest version, which unchanged files may be kept from. MUSTER_ABSENT: none. */
enum muster_code draft_latest(struct draft *draft, struct manifest_pointer *out,
			      struct muster_error *err);
/** The range of a planned shard, lent until the draft is closed. MUSTER_ABSENT where shards are
 *  free. Errors: MUSTER_E_NAME where it is not among them. */
enum muster_code draft_range_of(const struct draft *draft, const char *shard,
				struct draft_range *out, struct muster_error *err);
/** Refuses a draft that takes no parts any more; not one that was finished with part `shard` (may
 * be NULL), which may be tried again. Errors: MUSTER_E_CONFLICT. */
enum muster_code draft_check_open(struct draft *draft, const char *shard, struct muster_error *err);
/**
 * Add what `part` was finished to. `shard` NULL: the next number.
 * MUSTER_EXISTS: a shard of this name is there, has the same, and counts: it is not added twice.
 * Errors: MUSTER_E_CONFLICT: the draft was finished without it; it is there and has something else;
 * the repository was collected meanwhile; MUSTER_E_LIMIT.
 */
enum muster_code draft_add_part(struct draft *draft, struct part *part,
				const struct part_content *content, const char *shard,
				struct muster_error *err);
/** Does the part of this name count, which was there when the draft was opened? Who made it may
 * have died before asking. MUSTER_EXISTS: it does; MUSTER_ABSENT: there was none. Errors:
 * MUSTER_E_CONFLICT: the draft was finished without it, or is being finished. */
enum muster_code draft_find_part(struct draft *draft, const char *shard, struct muster_error *err);

/**
 * Finish it and save the version, which `run` (NULL: none) has made. May be repeated: by somebody
 * else, too, and after a death. Errors: MUSTER_E_CONFLICT: a planned shard is missing, names them;
 * two parts disagree; it was dropped; those of draft_commit().
 */
enum muster_code draft_save(struct draft *draft, const struct muster_job *job, const char *run,
			    struct draft_result *result, struct muster_error *err);
/** Nothing of it is needed. Errors: MUSTER_E_CONFLICT where it was finished. */
enum muster_code draft_drop(struct draft *draft, struct muster_error *err);

#endif
