/**
 * page_trace - what a list page or a small answer says, as text: for golden files and fuzzers.
 */
#ifndef TESTS_IO_CLOUD_PAGE_TRACE_H
#define TESTS_IO_CLOUD_PAGE_TRACE_H

#include "base/bytes.h"

#define PAGE_KINDS 15
/** "s3-objects", ...: what the name of a golden file begins with. */
extern const char *const page_kind_names[PAGE_KINDS];

/** Append what a document says, fed in two pieces of which the first has `split` bytes, or, where
 *  that is 0, in pieces of `step` bytes. Each piece lies in memory of its size, which is gone when
 *  the next one is fed. Answers the last code. Answers and errors come whole. */
enum muster_code page_trace(struct bytes *out, unsigned kind, struct view document, size_t split,
			    size_t step);

#endif
