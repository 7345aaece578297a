/* What Azure's protocol sends, byte for byte, and what it makes of every answer. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "io/cloud/azure.h"
#include "tests/io/cloud/keys_still.h"
#include "tests/io/cloud/protocol_lab.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BASE	     "https://acct.blob.core.windows.net"
#define NONCE	     "00112233445566778899aabbccddeeff"
#define UPLOAD	     "abababababababab00000000"
/* base64 of "muster-abababababababab00000000-00001", and of the second */
#define BLOCK_1 "bXVzdGVyLWFiYWJhYmFiYWJhYmFiYWIwMDAwMDAwMC0wMDAwMQ=="
#define BLOCK_2 "bXVzdGVyLWFiYWJhYmFiYWJhYmFiYWIwMDAwMDAwMC0wMDAwMg=="
#define BLOCK_LIST                                                                                 \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"                                               \
	"<BlockList><Latest>" BLOCK_1 "</Latest><Latest>" BLOCK_2 "</Latest></BlockList>"
#define KEY "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
#define COMMON                                                                                     \
	"x-ms-version: 2023-11-03\nx-ms-date: Thu, 01 Jan 2026 00:00:00 GMT\n"                     \
	"x-ms-client-request-id: abababababababab00000000\n"
#define SIGNED "Authorization: SharedKey acct:"

static struct keys keys;

static struct cloud_protocol *open_with(const struct azure_options *options)
{
	struct cloud_protocol *protocol;
	struct muster_error error = { 0 };

	if (azure_open(&protocol, options, &error))
		fail_msg("%s", error.message);
	return protocol;
}

static struct cloud_protocol *open_usual(void)
{
	keys_still_account(&keys, "acct", KEY);
	return open_with(&(struct azure_options){ .container = VIEW_LITERAL("cont"),
						  .keys = &keys,
						  .effects = protocol_lab_effects() });
}

static void close_all(struct cloud_protocol *protocol)
{
	protocol->ops->free(protocol);
	keys_still_release(&keys);
}

/* Of "123456789". */
static const struct cloud_sums sums = { .md5 = { 0x25, 0xf9, 0xe7, 0x94, 0x32, 0x3b, 0x45, 0x38,
						 0x85, 0xf5, 0x18, 0x1f, 0x1b, 0x62, 0x4d, 0x0b },
					.crc64nvme = 0xae8b14860a799888,
					.has_md5 = true,
					.has_crc64nvme = true };
static const struct cloud_part parts[] = { { .number = 1, .size_bytes = 4 },
					   { .number = 2, .size_bytes = 5 } };

/* One of each verb; cases begin from these. */
static const struct cloud_call calls[] = {
	[CLOUD_READ] = { .verb = CLOUD_READ,
			 .key = VIEW_LITERAL("a/b c"),
			 .offset_bytes = 5,
			 .len = 10,
			 .etag = VIEW_LITERAL("0x8D") },
	[CLOUD_TAIL] = { .verb = CLOUD_TAIL },
	[CLOUD_HEAD] = { .verb = CLOUD_HEAD, .key = VIEW_LITERAL("\xc3\xa9?#%") },
	[CLOUD_CREATE] = { .verb = CLOUD_CREATE,
			   .key = VIEW_LITERAL("a\"b"),
			   .body = VIEW_LITERAL("123456789"),
			   .sums = &sums,
			   .nonce = NONCE },
	[CLOUD_LIST] = { .verb = CLOUD_LIST, .prefix = VIEW_LITERAL("p/") },
	[CLOUD_REMOVE] = { .verb = CLOUD_REMOVE, .key = VIEW_LITERAL("a/b") },
	[CLOUD_BEGIN] = { .verb = CLOUD_BEGIN, .key = VIEW_LITERAL("big"), .nonce = NONCE },
	[CLOUD_PART] = { .verb = CLOUD_PART,
			 .key = VIEW_LITERAL("big"),
			 .body = VIEW_LITERAL("123456789"),
			 .sums = &sums,
			 .upload = VIEW_LITERAL(UPLOAD),
			 .number = 2 },
	[CLOUD_COMPLETE] = { .verb = CLOUD_COMPLETE,
			     .key = VIEW_LITERAL("big"),
			     .nonce = NONCE,
			     .upload = VIEW_LITERAL(UPLOAD),
			     .parts = parts,
			     .part_count = 2 },
	[CLOUD_ABORT] = { .verb = CLOUD_ABORT,
			  .key = VIEW_LITERAL("big"),
			  .upload = VIEW_LITERAL(UPLOAD) },
};

