/**
 * digest - the W&B digests of files, and of the version that they would make; nothing is stored.
 *
 * Threads, memory: engine/digest/hash_tree.h.
 */
#ifndef ENGINE_DIGEST_DIGEST_H
#define ENGINE_DIGEST_DIGEST_H

#include "muster/transfer.h"

/**
 * Run it. options->job must name worker_count and memory_bytes. on_entry answering false ends the
 * run: no failure, but there is no digest of the whole then.
 * Errors: MUSTER_E_ITEMS: some files could not be read, the digest is that of the others;
 * MUSTER_E_USAGE, _NAME, _CANCELLED.
 */
enum muster_code digest_run(const struct muster_digest_options *options,
			    struct muster_digest_report *report, struct muster_error *err);

#endif
