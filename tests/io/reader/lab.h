/**
 * lab - a scratch directory, a reader of one kind in it, and what may go wrong under it.
 */
#ifndef TESTS_IO_READER_LAB_H
#define TESTS_IO_READER_LAB_H

#include "io/reader/ring.h"
#include "tests/io/store/sys_fault.h"

/* The kernel's ring, counted; it can fail. */
struct ring_fault {
	struct ring_ops ops;
	unsigned setup_count, enter_count;
	int setup_errno;	      /* not 0: there is no ring */
	unsigned fail_at, fail_times; /* which call of enter, and how many from there */
	int fail_errno;
};

struct lab {
	char path[256];
	int dir_fd;
	size_t fds; /* open before the reader was */
	struct sys_fault sys;
	struct ring_fault ring;
	struct effects clock; /* each reading is `step_ns` later */
	uint64_t now_ns, step_ns;
	struct reader_options options;
};

/** How a suite is run; a test's initial state. */
struct lab_kind {
	enum reader_kind kind;
	uint64_t step_ns;
};

/* cmocka setup and teardown; the initial state is a struct lab_kind. The reader's descriptors
 * must be closed at the end. */
int lab_begin(void **state);
int lab_end(void **state);

void lab_write(const struct lab *lab, const char *name, const void *data, size_t len);
/** `size` bytes that depend on `seed`. */
void lab_fill(uint8_t *out, size_t size, uint32_t seed);
void lab_write_filled(const struct lab *lab, const char *name, size_t size, uint32_t seed);
bool lab_is_filled(const uint8_t *data, size_t size, uint32_t seed);

struct reader *lab_open(struct lab *lab, unsigned depth);
struct reader_request lab_request(const struct lab *lab, const char *name, uint64_t size_bytes,
				  uint8_t *buffer);
/** One file through a reader of its own. */
enum muster_code lab_read(struct lab *lab, const char *name, uint64_t size_bytes, uint8_t *buffer,
			  struct reader_answer *answer, struct muster_error *error);

#endif
