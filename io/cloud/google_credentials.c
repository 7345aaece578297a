#include "io/cloud/google_credentials.h"

enum field {
	FIELD_SOURCE = 1, /* source_credentials */
	FIELD_TYPE,
	FIELD_TOKEN_URI,
	FIELD_TOKEN_URL,
	FIELD_QUOTA,
	FIELD_IMPERSONATION,
	FIELD_EMAIL,
	FIELD_KEY_ID,
	FIELD_KEY,
	FIELD_CLIENT_ID,
	FIELD_CLIENT_SECRET,
	FIELD_REFRESH,
	FIELD_AUDIENCE,
	FIELD_SUBJECT_TYPE,
	FIELD_SUBJECT, /* credential_source */
	FIELD_SUBJECT_FILE,
	FIELD_SUBJECT_URL,
	FIELD_SUBJECT_HEADERS,
	FIELD_SUBJECT_OTHER, /* an executable, AWS, a certificate */
	FIELD_FORMAT,
	FIELD_FORMAT_TYPE,
	FIELD_FORMAT_FIELD,
};

#define RULES(within)                                                                              \
	{ DOCUMENT_TOP, FIELD_SOURCE, "source_credentials" }, { within, FIELD_TYPE, "type" },      \
		{ within, FIELD_TOKEN_URI, "token_uri" },                                          \
		{ within, FIELD_TOKEN_URL, "token_url" },                                          \
		{ within, FIELD_QUOTA, "quota_project_id" },                                       \
		{ within, FIELD_IMPERSONATION, "service_account_impersonation_url" },              \
		{ within, FIELD_EMAIL, "client_email" },                                           \
		{ within, FIELD_KEY_ID, "private_key_id" }, { within, FIELD_KEY, "private_key" },  \
		{ within, FIELD_CLIENT_ID, "client_id" },                                          \
		{ within, FIELD_CLIENT_SECRET, "client_secret" },                                  \
		{ within, FIELD_REFRESH, "refresh_token" },                                        \
		{ within, FIELD_AUDIENCE, "audience" },                                            \
		{ within, FIELD_SUBJECT_TYPE, "subject_token_type" },                              \
		{ within, FIELD_SUBJECT, "credential_source" },                                    \
		{ FIELD_SUBJECT, FIELD_SUBJECT_FILE, "file" },                                     \
		{ FIELD_SUBJECT, FIELD_SUBJECT_URL, "url" },                                       \
		{ FIELD_SUBJECT, FIELD_SUBJECT_HEADERS, "headers" },                               \
		{ FIELD_SUBJECT, FIELD_SUBJECT_OTHER, "executable" },                              \
		{ FIELD_SUBJECT, FIELD_SUBJECT_OTHER, "environment_id" },                          \
		{ FIELD_SUBJECT, FIELD_SUBJECT_OTHER, "certificate" },                             \
		{ FIELD_SUBJECT, FIELD_FORMAT, "format" },                                         \
		{ FIELD_FORMAT, FIELD_FORMAT_TYPE, "type" },                                       \
		{ FIELD_FORMAT, FIELD_FORMAT_FIELD, "subject_token_field_name" },                  \
	{                                                                                          \
		0                                                                                  \
	}

static const struct document_rule top_rules[] = { RULES(DOCUMENT_TOP) };
static const struct document_rule source_rules[] = { RULES(FIELD_SOURCE) };

static enum muster_code take_type(struct google_credentials *out, struct muster_error *err)
{
	static const char *const names[] = {
		[GOOGLE_SERVICE_ACCOUNT] = "service_account",
		[GOOGLE_AUTHORIZED_USER] = "authorized_user",
		[GOOGLE_EXTERNAL_ACCOUNT] = "external_account",
		[GOOGLE_IMPERSONATED] = "impersonated_service_account",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fields_is(&out->fields, FIELD_TYPE, names[i])) {
			out->type = (enum google_type)i;
			return MUSTER_OK;
		}
	}
	if (!fields_get(&out->fields, FIELD_TYPE).len)
		return muster_fail(err, MUSTER_E_FORMAT, "the credentials have no type");
	return muster_fail(err, MUSTER_E_UNSUPPORTED, "credentials of type '%.*s' are not known",
			   VIEW_ARGS(fields_get(&out->fields, FIELD_TYPE)));
}

