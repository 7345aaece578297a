/* Every published vector, and what a signer refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "io/cloud/percent.h"
#include "io/cloud/sigv4.h"
#include "tests/io/cloud/json_tree.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct json_tree *vectors;

/** One vector, as a signer takes it. */
struct example {
	const struct json_tree *vector;
	struct bytes path, query;
	struct cloud_header headers[CLOUD_HEADERS_MAX];
	struct cloud_request request;
	struct secret secret_key, session_token;
	struct sigv4_scope scope;
};

static uint64_t time_of(const char *basic)
{
	char iso[32];
	uint64_t wall_ns;

	snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", basic, basic + 4, basic + 6,
		 basic + 9, basic + 11, basic + 13);
	assert_true(date_parse_iso(view_text(iso), &wall_ns));
	return wall_ns;
}

/* The three that a signer adds are not given to it. */
static void add_header(struct example *example, const char *name, const char *value)
{
	struct view view = view_text(name);

	if (header_compare(view, view_text("x-amz-security-token")) == 0) {
		assert_int_equal(secret_set(&example->session_token, view_text(value), NULL), 0);
		return;
	}
	if (header_compare(view, view_text("x-amz-date")) == 0 ||
	    header_compare(view, view_text("x-amz-content-sha256")) == 0)
		return;
	example->headers[example->request.header_count++] =
		(struct cloud_header){ view, view_text(value) };
}

static void example_open(struct example *example, const struct json_tree *vector)
{
	const struct json_tree *at;

	*example = (struct example){ .vector = vector };
	assert_int_equal(percent_encode(&example->path,
					view_text(json_tree_text(vector, "decoded_path")),
					PERCENT_PATH, NULL),
			 0);
	for (at = json_tree_find(vector, "decoded_query")->child; at; at = at->next) {
		/* those of a presigned query are the signer's to make */
		if (strncmp(at->child->text, "X-Amz-", 6) != 0)
			assert_int_equal(percent_append_pair(&example->query, at->child->text,
							     view_text(at->child->next->text),
							     NULL),
					 0);
	}
	for (at = json_tree_find(vector, "headers")->child; at; at = at->next)
		add_header(example, at->child->text, at->child->next->text);
	assert_int_equal(secret_set(&example->secret_key,
				    view_text(json_tree_text(vector, "secret_access_key")), NULL),
			 0);
	example->request.method = view_text(json_tree_text(vector, "method"));
	example->request.path = bytes_view(&example->path);
	example->request.query = bytes_view(&example->query);
	example->request.headers = example->headers;
	example->scope = (struct sigv4_scope){
		.dialect = strcmp(json_tree_text(vector, "service"), "s3") == 0 ? SIGV4_S3
										: SIGV4_OTHER,
		.region = view_text(json_tree_text(vector, "region")),
		.service = view_text(json_tree_text(vector, "service")),
		.key_id = view_text(json_tree_text(vector, "access_key_id")),
		.secret_key = &example->secret_key,
		.session_token = &example->session_token,
		.wall_ns = time_of(json_tree_text(vector, "timestamp")),
	};
}

static void example_release(struct example *example)
{
	bytes_release(&example->path);
	bytes_release(&example->query);
	secret_release(&example->secret_key);
	secret_release(&example->session_token);
}

static struct view payload_of(const struct json_tree *vector)
{
	return view_text(json_tree_text(vector, "payload_hash"));
}

static void check_chunks(struct sigv4 *sigv4, const struct example *example, char *signature)
{
	const struct json_tree *at, *chunks = json_tree_find(example->vector, "chunks");
	const struct json_tree *trailer = json_tree_find(example->vector, "trailer");
	uint8_t *data = malloc(65536);

	assert_non_null(data);
	memset(data, 'a', 65536);
	for (at = chunks ? chunks->child : NULL; at; at = at->next) {
		size_t len = strtoul(json_tree_text(at, "length"), NULL, 10);

		assert_int_equal(sigv4_sign_chunk(sigv4, &example->scope, view_of(data, len),
						  signature, NULL),
				 MUSTER_OK);
		assert_string_equal(signature, json_tree_text(at, "signature"));
	}
	free(data);
	if (!trailer)
		return;
	assert_int_equal(sigv4_sign_trailer(sigv4, &example->scope,
					    view_text(json_tree_text(trailer, "canonical")),
					    signature, NULL),
			 MUSTER_OK);
	assert_string_equal(signature, json_tree_text(trailer, "signature"));
}

