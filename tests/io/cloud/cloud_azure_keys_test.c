/* Where Azure's credentials are found, for which account, and in which order. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/cloud/azure_keys.h"
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

static enum muster_code open_keys(struct keys **out, const char *account, struct muster_error *err)
{
	struct azure_options options = {
		.http = lab.http,
		.effects = &lab.effects,
		.account = view_text(account),
		.machine_url = lab_url(&lab),
	};

	return azure_keys_open(out, &options, err);
}

static void expect(const char *account, const char *secret, const char *token, bool is_sas,
		   const char *source)
{
	struct muster_error err = { 0 };
	struct key_set set;
	struct keys *keys;

	if (open_keys(&keys, account, &err))
		fail_msg("%s", err.message);
	lab_has_keys(keys, account, secret, token);
	assert_string_equal(keys_source(keys), source);
	assert_int_equal(keys_get(keys, &set, NULL), MUSTER_OK);
	assert_int_equal(set.is_sas, is_sas);
	key_set_release(&set);
	keys_close(keys);
}

static void expect_failure(const char *account, enum muster_code code, const char *reason)
{
	struct muster_error err = { 0 };
	struct keys *keys;

	assert_int_equal(open_keys(&keys, account, &err), code);
	assert_null(keys);
	if (!strstr(err.message, reason))
		fail_msg("no '%s' in '%s'", reason, err.message);
	lab_is_discreet(&err);
}

/* Of the real environment: where `az` is looked for. */
static void use_path(const char *dir)
{
	char path[512];

	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", dir);
	setenv("PATH", path, 1);
}

/* No machine and no program answers. */
static void begin(const struct scripted_rule *rules, size_t count)
{
	setenv("PATH", "/nonexistent", 1);
	lab_init(&lab);
	lab_open(&lab, rules, count);
	lab_file(&lab, "bin/az", "#!/bin/sh\necho hunter2 >&2\nexit 1\n");
}

static const struct scripted_rule nobody[] = { { .reply = { .fault = SCRIPTED_CLOSE_BEFORE } } };

/* --- the account's own ----------------------------------------------------------------------- */

/* base64 of LAB_SECRET */
#define KEY "aHVudGVyMg=="

static void keys_of_the_account_come_in_order(void **state)
{
	(void)state;
	begin(nobody, COUNT(nobody));
	lab_env(&lab, "AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=hunter2");
	expect("acme", NULL, "?sv=1&sig=hunter2", true, "AZURE_STORAGE_SAS_TOKEN");
	lab_env(&lab, "AZURE_STORAGE_ACCESS_KEY", KEY);
	expect("acme", LAB_SECRET, NULL, false, "AZURE_STORAGE_ACCESS_KEY");
	lab_env(&lab, "AZURE_STORAGE_KEY", KEY);
	expect("acme", LAB_SECRET, NULL, false, "AZURE_STORAGE_KEY");
	lab_env(&lab, "AZURE_STORAGE_CONNECTION_STRING", "AccountName=acme;AccountKey=" KEY);
	expect("acme", LAB_SECRET, NULL, false, "AZURE_STORAGE_CONNECTION_STRING");
	lab_env(&lab, "AZURE_STORAGE_CONNECTION_STRING",
		"BlobEndpoint=https://x;SharedAccessSignature=sig=hunter2-s");
	expect("acme", NULL, "sig=hunter2-s", true, "AZURE_STORAGE_CONNECTION_STRING");
	lab_env(&lab, "AZURE_STORAGE_CONNECTION_STRING", "AccountName=acme;AccountKey=hunter2!");
	expect_failure("acme", MUSTER_E_FORMAT, "AZURE_STORAGE_CONNECTION_STRING: ");
	lab_env(&lab, "AZURE_STORAGE_CONNECTION_STRING", "hunter2");
	expect_failure("acme", MUSTER_E_USAGE, "AZURE_STORAGE_CONNECTION_STRING: ");
	lab_close(&lab);
}

