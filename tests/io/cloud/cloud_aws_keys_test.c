/* Where AWS's credentials are found, in which order, and what is told where they are not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "io/cloud/aws_keys.h"
#include "tests/io/cloud/keys_lab.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BODY(text)   .body = (text), .body_len = sizeof(text) - 1
#define OK(text)                                                                                   \
	{                                                                                          \
		.status = 200, BODY(text)                                                          \
	}

static struct keys_lab lab;

static enum muster_code open_with(struct keys **out, const char *profile, struct muster_error *err)
{
	struct aws_options options = {
		.http = lab.http,
		.effects = &lab.effects,
		.profile = view_text(profile ? profile : ""),
		.container_url = lab_url(&lab),
	};

	return aws_keys_open(out, &options, err);
}

static struct keys *opened(const char *profile)
{
	struct muster_error err = { 0 };
	struct keys *keys;

	if (open_with(&keys, profile, &err))
		fail_msg("%s", err.message);
	return keys;
}

static void expect(const char *profile, const char *id, const char *secret, const char *token,
		   const char *source)
{
	struct keys *keys = opened(profile);

	lab_has_keys(keys, id, secret, token);
	assert_non_null(strstr(keys_source(keys), source));
	keys_close(keys);
}

static void expect_failure(const char *profile, enum muster_code code, const char *reason)
{
	struct muster_error err = { 0 };
	struct keys *keys;

	assert_int_equal(open_with(&keys, profile, &err), code);
	assert_null(keys);
	if (!strstr(err.message, reason))
		fail_msg("no '%s' in '%s'", reason, err.message);
	lab_is_discreet(&err);
}

/* No machine answers: tests of other sources do not wait for one. */
static void begin(const struct scripted_rule *rules, size_t count)
{
	lab_init(&lab);
	lab_open(&lab, rules, count);
	lab_env(&lab, "AWS_EC2_METADATA_DISABLED", "true");
}

/* --- files and variables --------------------------------------------------------------------- */

static void write_files(void)
{
	lab_file(&lab, ".aws/credentials",
		 "[default]\naws_access_key_id = SHARED\naws_secret_access_key = hunter2-s\n"
		 "[temporary]\naws_access_key_id=TEMP\naws_secret_access_key=hunter2-t\n"
		 "aws_session_token=hunter2-token\n"
		 "[half]\naws_access_key_id=HALF\n"
		 "[both]\naws_access_key_id=BOTH\naws_secret_access_key=hunter2-b\n");
	lab_file(&lab, ".aws/config",
		 "[default]\nregion = eu-west-1\n"
		 "[profile config]\naws_access_key_id = CONFIG\naws_secret_access_key = hunter2-c\n"
		 "[profile both]\ncredential_process = /no/such/program\n"
		 "[profile empty]\nregion = eu-west-3\n");
}

static void keys_come_from_environment_and_files_in_order(void **state)
{
	(void)state;
	begin(NULL, 0);
	write_files();
	expect(NULL, "SHARED", "hunter2-s", NULL, "profile 'default' of ");
	expect("temporary", "TEMP", "hunter2-t", "hunter2-token", "profile 'temporary' of ");
	expect("config", "CONFIG", "hunter2-c", NULL, "/.aws/config");
	expect("both", "BOTH", "hunter2-b", NULL, "/.aws/credentials");
	lab_env(&lab, "AWS_PROFILE", "temporary");
	expect(NULL, "TEMP", "hunter2-t", "hunter2-token", "temporary");
	lab_env(&lab, "AWS_DEFAULT_PROFILE", "config");
	expect(NULL, "CONFIG", "hunter2-c", NULL, "config");
	lab_env(&lab, "AWS_ACCESS_KEY_ID", "ENV");
	expect_failure(NULL, MUSTER_E_USAGE, "AWS_SECRET_ACCESS_KEY is not");
	lab_env(&lab, "AWS_SECRET_ACCESS_KEY", "hunter2-e");
	expect(NULL, "ENV", "hunter2-e", NULL, "environment");
	lab_env(&lab, "AWS_SESSION_TOKEN", "hunter2-et");
	expect(NULL, "ENV", "hunter2-e", "hunter2-et", "environment");
	expect("temporary", "TEMP", "hunter2-t", "hunter2-token", "temporary"); /* an option */
	lab_env(&lab, "AWS_SHARED_CREDENTIALS_FILE", "%s",
		lab_file(&lab, "other",
			 "[default]\naws_access_key_id=OTHER\n"
			 "aws_secret_access_key=hunter2\n"));
	expect("default", "OTHER", LAB_SECRET, NULL, "/other");
	lab_close(&lab);
}

