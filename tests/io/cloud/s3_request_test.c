/* What is sent to AWS, which no server here stands for: hosts, sums, hashes; and where an answer
 * leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash/crc.h"
#include "io/cloud/s3.h"
#include "io/cloud/sigv4.h"
#include "tests/io/cloud/test_keys.h"

struct made {
	struct cloud_protocol *protocol;
	struct keys *keys;
	struct cloud_call call;
	struct http_head head;
	struct view body;
};

static void open_made(struct made *made, const char *url, const char *bucket)
{
	struct s3_options options = { .endpoint = { .url = view_text(url),
						    .bucket = view_text(bucket),
						    .region = VIEW_LITERAL("eu-west-1") } };

	*made = (struct made){ .keys = test_keys_new("AKIDTEST", "secret", "TOKEN") };
	options.keys = made->keys;
	assert_int_equal(s3_protocol_open(&made->protocol, &options, NULL), MUSTER_OK);
}

static void close_made(struct made *made)
{
	cloud_call_release(&made->call);
	made->protocol->ops->free(made->protocol);
	keys_close(made->keys);
}

static void make(struct made *made)
{
	struct muster_error err = { 0 };

	http_head_init(&made->head);
	made->body = made->call.body;
	if (made->protocol->ops->make_body(made->protocol, &made->call, &made->body, &err) ||
	    made->protocol->ops->prepare(made->protocol, &made->call, &made->head, &err))
		fail_msg("%s", err.message);
	assert_int_equal(made->head.code, MUSTER_OK);
}

/* The value of a line; NULL: it is not sent. */
static const char *line(const struct made *made, const char *name)
{
	size_t len = strlen(name);

	for (const struct curl_slist *at = made->head.lines; at; at = at->next)
		if (strncmp(at->data, name, len) == 0 && at->data[len] == ':')
			return at->data + len + 1 + (at->data[len + 1] == ' ');
	return NULL;
}

