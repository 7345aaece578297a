/**
 * bearer - requests that end in a bearer token: token endpoints and metadata servers.
 *
 * Threads, errors: as errand.h.
 */
#ifndef IO_CLOUD_BEARER_H
#define IO_CLOUD_BEARER_H

#include "io/cloud/errand.h"
#include "io/cloud/keys.h"

#define BEARER_FORM "application/x-www-form-urlencoded"
#define BEARER_JSON "application/json"

/** Ask, and read the token that is answered. */
enum muster_code bearer_ask(struct errand *errand, const struct errand_ask *ask,
			    struct key_set *out, struct muster_error *err);
/** POST `body`; with a token of `authorization`, unless it is NULL. Errors: also MUSTER_E_USAGE
 *  where the URL is not https://, nor of this machine. */
enum muster_code bearer_post(struct errand *errand, struct view url, const char *content_type,
			     const struct secret *body, const struct secret *authorization,
			     struct key_set *out, struct muster_error *err);
/** Read a token: an answer, or a program's output. */
enum muster_code bearer_take(const struct errand *errand, const struct secret *text,
			     struct key_set *out, struct muster_error *err);

#endif
