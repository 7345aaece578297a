/**
 * stat - a run of the stat cache: what was known of files when they were read, sorted by path.
 *
 * Local to one machine, never in a repository. Layout (docs/formats/stat.md): header, then blocks
 * of about 64 KiB: u32 length, u64 XXH3-64, records front-coded within the block. A file may end
 * anywhere (a killed writer): whole blocks count, the rest is ignored.
 */
#ifndef ARTIFACT_FORMAT_STAT_H
#define ARTIFACT_FORMAT_STAT_H

#include "artifact/format/object.h"

#define STAT_BLOCK_TARGET_BYTES 65536
#define STAT_BLOCK_MAX_BYTES	(1u << 20)
#define STAT_BLOCK_HEADER_BYTES 12
#define STAT_VERSION		1 /* for object_header_check(…, "stat", …) */

struct stat_record {
	struct view path;
	uint64_t size_bytes;
	int64_t mtime_ns, ctime_ns;
	uint64_t inode;	 /* 0: not stable on this file system */
	bool is_trusted; /* false: racy, read again */
	enum digest_algorithm algorithm;
	bool has_identity;
	struct fingerprint fingerprint;
	bool is_placed; /* the pack it went to, believed only if that pack is finished */
	struct object_id pack;
	uint32_t ordinal;
	uint64_t pack_bytes; /* 0 until the pack's end was known */
};

/** What the next record of a block is written against; all zero where a block begins. */
struct stat_previous {
	uint64_t mtime_ns, ctime_ns, inode;
	bool has_pack;
	struct object_id pack;
	uint64_t pack_bytes;
	uint32_t ordinal;
};

/** Builds one block after the other. Zeroed is ready; release when done. */
struct stat_block {
	struct bytes encoded;
	struct bytes last_path;
	struct stat_previous previous;
};
void stat_block_release(struct stat_block *block);
/**
 * Paths ascend strictly over all blocks. Views are borrowed during the call.
 * MUSTER_FULL (nothing added): the block is at its maximum; finish it. Errors: MUSTER_E_FORMAT
 * (order, or a path of a length that no entry has), MUSTER_E_USAGE (DIGEST_TEXT), MUSTER_E_MEMORY.
 */
enum muster_code stat_block_add(struct stat_block *block, const struct stat_record *record,
				struct muster_error *err);
bool stat_block_is_full(const struct stat_block *block);
/** Appends header and records to `out` and begins the next block. Nothing for an empty block. */
enum muster_code stat_block_finish(struct stat_block *block, struct bytes *out,
				   struct muster_error *err);

/** Reads one block; paths are rebuilt in `path`. Zeroed, then opened. */
struct stat_reader {
	struct view rest; /* borrowed from stat_reader_open() on */
	struct bytes path;
	struct stat_previous previous;
	bool is_broken; /* until it is opened again */
};
void stat_reader_release(struct stat_reader *reader);
/** From the 12 bytes before a block: how many bytes follow. MUSTER_E_FORMAT over the maximum, for
 *  none, or where the header is cut. */
enum muster_code stat_block_length(struct view header, uint32_t *length_bytes,
				   struct muster_error *err);
/** Borrows `records` until the next open or release; the reader may be opened again and again. */
enum muster_code stat_reader_open(struct stat_reader *reader, struct view header,
				  struct view records, struct muster_error *err);
/** Lends path until the next call. MUSTER_END behind the last. Errors: MUSTER_E_FORMAT for what
 *  stat_block_add() would not have written, and again until it is opened. */
enum muster_code stat_reader_next(struct stat_reader *reader, struct stat_record *out,
				  struct muster_error *err);

#endif