/* The signatures are by another program (tests/servers/azure.py signs so). */
static void every_verb_is_said_so(void **state)
{
	static const struct {
		enum cloud_verb verb;
		const char *said;
	} cases[] = {
		{ CLOUD_READ, "GET " BASE "/cont/a/b%20c\n" COMMON
			      "x-ms-range: bytes=5-14\nIf-Match: \"0x8D\"\n" SIGNED
			      "hMdQYeWPXf+dXvpKpfVAR9JcYDfD9JMiP2dqDAU0AZU=\n" },
		{ CLOUD_HEAD, "HEAD " BASE "/cont/%C3%A9%3F%23%25\n" COMMON SIGNED
			      "Z/An3dvTZAc9Gwm4LN8GupTVfYeJbSbwcGDIbHfRNMY=\n" },
		{ CLOUD_CREATE, "PUT " BASE "/cont/a%22b\n" COMMON "x-ms-blob-type: BlockBlob\n"
				"Content-Type: application/octet-stream\n"
				"If-None-Match: *\nx-ms-meta-musternonce: " NONCE "\n"
				"Content-MD5: JfnnlDI7RTiF9RgfG2JNCw==\n" SIGNED
				"rjFpz/6MVEC6g2pN0DmUTmkE4ca0ycuj9Uw2YIjbDMg=\n"
				"\n123456789" },
		{ CLOUD_LIST, "GET " BASE "/cont?restype=container&comp=list&prefix=p%2F"
			      "&maxresults=5000\n" COMMON SIGNED
			      "1v80gfl/dqsIDGTKafZJQYrmVMhqNSEcV5h7TL4zlyg=\n" },
		{ CLOUD_REMOVE,
		  "DELETE " BASE "/cont/a/b\n" COMMON "x-ms-delete-snapshots: include\n" SIGNED
		  "fdA1YNc3WSFOhor/jbqdmYFGWrfuDwlkICwF2kwyKJU=\n" },
		{ CLOUD_BEGIN, "HEAD " BASE "/cont/big\n" COMMON SIGNED
			       "9BvB4qdqrT0Uk8aW80hlCAiouUvzmVDMWxhdHc8uUfI=\n" },
		{ CLOUD_PART, "PUT " BASE "/cont/big?comp=block&blockid="
			      "bXVzdGVyLWFiYWJhYmFiYWJhYmFiYWIwMDAwMDAwMC0wMDAwMg%3D%3D"
			      "\n" COMMON "Content-Type: application/octet-stream\n"
			      "Content-MD5: JfnnlDI7RTiF9RgfG2JNCw==\n" SIGNED
			      "8SW96TGOr+56AWqT+L4phKTs777dLXUR4URm1Ft8cVg=\n"
			      "\n123456789" },
		{ CLOUD_COMPLETE,
		  "PUT " BASE "/cont/big?comp=blocklist\n" COMMON "Content-Type: application/xml\n"
		  "If-None-Match: *\nx-ms-meta-musternonce: " NONCE "\n" SIGNED
		  "OBR9ZsrWG7kdwfoBggO1n2dLGsbgm3UaRFDTv/6o7Rk=\n\n" BLOCK_LIST },
		{ CLOUD_ABORT, "HEAD " BASE "/cont/big\n" COMMON SIGNED
			       "9BvB4qdqrT0Uk8aW80hlCAiouUvzmVDMWxhdHc8uUfI=\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cloud_protocol *protocol = open_usual();
		struct cloud_call call = calls[cases[i].verb];

		assert_string_equal(protocol_lab_say(protocol, &call), cases[i].said);
		protocol_lab_release(&call);
		close_all(protocol);
	}
}

static void blocks_belong_to_an_upload(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call call = calls[CLOUD_PART];

	(void)state;
	call.upload = (struct view){ 0 }; /* none was begun: the nonce names it */
	memcpy(call.nonce, NONCE, sizeof(NONCE));
	/* base64 of "muster-" NONCE "-00002" */
	assert_non_null(
		strstr(protocol_lab_say(protocol, &call),
		       "blockid=bXVzdGVyLTAwMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmLTAwMDAy"
		       "\n"));
	close_all(protocol);
}

static void a_list_begins_and_goes_on_so(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call call = calls[CLOUD_LIST];

	(void)state;
	call.after = VIEW_LITERAL("p/a b");
	call.page_max = 7;
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "&prefix=p%2F&startFrom=p%2Fa%20b&maxresults=7\n"));
	call.token = VIEW_LITERAL("t+/=");
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "&prefix=p%2F&marker=t%2B%2F%3D&maxresults=7\n"));
	close_all(protocol);
}

