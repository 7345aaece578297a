#include "io/cloud/aws_credentials.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

enum field {
	FIELD_ROOT = 1,
	FIELD_RESULT,
	FIELD_GROUP,
	FIELD_KEY_ID,
	FIELD_SECRET_KEY,
	FIELD_TOKEN,
	FIELD_EXPIRES,
	FIELD_EXPIRES_MS,
	FIELD_EXPIRES_IN,
	FIELD_VERSION,
	FIELD_CODE,
	FIELD_START_URL,
	FIELD_REGION,
	FIELD_CLIENT_ID,
	FIELD_CLIENT_SECRET,
	FIELD_CLIENT_EXPIRES,
	FIELD_REFRESH,
};

static const struct document_rule json_rules[] = {
	{ DOCUMENT_TOP, FIELD_VERSION, "Version" },
	{ DOCUMENT_TOP, FIELD_CODE, "Code" },
	{ DOCUMENT_TOP, FIELD_KEY_ID, "AccessKeyId" },
	{ DOCUMENT_TOP, FIELD_SECRET_KEY, "SecretAccessKey" },
	{ DOCUMENT_TOP, FIELD_TOKEN, "SessionToken" },
	{ DOCUMENT_TOP, FIELD_TOKEN, "Token" },
	{ DOCUMENT_TOP, FIELD_EXPIRES, "Expiration" },
	{ 0 },
};

static const struct document_rule sso_rules[] = {
	{ DOCUMENT_TOP, FIELD_ROOT, "roleCredentials" },
	{ FIELD_ROOT, FIELD_KEY_ID, "accessKeyId" },
	{ FIELD_ROOT, FIELD_SECRET_KEY, "secretAccessKey" },
	{ FIELD_ROOT, FIELD_TOKEN, "sessionToken" },
	{ FIELD_ROOT, FIELD_EXPIRES_MS, "expiration" },
	{ 0 },
};

static const struct document_rule sts_rules[] = {
	{ DOCUMENT_TOP, FIELD_ROOT, "AssumeRoleResponse" },
	{ DOCUMENT_TOP, FIELD_ROOT, "AssumeRoleWithWebIdentityResponse" },
	{ FIELD_ROOT, FIELD_RESULT, "AssumeRoleResult" },
	{ FIELD_ROOT, FIELD_RESULT, "AssumeRoleWithWebIdentityResult" },
	{ FIELD_RESULT, FIELD_GROUP, "Credentials" },
	{ FIELD_GROUP, FIELD_KEY_ID, "AccessKeyId" },
	{ FIELD_GROUP, FIELD_SECRET_KEY, "SecretAccessKey" },
	{ FIELD_GROUP, FIELD_TOKEN, "SessionToken" },
	{ FIELD_GROUP, FIELD_EXPIRES, "Expiration" },
	{ 0 },
};

static const struct document_rule sso_token_rules[] = {
	{ DOCUMENT_TOP, FIELD_START_URL, "startUrl" },
	{ DOCUMENT_TOP, FIELD_REGION, "region" },
	{ DOCUMENT_TOP, FIELD_TOKEN, "accessToken" },
	{ DOCUMENT_TOP, FIELD_EXPIRES, "expiresAt" },
	{ DOCUMENT_TOP, FIELD_EXPIRES_IN, "expiresIn" },
	{ DOCUMENT_TOP, FIELD_CLIENT_ID, "clientId" },
	{ DOCUMENT_TOP, FIELD_CLIENT_SECRET, "clientSecret" },
	{ DOCUMENT_TOP, FIELD_CLIENT_EXPIRES, "registrationExpiresAt" },
	{ DOCUMENT_TOP, FIELD_REFRESH, "refreshToken" },
	{ 0 },
};

static const struct document_rule *rules_of(enum aws_source source)
{
	if (source == AWS_SOURCE_STS)
		return sts_rules;
	return source == AWS_SOURCE_SSO ? sso_rules : json_rules;
}

static enum muster_code check_source(const struct fields *fields, enum aws_source source,
				     struct muster_error *err)
{
	if (source == AWS_SOURCE_PROCESS && !fields_is(fields, FIELD_VERSION, "1"))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the credential process does not answer in version 1");
	if (source == AWS_SOURCE_IMDS && fields_has(fields, FIELD_CODE) &&
	    !fields_is(fields, FIELD_CODE, "Success"))
		return muster_fail(err, MUSTER_E_IO, "the machine's role has no credentials: %.*s",
				   VIEW_ARGS(fields_get(fields, FIELD_CODE)));
	return MUSTER_OK;
}

static enum muster_code take_expiry_ms(const struct fields *fields, uint64_t *expires_ns,
				       struct muster_error *err)
{
	uint64_t ms;
	enum muster_code code = fields_u64(fields, FIELD_EXPIRES_MS, "expiry", &ms, err);

