/* Bearer tokens of Entra ID, in the order of azure-identity. */
#include "io/cloud/azure_keys_internal.h"

#include "io/cloud/percent.h"
#include "io/cloud/token_request.h"

#define RESOURCE "https://storage.azure.com/"
/* Only whether somebody is there; then a token may take as long as it takes. */
#define PROBE_TIMEOUT_MS 1000
#define MACHINE_TRIES	 4

static enum muster_code take_account(const struct azure_source *source, struct key_set *out,
				     struct muster_error *err)
{
	return bytes_append_view(&out->id, bytes_view(&source->account), err);
}

/* --- clients and workloads ------------------------------------------------------------------- */

static bool is_tenant(struct view tenant)
{
	for (size_t i = 0; i < tenant.len; i++) {
		uint8_t byte = tenant.ptr[i];

		if (!(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z') &&
		    !(byte >= '0' && byte <= '9') && byte != '-' && byte != '.')
			return false;
	}
	return tenant.len > 0;
}

/* "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token" */
static enum muster_code append_authority(const struct errand *errand, struct bytes *out,
					 struct muster_error *err)
{
	struct view host = errand_env(errand, "AZURE_AUTHORITY_HOST");
	struct view tenant = errand_env(errand, "AZURE_TENANT_ID");
	bool has_scheme;

	if (!is_tenant(tenant))
		return muster_fail(err, MUSTER_E_USAGE, "AZURE_TENANT_ID is no tenant");
	while (host.len && host.ptr[host.len - 1] == '/')
		host.len--;
	if (!host.len)
		host = VIEW_LITERAL("https://login.microsoftonline.com");
	has_scheme = view_starts_with(host, VIEW_LITERAL("https://")) ||
		     view_starts_with(host, VIEW_LITERAL("http://"));
	return bytes_printf(out, err, "%s%.*s/%.*s/oauth2/v2.0/token", has_scheme ? "" : "https://",
			    VIEW_ARGS(host), VIEW_ARGS(tenant));
}

static enum muster_code post(struct azure_source *source, const struct secret *body,
			     struct key_set *out, struct muster_error *err)
{
	struct bytes url = { 0 };
	enum muster_code code = append_authority(&source->errand, &url, err);

	if (!code)
		code = bearer_post(&source->errand, bytes_view(&url), BEARER_FORM, body, NULL, out,
				   err);
	if (!code)
		code = take_account(source, out, err);
	bytes_release(&url);
	return code;
}

/* The first of these that is not set; NULL: all are. */
static const char *missing(const struct errand *errand, const char *const *variables)
{
	for (; *variables; variables++) {
		if (!errand_env(errand, *variables).len)
			return *variables;
	}
	return NULL;
}

enum muster_code azure_fetch_client(struct azure_source *source, struct key_set *out,
				    struct muster_error *err)
{
	static const char *const variables[] = { "AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID",
						 "AZURE_TENANT_ID", NULL };
	const char *lack = missing(&source->errand, variables);
	struct secret secret = { 0 }, body = { 0 };
	enum muster_code code;

	if (lack)
		return search_absent(&source->search, err, "no %s", lack);
	search_named(&source->search, "AZURE_CLIENT_SECRET");
	code = secret_set(&secret, errand_env(&source->errand, "AZURE_CLIENT_SECRET"), err);
	if (!code)
		code = token_request_client_secret(&body,
						   errand_env(&source->errand, "AZURE_CLIENT_ID"),
						   &secret, VIEW_LITERAL(AZURE_STORAGE_SCOPE), err);
	if (!code)
		code = post(source, &body, out, err);
	if (code)
		muster_context(err, "AZURE_CLIENT_SECRET");
	secret_release(&body);
	secret_release(&secret);
	return code;
}

enum muster_code azure_fetch_workload(struct azure_source *source, struct key_set *out,
				      struct muster_error *err)
{
	static const char *const variables[] = { "AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID",
						 "AZURE_TENANT_ID", NULL };
	const char *lack = missing(&source->errand, variables);
	struct secret token = { 0 }, body = { 0 };
	enum muster_code code;

	if (lack)
		return search_absent(&source->search, err, "no %s", lack);
	search_named(&source->search, "AZURE_FEDERATED_TOKEN_FILE");
	/* each time: it is replaced before it expires */
	code = errand_read_secret(&token, errand_env(&source->errand, variables[0]), err);
	if (!code)
		code = token_request_federated(&body,
					       errand_env(&source->errand, "AZURE_CLIENT_ID"),
					       &token, VIEW_LITERAL(AZURE_STORAGE_SCOPE), err);
	if (!code)
		code = post(source, &body, out, err);
	if (code)
		muster_context(err, "AZURE_FEDERATED_TOKEN_FILE");
	secret_release(&body);
	secret_release(&token);
	return code;
}

/* --- identities of machines ------------------------------------------------------------------ */

static enum muster_code append_identity_url(const struct errand *errand, struct bytes *out,
					    struct view base, const char *path, const char *version,
					    struct muster_error *err)
{
	struct view client = errand_env(errand, "AZURE_CLIENT_ID");
	struct bytes query = { 0 };
	enum muster_code code = percent_append_pair(&query, "api-version", view_text(version), err);

	if (!code)
		code = percent_append_pair(&query, "resource", VIEW_LITERAL(RESOURCE), err);
	if (!code && client.len) /* one of several that the machine has */
		code = percent_append_pair(&query, "client_id", client, err);
	if (!code)
		code = bytes_printf(out, err, "%.*s%s?%.*s", VIEW_ARGS(base), path,
				    VIEW_ARGS(bytes_view(&query)));
	bytes_release(&query);
	return code;
}

enum muster_code azure_fetch_app_service(struct azure_source *source, struct key_set *out,
					 struct muster_error *err)
{
	static const char *const variables[] = { "IDENTITY_ENDPOINT", "IDENTITY_HEADER", NULL };
	const char *lack = missing(&source->errand, variables);
	struct secret header = { 0 };
	struct bytes url = { 0 };
	enum muster_code code;

	if (lack)
		return search_absent(&source->search, err, "no %s", lack);
	search_named(&source->search, "the App Service's identity");
	code = secret_set(&header, errand_env(&source->errand, "IDENTITY_HEADER"), err);
	if (!code)
		code = append_identity_url(&source->errand, &url,
					   errand_env(&source->errand, "IDENTITY_ENDPOINT"), "",
					   "2019-08-01", err);
	if (!code) {
		struct errand_ask ask = {
			.url = bytes_view(&url),
			.is_metadata = true,
			.tries = MACHINE_TRIES,
			.headers = { { .name = "X-IDENTITY-HEADER", .secret = &header } },
		};

		code = bearer_ask(&source->errand, &ask, out, err);
	}
	if (!code)
		code = take_account(source, out, err);
	if (code)
		muster_context(err, "the App Service's identity");
	bytes_release(&url);
	secret_release(&header);
	return code;
}

static enum muster_code ask_machine(struct azure_source *source, struct view url,
				    struct errand_reply *reply, struct muster_error *err)
{
	const struct errand_ask probe = { .url = url,
					  .is_metadata = true,
					  .timeout_ms = PROBE_TIMEOUT_MS };
	const struct errand_ask ask = {
		.url = url,
		.is_metadata = true,
		.tries = MACHINE_TRIES,
		.headers = { { .name = "Metadata", .value = VIEW_LITERAL("true") } },
	};
	enum muster_code code;

	/* It refuses whoever does not send the header, at once. */
	code = errand_ask(&source->errand, &probe, reply, err);
	if (code == MUSTER_E_IO && !reply->status)
		return MUSTER_ABSENT;
	errand_reply_release(reply);
	if (code == MUSTER_E_MEMORY || code == MUSTER_E_CANCELLED)
		return code;
	return errand_ask(&source->errand, &ask, reply, err);
}

enum muster_code azure_fetch_machine(struct azure_source *source, struct key_set *out,
				     struct muster_error *err)
{
	struct errand_reply reply = { 0 };
	struct muster_error failure = { 0 };
	struct bytes url = { 0 };
	enum muster_code code;

	code = append_identity_url(&source->errand, &url, bytes_view(&source->machine_url),
				   "/metadata/identity/oauth2/token", "2018-02-01", &failure);
	if (!code)
		code = ask_machine(source, bytes_view(&url), &reply, &failure);
	search_named(&source->search, "the machine's identity");
	if (!code)
		code = bearer_take(&source->errand, &reply.body, out, &failure);
	if (!code)
		code = take_account(source, out, &failure);
	if (code == MUSTER_ABSENT)
		code = search_absent(&source->search, err, "no IMDS");
	else if (code && (reply.status == 400 || reply.status == 404))
		code = search_absent(&source->search, err, "it has no identity");
	else if (code && err) {
		*err = failure;
		muster_context(err, "the machine's identity");
	}
	errand_reply_release(&reply);
	bytes_release(&url);
	return code;
}

/* --- a person's login ------------------------------------------------------------------------ */

enum muster_code azure_fetch_az(struct azure_source *source, struct key_set *out,
				struct muster_error *err)
{
	char words[][32] = { "az",	   "account", "get-access-token", "--output", "json",
			     "--resource", RESOURCE };
	char *argv[sizeof(words) / sizeof(words[0]) + 1] = { NULL };
	struct muster_error failure = { 0 };
	struct secret text = { 0 };
	enum muster_code code;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		argv[i] = words[i];
	search_named(&source->search, "az account get-access-token");
	code = errand_run(&source->errand, argv, source->process_timeout_ms, &text, &failure);
	if (code == MUSTER_ABSENT)
		return search_absent(&source->search, err, "no such program");
	if (code == MUSTER_E_IO)
		return search_absent(&source->search, err, "%s: run az login", failure.message);
	if (!code)
		code = bearer_take(&source->errand, &text, out, &failure);
	if (!code)
		code = take_account(source, out, &failure);
	if (code && err) {
		*err = failure;
		muster_context(err, "az account get-access-token");
	}
	secret_release(&text);
	return code;
}
