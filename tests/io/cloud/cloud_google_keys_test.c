/* Where Google's credentials are found, and how each kind of file becomes a token. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "io/cloud/google_keys.h"
#include "tests/io/cloud/keys_lab.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BODY(text)   .body = (text), .body_len = sizeof(text) - 1
#define OK(text)                                                                                   \
	{                                                                                          \
		.status = 200, BODY(text)                                                          \
	}
#define TOKEN(token)                                                                               \
	"{\"access_token\":\"" token "\",\"expires_in\":3600,\"token_type\":\"Bearer\"}"

static struct keys_lab lab;
static char pem[2 * 2048 + 1]; /* as JSON has it: "\n" for line ends */

static enum muster_code open_keys(struct keys **out, struct muster_error *err)
{
	struct google_options options = { .http = lab.http, .effects = &lab.effects };

	return google_keys_open(out, &options, err);
}

static void expect(const char *token, const char *source)
{
	struct muster_error err = { 0 };
	struct keys *keys;

	if (open_keys(&keys, &err))
		fail_msg("%s", err.message);
	lab_has_keys(keys, NULL, NULL, token);
	assert_non_null(strstr(keys_source(keys), source));
	keys_close(keys);
}

static void expect_failure(enum muster_code code, const char *reason)
{
	struct muster_error err = { 0 };
	struct keys *keys;

	assert_int_equal(open_keys(&keys, &err), code);
	assert_null(keys);
	if (!strstr(err.message, reason))
		fail_msg("no '%s' in '%s'", reason, err.message);
	lab_is_discreet(&err);
}

static void begin(const struct scripted_rule *rules, size_t count)
{
	lab_init(&lab);
	lab_open(&lab, rules, count);
	lab_env(&lab, "NO_GCE_CHECK", "true");
}

static void use_file(const char *text)
{
	lab_env(&lab, "GOOGLE_APPLICATION_CREDENTIALS", "%s",
		lab_file(&lab, "key.json", "%s", text));
}

static const char *user_file(const char *refresh_token)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		 "{\"type\":\"authorized_user\",\"client_id\":\"client\",\"client_secret\":"
		 "\"hunter2-c\",\"refresh_token\":\"%s\",\"token_uri\":\"%s/token\","
		 "\"quota_project_id\":\"payer\"}",
		 refresh_token, lab_url(&lab));
	return text;
}

/* --- kinds of files -------------------------------------------------------------------------- */

static void a_service_account_signs_for_its_token(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = OK(TOKEN("hunter2-token")) } };
	char text[8192];

	(void)state;
	begin(rules, COUNT(rules));
	snprintf(text, sizeof(text),
		 "{\"type\":\"service_account\",\"project_id\":\"p\",\"private_key_id\":"
		 "\"0123abcd\","
		 "\"private_key\":\"%s\",\"client_email\":\"sa@p.iam.gserviceaccount.com\","
		 "\"token_uri\":\"%s/token\"}",
		 pem, lab_url(&lab));
	use_file(text);
	expect("hunter2-token", "/key.json");
	lab_sent_target(&lab, 0, "POST", "/token");
	lab_sent_header(&lab, 0, "content-type", "application/x-www-form-urlencoded");
	lab_sent_body(&lab, 0, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
	/* {"alg":"RS256","typ":"JWT","kid":"0123abcd"} */
	lab_sent_body(&lab, 0,
		      "assertion=eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjAxMjNhYmNkIn0.");
	use_file("{\"type\":\"service_account\",\"private_key\":\"hunter2\",\"client_email\":"
		 "\"e\"}");
	expect_failure(MUSTER_E_FORMAT, "/key.json': ");
	lab_close(&lab);
}

