#include "io/cloud/aws_config.h"

#include "io/cloud/header.h"

static const char *const key_names[AWS_KEY_COUNT] = {
	[AWS_KEY_ACCESS_KEY_ID] = "aws_access_key_id",
	[AWS_KEY_SECRET_ACCESS_KEY] = "aws_secret_access_key",
	[AWS_KEY_SESSION_TOKEN] = "aws_session_token",
	[AWS_KEY_REGION] = "region",
	[AWS_KEY_ROLE_ARN] = "role_arn",
	[AWS_KEY_ROLE_SESSION_NAME] = "role_session_name",
	[AWS_KEY_SOURCE_PROFILE] = "source_profile",
	[AWS_KEY_CREDENTIAL_SOURCE] = "credential_source",
	[AWS_KEY_EXTERNAL_ID] = "external_id",
	[AWS_KEY_MFA_SERIAL] = "mfa_serial",
	[AWS_KEY_DURATION_SECONDS] = "duration_seconds",
	[AWS_KEY_WEB_IDENTITY_TOKEN_FILE] = "web_identity_token_file",
	[AWS_KEY_CREDENTIAL_PROCESS] = "credential_process",
	[AWS_KEY_SSO_SESSION] = "sso_session",
	[AWS_KEY_SSO_ACCOUNT_ID] = "sso_account_id",
	[AWS_KEY_SSO_ROLE_NAME] = "sso_role_name",
	[AWS_KEY_SSO_REGION] = "sso_region",
	[AWS_KEY_SSO_START_URL] = "sso_start_url",
	[AWS_KEY_LOGIN_SESSION] = "login_session",
	[AWS_KEY_ENDPOINT_URL] = "endpoint_url",
	[AWS_KEY_S3_ENDPOINT_URL] = "s3.endpoint_url",
	[AWS_KEY_STS_ENDPOINT_URL] = "sts.endpoint_url",
	[AWS_KEY_S3_ADDRESSING_STYLE] = "s3.addressing_style",
	[AWS_KEY_SERVICES] = "services",
	[AWS_KEY_IGNORE_ENDPOINT_URLS] = "ignore_configured_endpoint_urls",
	[AWS_KEY_USE_DUALSTACK] = "use_dualstack_endpoint",
	[AWS_KEY_USE_FIPS] = "use_fips_endpoint",
	[AWS_KEY_CA_BUNDLE] = "ca_bundle",
	[AWS_KEY_MAX_ATTEMPTS] = "max_attempts",
	[AWS_KEY_RETRY_MODE] = "retry_mode",
};

