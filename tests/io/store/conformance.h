/**
 * conformance - what every kind of store must do, as one group of tests.
 *
 * A kind makes a fresh, empty store for each test; the suite frees it, then calls `cleanup`.
 */
#ifndef TESTS_IO_STORE_CONFORMANCE_H
#define TESTS_IO_STORE_CONFORMANCE_H

#include "io/store/store.h"

struct conformance_kind {
	const char *name;
	void *state;
	struct store *(*make)(void *state); /* never NULL: a test fails instead */
	void (*cleanup)(void *state);	    /* may be NULL */
	bool key_may_be_prefix;		    /* objects "a" and "a/b" may stand beside each other */
	uint64_t time_step_ns;		    /* how far times of objects may be cut */
	const char *unfit; /* " name name ": tests that this server is known to fail; NULL: none */
};

/** Runs all tests; how many failed. */
int conformance_run(struct conformance_kind *kind);

#endif
