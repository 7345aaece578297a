#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/cloud/aws_sources.h"
#include "io/cloud/token_request.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct secret s, r;

static void is_secret(struct secret *out, enum muster_code code, const char *text)
{
	assert_int_equal(code, MUSTER_OK);
	assert_string_equal((const char *)secret_reveal(out).secret_ptr, text);
	secret_release(out);
}

static void each_exchange_has_its_form(void **state)
{
	static const struct sts_assume_role whole = {
		.role_arn = VIEW_LITERAL("arn:aws:iam::1:role/r"),
		.session_name = VIEW_LITERAL("n"),
		.external_id = VIEW_LITERAL("e"),
		.serial_number = VIEW_LITERAL("d"),
		.token_code = VIEW_LITERAL("1"),
		.duration_s = 900,
	};
	static const struct sts_assume_role least = { .role_arn = VIEW_LITERAL("a"),
						      .session_name = VIEW_LITERAL("n") };
	struct view id = VIEW_LITERAL("id"), scope = VIEW_LITERAL("sc/ope");
	struct secret out = { 0 };

	(void)state;
	is_secret(&out, token_request_assume_role(&out, &whole, NULL),
		  "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
		  "&RoleSessionName=n&ExternalId=e&SerialNumber=d&TokenCode=1&DurationSeconds=900");
	is_secret(&out, token_request_assume_role(&out, &least, NULL),
		  "Action=AssumeRole&Version=2011-06-15&RoleArn=a&RoleSessionName=n");
	is_secret(&out,
		  token_request_web_identity(&out, VIEW_LITERAL("a"), VIEW_LITERAL("n"), &s, NULL),
		  "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=a&RoleSessionName=n"
		  "&WebIdentityToken=s%2B%2F%3D");
	is_secret(&out, token_request_assertion(&out, &s, NULL),
		  "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
		  "&assertion=s%2B%2F%3D");
	is_secret(&out, token_request_refresh(&out, id, &s, &r, NULL),
		  "grant_type=refresh_token&client_id=id&client_secret=s%2B%2F%3D&refresh_token=r");
	is_secret(&out,
		  token_request_exchange(&out, VIEW_LITERAL("//a"), VIEW_LITERAL("t"), &s, scope,
					 NULL),
		  "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
		  "&audience=%2F%2Fa&scope=sc%2Fope&requested_token_type="
		  "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
		  "&subject_token_type=t&subject_token=s%2B%2F%3D");
	is_secret(&out, token_request_client_secret(&out, id, &s, scope, NULL),
		  "grant_type=client_credentials&client_id=id&client_secret=s%2B%2F%3D"
		  "&scope=sc%2Fope");
	is_secret(&out, token_request_federated(&out, id, &s, scope, NULL),
		  "grant_type=client_credentials&client_id=id&client_assertion_type="
		  "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
		  "&client_assertion=s%2B%2F%3D&scope=sc%2Fope");
	is_secret(&out, token_request_sso_refresh_json(&out, id, &s, &r, NULL),
		  "{\"clientId\":\"id\",\"clientSecret\":\"s+/=\",\"grantType\":\"refresh_token\","
		  "\"refreshToken\":\"r\"}");
	is_secret(&out, token_request_impersonate_json(&out, scope, NULL),
		  "{\"scope\":[\"sc/ope\"],\"lifetime\":\"3600s\"}");
}

static void a_login_is_kept_under_the_hash_of_its_name(void **state)
{
	char name[AWS_SSO_CACHE_NAME_BYTES];

	(void)state;
	assert_int_equal(aws_sso_cache_name(name, VIEW_LITERAL("my-sso"), NULL), MUSTER_OK);
	/* printf my-sso | sha1sum */
	assert_string_equal(name, "0ad374308c5a4e22f723adf10145eafad7c4031c.json");
}

static void only_trusted_hosts_are_asked_without_tls(void **state)
{
	static const struct {
		const char *uri;
		bool is_allowed;
	} cases[] = {
		{ "http://169.254.170.2/x", true },
		{ "http://169.254.170.23/v1/credentials", true },
		{ "http://[fd00:ec2::23]/v1/credentials", true },
		{ "http://127.0.0.1:1234/get?a=b", true },
		{ "http://127.8.9.1", true },
		{ "http://localhost:80/x", true },
		{ "http://[::1]:80/x", true },
		{ "https://any.example.com/x", true },
		{ "http://any.example.com/x", false },
		{ "http://169.254.170.2.example.com/x", false },
		{ "http://127.0.0.1.example.com/x", false },
		{ "http://169.254.169.254/x", false },
		{ "http://u@127.0.0.1/x", false },
		{ "ftp://127.0.0.1/x", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct muster_error err = { 0 };

		assert_int_equal(aws_container_uri_check(view_text(cases[i].uri), &err),
				 cases[i].is_allowed ? MUSTER_OK : MUSTER_E_USAGE);
	}
}

static void no_memory_is_told(void **state)
{
	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct secret out = { 0 };
		enum muster_code code =
			token_request_refresh(&out, VIEW_LITERAL("id"), &s, &r, NULL);
		bool hit;

		if (!code)
			code = token_request_sso_refresh_json(&out, VIEW_LITERAL("id"), &s, &r,
							      NULL);
		if (!code)
			code = token_request_impersonate_json(&out, VIEW_LITERAL("s"), NULL);
		hit = torture_hit();
		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		secret_release(&out);
		if (!hit)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_exchange_has_its_form),
		cmocka_unit_test(a_login_is_kept_under_the_hash_of_its_name),
		cmocka_unit_test(only_trusted_hosts_are_asked_without_tls),
		cmocka_unit_test(no_memory_is_told),
	};
	int failed;

	if (secret_set(&s, VIEW_LITERAL("s+/="), NULL) || secret_set(&r, VIEW_LITERAL("r"), NULL))
		return 2;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	secret_release(&s);
	secret_release(&r);
	return failed;
}