static void check_signed(struct sigv4 *sigv4, const struct example *example)
{
	struct sigv4_signed out = { 0 };
	struct secret canonical = { 0 };

	assert_int_equal(sigv4_canonical_request(sigv4, &example->scope, &example->request,
						 payload_of(example->vector), &canonical, NULL),
			 MUSTER_OK);
	assert_string_equal((const char *)secret_reveal(&canonical).secret_ptr,
			    json_tree_text(example->vector, "canonical_request"));
	for (int round = 0; round < 2; round++) { /* with the key derived, and with it kept */
		assert_int_equal(sigv4_sign(sigv4, &example->scope, &example->request,
					    payload_of(example->vector), &out, NULL),
				 MUSTER_OK);
		assert_string_equal(out.signature, json_tree_text(example->vector, "signature"));
		assert_string_equal(out.date, json_tree_text(example->vector, "timestamp"));
		assert_true(
			view_equal(bytes_view(&out.authorization),
				   view_text(json_tree_text(example->vector, "authorization"))));
	}
	check_chunks(sigv4, example, out.signature);
	sigv4_signed_release(&out);
	secret_release(&canonical);
}

static void check_presigned(struct sigv4 *sigv4, const struct example *example)
{
	const char *query = strchr(json_tree_text(example->vector, "presigned_url"), '?') + 1;
	struct secret out = { 0 };

	assert_int_equal(
		sigv4_presign(sigv4, &example->scope, &example->request, 86400, &out, NULL),
		MUSTER_OK);
	assert_string_equal((const char *)secret_reveal(&out).secret_ptr, query);
	secret_release(&out);
}

static void every_vector_is_met_with_one_signer(void **state)
{
	struct sigv4 *sigv4;
	unsigned count = 0;

	(void)state;
	assert_int_equal(sigv4_new(&sigv4, NULL), MUSTER_OK);
	for (const struct json_tree *at = json_tree_find(vectors, "vectors")->child; at;
	     at = at->next, count++) {
		struct example example;

		example_open(&example, at);
		if (json_tree_find(at, "presigned_url"))
			check_presigned(sigv4, &example);
		else
			check_signed(sigv4, &example);
		example_release(&example);
	}
	assert_int_equal(count, 16);
	sigv4_free(sigv4);
}

static const struct json_tree *vector_named(const char *name)
{
	const struct json_tree *at = json_tree_find(vectors, "vectors")->child;

	while (strcmp(json_tree_text(at, "name"), name) != 0)
		at = at->next;
	return at;
}

static void keys_are_kept_apart_and_outlive_their_slots(void **state)
{
	struct example example;
	struct sigv4 *sigv4;
	struct sigv4_signed out = { 0 };
	char regions[SIGV4_KEYS * 2][4], first[SIGV4_KEYS * 2][MAC_HEX_TEXT];

	(void)state;
	example_open(&example, vector_named("s3-get-object-range"));
	assert_int_equal(sigv4_new(&sigv4, NULL), MUSTER_OK);
	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < COUNT(regions); i++) {
			snprintf(regions[i], sizeof(regions[i]), "r%u", i % 100);
			example.scope.region = view_text(regions[i]);
			assert_int_equal(sigv4_sign(sigv4, &example.scope, &example.request,
						    payload_of(example.vector), &out, NULL),
					 MUSTER_OK);
			if (!round)
				memcpy(first[i], out.signature, sizeof(first[i]));
			assert_string_equal(out.signature, first[i]);
			assert_true(!i || strcmp(first[i], first[i - 1]) != 0);
		}
	}
	sigv4_signed_release(&out);
	sigv4_free(sigv4);
	example_release(&example);
}

