/* Keys and tokens of all sources: AWS, token endpoints, Google's files, Azure's strings. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/cloud/aws_credentials.h"
#include "io/cloud/azure_connection.h"
#include "io/cloud/google_credentials.h"
#include "io/cloud/oauth.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_S     UINT64_C(1000000000)
#define NOW_NS	     (1767225600 * NS_PER_S) /* 2026-01-01T00:00:00Z */
#define HOUR_NS	     (NOW_NS + 3600 * NS_PER_S)

static void is_secret(const struct secret *secret, const char *text)
{
	assert_int_equal(secret_is_set(secret), text != NULL);
	if (text)
		assert_string_equal((const char *)secret_reveal(secret).secret_ptr, text);
}

static const char sts[] =
	"<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
	"<AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>s"
	"</SubjectFromWebIdentityToken><Credentials><AccessKeyId>A</AccessKeyId>"
	"<SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
	"<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials>"
	"</AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>r</RequestId>"
	"</ResponseMetadata></AssumeRoleWithWebIdentityResponse>";

static const struct {
	enum aws_source source;
	const char *text, *token;
	uint64_t expires_ns;
} aws_cases[] = {
	{ AWS_SOURCE_PROCESS, "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}",
	  NULL, 0 },
	{ AWS_SOURCE_PROCESS,
	  "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"SessionToken\":\"T\","
	  "\"Expiration\":\"2026-01-01T02:00:00+01:00\"}",
	  "T", HOUR_NS },
	{ AWS_SOURCE_CONTAINER,
	  "{\"RoleArn\":\"x\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\","
	  "\"Expiration\":\"2026-01-01T01:00:00Z\"}",
	  "T", HOUR_NS },
	{ AWS_SOURCE_IMDS,
	  "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"A\","
	  "\"SecretAccessKey\":\"S\",\"Token\":\"T\",\"Expiration\":\"2026-01-01T01:00:00Z\"}",
	  "T", HOUR_NS },
	{ AWS_SOURCE_SSO,
	  "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"S\","
	  "\"sessionToken\":\"T\",\"expiration\":1767229200000}}",
	  "T", HOUR_NS },
	{ AWS_SOURCE_STS, sts, "T", HOUR_NS },
};

static void keys_of_every_source_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(aws_cases); i++) {
		struct aws_credentials out;

		assert_int_equal(aws_credentials_parse(&out, aws_cases[i].source,
						       view_text(aws_cases[i].text), NULL),
				 MUSTER_OK);
		assert_true(view_equal(out.key_id, VIEW_LITERAL("A")));
		is_secret(&out.secret_key, "S");
		is_secret(&out.session_token, aws_cases[i].token);
		assert_int_equal(out.expires_ns, aws_cases[i].expires_ns);
		aws_credentials_release(&out);
	}
}

static void what_is_no_key_is_refused_without_a_word_of_it(void **state)
{
	static const struct {
		enum aws_source source;
		const char *text, *reason;
		enum muster_code code;
	} cases[] = {
		{ AWS_SOURCE_PROCESS, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}",
		  "version 1", MUSTER_E_FORMAT },
		{ AWS_SOURCE_PROCESS, "{\"Version\":1,\"SecretAccessKey\":\"hunter2\"}",
		  "no access key", MUSTER_E_FORMAT },
		{ AWS_SOURCE_PROCESS, "{\"Version\":1,\"AccessKeyId\":\"A\"}", "no access key",
		  MUSTER_E_FORMAT },
		{ AWS_SOURCE_PROCESS, "hunter2", "", MUSTER_E_FORMAT },
		{ AWS_SOURCE_PROCESS, "", "", MUSTER_E_FORMAT },
		{ AWS_SOURCE_CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}",
		  "no session token", MUSTER_E_FORMAT },
		{ AWS_SOURCE_IMDS, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}",
		  "AssumeRoleUnauthorizedAccess", MUSTER_E_IO },
		{ AWS_SOURCE_STS, "<ErrorResponse/>", "not asked for", MUSTER_E_FORMAT },
		{ AWS_SOURCE_SSO,
		  "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hunter2\","
		  "\"sessionToken\":\"T\",\"expiration\":99999999999999999}}",
		  "no time", MUSTER_E_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct aws_credentials out;
		struct muster_error err = { 0 };

		assert_int_equal(aws_credentials_parse(&out, cases[i].source,
						       view_text(cases[i].text), &err),
				 cases[i].code);
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_null(strstr(err.message, "hunter2"));
		assert_false(secret_is_set(&out.secret_key));
	}
}

