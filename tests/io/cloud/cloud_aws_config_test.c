#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/cloud/aws_config.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char config[] = "\xef\xbb\xbf# a comment\n"
			     "; another\r\n"
			     "\n"
			     "[default]\n"
			     "region = us-west-2\r\n"
			     "  # an indented comment\n"
			     "s3 =\n"
			     "    addressing_style = path\n"
			     "\tendpoint_url=http://127.0.0.1:9000\n"
			     "    max_concurrent_requests = 20\n"
			     "output = json\n"
			     "\n"
			     "[profile  dev ] # trailing\n"
			     "REGION: eu-west-1\n"
			     "role_arn = arn:aws:iam::1:role/r=x\n"
			     "source_profile=default\n"
			     "credential_process = /bin/x --a=b # not a comment\n"
			     "sso_session = corp\n"
			     "services = local\n"
			     "ec2 =\n"
			     "  endpoint_url = http://not.this\n"
			     "endpoint_url = http://all\n"
			     "[profile \"with blank\"]\n"
			     "region=r2\n"
			     "[dev]\n"
			     "region=not-of-a-config-file\n"
			     "[sso-session corp]\n"
			     "sso_region = us-east-2\n"
			     "sso_start_url = https://x.awsapps.com/start#/\n"
			     "[services local]\n"
			     "s3 = \n"
			     "  endpoint_url = http://s3.local\n"
			     "sts =\n"
			     "  endpoint_url = http://sts.local\n";

static const char credentials[] = "[default]\n"
				  "aws_access_key_id = AKID1\n"
				  "aws_secret_access_key = se/cr+et==\n"
				  "[dev]\n"
				  "aws_access_key_id=AKID2\n"
				  "aws_secret_access_key=two\n"
				  "aws_session_token=to=ken\n"
				  "region = from-credentials\n";

static void is_key(const struct aws_profile *profile, enum aws_key key, const char *text)
{
	assert_true(view_equal(aws_profile_get(profile, key), view_text(text)));
}

static void is_secret(const struct secret *secret, const char *text)
{
	assert_string_equal((const char *)secret_reveal(secret).secret_ptr, text);
}

