/**
 * google_jwt - the assertion with which a Google service account asks for a token.
 *
 * A JSON web token, RS256: base64url(header) "." base64url(claims) "." base64url(signature).
 * RSASSA-PKCS1-v1_5 has no randomness, so the same claims and key give the same text.
 *
 * Source:  Google, "Using OAuth 2.0 for server to server applications"; RFC 7515, RFC 7518.
 * Threads: pure functions.
 */
#ifndef IO_CLOUD_GOOGLE_JWT_H
#define IO_CLOUD_GOOGLE_JWT_H

#include "io/cloud/secret.h"

#define GOOGLE_JWT_LIFETIME_S 3600 /* the most that Google takes */
#define GOOGLE_JWT_SCOPE      "https://www.googleapis.com/auth/devstorage.read_write"

/** Borrowed. */
struct google_jwt_claims {
	struct view email;    /* iss: the account */
	struct view key_id;   /* kid; empty: none */
	struct view scope;    /* empty: none */
	struct view audience; /* aud: the token URI */
	uint64_t wall_ns;     /* iat; exp is an hour later */
};

/** Append what is signed: "header.claims". Errors: MUSTER_E_MEMORY. */
enum muster_code google_jwt_append_input(struct bytes *out, const struct google_jwt_claims *claims,
					 struct muster_error *err);

/**
 * Fill `out` with the assertion. `private_key` is PEM, whose line ends may still be "\n" escapes.
 *
 * Errors: MUSTER_E_FORMAT where it is no private RSA key, without a word of it; MUSTER_E_MEMORY.
 */
enum muster_code google_jwt_sign(struct secret *out, const struct google_jwt_claims *claims,
				 const struct secret *private_key, struct muster_error *err);

#endif
