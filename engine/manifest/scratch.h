/**
 * scratch - bytes that wait on disk: an unlinked temporary file, written once, read once.
 *
 * Memory: SCRATCH_BUFFER_BYTES; nothing is written while they suffice.
 */
#ifndef ENGINE_MANIFEST_SCRATCH_H
#define ENGINE_MANIFEST_SCRATCH_H

#include "base/bytes.h"

#define SCRATCH_BUFFER_BYTES (256u << 10)

/** Zeroed is ready. */
struct scratch {
	struct bytes buffer; /* not yet in the file */
	int fd_plus_one;     /* 0: no file yet */
	uint64_t file_bytes;
};

void scratch_release(struct scratch *scratch);
enum muster_code scratch_append(struct scratch *scratch, struct view data,
				struct muster_error *err);
/** Gives all bytes in order, piece by piece. */
typedef enum muster_code scratch_piece_fn(void *state, struct view piece, struct muster_error *err);
enum muster_code scratch_each(struct scratch *scratch, scratch_piece_fn *fn, void *state,
			      struct muster_error *err);
static inline uint64_t scratch_bytes(const struct scratch *scratch)
{
	return scratch->file_bytes + scratch->buffer.len;
}

#endif