/** Where a reader stands in a file. */
struct cursor {
	struct view rest;
	unsigned line_number;
	bool is_wanted;	    /* within the section that was asked for */
	bool has_found;	    /* it was there */
	bool has_key;	    /* since the section began */
	size_t indent;	    /* of that key: what is indented more belongs to it */
	struct view parent; /* the key whose value is empty: sub-keys may follow */
	uint64_t seen;	    /* bit per key of this file */
};

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct view trim(struct view text)
{
	while (text.len && is_blank(text.ptr[0]))
		text = view_of(text.ptr + 1, text.len - 1);
	while (text.len && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static bool take_line(struct cursor *cursor, struct view *line)
{
	struct view *rest = &cursor->rest;
	const uint8_t *end;
	size_t len;

	if (!rest->len)
		return false;
	end = memchr(rest->ptr, '\n', rest->len);
	len = end ? (size_t)(end - rest->ptr) : rest->len;
	*line = view_of(rest->ptr, len);
	*rest = view_of(rest->ptr + len + !!end, rest->len - len - !!end);
	cursor->line_number++;
	return true;
}

/* "profile name", "profile "na me"": the name, if the section is of that kind. */
static bool take_kind(struct view *header, const char *kind)
{
	struct view word = view_text(kind);

	if (!view_starts_with(*header, word) || header->len == word.len ||
	    !is_blank(header->ptr[word.len]))
		return false;
	*header = trim(view_of(header->ptr + word.len, header->len - word.len));
	if (header->len >= 2 && (header->ptr[0] == '"' || header->ptr[0] == '\'') &&
	    header->ptr[header->len - 1] == header->ptr[0])
		*header = view_of(header->ptr + 1, header->len - 2);
	return true;
}

static bool is_section(struct view header, enum aws_section section, struct view name)
{
	switch (section) {
	case AWS_SECTION_PROFILE:
		if (take_kind(&header, "profile"))
			return view_equal(header, name);
		return view_equal(header, VIEW_LITERAL("default")) && view_equal(header, name);
	case AWS_SECTION_SSO_SESSION:
		return take_kind(&header, "sso-session") && view_equal(header, name);
	case AWS_SECTION_SERVICES:
		return take_kind(&header, "services") && view_equal(header, name);
	default:
		return view_equal(header, name);
	}
}

static enum muster_code fail_line(const struct cursor *cursor, const char *what,
				  struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT, "line %u: %s", cursor->line_number, what);
}

/* "parent.key" or "key" is that key? */
static bool is_key(const char *name, struct view parent, struct view key)
{
	const char *dot = strchr(name, '.');

	if (!parent.len)
		return !dot && header_compare(view_text(name), key) == 0;
	return dot && header_compare(view_of(name, (size_t)(dot - name)), parent) == 0 &&
	       header_compare(view_text(dot + 1), key) == 0;
}

static enum aws_key find_key(struct view parent, struct view key)
{
	for (unsigned i = 1; i < AWS_KEY_COUNT; i++) {
		if (is_key(key_names[i], parent, key))
			return (enum aws_key)i;
	}
	return AWS_KEY_COUNT;
}

static enum muster_code set_secret(struct secret *secret, struct view value,
				   struct muster_error *err)
{
	return secret_is_set(secret) ? MUSTER_OK : secret_set(secret, value, err);
}

static enum muster_code set_key(struct aws_profile *profile, enum aws_key key, struct view value,
				struct muster_error *err)
{
	if (!value.len)
		return MUSTER_OK; /* as if it were not there */
	switch (key) {
	case AWS_KEY_SECRET_ACCESS_KEY:
		return set_secret(&profile->secret_key, value, err);
	case AWS_KEY_SESSION_TOKEN:
		return set_secret(&profile->session_token, value, err);
	default:
		return fields_set(&profile->fields, (uint8_t)key, value, err);
	}
}

static enum muster_code take_pair(struct aws_profile *profile, struct cursor *cursor,
				  struct view line, bool is_below, struct muster_error *err)
{
	size_t at = 0;
	struct view key, value, parent = { 0 };
	enum aws_key known;

	while (at < line.len && line.ptr[at] != '=' && line.ptr[at] != ':')
		at++;
	if (is_below && !cursor->parent.len)
		return MUSTER_OK; /* goes on with a value of several lines: none of ours has them */
	if (at == line.len)
		return fail_line(cursor, "no '=' behind a key", err);
	key = trim(view_of(line.ptr, at));
	value = trim(view_of(line.ptr + at + 1, line.len - at - 1));
	if (!key.len)
		return fail_line(cursor, "no key before '='", err);
	if (is_below)
		parent = cursor->parent;
	else
		cursor->parent = value.len ? (struct view){ 0 } : key;
	known = find_key(parent, key);
	if (known == AWS_KEY_COUNT)
		return MUSTER_OK;
	if (cursor->seen & UINT64_C(1) << known)
		return fail_line(cursor, "the key was set before", err);
	cursor->seen |= UINT64_C(1) << known;
	return set_key(profile, known, value, err);
}

static enum muster_code take_header(struct cursor *cursor, struct view line,
				    enum aws_section section, struct view name,
				    struct muster_error *err)
{
	const uint8_t *end = memchr(line.ptr, ']', line.len);

	if (!end)
		return fail_line(cursor, "a section's name does not end in ']'", err);
	cursor->has_key = false;
	cursor->parent = (struct view){ 0 };
	cursor->is_wanted = is_section(trim(view_of(line.ptr + 1, (size_t)(end - line.ptr) - 1)),
				       section, name);
	cursor->has_found |= cursor->is_wanted;
	return MUSTER_OK;
}

static size_t indent_of(struct view line)
{
	size_t indent = 0;

	while (indent < line.len && is_blank(line.ptr[indent]))
		indent++;
	return indent;
}

/* A whole section may be indented: it is the key before that counts, not the margin. */
static enum muster_code take_content(struct aws_profile *profile, struct cursor *cursor,
				     struct view line, enum aws_section section, struct view name,
				     struct muster_error *err)
{
	struct view content = trim(line);
	size_t indent = indent_of(line);
	bool is_below = cursor->has_key && indent > cursor->indent;

	if (!content.len || content.ptr[0] == '#' || content.ptr[0] == ';')
		return MUSTER_OK;
	if (content.ptr[0] == '[' && !is_below)
		return take_header(cursor, content, section, name, err);
	if (!is_below) {
		cursor->has_key = true;
		cursor->indent = indent;
	}
	return cursor->is_wanted ? take_pair(profile, cursor, content, is_below, err) : MUSTER_OK;
}

enum muster_code aws_profile_read(struct aws_profile *profile, struct view text,
				  enum aws_section section, struct view name,
				  struct muster_error *err)
{
	struct cursor cursor = { .rest = text };
	struct view line;

	if (view_starts_with(text, VIEW_LITERAL("\xef\xbb\xbf")))
		cursor.rest = view_of(text.ptr + 3, text.len - 3);
	while (take_line(&cursor, &line)) {
		enum muster_code code = take_content(profile, &cursor, line, section, name, err);

		if (code)
			return code;
	}
	return cursor.has_found ? MUSTER_OK : MUSTER_ABSENT;
}

struct view aws_profile_get(const struct aws_profile *profile, enum aws_key key)
{
	return fields_get(&profile->fields, (uint8_t)key);
}

void aws_profile_release(struct aws_profile *profile)
{
	secret_release(&profile->secret_key);
	secret_release(&profile->session_token);
	fields_release(&profile->fields);
}
