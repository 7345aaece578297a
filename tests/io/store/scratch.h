/**
 * scratch - a directory of a test's own, removed with all that is in it.
 */
#ifndef TESTS_IO_STORE_SCRATCH_H
#define TESTS_IO_STORE_SCRATCH_H

#include <stddef.h>

/** Make a new directory below $TMPDIR or /tmp; `out` gets its path. -1 on failure. */
int scratch_make(char *out, size_t cap);
/** Remove it and everything below; links are not followed. */
void scratch_remove(const char *path);
/** Descriptors that this process has open. */
size_t scratch_open_descriptors(void);

#endif
