/**
 * etag_file - the ETag that an object store gives a file which is uploaded in parts.
 *
 * Memory:  a buffer of whole parts, ETAG_PARTS of them at most and half of job.memory_bytes; a part
 *          that is larger than that is hashed in pieces.
 * Threads: one; the parts are hashed in SIMD lanes (base/hash/etag.h).
 */
#ifndef ENGINE_ETAG_ETAG_FILE_H
#define ENGINE_ETAG_ETAG_FILE_H

#include "base/hash/etag.h"
#include "muster/etag.h"

#define ETAG_PARTS 16

/** Errors: MUSTER_E_USAGE for a part size of 0; MUSTER_E_NAME where there is no such file;
 *  MUSTER_E_LIMIT for more parts than an object may have; MUSTER_E_CHANGED; MUSTER_E_CANCELLED;
 *  MUSTER_E_IO. */
enum muster_code etag_file(const struct muster_etag_options *options,
			   struct muster_etag_report *report, struct muster_error *err);

#endif
