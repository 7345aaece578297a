/**
 * crc_table - the polynomials of both CRCs and their portable form, for crc.c.
 */
#ifndef BASE_HASH_CRC_TABLE_H
#define BASE_HASH_CRC_TABLE_H

#include "base/hash/crc.h"
#include "base/hash/crc_fold.h"

struct crc_polynomial {
	uint64_t mask;	    /* all bits of a value */
	uint64_t reflected; /* highest power at bit 0 */
	struct crc_fold_constants fold;
};

extern const struct crc_polynomial crc_polynomials[CRC_KIND_COUNT];

/** The remainder of what gave `remainder`, with `data` behind it. */
uint64_t crc_by_table(enum crc_kind kind, uint64_t remainder, struct view data);

#endif
