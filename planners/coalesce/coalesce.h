/**
 * coalesce - blobs of one pack that lie near each other become few ranged reads. Pure.
 *
 * A gap that is read for nothing costs less than another read, up to `gap_max_bytes`.
 */
#ifndef PLANNERS_COALESCE_COALESCE_H
#define PLANNERS_COALESCE_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coalesce_rules {
	uint64_t read_max_bytes; /* of one read; a larger blob is a read of its own */
	uint64_t gap_max_bytes;
};

struct coalesce_blob {
	uint64_t offset_bytes, size_bytes;
};

struct coalesce_read {
	size_t first, count; /* which blobs it holds */
	uint64_t offset_bytes, length_bytes;
};

/** The read that begins with blob `first`; false behind the last. Blobs come by offset; one that
 *  lies before its predecessor begins a read of its own. */
bool coalesce_next(const struct coalesce_rules *rules, const struct coalesce_blob *blobs,
		   size_t count, size_t first, struct coalesce_read *out);

#endif