static void an_emulator_has_the_account_in_its_path(void **state)
{
	struct cloud_call call = calls[CLOUD_REMOVE];
	struct cloud_protocol *protocol;

	(void)state;
	keys_still_account(&keys, "devstoreaccount1", KEY);
	protocol = open_with(&(struct azure_options){
		.container = VIEW_LITERAL("cont"),
		.endpoint = VIEW_LITERAL("http://127.0.0.1:10000/devstoreaccount1"),
		.keys = &keys,
		.effects = protocol_lab_effects() });
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "DELETE http://127.0.0.1:10000/devstoreaccount1/cont/a/b\n" COMMON
			    "x-ms-delete-snapshots: include\n"
			    "Authorization: SharedKey "
			    "devstoreaccount1:iFynA28y3JRhiRYxrHl2GrngiUdJlvSDRfIqi5xCHqs=\n");
	assert_string_equal(protocol->place, "az://devstoreaccount1/cont");
	close_all(protocol);
}

static void rights_are_shown_in_three_ways(void **state)
{
	struct azure_options options = { .container = VIEW_LITERAL("cont"),
					 .account = VIEW_LITERAL("acct"),
					 .keys = &keys,
					 .effects = protocol_lab_effects() };
	struct cloud_call call = calls[CLOUD_HEAD], list = calls[CLOUD_LIST];
	struct cloud_protocol *protocol;

	(void)state;
	keys_still_token(&keys, "?sv=2023&sp=rw&sig=a%2Bb%3D");
	protocol = open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "HEAD " BASE
			    "/cont/%C3%A9%3F%23%25?sv=2023&sp=rw&sig=a%2Bb%3D\n" COMMON);
	assert_non_null(strstr(protocol_lab_say(protocol, &list),
			       "&maxresults=5000&sv=2023&sp=rw&sig=a%2Bb%3D\n"));
	close_all(protocol);

	keys_still_token(&keys, "eyJ0eXAi.e30.sIg");
	protocol = open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "HEAD " BASE "/cont/%C3%A9%3F%23%25\n" COMMON
			    "Authorization: Bearer eyJ0eXAi.e30.sIg\n");
	close_all(protocol);

	options.keys = NULL;
	protocol = open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "HEAD " BASE "/cont/%C3%A9%3F%23%25\n" COMMON);
	protocol->ops->free(protocol);
}