static void what_is_wrong_with_a_profile_is_told(void **state)
{
	(void)state;
	begin(NULL, 0);
	write_files();
	expect_failure("nobody", MUSTER_E_NAME, "profile 'nobody' is neither in '");
	expect_failure("half", MUSTER_E_USAGE, "no aws_secret_access_key");
	lab_file(&lab, ".aws/credentials", "[default]\nhunter2\n");
	expect_failure(NULL, MUSTER_E_FORMAT, "/.aws/credentials': line 2: no '='");
	lab_close(&lab);
}

static void where_there_are_none_all_sources_are_named(void **state)
{
	static const char *const parts[] = {
		"no AWS credentials: environment (no AWS_ACCESS_KEY_ID)",
		"role (no role_arn)",
		"web identity (no token file)",
		"SSO (no sso_account_id)",
		"credentials file (no key)",
		"credential_process (none)",
		"config file (no key)",
		"container (no AWS_CONTAINER_CREDENTIALS_",
		"machine (AWS_EC2_METADATA_DISABLED)",
	};
	struct muster_error err = { 0 };
	struct keys *keys;

	(void)state;
	begin(NULL, 0);
	write_files();
	assert_int_equal(open_with(&keys, "empty", &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "environment (a profile is named)"));
	lab_file(&lab, ".aws/credentials", "%s", "");
	assert_int_equal(open_with(&keys, NULL, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EACCES);
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (!strstr(err.message, parts[i]))
			fail_msg("no '%s' in '%s'", parts[i], err.message);
	}
	lab_close(&lab);
}

static void nobody_signs_where_that_is_asked_for(void **state)
{
	struct aws_options options = { .is_anonymous = true };
	struct key_set set;
	struct keys *keys;

	(void)state;
	assert_int_equal(aws_keys_open(&keys, &options, NULL), MUSTER_OK);
	assert_int_equal(keys_get(keys, &set, NULL), MUSTER_OK);
	assert_true(set.is_anonymous);
	assert_int_equal(set.id.len, 0);
	key_set_release(&set);
	keys_close(keys);
}

/* --- processes ------------------------------------------------------------------------------- */

static void a_process_gives_keys_as_json(void **state)
{
	static const struct {
		const char *script, *reason;
		enum muster_code code;
	} cases[] = {
		{ "exit 2", "credential_process of profile 'p': '/", MUSTER_E_IO },
		{ "echo hunter2 >&2; exit 2", "ended with status 2", MUSTER_E_IO },
		{ "echo hunter2", "credential_process of profile 'p': ", MUSTER_E_FORMAT },
		{ "echo '{\"Version\":2,\"SecretAccessKey\":\"hunter2\"}'", "version 1",
		  MUSTER_E_FORMAT },
	};
	char program[512];

	(void)state;
	begin(NULL, 0);
	snprintf(program, sizeof(program), "%s",
		 lab_file(&lab, "a program",
			  "#!/bin/sh\necho \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"$1\\\","
			  "\\\"SecretAccessKey\\\":\\\"$2\\\"}\"\n"));
	lab_file(&lab, ".aws/config", "[profile p]\ncredential_process = \"%s\" 'A B' hunter2\n",
		 program);
	expect("p", "A B", LAB_SECRET, NULL, "credential_process of profile 'p'");
	for (size_t i = 0; i < COUNT(cases); i++) {
		lab_file(&lab, "a program", "#!/bin/sh\n%s\n", cases[i].script);
		expect_failure("p", cases[i].code, cases[i].reason);
	}
	lab_file(&lab, ".aws/config", "[profile p]\ncredential_process = /no/such hunter2\n");
	expect_failure("p", MUSTER_E_USAGE, "no program '/no/such'");
	lab_file(&lab, ".aws/config", "[profile p]\ncredential_process = 'hunter2\n");
	expect_failure("p", MUSTER_E_USAGE, "does not end");
	lab_file(&lab, ".aws/config", "[profile p]\nlogin_session = hunter2\n");
	expect_failure("p", MUSTER_E_UNSUPPORTED, "profile 'p' has a login_session");
	lab_close(&lab);
}

/* --- STS ------------------------------------------------------------------------------------- */

#define STS(kind, id)                                                                              \
	"<" kind "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" kind             \
	"Result><Credentials><AccessKeyId>" id                                                     \
	"</AccessKeyId><SecretAccessKey>hunter2-s</SecretAccessKey><SessionToken>hunter2-t"        \
	"</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></" kind        \
	"Result></" kind "Response>"