static void sso_tokens_are_read_from_cache_and_answer(void **state)
{
	struct aws_sso_token out;

	(void)state;
	assert_int_equal(
		aws_sso_token_parse(
			&out,
			VIEW_LITERAL(
				"{\"startUrl\":\"https://s\",\"region\":\"r\","
				"\"accessToken\":\"T\",\"expiresAt\":\"2026-01-01T01:00:00UTC\","
				"\"clientId\":\"c\",\"clientSecret\":\"cs\","
				"\"registrationExpiresAt\":\"2026-01-01T01:00:00Z\","
				"\"refreshToken\":\"R\"}"),
			NOW_NS, NULL),
		MUSTER_OK);
	assert_true(view_equal(out.start_url, VIEW_LITERAL("https://s")));
	is_secret(&out.access_token, "T");
	is_secret(&out.refresh_token, "R");
	is_secret(&out.client_secret, "cs");
	assert_int_equal(out.expires_ns, HOUR_NS);
	assert_int_equal(out.client_expires_ns, HOUR_NS);
	aws_sso_token_release(&out);
	assert_int_equal(aws_sso_token_parse(
				 &out, VIEW_LITERAL("{\"accessToken\":\"T\",\"expiresIn\":3600}"),
				 NOW_NS, NULL),
			 MUSTER_OK);
	assert_int_equal(out.expires_ns, HOUR_NS);
	aws_sso_token_release(&out);
	assert_int_equal(aws_sso_token_parse(&out, VIEW_LITERAL("{}"), NOW_NS, NULL),
			 MUSTER_E_FORMAT);
}

static void bearer_tokens_of_all_endpoints_are_read(void **state)
{
	static const struct {
		const char *text, *refresh;
		uint64_t expires_ns;
	} cases[] = {
		{ "{\"access_token\":\"T\",\"expires_in\":3600,\"token_type\":\"Bearer\"}", NULL,
		  HOUR_NS },
		{ "{\"access_token\":\"T\",\"expires_in\":3600,\"refresh_token\":\"R\"}", "R",
		  HOUR_NS },
		{ "{\"access_token\":\"T\",\"expires_in\":\"1\",\"expires_on\":\"1767229200\"}",
		  NULL, HOUR_NS },
		{ "{\"accessToken\":\"T\",\"expiresOn\":\"2026-01-01 02:00:00.000000\","
		  "\"expires_on\":1767229200,\"tokenType\":\"Bearer\"}",
		  NULL, HOUR_NS },
		{ "{\"accessToken\":\"T\",\"expireTime\":\"2026-01-01T01:00:00Z\"}", NULL,
		  HOUR_NS },
	};
	static const char *const refused[] = {
		"{\"expires_in\":3600}",
		"{\"access_token\":\"T\"}",
		"{\"access_token\":\"\",\"expires_in\":3600}",
		"{\"access_token\":\"hunter2\\r\\nx: y\",\"expires_in\":3600}",
		"{\"access_token\":\"hunter2\",\"expires_in\":3600,\"token_type\":\"mac\"}",
		"{\"access_token\":\"hunter2\",\"expires_in\":-1}",
		"{\"access_token\":\"hunter2\",\"expires_in\":18446744073709551615}",
		"{\"error\":\"invalid_grant\"}",
		"[]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct oauth_token out;

		assert_int_equal(oauth_token_parse(&out, view_text(cases[i].text), NOW_NS, NULL),
				 MUSTER_OK);
		is_secret(&out.access_token, "T");
		is_secret(&out.refresh_token, cases[i].refresh);
		assert_int_equal(out.expires_ns, cases[i].expires_ns);
		oauth_token_release(&out);
	}
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct oauth_token out;
		struct muster_error err = { 0 };

		assert_int_equal(oauth_token_parse(&out, view_text(refused[i]), NOW_NS, &err),
				 MUSTER_E_FORMAT);
		assert_null(strstr(err.message, "hunter2"));
		assert_false(secret_is_set(&out.access_token));
	}
}

static const char impersonated[] =
	"{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":\"https:/"
	"/i\","
	"\"delegates\":[],\"source_credentials\":{\"type\":\"authorized_user\",\"client_id\":\"c\","
	"\"client_secret\":\"cs\",\"refresh_token\":\"R\"},\"quota_project_id\":\"q\"}";