static void a_login_of_gcloud_is_renewed_by_its_refresh_token(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 2, .reply = OK(TOKEN("hunter2-token")) },
		{ .reply = { .status = 400,
			     BODY("{\"error\":\"invalid_grant\",\"error_description\":"
				  "\"Token has been expired or revoked.\"}") } },
	};

	(void)state;
	begin(rules, COUNT(rules));
	lab_file(&lab, ".config/gcloud/application_default_credentials.json", "%s",
		 user_file("hunter2-r"));
	expect("hunter2-token", "/.config/gcloud/application_default_credentials.json");
	lab_sent_body(&lab, 0, "grant_type=refresh_token");
	lab_sent_body(&lab, 0, "client_id=client");
	lab_sent_body(&lab, 0, "client_secret=hunter2-c");
	lab_sent_body(&lab, 0, "refresh_token=hunter2-r");
	lab_file(&lab, "sdk/application_default_credentials.json", "%s", user_file("hunter2-s"));
	lab_env(&lab, "CLOUDSDK_CONFIG", "%s/sdk", lab.home);
	expect("hunter2-token", "/sdk/application_default_credentials.json");
	lab_sent_body(&lab, 1, "refresh_token=hunter2-s");
	expect_failure(MUSTER_E_IO, "400: invalid_grant: Token has been expired or revoked");
	lab_close(&lab);
}

static const char *external_file(const char *source, const char *more)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "{\"type\":\"external_account\",\"audience\":\"//iam/x\",\"subject_token_type\":"
		 "\"urn:jwt\",\"token_url\":\"%s/sts\",\"credential_source\":{%s}%s}",
		 lab_url(&lab), source, more);
	return text;
}

static void an_external_account_exchanges_its_subject_token(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .path = "/sts", .reply = OK(TOKEN("hunter2-token")) },
		{ .path = "/subject", .reply = OK("{\"id_token\":\"hunter2-url\"}") },
		{ .path = "/sa@p:generateAccessToken",
		  .reply = OK("{\"accessToken\":\"hunter2-other\",\"expireTime\":"
			      "\"2026-01-01T01:00:00Z\"}") },
	};
	char source[512], more[512];

	(void)state;
	begin(rules, COUNT(rules));
	snprintf(source, sizeof(source), "\"file\":\"%s\"", lab_file(&lab, "jwt", "hunter2-f\n"));
	use_file(external_file(source, ""));
	expect("hunter2-token", "/key.json");
	lab_sent_body(&lab, 0, "subject_token=hunter2-f");
	lab_sent_body(&lab, 0, "audience=%2F%2Fiam%2Fx");
	lab_sent_body(&lab, 0, "devstorage.read_write");

	snprintf(source, sizeof(source),
		 "\"url\":\"%s/subject\",\"format\":{\"type\":\"json\","
		 "\"subject_token_field_name\":\"id_token\"}",
		 lab_url(&lab));
	snprintf(more, sizeof(more),
		 ",\"service_account_impersonation_url\":\"%s/sa@p:generateAccessToken\"",
		 lab_url(&lab));
	use_file(external_file(source, more));
	expect("hunter2-other", "/key.json");
	lab_sent_target(&lab, 1, "GET", "/subject");
	lab_sent_body(&lab, 2, "subject_token=hunter2-url");
	lab_sent_body(&lab, 2, "cloud-platform");
	lab_sent_target(&lab, 3, "POST", "/sa@p:generateAccessToken");
	lab_sent_header(&lab, 3, "authorization", "Bearer hunter2-token");
	lab_sent_body(&lab, 3, "devstorage.read_write");

	snprintf(source, sizeof(source),
		 "\"url\":\"%s/subject\",\"format\":{\"type\":\"json\","
		 "\"subject_token_field_name\":\"token\"}",
		 lab_url(&lab));
	use_file(external_file(source, ""));
	expect_failure(MUSTER_E_FORMAT, "subject token: the subject token's source has no 'token'");
	use_file(external_file("\"file\":\"/no/such\"", ""));
	expect_failure(MUSTER_E_IO, "subject token: open '/no/such'");
	lab_close(&lab);
}

