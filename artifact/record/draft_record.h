/**
 * draft_record - what drafts/<id>/… holds (docs/formats/drafts.md). Pure.
 *
 *	plan.json           what the draft is to become; made first
 *	parts/<shard>.json  what one process has added and removed
 *	seal.json           no part that comes later counts, unless the final record names it
 *	final.json          which parts count, and which version they become; or that it was dropped
 *
 * Each is created if absent, once, and never changed.
 */
#ifndef ARTIFACT_RECORD_DRAFT_RECORD_H
#define ARTIFACT_RECORD_DRAFT_RECORD_H

#include "artifact/record/event.h"

#define DRAFT_RECORD_MAX_BYTES (8u << 20)
#define DRAFT_PARTS_MAX	       10000
#define DRAFT_SHARD_MAX_BYTES  128
#define DRAFT_TEXT_MAX_BYTES   4096

enum draft_kind { DRAFT_UNKNOWN, DRAFT_PLAN, DRAFT_PART, DRAFT_SEAL, DRAFT_FINAL, DRAFT_KINDS };

enum draft_outcome { DRAFT_SAVED, DRAFT_DROPPED };

/** A shard of a plan: begin <= path < end; empty: no bound. */
struct draft_range {
	struct view shard, begin, end;
};

/** A part that counts. */
struct draft_named_part {
	struct view shard;
	uint8_t sha256[32]; /* of its record's bytes */
};

struct draft_record {
	uint8_t draft[16];
	uint64_t time_ms;
	struct record_kind kind;
	/* plan: keeps the base; part: whose objects it is made of, zero: it is empty */
	uint8_t session[16];

	/* plan */
	struct view entity, project, name, type; /* type "": whatever the artifact's is */
	struct base_version base;
	uint64_t base_number;
	struct view description, metadata;
	struct texts aliases, tags;
	uint64_t ttl_days;
	bool ttl_disabled;
	struct view distributed_id; /* empty: parts are numbered, and the last one counts */
	struct records ranges;	    /* of struct draft_range, ascending; none: shards are free */

	/* part */
	struct view shard;
	struct manifest_pointer added, removed; /* zero: none */
	uint64_t added_count, added_bytes, removed_count;

	/* final */
	unsigned outcome;     /* enum draft_outcome */
	struct records parts; /* of struct draft_named_part, in the order of their shards */
	uint8_t version_id[16];

	struct bytes text; /* what the views of a parsed record point into */
};

void draft_record_release(struct draft_record *record); /* parsed ones only */
/** Append the exact bytes. Borrows the views during the call. */
enum muster_code draft_record_encode(const struct draft_record *record, struct bytes *out,
				     struct muster_error *err);
/** An unknown kind parses, with `kind.id` DRAFT_UNKNOWN. Errors: as record.h; MUSTER_E_FORMAT also
 *  for ranges that do not ascend. */
enum muster_code draft_record_parse(struct draft_record *out, struct view text,
				    struct muster_error *err);

#endif
