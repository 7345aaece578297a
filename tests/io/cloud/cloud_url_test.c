/* URLs of stores, and the hosts and paths that they become. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/cloud/endpoint.h"
#include "io/cloud/url.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void is_text(const struct bytes *bytes, const char *text)
{
	if (!view_equal(bytes_view(bytes), view_text(text)))
		fail_msg("'%.*s' is not '%s'", VIEW_ARGS(bytes_view(bytes)), text);
}

static void urls_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		enum cloud_kind kind;
		const char *account, *bucket, *prefix, *endpoint;
	} cases[] = {
		{ "s3://bucket", CLOUD_S3, "", "bucket", "", "" },
		{ "s3://bucket/", CLOUD_S3, "", "bucket", "", "" },
		{ "s3://b.u-ket1/a/b//c/", CLOUD_S3, "", "b.u-ket1", "a/b//c/", "" },
		{ "s3://bucket//a?b#c%41 +\xc3\xa9", CLOUD_S3, "", "bucket", "/a?b#c%41 +\xc3\xa9",
		  "" },
		{ "gs://b_ucket.example.com/p", CLOUD_GCS, "", "b_ucket.example.com", "p", "" },
		{ "az://account1/con-tainer/p/q", CLOUD_AZURE, "account1", "con-tainer", "p/q",
		  "" },
		{ "az://account1/$root", CLOUD_AZURE, "account1", "$root", "", "" },
		{ "https://account1.blob.core.windows.net/container/a%20b/%2Fc+d", CLOUD_AZURE,
		  "account1", "container", "a b//c+d", "https://account1.blob.core.windows.net" },
		{ "https://account1.blob.core.chinacloudapi.cn/container", CLOUD_AZURE, "account1",
		  "container", "", "https://account1.blob.core.chinacloudapi.cn" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cloud_url url;

		assert_int_equal(cloud_url_parse(&url, view_text(cases[i].text), NULL), MUSTER_OK);
		assert_int_equal(url.kind, cases[i].kind);
		is_text(&url.account, cases[i].account);
		is_text(&url.bucket, cases[i].bucket);
		is_text(&url.prefix, cases[i].prefix);
		is_text(&url.endpoint, cases[i].endpoint);
		cloud_url_release(&url);
	}
}

static void other_urls_are_left_to_others(void **state)
{
	static const char *const cases[] = {
		"",
		"/a/b",
		"file:///a",
		"S3://bucket",
		"https://",
		"https://host/x",
		"https://a.blob.core/x",
		"s3:/bucket",
		"https://a.blob.core.windows.net:1/c",
		"https://u@a.blob.core.windows.net/c",
		"http://account1.blob.core.windows.net/container",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cloud_url url;
		struct muster_error err = { 0 };

		assert_int_equal(cloud_url_parse(&url, view_text(cases[i]), &err), MUSTER_ABSENT);
		assert_int_equal(err.code, MUSTER_OK);
	}
}

static void names_that_break_a_rule_say_which(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "s3://", "3 to 63" },
		{ "s3://ab", "3 to 63" },
		{ "s3://Bucket", "3 to 63" },
		{ "s3://bu_cket", "3 to 63" },
		{ "s3://-bucket", "3 to 63" },
		{ "s3://bucket.", "3 to 63" },
		{ "s3://bu..cket", "beside" },
		{ "s3://bu.-cket", "beside" },
		{ "s3://192.168.1.1", "address" },
		{ "s3://1234567890123456789012345678901234567890123456789012345678901234",
		  "3 to 63" },
		{ "s3://u:hunter2@bucket/x", "3 to 63" },
		{ "gs://b", "3 to 222" },
		{ "gs://a..b", "between the dots" },
		{ "gs://1234567890123456789012345678901234567890123456789012345678901234.b",
		  "between the dots" },
		{ "gs://1.2.3.4/a", "address" },
		{ "az://ab/container", "an account" },
		{ "az://acc-ount/container", "an account" },
		{ "az://account1/co", "a container" },
		{ "az://account1/con--tainer", "a container" },
		{ "az://account1", "a container" },
		{ "s3://bucket/\xff", "UTF-8" },
		{ "https://account1.blob.core.windows.net/container?sv=1&sig=hunter2",
		  "AZURE_STORAGE_SAS_TOKEN" },
		{ "https://account1.blob.core.windows.net/container/%zz", "hexadecimal" },
		{ "https://account1.blob.core.windows.net/container/a%00b", "NUL" },
		{ "https://account1.blob.core.windows.net/container#x", "fragment" },
		{ "https://account1.blob.core.windows.net/", "a container" },
		{ "https://account1.blob.core.windows.net/con%2Ftainer", "a container" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cloud_url url;
		struct muster_error err = { 0 };

		assert_int_equal(cloud_url_parse(&url, view_text(cases[i].text), &err),
				 MUSTER_E_USAGE);
		if (!strstr(err.message, cases[i].reason))
			fail_msg("%s", err.message);
		assert_null(strstr(err.message, "hunter2"));
	}
}

static void a_directory_bucket_is_not_supported(void **state)
{
	struct cloud_url url;

	(void)state;
	assert_int_equal(cloud_url_parse(&url, VIEW_LITERAL("s3://b--use1-az4--x-s3/p"), NULL),
			 MUSTER_E_UNSUPPORTED);
}

static void a_bucket_finds_its_host_and_path(void **state)
{
	static const struct {
		const char *url, *region, *bucket;
		enum s3_style style;
		bool is_dualstack, is_fips;
		const char *host, *path;
		bool is_tls;
	} cases[] = {
		{ "", "eu-west-1", "bkt", S3_STYLE_AUTO, false, false,
		  "bkt.s3.eu-west-1.amazonaws.com", "", true },
		{ "", "eu-west-1", "bkt", S3_STYLE_AUTO, true, false,
		  "bkt.s3.dualstack.eu-west-1.amazonaws.com", "", true },
		{ "", "us-east-1", "bkt", S3_STYLE_AUTO, true, true,
		  "bkt.s3-fips.dualstack.us-east-1.amazonaws.com", "", true },
		{ "", "cn-north-1", "bkt", S3_STYLE_AUTO, false, false,
		  "bkt.s3.cn-north-1.amazonaws.com.cn", "", true },
		{ "", "eu-west-1", "b.k.t", S3_STYLE_AUTO, false, false,
		  "s3.eu-west-1.amazonaws.com", "/b.k.t", true },
		{ "", "eu-west-1", "bkt", S3_STYLE_PATH, false, false, "s3.eu-west-1.amazonaws.com",
		  "/bkt", true },
		{ "", "eu-west-1", "", S3_STYLE_AUTO, false, false, "s3.eu-west-1.amazonaws.com",
		  "", true },
		{ "http://127.0.0.1:9000", "", "bkt", S3_STYLE_AUTO, false, false, "127.0.0.1:9000",
		  "/bkt", false },
		{ "https://Minio.Local:443/", "", "bkt", S3_STYLE_AUTO, false, false, "minio.local",
		  "/bkt", true },
		{ "https://minio.local:80/s3/", "", "bkt", S3_STYLE_AUTO, false, false,
		  "minio.local:80", "/s3/bkt", true },
		{ "http://minio.local:80", "", "b.kt", S3_STYLE_VIRTUAL, false, false,
		  "b.kt.minio.local", "", false },
		{ "https://s3.example.com/x", "", "bkt", S3_STYLE_VIRTUAL, false, false,
		  "bkt.s3.example.com", "/x", true },
		{ "http://[fd00:ec2::23]:8080", "", "bkt", S3_STYLE_AUTO, false, false,
		  "[fd00:ec2::23]:8080", "/bkt", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct s3_endpoint_options options = {
			.url = view_text(cases[i].url),
			.region = view_text(cases[i].region),
			.bucket = view_text(cases[i].bucket),
			.style = cases[i].style,
			.is_dualstack = cases[i].is_dualstack,
			.is_fips = cases[i].is_fips,
		};
		struct endpoint out;

		assert_int_equal(s3_endpoint_compute(&out, &options, NULL), MUSTER_OK);
		is_text(&out.host, cases[i].host);
		is_text(&out.path, cases[i].path);
		assert_int_equal(out.is_tls, cases[i].is_tls);
		endpoint_release(&out);
	}
}

static void endpoints_that_cannot_serve_say_why(void **state)
{
	static const struct {
		const char *url, *region, *bucket;
		enum s3_style style;
		const char *reason;
	} cases[] = {
		{ "http://127.0.0.1:9000", "", "bkt", S3_STYLE_VIRTUAL, "before an address" },
		{ "http://[::1]", "", "bkt", S3_STYLE_VIRTUAL, "before an address" },
		{ "", "eu-west-1", "b.kt", S3_STYLE_VIRTUAL, "certificate" },
		{ "", "", "bkt", S3_STYLE_AUTO, "no region" },
		{ "", "a.evil.com/", "bkt", S3_STYLE_AUTO, "no region" },
		{ "minio.local", "", "bkt", S3_STYLE_AUTO, "http://" },
		{ "ftp://x", "", "bkt", S3_STYLE_AUTO, "http://" },
		{ "http://", "", "bkt", S3_STYLE_AUTO, "no host" },
		{ "http:///x", "", "bkt", S3_STYLE_AUTO, "no host" },
		{ "http://u:hunter2@h", "", "bkt", S3_STYLE_AUTO, "neither a port" },
		{ "http://h:0", "", "bkt", S3_STYLE_AUTO, "neither a port" },
		{ "http://h:65536", "", "bkt", S3_STYLE_AUTO, "neither a port" },
		{ "http://h:", "", "bkt", S3_STYLE_AUTO, "neither a port" },
		{ "http://[::g]", "", "bkt", S3_STYLE_AUTO, "no host" },
		{ "http://[::1", "", "bkt", S3_STYLE_AUTO, "no host" },
		{ "http://h?x=hunter2", "", "bkt", S3_STYLE_AUTO, "neither a port" },
		{ "http://h/p?x=hunter2", "", "bkt", S3_STYLE_AUTO, "path is none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct s3_endpoint_options options = {
			.url = view_text(cases[i].url),
			.region = view_text(cases[i].region),
			.bucket = view_text(cases[i].bucket),
			.style = cases[i].style,
		};
		struct endpoint out;
		struct muster_error err = { 0 };

		assert_int_equal(s3_endpoint_compute(&out, &options, &err), MUSTER_E_USAGE);
		if (!strstr(err.message, cases[i].reason))
			fail_msg("%s", err.message);
		assert_null(strstr(err.message, "hunter2"));
	}
}

static void an_emulators_host_needs_no_scheme(void **state)
{
	struct endpoint out;

	(void)state;
	assert_int_equal(endpoint_parse(&out, VIEW_LITERAL("localhost:9000"), true, NULL),
			 MUSTER_OK);
	is_text(&out.host, "localhost:9000");
	assert_false(out.is_tls);
	assert_false(endpoint_is_address(&out));
	endpoint_release(&out);
	assert_int_equal(endpoint_parse(&out,
					VIEW_LITERAL("http://127.0.0.1:10000/devstoreaccount1"),
					true, NULL),
			 MUSTER_OK);
	is_text(&out.path, "/devstoreaccount1");
	assert_true(endpoint_is_address(&out));
	endpoint_release(&out);
}

static void an_address_holds_no_zero_byte(void **state)
{
	struct endpoint out;

	(void)state;
	assert_int_equal(endpoint_parse(&out, VIEW_LITERAL("http://[fd00:ec2::23\0:1]:80"), true,
					NULL),
			 MUSTER_E_USAGE);
}

static void no_memory_is_told(void **state)
{
	(void)state;
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct s3_endpoint_options options = { .region = VIEW_LITERAL("r"),
						       .bucket = VIEW_LITERAL("b") };
		struct cloud_url url;
		struct endpoint out = { 0 };
		enum muster_code code = cloud_url_parse(
			&url, VIEW_LITERAL("https://acc.blob.core.windows.net/con/p"), NULL);
		bool hit;

		if (!code) {
			cloud_url_release(&url);
			code = s3_endpoint_compute(&out, &options, NULL);
		}
		hit = torture_hit();
		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		endpoint_release(&out);
		if (!hit)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(other_urls_are_left_to_others),
		cmocka_unit_test(names_that_break_a_rule_say_which),
		cmocka_unit_test(a_directory_bucket_is_not_supported),
		cmocka_unit_test(a_bucket_finds_its_host_and_path),
		cmocka_unit_test(endpoints_that_cannot_serve_say_why),
		cmocka_unit_test(an_emulators_host_needs_no_scheme),
		cmocka_unit_test(an_address_holds_no_zero_byte),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
