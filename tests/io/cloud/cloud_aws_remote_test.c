/* AWS's credentials from logins, containers and machines. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/cloud/aws_keys.h"
#include "io/cloud/aws_sources.h"
#include "tests/io/cloud/keys_lab.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BODY(text)   .body = (text), .body_len = sizeof(text) - 1
#define OK(text)                                                                                   \
	{                                                                                          \
		.status = 200, BODY(text)                                                          \
	}

static struct keys_lab lab;

static enum muster_code open_default(struct keys **out, struct muster_error *err)
{
	struct aws_options options = {
		.http = lab.http,
		.effects = &lab.effects,
		.container_url = lab_url(&lab),
	};

	return aws_keys_open(out, &options, err);
}

static void expect(const char *id, const char *secret, const char *token, const char *source)
{
	struct muster_error err = { 0 };
	struct keys *keys;

	if (open_default(&keys, &err))
		fail_msg("%s", err.message);
	lab_has_keys(keys, id, secret, token);
	assert_non_null(strstr(keys_source(keys), source));
	keys_close(keys);
}

static void expect_failure(enum muster_code code, const char *reason)
{
	struct muster_error err = { 0 };
	struct keys *keys;

	assert_int_equal(open_default(&keys, &err), code);
	if (!strstr(err.message, reason))
		fail_msg("no '%s' in '%s'", reason, err.message);
	lab_is_discreet(&err);
}

/* --- SSO ------------------------------------------------------------------------------------- */

#define SSO_KEYS                                                                                   \
	"{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"hunter2-s\","         \
	"\"sessionToken\":\"hunter2-t\",\"expiration\":1767229200000}}"

static void write_login(const char *of, const char *expires, const char *more)
{
	char path[128] = ".aws/sso/cache/";

	assert_int_equal(aws_sso_cache_name(path + strlen(path), view_text(of), NULL), MUSTER_OK);
	lab_file(&lab, path,
		 "{\"startUrl\":\"https://s\",\"region\":\"eu-west-1\",\"accessToken\":"
		 "\"hunter2-a\",\"expiresAt\":\"%s\"%s}",
		 expires, more);
}

static void begin_sso(const struct scripted_rule *rules, size_t count)
{
	lab_init(&lab);
	lab_open(&lab, rules, count);
	lab_env(&lab, "AWS_EC2_METADATA_DISABLED", "true");
	lab_env(&lab, "AWS_ENDPOINT_URL_SSO", "%s", lab_url(&lab));
	lab_env(&lab, "AWS_ENDPOINT_URL_SSO_OIDC", "%s", lab_url(&lab));
	lab_file(&lab, ".aws/config",
		 "[default]\nsso_session = corp\nsso_account_id = 123\nsso_role_name = a/b\n"
		 "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://s\n");
}

static void a_login_gives_keys_of_its_role(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = OK(SSO_KEYS) } };

	(void)state;
	begin_sso(rules, COUNT(rules));
	expect_failure(MUSTER_E_IO, "SSO of profile 'default': nobody is logged in");
	write_login("corp", "2026-01-01T02:00:00Z", "");
	expect("SSO", "hunter2-s", "hunter2-t", "SSO of profile 'default'");
	lab_sent_target(&lab, 0, "GET", "/federation/credentials?account_id=123&role_name=a%2Fb");
	lab_sent_header(&lab, 0, "x-amz-sso_bearer_token", "hunter2-a");
	write_login("corp", "2026-01-01T00:00:30Z", "");
	expect_failure(MUSTER_E_IO, "the login has expired");
	/* the older form names no session */
	lab_file(&lab, ".aws/config",
		 "[default]\nsso_start_url = https://old\nsso_account_id = 123\n"
		 "sso_role_name = r\n");
	expect_failure(MUSTER_E_USAGE, "there is no sso_region");
	lab_file(&lab, ".aws/config",
		 "[default]\nsso_start_url = https://old\nsso_account_id = 123\n"
		 "sso_role_name = r\nsso_region = eu-west-1\n");
	write_login("https://old", "2026-01-01T02:00:00UTC", "");
	expect("SSO", "hunter2-s", "hunter2-t", "SSO");
	lab_close(&lab);
}

