/**
 * torture - fail the n-th allocation of our own code.
 *
 *	for (uint64_t n = 1; torture_allocation(n); n++) {
 *		... run once; it must fail cleanly or succeed ...
 *		done = !torture_hit();
 *		torture_off();
 *		if (done) break;
 *	}
 *
 * Threads: the counter is atomic; only one torture at a time.
 */
#ifndef TESTS_SUPPORT_TORTURE_H
#define TESTS_SUPPORT_TORTURE_H

#include <stdbool.h>
#include <stdint.h>

/** Arm: the n-th malloc, calloc or realloc from now on answers NULL. Always true. */
bool torture_allocation(uint64_t n);
/** Was an allocation failed since arming? */
bool torture_hit(void);
void torture_off(void);
/** Allocations by our code since the program began. */
uint64_t torture_allocations(void);

#endif
