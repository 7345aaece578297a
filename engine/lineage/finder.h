/**
 * finder - which versions the records of runs speak of.
 *
 * Collections are found by their ids; a few stay open, as runs mostly speak of the same ones.
 *
 * Threads: one at a time.
 * Memory:  FINDER_COLLECTIONS of artifact/record/collection_state.h.
 */
#ifndef ENGINE_LINEAGE_FINDER_H
#define ENGINE_LINEAGE_FINDER_H

#include "engine/look/named_version.h"
#include "engine/repository/run.h"

#define FINDER_COLLECTIONS 4

struct finder {
	struct repository *repository;
	struct collection *open[FINDER_COLLECTIONS]; /* the one used last first */
};

/** A version, though it may be deleted. Collections are lent until the next call. */
struct found_version {
	struct collection *collection;
	uint8_t id[16], collection_id[16];
	uint64_t number, event;
	bool is_deleted;
};

void finder_release(struct finder *finder); /* a zeroed one, too */
/** MUSTER_ABSENT: a record of a version that was never saved, or that is deleted and was logged. */
enum muster_code finder_find(struct finder *finder, const struct run_record *record,
			     struct found_version *out, struct muster_error *err);
/** The same, of one that was logged and deleted too: reads the log of its collection.
 * MUSTER_ABSENT: it was never saved. */
enum muster_code finder_find_saved(struct finder *finder, const struct run_record *record,
				   struct found_version *out, struct muster_error *err);
/** The version that a name means; of a link the one that it links. */
enum muster_code finder_find_named(struct finder *finder, const struct named_version *named,
				   struct found_version *out, struct muster_error *err);
/** The same of one that was found before. */
enum muster_code finder_again(struct finder *finder, struct found_version *version,
			      struct muster_error *err);
/** The run that logged it. MUSTER_ABSENT: none. */
enum muster_code finder_run_of(struct finder *finder, struct found_version *version,
			       struct run_id *out, struct muster_error *err);

#endif
