/**
 * continue_suite - what each kind of cloud must do for an upload that is continued
 * (io/store/store.h, write_continue), whether it is a fake or a real server.
 *
 * Threads: one. Failures end the test.
 */
#ifndef TESTS_IO_CLOUD_CONTINUE_SUITE_H
#define TESTS_IO_CLOUD_CONTINUE_SUITE_H

#include "io/store/store.h"

struct continue_kind {
	const char *name;
	/* A store with nothing in it, of parts of this size, one of an object in flight. */
	struct store *(*open)(void *state);
	void (*close)(void *state);
	void *state;
	size_t part_bytes;
	bool is_in_order;   /* bytes that were taken cannot be replaced */
	bool forgets_parts; /* it cannot tell what it has: an upload always begins anew */
	/* NULL, or: bytes of parts that were sent since it was opened. */
	uint64_t (*sent_bytes)(void *state);
};

/** How many tests failed. */
int continue_suite_run(const struct continue_kind *kind);

#endif
