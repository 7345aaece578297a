/**
 * long_intake - large files read chunk by chunk and hashed, several side by side.
 *
 * A file by itself is hashed no faster than MD5 goes; up to LONG_INTAKE_FILES go on together, in
 * SIMD lanes (base/hash/hash_stream.h). Who uses it gives the files one by one, sees each chunk
 * if it wants to (to store it), and is told when a file has ended. Bytes are counted here.
 *
 *	next ──► begin ──► chunk, chunk, … ──► end ──┐
 *	           ▲                                 │ `again`
 *	           └─────────────────────────────────┘
 *
 * Threads: one thread owns it; the functions of its user are called on it.
 * Memory:  LONG_INTAKE_FILES * LONG_INTAKE_CHUNK_BYTES, taken when the first file comes.
 */
#ifndef ENGINE_INTAKE_LONG_INTAKE_H
#define ENGINE_INTAKE_LONG_INTAKE_H

#include <stdatomic.h>

#include "base/hash/hash_stream.h"
#include "io/file/read.h"

#define LONG_INTAKE_FILES 8
/* Eight chunks pass through a processor's second cache, and one is worth its system call. */
#define LONG_INTAKE_CHUNK_BYTES (256u << 10)

struct long_intake;

/** `name` and `dir_fd` are borrowed until `end` was called and did not ask for more. */
struct long_file {
	int dir_fd;
	const char *name;
	void *cookie;
	enum digest_algorithm algorithm; /* DIGEST_TEXT: the intake's */
};

/** How it ended. All is lent until `end` returns. */
struct long_answer {
	/* MUSTER_OK; what file_open() and file_read_at() say; MUSTER_E_CHANGED: it was not the same
	 * from its first byte to its last; MUSTER_E_CANCELLED: the run ends; MUSTER_END: `begin` or
	 * `chunk` said so. */
	enum muster_code code;
	const struct muster_error *error;      /* of a failure */
	const struct fingerprint *fingerprint; /* MUSTER_OK */
	struct file_stat found;		       /* when it was opened; zero if it was not */
};

/** What its user does. Anything but MUSTER_OK ends the run, which returns it. */
struct long_ops {
	void *state;
	/* The next file, when there is room for one. MUSTER_END: none now. */
	enum muster_code (*next)(void *state, struct long_file *out, struct muster_error *err);
	/* Open it; NULL: file_open(). Gives a descriptor and what was found; a failure is the
	 * file's. -1: `read` does without, and only the size of `found` counts. */
	enum muster_code (*open)(void *state, void *cookie, int *fd, struct file_stat *found,
				 struct muster_error *error);
	/* Its bytes, at most `len`, fewer only where it ends; NULL: those of the descriptor. */
	enum muster_code (*read)(void *state, void *cookie, uint64_t offset_bytes, uint8_t *out,
				 size_t len, size_t *got, struct muster_error *error);
	/* It is open. NULL: nobody wants to know. MUSTER_END: no more of this file is wanted. */
	enum muster_code (*begin)(void *state, void *cookie, const struct file_stat *found,
				  struct muster_error *err);
	/* NULL, or: how many bytes `chunk` takes of it before it waits for something; 0: none now.
	 * With `may_wait` it waits, and there is room. Files without room stand still while others
	 * go on. */
	size_t (*room)(void *state, void *cookie, bool may_wait);
	/* NULL, and MUSTER_END, as in `begin`. */
	enum muster_code (*chunk)(void *state, void *cookie, struct view data,
				  struct muster_error *err);
	/* Called once for each `next`, and once more for each time that `*again` was set. */
	enum muster_code (*end)(void *state, void *cookie, const struct long_answer *answer,
				bool *again, struct muster_error *err);
	/* Asked of `run`, or of `state` if that is NULL. Then all files are ended, as cancelled. */
	bool (*is_stopping)(void *run);
	void *run;
	atomic_ullong *read_bytes, *done_bytes; /* what is read is added to both; NULL: not */
};

/** Copies the options. Errors: MUSTER_E_MEMORY, MUSTER_E_UNSUPPORTED. */
enum muster_code long_intake_open(struct long_intake **out, const struct hash_options *hashing,
				  const struct long_ops *ops, struct muster_error *err);
void long_intake_close(struct long_intake *intake); /* takes NULL */
/** Until there is no file any more. On return every file was ended. */
enum muster_code long_intake_run(struct long_intake *intake, struct muster_error *err);
/** May a worker that reads `count` files take one more of `waiting`, if `idle` others may come for
 *  some? Who comes has its share; when all have come, nobody leaves any. */
bool long_intake_may_take(unsigned count, size_t waiting, unsigned idle);
/** Files that go on now: for `next`, who may want to leave some to others. Takes NULL. */
unsigned long_intake_count(const struct long_intake *intake);

#endif
