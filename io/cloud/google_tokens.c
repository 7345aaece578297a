#include "io/cloud/google_keys_internal.h"

#include "io/cloud/google_jwt.h"
#include "io/cloud/token_request.h"

/* Who impersonates needs a token for that, not for storage. */
#define SCOPE_ALL     "https://www.googleapis.com/auth/cloud-platform"
#define SCOPE_STORAGE GOOGLE_JWT_SCOPE

static enum muster_code take_service_account(struct errand *errand,
					     const struct google_credentials *credentials,
					     struct view scope, struct key_set *out,
					     struct muster_error *err)
{
	const struct google_jwt_claims claims = {
		.email = credentials->client_email,
		.key_id = credentials->private_key_id,
		.scope = scope,
		.audience = credentials->token_uri,
		.wall_ns = effects_wall_ns(errand->effects),
	};
	struct secret assertion = { 0 }, body = { 0 };
	enum muster_code code =
		google_jwt_sign(&assertion, &claims, &credentials->private_key, err);

	if (!code)
		code = token_request_assertion(&body, &assertion, err);
	if (!code)
		code = bearer_post(errand, credentials->token_uri, BEARER_FORM, &body, NULL, out,
				   err);
	secret_release(&body);
	secret_release(&assertion);
	return code;
}

/* A login has its scopes already. */
static enum muster_code take_user(struct errand *errand,
				  const struct google_credentials *credentials, struct key_set *out,
				  struct muster_error *err)
{
	struct secret body = { 0 };
	enum muster_code code =
		token_request_refresh(&body, credentials->client_id, &credentials->client_secret,
				      &credentials->refresh_token, err);

	if (!code)
		code = bearer_post(errand, credentials->token_uri, BEARER_FORM, &body, NULL, out,
				   err);
	secret_release(&body);
	return code;
}

/* --- external accounts ----------------------------------------------------------------------- */

static enum muster_code read_subject(struct errand *errand,
				     const struct google_credentials *credentials,
				     struct secret *out, struct muster_error *err)
{
	struct errand_ask ask = {
		.url = credentials->source_url,
		.is_metadata = view_starts_with(credentials->source_url, VIEW_LITERAL("http://")),
		.timeout_ms = ERRAND_TIMEOUT_MS,
		.tries = 3,
	};
	struct errand_reply reply;
	struct bytes path = { 0 };
	enum muster_code code;

	if (credentials->source_file.len) {
		code = errand_path(errand, &path, credentials->source_file, err);
		if (!code)
			code = errand_read_secret(out, bytes_view(&path), err);
		bytes_release(&path);
		return code;
	}
	code = errand_ask(errand, &ask, &reply, err);
	if (!code)
		code = secret_copy(out, &reply.body, err);
	errand_reply_release(&reply);
	return code;
}

/* The token is a member of a JSON object. */
static enum muster_code pick_member(struct secret *token, struct view member,
				    struct muster_error *err)
{
	struct revealed text = secret_reveal(token);
	struct bytes name = { 0 };
	struct fields fields = { 0 };
	enum muster_code code = bytes_printf(&name, err, "%.*s", VIEW_ARGS(member));

	if (!code) {
		const struct document_rule rules[] = {
			{ DOCUMENT_TOP, 1, (const char *)name.ptr },
			{ 0 },
		};

		code = fields_read(&fields, DOCUMENT_JSON, rules,
				   view_of(text.secret_ptr, text.secret_len), err);
	}
	if (!code && !fields_get(&fields, 1).len)
		code = muster_fail(err, MUSTER_E_FORMAT, "the subject token's source has no '%.*s'",
				   VIEW_ARGS(member));
	if (!code)
		code = fields_secret(&fields, 1, token, err);
	fields_release(&fields);
	bytes_release(&name);
	return code;
}

static enum muster_code take_external(struct errand *errand,
				      const struct google_credentials *credentials,
				      struct view scope, struct key_set *out,
				      struct muster_error *err)
{
	struct secret subject = { 0 }, body = { 0 };
	enum muster_code code = read_subject(errand, credentials, &subject, err);

	if (!code && credentials->source_field.len)
		code = pick_member(&subject, credentials->source_field, err);
	if (code)
		muster_context(err, "subject token");
	if (!code)
		code = token_request_exchange(&body, credentials->audience,
					      credentials->subject_token_type, &subject, scope,
					      err);
	if (!code)
		code = bearer_post(errand, credentials->token_uri, BEARER_FORM, &body, NULL, out,
				   err);
	secret_release(&body);
	secret_release(&subject);
	return code;
}

/* --- all kinds ------------------------------------------------------------------------------- */

static enum muster_code impersonate(struct errand *errand, struct view url,
				    const struct key_set *with, struct key_set *out,
				    struct muster_error *err)
{
	struct secret body = { 0 };
	enum muster_code code =
		token_request_impersonate_json(&body, VIEW_LITERAL(SCOPE_STORAGE), err);

	if (!code)
		code = bearer_post(errand, url, BEARER_JSON, &body, &with->token, out, err);
	if (code)
		muster_context(err, "impersonate");
	secret_release(&body);
	return code;
}

static enum muster_code take_plain(struct errand *errand,
				   const struct google_credentials *credentials, struct view scope,
				   struct key_set *out, struct muster_error *err)
{
	switch (credentials->type) {
	case GOOGLE_SERVICE_ACCOUNT:
		return take_service_account(errand, credentials, scope, out, err);
	case GOOGLE_AUTHORIZED_USER:
		return take_user(errand, credentials, out, err);
	default:
		return take_external(errand, credentials, scope, out, err);
	}
}

/* `source` are the credentials with which an account is impersonated, or the ones themselves. */
static enum muster_code take(struct errand *errand, const struct google_credentials *source,
			     struct view impersonation_url, struct key_set *out,
			     struct muster_error *err)
{
	struct key_set with = { 0 };
	enum muster_code code;

	if (!impersonation_url.len)
		return take_plain(errand, source, VIEW_LITERAL(SCOPE_STORAGE), out, err);
	code = take_plain(errand, source, VIEW_LITERAL(SCOPE_ALL), &with, err);
	if (!code)
		code = impersonate(errand, impersonation_url, &with, out, err);
	key_set_release(&with);
	return code;
}

enum muster_code google_token_fetch(struct errand *errand, struct view document,
				    struct key_set *out, struct muster_error *err)
{
	struct google_credentials credentials, source;
	enum muster_code code = google_credentials_parse(&credentials, document, err);

	if (code)
		return code;
	if (credentials.type == GOOGLE_IMPERSONATED) {
		code = google_credentials_parse_source(&source, document, err);
		if (!code) {
			code = take(errand, &source, credentials.impersonation_url, out, err);
			google_credentials_release(&source);
		}
	} else if (credentials.type == GOOGLE_EXTERNAL_ACCOUNT) {
		code = take(errand, &credentials, credentials.impersonation_url, out, err);
	} else {
		code = take(errand, &credentials, VIEW_LITERAL(""), out, err);
	}
	google_credentials_release(&credentials);
	return code;
}
