#include "io/cloud/oauth.h"

#include "io/cloud/header.h"

#define NS_PER_S UINT64_C(1000000000)

enum field {
	FIELD_ACCESS = 1,
	FIELD_REFRESH,
	FIELD_TYPE,
	FIELD_EXPIRES_IN,
	FIELD_EXPIRES_ON,
	FIELD_EXPIRE_TIME,
};

static const struct document_rule rules[] = {
	{ DOCUMENT_TOP, FIELD_ACCESS, "access_token" },
	{ DOCUMENT_TOP, FIELD_ACCESS, "accessToken" },
	{ DOCUMENT_TOP, FIELD_REFRESH, "refresh_token" },
	{ DOCUMENT_TOP, FIELD_TYPE, "token_type" },
	{ DOCUMENT_TOP, FIELD_TYPE, "tokenType" },
	{ DOCUMENT_TOP, FIELD_EXPIRES_IN, "expires_in" },
	{ DOCUMENT_TOP, FIELD_EXPIRES_ON, "expires_on" },
	{ DOCUMENT_TOP, FIELD_EXPIRE_TIME, "expireTime" },
	{ 0 },
};

/* What counts from 1970 before what counts from now: a metadata server may answer from a cache. */
static enum muster_code take_expiry(struct oauth_token *out, const struct fields *fields,
				    uint64_t wall_ns, struct muster_error *err)
{
	uint64_t seconds, base_ns = 0;
	uint8_t id = FIELD_EXPIRES_ON;
	enum muster_code code;

	if (fields_has(fields, FIELD_EXPIRE_TIME))
		return fields_time(fields, FIELD_EXPIRE_TIME, "expiry", &out->expires_ns, err);
	if (!fields_get(fields, id).len) {
		id = FIELD_EXPIRES_IN;
		base_ns = wall_ns;
	}
	if (!fields_get(fields, id).len)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the answer does not say when its token expires");
	code = fields_u64(fields, id, "expiry", &seconds, err);
	if (!code && (__builtin_mul_overflow(seconds, NS_PER_S, &out->expires_ns) ||
		      add_overflows(out->expires_ns, base_ns, &out->expires_ns)))
		code = muster_fail(err, MUSTER_E_FORMAT, "the token's expiry is no time");
	return code;
}

/* It goes into a header as it is. */
static bool is_token(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
			return false;
	}
	return text.len > 0;
}

static enum muster_code take_token(struct oauth_token *out, const struct fields *fields,
				   uint64_t wall_ns, struct muster_error *err)
{
	enum muster_code code;

	if (!is_token(fields_get(fields, FIELD_ACCESS)))
		return muster_fail(err, MUSTER_E_FORMAT, "the answer has no access token");
	if (fields_has(fields, FIELD_TYPE) &&
	    header_compare(fields_get(fields, FIELD_TYPE), VIEW_LITERAL("bearer")) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "the token is none for a bearer");
	code = fields_secret(fields, FIELD_ACCESS, &out->access_token, err);
	if (!code)
		code = fields_secret(fields, FIELD_REFRESH, &out->refresh_token, err);
	return code ? code : take_expiry(out, fields, wall_ns, err);
}

enum muster_code oauth_token_parse(struct oauth_token *out, struct view document, uint64_t wall_ns,
				   struct muster_error *err)
{
	struct fields fields = { 0 };
	enum muster_code code;

	*out = (struct oauth_token){ 0 };
	code = fields_read(&fields, DOCUMENT_JSON, rules, document, err);
	if (!code)
		code = take_token(out, &fields, wall_ns, err);
	if (code)
		oauth_token_release(out);
	fields_release(&fields);
	return code;
}

void oauth_token_release(struct oauth_token *token)
{
	secret_release(&token->access_token);
	secret_release(&token->refresh_token);
	token->expires_ns = 0;
}
