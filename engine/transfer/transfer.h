/**
 * transfer - W&B's wandb_manifest.json out of a version, and a version out of one.
 *
 * Memory:  export: a block and a leaf of the version, EXPORT_PIECE_BYTES. import: job.memory_bytes;
 *          nothing that grows with the number of entries.
 */
#ifndef ENGINE_TRANSFER_TRANSFER_H
#define ENGINE_TRANSFER_TRANSFER_H

#include "artifact/name.h"
#include "engine/repository/repository.h"
#include "muster/transfer.h"

#define EXPORT_PIECE_BYTES (256u << 10)

/** Write the manifest to options->sink, whose failure is returned. `address` stands for
 *  options->version, complete but for the alias. */
enum muster_code export_run(struct repository *repository, const struct artifact_address *address,
			    const struct muster_export_options *options, struct muster_error *err);

/**
 * Make a version of what a manifest says. entity, project and name must be given, as must
 * job.worker_count and memory_bytes.
 *
 * A reference is taken as it is. The bytes of any other entry are read from options->from and must
 * have the digest and the size that the manifest gives; where there is no such file, a stored blob
 * of this digest and size serves. An entry for which neither is there has failed. The version's
 * digest is by XXH128 if any entry's is, else by MD5.
 *
 * Threads: job.worker_count workers.
 * Order:   the manifest may name its paths in any order; each once.
 * Errors:  MUSTER_E_FORMAT: the manifest is none, or names a path twice; MUSTER_E_NAME: there is no
 *          such file or directory; MUSTER_E_ITEMS: entries failed, nothing was committed (with
 *          commit_partial: the others were); MUSTER_E_CANCELLED.
 */
enum muster_code import_run(struct repository *repository,
			    const struct muster_import_options *options,
			    struct muster_put_report *report, struct muster_error *err);

#endif
