#include "io/cloud/aws_keys_internal.h"
#include "io/cloud/header.h"

#define REGION_DEFAULT "us-east-1"

/* The first that is not empty. */
static struct view first_of(struct view a, struct view b)
{
	return a.len ? a : b;
}

static struct view find_region(const struct aws_options *options, const struct errand *errand,
			       const struct aws_files *files)
{
	struct view region = first_of(options->region, errand_env(errand, "AWS_REGION"));

	region = first_of(region, errand_env(errand, "AWS_DEFAULT_REGION"));
	return first_of(region, aws_files_get(files, AWS_KEY_REGION));
}

static enum muster_code set_region(struct aws_settings *out, const struct aws_options *options,
				   struct errand *errand, const struct aws_files *files,
				   struct muster_error *err)
{
	struct view region = find_region(options, errand, files);
	enum muster_code code = MUSTER_ABSENT;

	if (region.len)
		return bytes_append_view(&out->region, region, err);
	/* other servers than AWS's hardly look at it */
	if (options->http && !out->endpoint_url.len)
		code = aws_machine_region(errand, &out->region, err);
	if (code != MUSTER_ABSENT)
		return code;
	out->is_region_guessed = true;
	return bytes_append_text(&out->region, REGION_DEFAULT, err);
}

static enum muster_code set_style(struct aws_settings *out, const struct aws_files *files,
				  struct muster_error *err)
{
	struct view style = aws_files_get(files, AWS_KEY_S3_ADDRESSING_STYLE);

	out->style = S3_STYLE_AUTO;
	if (!style.len || view_equal(style, VIEW_LITERAL("auto")))
		return MUSTER_OK;
	if (view_equal(style, VIEW_LITERAL("path")))
		out->style = S3_STYLE_PATH;
	else if (view_equal(style, VIEW_LITERAL("virtual")))
		out->style = S3_STYLE_VIRTUAL;
	else
		return muster_fail(err, MUSTER_E_USAGE,
				   "addressing_style of profile '%.*s' is '%.*s', not auto, path "
				   "or virtual",
				   VIEW_ARGS(bytes_view(&files->name)), VIEW_ARGS(style));
	return MUSTER_OK;
}

/* A variable decides where it is set at all. */
static bool is_on(const struct errand *errand, const struct aws_files *files, const char *variable,
		  enum aws_key key)
{
	return errand_env(errand, variable).len ? errand_env_is_true(errand, variable)
						: aws_files_is_true(files, key);
}

static enum muster_code fill(struct aws_settings *out, const struct aws_options *options,
			     struct errand *errand, const struct aws_files *files,
			     struct muster_error *err)
{
	struct view url =
		aws_files_endpoint(files, errand, "AWS_ENDPOINT_URL_S3", AWS_KEY_S3_ENDPOINT_URL);
	struct view bundle = first_of(errand_env(errand, "AWS_CA_BUNDLE"),
				      aws_files_get(files, AWS_KEY_CA_BUNDLE));
	enum muster_code code;

	out->is_dualstack =
		is_on(errand, files, "AWS_USE_DUALSTACK_ENDPOINT", AWS_KEY_USE_DUALSTACK);
	out->is_fips = is_on(errand, files, "AWS_USE_FIPS_ENDPOINT", AWS_KEY_USE_FIPS);
	code = bytes_append_view(&out->endpoint_url, first_of(options->endpoint_url, url), err);
	if (!code)
		code = errand_path(errand, &out->ca_bundle, bundle, err);
	if (!code)
		code = set_style(out, files, err);
	return code ? code : set_region(out, options, errand, files, err);
}

enum muster_code aws_settings_load(struct aws_settings *out, const struct aws_options *options,
				   struct muster_error *err)
{
	struct aws_files files = { 0 };
	struct errand errand;
	enum muster_code code;

	*out = (struct aws_settings){ 0 };
	code = errand_init(&errand, options->http,
			   options->effects ? options->effects : effects_system(), err);
	if (code)
		return code;
	code = aws_files_load(&files, &errand, options->profile, err);
	if (!code)
		code = fill(out, options, &errand, &files, err);
	if (code)
		aws_settings_release(out);
	aws_files_release(&files);
	errand_release(&errand);
	return code;
}

void aws_settings_release(struct aws_settings *settings)
{
	bytes_release(&settings->region);
	bytes_release(&settings->endpoint_url);
	bytes_release(&settings->ca_bundle);
	*settings = (struct aws_settings){ 0 };
}

struct view aws_region(const struct aws_chain *chain, const struct aws_files *files)
{
	return find_region(&chain->options, &chain->errand, files);
}
