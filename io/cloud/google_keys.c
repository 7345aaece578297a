#include "io/cloud/google_keys_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "io/cloud/endpoint.h"
#include "io/cloud/search.h"

#define METADATA_TIMEOUT_MS 3000 /* as Google's libraries */
#define METADATA_PATH	    "/computeMetadata/v1/instance/service-accounts/default/token"
#define METADATA_NAME	    "metadata.google.internal"
#define METADATA_ADDRESS    "169.254.169.254"

struct google_source {
	struct errand errand;
	struct bytes file; /* of the options */
	bool is_anonymous;
	struct search search;
};

/* --- where files are ------------------------------------------------------------------------- */

/* The file that is named; empty: none is. */
static struct view named_file(const struct errand *errand, struct view option)
{
	return option.len ? option : errand_env(errand, "GOOGLE_APPLICATION_CREDENTIALS");
}

/* The one that `gcloud auth application-default login` writes. MUSTER_ABSENT: there is no home. */
static enum muster_code gcloud_file(const struct errand *errand, struct bytes *out,
				    struct muster_error *err)
{
	struct view dir = errand_env(errand, "CLOUDSDK_CONFIG");
	enum muster_code code;

	if (!dir.len && !errand_env(errand, "HOME").len)
		return MUSTER_ABSENT;
	code = errand_path(errand, out, dir.len ? dir : VIEW_LITERAL("~/.config/gcloud"), err);
	return code ? code : bytes_append_text(out, "/application_default_credentials.json", err);
}

static enum muster_code fetch_file(struct google_source *source, struct view path,
				   struct key_set *out, struct muster_error *err)
{
	struct bytes text;
	enum muster_code code = errand_read(&text, path, err);

	if (code)
		return code;
	search_named(&source->search, "%.*s", VIEW_ARGS(path));
	code = google_token_fetch(&source->errand, bytes_view(&text), out, err);
	if (code)
		muster_context(err, "'%.*s'", VIEW_ARGS(path));
	secret_scrub(&text);
	return code;
}

/* --- the sources ----------------------------------------------------------------------------- */

static enum muster_code fetch_named(struct google_source *source, struct key_set *out,
				    struct muster_error *err)
{
	struct view file = named_file(&source->errand, bytes_view(&source->file));
	struct bytes path = { 0 };
	enum muster_code code;

	if (!file.len)
		return search_absent(&source->search, err, "is not set");
	code = errand_path(&source->errand, &path, file, err);
	if (!code)
		code = fetch_file(source, bytes_view(&path), out, err);
	if (code == MUSTER_ABSENT) {
		errno = ENOENT; /* whoever names one wants that one */
		code = muster_fail_errno(err, "open '%.*s'", VIEW_ARGS(bytes_view(&path)));
	}
	bytes_release(&path);
	return code;
}

static enum muster_code fetch_gcloud(struct google_source *source, struct key_set *out,
				     struct muster_error *err)
{
	struct bytes path = { 0 };
	enum muster_code code = gcloud_file(&source->errand, &path, err);

	if (code == MUSTER_ABSENT)
		return search_absent(&source->search, err, "HOME is not set");
	if (!code)
		code = fetch_file(source, bytes_view(&path), out, err);
	if (code == MUSTER_ABSENT)
		code = search_absent(&source->search, err,
				     "no '%.*s': run gcloud auth application-default login",
				     VIEW_ARGS(bytes_view(&path)));
	bytes_release(&path);
	return code;
}

/* `has_answered`: somebody is there, whatever was said. */
static enum muster_code ask_machine(struct errand *errand, struct view host, struct key_set *out,
				    bool *has_answered, struct muster_error *err)
{
	struct errand_reply reply = { 0 };
	struct bytes url = { 0 };
	enum muster_code code =
		bytes_printf(&url, err, "http://%.*s" METADATA_PATH, VIEW_ARGS(host));

	if (!code) {
		struct errand_ask ask = {
			.url = bytes_view(&url),
			.is_metadata = true,
			.timeout_ms = METADATA_TIMEOUT_MS,
			.headers = { { .name = "Metadata-Flavor",
				       .value = VIEW_LITERAL("Google") } },
			.proof_name = "Metadata-Flavor",
			.proof_value = "Google",
		};

		code = errand_ask(errand, &ask, &reply, err);
	}
	if (!code)
		code = bearer_take(errand, &reply.body, out, err);
	*has_answered = reply.status != 0;
	errand_reply_release(&reply);
	bytes_release(&url);
	return code;
}

static enum muster_code fetch_machine(struct google_source *source, struct key_set *out,
				      struct muster_error *err)
{
	struct view host = errand_env(&source->errand, "GCE_METADATA_HOST");
	struct muster_error failure = { 0 };
	bool has_answered;
	enum muster_code code;

	if (!host.len && errand_env_is_true(&source->errand, "NO_GCE_CHECK"))
		return search_absent(&source->search, err, "NO_GCE_CHECK");
	code = ask_machine(&source->errand, host.len ? host : VIEW_LITERAL(METADATA_NAME), out,
			   &has_answered, &failure);
	if (code == MUSTER_E_IO && !has_answered && !host.len)
		code = ask_machine(&source->errand, VIEW_LITERAL(METADATA_ADDRESS), out,
				   &has_answered, &failure);
	search_named(&source->search, "the machine's service account");
	if (code == MUSTER_E_IO && !has_answered)
		return search_absent(&source->search, err, "no metadata server");
	if (code && err) {
		*err = failure;
		muster_context(err, "the machine's service account");
	}
	return code;
}

