/**
 * ranges - cuts what a put would take, or what a version has, into key ranges of about equal work.
 *
 * The work of a file is its bytes, and as much again as RANGES_FILE_BYTES of bytes take.
 */
#ifndef ENGINE_DRAFT_RANGES_H
#define ENGINE_DRAFT_RANGES_H

#include "artifact/format/manifest.h"
#include "io/store/store.h"
#include "muster/put.h"
#include "planners/shard/shard.h"

#define RANGES_FILE_BYTES (32u << 10) /* what is hashed while a small file is opened and read */

/** By listing and stat alone. */
enum muster_code ranges_of_sources(struct shard_cutter *cutter,
				   const struct muster_put_options *options, unsigned thread_count,
				   struct muster_error *err);
/** By its list of leaves: no entry is read. */
enum muster_code ranges_of_version(struct shard_cutter *cutter, struct store *store,
				   const struct manifest_pointer *version,
				   struct muster_error *err);

#endif
