/**
 * run - sorted records in a file without a name, written and read from front to back.
 *
 * All runs of one level lie in one file, one behind the other, so that descriptors are few.
 * A record: key length and value length (u32, this machine's order), key, value.
 */
#ifndef IO_SPILL_RUN_H
#define IO_SPILL_RUN_H

#include "io/spill/spill.h"

#define RUN_BUFFER_BYTES (64u << 10) /* for writing, and for each run that is read */
#define RUN_HEAD_BYTES	 8

struct run {
	uint64_t offset_bytes, len_bytes;
};

/** `count` is at most SPILL_FAN_IN. A zeroed one has no file. */
struct run_level {
	bool is_open;
	int fd;
	uint64_t len_bytes; /* of the file: where the next run begins */
	unsigned count;
	struct run runs[SPILL_FAN_IN];
};

/** A file in `dir` that has no name (any more). `by_name` takes the way of file systems without
 *  O_TMPFILE. */
enum muster_code run_file_open(int *fd, const char *dir, bool by_name, struct muster_error *err);
/** Forgets all runs and gives their room back. */
void run_level_clear(struct run_level *level);
void run_level_release(struct run_level *level);

/** Adds one run to a level; nothing counts before run_writer_end(). */
struct run_writer {
	struct run_level *level; /* borrowed */
	const char *dir;	 /* borrowed; for messages */
	uint64_t offset_bytes;
	uint8_t *buffer;
	size_t used;
};

enum muster_code run_writer_begin(struct run_writer *writer, struct run_level *level,
				  const char *dir, struct muster_error *err);
/** `record` is a whole one, head and all. */
enum muster_code run_writer_add(struct run_writer *writer, struct view record,
				struct muster_error *err);
enum muster_code run_writer_end(struct run_writer *writer, struct muster_error *err);
void run_writer_release(struct run_writer *writer);

/** Reads one run. */
struct run_reader {
	const char *dir;		   /* borrowed; for messages */
	int fd;				   /* borrowed */
	uint64_t offset_bytes, left_bytes; /* what is not in the buffer yet */
	uint8_t *buffer;
	size_t cap, start, end;
};

enum muster_code run_reader_open(struct run_reader *reader, const struct run_level *level,
				 unsigned index, const char *dir, struct muster_error *err);
/** Lends the next whole record until the next call, or MUSTER_END. */
enum muster_code run_reader_next(struct run_reader *reader, struct view *record,
				 struct muster_error *err);
void run_reader_release(struct run_reader *reader);

static inline struct view record_key(struct view record)
{
	uint32_t key_len;

	memcpy(&key_len, record.ptr, 4);
	return view_of(record.ptr + RUN_HEAD_BYTES, key_len);
}

static inline struct view record_value(struct view record)
{
	uint32_t lens[2];

	memcpy(lens, record.ptr, 8);
	return view_of(record.ptr + RUN_HEAD_BYTES + lens[0], lens[1]);
}

#endif
