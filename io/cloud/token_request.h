/**
 * token_request - the bodies with which credentials are exchanged for keys and tokens.
 *
 * Each is a secret as a whole. What is empty, or not set, is left out.
 *
 * Threads: pure functions. Errors: MUSTER_E_LIMIT above SECRET_MAX_BYTES, MUSTER_E_MEMORY.
 * Content types: application/x-www-form-urlencoded, of the functions that end in _json
 *                application/json.
 */
#ifndef IO_CLOUD_TOKEN_REQUEST_H
#define IO_CLOUD_TOKEN_REQUEST_H

#include "io/cloud/secret.h"

#define AZURE_STORAGE_SCOPE "https://storage.azure.com/.default"

/** STS, signed with service "sts" (SIGV4_OTHER). Borrowed. */
struct sts_assume_role {
	struct view role_arn, session_name, external_id;
	struct view serial_number, token_code; /* of a device */
	uint32_t duration_s;		       /* 0: the role's */
};
enum muster_code token_request_assume_role(struct secret *out, const struct sts_assume_role *role,
					   struct muster_error *err);
/** STS, not signed. */
enum muster_code token_request_web_identity(struct secret *out, struct view role_arn,
					    struct view session_name, const struct secret *token,
					    struct muster_error *err);
/** AWS's SSO-OIDC, POST /token. */
enum muster_code token_request_sso_refresh_json(struct secret *out, struct view client_id,
						const struct secret *client_secret,
						const struct secret *refresh_token,
						struct muster_error *err);

/** Google: a service account's assertion (google_jwt_sign()). */
enum muster_code token_request_assertion(struct secret *out, const struct secret *assertion,
					 struct muster_error *err);
/** Google: a user's refresh token. */
enum muster_code token_request_refresh(struct secret *out, struct view client_id,
				       const struct secret *client_secret,
				       const struct secret *refresh_token,
				       struct muster_error *err);
/** Google: an external account's subject token. */
enum muster_code token_request_exchange(struct secret *out, struct view audience,
					struct view subject_token_type,
					const struct secret *subject_token, struct view scope,
					struct muster_error *err);
/** Google: generateAccessToken of an impersonated account, with the source's token as bearer. */
enum muster_code token_request_impersonate_json(struct secret *out, struct view scope,
						struct muster_error *err);

/** Entra ID: a client's secret. */
enum muster_code token_request_client_secret(struct secret *out, struct view client_id,
					     const struct secret *client_secret, struct view scope,
					     struct muster_error *err);
/** Entra ID: a federated token (workload identity). */
enum muster_code token_request_federated(struct secret *out, struct view client_id,
					 const struct secret *token, struct view scope,
					 struct muster_error *err);

#endif
