/* What fetch.c and stream.c share. */
#ifndef ENGINE_GET_FETCH_INTERNAL_H
#define ENGINE_GET_FETCH_INTERNAL_H

#include "engine/get/fetch.h"

enum get_way { GET_BY_CACHE, GET_BY_HINT, GET_BY_INDEX };

/** Where an item's bytes should be, and in what: a place in the cache is none in the repository.
 *  MUSTER_ABSENT: nowhere; with GET_BY_INDEX `error` says so. */
enum muster_code get_fetch_place(struct get_fetcher *fetcher, const struct get_item *item,
				 enum get_way way, struct placement *out,
				 struct muster_error *error);
/** Says so. */
enum muster_code get_fetch_absent(struct muster_error *error);
/** Where they are; `out` is lent until the next call. MUSTER_ABSENT: not there. */
enum muster_code get_fetch_find_at(struct get_fetcher *fetcher, const struct get_item *item,
				   enum get_way way, const struct placement *place,
				   struct blob_at *out, struct muster_error *error);
/** Lends the hasher of an algorithm. Errors: MUSTER_E_MEMORY. */
enum muster_code get_fetch_hasher(struct get_fetcher *fetcher, enum digest_algorithm algorithm,
				  struct hasher **out, struct muster_error *err);
void get_streams_release(struct get_fetcher *fetcher); /* takes a zeroed one */
bool get_fetch_is_proven(const struct get_fetcher *fetcher, const struct get_item *item,
			 const struct fingerprint *actual);
/** Its bytes were proved: what they have beyond what the version tells is taken over where the job
 *  wants it. */
void get_fetch_learn(const struct get_fetcher *fetcher, struct get_item *item,
		     const struct fingerprint *actual);
/** The item failed; a failure that is fatal to the run is returned. */
enum muster_code get_fetch_fail(struct get_item *item, enum get_fault fault,
				const struct muster_error *error, struct muster_error *err);
/** "… do not have the digest …" */
void get_fetch_say_wrong(struct muster_error *error);
enum muster_code get_fetch_wrong_digest(struct get_item *item, struct muster_error *err);

#endif