static void a_valueless_parameter_and_a_raw_one_are_signed_as_servers_do(void **state)
{
	struct example example;
	struct sigv4 *sigv4;
	struct sigv4_signed out = { 0 };

	(void)state;
	assert_int_equal(sigv4_new(&sigv4, NULL), MUSTER_OK);
	example_open(&example, vector_named("s3-get-bucket-lifecycle-valueless-query"));
	example.request.query = VIEW_LITERAL("lifecycle");
	assert_int_equal(sigv4_sign(sigv4, &example.scope, &example.request,
				    payload_of(example.vector), &out, NULL),
			 MUSTER_OK);
	assert_string_equal(out.signature, json_tree_text(example.vector, "signature"));
	example_release(&example);

	example_open(&example, vector_named("s3-list-objects-v1"));
	example.request.query = VIEW_LITERAL("prefix=%4a&max-keys=2");
	assert_int_equal(sigv4_sign(sigv4, &example.scope, &example.request,
				    payload_of(example.vector), &out, NULL),
			 MUSTER_OK);
	assert_string_equal(out.signature, json_tree_text(example.vector, "signature"));
	example_release(&example);
	sigv4_signed_release(&out);
	sigv4_free(sigv4);
}

/* A service other than S3 encodes the path that it got once more. */
static void other_services_encode_the_path_twice(void **state)
{
	struct example example;
	struct sigv4 *sigv4;
	struct secret canonical = { 0 };

	(void)state;
	assert_int_equal(sigv4_new(&sigv4, NULL), MUSTER_OK);
	example_open(&example, vector_named("suite/get-vanilla"));
	example.request.path = VIEW_LITERAL("/a%20b/");
	assert_int_equal(sigv4_canonical_request(sigv4, &example.scope, &example.request,
						 payload_of(example.vector), &canonical, NULL),
			 MUSTER_OK);
	assert_non_null(
		strstr((const char *)secret_reveal(&canonical).secret_ptr, "GET\n/a%2520b/\n"));
	secret_release(&canonical);
	sigv4_free(sigv4);
	example_release(&example);
}

static void what_cannot_be_signed_says_why(void **state)
{
	static const struct {
		const char *header, *value, *path, *query, *region, *reason;
		enum sigv4_dialect dialect;
	} cases[] = {
		{ "x", "a\r\nb: c", "/", "", "r", "control character", SIGV4_S3 },
		{ "x y", "a", "/", "", "r", "no name of a header", SIGV4_S3 },
		{ "", "a", "/", "", "r", "no name of a header", SIGV4_S3 },
		{ "X-Amz-Date", "a", "/", "", "r", "its signature adds", SIGV4_S3 },
		{ "x-amz-security-token", "a", "/", "", "r", "its signature adds", SIGV4_S3 },
		{ "x", "a", "no-slash", "", "r", "does not begin", SIGV4_S3 },
		{ "x", "a", "/", "a=%4", "r", "without two digits", SIGV4_S3 },
		{ "x", "a", "/", "", "", "no region", SIGV4_S3 },
		{ "x", "a", "/", "", "a/b", "no region", SIGV4_S3 },
		{ "x", "a", "/a/../b", "", "r", "folded", SIGV4_OTHER },
		{ "x", "a", "/a//b", "", "r", "folded", SIGV4_OTHER },
	};
	struct example example;
	struct sigv4 *sigv4;
	struct sigv4_signed out = { 0 };

	(void)state;
	assert_int_equal(sigv4_new(&sigv4, NULL), MUSTER_OK);
	example_open(&example, vector_named("suite/get-vanilla"));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct muster_error err = { 0 };

		example.scope.dialect = cases[i].dialect;
		example.scope.region = view_text(cases[i].region);
		example.request.path = view_text(cases[i].path);
		example.request.query = view_text(cases[i].query);
		example.request.header_count = 2;
		example.headers[1] = (struct cloud_header){ view_text(cases[i].header),
							    view_text(cases[i].value) };
		assert_true(muster_failed(sigv4_sign(sigv4, &example.scope, &example.request,
						     payload_of(example.vector), &out, &err)));
		assert_non_null(strstr(err.message, cases[i].reason));
	}
	example.request.header_count = 0;
	example.request.path = VIEW_LITERAL("/");
	assert_int_equal(sigv4_sign(sigv4, &example.scope, &example.request,
				    payload_of(example.vector), &out, NULL),
			 MUSTER_E_USAGE);
	sigv4_signed_release(&out);
	sigv4_free(sigv4);
	example_release(&example);
}