static void googles_files_are_told_apart_by_their_type(void **state)
{
	struct google_credentials out;

	(void)state;
	assert_int_equal(
		google_credentials_parse(
			&out,
			VIEW_LITERAL("{\"type\":\"service_account\",\"project_id\":\"p\","
				     "\"private_key_id\":\"k\",\"private_key\":\"-----\\nx\\n\","
				     "\"client_email\":\"e\",\"token_uri\":\"https://t\"}"),
			NULL),
		MUSTER_OK);
	assert_int_equal(out.type, GOOGLE_SERVICE_ACCOUNT);
	assert_true(view_equal(out.client_email, VIEW_LITERAL("e")));
	assert_true(view_equal(out.token_uri, VIEW_LITERAL("https://t")));
	is_secret(&out.private_key, "-----\nx\n");
	google_credentials_release(&out);

	assert_int_equal(google_credentials_parse(&out, view_text(impersonated), NULL), MUSTER_OK);
	assert_int_equal(out.type, GOOGLE_IMPERSONATED);
	assert_true(view_equal(out.impersonation_url, VIEW_LITERAL("https://i")));
	assert_true(view_equal(out.quota_project, VIEW_LITERAL("q")));
	assert_false(secret_is_set(&out.refresh_token));
	google_credentials_release(&out);
	assert_int_equal(google_credentials_parse_source(&out, view_text(impersonated), NULL),
			 MUSTER_OK);
	assert_int_equal(out.type, GOOGLE_AUTHORIZED_USER);
	assert_true(view_equal(out.token_uri, VIEW_LITERAL(GOOGLE_TOKEN_URI)));
	is_secret(&out.refresh_token, "R");
	google_credentials_release(&out);

	assert_int_equal(
		google_credentials_parse(
			&out,
			VIEW_LITERAL("{\"type\":\"external_account\",\"audience\":\"//iam\","
				     "\"subject_token_type\":\"urn:jwt\",\"credential_source\":"
				     "{\"file\":\"/var/t\",\"format\":{\"type\":\"json\","
				     "\"subject_token_field_name\":\"id_token\"}}}"),
			NULL),
		MUSTER_OK);
	assert_int_equal(out.type, GOOGLE_EXTERNAL_ACCOUNT);
	assert_true(view_equal(out.source_file, VIEW_LITERAL("/var/t")));
	assert_true(view_equal(out.source_field, VIEW_LITERAL("id_token")));
	assert_true(view_equal(out.token_uri, VIEW_LITERAL(GOOGLE_STS_TOKEN_URL)));
	google_credentials_release(&out);
}

