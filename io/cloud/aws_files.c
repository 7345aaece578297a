#include "io/cloud/aws_files.h"

#include "io/cloud/header.h"

static struct view choose_name(const struct errand *errand, struct view profile, bool *is_named)
{
	/* in the order of botocore */
	static const char *const variables[] = { "AWS_DEFAULT_PROFILE", "AWS_PROFILE" };

	*is_named = true;
	if (profile.len)
		return profile;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (errand_env(errand, variables[i]).len)
			return errand_env(errand, variables[i]);
	}
	*is_named = false;
	return VIEW_LITERAL("default");
}

static enum muster_code choose_path(const struct errand *errand, struct bytes *out,
				    const char *variable, const char *usual,
				    struct muster_error *err)
{
	struct view path = errand_env(errand, variable);

	if (!path.len && !errand_env(errand, "HOME").len)
		return MUSTER_OK; /* a machine's or a container's keys need no home */
	return errand_path(errand, out, path.len ? path : view_text(usual), err);
}

static enum muster_code read_section(struct aws_profile *out, const struct bytes *path,
				     struct view text, enum aws_section section, struct view name,
				     struct muster_error *err)
{
	enum muster_code code = aws_profile_read(out, text, section, name, err);

	if (muster_failed(code))
		muster_context(err, "'%.*s'", VIEW_ARGS(bytes_view(path)));
	return code;
}

/* Sections that the profile refers to. */
static enum muster_code read_others(struct aws_files *files, struct view text,
				    struct muster_error *err)
{
	struct view services = aws_files_get(files, AWS_KEY_SERVICES);
	struct view session = aws_files_get(files, AWS_KEY_SSO_SESSION);
	enum muster_code code = MUSTER_OK;

	if (services.len)
		code = read_section(&files->services, &files->config_path, text,
				    AWS_SECTION_SERVICES, services, err);
	if (!muster_failed(code) && session.len)
		code = read_section(&files->sso_session, &files->config_path, text,
				    AWS_SECTION_SSO_SESSION, session, err);
	return muster_failed(code) ? code : MUSTER_OK;
}

static enum muster_code read_file(struct aws_files *files, bool is_config, bool *has_found,
				  struct muster_error *err)
{
	const struct bytes *path = is_config ? &files->config_path : &files->credentials_path;
	struct bytes text;
	enum muster_code code;

	if (!path->len)
		return MUSTER_OK;
	code = errand_read(&text, bytes_view(path), err);
	if (code)
		return code == MUSTER_ABSENT ? MUSTER_OK : code;
	code = read_section(is_config ? &files->config : &files->credentials, path,
			    bytes_view(&text),
			    is_config ? AWS_SECTION_PROFILE : AWS_SECTION_CREDENTIALS,
			    bytes_view(&files->name), err);
	*has_found |= !code;
	if (!muster_failed(code) && is_config)
		code = read_others(files, bytes_view(&text), err);
	secret_scrub(&text);
	return muster_failed(code) ? code : MUSTER_OK;
}

static enum muster_code load(struct aws_files *out, const struct errand *errand,
			     struct view profile, struct muster_error *err)
{
	bool is_named, has_found = false;
	struct view name = choose_name(errand, profile, &is_named);
	enum muster_code code = bytes_append_view(&out->name, name, err);

	if (!code)
		code = choose_path(errand, &out->credentials_path, "AWS_SHARED_CREDENTIALS_FILE",
				   "~/.aws/credentials", err);
	if (!code)
		code = choose_path(errand, &out->config_path, "AWS_CONFIG_FILE", "~/.aws/config",
				   err);
	if (!code)
		code = read_file(out, false, &has_found, err);
	if (!code)
		code = read_file(out, true, &has_found, err);
	if (!code && is_named && !has_found && !view_equal(name, VIEW_LITERAL("default")))
		code = muster_fail(err, MUSTER_E_NAME,
				   "profile '%.*s' is neither in '%.*s' nor in '%.*s'",
				   VIEW_ARGS(name), VIEW_ARGS(bytes_view(&out->credentials_path)),
				   VIEW_ARGS(bytes_view(&out->config_path)));
	return code;
}

enum muster_code aws_files_load(struct aws_files *out, const struct errand *errand,
				struct view profile, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct aws_files){ 0 };
	code = load(out, errand, profile, err);
	if (code)
		aws_files_release(out);
	return code;
}

void aws_files_release(struct aws_files *files)
{
	bytes_release(&files->name);
	bytes_release(&files->credentials_path);
	bytes_release(&files->config_path);
	aws_profile_release(&files->credentials);
	aws_profile_release(&files->config);
	aws_profile_release(&files->services);
	aws_profile_release(&files->sso_session);
}

struct view aws_files_get(const struct aws_files *files, enum aws_key key)
{
	struct view value = aws_profile_get(&files->credentials, key);

	return value.len ? value : aws_profile_get(&files->config, key);
}

bool aws_files_is_true(const struct aws_files *files, enum aws_key key)
{
	return header_compare(aws_files_get(files, key), VIEW_LITERAL("true")) == 0;
}

struct view aws_files_endpoint(const struct aws_files *files, const struct errand *errand,
			       const char *variable, enum aws_key key)
{
	struct view none = { 0 };

	if (errand_env_is_true(errand, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ||
	    aws_files_is_true(files, AWS_KEY_IGNORE_ENDPOINT_URLS))
		return none;
	if (errand_env(errand, variable).len)
		return errand_env(errand, variable);
	if (errand_env(errand, "AWS_ENDPOINT_URL").len)
		return errand_env(errand, "AWS_ENDPOINT_URL");
	if (key != AWS_KEY_COUNT && aws_profile_get(&files->services, key).len)
		return aws_profile_get(&files->services, key);
	return aws_files_get(files, AWS_KEY_ENDPOINT_URL);
}
