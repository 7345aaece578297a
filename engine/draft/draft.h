/**
 * draft - versions that are made of a base and of parts: at once, or over processes and days
 * (FORMAT §5, docs/formats/drafts.md).
 *
 * A stored draft is a plan, parts, a seal and a final record, each created if absent:
 *
 *	open --seal--> sealed --final--> final --save event--> saved
 *	                  \--final (dropped)--> dropped
 *
 *   local:       its parts are numbered as they come; of one path the last part counts.
 *   distributed: its parts are shards, of planned key ranges or just named; their order does not
 *                matter, and one path with two digests is refused.
 *
 * Who finishes makes the version first, as far as it is complete, then the seal, *then* lists the
 * parts, then the final record which names them by SHA-256 and the version by its id, then saves.
 * So it may die anywhere: the next one goes on. Who adds a part reads the seal after creating it.
 *
 * Threads: a draft belongs to one thread at a time; any number may be open of one.
 * Memory:  DRAFT_PARTS_MAX records while a draft is open; a sort of job.memory_bytes / 8 when it is
 *          saved.
 */
#ifndef ENGINE_DRAFT_DRAFT_H
#define ENGINE_DRAFT_DRAFT_H

#include "engine/draft/part.h"
#include "engine/repository/collection.h"

#define DRAFT_LIFE_MS	(14ull * 24 * 3600 * 1000)
#define DRAFT_PARTS_MAX 10000

/* --- at once -------------------------------------------------------------------------------- */

/** How parts stand to each other. */
enum draft_parts {
	DRAFT_LAYERS, /* of one path the last part counts */
	DRAFT_RANGES, /* key ranges that do not meet, in order */
	DRAFT_EQUALS, /* no order: one path with two digests is refused */
};

struct draft_commit {
	struct muster_job job;
	struct part_stack content; /* the base, and the parts over it */
	enum draft_parts parts_are;
	uint64_t base_number;	   /* of content.version */
	/* Filled by the caller: description, metadata, aliases, tags, ttl, run, version_id (zero: a
	 * new one). What says what was saved, and against what, is filled here. */
	struct save_request request;
};

struct draft_result {
	struct save_result save;
	bool is_base_latest; /* the base was the latest version when this was saved */
	uint64_t latest;     /* else that one's number; VERSION_NONE: none */
	char digest[33];     /* W&B artifact digest, hex */
	char root[65];	     /* content root, hex */
	uint64_t entry_count, size_bytes, written_bytes;
};

/**
 * Make a version of the content, and save it. Leaves that nothing changes are taken from the base
 * and from the parts as they are; what is new has been stored by the parts. What the base and the
 * parts name is relied on only as far as gc leaves it alone (FORMAT §6).
 * The parts' sessions stay as they are: end them with result->save.event.
 * Errors: MUSTER_E_USAGE: a file beneath another one; MUSTER_E_CONFLICT: the repository was
 * collected meanwhile; those of collection_save().
 */
enum muster_code draft_commit(struct repository *repository, struct collection *collection,
			      const struct draft_commit *commit, struct draft_result *result,
			      struct muster_error *err);

#endif
