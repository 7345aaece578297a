#include "engine/remote/remote.h"

#include <stdlib.h>

#include "artifact/record/key.h"
#include "io/cloud/aws_keys.h"
#include "io/cloud/azure.h"
#include "io/cloud/azure_keys.h"
#include "io/cloud/gcs.h"
#include "io/cloud/google_keys.h"
#include "io/cloud/s3.h"
#include "io/cloud/store.h"
#include "io/store/kept.h"
#include "io/store/local.h"

struct remote {
	struct http *http;
	struct pacer *pacer;
	struct keys *keys;
	struct store *store; /* a kept one */
};

static const char *const kept_prefixes[] = { "collections/", KEY_GC_LOG "/", "index/", "names/",
					     NULL };

/* One thread moves more than a usual network does; two, where there are processors for it. */
static enum muster_code open_http(struct remote *remote, const struct remote_options *options,
				  const struct bytes *ca_file, struct muster_error *err)
{
	struct http_options http = { .connections = options->limits.connections_max };
	struct bytes path = { 0 };
	enum muster_code code = MUSTER_OK;

	if (ca_file && ca_file->len) {
		code = bytes_append_view(&path, bytes_view(ca_file), err);
		if (!code)
			code = bytes_append_byte(&path, '\0', err);
		http.ca_file = (const char *)path.ptr;
	}
	if (!code)
		code = http_open(&remote->http, &http, err);
	bytes_release(&path);
	return code;
}

static struct view text_or_empty(const char *text)
{
	return view_text(text ? text : "");
}

/* --- S3 -------------------------------------------------------------------------------------- */

static enum muster_code open_s3_with(struct remote *remote, const struct cloud_url *url,
				     const struct remote_options *options, struct aws_options *aws,
				     const struct aws_settings *settings,
				     struct cloud_protocol **out, struct muster_error *err)
{
	struct s3_options s3 = { .endpoint = { .url = bytes_view(&settings->endpoint_url),
					       .region = bytes_view(&settings->region),
					       .bucket = bytes_view(&url->bucket),
					       .style = settings->style,
					       .is_dualstack = settings->is_dualstack,
					       .is_fips = settings->is_fips } };
	enum muster_code code = open_http(remote, options, &settings->ca_bundle, err);

	aws->http = remote->http;
	if (!code)
		code = aws_keys_open(&remote->keys, aws, err);
	s3.keys = remote->keys;
	return code ? code : s3_protocol_open(out, &s3, err);
}

static enum muster_code open_s3(struct remote *remote, const struct cloud_url *url,
				const struct remote_options *options, struct cloud_protocol **out,
				struct muster_error *err)
{
	struct aws_options aws = { .profile = text_or_empty(options->profile),
				   .region = text_or_empty(options->region),
				   .endpoint_url = text_or_empty(options->endpoint_url),
				   .is_anonymous = options->is_anonymous };
	struct aws_settings settings = { 0 };
	enum muster_code code = aws_settings_load(&settings, &aws, err);

	if (!code)
		code = open_s3_with(remote, url, options, &aws, &settings, out, err);
	aws_settings_release(&settings);
	return code;
}

/* --- Google ---------------------------------------------------------------------------------- */

static enum muster_code open_gcs(struct remote *remote, const struct cloud_url *url,
				 const struct remote_options *options, struct cloud_protocol **out,
				 struct muster_error *err)
{
	struct google_options google = { .is_anonymous = options->is_anonymous };
	struct google_settings settings = { 0 };
	struct gcs_options gcs = { .bucket = bytes_view(&url->bucket) };
	enum muster_code code = google_settings_load(&settings, &google, err);

	if (!code)
		code = open_http(remote, options, NULL, err);
	google.http = remote->http;
	if (!code)
		code = google_keys_open(&remote->keys, &google, err);
	gcs.endpoint = options->endpoint_url ? view_text(options->endpoint_url)
					     : bytes_view(&settings.endpoint);
	gcs.is_emulator = gcs.forgets_parts = settings.is_emulator;
	gcs.user_project = bytes_view(&settings.quota_project);
	gcs.keys = remote->keys;
	if (!code)
		code = gcs_open(out, &gcs, err);
	google_settings_release(&settings);
	return code;
}

/* --- Azure ----------------------------------------------------------------------------------- */

/* Does the URL name but the account, as az:// does? */
static bool is_azures_own(const struct cloud_url *url)
{
	static const char scheme[] = "https://", domain[] = ".blob.core.windows.net";
	struct view account = bytes_view(&url->account), endpoint = bytes_view(&url->endpoint);

	return !endpoint.len ||
	       (endpoint.len == strlen(scheme) + account.len + strlen(domain) &&
		memcmp(endpoint.ptr + strlen(scheme) + account.len, domain, strlen(domain)) == 0);
}

