#include "io/cloud/token_request.h"

#include <stdio.h>

#include "base/json/json.h"
#include "io/cloud/percent.h"

#define URN "urn:ietf:params:oauth:"

/** A field of a form: a text, or a secret. */
struct field {
	const char *name;
	struct view text;
	const struct secret *secret;
};

static struct view value_of(const struct field *field)
{
	struct revealed revealed;

	if (!field->secret)
		return field->text;
	revealed = secret_reveal(field->secret);
	return view_of(revealed.secret_ptr, revealed.secret_len);
}

/* The last field has no name. */
static enum muster_code write_form(struct secret *out, const struct field *fields,
				   struct muster_error *err)
{
	struct bytes form = { 0 };
	size_t room = 0;
	enum muster_code code;

	for (const struct field *field = fields; field->name; field++)
		room += strlen(field->name) + 3 * value_of(field).len + 2;
	code = bytes_reserve(&form, room, err); /* at once: it must not move */
	for (const struct field *field = fields; field->name && !code; field++) {
		if (value_of(field).len)
			code = percent_append_pair(&form, field->name, value_of(field), err);
	}
	if (!code)
		code = secret_take(out, &form, err);
	secret_scrub(&form);
	return code;
}

enum muster_code token_request_assume_role(struct secret *out, const struct sts_assume_role *role,
					   struct muster_error *err)
{
	char duration[16] = ""; /* of 0: empty, so left out */

	if (role->duration_s)
		snprintf(duration, sizeof(duration), "%u", role->duration_s);
	const struct field fields[] = {
		{ "Action", VIEW_LITERAL("AssumeRole"), NULL },
		{ "Version", VIEW_LITERAL("2011-06-15"), NULL },
		{ "RoleArn", role->role_arn, NULL },
		{ "RoleSessionName", role->session_name, NULL },
		{ "ExternalId", role->external_id, NULL },
		{ "SerialNumber", role->serial_number, NULL },
		{ "TokenCode", role->token_code, NULL },
		{ "DurationSeconds", view_text(duration), NULL },
		{ 0 },
	};

	return write_form(out, fields, err);
}

enum muster_code token_request_web_identity(struct secret *out, struct view role_arn,
					    struct view session_name, const struct secret *token,
					    struct muster_error *err)
{
	const struct field fields[] = {
		{ "Action", VIEW_LITERAL("AssumeRoleWithWebIdentity"), NULL },
		{ "Version", VIEW_LITERAL("2011-06-15"), NULL },
		{ "RoleArn", role_arn, NULL },
		{ "RoleSessionName", session_name, NULL },
		{ "WebIdentityToken", { 0 }, token },
		{ 0 },
	};

	return write_form(out, fields, err);
}

enum muster_code token_request_assertion(struct secret *out, const struct secret *assertion,
					 struct muster_error *err)
{
	const struct field fields[] = {
		{ "grant_type", VIEW_LITERAL(URN "grant-type:jwt-bearer"), NULL },
		{ "assertion", { 0 }, assertion },
		{ 0 },
	};

	return write_form(out, fields, err);
}

enum muster_code token_request_refresh(struct secret *out, struct view client_id,
				       const struct secret *client_secret,
				       const struct secret *refresh_token, struct muster_error *err)
{
	const struct field fields[] = {
		{ "grant_type", VIEW_LITERAL("refresh_token"), NULL },
		{ "client_id", client_id, NULL },
		{ "client_secret", { 0 }, client_secret },
		{ "refresh_token", { 0 }, refresh_token },
		{ 0 },
	};

	return write_form(out, fields, err);
}

enum muster_code token_request_exchange(struct secret *out, struct view audience,
					struct view subject_token_type,
					const struct secret *subject_token, struct view scope,
					struct muster_error *err)
{
	const struct field fields[] = {
		{ "grant_type", VIEW_LITERAL(URN "grant-type:token-exchange"), NULL },
		{ "audience", audience, NULL },
		{ "scope", scope, NULL },
		{ "requested_token_type", VIEW_LITERAL(URN "token-type:access_token"), NULL },
		{ "subject_token_type", subject_token_type, NULL },
		{ "subject_token", { 0 }, subject_token },
		{ 0 },
	};

	return write_form(out, fields, err);
}

enum muster_code token_request_client_secret(struct secret *out, struct view client_id,
					     const struct secret *client_secret, struct view scope,
					     struct muster_error *err)
{
	const struct field fields[] = {
		{ "grant_type", VIEW_LITERAL("client_credentials"), NULL },
		{ "client_id", client_id, NULL },
		{ "client_secret", { 0 }, client_secret },
		{ "scope", scope, NULL },
		{ 0 },
	};

	return write_form(out, fields, err);
}

enum muster_code token_request_federated(struct secret *out, struct view client_id,
					 const struct secret *token, struct view scope,
					 struct muster_error *err)
{
	const struct field fields[] = {
		{ "grant_type", VIEW_LITERAL("client_credentials"), NULL },
		{ "client_id", client_id, NULL },
		{ "client_assertion_type", VIEW_LITERAL(URN "client-assertion-type:jwt-bearer"),
		  NULL },
		{ "client_assertion", { 0 }, token },
		{ "scope", scope, NULL },
		{ 0 },
	};

	return write_form(out, fields, err);
}

static enum muster_code write_json(struct secret *out, const struct field *fields,
				   struct muster_error *err)
{
	struct bytes json = { 0 };
	struct json_writer w = { .out = &json, .err = err };
	size_t room = 64;
	enum muster_code code;

	for (const struct field *field = fields; field->name; field++)
		room += strlen(field->name) + 6 * value_of(field).len + 8;
	code = bytes_reserve(&json, room, err);
	if (code)
		return code;
	json_write_object_begin(&w);
	for (const struct field *field = fields; field->name; field++) {
		json_write_key(&w, field->name);
		json_write_string(&w, value_of(field));
	}
	json_write_object_end(&w);
	code = w.code ? w.code : secret_take(out, &json, err);
	secret_scrub(&json);
	return code;
}

enum muster_code token_request_sso_refresh_json(struct secret *out, struct view client_id,
						const struct secret *client_secret,
						const struct secret *refresh_token,
						struct muster_error *err)
{
	const struct field fields[] = {
		{ "clientId", client_id, NULL },
		{ "clientSecret", { 0 }, client_secret },
		{ "grantType", VIEW_LITERAL("refresh_token"), NULL },
		{ "refreshToken", { 0 }, refresh_token },
		{ 0 },
	};

	return write_json(out, fields, err);
}

enum muster_code token_request_impersonate_json(struct secret *out, struct view scope,
						struct muster_error *err)
{
	struct bytes json = { 0 };
	struct json_writer w = { .out = &json, .err = err };
	enum muster_code code;

	json_write_object_begin(&w);
	json_write_key(&w, "scope");
	json_write_array_begin(&w);
	json_write_string(&w, scope);
	json_write_array_end(&w);
	json_write_key(&w, "lifetime");
	json_write_text(&w, "3600s");
	json_write_object_end(&w);
	code = w.code ? w.code : secret_take(out, &json, err);
	secret_scrub(&json);
	return code;
}
