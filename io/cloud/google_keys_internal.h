/*
 *   google_keys.c      where credentials are looked for
 *   google_tokens.c    how a file becomes a token
 */
#ifndef IO_CLOUD_GOOGLE_KEYS_INTERNAL_H
#define IO_CLOUD_GOOGLE_KEYS_INTERNAL_H

#include "io/cloud/bearer.h"
#include "io/cloud/google_credentials.h"
#include "io/cloud/google_keys.h"

/* A token for storage, of what a credentials file says. */
enum muster_code google_token_fetch(struct errand *errand, struct view document,
				    struct key_set *out, struct muster_error *err);

#endif
