/*
 * A login of `aws sso login`: its token lies in a file of the CLI, and is exchanged for keys of a
 * role. Where it has expired, and came with a token to renew it, it is renewed here and kept in
 * memory: the CLI's file is the CLI's to write.
 */
#include "io/cloud/aws_keys_internal.h"

#include "io/cloud/aws_sources.h"
#include "io/cloud/percent.h"
#include "io/cloud/token_request.h"

#define CACHE_DIR "~/.aws/sso/cache/"
/* A token that ends within a minute may have ended when it arrives. */
#define MARGIN_NS (60 * UINT64_C(1000000000))

/** What a profile says of its login; borrowed from the files. */
struct login {
	struct view session, start_url, region, account_id, role_name;
};

static struct view from_session(const struct aws_files *files, enum aws_key key)
{
	struct view value = aws_profile_get(&files->sso_session, key);

	return value.len ? value : aws_files_get(files, key);
}

static enum muster_code check(const struct login *login, struct muster_error *err)
{
	const struct {
		struct view value;
		const char *key;
	} needed[] = {
		{ login->start_url, "sso_start_url" },
		{ login->region, "sso_region" },
		{ login->account_id, "sso_account_id" },
		{ login->role_name, "sso_role_name" },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!needed[i].value.len)
			return muster_fail(err, MUSTER_E_USAGE, "there is no %s", needed[i].key);
	}
	return MUSTER_OK;
}

static bool is_fresh(const struct aws_chain *chain, const struct aws_sso_token *token)
{
	return secret_is_set(&token->access_token) &&
	       effects_wall_ns(chain->errand.effects) + MARGIN_NS < token->expires_ns;
}

/* --- the token ------------------------------------------------------------------------------- */

static enum muster_code read_token(const struct aws_chain *chain, const struct login *login,
				   struct aws_sso_token *out, struct muster_error *err)
{
	char name[AWS_SSO_CACHE_NAME_BYTES];
	struct bytes path = { 0 }, text = { 0 };
	enum muster_code code = aws_sso_cache_name(
		name, login->session.len ? login->session : login->start_url, err);

	if (!code)
		code = errand_path(&chain->errand, &path, VIEW_LITERAL(CACHE_DIR), err);
	if (!code)
		code = bytes_append_text(&path, name, err);
	if (!code)
		code = errand_read(&text, bytes_view(&path), err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_IO, "nobody is logged in: run aws sso login");
	else if (!code)
		code = aws_sso_token_parse(out, bytes_view(&text),
					   effects_wall_ns(chain->errand.effects), err);
	secret_scrub(&text);
	bytes_release(&path);
	return code;
}

static enum muster_code append_url(const struct aws_chain *chain, struct bytes *out,
				   const char *variable, const char *service, struct view region,
				   const char *path, struct muster_error *err)
{
	struct view url = errand_env(&chain->errand, variable);

	if (url.len)
		return bytes_printf(out, err, "%.*s%s", VIEW_ARGS(url), path);
	return bytes_printf(out, err, "https://%s.%.*s.amazonaws.com%s%s", service,
			    VIEW_ARGS(region),
			    view_starts_with(region, VIEW_LITERAL("cn-")) ? ".cn" : "", path);
}

static enum muster_code ask_renewal(struct aws_chain *chain, const struct login *login,
				    const struct aws_sso_token *old,
				    const struct secret *refresh_token, struct errand_reply *reply,
				    struct muster_error *err)
{
	struct secret body = { 0 };
	struct bytes url = { 0 };
	enum muster_code code = token_request_sso_refresh_json(
		&body, old->client_id, &old->client_secret, refresh_token, err);

	if (!code)
		code = append_url(chain, &url, "AWS_ENDPOINT_URL_SSO_OIDC", "oidc", login->region,
				  "/token", err);
	if (!code) {
		struct errand_ask ask = {
			.method = HTTP_POST,
			.url = bytes_view(&url),
			.body = &body,
			.headers = { { .name = "Content-Type",
				       .value = VIEW_LITERAL("application/json") } },
		};

		code = errand_ask(&chain->errand, &ask, reply, err);
	}
	bytes_release(&url);
	secret_release(&body);
	return code;
}

