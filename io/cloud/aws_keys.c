#include "io/cloud/aws_keys_internal.h"

#include <stdlib.h>

#include "io/cloud/command.h"

#define WINDOW_NS (15 * 60 * UINT64_C(1000000000)) /* as botocore */

/* --- what sources share ---------------------------------------------------------------------- */

enum muster_code aws_take(struct key_set *out, enum aws_source source, const struct secret *text,
			  struct muster_error *err)
{
	struct revealed revealed = secret_reveal(text);
	struct aws_credentials credentials;
	enum muster_code code = aws_credentials_parse(
		&credentials, source, view_of(revealed.secret_ptr, revealed.secret_len), err);

	if (code)
		return code;
	code = bytes_append_view(&out->id, credentials.key_id, err);
	if (!code)
		code = secret_copy(&out->secret, &credentials.secret_key, err);
	if (!code)
		code = secret_copy(&out->token, &credentials.session_token, err);
	out->expires_ns = credentials.expires_ns;
	aws_credentials_release(&credentials);
	return code;
}

bool aws_ignores_environment(const struct aws_chain *chain)
{
	return chain->profile.len > 0;
}

/* --- files and variables --------------------------------------------------------------------- */

enum muster_code aws_fetch_environment(struct aws_chain *chain, const struct aws_files *files,
				       struct key_set *out, struct muster_error *err)
{
	struct view id = errand_env(&chain->errand, "AWS_ACCESS_KEY_ID");
	struct view secret = errand_env(&chain->errand, "AWS_SECRET_ACCESS_KEY");
	struct view token = errand_env(&chain->errand, "AWS_SESSION_TOKEN");
	enum muster_code code;

	(void)files;
	if (aws_ignores_environment(chain) && chain->search.trying)
		return search_absent(&chain->search, err, "a profile is named");
	if (!id.len)
		return search_absent(&chain->search, err, "no AWS_ACCESS_KEY_ID");
	if (!secret.len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
	search_named(&chain->search, "AWS_ACCESS_KEY_ID of the environment");
	code = bytes_append_view(&out->id, id, err);
	if (!code)
		code = secret_set(&out->secret, secret, err);
	if (!code && token.len)
		code = secret_set(&out->token, token, err);
	return code;
}

static enum muster_code take_static(struct aws_chain *chain, const struct aws_files *files,
				    const struct aws_profile *profile, const struct bytes *path,
				    struct key_set *out, struct muster_error *err)
{
	struct view id = aws_profile_get(profile, AWS_KEY_ACCESS_KEY_ID);
	enum muster_code code;

	if (!id.len)
		return search_absent(&chain->search, err, "no key");
	if (!secret_is_set(&profile->secret_key))
		return muster_fail(err, MUSTER_E_USAGE,
				   "profile '%.*s' of '%.*s' has aws_access_key_id, but no "
				   "aws_secret_access_key",
				   VIEW_ARGS(bytes_view(&files->name)),
				   VIEW_ARGS(bytes_view(path)));
	search_named(&chain->search, "profile '%.*s' of %.*s", VIEW_ARGS(bytes_view(&files->name)),
		     VIEW_ARGS(bytes_view(path)));
	code = bytes_append_view(&out->id, id, err);
	if (!code)
		code = secret_copy(&out->secret, &profile->secret_key, err);
	return code ? code : secret_copy(&out->token, &profile->session_token, err);
}

enum muster_code aws_fetch_shared(struct aws_chain *chain, const struct aws_files *files,
				  struct key_set *out, struct muster_error *err)
{
	return take_static(chain, files, &files->credentials, &files->credentials_path, out, err);
}

enum muster_code aws_fetch_config(struct aws_chain *chain, const struct aws_files *files,
				  struct key_set *out, struct muster_error *err)
{
	return take_static(chain, files, &files->config, &files->config_path, out, err);
}

static enum muster_code run_process(struct aws_chain *chain, struct view line, struct key_set *out,
				    struct muster_error *err)
{
	struct secret text = { 0 };
	struct command command;
	enum muster_code code = command_split(&command, line, err);

	if (code)
		return code;
	code = errand_run(&chain->errand, command.argv, chain->options.process_timeout_ms, &text,
			  err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_USAGE, "there is no program '%s'",
				   command.argv[0]);
	if (!code)
		code = aws_take(out, AWS_SOURCE_PROCESS, &text, err);
	secret_release(&text);
	command_release(&command);
	return code;
}

enum muster_code aws_fetch_process(struct aws_chain *chain, const struct aws_files *files,
				   struct key_set *out, struct muster_error *err)
{
	struct view line = aws_files_get(files, AWS_KEY_CREDENTIAL_PROCESS);
	enum muster_code code;

