/**
 * oauth - bearer tokens as token endpoints, metadata servers and command lines tell them.
 *
 *	Google, Entra ID            access_token, expires_in (seconds; Azure's IMDS as a string)
 *	Azure IMDS, App Service     access_token, expires_on (seconds since 1970)
 *	az account get-access-token accessToken, expires_on
 *	Google impersonation        accessToken, expireTime (ISO 8601)
 *
 * Threads: pure functions. Memory, errors: as aws_credentials.h. An error answer is cloud_error's.
 */
#ifndef IO_CLOUD_OAUTH_H
#define IO_CLOUD_OAUTH_H

#include "io/cloud/fields.h"

/** A zeroed struct is none. */
struct oauth_token {
	struct secret access_token;
	struct secret refresh_token; /* a new one, where one was told */
	uint64_t expires_ns;
};

/** `wall_ns`: now. Errors: MUSTER_E_FORMAT also where no expiry is told, or another type than
 *  Bearer. */
enum muster_code oauth_token_parse(struct oauth_token *out, struct view document, uint64_t wall_ns,
				   struct muster_error *err);
void oauth_token_release(struct oauth_token *token);

#endif
