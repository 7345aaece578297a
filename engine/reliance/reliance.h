/**
 * reliance - may what stored entries name be named again (FORMAT §6)?
 *
 * A version that takes entries over from another one rests on packs that it did not write. They
 * may: be gone, be condemned, hold a bad copy. Then another copy is looked for.
 *
 * What was judged is judged by the gc log as it stood at reliance_begin(); a save asks
 * reliance_still_holds() whether it still stands so.
 * Threads: one at a time for each struct; any number of them over one repository and blob set.
 */
#ifndef ENGINE_RELIANCE_RELIANCE_H
#define ENGINE_RELIANCE_RELIANCE_H

#include "engine/blob/blob_set.h"
#include "engine/repository/repository.h"

struct reliance {
	struct repository *repository; /* borrowed; its gc log was read */
	struct blob_set *blobs;	       /* borrowed */
	uint64_t gc_head;	       /* when it was read; 0: nothing was ever collected */
	/* The pack that was last seen to be in the store: mostly it is the next entry's, too. */
	struct object_id seen;
	bool has_seen;
};

/** By the gc log as it was last read. */
void reliance_begin(struct reliance *reliance, struct repository *repository,
		    struct blob_set *blobs);

/** Is the pack there, and will gc leave it and this copy alone? */
bool reliance_on(struct reliance *reliance, const struct placement *place);
/** The same of all that lies in a pack: version_edit's may_rely_on; `state` is the reliance. */
bool reliance_on_pack(void *state, const struct object_id *pack, uint64_t pack_bytes);
/** version_edit's take_over: the entry's placement becomes another copy's where it must.
 *  MUSTER_FULL: there is one, in a pack that is still open. Errors: MUSTER_E_FORMAT where there is
 *  none. */
enum muster_code reliance_take_over(void *state, struct entry *entry, struct muster_error *err);
/** A save_relies_fn. Errors: MUSTER_E_CONFLICT where something was collected meanwhile. */
enum muster_code reliance_still_holds(void *state, struct repository *repository,
				      struct muster_error *err);

#endif