static void keys_of_another_account_are_passed_over(void **state)
{
	static const char *const parts[] = {
		"no Azure credentials: connection string (is of another account)",
		"account key (is of another account)",
		"SAS (is of another account)",
		"emulator (another account)",
		"client secret (no AZURE_CLIENT_SECRET)",
		"workload identity (no AZURE_FEDERATED_TOKEN_FILE)",
		"App Service (no IDENTITY_ENDPOINT)",
		"machine (no IMDS)",
		"az (no such program)",
	};
	struct muster_error err = { 0 };
	struct keys *keys;

	(void)state;
	begin(nobody, COUNT(nobody));
	lab_env(&lab, "AZURE_STORAGE_CONNECTION_STRING", "AccountName=other;AccountKey=" KEY);
	lab_env(&lab, "AZURE_STORAGE_ACCOUNT", "other");
	lab_env(&lab, "AZURE_STORAGE_KEY", KEY);
	lab_env(&lab, "AZURE_STORAGE_SAS_TOKEN", "sig=hunter2");
	assert_int_equal(open_keys(&keys, "acme", &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EACCES);
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (!strstr(err.message, parts[i]))
			fail_msg("no '%s' in '%s'", parts[i], err.message);
	}
	lab_is_discreet(&err);
	lab_env(&lab, "AZURE_STORAGE_AUTH_MODE", "login");
	expect_failure("other", MUSTER_E_IO, "account key (AZURE_STORAGE_AUTH_MODE is login)");
	lab_close(&lab);
}

static void the_emulators_account_needs_nothing(void **state)
{
	struct key_set set;
	struct keys *keys;

	(void)state;
	begin(nobody, COUNT(nobody));
	assert_int_equal(open_keys(&keys, "devstoreaccount1", NULL), MUSTER_OK);
	assert_int_equal(keys_get(keys, &set, NULL), MUSTER_OK);
	assert_int_equal(secret_reveal(&set.secret).secret_len, 64);
	key_set_release(&set);
	keys_close(keys);
	lab_close(&lab);
}

static void account_and_endpoint_have_an_order(void **state)
{
	static const struct {
		const char *connection, *variable, *service, *option, *url;
		const char *account, *endpoint;
		bool is_emulator;
	} cases[] = {
		{ .option = "acme",
		  .account = "acme",
		  .endpoint = "https://acme.blob.core.windows.net" },
		{ .variable = "vary",
		  .account = "vary",
		  .endpoint = "https://vary.blob.core.windows.net" },
		{ .connection = "AccountName=conn;AccountKey=" KEY ";EndpointSuffix=core.x",
		  .variable = "vary",
		  .account = "conn",
		  .endpoint = "https://conn.blob.core.x" },
		{ .connection = "AccountName=conn;AccountKey=" KEY,
		  .option = "acme",
		  .account = "acme",
		  .endpoint = "https://acme.blob.core.windows.net" },
		{ .connection = "UseDevelopmentStorage=true",
		  .account = "devstoreaccount1",
		  .endpoint = "http://127.0.0.1:10000/devstoreaccount1",
		  .is_emulator = true },
		{ .option = "devstoreaccount1",
		  .account = "devstoreaccount1",
		  .endpoint = "http://127.0.0.1:10000/devstoreaccount1",
		  .is_emulator = true },
		{ .option = "acme",
		  .service = "https://private.example/",
		  .account = "acme",
		  .endpoint = "https://private.example" },
		{ .option = "acme",
		  .url = "https://acme.blob.core.chinacloudapi.cn",
		  .service = "https://private.example/",
		  .account = "acme",
		  .endpoint = "https://acme.blob.core.chinacloudapi.cn" },
	};

	(void)state;
	lab_init(&lab);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct azure_options options = {
			.effects = &lab.effects,
			.account = view_text(cases[i].option ? cases[i].option : ""),
			.endpoint = view_text(cases[i].url ? cases[i].url : ""),
		};
		struct azure_settings settings;

		lab_env_clear(&lab);
		lab_env(&lab, "AZURE_STORAGE_CONNECTION_STRING", "%s",
			cases[i].connection ? cases[i].connection : "");
		lab_env(&lab, "AZURE_STORAGE_ACCOUNT", "%s",
			cases[i].variable ? cases[i].variable : "");
		lab_env(&lab, "AZURE_STORAGE_SERVICE_ENDPOINT", "%s",
			cases[i].service ? cases[i].service : "");
		assert_int_equal(azure_settings_load(&settings, &options, NULL), MUSTER_OK);
		assert_true(view_equal(bytes_view(&settings.account), view_text(cases[i].account)));
		assert_true(
			view_equal(bytes_view(&settings.endpoint), view_text(cases[i].endpoint)));
		assert_int_equal(settings.is_emulator, cases[i].is_emulator);
		azure_settings_release(&settings);
	}
	lab_close(&lab);
}