static void each_section_has_its_own_keys(void **state)
{
	static const struct {
		enum aws_section section;
		const char *name;
		enum aws_key key;
		const char *text;
	} cases[] = {
		{ AWS_SECTION_PROFILE, "default", AWS_KEY_REGION, "us-west-2" },
		{ AWS_SECTION_PROFILE, "default", AWS_KEY_S3_ADDRESSING_STYLE, "path" },
		{ AWS_SECTION_PROFILE, "default", AWS_KEY_S3_ENDPOINT_URL,
		  "http://127.0.0.1:9000" },
		{ AWS_SECTION_PROFILE, "default", AWS_KEY_ENDPOINT_URL, "" },
		{ AWS_SECTION_PROFILE, "dev", AWS_KEY_REGION, "eu-west-1" },
		{ AWS_SECTION_PROFILE, "dev", AWS_KEY_ROLE_ARN, "arn:aws:iam::1:role/r=x" },
		{ AWS_SECTION_PROFILE, "dev", AWS_KEY_SOURCE_PROFILE, "default" },
		{ AWS_SECTION_PROFILE, "dev", AWS_KEY_CREDENTIAL_PROCESS,
		  "/bin/x --a=b # not a comment" },
		{ AWS_SECTION_PROFILE, "dev", AWS_KEY_ENDPOINT_URL, "http://all" },
		{ AWS_SECTION_PROFILE, "dev", AWS_KEY_SERVICES, "local" },
		{ AWS_SECTION_PROFILE, "with blank", AWS_KEY_REGION, "r2" },
		{ AWS_SECTION_CREDENTIALS, "dev", AWS_KEY_REGION, "not-of-a-config-file" },
		{ AWS_SECTION_SSO_SESSION, "corp", AWS_KEY_SSO_REGION, "us-east-2" },
		{ AWS_SECTION_SSO_SESSION, "corp", AWS_KEY_SSO_START_URL,
		  "https://x.awsapps.com/start#/" },
		{ AWS_SECTION_SERVICES, "local", AWS_KEY_S3_ENDPOINT_URL, "http://s3.local" },
		{ AWS_SECTION_SERVICES, "local", AWS_KEY_STS_ENDPOINT_URL, "http://sts.local" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct aws_profile profile = { 0 };

		assert_int_equal(aws_profile_read(&profile, view_text(config), cases[i].section,
						  view_text(cases[i].name), NULL),
				 MUSTER_OK);
		is_key(&profile, cases[i].key, cases[i].text);
		aws_profile_release(&profile);
	}
}

static void the_file_that_is_read_first_counts_more(void **state)
{
	struct aws_profile profile = { 0 };

	(void)state;
	assert_int_equal(aws_profile_read(&profile, view_text(credentials), AWS_SECTION_CREDENTIALS,
					  VIEW_LITERAL("dev"), NULL),
			 MUSTER_OK);
	assert_int_equal(aws_profile_read(&profile, view_text(config), AWS_SECTION_PROFILE,
					  VIEW_LITERAL("dev"), NULL),
			 MUSTER_OK);
	is_key(&profile, AWS_KEY_ACCESS_KEY_ID, "AKID2");
	is_secret(&profile.secret_key, "two");
	is_secret(&profile.session_token, "to=ken");
	is_key(&profile, AWS_KEY_REGION, "from-credentials");
	is_key(&profile, AWS_KEY_SSO_SESSION, "corp");
	is_key(&profile, AWS_KEY_SECRET_ACCESS_KEY, "");
	aws_profile_release(&profile);
}

static void a_section_may_be_indented_as_a_whole(void **state)
{
	static const char text[] = "  [p]\n"
				   "    region = r\n"
				   "    s3 =\n"
				   "\n"
				   "       addressing_style = path\n"
				   "    aws_access_key_id = A\n"
				   "  aws_session_token = T\n"
				   "    goes on = and is no key\n"
				   "  [q]\n"
				   "  region = other\n";
	struct aws_profile profile = { 0 };

	(void)state;
	assert_int_equal(aws_profile_read(&profile, view_text(text), AWS_SECTION_CREDENTIALS,
					  VIEW_LITERAL("p"), NULL),
			 MUSTER_OK);
	is_key(&profile, AWS_KEY_REGION, "r");
	is_key(&profile, AWS_KEY_S3_ADDRESSING_STYLE, "path");
	is_key(&profile, AWS_KEY_ACCESS_KEY_ID, "A");
	is_secret(&profile.session_token, "T");
	aws_profile_release(&profile);
}

static void a_section_that_is_not_there_is_absent(void **state)
{
	static const struct {
		enum aws_section section;
		const char *name;
	} cases[] = {
		{ AWS_SECTION_PROFILE, "other" }, { AWS_SECTION_PROFILE, "corp" },
		{ AWS_SECTION_PROFILE, "" },	  { AWS_SECTION_SSO_SESSION, "dev" },
		{ AWS_SECTION_SERVICES, "corp" }, { AWS_SECTION_PROFILE, "profile dev" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct aws_profile profile = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(aws_profile_read(&profile, view_text(config), cases[i].section,
						  view_text(cases[i].name), &err),
				 MUSTER_ABSENT);
		assert_int_equal(err.code, MUSTER_OK);
		aws_profile_release(&profile);
	}
}

static void what_is_wrong_in_the_section_is_told_by_its_line(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "[p]\nregion\n", "line 2: no '='" },
		{ "[p]\n = x\n", "line 2: no key" },
		{ "[p]\n= hunter2\n", "line 2: no key" },
		{ "[p\nregion = r\n", "line 1: a section's name" },
		{ "[p]\nregion = a\nregion = b\n", "line 3: the key was set before" },
		{ "[p]\na =\n  hunter2\n", "line 3: no '='" },
		{ "[q]\nhunter2\n[p]\nregion = r\n", NULL },
		{ "[p]\nregion = a\n  goes on\n", NULL },
		{ "hunter2\n[p]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct aws_profile profile = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(aws_profile_read(&profile, view_text(cases[i].text),
						  AWS_SECTION_CREDENTIALS, VIEW_LITERAL("p"), &err),
				 cases[i].reason ? MUSTER_E_FORMAT : MUSTER_OK);
		if (cases[i].reason)
			assert_non_null(strstr(err.message, cases[i].reason));
		assert_null(strstr(err.message, "hunter2"));
		aws_profile_release(&profile);
	}
}

static void no_memory_is_told(void **state)
{
	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct aws_profile profile = { 0 };
		enum muster_code code =
			aws_profile_read(&profile, view_text(credentials), AWS_SECTION_CREDENTIALS,
					 VIEW_LITERAL("dev"), NULL);
		bool hit = torture_hit();

		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		aws_profile_release(&profile);
		if (!hit)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_section_has_its_own_keys),
		cmocka_unit_test(the_file_that_is_read_first_counts_more),
		cmocka_unit_test(a_section_may_be_indented_as_a_whole),
		cmocka_unit_test(a_section_that_is_not_there_is_absent),
		cmocka_unit_test(what_is_wrong_in_the_section_is_told_by_its_line),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
