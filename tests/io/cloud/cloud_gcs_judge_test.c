/* What Google's protocol makes of every answer. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/io/cloud/gcs_calls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define RESOURCE                                                                                   \
	"{\"name\":\"big\",\"size\":\"4\",\"generation\":\"1712345678901234\","                    \
	"\"updated\":\"2026-01-02T03:04:05.678Z\",\"md5Hash\":\"JfnnlDI7RTiF9RgfG2JNCw==\","       \
	"\"crc32c\":\"4waSgw==\",\"metadata\":{\"musternonce\":\"" NONCE "\"}}"
#define REASON(reason, message)                                                                    \
	"{\"error\":{\"code\":0,\"message\":\"" message "\",\"errors\":[{\"reason\":\"" reason     \
	"\",\"message\":\"" message "\"}]}}"
#define NO_BUCKET REASON("notFound", "The specified bucket does not exist.")

static void every_answer_means_something(void **state)
{
	static const struct judge_case cases[] = {
		/* 0: reads */
		{ CLOUD_READ,
		  { 206, 0, "Content-Range: bytes 5-14/100\nx-goog-generation: 17", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_READ,
		  { 206, 0, "Content-Range: bytes 5-14/100\nx-goog-generation: 18", NULL },
		  MUSTER_E_CHANGED,
		  PACER_SERVED,
		  "read 'gs://bkt/a/b c'" },
		{ CLOUD_READ,
		  { 206, 0, "Content-Range: bytes 0-9/100", NULL },
		  MUSTER_E_FORMAT,
		  PACER_SERVED,
		  "from 0" },
		{ CLOUD_READ, { 206, 0, NULL, NULL }, MUSTER_E_FORMAT, PACER_SERVED, NULL },
		{ CLOUD_READ, { 200, 0, NULL, NULL }, MUSTER_E_FORMAT, PACER_SERVED, "ranges" },
		{ CLOUD_READ,
		  { 404, 0, NULL, "No such object: bkt/a/b c" },
		  MUSTER_ABSENT,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_READ,
		  { 404, 0, NULL, "The specified bucket does not exist." },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "bucket does not exist" },
		{ CLOUD_READ,
		  { 412, 0, NULL, REASON("conditionNotMet", "Precondition Failed") },
		  MUSTER_E_CHANGED,
		  PACER_SERVED,
		  "conditionNotMet" },
		{ CLOUD_READ,
		  { 416, 0, "Content-Range: bytes */3", NULL },
		  MUSTER_E_FORMAT,
		  PACER_SERVED,
		  "from 5" },
		/* 9 */
		{ CLOUD_TAIL,
		  { 206, 0, "Content-Range: bytes 0-9/10", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_TAIL,
		  { 206, 0, "Content-Range: bytes 400-499/500", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_TAIL,
		  { 206, 0, "Content-Range: bytes 0-99/500", NULL },
		  MUSTER_E_FORMAT,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_TAIL,
		  { 200, 0, "Content-Length: 10", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_TAIL,
		  { 416, 0, "Content-Range: bytes */0", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_TAIL, { 416, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_TAIL,
		  { 206, 0, "Content-Range: bytes 0--1/0\nX-Goog-Stored-Content-Length: 0", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		/* 16: metadata */
		{ CLOUD_HEAD, { 200, 0, NULL, RESOURCE }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_HEAD, { 200, 0, NULL, "{}" }, MUSTER_E_FORMAT, PACER_SERVED, "size" },
		{ CLOUD_HEAD, { 200, 0, NULL, "<html>" }, MUSTER_E_FORMAT, PACER_SERVED, NULL },
		{ CLOUD_HEAD,
		  { 404, 0, NULL, REASON("notFound", "No such object") },
		  MUSTER_ABSENT,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_HEAD, { 404, 0, NULL, NO_BUCKET }, MUSTER_E_IO, PACER_SERVED, NULL },
		/* 21: creates */
		{ CLOUD_CREATE, { 200, 0, NULL, RESOURCE }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_CREATE,
		  { 412, 0, NULL, REASON("conditionNotMet", "x") },
		  MUSTER_EXISTS,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_CREATE, { 404, 0, NULL, NO_BUCKET }, MUSTER_E_IO, PACER_SERVED, "404" },
		{ CLOUD_CREATE,
		  { 400, 0, NULL, REASON("invalid", "Provided MD5 hash doesn't match calculated") },
		  MUSTER_E_DIGEST,
		  PACER_FAILED,
		  "doesn't match" },
		{ CLOUD_CREATE,
		  { 400, 3, NULL, REASON("invalid", "Provided CRC32C doesn't match") },
		  MUSTER_E_DIGEST,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_CREATE,
		  { 400, 0, NULL, REASON("invalid", "Bad name") },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "400 (invalid): Bad name" },
		/* 27: lists */
		{ CLOUD_LIST, { 200, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_LIST,
		  { 404, 0, NULL, NO_BUCKET },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "list 'gs://bkt/p/'" },
		/* 29: removes */
		{ CLOUD_REMOVE, { 204, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_REMOVE,
		  { 404, 0, NULL, REASON("notFound", "No such object") },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_REMOVE, { 404, 0, NULL, NO_BUCKET }, MUSTER_E_IO, PACER_SERVED, NULL },
		{ CLOUD_REMOVE,
		  { 403, 0, NULL, REASON("retentionPolicyNotMet", "kept") },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "retentionPolicyNotMet" },
		/* 33: sessions */
		{ CLOUD_BEGIN,
		  { 200, 0, "Location: " BASE SESSION, NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_BEGIN, { 200, 0, NULL, NULL }, MUSTER_E_FORMAT, PACER_SERVED, "session" },
		{ CLOUD_BEGIN,
		  { 200, 0, "Location: nowhere", NULL },
		  MUSTER_E_FORMAT,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_BEGIN, { 412, 0, NULL, NULL }, MUSTER_EXISTS, PACER_SERVED, NULL },
		{ CLOUD_PART, { 308, 0, "Range: bytes=0-3", NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_PART, { 308, 0, "Range: bytes=0-7", NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_PART,
		  { 308, 0, "Range: bytes=0-1", NULL },
		  MUSTER_E_IO,
		  PACER_FAILED,
		  "not kept" },
		{ CLOUD_PART, { 308, 0, NULL, NULL }, MUSTER_E_IO, PACER_FAILED, "not kept" },
		{ CLOUD_PART, { 308, 0, "Range: 0-3", NULL }, MUSTER_E_FORMAT, PACER_SERVED, NULL },
		{ CLOUD_PART, { 200, 0, NULL, RESOURCE }, MUSTER_E_FORMAT, PACER_SERVED, "ended" },
		{ CLOUD_PART, { 404, 0, NULL, NULL }, MUSTER_ABSENT, PACER_SERVED, NULL },
		{ CLOUD_PART, { 410, 0, NULL, NULL }, MUSTER_ABSENT, PACER_SERVED, NULL },
		{ CLOUD_PART, { 412, 0, NULL, NULL }, MUSTER_EXISTS, PACER_SERVED, NULL },
		{ CLOUD_PARTS,
		  { 308, 0, "Range: bytes=0-3", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_PARTS, { 308, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_PARTS,
		  { 308, 0, "Range: 0-3", NULL },
		  MUSTER_E_FORMAT,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_PARTS, { 200, 0, NULL, RESOURCE }, MUSTER_ABSENT, PACER_SERVED, NULL },
		{ CLOUD_PARTS, { 404, 0, NULL, NULL }, MUSTER_ABSENT, PACER_SERVED, NULL },
		{ CLOUD_PARTS, { 410, 0, NULL, NULL }, MUSTER_ABSENT, PACER_SERVED, NULL },
		{ CLOUD_PARTS, { 499, 0, NULL, NULL }, MUSTER_ABSENT, PACER_SERVED, NULL },
		{ CLOUD_PARTS, { 503, 0, NULL, NULL }, MUSTER_E_IO, PACER_THROTTLED, NULL },
		{ CLOUD_ABORT, { 499, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_ABORT, { 404, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		/* 48: whatever was asked */
		{ CLOUD_READ,
		  { 403, 0, NULL, REASON("forbidden", "no access") },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "403 (forbidden): no access" },
		{ CLOUD_READ,
		  { 403, 0, NULL, REASON("rateLimitExceeded", "slow") },
		  MUSTER_E_IO,
		  PACER_THROTTLED,
		  NULL },
		{ CLOUD_LIST,
		  { 403, 0, NULL, REASON("userRateLimitExceeded", "slow") },
		  MUSTER_E_IO,
		  PACER_THROTTLED,
		  NULL },
		{ CLOUD_LIST,
		  { 429, 0, NULL, REASON("rateLimitExceeded", "slow") },
		  MUSTER_E_IO,
		  PACER_THROTTLED,
		  NULL },
		{ CLOUD_PART,
		  { 503, 0, NULL, "Service Unavailable" },
		  MUSTER_E_IO,
		  PACER_THROTTLED,
		  "Service Unavailable" },
		{ CLOUD_PART,
		  { 500, 0, NULL, REASON("backendError", "x") },
		  MUSTER_E_IO,
		  PACER_FAILED,
		  NULL },
		{ CLOUD_CREATE,
		  { 502, 0, NULL, "<html>proxy</html>" },
		  MUSTER_E_IO,
		  PACER_FAILED,
		  "502" },
		{ CLOUD_CREATE, { 504, 0, NULL, NULL }, MUSTER_E_IO, PACER_FAILED, NULL },
		{ CLOUD_CREATE, { 408, 0, NULL, NULL }, MUSTER_E_IO, PACER_FAILED, NULL },
		{ CLOUD_READ,
		  { 307, 0, "Location: https://elsewhere/", NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "307" },
	};
	struct cloud_protocol *protocol = gcs_calls_open();

	(void)state;
	protocol_lab_check(protocol, gcs_calls, cases, COUNT(cases));
	gcs_calls_close(protocol);
}

static void the_last_part_is_the_object(void **state)
{
	struct cloud_protocol *protocol = gcs_calls_open();
	struct cloud_call call = *gcs_calls[CLOUD_PART];
	struct lab_reply made = { .status = 200, .body = RESOURCE };
	struct lab_reply goes_on = { .status = 308, .headers = "Range: bytes=0-3" };

	(void)state;
	call.is_last = true;
	assert_int_equal(protocol_lab_judge(protocol, &call, &made).code, MUSTER_OK);
	assert_true(call.out.sums.has_crc32c);
	assert_int_equal(protocol_lab_judge(protocol, &call, &goes_on).outcome, PACER_FAILED);
	call.parts = gcs_calls_parts; /* of "1234", which has another sum */
	call.part_count = 1;
	assert_int_equal(protocol_lab_judge(protocol, &call, &made).code, MUSTER_E_DIGEST);
	call.body = VIEW_LITERAL("12345");
	assert_int_equal(protocol_lab_judge(protocol, &call, &made).code, MUSTER_E_DIGEST);
	call.offset_in_object = 8;
	assert_int_equal(protocol_lab_judge(protocol, &call, &goes_on).code, MUSTER_E_FORMAT);
	gcs_calls_close(protocol);
}

static void what_an_answer_tells_is_kept(void **state)
{
	struct cloud_protocol *protocol = gcs_calls_open();
	struct cloud_call head = *gcs_calls[CLOUD_HEAD], tail = *gcs_calls[CLOUD_TAIL],
			  begin = *gcs_calls[CLOUD_BEGIN];

	(void)state;
	protocol_lab_judge(protocol, &head, &(struct lab_reply){ .status = 200, .body = RESOURCE });
	assert_int_equal(head.out.size_bytes, 4);
	assert_string_equal(head.out.etag, "1712345678901234");
	assert_string_equal(head.out.nonce, NONCE);
	assert_int_equal(head.out.modified_ns, 1767323045678000000);
	assert_true(head.out.sums.has_md5 && head.out.sums.has_crc32c);
	assert_int_equal(head.out.sums.crc32c, 0xe3069283);
	assert_int_equal(head.out.sums.md5[0], 0x25);

	protocol_lab_judge(protocol, &tail,
			   &(struct lab_reply){ .status = 206,
						.headers = "Content-Range: bytes 0-8/9\n"
							   "X-Goog-Generation: 5\n"
							   "X-Goog-Hash: crc32c=4waSgw==\n"
							   "X-Goog-Hash: "
							   "md5=JfnnlDI7RTiF9RgfG2JNCw==" });
	assert_int_equal(tail.out.size_bytes, 9);
	assert_string_equal(tail.out.etag, "5");
	assert_true(tail.out.sums.has_md5 && tail.out.sums.has_crc32c);
	tail = *gcs_calls[CLOUD_TAIL];
	protocol_lab_judge(
		protocol, &tail,
		&(struct lab_reply){
			.status = 206,
			.headers = "Content-Range: bytes 0-8/9\n"
				   "x-goog-hash: crc32c=4waSgw==,md5=JfnnlDI7RTiF9RgfG2JNCw==" });
	assert_true(tail.out.sums.has_md5 && tail.out.sums.has_crc32c);

	/* whatever the server thinks that its name is */
	protocol_lab_judge(
		protocol, &begin,
		&(struct lab_reply){ .status = 200,
				     .headers = "Location: http://0.0.0.0:4443" SESSION });
	assert_true(view_equal(bytes_view(&begin.out.upload), VIEW_LITERAL(SESSION)));
	protocol_lab_release(&begin);
	gcs_calls_close(protocol);
}

static void refused_credentials_are_renewed(void **state)
{
	struct cloud_protocol *protocol = gcs_calls_open();
	struct cloud_call call = *gcs_calls[CLOUD_READ];
	struct lab_reply reply = { .status = 401, .body = REASON("authError", "expired") };
	struct lab_judgement judged;

	(void)state;
	gcs_calls_keys.renewals = 1;
	assert_int_equal(protocol_lab_judge(protocol, &call, &reply).outcome, PACER_FAILED);
	judged = protocol_lab_judge(protocol, &call, &reply);
	assert_int_equal(judged.outcome, PACER_SERVED);
	assert_int_equal(judged.code, MUSTER_E_IO);
	assert_int_equal(atomic_load(&gcs_calls_keys.refused), 2);
	gcs_calls_close(protocol);
}

static void no_secret_is_told(void **state)
{
	static const enum cloud_verb verbs[] = { CLOUD_CREATE, CLOUD_BEGIN, CLOUD_PART };
	struct cloud_protocol *protocol = gcs_calls_open();
	struct lab_reply reply = { .status = 500, .headers = "x-guploader-uploadid: SECRET" };
	struct cloud_call call = *gcs_calls[CLOUD_READ];

	(void)state;
	assert_non_null(strstr(protocol_lab_judge(protocol, &call, &reply).error.message,
			       "[request SECRET]")); /* of a download it is an id like any */
	for (size_t i = 0; i < COUNT(verbs); i++) {
		call = *gcs_calls[verbs[i]];
		assert_null(strstr(protocol_lab_judge(protocol, &call, &reply).error.message,
				   "SECRET"));
	}
	gcs_calls_close(protocol);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_means_something),
		cmocka_unit_test(the_last_part_is_the_object),
		cmocka_unit_test(what_an_answer_tells_is_kept),
		cmocka_unit_test(refused_credentials_are_renewed),
		cmocka_unit_test(no_secret_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
