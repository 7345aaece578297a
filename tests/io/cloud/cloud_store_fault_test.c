/* What servers answer instead of what was asked for, and what becomes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>

#include <cmocka.h>

#include "tests/io/cloud/store_lab.h"

#define SMALL VIEW_LITERAL("some bytes")
#define ERROR_OF(word)                                                                             \
	"<?xml version=\"1.0\"?>\n<Error><Code>" word                                              \
	"</Code><Message>so says the server</Message>"                                             \
	"<RequestId>4711</RequestId></Error>"
#define REPLY_OF(number, word)                                                                     \
	{                                                                                          \
		.status = (number), .body = ERROR_OF(word), .body_len = sizeof(ERROR_OF(word)) - 1 \
	}

static void create(struct store_lab *lab, const char *key)
{
	struct muster_error err = { 0 };

	if (store_create(lab->store, key, SMALL, &err))
		fail_msg("%s", err.message);
}

static void holds(struct store_lab *lab, const char *key)
{
	struct muster_error err = { 0 };
	struct bytes got = { 0 };

	if (store_get(lab->store, key, &got, 1 << 20, &err))
		fail_msg("%s", err.message);
	assert_true(view_equal(bytes_view(&got), SMALL));
	bytes_release(&got);
}

static const char *sent(const struct store_lab *lab, size_t index, const char *name)
{
	static char value[512];

	value[0] = 0;
	scripted_header(scripted_request_at(lab->server, index), name, value, sizeof(value));
	return value;
}

/* --- failures that pass ---------------------------------------------------------------------- */

