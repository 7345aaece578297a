/**
 * marks_file - the marks of packs (artifact/format/marks.h) as a file of this machine.
 *
 * Threads: a reader or writer belongs to one thread. Memory: one buffer of 48 KiB each.
 */
#ifndef ENGINE_CHECK_MARKS_FILE_H
#define ENGINE_CHECK_MARKS_FILE_H

#include "artifact/format/marks.h"
#include "base/hash/xxh3.h"
#include "io/store/sys.h"

#define MARKS_BUFFER_MARKS 1024

struct marks_buffer {
	uint8_t bytes[MARKS_BUFFER_MARKS * MARK_BYTES];
	size_t count, next; /* marks */
};

struct marks_reader {
	int fd; /* -1: there is nothing to read */
	uint64_t left;
	struct pack_mark last;
	bool has_last;
	struct marks_buffer *buffer;
};

/** Opens the file and proves it from its first byte to its last; MUSTER_ABSENT where there is none.
 *  Errors: MUSTER_E_FORMAT, _UNSUPPORTED, _IO, _MEMORY. To be closed whatever the answer. */
enum muster_code marks_reader_open(struct marks_reader *out, const char *path,
				   const uint8_t repository_id[16], struct muster_error *err);
/** MUSTER_END behind the last. Errors: MUSTER_E_IO, _FORMAT. */
enum muster_code marks_reader_next(struct marks_reader *reader, struct pack_mark *out,
				   struct muster_error *err);
void marks_reader_close(struct marks_reader *reader);

struct marks_writer {
	int fd; /* -1: none */
	const char *path;
	struct bytes temporary; /* its name until it is whole, with a NUL */
	const struct xxh3_form *form;
	void *sum;
	struct marks_buffer *buffer;
};

/** Begins a file of `mark_count` marks beside `path`, which is borrowed. To be closed whatever the
 *  answer. Errors: MUSTER_E_IO, _MEMORY. */
enum muster_code marks_writer_open(struct marks_writer *out, const char *path,
				   const uint8_t repository_id[16], uint64_t mark_count,
				   struct muster_error *err);
/** Ids ascend. */
enum muster_code marks_writer_add(struct marks_writer *writer, const struct pack_mark *mark,
				  struct muster_error *err);
/** It is whole, and takes its name all at once. */
enum muster_code marks_writer_finish(struct marks_writer *writer, struct muster_error *err);
/** Removes what has not got its name. */
void marks_writer_close(struct marks_writer *writer);

#endif