static void hosts_and_paths_are_those_of_the_style(void **state)
{
	static const struct {
		const char *url, *bucket, *made;
	} cases[] = {
		{ "", "bucket", "https://bucket.s3.eu-west-1.amazonaws.com/a//b%20%2B/%25" },
		{ "", "with.dots", "https://s3.eu-west-1.amazonaws.com/with.dots/a//b%20%2B/%25" },
		{ "http://localhost:9000", "bucket",
		  "http://localhost:9000/bucket/a//b%20%2B/%25" },
		{ "https://host/s3", "bucket", "https://host/s3/bucket/a//b%20%2B/%25" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made made;

		open_made(&made, cases[i].url, cases[i].bucket);
		made.call =
			(struct cloud_call){ .verb = CLOUD_HEAD, .key = VIEW_LITERAL("a//b +/%") };
		make(&made);
		assert_string_equal(made.head.url, cases[i].made);
		assert_string_equal(line(&made, "x-amz-security-token"), "TOKEN");
		assert_string_equal(line(&made, "x-amz-content-sha256"), SIGV4_EMPTY_SHA256);
		close_made(&made);
	}
}

static void lists_are_asked_for_in_full(void **state)
{
	struct made made;

	(void)state;
	open_made(&made, "", "bucket");
	made.call = (struct cloud_call){ .verb = CLOUD_LIST,
					 .prefix = VIEW_LITERAL("p/"),
					 .after = VIEW_LITERAL("p/a&b") };
	make(&made);
	assert_string_equal(made.head.url,
			    "https://bucket.s3.eu-west-1.amazonaws.com/?list-type=2&encoding-type="
			    "url&prefix=p%2F&start-after=p%2Fa%26b");
	made.call.token = VIEW_LITERAL("1/=+");
	made.call.page_max = 7;
	make(&made);
	assert_string_equal(made.head.url,
			    "https://bucket.s3.eu-west-1.amazonaws.com/?list-type=2&encoding-type="
			    "url&prefix=p%2F&continuation-token=1%2F%3D%2B&max-keys=7");
	close_made(&made);
}

/* Over TLS only small bodies are hashed for the signature; AWS checks a CRC of all. */
static void aws_is_sent_a_crc(void **state)
{
	static uint8_t large[100000];
	struct cloud_sums sums = { .has_crc64nvme = true,
				   .crc64nvme = crc_of(CRC_64NVME, VIEW_LITERAL("123456789")) };
	struct made made;

	(void)state;
	open_made(&made, "", "bucket");
	assert_int_equal(made.protocol->ops->wanted_sums(made.protocol, CLOUD_PART),
			 1u << CHECKSUM_CRC64NVME);
	made.call = (struct cloud_call){ .verb = CLOUD_CREATE,
					 .key = VIEW_LITERAL("k"),
					 .body = VIEW_LITERAL("123456789"),
					 .sums = &sums,
					 .nonce = "0123" };
	make(&made);
	assert_string_equal(line(&made, "x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");
	assert_string_equal(line(&made, "x-amz-meta-musternonce"), "0123");
	assert_string_equal(line(&made, "if-none-match"), "*");
	assert_string_equal(line(&made, "x-amz-content-sha256"),
			    "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
	assert_non_null(strstr(line(&made, "authorization"),
			       "SignedHeaders=host;x-amz-checksum-crc64nvme;x-amz-content-sha256;"
			       "x-amz-date;x-amz-meta-musternonce;x-amz-security-token,"));
	made.call.body = view_of(large, sizeof(large));
	make(&made);
	assert_string_equal(line(&made, "x-amz-content-sha256"), SIGV4_UNSIGNED);
	close_made(&made);
}

static void others_are_sent_an_md5_or_over_plain_http_a_hash(void **state)
{
	static uint8_t large[100000];
	struct made made;

	(void)state;
	open_made(&made, "https://127.0.0.1:9000", "bucket");
	assert_int_equal(made.protocol->ops->wanted_sums(made.protocol, CLOUD_CREATE),
			 1u << CHECKSUM_MD5);
	close_made(&made);
	open_made(&made, "http://127.0.0.1:9000", "bucket");
	assert_int_equal(made.protocol->ops->wanted_sums(made.protocol, CLOUD_CREATE),
			 1u << CHECKSUM_SHA256);
	made.call = (struct cloud_call){ .verb = CLOUD_PART,
					 .key = VIEW_LITERAL("k"),
					 .body = view_of(large, sizeof(large)),
					 .upload = VIEW_LITERAL("u/="),
					 .number = 12 };
	make(&made);
	assert_string_equal(made.head.url,
			    "http://127.0.0.1:9000/bucket/k?partNumber=12&uploadId=u%2F%3D");
	assert_int_equal(strlen(line(&made, "x-amz-content-sha256")), 64);
	assert_null(line(&made, "if-none-match"));
	close_made(&made);
}

static void an_upload_tells_its_sums_to_aws(void **state)
{
	static const struct cloud_part parts[] = {
		{ .number = 1,
		  .etag = "\"a\"",
		  .sums = { .has_crc64nvme = true, .crc64nvme = 0xae8b14860a799888 } },
		{ .number = 2, .etag = "\"b\"", .sums = { .has_crc64nvme = true } },
	};
	struct made made;

	(void)state;
	open_made(&made, "", "bucket");
	made.call = (struct cloud_call){ .verb = CLOUD_BEGIN, .key = VIEW_LITERAL("k") };
	make(&made);
	assert_string_equal(line(&made, "x-amz-checksum-algorithm"), "CRC64NVME");
	assert_string_equal(line(&made, "x-amz-checksum-type"), "FULL_OBJECT");
	made.call = (struct cloud_call){ .verb = CLOUD_COMPLETE,
					 .key = VIEW_LITERAL("k"),
					 .upload = VIEW_LITERAL("u"),
					 .parts = parts,
					 .part_count = 2 };
	make(&made);
	assert_string_equal(line(&made, "if-none-match"), "*");
	assert_true(made.body.len > 0);
	assert_non_null(memmem(made.body.ptr, made.body.len,
			       "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME>", 51));
	assert_int_equal(strlen(line(&made, "x-amz-content-sha256")), 64);
	close_made(&made);
}

static void another_region_is_another_host(void **state)
{
	static const char *const headers[] = { "x-amz-bucket-region: eu-central-1\r\n",
					       "x-amz-bucket-region: evil.example/\r\n" };
	static const char *const urls[] = {
		"https://bucket.s3.eu-central-1.amazonaws.com/k",
		"https://bucket.s3.eu-west-1.amazonaws.com/k",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct http_lines lines = { .len = 0 };
		struct http_reply reply = {
			.method = HTTP_HEAD, .status = 301, .attempt = 1, .lines = &lines
		};
		enum pacer_outcome outcome = PACER_SERVED;
		struct made made;

		open_made(&made, "", "bucket");
		made.call = (struct cloud_call){ .verb = CLOUD_HEAD, .key = VIEW_LITERAL("k") };
		assert_true(http_lines_add(&lines, view_text(headers[i])));
		assert_int_equal(made.protocol->ops->judge(made.protocol, &made.call, &reply,
							   &outcome, NULL),
				 MUSTER_E_IO);
		assert_int_equal(outcome, i ? PACER_SERVED : PACER_FAILED);
		make(&made);
		assert_string_equal(made.head.url, urls[i]);
		close_made(&made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_paths_are_those_of_the_style),
		cmocka_unit_test(lists_are_asked_for_in_full),
		cmocka_unit_test(aws_is_sent_a_crc),
		cmocka_unit_test(others_are_sent_an_md5_or_over_plain_http_a_hash),
		cmocka_unit_test(an_upload_tells_its_sums_to_aws),
		cmocka_unit_test(another_region_is_another_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
