/* Every vector, the order of headers that is not that of bytes, and URLs that authorize. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "io/cloud/percent.h"
#include "io/cloud/sharedkey.h"
#include "io/cloud/signed_url.h"
#include "tests/io/cloud/json_tree.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct json_tree *vectors;

/** A vector's request, cut out of its URL. */
struct example {
	struct cloud_header headers[CLOUD_HEADERS_MAX];
	struct cloud_request request;
	struct secret key;
};

static void example_open(struct example *example, const struct json_tree *vector)
{
	const char *path = strchr(strstr(json_tree_text(vector, "url"), "://") + 3, '/');
	const struct json_tree *at, *headers = json_tree_find(vector, "headers");
	struct secret base64 = { 0 };

	*example = (struct example){ 0 };
	example->request.path = view_of(path, strcspn(path, "?"));
	if (strchr(path, '?'))
		example->request.query = view_text(strchr(path, '?') + 1);
	for (at = headers ? headers->child : NULL; at; at = at->next)
		example->headers[example->request.header_count++] =
			(struct cloud_header){ view_text(at->child->text),
					       view_text(at->child->next->text) };
	example->request.headers = example->headers;
	assert_int_equal(
		secret_set(&base64, view_text(json_tree_text(vector, "account_key_base64")), NULL),
		0);
	assert_int_equal(sharedkey_decode(&example->key, &base64, NULL), MUSTER_OK);
	secret_release(&base64);
}

static void check_request(struct sharedkey *sharedkey, struct example *example,
			  const struct json_tree *vector)
{
	struct view account = view_text(json_tree_text(vector, "account"));
	struct bytes text = { 0 }, authorization = { 0 };

	example->request.method = view_text(json_tree_text(vector, "method"));
	assert_int_equal(sharedkey_append_string(&text, account, &example->request, NULL),
			 MUSTER_OK);
	assert_true(
		view_equal(bytes_view(&text), view_text(json_tree_text(vector, "string_to_sign"))));
	assert_int_equal(sharedkey_authorize(sharedkey, account, &example->key, &example->request,
					     &authorization, NULL),
			 MUSTER_OK);
	assert_true(view_equal(bytes_view(&authorization),
			       view_text(json_tree_text(vector, "authorization"))));
	bytes_release(&text);
	bytes_release(&authorization);
}

static void check_sas(struct sharedkey *sharedkey, const struct example *example,
		      const struct json_tree *vector)
{
	struct view query = example->request.query;
	struct percent_pair pair = { { 0 }, { 0 } };
	char signature[SHAREDKEY_SIGNATURE_BYTES];
	struct bytes sent = { 0 };

	assert_int_equal(sharedkey_sign(sharedkey, &example->key,
					view_text(json_tree_text(vector, "string_to_sign")),
					signature, NULL),
			 MUSTER_OK);
	assert_string_equal(signature, json_tree_text(vector, "signature"));
	while (!view_equal(pair.name, VIEW_LITERAL("sig")))
		assert_true(percent_take_pair(&query, &pair));
	assert_int_equal(percent_decode(&sent, pair.value, PERCENT_PLAIN, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&sent), view_text(signature)));
	bytes_release(&sent);
}

static void every_vector_is_met_with_one_signer(void **state)
{
	struct sharedkey *sharedkey;
	unsigned count = 0;

	(void)state;
	assert_int_equal(sharedkey_new(&sharedkey, NULL), MUSTER_OK);
	for (const struct json_tree *at = json_tree_find(vectors, "vectors")->child; at;
	     at = at->next, count++) {
		struct example example;

		example_open(&example, at);
		if (json_tree_find(at, "method"))
			check_request(sharedkey, &example, at);
		else
			check_sas(sharedkey, &example, at);
		secret_release(&example.key);
	}
	assert_int_equal(count, 10);
	sharedkey_free(sharedkey);
}