static void an_impersonated_account_uses_its_source(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .path = "/token", .reply = OK(TOKEN("hunter2-token")) },
		{ .path = "/sa@p:generateAccessToken",
		  .count = 1,
		  .reply = OK("{\"accessToken\":\"hunter2-other\",\"expireTime\":"
			      "\"2026-01-01T01:00:00Z\"}") },
		{ .path = "/sa@p:generateAccessToken",
		  .reply = { .status = 403,
			     BODY("{\"error\":{\"code\":403,\"message\":\"Permission denied\","
				  "\"status\":\"PERMISSION_DENIED\"}}") } },
	};
	char text[2048];

	(void)state;
	begin(rules, COUNT(rules));
	snprintf(text, sizeof(text),
		 "{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":"
		 "\"%s/sa@p:generateAccessToken\",\"source_credentials\":%s}",
		 lab_url(&lab), user_file("hunter2-r"));
	use_file(text);
	expect("hunter2-other", "/key.json");
	lab_sent_header(&lab, 1, "authorization", "Bearer hunter2-token");
	expect_failure(MUSTER_E_IO, "impersonate: POST 127.0.0.1:");
	expect_failure(MUSTER_E_IO, "403: PERMISSION_DENIED: Permission denied");
	lab_close(&lab);
}

static void secrets_are_not_sent_in_the_clear(void **state)
{
	(void)state;
	begin(NULL, 0);
	use_file("{\"type\":\"authorized_user\",\"client_id\":\"c\",\"client_secret\":\"hunter2\","
		 "\"refresh_token\":\"hunter2\",\"token_uri\":\"http://example.com/token\"}");
	expect_failure(MUSTER_E_USAGE, "'example.com' over https only");
	lab_close(&lab);
}

static void malformed_answers_are_told_without_them(void **state)
{
	static const char *const answers[] = { "hunter2", "{\"access_token\":\"hunter2\"}", "{}",
					       "" };

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct scripted_rule rules[] = {
			{ .reply = { .status = 200,
				     .body = answers[i],
				     .body_len = strlen(answers[i]) } },
		};

		begin(rules, COUNT(rules));
		use_file(user_file("hunter2-r"));
		expect_failure(MUSTER_E_FORMAT, "/key.json': ");
		lab_close(&lab);
	}
}

/* --- places ---------------------------------------------------------------------------------- */

static void a_machine_is_asked_and_must_prove_what_it_is(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 1,
		  .reply = { .status = 200,
			     .headers = "Metadata-Flavor: Google\r\n",
			     BODY(TOKEN("hunter2-m")) } },
		{ .count = 2, .reply = OK(TOKEN("hunter2-stranger")) },
		{ .reply = { .fault = SCRIPTED_CLOSE_BEFORE } },
	};

	(void)state;
	begin(rules, COUNT(rules));
	lab_env(&lab, "GCE_METADATA_HOST", "%s", lab_url(&lab) + strlen("http://"));
	expect("hunter2-m", "the machine's service account");
	lab_sent_target(&lab, 0, "GET",
			"/computeMetadata/v1/instance/service-accounts/default/token");
	lab_sent_header(&lab, 0, "metadata-flavor", "Google");
	expect_failure(MUSTER_E_IO, "no metadata server: its Metadata-Flavor is missing");
	lab_close(&lab);
}

static void where_there_are_none_all_places_are_named(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .reply = { .fault = SCRIPTED_CLOSE_BEFORE } },
	};

	(void)state;
	begin(rules, COUNT(rules));
	expect_failure(MUSTER_E_IO, "no Google credentials: GOOGLE_APPLICATION_CREDENTIALS (is not "
				    "set), gcloud (no '/");
	expect_failure(MUSTER_E_IO,
		       "gcloud auth application-default login), machine (NO_GCE_CHECK)");
	lab_env(&lab, "GCE_METADATA_HOST", "%s", lab_url(&lab) + strlen("http://"));
	expect_failure(MUSTER_E_IO, "machine (no metadata server)");
	lab_env(&lab, "GOOGLE_APPLICATION_CREDENTIALS", "/no/such");
	expect_failure(MUSTER_E_IO, "open '/no/such': No such file or directory");
	lab_close(&lab);
}