static void take_views(struct google_credentials *out)
{
	const struct fields *fields = &out->fields;
	bool is_external = out->type == GOOGLE_EXTERNAL_ACCOUNT;

	out->token_uri = fields_get(fields, is_external ? FIELD_TOKEN_URL : FIELD_TOKEN_URI);
	if (!out->token_uri.len)
		out->token_uri = is_external ? VIEW_LITERAL(GOOGLE_STS_TOKEN_URL)
					     : VIEW_LITERAL(GOOGLE_TOKEN_URI);
	out->quota_project = fields_get(fields, FIELD_QUOTA);
	out->impersonation_url = fields_get(fields, FIELD_IMPERSONATION);
	out->client_email = fields_get(fields, FIELD_EMAIL);
	out->private_key_id = fields_get(fields, FIELD_KEY_ID);
	out->client_id = fields_get(fields, FIELD_CLIENT_ID);
	out->audience = fields_get(fields, FIELD_AUDIENCE);
	out->subject_token_type = fields_get(fields, FIELD_SUBJECT_TYPE);
	out->source_file = fields_get(fields, FIELD_SUBJECT_FILE);
	out->source_url = fields_get(fields, FIELD_SUBJECT_URL);
	if (fields_is(fields, FIELD_FORMAT_TYPE, "json"))
		out->source_field = fields_get(fields, FIELD_FORMAT_FIELD);
}

static enum muster_code require(const struct fields *fields, const uint8_t *ids,
				const char *const *names, struct muster_error *err)
{
	for (; *ids; ids++, names++) {
		if (!fields_get(fields, *ids).len)
			return muster_fail(err, MUSTER_E_FORMAT, "the credentials have no %s",
					   *names);
	}
	return MUSTER_OK;
}

static enum muster_code check_subject(const struct google_credentials *out,
				      struct muster_error *err)
{
	if (fields_has(&out->fields, FIELD_SUBJECT_OTHER) ||
	    fields_has(&out->fields, FIELD_SUBJECT_HEADERS))
		return muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"only plain files and URLs are known as sources of a subject token");
	if (!out->source_file.len == !out->source_url.len)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the credentials have no one source of a subject token");
	if (fields_is(&out->fields, FIELD_FORMAT_TYPE, "json") && !out->source_field.len)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the credentials have no subject_token_field_name");
	return MUSTER_OK;
}

static enum muster_code check(const struct google_credentials *out, struct muster_error *err)
{
	static const uint8_t account[] = { FIELD_EMAIL, FIELD_KEY, 0 };
	static const char *const account_names[] = { "client_email", "private_key" };
	static const uint8_t user[] = { FIELD_CLIENT_ID, FIELD_CLIENT_SECRET, FIELD_REFRESH, 0 };
	static const char *const user_names[] = { "client_id", "client_secret", "refresh_token" };
	static const uint8_t external[] = { FIELD_AUDIENCE, FIELD_SUBJECT_TYPE, 0 };
	static const char *const external_names[] = { "audience", "subject_token_type" };
	static const uint8_t other[] = { FIELD_IMPERSONATION, 0 };
	static const char *const other_names[] = { "service_account_impersonation_url" };
	enum muster_code code;

	switch (out->type) {
	case GOOGLE_SERVICE_ACCOUNT:
		return require(&out->fields, account, account_names, err);
	case GOOGLE_AUTHORIZED_USER:
		return require(&out->fields, user, user_names, err);
	case GOOGLE_EXTERNAL_ACCOUNT:
		code = require(&out->fields, external, external_names, err);
		return code ? code : check_subject(out, err);
	default:
		code = require(&out->fields, other, other_names, err);
		if (!code && !fields_has(&out->fields, FIELD_SOURCE))
			code = muster_fail(err, MUSTER_E_FORMAT,
					   "the credentials have no source_credentials");
		return code;
	}
}

static enum muster_code take_all(struct google_credentials *out, struct muster_error *err)
{
	enum muster_code code = take_type(out, err);

	if (code)
		return code;
	take_views(out);
	code = check(out, err);
	if (!code)
		code = fields_secret(&out->fields, FIELD_KEY, &out->private_key, err);
	if (!code)
		code = fields_secret(&out->fields, FIELD_CLIENT_SECRET, &out->client_secret, err);
	return code ? code : fields_secret(&out->fields, FIELD_REFRESH, &out->refresh_token, err);
}

static enum muster_code parse(struct google_credentials *out, const struct document_rule *rules,
			      struct view document, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct google_credentials){ 0 };
	code = fields_read(&out->fields, DOCUMENT_JSON, rules, document, err);
	if (!code)
		code = take_all(out, err);
	if (code)
		google_credentials_release(out);
	return code;
}

enum muster_code google_credentials_parse(struct google_credentials *out, struct view document,
					  struct muster_error *err)
{
	return parse(out, top_rules, document, err);
}

enum muster_code google_credentials_parse_source(struct google_credentials *out,
						 struct view document, struct muster_error *err)
{
	enum muster_code code = parse(out, source_rules, document, err);

	if (!code && out->type == GOOGLE_IMPERSONATED) {
		google_credentials_release(out);
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "an impersonated account impersonates another one");
	}
	return code;
}

void google_credentials_release(struct google_credentials *credentials)
{
	secret_release(&credentials->private_key);
	secret_release(&credentials->client_secret);
	secret_release(&credentials->refresh_token);
	fields_release(&credentials->fields);
	*credentials = (struct google_credentials){ 0 };
}