static void what_may_pass_is_tried_again(void **state)
{
	static struct scripted_rule cases[] = {
		{ .count = 3, .reply = REPLY_OF(503, "SlowDown") },
		{ .count = 2, .reply = REPLY_OF(500, "InternalError") },
		{ .count = 2, .reply = REPLY_OF(400, "RequestTimeout") },
		{ .count = 2, .reply = REPLY_OF(409, "OperationAborted") },
		{ .method = "PUT",
		  .count = 2,
		  .reply = REPLY_OF(409, "ConditionalRequestConflict") },
		{ .count = 1, .reply = REPLY_OF(400, "BadDigest") },
		{ .count = 2, .reply = { .status = 502 } },
		{ .count = 2, .reply = { .status = 429 } },
		{ .method = "GET", .count = 2, .reply = REPLY_OF(503, "SlowDown") },
		{ .method = "GET", .count = 2, .reply = { .fault = SCRIPTED_RESET_BEFORE } },
		{ .method = "GET", .count = 2, .reply = { .fault = SCRIPTED_CUT_BODY, .at = 4 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_lab lab = { .rules = &cases[i], .rule_count = 1 };

		store_lab_open(&lab);
		create(&lab, "k");
		holds(&lab, "k");
		assert_int_equal(store_lab_requests(&lab), 2 + cases[i].count);
		store_lab_close(&lab);
	}
}

static void errors_within_a_success_are_errors(void **state)
{
	static struct scripted_rule cases[] = {
		{ .method = "POST",
		  .path = "*uploadId*",
		  .count = 2,
		  .reply = REPLY_OF(200, "InternalError") },
		{ .method = "POST",
		  .path = "*uploadId*",
		  .count = 1,
		  .reply = REPLY_OF(200, "SlowDown") },
		{ .method = "POST",
		  .path = "*uploads*",
		  .count = 1,
		  .reply = REPLY_OF(200, "InternalError") },
		{ .method = "GET",
		  .path = "*list-type*",
		  .count = 2,
		  .reply = REPLY_OF(200, "InternalError") },
	};
	struct muster_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_lab lab = { .rules = &cases[i],
					 .rule_count = 1,
					 .options = { .part_bytes = 10000 } };

		store_lab_open(&lab);
		if (store_lab_write(&lab, "k", 25000, &err))
			fail_msg("%s", err.message);
		store_lab_check(&lab, "k", 25000, 25000);
		assert_int_equal(store_list(lab.store, "none", NULL, NULL, NULL, &err), MUSTER_OK);
		assert_int_equal(store_lab_requests(&lab), 7 + cases[i].count);
		store_lab_close(&lab);
	}
}

static void what_does_not_pass_is_told(void **state)
{
	static const struct {
		struct scripted_rule rule;
		enum muster_code code;
		int sys_errno;
		size_t requests;
		const char *message;
	} cases[] = {
		{ { .reply = REPLY_OF(403, "AccessDenied") },
		  MUSTER_E_IO,
		  EACCES,
		  1,
		  "create s3://" S3_FAKE_BUCKET "/a/k: 403 AccessDenied: so says the server "
		  "(request 4711)" },
		{ { .reply = REPLY_OF(404, "NoSuchBucket") },
		  MUSTER_E_IO,
		  ENOENT,
		  1,
		  "404 NoSuchBucket" },
		{ { .reply = REPLY_OF(501, "NotImplemented") },
		  MUSTER_E_UNSUPPORTED,
		  EIO,
		  1,
		  "501 NotImplemented" },
		{ { .reply = REPLY_OF(503, "SlowDown") },
		  MUSTER_E_IO,
		  EIO,
		  STORE_LAB_TRIES,
		  "503 SlowDown" },
		{ { .reply = REPLY_OF(400, "BadDigest") }, MUSTER_E_IO, EIO, 3, "400 BadDigest" },
		{ { .reply = REPLY_OF(400, "ExpiredToken") },
		  MUSTER_E_IO,
		  EIO,
		  1,
		  "400 ExpiredToken" },
		{ { .reply = REPLY_OF(301, "PermanentRedirect") },
		  MUSTER_E_IO,
		  EIO,
		  1,
		  "301 PermanentRedirect" },
		{ { .reply = REPLY_OF(418, "Strange") }, MUSTER_E_IO, EIO, 1, "418 Strange" },
		{ { .reply = { .status = 418, .body = "<html>", .body_len = 6 } },
		  MUSTER_E_IO,
		  EIO,
		  1,
		  "418" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_lab lab = { .rules = &cases[i].rule, .rule_count = 1 };
		struct muster_error err = { 0 };

		store_lab_open(&lab);
		assert_int_equal(store_create(lab.store, "a/k", SMALL, &err), cases[i].code);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s", err.message);
		assert_int_equal(err.sys_errno, cases[i].sys_errno);
		assert_int_equal(store_lab_requests(&lab), cases[i].requests);
		store_lab_close(&lab);
	}
}

static void no_secret_is_told(void **state)
{
	static const char body[] =
		"<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>"
		"<CanonicalRequest>x-amz-security-token:TOKEN-1</CanonicalRequest></Error>";
	struct scripted_rule rules[] = {
		{ .reply = { .status = 403, .body = body, .body_len = sizeof(body) - 1 } }
	};
	struct store_lab lab = { .token = "TOKEN-1" };
	struct muster_error err = { 0 };

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	assert_int_equal(store_create(lab.store, "k", SMALL, &err), MUSTER_E_IO);
	assert_non_null(strstr(err.message, "SignatureDoesNotMatch"));
	assert_null(strstr(err.message, "TOKEN-1"));
	assert_null(strstr(err.message, "secret-of-the-test"));
	assert_null(strstr(err.message, "Signature="));
	assert_string_equal(sent(&lab, 0, "x-amz-security-token"), "TOKEN-1");
	store_lab_close(&lab);
}

/* --- region, clock, keys --------------------------------------------------------------------- */

static void a_wrong_region_is_put_right_once(void **state)
{
	struct store_lab lab = { .fake = { .region = "eu-west-3" } };

	(void)state;
	store_lab_open(&lab);
	create(&lab, "k");
	assert_int_equal(store_lab_requests(&lab), 2);
	assert_non_null(strstr(sent(&lab, 0, "authorization"), "/us-east-1/s3/"));
	assert_non_null(strstr(sent(&lab, 1, "authorization"), "/eu-west-3/s3/"));
	holds(&lab, "k");
	assert_int_equal(store_lab_requests(&lab), 3);
	store_lab_close(&lab);
}

/* HEAD has no document: the header tells. */
static void a_region_in_a_header_is_enough(void **state)
{
	static const unsigned statuses[] = { 301, 307, 400 };

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct scripted_rule rules[] = {
			{ .count = 1,
			  .reply = { .status = statuses[i],
				     .headers = "x-amz-bucket-region: ap-south-1\r\n" } }
		};
		struct store_lab lab = { 0 };

		STORE_LAB_OPEN(&lab, rules);
		create(&lab, "k");
		assert_int_equal(store_lab_requests(&lab), 2);
		assert_non_null(strstr(sent(&lab, 1, "authorization"), "/ap-south-1/s3/"));
		store_lab_close(&lab);
	}
}

static void a_redirect_leads_to_another_host(void **state)
{
	char headers[128];
	struct scripted_rule rules[] = { { .count = 1,
					   .reply = { .status = 307, .headers = headers } } };
	struct store_lab lab = { 0 };
	const char *port;

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	port = strrchr(scripted_url(lab.server), ':');
	snprintf(headers, sizeof(headers), "Location: http://localhost%s/" S3_FAKE_BUCKET "/k\r\n",
		 port);
	create(&lab, "k");
	assert_int_equal(strncmp(sent(&lab, 0, "host"), "127.0.0.1", 9), 0);
	assert_int_equal(strncmp(sent(&lab, 1, "host"), "localhost", 9), 0);
	holds(&lab, "k");
	assert_int_equal(strncmp(sent(&lab, 2, "host"), "localhost", 9), 0);
	store_lab_close(&lab);
}

static void a_wrong_clock_is_learned_from_the_server(void **state)
{
	static const int64_t off_s[] = { -7200, 86400 };

	(void)state;
	for (size_t i = 0; i < sizeof(off_s) / sizeof(off_s[0]); i++) {
		struct store_lab lab = { .fake = { .clock_s = off_s[i] } };
		int64_t wall_ns, apart_ns;
		uint64_t now_ns;

		store_lab_open(&lab);
		create(&lab, "k");
		assert_int_equal(store_lab_requests(&lab), 2);
		holds(&lab, "k");
		assert_int_equal(store_now(lab.store, &now_ns, NULL), MUSTER_OK);
		assert_int_equal(store_lab_requests(&lab), 3); /* the time was told not long ago */
		wall_ns = (int64_t)effects_wall_ns(effects_system());
		apart_ns = (int64_t)now_ns - wall_ns - off_s[i] * 1000000000;
		assert_true(apart_ns > -3000000000 && apart_ns < 3000000000);
		store_lab_close(&lab);
	}
}

static void the_time_is_asked_for_where_nobody_told_it(void **state)
{
	struct store_lab lab = { 0 };
	uint64_t now_ns;

	(void)state;
	store_lab_open(&lab);
	assert_int_equal(store_now(lab.store, &now_ns, NULL), MUSTER_OK);
	assert_int_equal(store_lab_requests(&lab), 1);
	store_lab_close(&lab);
}

static void keys_that_have_expired_are_fetched_anew(void **state)
{
	struct store_lab lab = { .token = "old", .fake = { .token = "new" } };

	(void)state;
	store_lab_open(&lab);
	store_lab_renew(&lab, "new");
	create(&lab, "k");
	assert_int_equal(store_lab_requests(&lab), 2);
	store_lab_close(&lab);
}

static void without_keys_nothing_is_signed(void **state)
{
	struct store_lab lab = { .fake = { .takes_anonymous = true } };

	(void)state;
	store_lab_open(&lab);
	create(&lab, "k");
	holds(&lab, "k");
	assert_string_equal(sent(&lab, 0, "authorization"), "");
	assert_string_equal(sent(&lab, 0, "x-amz-date"), "");
	store_lab_close(&lab);
}

/* --- listings -------------------------------------------------------------------------------- */

#define PAGE(truncated, items)                                                                     \
	"<ListBucketResult><IsTruncated>" truncated "</IsTruncated>"                               \
	"<NextContinuationToken>same</NextContinuationToken>" items "</ListBucketResult>"
#define ITEM(key)                                                                                  \
	"<Contents><Key>" key "</Key><Size>1</Size>"                                               \
	"<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"

static enum muster_code pass(void *state, const char *key, uint64_t size_bytes,
			     uint64_t modified_ns, struct muster_error *err)
{
	unsigned *count = state;

	(void)key, (void)size_bytes, (void)modified_ns, (void)err;
	++*count;
	return MUSTER_OK;
}

static void a_listing_that_cannot_be_is_refused(void **state)
{
	static const struct {
		const char *page, *message;
	} cases[] = {
		{ PAGE("false", ITEM("a/2") ITEM("a/1")), "lists 'a/1' behind 'a/2'" },
		{ PAGE("false", ITEM("a/1") ITEM("a/1")), "lists 'a/1' behind 'a/1'" },
		{ PAGE("true", ""), "not how to go on" },
		{ "<ListBucketResult>", "list" },
		{ "", "list" },
		{ "<html></html>", "list" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scripted_rule rules[] = { { .reply = { .status = 200,
							      .body = cases[i].page,
							      .body_len =
								      strlen(cases[i].page) } } };
		struct store_lab lab = { 0 };
		struct muster_error err = { 0 };
		unsigned count = 0;

		STORE_LAB_OPEN(&lab, rules);
		assert_int_equal(store_list(lab.store, "a/", NULL, pass, &count, &err),
				 MUSTER_E_FORMAT);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s", err.message);
		store_lab_close(&lab);
	}
}

static void what_a_server_lists_too_much_is_left_out(void **state)
{
	static const char page[] =
		PAGE("false", ITEM("0") ITEM("a/1") ITEM("a/2") ITEM("a/3") ITEM("b"));
	struct scripted_rule rules[] = {
		{ .reply = { .status = 200, .body = page, .body_len = sizeof(page) - 1 } }
	};
	struct store_lab lab = { 0 };
	unsigned count = 0;

	(void)state;
	STORE_LAB_OPEN(&lab, rules);
	assert_int_equal(store_list(lab.store, "a/", "a/1", pass, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 2);
	store_lab_close(&lab);
}

/* --- answers that cannot be ------------------------------------------------------------------ */

static void an_object_that_cannot_be_is_refused(void **state)
{
	static const struct {
		struct scripted_reply reply;
		enum muster_code code;
	} cases[] = {
		{ { .status = 206, .body = "x", .body_len = 1 }, MUSTER_E_FORMAT },
		{ { .status = 206,
		    .headers = "Content-Range: bytes 0-0/99999999\r\n",
		    .body = "x",
		    .body_len = 1 },
		  MUSTER_E_FORMAT },
		{ { .status = 206,
		    .headers = "Content-Range: bytes */1\r\n",
		    .body = "x",
		    .body_len = 1 },
		  MUSTER_E_FORMAT },
		{ { .status = 200, .body = "x", .body_len = 1 }, MUSTER_OK },
		{ { .status = 416 }, MUSTER_OK },
		{ { .status = 304 }, MUSTER_E_IO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scripted_rule rules[] = { { .reply = cases[i].reply } };
		struct store_object *object;
		struct store_lab lab = { 0 };

		STORE_LAB_OPEN(&lab, rules);
		assert_int_equal(store_open(lab.store, "k", &object, NULL), cases[i].code);
		store_close(object);
		store_lab_close(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_pass_is_tried_again),
		cmocka_unit_test(errors_within_a_success_are_errors),
		cmocka_unit_test(what_does_not_pass_is_told),
		cmocka_unit_test(no_secret_is_told),
		cmocka_unit_test(a_wrong_region_is_put_right_once),
		cmocka_unit_test(a_region_in_a_header_is_enough),
		cmocka_unit_test(a_redirect_leads_to_another_host),
		cmocka_unit_test(a_wrong_clock_is_learned_from_the_server),
		cmocka_unit_test(the_time_is_asked_for_where_nobody_told_it),
		cmocka_unit_test(keys_that_have_expired_are_fetched_anew),
		cmocka_unit_test(without_keys_nothing_is_signed),
		cmocka_unit_test(a_listing_that_cannot_be_is_refused),
		cmocka_unit_test(what_a_server_lists_too_much_is_left_out),
		cmocka_unit_test(an_object_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
