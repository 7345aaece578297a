/**
 * copy - versions from one repository to another, any store to any store.
 *
 *	source version ─► plan: with the target's latest version ─► kept / wanted
 *	                                                             │
 *	  workers: ask the target's index; what it lacks is read in  │
 *	  few large pieces, proved, and packed anew  ◄───────────────┘
 *	                     │ where each entry's bytes lie now (a spill, by rank)
 *	                     ▼
 *	source version, once more ─► leaves and manifest of the target ─► save event
 *
 * Nothing is written to the source. In the target a copy is a session as any other: packs ─► index
 * ─► leaves ─► manifest ─► sync ─► event. The packs of copies that were killed are adopted.
 *
 * Threads: job.worker_count workers, fewer where the memory is small for them.
 * Memory:  job.memory_bytes; nothing that grows with the number of entries but a file without a
 *          name in $TMPDIR (some 70 bytes an entry).
 * Proof:   no blob is packed before its bytes were hashed and compared with the source's entry (a
 *          large one: before its pack gets its end).
 */
#ifndef ENGINE_COPY_COPY_H
#define ENGINE_COPY_COPY_H

#include "engine/repository/collection.h"
#include "muster/copy.h"

/** What is to be copied. `from.name` empty: every artifact, each under its own name. */
struct copy_request {
	struct repository *source, *target; /* may be one and the same */
	struct collection_name from, to;
	struct view alias; /* empty with options->all */
};

/**
 * The texts of `options` are not looked at; job.worker_count and memory_bytes must be given.
 *
 * Errors: MUSTER_E_NAME: no such artifact or version; MUSTER_E_REFUSED: the target's artifact has
 * another type; MUSTER_E_USAGE: an artifact into itself; MUSTER_E_ITEMS: bytes of some entries
 * could not be had: their versions were not committed (with commit_partial: without them);
 * MUSTER_E_CONFLICT: the target was collected meanwhile; MUSTER_E_CANCELLED.
 */
enum muster_code copy_run(const struct copy_request *request,
			  const struct muster_copy_options *options,
			  struct muster_copy_report *report, struct muster_error *err);

#endif