static void an_expired_login_is_renewed(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .path = "/token",
		  .count = 1,
		  .reply = OK("{\"accessToken\":\"hunter2-new\",\"expiresIn\":3600,"
			      "\"refreshToken\":\"hunter2-r2\",\"tokenType\":\"Bearer\"}") },
		{ .path = "/token",
		  .reply = { .status = 400, BODY("{\"error\":\"invalid_grant\"}") } },
		{ .reply = OK(SSO_KEYS) },
	};

	(void)state;
	begin_sso(rules, COUNT(rules));
	write_login("corp", "2025-12-31T23:00:00Z",
		    ",\"clientId\":\"client\",\"clientSecret\":\"hunter2-c\",\"refreshToken\":"
		    "\"hunter2-r\",\"registrationExpiresAt\":\"2026-02-01T00:00:00Z\"");
	expect("SSO", "hunter2-s", "hunter2-t", "SSO");
	lab_sent_target(&lab, 0, "POST", "/token");
	lab_sent_header(&lab, 0, "content-type", "application/json");
	lab_sent_body(&lab, 0, "hunter2-r");
	lab_sent_body(&lab, 0, "hunter2-c");
	lab_sent_header(&lab, 1, "x-amz-sso_bearer_token", "hunter2-new");
	expect_failure(MUSTER_E_IO, "renew the login (or run aws sso login again): POST ");
	expect_failure(MUSTER_E_IO, "400: invalid_grant");
	lab_close(&lab);
}

/* --- containers ------------------------------------------------------------------------------ */

#define ROLE_KEYS                                                                                  \
	"\"AccessKeyId\":\"ROLE\",\"SecretAccessKey\":\"hunter2-s\",\"Token\":\"hunter2-t\","      \
	"\"Expiration\":\"2026-01-01T01:00:00Z\"}"

static void begin_container(const struct scripted_rule *rules, size_t count)
{
	lab_init(&lab);
	lab_open(&lab, rules, count);
	lab_env(&lab, "AWS_EC2_METADATA_DISABLED", "true");
}

