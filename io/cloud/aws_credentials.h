/**
 * aws_credentials - temporary keys of AWS as their sources tell them.
 *
 * Threads: pure functions. Memory: FIELDS_TEXT_MAX_BYTES for a document, which comes whole and is
 * the caller's to scrub. Errors:  MUSTER_E_FORMAT, MUSTER_E_LIMIT, MUSTER_E_MEMORY; MUSTER_E_IO
 * where the source tells a failure of its own. No message repeats a value.
 */
#ifndef IO_CLOUD_AWS_CREDENTIALS_H
#define IO_CLOUD_AWS_CREDENTIALS_H

#include "io/cloud/fields.h"

enum aws_source {
	AWS_SOURCE_PROCESS,   /* credential_process: JSON, Version 1 */
	AWS_SOURCE_CONTAINER, /* ECS, EKS Pod Identity: JSON */
	AWS_SOURCE_IMDS,      /* a machine's role: JSON */
	AWS_SOURCE_STS,	      /* AssumeRole, AssumeRoleWithWebIdentity: XML */
	AWS_SOURCE_SSO,	      /* portal.sso: GetRoleCredentials, JSON */
};

/** A zeroed struct is none. */
struct aws_credentials {
	struct view key_id; /* lasts until it is released */
	struct secret secret_key, session_token;
	uint64_t expires_ns;  /* 0: never */
	struct fields fields; /* private */
};

enum muster_code aws_credentials_parse(struct aws_credentials *out, enum aws_source source,
				       struct view document, struct muster_error *err);
void aws_credentials_release(struct aws_credentials *credentials);

/** What the CLI keeps of a login (~/.aws/sso/cache), and what SSO-OIDC's /token answers. */
struct aws_sso_token {
	struct view start_url, region, client_id; /* empty: not told; last until it is released */
	struct secret access_token, refresh_token, client_secret;
	uint64_t expires_ns;
	uint64_t client_expires_ns; /* of the registration; 0: not told */
	struct fields fields;	    /* private */
};

/** `wall_ns`: now, from which the lifetime of a fresh token counts. */
enum muster_code aws_sso_token_parse(struct aws_sso_token *out, struct view document,
				     uint64_t wall_ns, struct muster_error *err);
void aws_sso_token_release(struct aws_sso_token *token);

#endif
