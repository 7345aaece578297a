/**
 * check - is the whole repository what it should be (FORMAT §8)?
 *
 * Proves, in this order: chains, gaps and session ends of all logs; checkpoints equal to their
 * fold; manifests and leaves of every version that is not deleted; records of runs and drafts, and
 * manifests and leaves of the parts of drafts that are not over; a copy for every blob that one of
 * these needs; packs against listing, directory and index; and the bytes of every pack.
 *
 * What is wrong is a finding: it names an object, and the check goes on. An object that is known
 * to be lost or broken is named once where it is met, not for all that hangs on it; what a draft
 * loses names the draft and its part. What neither a version nor a draft needs is counted and is no
 * finding: uncommitted work, or work of a run that died.
 *
 * Threads:  the caller's, which reads logs, manifests and directories, and job.worker_count
 *           workers that read and hash packs, one pack each. Callbacks come one at a time.
 * Memory:   fixed: CHECK_BUFFER_BYTES a worker, the directories of the packs in work, sorts in
 *           temporary files (io/spill). Nothing grows with entries; with versions only the state
 *           of the one collection that is looked at, with index files one at a time.
 * Rolling:  turns.c chooses the packs that are read, from the marks in options->state_path (NULL:
 *           nothing is known and nothing kept), and writes them anew, also when it was cut short.
 * Progress: total_ and done_files count packs that are read, the bytes theirs; read_ counts what
 *           workers read.
 * Beside writers: a check may run while others write. What appears after it began is not looked
 *           at; a pack that gc swept meanwhile is not missed, unless a version needs it.
 */
#ifndef ENGINE_CHECK_CHECK_H
#define ENGINE_CHECK_CHECK_H

#include "engine/repository/repository.h"
#include "muster/check.h"

#define CHECK_BUFFER_BYTES (8u << 20)

/**
 * Check everything. The report is filled as far as the check came, whatever it answers.
 * MUSTER_OK with findings counted in the report. Errors: MUSTER_E_CANCELLED; MUSTER_E_MEMORY;
 * MUSTER_E_IO where the store cannot be listed, temporary files cannot be written, or, if it rolls,
 * what was read cannot be noted.
 */
enum muster_code check_run(struct repository *repository,
			   const struct muster_check_options *options,
			   struct muster_check_report *report, struct muster_error *err);

#endif
