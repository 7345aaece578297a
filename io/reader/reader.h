/**
 * reader - reads small files whole into lent memory, many in flight; answers in the order asked.
 *
 * Each file is read as file_read() does it, with the same codes and messages, in one of two ways:
 *
 *   plain  open, read, (stat,) close: 3 or 4 system calls a file. Best where files are cached.
 *   ring   opens and reads go to the kernel together, through one io_uring: some 0.15 calls a
 *          file, and a plain stat and close. Best where each file waits for a device or a server.
 *
 * READER_AUTO begins plainly and follows what it observes (io/reader/choice.h). Where there is no
 * io_uring (old kernel, container, limits), everything is read plainly; reader_report() says so.
 *
 * Threads:     one thread submits and takes answers. Another may open it before, and close it
 *              after when nothing is in flight.
 * Memory:      depth * 88 bytes; files are read into the caller's. The kernel's ring is made
 *              when it is needed first: 64 bytes * depth for entries, more inside the kernel.
 * Descriptors: up to `depth` while files are in flight. Where none is left, the reader waits for
 *              its own to be closed before it tries once more.
 * Buffers:     of two files in flight may not overlap, and one byte behind each file is written
 *              too where the file has grown: files that lie in a row lie one byte apart.
 * Pressure:    at most `depth` files are in flight; one more answers MUSTER_FULL.
 * Ordering:    answers come in the order of submission.
 */
#ifndef IO_READER_READER_H
#define IO_READER_READER_H

#include "base/effects.h"
#include "io/file/read.h"

#define READER_DEPTH_DEFAULT 128
#define READER_DEPTH_MAX     4096
/* Larger files are read plainly: one of them keeps a device busy by itself. */
#define READER_RING_MAX_BYTES (4u << 20)

enum reader_kind {
	READER_AUTO,
	READER_PLAIN,
	READER_RING,
};

struct reader;
struct ring_ops; /* io/reader/ring.h: for tests */

struct reader_options {
	enum reader_kind kind;
	unsigned depth;			 /* 0: READER_DEPTH_DEFAULT */
	bool wants_stat;		 /* fill `after` */
	bool drop_cache;		 /* tell the kernel that the bytes are not needed again */
	const struct sys_ops *sys;	 /* NULL: the system's; a ring opens and reads without it */
	const struct effects *effects;	 /* NULL: the system's; its boot_ns times plain reads */
	const struct ring_ops *ring_ops; /* NULL: the kernel's */
};

/** One file. All is borrowed until its answer was taken; the buffer is written until then. */
struct reader_request {
	int dir_fd; /* or AT_FDCWD */
	const char *name;
	uint64_t size_bytes; /* what it should have */
	bool is_at_most;     /* any size up to that: `after` tells, whether `wants_stat` or not */
	uint8_t *buffer;
	size_t cap_bytes; /* more than size_bytes: so one read sees the end, too */
	void *cookie;
};

struct reader_answer {
	void *cookie;
	enum muster_code code; /* as of file_read(); on MUSTER_OK the buffer has size_bytes
				  (after.size_bytes with `is_at_most`) */
	struct file_stat
		after; /* with `wants_stat` or `is_at_most`: taken after the last byte was read,
			  from the file that was read; for MUSTER_OK and MUSTER_E_CHANGED */
	enum reader_kind kind; /* READER_PLAIN or READER_RING: how it was read in the end */
};

/** What it did since it was opened. */
struct reader_report {
	uint64_t plain_files, ring_files;
	uint64_t redone_files; /* of plain_files: a ring had tried, and met anything unusual */
	uint64_t enter_count;  /* io_uring_enter(2) calls */
	int ring_errno;	       /* why there is no ring; 0: there is one, or none was needed yet */
};

/** Errors: MUSTER_E_USAGE for a depth over the maximum, MUSTER_E_MEMORY. */
enum muster_code reader_open(struct reader **out, const struct reader_options *options,
			     struct muster_error *err);
/** Ask for one file. MUSTER_OK, or MUSTER_FULL when `depth` are in flight: take an answer first. */
enum muster_code reader_submit(struct reader *reader, const struct reader_request *request);
/** The answer to the oldest request; waits for it. MUSTER_END when nothing is in flight. `error`
 *  (or NULL) is filled where answer->code is a failure: it is the file's. */
enum muster_code reader_next(struct reader *reader, struct reader_answer *answer,
			     struct muster_error *error);
/** Requests whose answers were not taken. */
size_t reader_in_flight(const struct reader *reader);
/** Give up everything in flight: no answer will come, no buffer is touched after. */
void reader_cancel(struct reader *reader);
void reader_report(const struct reader *reader, struct reader_report *out);
/** Cancels first. Takes NULL. */
void reader_close(struct reader *reader);

/** "plain", "ring" or "auto"; NULL or "" is READER_AUTO. Errors: MUSTER_E_USAGE. */
enum muster_code reader_kind_parse(const char *text, enum reader_kind *out,
				   struct muster_error *err);

#endif