static const char keys_of_user[] =
	"[user]\naws_access_key_id=USER\naws_secret_access_key=hunter2-u\n"
	"aws_session_token=hunter2-ut\n"
	"[self]\naws_access_key_id=SELF\naws_secret_access_key=hunter2-f\n";

static void begin_sts(const struct scripted_rule *rules, size_t count)
{
	begin(rules, count);
	lab_env(&lab, "AWS_ENDPOINT_URL_STS", "%s", lab_url(&lab));
	lab_file(&lab, ".aws/credentials", "%s", keys_of_user);
}

static void a_role_is_taken_with_the_keys_of_another_profile(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = OK(STS("AssumeRole", "ROLE")) } };
	char value[512];

	(void)state;
	begin_sts(rules, COUNT(rules));
	lab_file(&lab, ".aws/config",
		 "[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = user\n"
		 "external_id = x y\nduration_seconds = 900\nregion = eu-west-1\n"
		 "[profile self]\nrole_arn = arn:self\nsource_profile = self\n"
		 "role_session_name = me\n");
	expect("r", "ROLE", "hunter2-s", "hunter2-t", "role_arn of profile 'r'");
	lab_sent_target(&lab, 0, "POST", "/");
	lab_sent_header(&lab, 0, "content-type", "application/x-www-form-urlencoded");
	lab_sent_header(&lab, 0, "x-amz-date", "20260101T000000Z");
	lab_sent_header(&lab, 0, "x-amz-security-token", "hunter2-ut");
	assert_true(scripted_header(scripted_request_at(lab.server, 0), "authorization", value,
				    sizeof(value)));
	assert_non_null(strstr(value, "AWS4-HMAC-SHA256 Credential=USER/20260101/eu-west-1/sts/"
				      "aws4_request"));
	lab_sent_body(&lab, 0, "Action=AssumeRole&");
	lab_sent_body(&lab, 0, "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr");
	lab_sent_body(&lab, 0, "ExternalId=x%20y");
	lab_sent_body(&lab, 0, "DurationSeconds=900");
	lab_sent_body(&lab, 0, "RoleSessionName=muster-session-1767225600");
	expect("self", "ROLE", "hunter2-s", "hunter2-t", "self");
	lab_sent_header(&lab, 1, "x-amz-security-token", NULL);
	lab_sent_body(&lab, 1, "RoleSessionName=me");
	lab_close(&lab);
}

static void roles_are_taken_with_roles(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 1, .reply = OK(STS("AssumeRole", "FIRST")) },
		{ .reply = OK(STS("AssumeRole", "SECOND")) },
	};
	char value[512];

	(void)state;
	begin_sts(rules, COUNT(rules));
	lab_file(&lab, ".aws/config",
		 "[profile b]\nrole_arn = arn:b\nsource_profile = a\n"
		 "[profile a]\nrole_arn = arn:a\nsource_profile = user\n"
		 "[profile x]\nrole_arn = arn:x\nsource_profile = y\n"
		 "[profile y]\nrole_arn = arn:y\nsource_profile = x\n");
	expect("b", "SECOND", "hunter2-s", "hunter2-t", "profile 'b'");
	lab_sent_body(&lab, 0, "RoleArn=arn%3Aa&");
	lab_sent_body(&lab, 1, "RoleArn=arn%3Ab&");
	assert_true(scripted_header(scripted_request_at(lab.server, 1), "authorization", value,
				    sizeof(value)));
	assert_non_null(strstr(value, "Credential=FIRST/"));
	expect_failure("x", MUSTER_E_USAGE, "more than 5 roles");
	lab_close(&lab);
}

static void a_role_may_use_the_environment(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = OK(STS("AssumeRole", "ROLE")) } };

	(void)state;
	begin_sts(rules, COUNT(rules));
	lab_file(&lab, ".aws/config",
		 "[profile r]\nrole_arn = arn:r\ncredential_source = Environment\n"
		 "[profile m]\nrole_arn = arn:r\ncredential_source = Ec2InstanceMetadata\n"
		 "[profile w]\nrole_arn = arn:r\ncredential_source = hunter3\n"
		 "[profile n]\nrole_arn = arn:r\n"
		 "[profile e]\nrole_arn = arn:r\nsource_profile = p\n[profile p]\nregion = a\n"
		 "[profile d]\nrole_arn = arn:r\nsource_profile = user\nmfa_serial = s\n");
	expect_failure("r", MUSTER_E_IO, "credential_source Environment has no keys");
	expect_failure("m", MUSTER_E_IO, "credential_source Ec2InstanceMetadata has no keys");
	expect_failure("w", MUSTER_E_USAGE, "credential_source 'hunter3' is not known");
	expect_failure("n", MUSTER_E_USAGE, "either source_profile or credential_source");
	expect_failure("e", MUSTER_E_IO, "source_profile 'p' has no credentials");
	expect_failure("d", MUSTER_E_UNSUPPORTED, "mfa_serial");
	lab_env(&lab, "AWS_ACCESS_KEY_ID", "ENV");
	lab_env(&lab, "AWS_SECRET_ACCESS_KEY", LAB_SECRET);
	expect("r", "ROLE", "hunter2-s", "hunter2-t", "profile 'r'");
	assert_int_equal(scripted_request_count(lab.server), 1);
	lab_close(&lab);
}