/* `old` is the CLI's; what was renewed before has the newer token to renew with. */
static enum muster_code renew(struct aws_chain *chain, const struct login *login,
			      const struct aws_sso_token *old, struct muster_error *err)
{
	const struct secret *refresh = secret_is_set(&chain->login.refresh_token)
					       ? &chain->login.refresh_token
					       : &old->refresh_token;
	struct errand_reply reply = { 0 };
	struct aws_sso_token fresh;
	struct revealed text;
	enum muster_code code;

	if (!secret_is_set(refresh) || !old->client_id.len || !secret_is_set(&old->client_secret))
		return muster_fail(err, MUSTER_E_IO,
				   "the login has expired: run aws sso login again");
	code = ask_renewal(chain, login, old, refresh, &reply, err);
	text = secret_reveal(&reply.body);
	if (!code)
		code = aws_sso_token_parse(&fresh, view_of(text.secret_ptr, text.secret_len),
					   effects_wall_ns(chain->errand.effects), err);
	errand_reply_release(&reply);
	if (code) {
		muster_context(err, "renew the login (or run aws sso login again)");
		return code;
	}
	if (!secret_is_set(&fresh.refresh_token)) /* the old one stays good */
		code = secret_copy(&fresh.refresh_token, refresh, err);
	if (code) {
		aws_sso_token_release(&fresh);
		return code;
	}
	aws_sso_token_release(&chain->login);
	chain->login = fresh;
	return MUSTER_OK;
}

/* The CLI's token, or the one that was renewed. Lends it until the next call. */
static enum muster_code find_token(struct aws_chain *chain, const struct login *login,
				   struct aws_sso_token *cached, const struct secret **out,
				   struct muster_error *err)
{
	enum muster_code code = read_token(chain, login, cached, err);

	if (code)
		return code;
	*out = &cached->access_token;
	if (is_fresh(chain, cached))
		return MUSTER_OK;
	*out = &chain->login.access_token;
	return is_fresh(chain, &chain->login) ? MUSTER_OK : renew(chain, login, cached, err);
}

/* --- the role -------------------------------------------------------------------------------- */

static enum muster_code ask_role(struct aws_chain *chain, const struct login *login,
				 const struct secret *token, struct key_set *out,
				 struct muster_error *err)
{
	struct bytes url = { 0 }, query = { 0 };
	struct errand_reply reply = { 0 };
	enum muster_code code = percent_append_pair(&query, "account_id", login->account_id, err);

	if (!code)
		code = percent_append_pair(&query, "role_name", login->role_name, err);
	if (!code)
		code = append_url(chain, &url, "AWS_ENDPOINT_URL_SSO", "portal.sso", login->region,
				  "/federation/credentials?", err);
	if (!code)
		code = bytes_append_view(&url, bytes_view(&query), err);
	if (!code) {
		struct errand_ask ask = {
			.url = bytes_view(&url),
			.headers = { { .name = "x-amz-sso_bearer_token", .secret = token } },
		};

		code = errand_ask(&chain->errand, &ask, &reply, err);
	}
	if (!code)
		code = aws_take(out, AWS_SOURCE_SSO, &reply.body, err);
	errand_reply_release(&reply);
	bytes_release(&query);
	bytes_release(&url);
	return code;
}

static enum muster_code log_in(struct aws_chain *chain, const struct login *login,
			       struct key_set *out, struct muster_error *err)
{
	struct aws_sso_token cached = { 0 };
	const struct secret *token = NULL;
	enum muster_code code = check(login, err);

	if (!code)
		code = find_token(chain, login, &cached, &token, err);
	if (!code)
		code = ask_role(chain, login, token, out, err);
	aws_sso_token_release(&cached);
	return code;
}

enum muster_code aws_fetch_sso(struct aws_chain *chain, const struct aws_files *files,
			       struct key_set *out, struct muster_error *err)
{
	struct login login = {
		.session = aws_files_get(files, AWS_KEY_SSO_SESSION),
		.start_url = from_session(files, AWS_KEY_SSO_START_URL),
		.region = from_session(files, AWS_KEY_SSO_REGION),
		.account_id = aws_files_get(files, AWS_KEY_SSO_ACCOUNT_ID),
		.role_name = aws_files_get(files, AWS_KEY_SSO_ROLE_NAME),
	};
	enum muster_code code;

	if (!login.account_id.len && !login.role_name.len)
		return search_absent(&chain->search, err, "no sso_account_id");
	search_named(&chain->search, "SSO of profile '%.*s'", VIEW_ARGS(bytes_view(&files->name)));
	code = log_in(chain, &login, out, err);
	if (code)
		muster_context(err, "SSO of profile '%.*s'", VIEW_ARGS(bytes_view(&files->name)));
	return code;
}
