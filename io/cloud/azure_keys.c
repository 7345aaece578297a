#include "io/cloud/azure_keys_internal.h"

#include <stdlib.h>

#include "io/cloud/sharedkey.h"

/* --- keys of the account itself -------------------------------------------------------------- */

/* Why none of the variables for an account is to be used; NULL: they are. */
static const char *why_not(const struct azure_source *source, struct view account)
{
	if (view_equal(errand_env(&source->errand, "AZURE_STORAGE_AUTH_MODE"),
		       VIEW_LITERAL("login")))
		return "AZURE_STORAGE_AUTH_MODE is login";
	if (account.len && !view_equal(account, bytes_view(&source->account)))
		return "is of another account";
	return NULL;
}

static enum muster_code take_key(const struct azure_source *source, const struct secret *base64,
				 struct key_set *out, struct muster_error *err)
{
	enum muster_code code = bytes_append_view(&out->id, bytes_view(&source->account), err);

	return code ? code : sharedkey_decode(&out->secret, base64, err);
}

static enum muster_code take_sas(const struct azure_source *source, const struct secret *sas,
				 struct key_set *out, struct muster_error *err)
{
	enum muster_code code = bytes_append_view(&out->id, bytes_view(&source->account), err);

	out->is_sas = true;
	return code ? code : secret_copy(&out->token, sas, err);
}

static enum muster_code take_connection(struct azure_source *source,
					const struct azure_connection *connection,
					struct key_set *out, struct muster_error *err)
{
	const char *why = why_not(source, bytes_view(&connection->account));

	if (why)
		return search_absent(&source->search, err, "%s", why);
	if (!secret_is_set(&connection->key) && !secret_is_set(&connection->sas))
		return search_absent(&source->search, err, "has neither key nor SAS");
	search_named(&source->search, "AZURE_STORAGE_CONNECTION_STRING");
	if (secret_is_set(&connection->key))
		return take_key(source, &connection->key, out, err);
	return take_sas(source, &connection->sas, out, err);
}

static enum muster_code fetch_connection(struct azure_source *source, struct key_set *out,
					 struct muster_error *err)
{
	struct azure_connection connection;
	enum muster_code code = azure_connection_load(&connection, &source->errand, err);

	if (code == MUSTER_ABSENT)
		return search_absent(&source->search, err, "not set");
	if (code)
		return code;
	code = take_connection(source, &connection, out, err);
	if (muster_failed(code))
		muster_context(err, "AZURE_STORAGE_CONNECTION_STRING");
	azure_connection_release(&connection);
	return code;
}

/* A variable that holds a secret of the account. */
static enum muster_code fetch_variable(struct azure_source *source, const char *variable,
				       enum muster_code (*take)(const struct azure_source *,
								const struct secret *,
								struct key_set *,
								struct muster_error *),
				       struct key_set *out, struct muster_error *err)
{
	struct view value = errand_env(&source->errand, variable);
	const char *why = why_not(source, errand_env(&source->errand, "AZURE_STORAGE_ACCOUNT"));
	struct secret secret = { 0 };
	enum muster_code code;

	if (!value.len)
		return search_absent(&source->search, err, "not set");
	if (why)
		return search_absent(&source->search, err, "%s", why);
	search_named(&source->search, "%s", variable);
	code = secret_set(&secret, value, err);
	if (!code)
		code = take(source, &secret, out, err);
	if (code)
		muster_context(err, "%s", variable);
	secret_release(&secret);
	return code;
}

static enum muster_code fetch_key(struct azure_source *source, struct key_set *out,
				  struct muster_error *err)
{
	bool is_usual = errand_env(&source->errand, "AZURE_STORAGE_KEY").len;

	return fetch_variable(source, is_usual ? "AZURE_STORAGE_KEY" : "AZURE_STORAGE_ACCESS_KEY",
			      take_key, out, err);
}

static enum muster_code fetch_sas(struct azure_source *source, struct key_set *out,
				  struct muster_error *err)
{
	return fetch_variable(source, "AZURE_STORAGE_SAS_TOKEN", take_sas, out, err);
}

static enum muster_code fetch_emulator(struct azure_source *source, struct key_set *out,
				       struct muster_error *err)
{
	struct secret key = { 0 };
	enum muster_code code;

	if (!view_equal(bytes_view(&source->account), VIEW_LITERAL(AZURE_EMULATOR_ACCOUNT)))
		return search_absent(&source->search, err, "another account");
	search_named(&source->search, "the emulator's public key");
	code = secret_set(&key, VIEW_LITERAL(AZURE_EMULATOR_KEY), err);
	if (!code)
		code = take_key(source, &key, out, err);
	secret_release(&key);
	return code;
}

/* --- the search ------------------------------------------------------------------------------ */

static const char *const names[] = {
	"connection string", "account key", "SAS",     "emulator", "client secret",
	"workload identity", "App Service", "machine", "az",
};
static azure_fetch_fn *const sources[] = {
	fetch_connection,	 fetch_key,	      fetch_sas,
	fetch_emulator,		 azure_fetch_client,  azure_fetch_workload,
	azure_fetch_app_service, azure_fetch_machine, azure_fetch_az,
};

static enum muster_code ask(void *context, size_t index, struct key_set *out,
			    struct muster_error *err)
{
	return sources[index](context, out, err);
}

static const struct search_table table = { "Azure credentials", names,
					   sizeof(names) / sizeof(names[0]), ask };

static enum muster_code fetch(void *state, struct key_set *out, struct muster_error *err)
{
	struct azure_source *source = state;

	if (source->is_anonymous) {
		out->is_anonymous = true;
		return MUSTER_OK;
	}
	return search_run(&source->search, &table, source, out, err);
}

static const char *name(void *state)
{
	const struct azure_source *source = state;

	return source->is_anonymous ? "nobody (requests are not signed)" : source->search.name;
}

static void cancel(void *state)
{
	struct azure_source *source = state;

	errand_cancel(&source->errand);
}

static void source_free(void *state)
{
	struct azure_source *source = state;

	search_release(&source->search);
	bytes_release(&source->account);
	bytes_release(&source->machine_url);
	errand_release(&source->errand);
	free(source);
}

static enum muster_code fill(struct azure_source *source, const struct azure_options *options,
			     struct muster_error *err)
{
	const char *url = options->machine_url ? options->machine_url : "http://169.254.169.254";
	struct azure_settings settings;
	enum muster_code code = azure_settings_load(&settings, options, err);

	if (code)
		return code;
	source->account = settings.account;
	settings.account = (struct bytes){ 0 };
	azure_settings_release(&settings);
	source->is_anonymous = options->is_anonymous;
	source->process_timeout_ms = options->process_timeout_ms;
	return bytes_append_text(&source->machine_url, url, err);
}

enum muster_code azure_keys_open(struct keys **out, const struct azure_options *options,
				 struct muster_error *err)
{
	static const struct keys_source_ops ops = {
		.fetch = fetch, .name = name, .cancel = cancel, .free = source_free
	};
	const struct effects *effects = options->effects ? options->effects : effects_system();
	struct azure_source *source = calloc(1, sizeof(*source));
	enum muster_code code;

	*out = NULL;
	if (!source)
		return muster_fail_memory(err, "credentials");
	code = errand_init(&source->errand, options->http, effects, err);
	if (code) {
		free(source);
		return code;
	}
	code = fill(source, options, err);
	if (code) {
		source_free(source);
		return code;
	}
	return keys_open(out,
			 &(struct keys_options){ .ops = &ops, .state = source, .effects = effects },
			 err);
}
