#include "io/cloud/azure_connection.h"

#include "io/cloud/header.h"

enum key {
	KEY_PROTOCOL,
	KEY_ACCOUNT,
	KEY_KEY,
	KEY_SAS,
	KEY_ENDPOINT,
	KEY_SUFFIX,
	KEY_EMULATOR,
	KEY_COUNT,
};

static const char *const key_names[KEY_COUNT] = {
	[KEY_PROTOCOL] = "DefaultEndpointsProtocol",
	[KEY_ACCOUNT] = "AccountName",
	[KEY_KEY] = "AccountKey",
	[KEY_SAS] = "SharedAccessSignature",
	[KEY_ENDPOINT] = "BlobEndpoint",
	[KEY_SUFFIX] = "EndpointSuffix",
	[KEY_EMULATOR] = "UseDevelopmentStorage",
};

static struct view cut(struct view *text, char separator)
{
	const uint8_t *at = text->len ? memchr(text->ptr, separator, text->len) : NULL;
	size_t len = at ? (size_t)(at - text->ptr) : text->len;
	struct view head = view_of(text->ptr, len);

	*text = view_of(text->ptr + len + !!at, text->len - len - !!at);
	return head;
}

static enum muster_code take_values(struct view text, struct view values[KEY_COUNT],
				    struct muster_error *err)
{
	while (text.len) {
		struct view value = header_trim(cut(&text, ';'));
		struct view name;

		if (!value.len)
			continue;
		if (!memchr(value.ptr, '=', value.len))
			return muster_fail(err, MUSTER_E_USAGE,
					   "a part of the connection string has no '='");
		name = header_trim(cut(&value, '='));
		for (unsigned i = 0; i < KEY_COUNT; i++) {
			if (header_compare(name, view_text(key_names[i])) != 0)
				continue;
			if (values[i].ptr)
				return muster_fail(err, MUSTER_E_USAGE,
						   "the connection string has %s twice",
						   key_names[i]);
			values[i] = header_trim(value);
		}
	}
	return MUSTER_OK;
}

/* What goes into a URL, and into what is signed. */
static bool is_plain(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || strchr("\"<>?#@\\", text.ptr[i]))
			return false;
	}
	return true;
}

static enum muster_code check(const struct view values[KEY_COUNT], struct muster_error *err)
{
	static const enum key plain[] = { KEY_PROTOCOL, KEY_ACCOUNT, KEY_ENDPOINT, KEY_SUFFIX };

	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (!is_plain(values[plain[i]]))
			return muster_fail(err, MUSTER_E_USAGE,
					   "the connection string's %s is none",
					   key_names[plain[i]]);
	}
	if (values[KEY_PROTOCOL].len && !view_equal(values[KEY_PROTOCOL], VIEW_LITERAL("https")) &&
	    !view_equal(values[KEY_PROTOCOL], VIEW_LITERAL("http")))
		return muster_fail(err, MUSTER_E_USAGE,
				   "the connection string's %s is neither http nor https",
				   key_names[KEY_PROTOCOL]);
	if (values[KEY_ENDPOINT].len &&
	    !view_starts_with(values[KEY_ENDPOINT], VIEW_LITERAL("https://")) &&
	    !view_starts_with(values[KEY_ENDPOINT], VIEW_LITERAL("http://")))
		return muster_fail(err, MUSTER_E_USAGE, "the connection string's %s is no URL",
				   key_names[KEY_ENDPOINT]);
	if (!values[KEY_ACCOUNT].len && !values[KEY_ENDPOINT].len)
		return muster_fail(
			err, MUSTER_E_USAGE,
			"the connection string has neither AccountName nor BlobEndpoint");
	if (values[KEY_KEY].len && !values[KEY_ACCOUNT].len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "the connection string has an AccountKey but no AccountName");
	return MUSTER_OK;
}

static enum muster_code make_endpoint(struct bytes *out, const struct view values[KEY_COUNT],
				      struct muster_error *err)
{
	struct view endpoint = values[KEY_ENDPOINT], protocol = values[KEY_PROTOCOL];
	struct view suffix = values[KEY_SUFFIX];

	while (endpoint.len && endpoint.ptr[endpoint.len - 1] == '/')
		endpoint.len--;
	if (endpoint.len)
		return bytes_append_view(out, endpoint, err);
	if (!protocol.len)
		protocol = VIEW_LITERAL("https");
	if (!suffix.len)
		suffix = VIEW_LITERAL("core.windows.net");
	return bytes_printf(out, err, "%.*s://%.*s.blob.%.*s", VIEW_ARGS(protocol),
			    VIEW_ARGS(values[KEY_ACCOUNT]), VIEW_ARGS(suffix));
}

static void set_emulator(struct view values[KEY_COUNT])
{
	values[KEY_ACCOUNT] = VIEW_LITERAL(AZURE_EMULATOR_ACCOUNT);
	values[KEY_KEY] = VIEW_LITERAL(AZURE_EMULATOR_KEY);
	values[KEY_ENDPOINT] = VIEW_LITERAL(AZURE_EMULATOR_ENDPOINT);
}

enum muster_code azure_connection_parse(struct azure_connection *out, const struct secret *text,
					struct muster_error *err)
{
	struct revealed revealed = secret_reveal(text);
	struct view values[KEY_COUNT] = { { 0 } };
	enum muster_code code;

	*out = (struct azure_connection){ 0 };
	code = take_values(view_of(revealed.secret_ptr, revealed.secret_len), values, err);
	if (!code && header_compare(values[KEY_EMULATOR], VIEW_LITERAL("true")) == 0)
		set_emulator(values);
	if (!code)
		code = check(values, err);
	if (!code)
		code = bytes_append_view(&out->account, values[KEY_ACCOUNT], err);
	if (!code)
		code = make_endpoint(&out->endpoint, values, err);
	if (!code && values[KEY_KEY].len)
		code = secret_set(&out->key, values[KEY_KEY], err);
	if (!code && values[KEY_SAS].len)
		code = secret_set(&out->sas, values[KEY_SAS], err);
	if (code)
		azure_connection_release(out);
	return code;
}

void azure_connection_release(struct azure_connection *connection)
{
	bytes_release(&connection->account);
	bytes_release(&connection->endpoint);
	secret_release(&connection->key);
	secret_release(&connection->sas);
}