static void headers_sort_as_the_service_does(void **state)
{
	/* Each before the next. From "test" to "test-a" it is what the service expected of a client
	 * (azure-sdk-for-python, pull request 33951). */
	static const char *const order[] = {
		"x-ms-blob-type",
		"x-ms-client-request-id",
		"x-ms-date",
		"x-ms-meta-i.0",
		"x-ms-meta-i_",
		"x-ms-meta-i_1",
		"x-ms-meta-i+",
		"x-ms-meta-i0",
		"x-ms-meta-i-1",
		"x-ms-meta-ia",
		"x-ms-meta-test",
		"x-ms-meta-test-",
		"x-ms-meta-test--",
		"x-ms-meta-test_-",
		"x-ms-meta-test-_",
		"x-ms-meta-test__",
		"x-ms-meta-test_a",
		"x-ms-meta-test_a-",
		"x-ms-meta-test-_a",
		"x-ms-meta-test_a_",
		"x-ms-meta-test_a-_",
		"x-ms-meta-test_z",
		"x-ms-meta-test-a",
		"x-ms-range",
		"x-ms-range-get-content-md5",
		"x-ms-version",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(order); i++) {
		for (size_t j = 0; j < COUNT(order); j++) {
			int sign = sharedkey_compare(view_text(order[i]), view_text(order[j]));

			assert_int_equal((sign > 0) - (sign < 0), (i > j) - (i < j));
		}
	}
	assert_int_equal(sharedkey_compare(view_text("X-Ms-Date"), view_text("x-ms-date")), 0);
}

static void lines_without_a_vector_are_written_as_documented(void **state)
{
	static const struct cloud_header headers[] = {
		{ VIEW_LITERAL("x-ms-meta-i0"), VIEW_LITERAL("  b ") },
		{ VIEW_LITERAL("X-MS-Meta-i_"), VIEW_LITERAL("a") },
		{ VIEW_LITERAL("Date"), VIEW_LITERAL("then") },
		{ VIEW_LITERAL("If-Match"), VIEW_LITERAL("\"0x8D\"") },
	};
	struct cloud_request request = { .method = VIEW_LITERAL("GET"),
					 .path = VIEW_LITERAL("/c"),
					 .query = VIEW_LITERAL("B=2&a=x%2Cy&b=1&Include=z"),
					 .headers = headers,
					 .header_count = COUNT(headers) };
	struct bytes text = { 0 };

	(void)state;
	assert_int_equal(sharedkey_append_string(&text, VIEW_LITERAL("acc"), &request, NULL),
			 MUSTER_OK);
	assert_true(view_equal(bytes_view(&text),
			       VIEW_LITERAL("GET\n\n\n\n\n\nthen\n\n\"0x8D\"\n\n\n\n"
					    "x-ms-meta-i_:a\nx-ms-meta-i0:b\n/acc/c\n"
					    "a:x,y\nb:1,2\ninclude:z")));
	bytes_release(&text);
}

static void what_cannot_be_signed_says_why(void **state)
{
	static const struct cloud_header both[] = {
		{ VIEW_LITERAL("Range"), VIEW_LITERAL("bytes=0-1") },
		{ VIEW_LITERAL("x-ms-range"), VIEW_LITERAL("bytes=0-1") },
	};
	struct cloud_request request = { .method = VIEW_LITERAL("GET"),
					 .path = VIEW_LITERAL("/c"),
					 .headers = both,
					 .header_count = 2 };
	struct secret key = { 0 }, base64 = { 0 };
	struct bytes text = { 0 };
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(sharedkey_append_string(&text, VIEW_LITERAL("a"), &request, &err),
			 MUSTER_E_USAGE);
	request.header_count = 0;
	request.query = VIEW_LITERAL("a=%x");
	assert_int_equal(sharedkey_append_string(&text, VIEW_LITERAL("a"), &request, &err),
			 MUSTER_E_FORMAT);
	assert_int_equal(secret_set(&base64, VIEW_LITERAL("hunter2!"), NULL), MUSTER_OK);
	assert_int_equal(sharedkey_decode(&key, &base64, &err), MUSTER_E_FORMAT);
	assert_null(strstr(err.message, "hunter2"));
	secret_release(&base64);
	bytes_release(&text);
}

