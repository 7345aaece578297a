/* Keys of a role for a token that an identity provider wrote into a file: EKS, CI systems. */
#include "io/cloud/aws_keys_internal.h"

#include "io/cloud/token_request.h"

/** What a profile or the environment says of it. */
struct identity {
	struct view token_file, role_arn, session_name;
};

static struct view choose(const struct aws_chain *chain, const struct aws_files *files,
			  const char *variable, enum aws_key key)
{
	struct view value = { 0 };

	/* the environment is not another profile's */
	if (chain->search.trying && !aws_ignores_environment(chain))
		value = errand_env(&chain->errand, variable);
	return value.len ? value : aws_files_get(files, key);
}

static enum muster_code exchange(struct aws_chain *chain, const struct aws_files *files,
				 const struct identity *identity, const struct secret *token,
				 struct key_set *out, struct muster_error *err)
{
	struct secret body = { 0 };
	enum muster_code code = token_request_web_identity(&body, identity->role_arn,
							   identity->session_name, token, err);

	if (!code)
		code = aws_sts_ask(chain, files, NULL, &body, out, err);
	secret_release(&body);
	return code;
}

static enum muster_code present(struct aws_chain *chain, const struct aws_files *files,
				const struct identity *configured, struct key_set *out,
				struct muster_error *err)
{
	struct identity identity = *configured;
	char buf[AWS_SESSION_NAME_BYTES];
	struct secret token = { 0 };
	struct bytes path = { 0 };
	enum muster_code code;

	if (!identity.role_arn.len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "there is a token file, but neither AWS_ROLE_ARN nor role_arn");
	identity.session_name = aws_session_name(chain, identity.session_name, buf);
	code = errand_path(&chain->errand, &path, identity.token_file, err);
	if (!code) /* each time: it is replaced before it expires */
		code = errand_read_secret(&token, bytes_view(&path), err);
	if (!code)
		code = exchange(chain, files, &identity, &token, out, err);
	bytes_release(&path);
	secret_release(&token);
	return code;
}

enum muster_code aws_fetch_web_identity(struct aws_chain *chain, const struct aws_files *files,
					struct key_set *out, struct muster_error *err)
{
	struct identity identity = {
		.token_file = choose(chain, files, "AWS_WEB_IDENTITY_TOKEN_FILE",
				     AWS_KEY_WEB_IDENTITY_TOKEN_FILE),
		.role_arn = choose(chain, files, "AWS_ROLE_ARN", AWS_KEY_ROLE_ARN),
		.session_name =
			choose(chain, files, "AWS_ROLE_SESSION_NAME", AWS_KEY_ROLE_SESSION_NAME),
	};
	enum muster_code code;

	if (!identity.token_file.len)
		return search_absent(&chain->search, err, "no token file");
	search_named(&chain->search, "web identity of %.*s", VIEW_ARGS(identity.token_file));
	code = present(chain, files, &identity, out, err);
	if (code)
		muster_context(err, "web identity");
	return code;
}