static enum muster_code open_azure(struct remote *remote, const struct cloud_url *url,
				   const struct remote_options *options,
				   struct cloud_protocol **out, struct muster_error *err)
{
	struct azure_key_options keys = { .account = bytes_view(&url->account),
					  .is_anonymous = options->is_anonymous };
	struct azure_settings settings = { 0 };
	struct azure_protocol_options azure = { .container = bytes_view(&url->bucket) };
	enum muster_code code;

	if (options->endpoint_url)
		keys.endpoint = view_text(options->endpoint_url);
	else if (!is_azures_own(url)) /* which a connection string may overrule */
		keys.endpoint = bytes_view(&url->endpoint);
	code = azure_settings_load(&settings, &keys, err);
	if (!code)
		code = open_http(remote, options, NULL, err);
	keys.http = remote->http;
	if (!code)
		code = azure_keys_open(&remote->keys, &keys, err);
	azure.account = bytes_view(&settings.account);
	azure.endpoint = bytes_view(&settings.endpoint);
	azure.has_crc64 = !settings.is_emulator;
	azure.keys = remote->keys;
	if (!code)
		code = azure_open(out, &azure, err);
	azure_settings_release(&settings);
	return code;
}

/* --- all ------------------------------------------------------------------------------------- */

static enum muster_code open_protocol(struct remote *remote, const struct cloud_url *url,
				      const struct remote_options *options,
				      struct cloud_protocol **out, struct muster_error *err)
{
	switch (url->kind) {
	case CLOUD_S3:
		return open_s3(remote, url, options, out, err);
	case CLOUD_GCS:
		return open_gcs(remote, url, options, out, err);
	case CLOUD_AZURE:
		return open_azure(remote, url, options, out, err);
	}
	return muster_fail(err, MUSTER_E_UNSUPPORTED, "no such kind of cloud");
}

/* Keys of a repository begin behind a slash. */
static enum muster_code append_prefix(struct bytes *out, const struct cloud_url *url,
				      struct muster_error *err)
{
	struct view prefix = bytes_view(&url->prefix);
	enum muster_code code = bytes_append_view(out, prefix, err);

	if (code || !prefix.len || prefix.ptr[prefix.len - 1] == '/')
		return code;
	return bytes_append_byte(out, '/', err);
}

static enum muster_code open_store(struct remote *remote, const struct cloud_url *url,
				   const struct remote_options *options, struct muster_error *err)
{
	struct store_cloud_options store = { .buffer_max_bytes = options->buffer_max_bytes };
	struct bytes prefix = { 0 };
	struct store *cloud = NULL;
	enum muster_code code = append_prefix(&prefix, url, err);

	if (!code)
		code = host_pacer_new(&remote->pacer, &options->limits, effects_system(), err);
	if (!code)
		code = open_protocol(remote, url, options, &store.protocol, err);
	store.http = remote->http;
	store.pacer = remote->pacer;
	store.prefix = bytes_view(&prefix);
	if (!code)
		code = store_cloud_open(&cloud, &store, err);
	if (!code)
		code = store_kept_new(&remote->store, cloud, kept_prefixes, err);
	if (code)
		store_free(cloud);
	bytes_release(&prefix);
	return code;
}

enum muster_code remote_open(struct remote **out, const struct cloud_url *url,
			     const struct remote_options *options, struct muster_error *err)
{
	static const struct remote_options defaults = { 0 };
	struct remote *remote = calloc(1, sizeof(*remote));
	enum muster_code code;

	*out = NULL;
	if (!remote)
		return muster_fail_memory(err, "a store in a cloud");
	options = options ? options : &defaults;
	code = open_store(remote, url, options, err);
	if (code)
		remote_close(remote);
	else
		*out = remote;
	return code;
}

/* The store's requests end before what they need. */
void remote_close(struct remote *remote)
{
	if (!remote)
		return;
	store_free(remote->store);
	keys_close(remote->keys);
	http_close(remote->http);
	host_pacer_free(remote->pacer);
	free(remote);
}

struct store *remote_store(struct remote *remote)
{
	return remote->store;
}

void remote_keep_copies(struct remote *remote, const char *dir)
{
	struct store *near;

	if (!store_local_open(&near, dir, NULL, NULL))
		store_kept_attach(remote->store, near);
}

void remote_use_copies(struct remote *remote, bool use)
{
	store_kept_use_copies(remote->store, use);
}

void remote_report(struct remote *remote, struct remote_report *out)
{
	host_pacer_report(remote->pacer, &out->pacing);
	http_counts(remote->http, &out->http);
}
