/**
 * cache - blobs of repositories in buckets that are kept on this machine.
 *
 * It lies in "<cache directory>/blobs". Nothing of it is needed: it may be removed at any time, and
 * whatever is wrong with it, bytes are proved and fetched again.
 */
#ifndef MUSTER_CACHE_H
#define MUSTER_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "muster/declare.h"
#include "muster/error.h"

MUSTER_DECLARE_BEGIN

struct muster_cache_options {
	const char *cache_dir; /* NULL: MUSTER_CACHE_DIR, else $XDG_CACHE_HOME/muster */
	uint64_t size_bytes;   /* the limit; 0: MUSTER_CACHE_SIZE, else 10 GiB, and at most a
				  quarter of what the disk has free for it */
};

struct muster_cache_info {
	char directory[4096];
	uint64_t limit_bytes;
	uint64_t size_bytes; /* of all that follows */
	uint64_t blob_count, segment_count, segment_bytes;
	uint64_t index_count, index_bytes;
	uint64_t temporary_count, temporary_bytes; /* of segments in progress, and of killed runs */
	uint64_t oldest_use_ns, newest_use_ns;	   /* since 1970 UTC; 0: of no segment */
};

struct muster_cache_cleaned {
	char directory[4096];
	uint64_t freed_bytes, freed_segments, freed_temporaries;
	uint64_t left_bytes, left_segments;
};

/** What jobs did with the cache. */
struct muster_cache_use {
	uint64_t hit_blobs, hit_bytes;	   /* not fetched */
	uint64_t added_blobs, added_bytes; /* fetched, and kept */
	uint64_t evicted_bytes;
	uint64_t damaged_segments; /* not what they should be: dropped, and fetched again */
	char note[MUSTER_ERROR_MESSAGE_BYTES]; /* "", or why it was not used, or not for all */
};

MUSTER_DECLARE_END

#endif
