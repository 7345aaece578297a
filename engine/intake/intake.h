/**
 * intake - small files read and hashed: in at one end, out at the other, many on their way.
 *
 * It joins a reader (io/reader), which reads files into one ring of memory, and the ring
 * (base/hash/hash_ring), where SIMD lanes hash them. A lane takes the next file the moment its own
 * ends, so lanes stay full from one batch to the next as long as files come.
 *
 *	intake_put ──► reader: read into the ring ──► `read` ──► lanes ──► `done`, in order
 *	                    └─ failed ──► `done` at once
 *
 * A file of which only the name is known (`has_no_size`) costs no stat of its path: room is guessed
 * (engine/intake/guess.h), and the descriptor that was read tells how much of it holds. A file that
 * has more, or was touched since the run began and so may have changed while it was read, is read
 * once more as one whose state was known.
 *
 * A file whose state was known (`has_found`) must have it when its last byte was read; else it is
 * read once more with what it has become, behind the files that were asked for meanwhile.
 *
 * Threads:  one thread owns an intake; `read` and `done` are called on it, and may not call it.
 * Memory:   the ring's bytes, and about 700 bytes for each of `file_max` files; taken in
 *           intake_open(), never grown. Pages of the ring that were never needed cost nothing.
 * Pressure: intake_put() reads and hashes older files until there is room.
 * Errors:   of files go to `done`; only those of `done`, and want of memory, are returned. Then
 *           intake_cancel() tells of the files that are left.
 */
#ifndef ENGINE_INTAKE_INTAKE_H
#define ENGINE_INTAKE_INTAKE_H

#include "base/hash/hash_ring.h"
#include "io/reader/reader.h"
#include "muster/progress.h"

struct intake;

/** One file. `name` and `dir_fd` are borrowed until `read` or `done` is called for it. */
struct intake_file {
	int dir_fd;
	const char *name;
	bool has_no_size;    /* nobody knows: `size_bytes` and `found` are not looked at */
	uint64_t size_bytes; /* what it should have; at most intake_size_max() */
	bool has_found;
	struct file_stat found; /* what the walk saw; the inode does not count */
	void *cookie;
};

/** What became of a file. All is lent until `done` returns. */
struct intake_answer {
	/* MUSTER_OK, what file_read() says, MUSTER_E_CANCELLED after intake_cancel(); MUSTER_FULL:
	 * it is larger than `size_max` (only with `has_found` or `has_no_size`), `after` tells. */
	enum muster_code code;
	const struct muster_error *error;      /* of a failure */
	struct view data;		       /* MUSTER_OK: its bytes */
	const struct fingerprint *fingerprint; /* MUSTER_OK */
	struct file_stat after;		       /* with `wants_stat`: MUSTER_OK, FULL, E_CHANGED */
	bool was_read;			       /* `read` was called before */
};

/** The file was read and will be hashed: its name and directory are not needed any more. */
typedef void intake_read_fn(void *state, void *cookie);
/** Called once for each file. Those that were read come in the order in which they were read.
 *  Anything but MUSTER_OK ends the call of the intake, which returns it. */
typedef enum muster_code intake_done_fn(void *state, void *cookie,
					const struct intake_answer *answer,
					struct muster_error *err);

struct intake_options {
	struct hash_options hashing;
	struct reader_options reader; /* `wants_stat` is needed for `has_found`, `has_no_size` */
	struct muster_progress *progress; /* NULL, or told at the end how busy the lanes were */
	size_t ring_bytes;		  /* 0: INTAKE_RING_BYTES */
	uint32_t file_max;		  /* on their way at once; 0: INTAKE_FILE_MAX */
	uint64_t size_max;		  /* of what turns out to be larger; 0: intake_size_max() */
	/* For `has_no_size`: the time that the files' file system had when the run began. What was
	 * touched before did not change since. */
	int64_t begun_ns;
	intake_read_fn *read; /* NULL: nobody wants to know */
	intake_done_fn *done;
	void *state;
};

/* A file of 4 MiB holds back what came behind it: with less, lanes run dry where sizes differ much
 * (docs/decisions/0008). Small files use the lowest 8 MiB only. */
#define INTAKE_RING_BYTES (32u << 20)
#define INTAKE_FILE_MAX	  2048

/** Errors: MUSTER_E_MEMORY, MUSTER_E_UNSUPPORTED. */
enum muster_code intake_open(struct intake **out, const struct intake_options *options,
			     struct muster_error *err);
void intake_close(struct intake *intake); /* takes NULL; cancels without telling */
/** Files of more bytes cannot be put. */
uint64_t intake_size_max(const struct intake *intake);
/** Where it fails, the file was not taken. */
enum muster_code intake_put(struct intake *intake, const struct intake_file *file,
			    struct muster_error *err);
/**
 * For who opens and reads a file himself: room for so many bytes and one more, which intake_fill()
 * or intake_drop() must answer before anything else is asked of the intake. All files that were put
 * before are read first.
 */
enum muster_code intake_lend(struct intake *intake, uint64_t size_bytes, uint8_t **out,
			     struct muster_error *err);
/** The room holds a whole file of that size; it will be hashed, and `done` be called. */
enum muster_code intake_fill(struct intake *intake, void *cookie, struct muster_error *err);
/** No file comes to the room. */
void intake_drop(struct intake *intake);
/** Until every file was read, or failed: no name and no directory is needed any more. */
enum muster_code intake_read_all(struct intake *intake, struct muster_error *err);
/** Until every file is done. */
enum muster_code intake_drain(struct intake *intake, struct muster_error *err);
/** Give up all files on their way: `done` (MUSTER_E_CANCELLED) is called for each, in no order. */
void intake_cancel(struct intake *intake);

/** Files, and how well the lanes were used, since intake_open(). */
struct hash_ring_use intake_use(const struct intake *intake);

#endif
