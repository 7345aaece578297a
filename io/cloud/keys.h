/**
 * keys - credentials that may expire: found once, renewed in time, lent to who signs.
 *
 * A source fetches (files, processes, metadata servers, token endpoints; may block); `keys` holds
 * what it fetched last and renews it on a thread of its own when its end comes near, so that who
 * signs never waits.
 *
 *	AWS      aws_keys_open():    environment, profiles, web identity, container, IMDS, SSO, ...
 *	Google   google_keys_open()
 *	Azure    azure_keys_open()
 *
 * Threads: get, refuse and source from any; the thread that renews is made only for sets that
 *          expire.
 */
#ifndef IO_CLOUD_KEYS_H
#define IO_CLOUD_KEYS_H

#include "base/effects.h"
#include "io/cloud/secret.h"

/** One set of credentials. What its kind does not have is not set. */
struct key_set {
	struct bytes id;      /* AWS access key id, Azure account */
	struct secret secret; /* AWS secret key, Azure account key (decoded) */
	struct secret token;  /* AWS session token; a bearer token; an Azure SAS */
	bool is_sas;	      /* the token is a SAS, not a bearer's */
	bool is_anonymous;
	uint64_t expires_ns; /* wall time; 0: never */
};
void key_set_release(struct key_set *set);

struct keys;

/** A copy of the credentials as they are now. Never blocks. Errors: why they could not be renewed
 *  before they expired. (Why there are none is told when they are opened.) */
enum muster_code keys_get(struct keys *keys, struct key_set *out, struct muster_error *err);
/** A server said that they are not, or no longer, good: renew them soon. True: it is of use to try
 *  again, because they are going to be, or just have been, replaced by others. False: nothing can
 *  be renewed, or it was just done and gave the same, or nothing. */
bool keys_refuse(struct keys *keys);
/** "profile 'x' of ~/.aws/credentials": for messages. */
const char *keys_source(const struct keys *keys);
void keys_close(struct keys *keys); /* takes NULL */

#endif
