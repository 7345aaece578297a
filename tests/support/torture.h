/**
 * torture - fail the n-th allocation of our own code.
 *
 *	for (uint64_t n = 1; torture_allocation(n); n += TORTURE_STEP) {
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

/* ThreadSanitizer makes it ten times slower and sees the same threads whichever of neighbours
 * fails: the long ones take every fifth there (no multiple of two or three, so that what alternates
 * with n does so still). Everywhere else each one has its turn. */
#ifdef __SANITIZE_THREAD__
#define TORTURE_STEP 5
#else
#define TORTURE_STEP 1
#endif
/* How many of n random repetitions are enough: all, and a fifth there. */
#define TORTURE_SHARE(n) (((n) + TORTURE_STEP - 1) / TORTURE_STEP)

/** Arm: the n-th malloc, calloc or realloc from now on answers NULL. Always true. */
bool torture_allocation(uint64_t n);
/** Was an allocation failed since arming? */
bool torture_hit(void);
void torture_off(void);
/** Allocations by our code since the program began. */
uint64_t torture_allocations(void);

#endif