static void a_signed_url_has_its_limits(void **state)
{
	struct example example;
	struct sigv4 *sigv4;
	struct secret out = { 0 };

	(void)state;
	assert_int_equal(sigv4_new(&sigv4, NULL), MUSTER_OK);
	example_open(&example, vector_named("s3-presigned-get"));
	assert_int_equal(sigv4_presign(sigv4, &example.scope, &example.request, 0, &out, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(sigv4_presign(sigv4, &example.scope, &example.request, 604801, &out, NULL),
			 MUSTER_E_USAGE);
	assert_int_equal(secret_set(&example.session_token, VIEW_LITERAL("to/ken"), NULL), 0);
	example.request.query = VIEW_LITERAL("versionId=a");
	assert_int_equal(sigv4_presign(sigv4, &example.scope, &example.request, 60, &out, NULL),
			 MUSTER_OK);
	assert_non_null(strstr((const char *)secret_reveal(&out).secret_ptr,
			       "X-Amz-Security-Token=to%2Fken&X-Amz-SignedHeaders=host"
			       "&versionId=a&X-Amz-Signature="));
	secret_release(&out);
	sigv4_free(sigv4);
	example_release(&example);
}

static enum muster_code sign_all(const struct example *example, char signature[MAC_HEX_TEXT])
{
	struct sigv4 *sigv4;
	struct sigv4_signed out = { 0 };
	struct secret query = { 0 };
	enum muster_code code = sigv4_new(&sigv4, NULL);

	if (!code)
		code = sigv4_sign(sigv4, &example->scope, &example->request,
				  payload_of(example->vector), &out, NULL);
	memcpy(signature, out.signature, MAC_HEX_TEXT);
	if (!code)
		code = sigv4_sign_chunk(sigv4, &example->scope, VIEW_LITERAL("x"), out.signature,
					NULL);
	if (!code) {
		struct cloud_request request = example->request;
		struct cloud_header host = { VIEW_LITERAL("host"), VIEW_LITERAL("h") };

		request.headers = &host;
		request.header_count = 1;
		code = sigv4_presign(sigv4, &example->scope, &request, 60, &query, NULL);
	}
	secret_release(&query);
	sigv4_signed_release(&out);
	sigv4_free(sigv4);
	return code;
}

static void no_memory_is_told_and_nothing_is_lost(void **state)
{
	struct example example;

	(void)state;
	example_open(&example, vector_named("own/s3-put-unsigned-conditional-token-sse"));
	for (uint64_t n = 1; torture_allocation(n); n++) {
		char signature[MAC_HEX_TEXT];
		enum muster_code code = sign_all(&example, signature);
		bool hit = torture_hit();

		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		if (hit)
			continue;
		assert_string_equal(signature, json_tree_text(example.vector, "signature"));
		assert_true(n > 5);
		break;
	}
	example_release(&example);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_is_met_with_one_signer),
		cmocka_unit_test(keys_are_kept_apart_and_outlive_their_slots),
		cmocka_unit_test(a_valueless_parameter_and_a_raw_one_are_signed_as_servers_do),
		cmocka_unit_test(other_services_encode_the_path_twice),
		cmocka_unit_test(what_cannot_be_signed_says_why),
		cmocka_unit_test(a_signed_url_has_its_limits),
		cmocka_unit_test(no_memory_is_told_and_nothing_is_lost),
	};
	int failed;

	if (argc != 2)
		return 2;
	vectors = json_tree_load(argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_tree_free(vectors);
	return failed;
}
