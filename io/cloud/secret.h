/**
 * secret - bytes that must not reach a log: keys, tokens, passwords, signed URLs.
 *
 * Owns its bytes and overwrites them when they are replaced or released. There is no formatter on
 * purpose: a secret is no view, VIEW_ARGS() and "%s" do not compile with it, nor with what
 * secret_reveal() lends. Whoever needs the bytes (a MAC, a header that is sent) reveals them where
 * they are used, so a search for secret_reveal finds every such place.
 *
 * Memory:  SECRET_MAX_BYTES at most; a zeroed struct is "none", secret_release() works on it.
 * Threads: one thread changes a secret; many may read one that nobody changes.
 * Limits:  what a secret was copied from (a file's text, a JSON reader's token) is its owner's to
 *          overwrite: secret_scrub() does so for a struct bytes.
 */
#ifndef IO_CLOUD_SECRET_H
#define IO_CLOUD_SECRET_H

#include "base/bytes.h"

/* Azure's and Google's bearer tokens reach some KiB, presigned URLs with a session token likewise
 */
#define SECRET_MAX_BYTES (64u << 10)

struct secret_block;

struct secret {
	struct secret_block *block;
};

/** What secret_reveal() lends. Its members are named so that VIEW_ARGS() refuses it. */
struct revealed {
	const uint8_t *secret_ptr; /* a NUL stands behind the last byte; never NULL */
	size_t secret_len;
};

/** Replace the content by a copy of `bytes`. Errors: MUSTER_E_MEMORY, MUSTER_E_LIMIT; the secret is
 *  then as it was. */
enum muster_code secret_set(struct secret *secret, struct view bytes, struct muster_error *err);
/** Append a copy of `bytes`; errors as secret_set(). */
enum muster_code secret_append(struct secret *secret, struct view bytes, struct muster_error *err);
/** Replace the content by that of `bytes`, which is scrubbed whatever happens. */
enum muster_code secret_take(struct secret *secret, struct bytes *bytes, struct muster_error *err);
enum muster_code secret_copy(struct secret *secret, const struct secret *from,
			     struct muster_error *err);
void secret_release(struct secret *secret);

/** False for a zeroed or released secret; a secret of no bytes is set. */
bool secret_is_set(const struct secret *secret);
/** Lends the bytes until the secret is changed or released. */
struct revealed secret_reveal(const struct secret *secret);
/** In a time that does not depend on where they differ. Two that are not set are equal. */
bool secret_equal(const struct secret *a, const struct secret *b);

/** Overwrite all that a buffer has room for, and release it. */
void secret_scrub(struct bytes *bytes);
/** Overwrite, in a way that no compiler leaves out. */
void secret_wipe(void *ptr, size_t len);

#endif
