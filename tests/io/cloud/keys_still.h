/**
 * keys_still - credentials that a test sets, behind the functions of io/cloud/keys.h. Nothing is
 * fetched, nothing expires.
 *
 * Threads: what is counted may be read from any thread.
 */
#ifndef TESTS_IO_CLOUD_KEYS_STILL_H
#define TESTS_IO_CLOUD_KEYS_STILL_H

#include <stdatomic.h>

#include "io/cloud/keys.h"

struct keys {
	struct key_set set;
	enum muster_code code; /* what keys_get() answers */
	unsigned renewals;     /* so often keys_refuse() says that trying again is of use */
	atomic_uint refused;
};

void keys_still_token(struct keys *keys, const char *token);
/** `base64`: an account's key. */
void keys_still_account(struct keys *keys, const char *account, const char *base64);
void keys_still_release(struct keys *keys);

#endif
