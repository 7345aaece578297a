/**
 * put - ingest: some directories and files become a version of a collection.
 *
 * Threads: options->job.worker_count workers, as many readers of directories, one that syncs.
 * Memory:  job.memory_bytes, divided by planners/memory: where it is little, fewer workers.
 * Order:   packs -> index -> leaves -> manifest -> sync -> event (FORMAT §3).
 */
#ifndef ENGINE_PUT_PUT_H
#define ENGINE_PUT_PUT_H

#include "engine/repository/repository.h"
#include "muster/put.h"

/**
 * Run a put. `report` is filled as far as the run came, whatever it answers.
 * Errors: MUSTER_E_ITEMS: items failed and nothing was committed (or with commit_partial: the
 * version was made and items failed); MUSTER_E_CANCELLED; MUSTER_E_USAGE, _NAME, _CONFLICT, _IO.
 */
enum muster_code put_run(struct repository *repository, const char *cache_dir,
			 const struct muster_put_options *options, struct muster_put_report *report,
			 struct muster_error *err);

#endif
