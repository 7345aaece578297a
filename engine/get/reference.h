/* References to files of this machine: copied from their place, and proved as stored bytes are. */
#ifndef ENGINE_GET_REFERENCE_H
#define ENGINE_GET_REFERENCE_H

#include "engine/get/fetch.h"

/** The item is done, failed, or (`allow_missing`) skipped, unless the run is stopping. */
enum muster_code get_reference(struct get_fetcher *fetcher, struct get_item *item,
			       bool allow_missing, struct muster_error *err);

#endif
