/**
 * hash_file - reads and hashes the files of one batch in a worker's buffer.
 *
 * Small files are read back to back and hashed as one batch; a large one flows through in chunks.
 * A file that changes while it is read is read once more, then it has failed.
 *
 * Threads: a reader belongs to one thread.
 * Memory:  the buffer.
 */
#ifndef ENGINE_DIGEST_HASH_FILE_H
#define ENGINE_DIGEST_HASH_FILE_H

#include "engine/put/put_internal.h" /* struct put_batch: what a source gives */

struct file_hasher {
	struct hasher *hasher;
	uint8_t *buffer;
	size_t buffer_bytes;
	struct muster_progress *progress;
	struct { /* read, not yet hashed */
		size_t count, used_bytes;
		struct put_item *items[PUT_BATCH_MAX];
		struct hash_request requests[PUT_BATCH_MAX];
	} group;
};

enum muster_code file_hasher_init(struct file_hasher *files, enum digest_algorithm algorithm,
				  size_t buffer_bytes, struct muster_progress *progress,
				  struct muster_error *err);
void file_hasher_release(struct file_hasher *files); /* a zeroed one, too */

/** Files of more bytes are large. */
static inline uint64_t file_hasher_small_max(size_t buffer_bytes)
{
	uint64_t half = buffer_bytes / 2;

	return half < PACK_BLOB_MAX_BYTES ? half : PACK_BLOB_MAX_BYTES;
}

/** Read the items of fate ITEM_READ that are not large: each gets a fingerprint, or another fate.
 *  Items that are large are not looked at: others may work on them. */
void file_hasher_batch(struct file_hasher *files, struct put_batch *batch,
		       const bool is_large[PUT_BATCH_MAX]);
/** The same for one item. */
void file_hasher_large(struct file_hasher *files, int dir_fd, struct put_item *item);

#endif