/* --- Entra ID -------------------------------------------------------------------------------- */

static void a_client_gives_its_secret_for_a_token(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 1, .reply = OK(TOKEN("hunter2-token")) },
		{ .reply = { .status = 401,
			     BODY("{\"error\":\"invalid_client\",\"error_description\":"
				  "\"AADSTS7000215: Invalid client secret provided. Trace\"}") } },
	};

	(void)state;
	begin(rules, COUNT(rules));
	lab_env(&lab, "AZURE_TENANT_ID", "tenant-1");
	lab_env(&lab, "AZURE_CLIENT_ID", "client");
	lab_env(&lab, "AZURE_CLIENT_SECRET", "hunter2-c");
	lab_env(&lab, "AZURE_AUTHORITY_HOST", "%s/", lab_url(&lab));
	expect("acme", NULL, "hunter2-token", false, "AZURE_CLIENT_SECRET");
	lab_sent_target(&lab, 0, "POST", "/tenant-1/oauth2/v2.0/token");
	lab_sent_body(&lab, 0, "grant_type=client_credentials");
	lab_sent_body(&lab, 0, "client_secret=hunter2-c");
	lab_sent_body(&lab, 0, "scope=https%3A%2F%2Fstorage.azure.com%2F.default");
	expect_failure("acme", MUSTER_E_IO,
		       "401: invalid_client: AADSTS7000215: Invalid client secret provided");
	lab_env(&lab, "AZURE_TENANT_ID", "a/../b");
	expect_failure("acme", MUSTER_E_USAGE, "AZURE_TENANT_ID is no tenant");
	lab_close(&lab);
}

static void a_workload_reads_its_token_anew_each_time(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = OK(TOKEN("hunter2-token")) } };
	struct keys *keys;

	(void)state;
	begin(rules, COUNT(rules));
	lab_env(&lab, "AZURE_TENANT_ID", "tenant-1");
	lab_env(&lab, "AZURE_CLIENT_ID", "client");
	lab_env(&lab, "AZURE_FEDERATED_TOKEN_FILE", "%s", lab_file(&lab, "jwt", "hunter2-1\n"));
	lab_env(&lab, "AZURE_AUTHORITY_HOST", "%s", lab_url(&lab));
	assert_int_equal(open_keys(&keys, "acme", NULL), MUSTER_OK);
	assert_string_equal(keys_source(keys), "AZURE_FEDERATED_TOKEN_FILE");
	lab_sent_body(&lab, 0, "client_assertion=hunter2-1");
	lab_file(&lab, "jwt", "hunter2-2\n");
	atomic_fetch_add(&lab.wall_ns, 48 * 60 * LAB_S);
	atomic_fetch_add(&lab.boot_ns, 48 * 60 * LAB_S);
	keys_wake(keys);
	scripted_await_requests(lab.server, 2);
	lab_sent_body(&lab, 1, "client_assertion=hunter2-2");
	keys_close(keys);
	lab_close(&lab);
}

static void an_app_service_is_asked_with_its_header(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 1,
		  .reply = OK("{\"access_token\":\"hunter2-t\",\"expires_on\":\"1767229200\","
			      "\"token_type\":\"Bearer\"}") },
		{ .reply = OK("hunter2") },
	};

	(void)state;
	begin(rules, COUNT(rules));
	lab_env(&lab, "IDENTITY_ENDPOINT", "%s/msi/token", lab_url(&lab));
	lab_env(&lab, "IDENTITY_HEADER", "hunter2-h");
	lab_env(&lab, "AZURE_CLIENT_ID", "mine");
	expect("acme", NULL, "hunter2-t", false, "the App Service's identity");
	lab_sent_target(&lab, 0, "GET",
			"/msi/token?api-version=2019-08-01&resource="
			"https%3A%2F%2Fstorage.azure.com%2F&client_id=mine");
	lab_sent_header(&lab, 0, "x-identity-header", "hunter2-h");
	expect_failure("acme", MUSTER_E_FORMAT, "the App Service's identity: ");
	lab_close(&lab);
}

