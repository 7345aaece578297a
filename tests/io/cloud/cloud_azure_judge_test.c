/* What Azure's protocol makes of every answer. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/io/cloud/azure_calls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WORD(word) "x-ms-error-code: " word "\nx-ms-request-id: r1"
#define DOCUMENT(word, message)                                                                    \
	"<?xml version=\"1.0\"?><Error><Code>" word "</Code><Message>" message                     \
	"\nRequestId:r1\nTime:2026</Message></Error>"

static void every_answer_means_something(void **state)
{
	static const struct judge_case cases[] = {
		/* 0: reads */
		{ CLOUD_READ,
		  { 206, 0, "Content-Range: bytes 5-14/100\nETag: \"0x8D\"", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_READ,
		  { 206, 0, "Content-Range: bytes 5-14/100\nETag: \"0x8E\"", NULL },
		  MUSTER_E_CHANGED,
		  PACER_SERVED,
		  "read 'az://acct/cont/a/b c'" },
		{ CLOUD_READ,
		  { 206, 0, "Content-Range: bytes 4-14/100", NULL },
		  MUSTER_E_FORMAT,
		  PACER_SERVED,
		  "from 4" },
		{ CLOUD_READ,
		  { 200, 0, "ETag: \"0x8D\"", NULL },
		  MUSTER_E_FORMAT,
		  PACER_SERVED,
		  "ranges" },
		{ CLOUD_READ,
		  { 404, 0, WORD("BlobNotFound"), DOCUMENT("BlobNotFound", "gone") },
		  MUSTER_ABSENT,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_READ,
		  { 404, 0, WORD("ContainerNotFound"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "404 (ContainerNotFound) [request r1]" },
		{ CLOUD_READ,
		  { 412, 0, WORD("ConditionNotMet"), NULL },
		  MUSTER_E_CHANGED,
		  PACER_SERVED,
		  "ConditionNotMet" },
		{ CLOUD_READ,
		  { 416, 0, WORD("InvalidRange"), NULL },
		  MUSTER_E_FORMAT,
		  PACER_SERVED,
		  "from 5" },
		{ CLOUD_READ,
		  { 409, 0, WORD("BlobArchived"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  NULL },
		/* 9: properties */
		{ CLOUD_HEAD,
		  { 200, 0, "Content-Length: 9", NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_HEAD, { 200, 0, NULL, NULL }, MUSTER_E_FORMAT, PACER_SERVED, "length" },
		{ CLOUD_HEAD,
		  { 404, 0, WORD("BlobNotFound"), NULL },
		  MUSTER_ABSENT,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_HEAD, { 404, 0, NULL, NULL }, MUSTER_ABSENT, PACER_SERVED, NULL },
		{ CLOUD_HEAD,
		  { 404, 0, WORD("ContainerNotFound"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  NULL },
		/* 14: creates */
		{ CLOUD_CREATE, { 201, 0, "ETag: \"0x8D\"", NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_CREATE,
		  { 409, 0, WORD("BlobAlreadyExists"), NULL },
		  MUSTER_EXISTS,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_CREATE,
		  { 409, 0, NULL, DOCUMENT("BlobAlreadyExists", "there") },
		  MUSTER_EXISTS,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_CREATE,
		  { 412, 0, WORD("LeaseIdMissing"), NULL },
		  MUSTER_EXISTS,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_CREATE,
		  { 403, 0, WORD("UnauthorizedBlobOverwrite"), NULL },
		  MUSTER_EXISTS,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_CREATE,
		  { 409, 0, WORD("InvalidBlobType"), NULL },
		  MUSTER_EXISTS,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_CREATE,
		  { 409, 0, WORD("ContainerBeingDeleted"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "ContainerBeingDeleted" },
		{ CLOUD_CREATE,
		  { 404, 0, WORD("ContainerNotFound"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "create 'az://acct/cont/a\"b'" },
		{ CLOUD_CREATE,
		  { 400, 0, WORD("Md5Mismatch"), NULL },
		  MUSTER_E_DIGEST,
		  PACER_FAILED,
		  NULL },
		{ CLOUD_CREATE,
		  { 400, 3, WORD("Md5Mismatch"), NULL },
		  MUSTER_E_DIGEST,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_PART,
		  { 400, 0, WORD("Crc64Mismatch"), NULL },
		  MUSTER_E_DIGEST,
		  PACER_FAILED,
		  NULL },
		{ CLOUD_PART,
		  { 400, 0, WORD("InvalidOperation"), NULL },
		  MUSTER_E_DIGEST,
		  PACER_FAILED,
		  NULL },
		{ CLOUD_PART,
		  { 400, 0, WORD("InvalidBlobOrBlock"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_CREATE,
		  { 500, 0, WORD("FeatureNotSupported"), NULL },
		  MUSTER_E_UNSUPPORTED,
		  PACER_SERVED,
		  NULL },
		/* 28: lists */
		{ CLOUD_LIST, { 200, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_LIST,
		  { 404, 0, WORD("ContainerNotFound"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "list 'az://acct/cont/p/'" },
		/* 30: removes */
		{ CLOUD_REMOVE, { 202, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_REMOVE,
		  { 404, 0, WORD("BlobNotFound"), NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_REMOVE,
		  { 404, 0, WORD("ContainerNotFound"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_REMOVE,
		  { 409, 0, WORD("BlobImmutableDueToPolicy"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "BlobImmutableDueToPolicy" },
		/* 34: blocks */
		{ CLOUD_BEGIN,
		  { 404, 0, WORD("BlobNotFound"), NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_BEGIN, { 200, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_BEGIN,
		  { 404, 0, WORD("ContainerNotFound"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_PART, { 201, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_COMPLETE, { 201, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		{ CLOUD_COMPLETE,
		  { 409, 0, WORD("BlobAlreadyExists"), NULL },
		  MUSTER_EXISTS,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_COMPLETE,
		  { 400, 0, WORD("InvalidBlockList"), NULL },
		  MUSTER_ABSENT,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_ABORT,
		  { 404, 0, WORD("BlobNotFound"), NULL },
		  MUSTER_OK,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_ABORT, { 200, 0, NULL, NULL }, MUSTER_OK, PACER_SERVED, NULL },
		/* 43: whatever was asked */
		{ CLOUD_READ,
		  { 503, 0, WORD("ServerBusy"), NULL },
		  MUSTER_E_IO,
		  PACER_THROTTLED,
		  "ServerBusy" },
		{ CLOUD_PART,
		  { 500, 0, WORD("OperationTimedOut"), NULL },
		  MUSTER_E_IO,
		  PACER_THROTTLED,
		  NULL },
		{ CLOUD_LIST,
		  { 500, 0, WORD("InternalError"), NULL },
		  MUSTER_E_IO,
		  PACER_FAILED,
		  NULL },
		{ CLOUD_LIST, { 429, 0, NULL, NULL }, MUSTER_E_IO, PACER_THROTTLED, NULL },
		{ CLOUD_PART, { 502, 0, NULL, "<html>" }, MUSTER_E_IO, PACER_FAILED, "502" },
		{ CLOUD_READ,
		  { 403, 0, WORD("AuthorizationPermissionMismatch"),
		    DOCUMENT("AuthorizationPermissionMismatch", "no right") },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  "403 (AuthorizationPermissionMismatch): no right [request r1]" },
		{ CLOUD_HEAD,
		  { 401, 0, WORD("NoAuthenticationInformation"), NULL },
		  MUSTER_E_IO,
		  PACER_SERVED,
		  NULL },
		{ CLOUD_HEAD, { 307, 0, NULL, NULL }, MUSTER_E_IO, PACER_SERVED, "307" },
	};
	struct cloud_protocol *protocol = azure_calls_open();

	(void)state;
	protocol_lab_check(protocol, azure_calls, cases, COUNT(cases));
	azure_calls_close(protocol);
}

static void what_an_answer_tells_is_kept(void **state)
{
	struct cloud_protocol *protocol = azure_calls_open();
	struct cloud_call head = *azure_calls[CLOUD_HEAD], read = *azure_calls[CLOUD_READ],
			  begin = *azure_calls[CLOUD_BEGIN], other = *azure_calls[CLOUD_BEGIN];
	struct lab_reply absent = { .status = 404, .headers = WORD("BlobNotFound") };

	(void)state;
	protocol_lab_judge(
		protocol, &head,
		&(struct lab_reply){ .status = 200,
				     .headers = "Content-Length: 9\nETag: \"0x8D\"\n"
						"Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT\n"
						"X-Ms-Meta-MusterNonce: " NONCE });
	assert_int_equal(head.out.size_bytes, 9);
	assert_string_equal(head.out.etag, "\"0x8D\"");
	assert_string_equal(head.out.nonce, NONCE);
	assert_int_equal(head.out.modified_ns, 1767323045000000000);

	read.offset_bytes = 0;
	protocol_lab_judge(protocol, &read,
			   &(struct lab_reply){ .status = 206,
						.headers = "Content-Range: bytes 0-8/9\n"
							   "ETag: \"0x8D\"" });
	assert_int_equal(read.out.size_bytes, 9);
	assert_string_equal(read.out.etag, "\"0x8D\"");
	assert_int_equal(
		protocol_lab_judge(protocol, &read, &(struct lab_reply){ .status = 416 }).code,
		MUSTER_OK);
	assert_int_equal(read.out.size_bytes, 0);

	protocol_lab_judge(protocol, &begin, &absent);
	protocol_lab_judge(protocol, &other, &absent);
	assert_int_equal(begin.out.upload.len, strlen(UPLOAD));
	assert_false(view_equal(bytes_view(&begin.out.upload), bytes_view(&other.out.upload)));
	protocol_lab_release(&begin);
	protocol_lab_release(&other);
	azure_calls_close(protocol);
}

#define NS_PER_S UINT64_C(1000000000)

static void a_clock_that_is_off_is_set_right(void **state)
{
	struct cloud_protocol *protocol = azure_calls_open();
	struct cloud_call call = *azure_calls[CLOUD_REMOVE];
	struct lab_reply reply = {
		.status = 403,
		.headers = WORD("AuthenticationFailed") "\nDate: Thu, 01 Jan 2026 01:00:00 GMT"
	};

	(void)state;
	assert_int_equal(protocol_lab_judge(protocol, &call, &reply).outcome, PACER_FAILED);
	assert_non_null(
		strstr(protocol_lab_say(protocol, &call), "x-ms-date: Thu, 01 Jan 2026 01:00:0"));
	reply.attempt = 2; /* then it was not the clock */
	assert_int_equal(protocol_lab_judge(protocol, &call, &reply).outcome, PACER_SERVED);
	azure_calls_close(protocol);

	protocol = azure_calls_open(); /* it is right: then it is not that */
	reply = (struct lab_reply){
		.status = 403,
		.headers = WORD("AuthenticationFailed") "\nDate: Thu, 01 Jan 2026 00:00:01 GMT"
	};
	assert_int_equal(protocol_lab_judge(protocol, &call, &reply).outcome, PACER_SERVED);
	azure_calls_close(protocol);
}

static void refused_credentials_are_renewed(void **state)
{
	static const struct lab_reply replies[] = {
		{ .status = 401, .headers = WORD("InvalidAuthenticationInfo") },
		{ .status = 403, .headers = WORD("AuthenticationFailed") },
	};
	struct cloud_call call = *azure_calls[CLOUD_READ];

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		struct cloud_protocol *protocol = azure_calls_open();

		azure_calls_keys.renewals = 1;
		assert_int_equal(protocol_lab_judge(protocol, &call, &replies[i]).outcome,
				 PACER_FAILED);
		assert_int_equal(protocol_lab_judge(protocol, &call, &replies[i]).outcome,
				 PACER_SERVED);
		azure_calls_close(protocol);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_means_something),
		cmocka_unit_test(what_an_answer_tells_is_kept),
		cmocka_unit_test(a_clock_that_is_off_is_set_right),
		cmocka_unit_test(refused_credentials_are_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