static void an_emulator_wants_no_credentials(void **state)
{
	struct google_options options = { .effects = &lab.effects };
	struct google_settings settings;
	struct key_set set;
	struct keys *keys;

	(void)state;
	begin(NULL, 0);
	use_file("hunter2");
	lab_env(&lab, "STORAGE_EMULATOR_HOST", "localhost:4443");
	assert_int_equal(open_keys(&keys, NULL), MUSTER_OK);
	assert_int_equal(keys_get(keys, &set, NULL), MUSTER_OK);
	assert_true(set.is_anonymous);
	key_set_release(&set);
	keys_close(keys);
	assert_int_equal(google_settings_load(&settings, &options, NULL), MUSTER_OK);
	assert_true(settings.is_emulator);
	assert_true(
		view_equal(bytes_view(&settings.endpoint), VIEW_LITERAL("http://localhost:4443")));
	google_settings_release(&settings);
	lab_close(&lab);
}

static void who_pays_is_said_by_variable_or_file(void **state)
{
	struct google_options options = { .effects = &lab.effects };
	struct google_settings settings;

	(void)state;
	begin(NULL, 0);
	assert_int_equal(google_settings_load(&settings, &options, NULL), MUSTER_OK);
	assert_int_equal(settings.quota_project.len, 0);
	assert_true(view_equal(bytes_view(&settings.endpoint),
			       VIEW_LITERAL("https://storage.googleapis.com")));
	google_settings_release(&settings);
	use_file(user_file("r"));
	assert_int_equal(google_settings_load(&settings, &options, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&settings.quota_project), VIEW_LITERAL("payer")));
	google_settings_release(&settings);
	lab_env(&lab, "GOOGLE_CLOUD_QUOTA_PROJECT", "other");
	assert_int_equal(google_settings_load(&settings, &options, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&settings.quota_project), VIEW_LITERAL("other")));
	google_settings_release(&settings);
	lab_close(&lab);
}

static void any_allocation_may_fail(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = OK(TOKEN("hunter2-token")) } };
	bool was_hit = true;

	(void)state;
	begin(rules, COUNT(rules));
	use_file(user_file("hunter2-r"));
	for (uint64_t n = 1; was_hit && torture_allocation(n); n++) {
		struct muster_error err = { 0 };
		struct keys *keys;
		enum muster_code code = open_keys(&keys, &err);

		was_hit = torture_hit();
		torture_off();
		assert_true(code == MUSTER_OK || (was_hit && code == err.code));
		lab_is_discreet(&err);
		keys_close(keys);
	}
	lab_close(&lab);
}

/* A PEM file as a JSON string. */
static int read_pem(const char *path)
{
	FILE *file = fopen(path, "r");
	char text[2048];
	size_t len, to = 0;

	if (!file)
		return -1;
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	for (size_t at = 0; at < len; at++) {
		if (text[at] == '\n') {
			pem[to++] = '\\';
			pem[to++] = 'n';
		} else {
			pem[to++] = text[at];
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_account_signs_for_its_token),
		cmocka_unit_test(a_login_of_gcloud_is_renewed_by_its_refresh_token),
		cmocka_unit_test(an_external_account_exchanges_its_subject_token),
		cmocka_unit_test(an_impersonated_account_uses_its_source),
		cmocka_unit_test(secrets_are_not_sent_in_the_clear),
		cmocka_unit_test(malformed_answers_are_told_without_them),
		cmocka_unit_test(a_machine_is_asked_and_must_prove_what_it_is),
		cmocka_unit_test(where_there_are_none_all_places_are_named),
		cmocka_unit_test(an_emulator_wants_no_credentials),
		cmocka_unit_test(who_pays_is_said_by_variable_or_file),
		cmocka_unit_test(any_allocation_may_fail),
	};

	if (argc != 2 || read_pem(argv[1])) {
		fprintf(stderr, "usage: cloud_google_keys_test KEY.pem\n");
		return 2;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