static void a_machine_is_asked_once_it_is_known_to_be_there(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 1, .reply = { .status = 400 } },
		{ .from = 2,
		  .count = 1,
		  .reply = OK("{\"access_token\":\"hunter2-t\",\"expires_in\":\"3599\","
			      "\"expires_on\":\"1767229200\",\"token_type\":\"Bearer\"}") },
		{ .reply = { .status = 400, BODY("{\"error\":\"invalid_request\"}") } },
	};

	(void)state;
	begin(rules, COUNT(rules));
	expect("acme", NULL, "hunter2-t", false, "the machine's identity");
	lab_sent_header(&lab, 0, "metadata", NULL);
	lab_sent_header(&lab, 1, "metadata", "true");
	lab_sent_target(&lab, 1, "GET",
			"/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
			"https%3A%2F%2Fstorage.azure.com%2F");
	expect_failure("acme", MUSTER_E_IO, "machine (it has no identity), az (");
	lab_close(&lab);
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
	setenv("PATH", "/nonexistent", 1);
	expect_failure("acme", MUSTER_E_IO, "machine (no IMDS)");
	scripted_release(lab.server);
	lab_close(&lab);
}

static void a_login_of_az_is_asked_last(void **state)
{
	char dir[256];

	(void)state;
	begin(nobody, COUNT(nobody));
	snprintf(dir, sizeof(dir), "%s/bin", lab.home);
	use_path(dir);
	expect_failure("acme", MUSTER_E_IO, "az ('az' ended with status 1: run az login)");
	lab_file(&lab, "bin/az",
		 "#!/bin/sh\ntest \"$*\" = 'account get-access-token --output json --resource "
		 "https://storage.azure.com/' || exit 1\n"
		 "echo '{\"accessToken\":\"hunter2-az\",\"expiresOn\":\"x\",\"expires_on\":"
		 "1767229200,\"tokenType\":\"Bearer\"}'\n");
	expect("acme", NULL, "hunter2-az", false, "az account get-access-token");
	lab_file(&lab, "bin/az", "#!/bin/sh\necho hunter2\n");
	expect_failure("acme", MUSTER_E_FORMAT, "az account get-access-token: ");
	lab_close(&lab);
}

static void any_allocation_may_fail(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = OK(TOKEN("hunter2-token")) } };
	bool was_hit = true;

	(void)state;
	begin(rules, COUNT(rules));
	lab_env(&lab, "AZURE_TENANT_ID", "tenant-1");
	lab_env(&lab, "AZURE_CLIENT_ID", "client");
	lab_env(&lab, "AZURE_CLIENT_SECRET", "hunter2-c");
	lab_env(&lab, "AZURE_AUTHORITY_HOST", "%s", lab_url(&lab));
	for (uint64_t n = 1; was_hit && torture_allocation(n); n++) {
		struct muster_error err = { 0 };
		struct keys *keys;
		enum muster_code code = open_keys(&keys, "acme", &err);

		was_hit = torture_hit();
		torture_off();
		assert_true(code == MUSTER_OK || (was_hit && code == err.code));
		lab_is_discreet(&err);
		keys_close(keys);
	}
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_the_account_come_in_order),
		cmocka_unit_test(keys_of_another_account_are_passed_over),
		cmocka_unit_test(the_emulators_account_needs_nothing),
		cmocka_unit_test(account_and_endpoint_have_an_order),
		cmocka_unit_test(a_client_gives_its_secret_for_a_token),
		cmocka_unit_test(a_workload_reads_its_token_anew_each_time),
		cmocka_unit_test(an_app_service_is_asked_with_its_header),
		cmocka_unit_test(a_machine_is_asked_once_it_is_known_to_be_there),
		cmocka_unit_test(a_machine_that_does_not_answer_is_not_waited_for),
		cmocka_unit_test(a_login_of_az_is_asked_last),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