static enum muster_code ask(void *context, size_t index, struct key_set *out,
			    struct muster_error *err)
{
	static enum muster_code (*const fetch_one[])(struct google_source *, struct key_set *,
						     struct muster_error *) = {
		fetch_named,
		fetch_gcloud,
		fetch_machine,
	};

	return fetch_one[index](context, out, err);
}

static const char *const names[] = { "GOOGLE_APPLICATION_CREDENTIALS", "gcloud", "machine" };
static const struct search_table table = { "Google credentials", names,
					   sizeof(names) / sizeof(names[0]), ask };

static enum muster_code fetch(void *state, struct key_set *out, struct muster_error *err)
{
	struct google_source *source = state;

	if (source->is_anonymous) {
		out->is_anonymous = true;
		return MUSTER_OK;
	}
	return search_run(&source->search, &table, source, out, err);
}

static const char *name(void *state)
{
	const struct google_source *source = state;

	return source->is_anonymous ? "nobody (requests are not signed)" : source->search.name;
}

static void cancel(void *state)
{
	struct google_source *source = state;

	errand_cancel(&source->errand);
}

static void source_free(void *state)
{
	struct google_source *source = state;

	search_release(&source->search);
	bytes_release(&source->file);
	errand_release(&source->errand);
	free(source);
}

static const struct effects *effects_of(const struct google_options *options)
{
	return options->effects ? options->effects : effects_system();
}

enum muster_code google_keys_open(struct keys **out, const struct google_options *options,
				  struct muster_error *err)
{
	static const struct keys_source_ops ops = {
		.fetch = fetch, .name = name, .cancel = cancel, .free = source_free
	};
	struct google_source *source = calloc(1, sizeof(*source));
	struct keys_options keys = { .ops = &ops, .state = source, .effects = effects_of(options) };
	enum muster_code code;

	*out = NULL;
	if (!source)
		return muster_fail_memory(err, "credentials");
	code = errand_init(&source->errand, options->http, effects_of(options), err);
	if (code) {
		free(source);
		return code;
	}
	source->is_anonymous =
		options->is_anonymous || errand_env(&source->errand, "STORAGE_EMULATOR_HOST").len;
	code = bytes_append_view(&source->file, options->file, err);
	if (code) {
		source_free(source);
		return code;
	}
	return keys_open(out, &keys, err);
}

/* --- settings -------------------------------------------------------------------------------- */

static enum muster_code set_endpoint(struct google_settings *out, const struct errand *errand,
				     struct muster_error *err)
{
	struct view host = errand_env(errand, "STORAGE_EMULATOR_HOST");
	struct endpoint endpoint;
	enum muster_code code;

	if (!host.len)
		return bytes_append_text(&out->endpoint, "https://storage.googleapis.com", err);
	out->is_emulator = true;
	code = endpoint_parse(&endpoint, host, true, err);
	if (code) {
		muster_context(err, "STORAGE_EMULATOR_HOST");
		return code;
	}
	code = bytes_printf(
		&out->endpoint, err, "%s://%.*s%.*s", endpoint.is_tls ? "https" : "http",
		VIEW_ARGS(bytes_view(&endpoint.host)), VIEW_ARGS(bytes_view(&endpoint.path)));
	endpoint_release(&endpoint);
	return code;
}

/* A file that is broken is no matter here: the keys tell of it. */
static enum muster_code quota_of_file(const struct errand *errand, struct view option,
				      struct bytes *out, struct muster_error *err)
{
	struct view file = named_file(errand, option);
	struct google_credentials credentials;
	struct bytes path = { 0 }, text = { 0 };
	enum muster_code code =
		file.len ? errand_path(errand, &path, file, err) : gcloud_file(errand, &path, err);

	if (!code)
		code = errand_read(&text, bytes_view(&path), err);
	if (!code)
		code = google_credentials_parse(&credentials, bytes_view(&text), err);
	if (!code) {
		code = bytes_append_view(out, credentials.quota_project, err);
		google_credentials_release(&credentials);
	}
	secret_scrub(&text);
	bytes_release(&path);
	return code == MUSTER_E_MEMORY ? code : MUSTER_OK;
}

static enum muster_code set_quota_project(struct google_settings *out, const struct errand *errand,
					  const struct google_options *options,
					  struct muster_error *err)
{
	struct view project = errand_env(errand, "GOOGLE_CLOUD_QUOTA_PROJECT");

	if (project.len)
		return bytes_append_view(&out->quota_project, project, err);
	if (options->is_anonymous || out->is_emulator)
		return MUSTER_OK;
	return quota_of_file(errand, options->file, &out->quota_project, err);
}

enum muster_code google_settings_load(struct google_settings *out,
				      const struct google_options *options,
				      struct muster_error *err)
{
	struct errand errand;
	enum muster_code code;

	*out = (struct google_settings){ 0 };
	code = errand_init(&errand, options->http, effects_of(options), err);
	if (code)
		return code;
	code = set_endpoint(out, &errand, err);
	if (!code)
		code = set_quota_project(out, &errand, options, err);
	if (code)
		google_settings_release(out);
	errand_release(&errand);
	return code;
}

void google_settings_release(struct google_settings *settings)
{
	bytes_release(&settings->endpoint);
	bytes_release(&settings->quota_project);
	*settings = (struct google_settings){ 0 };
}