static void a_checksum_is_of_the_kind_that_is_checked(void **state)
{
	struct azure_options options = { .container = VIEW_LITERAL("cont"),
					 .account = VIEW_LITERAL("acct"),
					 .has_crc64 = true,
					 .effects = protocol_lab_effects() };
	struct cloud_call call = calls[CLOUD_PART];
	struct cloud_protocol *protocol = open_with(&options);
	const char *said = protocol_lab_say(protocol, &call);

	(void)state;
	assert_non_null(strstr(said, "x-ms-content-crc64: iJh5CoYUi64=\n"));
	assert_null(strstr(said, "Content-MD5"));
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_CREATE),
			 1 << CHECKSUM_CRC64NVME);
	protocol->ops->free(protocol);

	options.has_crc64 = false;
	protocol = open_with(&options);
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_PART), 1 << CHECKSUM_MD5);
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_COMPLETE), 0);
	call.sums = NULL;
	assert_null(strstr(protocol_lab_say(protocol, &call), "MD5"));
	protocol->ops->free(protocol);
}

static void what_has_no_meaning_is_refused(void **state)
{
	static const struct azure_options cases[] = {
		{ .account = VIEW_LITERAL("acct") },
		{ .container = VIEW_LITERAL("cont") },
		{ .container = VIEW_LITERAL("cont"), .endpoint = VIEW_LITERAL("x:y:z") },
	};
	struct cloud_call call = calls[CLOUD_READ];
	struct cloud_protocol *protocol;
	struct muster_error error = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(azure_open(&protocol, &cases[i], &error), MUSTER_E_USAGE);
		assert_null(protocol);
	}
	protocol = open_usual();
	keys.code = MUSTER_E_IO;
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "io: read 'az://acct/cont/a/b c': no credentials were found");
	close_all(protocol);
}

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
	struct cloud_protocol *protocol = open_usual();

	(void)state;
	protocol_lab_check(protocol, calls, cases, COUNT(cases));
	close_all(protocol);
}

static void what_an_answer_tells_is_kept(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call head = calls[CLOUD_HEAD], read = calls[CLOUD_READ],
			  begin = calls[CLOUD_BEGIN], other = calls[CLOUD_BEGIN];
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
	close_all(protocol);
}

#define NS_PER_S UINT64_C(1000000000)

static void a_clock_that_is_off_is_set_right(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call call = calls[CLOUD_REMOVE];
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
	close_all(protocol);

	protocol = open_usual(); /* it is right: then it is not that */
	reply = (struct lab_reply){
		.status = 403,
		.headers = WORD("AuthenticationFailed") "\nDate: Thu, 01 Jan 2026 00:00:01 GMT"
	};
	assert_int_equal(protocol_lab_judge(protocol, &call, &reply).outcome, PACER_SERVED);
	close_all(protocol);
}

static void refused_credentials_are_renewed(void **state)
{
	static const struct lab_reply replies[] = {
		{ .status = 401, .headers = WORD("InvalidAuthenticationInfo") },
		{ .status = 403, .headers = WORD("AuthenticationFailed") },
	};
	struct cloud_call call = calls[CLOUD_READ];

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		struct cloud_protocol *protocol = open_usual();

		keys.renewals = 1;
		assert_int_equal(protocol_lab_judge(protocol, &call, &replies[i]).outcome,
				 PACER_FAILED);
		assert_int_equal(protocol_lab_judge(protocol, &call, &replies[i]).outcome,
				 PACER_SERVED);
		close_all(protocol);
	}
}

static void memory_may_end_anywhere(void **state)
{
	struct cloud_protocol *protocol = open_usual();

	(void)state;
	protocol_lab_torture(protocol, calls, COUNT(calls));
	close_all(protocol);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_is_said_so),
		cmocka_unit_test(blocks_belong_to_an_upload),
		cmocka_unit_test(a_list_begins_and_goes_on_so),
		cmocka_unit_test(an_emulator_has_the_account_in_its_path),
		cmocka_unit_test(rights_are_shown_in_three_ways),
		cmocka_unit_test(a_checksum_is_of_the_kind_that_is_checked),
		cmocka_unit_test(what_has_no_meaning_is_refused),
		cmocka_unit_test(every_answer_means_something),
		cmocka_unit_test(what_an_answer_tells_is_kept),
		cmocka_unit_test(a_clock_that_is_off_is_set_right),
		cmocka_unit_test(refused_credentials_are_renewed),
		cmocka_unit_test(memory_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