static void a_refused_role_names_the_word_of_the_server(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .reply = { .status = 403,
			     BODY("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied"
				  "</Code><Message>User is not authorized</Message></Error>"
				  "</ErrorResponse>") } },
	};

	(void)state;
	begin_sts(rules, COUNT(rules));
	lab_file(&lab, ".aws/config", "[profile r]\nrole_arn = arn:r\nsource_profile = user\n");
	expect_failure("r", MUSTER_E_IO, "403: AccessDenied: User is not authorized");
	expect_failure("r", MUSTER_E_IO, "role of profile 'r': POST 127.0.0.1:");
	lab_close(&lab);
}

static void a_web_identity_is_read_anew_each_time(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 2, .reply = OK(STS("AssumeRoleWithWebIdentity", "WEB")) },
		{ .reply = OK(STS("AssumeRoleWithWebIdentity", "NEXT")) },
	};
	struct keys *keys;
	struct key_set set;

	(void)state;
	begin_sts(rules, COUNT(rules));
	lab_env(&lab, "AWS_WEB_IDENTITY_TOKEN_FILE", "%s", lab_file(&lab, "jwt", "hunter2-1\n"));
	expect_failure(NULL, MUSTER_E_USAGE, "AWS_ROLE_ARN");
	lab_env(&lab, "AWS_ROLE_ARN", "arn:w");
	lab_env(&lab, "AWS_ROLE_SESSION_NAME", "me");
	expect(NULL, "WEB", "hunter2-s", "hunter2-t", "web identity of ");
	lab_sent_body(&lab, 0, "Action=AssumeRoleWithWebIdentity&");
	lab_sent_body(&lab, 0, "WebIdentityToken=hunter2-1");
	lab_sent_body(&lab, 0, "RoleSessionName=me");
	lab_sent_header(&lab, 0, "authorization", NULL);

	keys = opened(NULL);
	lab_file(&lab, "jwt", "hunter2-2");
	atomic_fetch_add(&lab.wall_ns, 46 * 60 * LAB_S);
	atomic_fetch_add(&lab.boot_ns, 46 * 60 * LAB_S);
	keys_wake(keys);
	scripted_await_requests(lab.server, 3);
	lab_sent_body(&lab, 2, "WebIdentityToken=hunter2-2");
	for (bool is_next = false; !is_next; sched_yield()) {
		assert_int_equal(keys_get(keys, &set, NULL), MUSTER_OK);
		is_next = view_equal(bytes_view(&set.id), VIEW_LITERAL("NEXT"));
		key_set_release(&set);
	}
	keys_close(keys);

	lab_env(&lab, "AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such");
	expect_failure(NULL, MUSTER_E_IO, "web identity: open '/no/such'");
	lab_env_clear(&lab);
	lab_env(&lab, "AWS_ENDPOINT_URL_STS", "%s", lab_url(&lab));
	lab_file(&lab, ".aws/config",
		 "[profile w]\nrole_arn = arn:p\nweb_identity_token_file = ~/jwt\n");
	expect("w", "NEXT", "hunter2-s", "hunter2-t", "web identity of ~/jwt");
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_come_from_environment_and_files_in_order),
		cmocka_unit_test(what_is_wrong_with_a_profile_is_told),
		cmocka_unit_test(where_there_are_none_all_sources_are_named),
		cmocka_unit_test(nobody_signs_where_that_is_asked_for),
		cmocka_unit_test(a_process_gives_keys_as_json),
		cmocka_unit_test(a_role_is_taken_with_the_keys_of_another_profile),
		cmocka_unit_test(roles_are_taken_with_roles),
		cmocka_unit_test(a_role_may_use_the_environment),
		cmocka_unit_test(a_refused_role_names_the_word_of_the_server),
		cmocka_unit_test(a_web_identity_is_read_anew_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