	if (!code && __builtin_mul_overflow(ms, NS_PER_MS, expires_ns))
		code = muster_fail(err, MUSTER_E_FORMAT, "the document's expiry is no time");
	return code;
}

static enum muster_code take_credentials(struct aws_credentials *out, enum aws_source source,
					 struct muster_error *err)
{
	const struct fields *fields = &out->fields;
	enum muster_code code = check_source(fields, source, err);

	if (code)
		return code;
	out->key_id = fields_get(fields, FIELD_KEY_ID);
	if (!out->key_id.len || !fields_get(fields, FIELD_SECRET_KEY).len)
		return muster_fail(err, MUSTER_E_FORMAT, "the answer has no access key");
	if (source != AWS_SOURCE_PROCESS && !fields_get(fields, FIELD_TOKEN).len)
		return muster_fail(err, MUSTER_E_FORMAT, "the answer has no session token");
	code = fields_secret(fields, FIELD_SECRET_KEY, &out->secret_key, err);
	if (!code)
		code = fields_secret(fields, FIELD_TOKEN, &out->session_token, err);
	if (!code && source == AWS_SOURCE_SSO)
		return take_expiry_ms(fields, &out->expires_ns, err);
	return code ? code : fields_time(fields, FIELD_EXPIRES, "expiry", &out->expires_ns, err);
}

enum muster_code aws_credentials_parse(struct aws_credentials *out, enum aws_source source,
				       struct view document, struct muster_error *err)
{
	enum document_syntax syntax = source == AWS_SOURCE_STS ? DOCUMENT_XML : DOCUMENT_JSON;
	enum muster_code code;

	*out = (struct aws_credentials){ 0 };
	code = fields_read(&out->fields, syntax, rules_of(source), document, err);
	if (!code)
		code = take_credentials(out, source, err);
	if (code)
		aws_credentials_release(out);
	return code;
}

void aws_credentials_release(struct aws_credentials *credentials)
{
	secret_release(&credentials->secret_key);
	secret_release(&credentials->session_token);
	fields_release(&credentials->fields);
	*credentials = (struct aws_credentials){ 0 };
}

static enum muster_code take_sso_expiry(struct aws_sso_token *out, uint64_t wall_ns,
					struct muster_error *err)
{
	uint64_t lifetime_s;
	enum muster_code code =
		fields_u64(&out->fields, FIELD_EXPIRES_IN, "lifetime", &lifetime_s, err);

	if (code)
		return code;
	if (!fields_has(&out->fields, FIELD_EXPIRES_IN))
		return fields_time(&out->fields, FIELD_EXPIRES, "expiry", &out->expires_ns, err);
	if (__builtin_mul_overflow(lifetime_s, NS_PER_S, &out->expires_ns) ||
	    add_overflows(out->expires_ns, wall_ns, &out->expires_ns))
		return muster_fail(err, MUSTER_E_FORMAT, "the token's lifetime is no time");
	return MUSTER_OK;
}

static enum muster_code take_sso_token(struct aws_sso_token *out, uint64_t wall_ns,
				       struct muster_error *err)
{
	const struct fields *fields = &out->fields;
	enum muster_code code;

	out->start_url = fields_get(fields, FIELD_START_URL);
	out->region = fields_get(fields, FIELD_REGION);
	out->client_id = fields_get(fields, FIELD_CLIENT_ID);
	if (!fields_get(fields, FIELD_TOKEN).len)
		return muster_fail(err, MUSTER_E_FORMAT, "the answer has no access token");
	code = fields_secret(fields, FIELD_TOKEN, &out->access_token, err);
	if (!code)
		code = fields_secret(fields, FIELD_REFRESH, &out->refresh_token, err);
	if (!code)
		code = fields_secret(fields, FIELD_CLIENT_SECRET, &out->client_secret, err);
	if (!code)
		code = take_sso_expiry(out, wall_ns, err);
	return code ? code
		    : fields_time(fields, FIELD_CLIENT_EXPIRES, "expiry", &out->client_expires_ns,
				  err);
}

enum muster_code aws_sso_token_parse(struct aws_sso_token *out, struct view document,
				     uint64_t wall_ns, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct aws_sso_token){ 0 };
	code = fields_read(&out->fields, DOCUMENT_JSON, sso_token_rules, document, err);
	if (!code)
		code = take_sso_token(out, wall_ns, err);
	if (code)
		aws_sso_token_release(out);
	return code;
}

void aws_sso_token_release(struct aws_sso_token *token)
{
	secret_release(&token->access_token);
	secret_release(&token->refresh_token);
	secret_release(&token->client_secret);
	fields_release(&token->fields);
	*token = (struct aws_sso_token){ 0 };
}
