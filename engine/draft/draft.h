/**
 * draft - versions that are made of a base and of parts (part.h), at once. Drafts that last over
 * processes and days: stored.h.
 *
 * Threads: one at a time for each collection.
 * Memory:  readers and a writer of versions; parts that overlap are sorted in job.memory_bytes / 8,
 *          16 MiB at least.
 */
#ifndef ENGINE_DRAFT_DRAFT_H
#define ENGINE_DRAFT_DRAFT_H

#include "artifact/record/draft_record.h"
#include "engine/draft/part.h"
#include "engine/repository/collection.h"

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
	uint64_t base_number; /* of content.version */
	/* Filled by the caller: description, metadata, aliases, tags, ttl, run, version_id (zero: a
	 * new one). What says what was saved, and against what, is filled here. */
	struct save_request request;
	bool is_settled; /* it was saved before, and no version was made: none may be made now */
	/* NULL, or called when the content is complete, before it is saved. Anything but MUSTER_OK
	 * ends the commit and is returned. */
	enum muster_code (*ready)(void *state, struct muster_error *err);
	void *ready_state;
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
 * collected meanwhile; it is settled, and the latest version is another one by now; those of
 * collection_save().
 */
enum muster_code draft_commit(struct repository *repository, struct collection *collection,
			      const struct draft_commit *commit, struct draft_result *result,
			      struct muster_error *err);

#endif