static void a_container_is_asked_where_it_says(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = OK("{" ROLE_KEYS) } };

	(void)state;
	begin_container(rules, COUNT(rules));
	lab_env(&lab, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1");
	expect("ROLE", "hunter2-s", "hunter2-t", "the container's role");
	lab_sent_target(&lab, 0, "GET", "/v2/credentials/1");
	lab_sent_header(&lab, 0, "authorization", NULL);
	lab_env_clear(&lab);
	lab_env(&lab, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "%s/v1?a=b", lab_url(&lab));
	lab_env(&lab, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2-plain");
	expect("ROLE", "hunter2-s", "hunter2-t", "the container's role");
	lab_sent_target(&lab, 1, "GET", "/v1?a=b");
	lab_sent_header(&lab, 1, "authorization", "hunter2-plain");
	lab_env(&lab, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "%s",
		lab_file(&lab, "token", "hunter2-file\n"));
	expect("ROLE", "hunter2-s", "hunter2-t", "the container's role");
	lab_sent_header(&lab, 2, "authorization", "hunter2-file");
	lab_env(&lab, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/");
	expect_failure(MUSTER_E_USAGE, "https only");
	lab_close(&lab);
}

static void a_container_that_answers_nonsense_is_named(void **state)
{
	static const struct {
		struct scripted_reply reply;
		const char *reason;
		enum muster_code code;
	} cases[] = {
		{ OK("hunter2"), "the container's role: ", MUSTER_E_FORMAT },
		{ OK("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}"), "no session token",
		  MUSTER_E_FORMAT },
		{ { .status = 404, BODY("hunter2") }, "the server answers 404", MUSTER_E_IO },
		{ OK("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\",\"Token\":\"t\","
		     "\"Expiration\":\"2025-12-31T00:00:00Z\"}"),
		  "credentials that have expired", MUSTER_E_IO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct scripted_rule rules[] = { { .reply = cases[i].reply } };

		begin_container(rules, COUNT(rules));
		lab_env(&lab, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/1");
		expect_failure(cases[i].code, cases[i].reason);
		lab_close(&lab);
	}
}

/* --- machines -------------------------------------------------------------------------------- */

#define ROLES "/latest/meta-data/iam/security-credentials/"

static const struct scripted_rule machine[] = {
	{ .method = "PUT", .path = "/latest/api/token", .reply = OK("hunter2-imds") },
	{ .path = ROLES, .reply = OK("the-role\nanother\n") },
	{ .path = ROLES "the-role", .reply = OK("{\"Code\":\"Success\"," ROLE_KEYS) },
	{ .path = "/latest/meta-data/placement/region", .reply = OK("ap-south-1") },
};

static void begin_machine(const struct scripted_rule *rules, size_t count)
{
	lab_init(&lab);
	lab_open(&lab, rules, count);
	lab_env(&lab, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "%s/", lab_url(&lab));
}

static void a_machine_is_asked_in_version_2(void **state)
{
	struct aws_options options = { .effects = &lab.effects };
	struct aws_settings settings;

	(void)state;
	begin_machine(machine, COUNT(machine));
	expect("ROLE", "hunter2-s", "hunter2-t", "the machine's role");
	lab_sent_target(&lab, 0, "PUT", "/latest/api/token");
	lab_sent_header(&lab, 0, "x-aws-ec2-metadata-token-ttl-seconds", "21600");
	lab_sent_target(&lab, 1, "GET", ROLES);
	lab_sent_header(&lab, 1, "x-aws-ec2-metadata-token", "hunter2-imds");
	lab_sent_target(&lab, 2, "GET", ROLES "the-role");
	lab_sent_header(&lab, 2, "x-aws-ec2-metadata-token", "hunter2-imds");
	options.http = lab.http;
	assert_int_equal(aws_settings_load(&settings, &options, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&settings.region), VIEW_LITERAL("ap-south-1")));
	assert_false(settings.is_region_guessed);
	aws_settings_release(&settings);
	lab_env(&lab, "AWS_EC2_METADATA_DISABLED", "True");
	expect_failure(MUSTER_E_IO, "machine (AWS_EC2_METADATA_DISABLED)");
	lab_close(&lab);
}

static void a_machine_without_a_role_says_so(void **state)
{
	static const struct {
		struct scripted_reply token, roles, role;
		const char *reason;
	} cases[] = {
		{ OK("t"), { .status = 404 }, { .status = 404 }, "machine (it has no role)" },
		{ { .status = 403 },
		  { .status = 404 },
		  { .status = 404 },
		  "the machine's role: PUT 127.0.0.1:" },
		{ { .fault = SCRIPTED_CLOSE_BEFORE },
		  { .status = 404 },
		  { .status = 404 },
		  "machine (no IMDS)" },
		{ OK("t"), OK("the-role"), OK("{\"Code\":\"AssumeRoleUnauthorizedAccess\"}"),
		  "AssumeRoleUnauthorizedAccess" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct scripted_rule rules[] = {
			{ .method = "PUT", .reply = cases[i].token },
			{ .path = ROLES, .reply = cases[i].roles },
			{ .reply = cases[i].role },
		};

		begin_machine(rules, COUNT(rules));
		expect_failure(MUSTER_E_IO, cases[i].reason);
		lab_close(&lab);
	}
}

static void a_machine_that_does_not_answer_is_not_waited_for(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .reply = { .status = 200, .fault = SCRIPTED_HOLD_HEAD } },
	};

	(void)state;
	lab_init(&lab);
	lab_hurry(&lab);
	LAB_OPEN(&lab, rules);
	lab_env(&lab, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "%s", lab_url(&lab));
	expect_failure(MUSTER_E_IO, "its hop limit may be 1");
	scripted_release(lab.server);
	lab_close(&lab);
}

static void any_allocation_may_fail(void **state)
{
	bool was_hit = true;

	(void)state;
	begin_machine(machine, COUNT(machine));
	for (uint64_t n = 1; was_hit && torture_allocation(n); n++) {
		struct muster_error err = { 0 };
		struct keys *keys;
		enum muster_code code = open_default(&keys, &err);

		was_hit = torture_hit();
		torture_off();
		/* libcurl opens another connection, say, where memory for one is short */
		assert_true(code == MUSTER_OK || (was_hit && code == err.code));
		lab_is_discreet(&err);
		keys_close(keys);
	}
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_gives_keys_of_its_role),
		cmocka_unit_test(an_expired_login_is_renewed),
		cmocka_unit_test(a_container_is_asked_where_it_says),
		cmocka_unit_test(a_container_that_answers_nonsense_is_named),
		cmocka_unit_test(a_machine_is_asked_in_version_2),
		cmocka_unit_test(a_machine_without_a_role_says_so),
		cmocka_unit_test(a_machine_that_does_not_answer_is_not_waited_for),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
