/* Region, endpoint and style of S3, from options, environment and profile. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "io/cloud/aws_keys.h"
#include "tests/io/cloud/keys_lab.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct keys_lab lab;

/** "NAME=VALUE" pairs, and what comes of them. */
struct expectation {
	const char *env[5];
	const char *config, *region_option, *url_option;
	const char *region, *url, *ca_bundle;
	enum s3_style style;
	bool is_guessed, is_dualstack, is_fips;
};

static void set_env(const char *const env[5])
{
	lab_env_clear(&lab);
	for (size_t i = 0; i < 5 && env[i]; i++) {
		char name[64];
		const char *equals = strchr(env[i], '=');

		snprintf(name, sizeof(name), "%.*s", (int)(equals - env[i]), env[i]);
		lab_env(&lab, name, "%s", equals + 1);
	}
}

static void is_text(const struct bytes *bytes, const char *text)
{
	if (!view_equal(bytes_view(bytes), view_text(text ? text : "")))
		fail_msg("'%.*s' is not '%s'", VIEW_ARGS(bytes_view(bytes)), text ? text : "");
}

static void check(const struct expectation *expected)
{
	struct aws_options options = {
		.effects = &lab.effects,
		.region = view_text(expected->region_option ? expected->region_option : ""),
		.endpoint_url = view_text(expected->url_option ? expected->url_option : ""),
	};
	struct aws_settings settings;

	set_env(expected->env);
	lab_file(&lab, ".aws/config", "%s", expected->config ? expected->config : "");
	assert_int_equal(aws_settings_load(&settings, &options, NULL), MUSTER_OK);
	is_text(&settings.region, expected->region);
	is_text(&settings.endpoint_url, expected->url);
	is_text(&settings.ca_bundle, expected->ca_bundle);
	assert_int_equal(settings.style, expected->style);
	assert_int_equal(settings.is_region_guessed, expected->is_guessed);
	assert_int_equal(settings.is_dualstack, expected->is_dualstack);
	assert_int_equal(settings.is_fips, expected->is_fips);
	aws_settings_release(&settings);
}

#define SERVICES                                                                                   \
	"[default]\nregion = r\nservices = local\nendpoint_url = http://profile\n"                 \
	"[services local]\ns3 =\n  endpoint_url = http://services\n"

static void settings_have_an_order(void **state)
{
	static const struct expectation cases[] = {
		{ .region = "us-east-1", .is_guessed = true },
		{ .config = "[default]\nregion = c\n", .region = "c" },
		{ .env = { "AWS_DEFAULT_REGION=b" },
		  .config = "[default]\nregion = c\n",
		  .region = "b" },
		{ .env = { "AWS_DEFAULT_REGION=b", "AWS_REGION=a" }, .region = "a" },
		{ .env = { "AWS_REGION=a" }, .region_option = "o", .region = "o" },
		{ .config = "[default]\nregion = r\nendpoint_url = http://profile\n",
		  .region = "r",
		  .url = "http://profile" },
		{ .config = SERVICES, .region = "r", .url = "http://services" },
		{ .env = { "AWS_ENDPOINT_URL=http://all" },
		  .config = SERVICES,
		  .region = "r",
		  .url = "http://all" },
		{ .env = { "AWS_ENDPOINT_URL=http://all", "AWS_ENDPOINT_URL_S3=http://s3" },
		  .config = SERVICES,
		  .region = "r",
		  .url = "http://s3" },
		{ .env = { "AWS_ENDPOINT_URL_S3=http://s3" },
		  .url_option = "http://option",
		  .region = "us-east-1",
		  .is_guessed = true,
		  .url = "http://option" },
		{ .env = { "AWS_ENDPOINT_URL_S3=http://s3",
			   "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true" },
		  .config = SERVICES,
		  .region = "r" },
		{ .config = SERVICES "[profile p]\nregion = p\n"
				     "ignore_configured_endpoint_urls = true\n"
				     "endpoint_url = http://profile\nca_bundle = /c.pem\n"
				     "use_dualstack_endpoint = true\nuse_fips_endpoint = TRUE\n"
				     "s3 =\n  addressing_style = path\n",
		  .env = { "AWS_PROFILE=p" },
		  .region = "p",
		  .ca_bundle = "/c.pem",
		  .style = S3_STYLE_PATH,
		  .is_dualstack = true,
		  .is_fips = true },
		{ .config = "[default]\nregion = r\nca_bundle = /c.pem\n"
			    "use_dualstack_endpoint = true\ns3 =\n  addressing_style = virtual\n",
		  .env = { "AWS_CA_BUNDLE=/e.pem", "AWS_USE_DUALSTACK_ENDPOINT=false",
			   "AWS_USE_FIPS_ENDPOINT=true" },
		  .region = "r",
		  .ca_bundle = "/e.pem",
		  .style = S3_STYLE_VIRTUAL,
		  .is_fips = true },
	};

	(void)state;
	lab_init(&lab);
	for (size_t i = 0; i < COUNT(cases); i++)
		check(&cases[i]);
	lab_close(&lab);
}

static void a_style_that_is_not_known_is_refused(void **state)
{
	struct aws_options options = { .effects = &lab.effects };
	struct muster_error err = { 0 };
	struct aws_settings settings;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, ".aws/config", "[default]\ns3 =\n  addressing_style = dns\n");
	assert_int_equal(aws_settings_load(&settings, &options, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "addressing_style of profile 'default' is 'dns'"));
	lab_close(&lab);
}

static void any_allocation_may_fail(void **state)
{
	struct aws_options options = { .effects = &lab.effects,
				       .endpoint_url = VIEW_LITERAL("http://x") };
	bool was_hit = true;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, ".aws/config", "%s", SERVICES);
	for (uint64_t n = 1; was_hit && torture_allocation(n); n++) {
		struct aws_settings settings;
		enum muster_code code = aws_settings_load(&settings, &options, NULL);

		was_hit = torture_hit();
		torture_off();
		assert_int_equal(code, was_hit ? MUSTER_E_MEMORY : MUSTER_OK);
		aws_settings_release(&settings);
	}
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_have_an_order),
		cmocka_unit_test(a_style_that_is_not_known_is_refused),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
