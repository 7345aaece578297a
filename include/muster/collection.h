/**
 * collection - links, and what is said of an artifact as a whole.
 *
 * A portfolio is an artifact whose versions are links: each is a version of another artifact, under
 * a number (and aliases) of the portfolio's own. It holds what it links: bytes, entries and digests
 * stay as long as the link does, whatever becomes of the source. Its type is that of its first
 * link. A registry is nothing but portfolios in a project: "model-registry/NAME",
 * "wandb-registry-…/NAME".
 */
#ifndef MUSTER_COLLECTION_H
#define MUSTER_COLLECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/declare.h"

MUSTER_DECLARE_BEGIN

/** Zeroed is good. All is borrowed for the call. */
struct muster_link_options {
	const char *const *aliases; /* of the link, beside `latest`, which moves by itself */
	size_t alias_count;
};

struct muster_link_report {
	bool is_new;		 /* false: the portfolio had a link to this version */
	uint64_t version_number; /* of the link, in the portfolio */
};

MUSTER_DECLARE_END

#endif