	if (!line.len && aws_files_get(files, AWS_KEY_LOGIN_SESSION).len)
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "profile '%.*s' has a login_session: give it the "
				   "credential_process 'aws configure export-credentials'",
				   VIEW_ARGS(bytes_view(&files->name)));
	if (!line.len)
		return search_absent(&chain->search, err, "none");
	search_named(&chain->search, "credential_process of profile '%.*s'",
		     VIEW_ARGS(bytes_view(&files->name)));
	code = run_process(chain, line, out, err);
	if (code)
		muster_context(err, "credential_process of profile '%.*s'",
			       VIEW_ARGS(bytes_view(&files->name)));
	return code;
}

/* --- the chain ------------------------------------------------------------------------------- */

static const char *const source_names[] = {
	"environment",	      "role",	     "web identity", "SSO",	"credentials file",
	"credential_process", "config file", "container",    "machine",
};
static aws_fetch_fn *const sources[] = {
	aws_fetch_environment, aws_fetch_role,	    aws_fetch_web_identity,
	aws_fetch_sso,	       aws_fetch_shared,    aws_fetch_process,
	aws_fetch_config,      aws_fetch_container, aws_fetch_machine,
};

#define SOURCE_COUNT (sizeof(sources) / sizeof(sources[0]))

/** What a search hands on. */
struct asking {
	struct aws_chain *chain;
	const struct aws_files *files;
};

static enum muster_code ask(void *context, size_t index, struct key_set *out,
			    struct muster_error *err)
{
	const struct asking *asking = context;

	return sources[index](asking->chain, asking->files, out, err);
}

static const struct search_table table = { "AWS credentials", source_names, SOURCE_COUNT, ask };

/* Files are read each time: somebody may have changed them. */
static enum muster_code fetch(void *state, struct key_set *out, struct muster_error *err)
{
	struct aws_chain *chain = state;
	struct aws_files files;
	struct asking asking = { chain, &files };
	enum muster_code code;

	if (chain->options.is_anonymous) {
		out->is_anonymous = true;
		return MUSTER_OK;
	}
	code = aws_files_load(&files, &chain->errand, bytes_view(&chain->profile), err);
	if (code)
		return code;
	code = search_run(&chain->search, &table, &asking, out, err);
	aws_files_release(&files);
	return code;
}

static const char *name(void *state)
{
	const struct aws_chain *chain = state;

	return chain->options.is_anonymous ? "nobody (requests are not signed)"
					   : chain->search.name;
}

static void cancel(void *state)
{
	struct aws_chain *chain = state;

	errand_cancel(&chain->errand);
}

static void chain_free(void *state)
{
	struct aws_chain *chain = state;

	aws_sso_token_release(&chain->login);
	bytes_release(&chain->profile);
	bytes_release(&chain->region);
	bytes_release(&chain->container_url);
	search_release(&chain->search);
	errand_release(&chain->errand);
	free(chain);
}

static enum muster_code copy_options(struct aws_chain *chain, const struct aws_options *options,
				     struct muster_error *err)
{
	const char *url = options->container_url ? options->container_url : "http://169.254.170.2";
	enum muster_code code;

	chain->options = *options;
	code = bytes_append_view(&chain->profile, options->profile, err);
	if (!code)
		code = bytes_append_view(&chain->region, options->region, err);
	if (!code)
		code = bytes_append_text(&chain->container_url, url, err);
	chain->options.profile = bytes_view(&chain->profile);
	chain->options.region = bytes_view(&chain->region);
	chain->options.endpoint_url = (struct view){ 0 };
	return code;
}

enum muster_code aws_keys_open(struct keys **out, const struct aws_options *options,
			       struct muster_error *err)
{
	static const struct keys_source_ops ops = {
		.fetch = fetch, .name = name, .cancel = cancel, .free = chain_free
	};
	const struct effects *effects = options->effects ? options->effects : effects_system();
	struct aws_chain *chain = calloc(1, sizeof(*chain));
	struct keys_options keys = {
		.ops = &ops, .state = chain, .effects = effects, .window_ns = WINDOW_NS
	};
	enum muster_code code;

	*out = NULL;
	if (!chain)
		return muster_fail_memory(err, "credentials");
	code = errand_init(&chain->errand, options->http, effects, err);
	if (code) {
		free(chain);
		return code;
	}
	code = copy_options(chain, options, err);
	if (code) {
		chain_free(chain);
		return code;
	}
	return keys_open(out, &keys, err);
}
