#include "io/cloud/azure_keys_internal.h"

enum muster_code azure_connection_load(struct azure_connection *out, const struct errand *errand,
				       struct muster_error *err)
{
	struct view text = errand_env(errand, "AZURE_STORAGE_CONNECTION_STRING");
	struct secret secret = { 0 };
	enum muster_code code;

	*out = (struct azure_connection){ 0 };
	if (!text.len)
		return MUSTER_ABSENT;
	code = secret_set(&secret, text, err);
	if (!code)
		code = azure_connection_parse(out, &secret, err);
	if (code)
		muster_context(err, "AZURE_STORAGE_CONNECTION_STRING");
	secret_release(&secret);
	return code;
}

static bool is_emulator(const struct bytes *account)
{
	return view_equal(bytes_view(account), VIEW_LITERAL(AZURE_EMULATOR_ACCOUNT));
}

static enum muster_code set_account(struct azure_settings *out, const struct azure_options *options,
				    const struct errand *errand,
				    const struct azure_connection *connection,
				    struct muster_error *err)
{
	struct view account = options->account;

	if (!account.len)
		account = bytes_view(&connection->account);
	if (!account.len)
		account = errand_env(errand, "AZURE_STORAGE_ACCOUNT");
	if (!account.len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "nothing names a storage account: neither a URL, nor "
				   "AZURE_STORAGE_CONNECTION_STRING, nor AZURE_STORAGE_ACCOUNT");
	return bytes_append_view(&out->account, account, err);
}

/* Endpoints of another account are not this one's. */
static bool is_of_account(const struct azure_settings *settings, struct view account)
{
	return !account.len || view_equal(account, bytes_view(&settings->account));
}

static enum muster_code set_endpoint(struct azure_settings *out,
				     const struct azure_options *options,
				     const struct errand *errand,
				     const struct azure_connection *connection,
				     struct muster_error *err)
{
	struct view service = errand_env(errand, "AZURE_STORAGE_SERVICE_ENDPOINT");
	struct view url = options->endpoint;

	if (!url.len && is_of_account(out, bytes_view(&connection->account)))
		url = bytes_view(&connection->endpoint);
	if (!url.len && is_of_account(out, errand_env(errand, "AZURE_STORAGE_ACCOUNT")))
		url = service;
	if (!url.len && is_emulator(&out->account))
		url = VIEW_LITERAL(AZURE_EMULATOR_ENDPOINT);
	while (url.len && url.ptr[url.len - 1] == '/')
		url.len--;
	out->is_emulator = is_emulator(&out->account);
	if (url.len)
		return bytes_append_view(&out->endpoint, url, err);
	return bytes_printf(&out->endpoint, err, "https://%.*s.blob.core.windows.net",
			    VIEW_ARGS(bytes_view(&out->account)));
}

static enum muster_code fill(struct azure_settings *out, const struct azure_options *options,
			     const struct errand *errand, struct muster_error *err)
{
	struct azure_connection connection;
	enum muster_code code = azure_connection_load(&connection, errand, err);

	if (muster_failed(code))
		return code;
	code = set_account(out, options, errand, &connection, err);
	if (!code)
		code = set_endpoint(out, options, errand, &connection, err);
	azure_connection_release(&connection);
	return code;
}

enum muster_code azure_settings_load(struct azure_settings *out,
				     const struct azure_options *options, struct muster_error *err)
{
	struct errand errand;
	enum muster_code code;

	*out = (struct azure_settings){ 0 };
	code = errand_init(&errand, options->http,
			   options->effects ? options->effects : effects_system(), err);
	if (code)
		return code;
	code = fill(out, options, &errand, err);
	if (code)
		azure_settings_release(out);
	errand_release(&errand);
	return code;
}

void azure_settings_release(struct azure_settings *settings)
{
	bytes_release(&settings->account);
	bytes_release(&settings->endpoint);
	*settings = (struct azure_settings){ 0 };
}
