/* Keys of a role that a profile names, taken with the keys of another profile or source. */
#include "io/cloud/aws_keys_internal.h"

#include "base/text/text.h"
#include "io/cloud/token_request.h"

static enum muster_code fetch_role(struct aws_chain *chain, const struct aws_files *files,
				   unsigned depth, struct key_set *out, struct muster_error *err);

static enum muster_code named_source(struct aws_chain *chain, const struct aws_files *files,
				     struct view source, struct key_set *out,
				     struct muster_error *err)
{
	static const struct {
		const char *word;
		aws_fetch_fn *fetch;
	} known[] = {
		{ "Environment", aws_fetch_environment },
		{ "Ec2InstanceMetadata", aws_fetch_machine },
		{ "EcsContainer", aws_fetch_container },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		enum muster_code code;

		if (!view_equal(source, view_text(known[i].word)))
			continue;
		code = known[i].fetch(chain, files, out, err);
		if (code == MUSTER_ABSENT)
			code = muster_fail(err, MUSTER_E_IO, "credential_source %s has no keys",
					   known[i].word);
		return code;
	}
	return muster_fail(err, MUSTER_E_USAGE, "credential_source '%.*s' is not known",
			   VIEW_ARGS(source));
}

/* Keys of another profile, from all that a profile can say. */
static enum muster_code source_profile(struct aws_chain *chain, const struct aws_files *files,
				       bool is_itself, unsigned depth, struct key_set *out,
				       struct muster_error *err)
{
	static aws_fetch_fn *const order[] = { aws_fetch_shared, aws_fetch_config,
					       aws_fetch_web_identity, aws_fetch_sso,
					       aws_fetch_process };
	enum muster_code code = MUSTER_ABSENT;

	for (size_t i = 0; i < 2 && code == MUSTER_ABSENT; i++)
		code = order[i](chain, files, out, err);
	if (code == MUSTER_ABSENT && !is_itself)
		code = fetch_role(chain, files, depth + 1, out, err);
	for (size_t i = 2; i < sizeof(order) / sizeof(order[0]) && code == MUSTER_ABSENT; i++)
		code = order[i](chain, files, out, err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_IO, "source_profile '%.*s' has no credentials",
				   VIEW_ARGS(bytes_view(&files->name)));
	return code;
}

static enum muster_code find_source(struct aws_chain *chain, const struct aws_files *files,
				    unsigned depth, struct key_set *out, struct muster_error *err)
{
	struct view profile = aws_files_get(files, AWS_KEY_SOURCE_PROFILE);
	struct view word = aws_files_get(files, AWS_KEY_CREDENTIAL_SOURCE);
	struct aws_files other;
	enum muster_code code;

	if (!profile.len == !word.len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a role_arn needs either source_profile or credential_source");
	if (word.len)
		return named_source(chain, files, word, out, err);
	if (depth == AWS_ROLE_DEPTH_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "more than %u roles, each by another one",
				   AWS_ROLE_DEPTH_MAX);
	code = aws_files_load(&other, &chain->errand, profile, err);
	if (code)
		return code;
	code = source_profile(chain, &other, view_equal(profile, bytes_view(&files->name)), depth,
			      out, err);
	aws_files_release(&other);
	return code;
}

static enum muster_code make_body(const struct aws_chain *chain, const struct aws_files *files,
				  struct secret *body, struct muster_error *err)
{
	struct view seconds = aws_files_get(files, AWS_KEY_DURATION_SECONDS);
	char buf[AWS_SESSION_NAME_BYTES];
	struct sts_assume_role role = {
		.role_arn = aws_files_get(files, AWS_KEY_ROLE_ARN),
		.session_name = aws_session_name(
			chain, aws_files_get(files, AWS_KEY_ROLE_SESSION_NAME), buf),
		.external_id = aws_files_get(files, AWS_KEY_EXTERNAL_ID),
	};
	uint64_t duration_s = 0;

	if (seconds.len && (!text_parse_u64(seconds, &duration_s) || duration_s > UINT32_MAX))
		return muster_fail(err, MUSTER_E_USAGE, "duration_seconds is no number");
	role.duration_s = (uint32_t)duration_s;
	return token_request_assume_role(body, &role, err);
}

static enum muster_code assume(struct aws_chain *chain, const struct aws_files *files,
			       unsigned depth, struct key_set *out, struct muster_error *err)
{
	const char *trying = chain->search.trying;
	struct key_set keys = { 0 };
	struct secret body = { 0 };
	enum muster_code code;

	if (aws_files_get(files, AWS_KEY_MFA_SERIAL).len)
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "it asks for a code of a device (mfa_serial): use a "
				   "credential_process that does");
	chain->search.trying = NULL;
	code = find_source(chain, files, depth, &keys, err);
	chain->search.trying = trying;
	if (!code)
		code = make_body(chain, files, &body, err);
	if (!code)
		code = aws_sts_ask(chain, files, &keys, &body, out, err);
	secret_release(&body);
	key_set_release(&keys);
	return code;
}

static enum muster_code fetch_role(struct aws_chain *chain, const struct aws_files *files,
				   unsigned depth, struct key_set *out, struct muster_error *err)
{
	struct view role = aws_files_get(files, AWS_KEY_ROLE_ARN);
	enum muster_code code;

	if (!role.len || aws_files_get(files, AWS_KEY_WEB_IDENTITY_TOKEN_FILE).len)
		return search_absent(&chain->search, err, "no role_arn");
	search_named(&chain->search, "role_arn of profile '%.*s'",
		     VIEW_ARGS(bytes_view(&files->name)));
	code = assume(chain, files, depth, out, err);
	if (code)
		muster_context(err, "role of profile '%.*s'", VIEW_ARGS(bytes_view(&files->name)));
	return code;
}

enum muster_code aws_fetch_role(struct aws_chain *chain, const struct aws_files *files,
				struct key_set *out, struct muster_error *err)
{
	return fetch_role(chain, files, 0, out, err);
}
