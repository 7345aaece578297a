/* What fetch.c and stream.c share. */
#ifndef ENGINE_GET_FETCH_INTERNAL_H
#define ENGINE_GET_FETCH_INTERNAL_H

#include "engine/get/fetch.h"

enum get_way { GET_BY_HINT, GET_BY_INDEX };

/** Where an item's bytes are. MUSTER_ABSENT: not there; with GET_BY_INDEX `error` says so. */
enum muster_code get_fetch_find(struct get_fetcher *fetcher, const struct get_item *item,
				enum get_way way, struct blob_at *out, struct muster_error *error);
bool get_fetch_is_proven(const struct get_fetcher *fetcher, const struct get_item *item,
			 const struct fingerprint *actual);
/** The item failed; a failure that is fatal to the run is returned. */
enum muster_code get_fetch_fail(struct get_item *item, enum get_fault fault,
				const struct muster_error *error, struct muster_error *err);
enum muster_code get_fetch_wrong_digest(struct get_item *item, struct muster_error *err);

#endif
