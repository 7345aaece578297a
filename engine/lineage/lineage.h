/**
 * lineage - the runs and versions around a version, as muster/run.h tells them.
 *
 * Threads: any. Memory: a node or an edge about 300 bytes, at most MUSTER_LINEAGE_NODES_MAX nodes
 *          and LINEAGE_EDGES_MAX edges; finder.h.
 * Requests: for each run its record, its notes, and one of each version that it used or logged;
 *          for each version one listing or one event; for each collection what opening takes.
 */
#ifndef ENGINE_LINEAGE_LINEAGE_H
#define ENGINE_LINEAGE_LINEAGE_H

#include "artifact/name.h"
#include "engine/repository/run.h"
#include "muster/run.h"

#define LINEAGE_EDGES_MAX (64 * MUSTER_LINEAGE_NODES_MAX)

/** `address` is complete but for the alias; the options are within their maxima, none is 0. Gives
 *  a graph: lineage_free(). */
enum muster_code lineage_find(struct repository *repository, const struct artifact_address *address,
			      const struct muster_lineage_options *options,
			      struct muster_lineage **out, struct muster_error *err);
void lineage_free(struct muster_lineage *lineage); /* takes NULL */

/** What a run is, told. Errors: MUSTER_E_NAME. */
enum muster_code lineage_tell_run(struct repository *repository, const char *run, muster_run_fn *fn,
				  void *state, struct muster_error *err);
enum muster_code lineage_tell_runs(struct repository *repository, uint64_t max, muster_run_fn *fn,
				   void *state, uint64_t *more, struct muster_error *err);
/** What it used, or logged. */
enum muster_code lineage_tell_versions(struct repository *repository, const char *run,
				       enum lineage_part part, muster_run_version_fn *fn,
				       void *state, struct muster_error *err);
enum muster_code lineage_tell_users(struct repository *repository,
				    const struct artifact_address *address, muster_run_fn *fn,
				    void *state, struct muster_error *err);
/** MUSTER_ABSENT: no run did. */
enum muster_code lineage_tell_logger(struct repository *repository,
				     const struct artifact_address *address, muster_run_fn *fn,
				     void *state, struct muster_error *err);

#endif
