/**
 * stat_run - reading and writing one file of stat records (artifact/format/stat.h) on disk.
 */
#ifndef ENGINE_STATCACHE_STAT_RUN_H
#define ENGINE_STATCACHE_STAT_RUN_H

#include "artifact/format/stat.h"

/** Reads records in the order of the file. A damaged or cut block ends it, as if the file ended. */
struct stat_run_reader {
	int fd;
	uint64_t offset_bytes;
	struct bytes block;
	struct stat_reader reader;
	bool has_block, is_done;
	struct stat_record head; /* valid if has_head */
	bool has_head;
};

/** Takes the descriptor. False if it is no file of stat records (then it is closed). */
bool stat_run_reader_init(struct stat_run_reader *reader, int fd);
void stat_run_reader_release(struct stat_run_reader *reader);
/** Loads the next record into `head`, or clears has_head at the end. */
void stat_run_reader_advance(struct stat_run_reader *reader);

/** Writes records; borrows the descriptor. Zero-initialised but for `fd`. */
struct stat_run_writer {
	int fd;
	struct stat_block block;
	struct bytes out;
	uint64_t record_count;
};

void stat_run_writer_release(struct stat_run_writer *writer);
/** The header of a new file. */
enum muster_code stat_run_writer_begin(struct stat_run_writer *writer, struct muster_error *err);
enum muster_code stat_run_writer_add(struct stat_run_writer *writer,
				     const struct stat_record *record, struct muster_error *err);
/** Everything added so far reaches the file. */
enum muster_code stat_run_writer_flush(struct stat_run_writer *writer, struct muster_error *err);

#endif