static void a_shared_access_signature_is_appended_as_it_is(void **state)
{
	static const struct {
		const char *url, *sas, *joined;
	} cases[] = {
		{ "https://a/c", "sv=1&sig=a%2Bb", "https://a/c?sv=1&sig=a%2Bb" },
		{ "https://a/c", "?sv=1&sig=x", "https://a/c?sv=1&sig=x" },
		{ "https://a/c?comp=list", "&sig=x", "https://a/c?comp=list&sig=x" },
		{ "https://a/c", "sv=1&sig=x\r\n", NULL },
		{ "https://a/c", "", NULL },
		{ "https://a/c", "?", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct secret sas = { 0 }, url = { 0 };
		enum muster_code code;

		assert_int_equal(secret_set(&sas, view_text(cases[i].sas), NULL), MUSTER_OK);
		code = signed_url_with_sas(&url, view_text(cases[i].url), &sas, NULL);
		assert_int_equal(code, cases[i].joined ? MUSTER_OK : MUSTER_E_USAGE);
		if (!code)
			assert_string_equal((const char *)secret_reveal(&url).secret_ptr,
					    cases[i].joined);
		secret_release(&sas);
		secret_release(&url);
	}
}

static void messages_show_urls_without_what_authorizes(void **state)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{ "", "" },
		{ "https://a/c/b", "https://a/c/b" },
		{ "https://a/c?sv=1&sig=a%2Bb&se=2", "https://a/c?sv=1&sig=...&se=2" },
		{ "https://a/c?SIG=x", "https://a/c?SIG=..." },
		{ "https://a/c?%73ig=x", "https://a/c?%73ig=..." },
		{ "https://a/c?sig=x?sig=y", "https://a/c?sig=..." },
		{ "https://b/k?X-Amz-Date=1&X-Amz-Security-Token=t&X-Amz-Signature=s",
		  "https://b/k?X-Amz-Date=1&X-Amz-Security-Token=...&X-Amz-Signature=..." },
		{ "https://u:p@h/k", "https://...@h/k" },
		{ "https://u:p@w@h/k", "https://...@h/k" },
		{ "https://h/k@x?a=%zz&&sig", "https://h/k@x?a=%zz&&sig=..." },
		{ "https://h/o?uploadType=resumable&upload_id=A",
		  "https://h/o?uploadType=resumable&upload_id=..." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes out = { 0 };

		assert_int_equal(signed_url_append_redacted(&out, view_text(cases[i].url), NULL),
				 MUSTER_OK);
		assert_true(view_equal(bytes_view(&out), view_text(cases[i].shown)));
		bytes_release(&out);
	}
}

static void no_memory_is_told(void **state)
{
	const struct json_tree *vector = json_tree_find(vectors, "vectors")->child;
	struct example example;

	(void)state;
	example_open(&example, vector);
	example.request.method = VIEW_LITERAL("GET");
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct sharedkey *sharedkey;
		struct bytes out = { 0 };
		enum muster_code code = sharedkey_new(&sharedkey, NULL);
		bool hit;

		if (!code)
			code = sharedkey_authorize(sharedkey, VIEW_LITERAL("a"), &example.key,
						   &example.request, &out, NULL);
		out.len = 0;
		if (!code)
			code = signed_url_append_redacted(&out, VIEW_LITERAL("a?sig=b&c=d"), NULL);
		hit = torture_hit();
		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		bytes_release(&out);
		sharedkey_free(sharedkey);
		if (!hit)
			break;
	}
	secret_release(&example.key);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_is_met_with_one_signer),
		cmocka_unit_test(headers_sort_as_the_service_does),
		cmocka_unit_test(lines_without_a_vector_are_written_as_documented),
		cmocka_unit_test(what_cannot_be_signed_says_why),
		cmocka_unit_test(a_shared_access_signature_is_appended_as_it_is),
		cmocka_unit_test(messages_show_urls_without_what_authorizes),
		cmocka_unit_test(no_memory_is_told),
	};
	int failed;

	if (argc != 2)
		return 2;
	vectors = json_tree_load(argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_tree_free(vectors);
	return failed;
}