static void googles_files_that_lack_something_say_what(void **state)
{
	static const struct {
		const char *text, *reason;
		enum muster_code code;
	} cases[] = {
		{ "{}", "no type", MUSTER_E_FORMAT },
		{ "{\"type\":\"gdch\"}", "'gdch'", MUSTER_E_UNSUPPORTED },
		{ "{\"type\":\"service_account\",\"client_email\":\"e\"}", "private_key",
		  MUSTER_E_FORMAT },
		{ "{\"type\":\"authorized_user\",\"client_id\":\"e\",\"client_secret\":"
		  "\"hunter2\"}",
		  "refresh_token", MUSTER_E_FORMAT },
		{ "{\"type\":\"impersonated_service_account\","
		  "\"service_account_impersonation_url\":\"u\"}",
		  "source_credentials", MUSTER_E_FORMAT },
		{ "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"s\","
		  "\"credential_source\":{\"executable\":{\"command\":\"c\"}}}",
		  "only plain files", MUSTER_E_UNSUPPORTED },
		{ "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"s\","
		  "\"credential_source\":{\"environment_id\":\"aws1\",\"url\":\"u\"}}",
		  "only plain files", MUSTER_E_UNSUPPORTED },
		{ "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"s\","
		  "\"credential_source\":{\"file\":\"f\",\"url\":\"u\"}}",
		  "no one source", MUSTER_E_FORMAT },
		{ "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"s\"}",
		  "no one source", MUSTER_E_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct google_credentials out;
		struct muster_error err = { 0 };

		assert_int_equal(google_credentials_parse(&out, view_text(cases[i].text), &err),
				 cases[i].code);
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_null(strstr(err.message, "hunter2"));
	}
}

static void connection_strings_become_an_endpoint_and_a_key(void **state)
{
	static const struct {
		const char *text, *account, *endpoint, *key, *sas, *reason;
	} cases[] = {
		{ "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=ab+/cd==;"
		  "EndpointSuffix=core.windows.net",
		  "a", "https://a.blob.core.windows.net", "ab+/cd==", NULL, NULL },
		{ " accountname = a ; ACCOUNTKEY=k==;;Unknown=x;", "a",
		  "https://a.blob.core.windows.net", "k==", NULL, NULL },
		{ "BlobEndpoint=https://h:1/x/;SharedAccessSignature=sv=1&sig=a%3D", "",
		  "https://h:1/x", NULL, "sv=1&sig=a%3D", NULL },
		{ "UseDevelopmentStorage=true", "devstoreaccount1",
		  "http://127.0.0.1:10000/devstoreaccount1", AZURE_EMULATOR_KEY, NULL, NULL },
		{ "", NULL, NULL, NULL, NULL, "neither AccountName nor" },
		{ "AccountName=a;AccountName=b", NULL, NULL, NULL, NULL, "AccountName twice" },
		{ "AccountName=a;hunter2", NULL, NULL, NULL, NULL, "no '='" },
		{ "AccountKey=hunter2;BlobEndpoint=https://h", NULL, NULL, NULL, NULL,
		  "no AccountName" },
		{ "AccountName=a;DefaultEndpointsProtocol=ftp", NULL, NULL, NULL, NULL,
		  "neither http" },
		{ "AccountName=a/b?c", NULL, NULL, NULL, NULL, "AccountName is none" },
		{ "BlobEndpoint=hunter2", NULL, NULL, NULL, NULL, "is no URL" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct azure_connection out;
		struct secret text = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(secret_set(&text, view_text(cases[i].text), NULL), MUSTER_OK);
		assert_int_equal(azure_connection_parse(&out, &text, &err),
				 cases[i].reason ? MUSTER_E_USAGE : MUSTER_OK);
		if (cases[i].reason) {
			assert_non_null(strstr(err.message, cases[i].reason));
			assert_null(strstr(err.message, "hunter2"));
		} else {
			assert_true(
				view_equal(bytes_view(&out.account), view_text(cases[i].account)));
			assert_true(view_equal(bytes_view(&out.endpoint),
					       view_text(cases[i].endpoint)));
			is_secret(&out.key, cases[i].key);
			is_secret(&out.sas, cases[i].sas);
		}
		azure_connection_release(&out);
		secret_release(&text);
	}
}

static enum muster_code read_all(const struct secret *connection)
{
	struct aws_credentials keys;
	struct oauth_token token;
	struct google_credentials google;
	struct azure_connection azure;
	enum muster_code code = aws_credentials_parse(&keys, AWS_SOURCE_STS, view_text(sts), NULL);

	if (code)
		return code;
	aws_credentials_release(&keys);
	code = oauth_token_parse(&token, VIEW_LITERAL("{\"access_token\":\"T\",\"expires_in\":1}"),
				 NOW_NS, NULL);
	if (code)
		return code;
	oauth_token_release(&token);
	code = google_credentials_parse_source(&google, view_text(impersonated), NULL);
	if (code)
		return code;
	google_credentials_release(&google);
	code = azure_connection_parse(&azure, connection, NULL);
	if (!code)
		azure_connection_release(&azure);
	return code;
}

static void no_memory_is_told_and_nothing_is_lost(void **state)
{
	struct secret connection = { 0 };

	(void)state;
	assert_int_equal(secret_set(&connection, VIEW_LITERAL("UseDevelopmentStorage=true"), NULL),
			 MUSTER_OK);
	for (uint64_t n = 1; torture_allocation(n); n++) {
		enum muster_code code = read_all(&connection);
		bool hit = torture_hit();

		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		if (!hit)
			break;
	}
	secret_release(&connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_every_source_are_read),
		cmocka_unit_test(what_is_no_key_is_refused_without_a_word_of_it),
		cmocka_unit_test(sso_tokens_are_read_from_cache_and_answer),
		cmocka_unit_test(bearer_tokens_of_all_endpoints_are_read),
		cmocka_unit_test(googles_files_are_told_apart_by_their_type),
		cmocka_unit_test(googles_files_that_lack_something_say_what),
		cmocka_unit_test(connection_strings_become_an_endpoint_and_a_key),
		cmocka_unit_test(no_memory_is_told_and_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
