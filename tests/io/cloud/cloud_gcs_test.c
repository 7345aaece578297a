/* What Google's protocol sends, byte for byte, and what it makes of every answer. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "io/cloud/gcs.h"
#include "tests/io/cloud/keys_still.h"
#include "tests/io/cloud/protocol_lab.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define BASE	      "https://storage.googleapis.com"
#define NONCE	      "00112233445566778899aabbccddeeff"
#define SESSION	      "/upload/storage/v1/b/bkt/o?uploadType=resumable&upload_id=SECRET"
#define OBJECT_FIELDS "fields=name%2Csize%2Cgeneration%2Cupdated%2Cmd5Hash%2Ccrc32c%2Cmetadata"

static struct keys keys;

static struct cloud_protocol *open_with(const struct gcs_options *options)
{
	struct cloud_protocol *protocol;
	struct muster_error error = { 0 };

	if (gcs_open(&protocol, options, &error))
		fail_msg("%s", error.message);
	return protocol;
}

static struct cloud_protocol *open_usual(void)
{
	keys_still_token(&keys, "tok");
	return open_with(&(struct gcs_options){
		.bucket = VIEW_LITERAL("bkt"), .keys = &keys, .effects = protocol_lab_effects() });
}

static void close_all(struct cloud_protocol *protocol)
{
	protocol->ops->free(protocol);
	keys_still_release(&keys);
}

static const struct cloud_sums sums = { .crc32c = 0xe3069283, .has_crc32c = true };
static const struct cloud_sums both_sums = {
	.md5 = { 1, 2, 3 }, .crc32c = 0xe3069283, .has_crc32c = true, .has_md5 = true
};
static const struct cloud_part parts[] = {
	{ .number = 1, .size_bytes = 4, .sums = { .crc32c = 0xf63af4ee, .has_crc32c = true } },
	{ .number = 2, .size_bytes = 5, .sums = { .crc32c = 0x83b565d8, .has_crc32c = true } },
};

/* One of each verb; cases begin from these. */
static const struct cloud_call calls[] = {
	[CLOUD_READ] = { .verb = CLOUD_READ,
			 .key = VIEW_LITERAL("a/b c"),
			 .offset_bytes = 5,
			 .len = 10,
			 .etag = VIEW_LITERAL("17") },
	[CLOUD_TAIL] = { .verb = CLOUD_TAIL, .key = VIEW_LITERAL("k"), .len = 100 },
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
			 .body = VIEW_LITERAL("1234"),
			 .upload = VIEW_LITERAL(SESSION),
			 .number = 1 },
	[CLOUD_COMPLETE] = { .verb = CLOUD_COMPLETE },
	[CLOUD_ABORT] = { .verb = CLOUD_ABORT,
			  .key = VIEW_LITERAL("big"),
			  .upload = VIEW_LITERAL(SESSION) },
};

static void every_verb_is_said_so(void **state)
{
	static const struct {
		enum cloud_verb verb;
		const char *said;
	} cases[] = {
		{ CLOUD_READ,
		  "GET " BASE "/storage/v1/b/bkt/o/a%2Fb%20c?alt=media&ifGenerationMatch=17\n"
		  "Accept-Encoding: gzip\nRange: bytes=5-14\nAuthorization: Bearer tok\n" },
		{ CLOUD_TAIL, "GET " BASE "/storage/v1/b/bkt/o/k?alt=media\n"
			      "Accept-Encoding: gzip\nRange: bytes=-100\n"
			      "Authorization: Bearer tok\n" },
		{ CLOUD_HEAD, "GET " BASE "/storage/v1/b/bkt/o/%C3%A9%3F%23%25?" OBJECT_FIELDS
			      "\nAccept-Encoding: gzip\nAuthorization: Bearer tok\n" },
		{ CLOUD_CREATE,
		  "POST " BASE "/upload/storage/v1/b/bkt/"
		  "o?uploadType=multipart&ifGenerationMatch=0&" OBJECT_FIELDS
		  "\nAccept-Encoding: gzip\n"
		  "Content-Type: multipart/related; boundary=muster-part-" NONCE "\n"
		  "Authorization: Bearer tok\n"
		  "\n--muster-part-" NONCE "\r\n"
		  "Content-Type: application/json; charset=UTF-8\r\n\r\n"
		  "{\"name\":\"a\\\"b\",\"contentType\":\"application/octet-stream\","
		  "\"crc32c\":\"4waSgw==\",\"metadata\":{\"musternonce\":\"" NONCE "\"}}"
		  "\r\n--muster-part-" NONCE "\r\n"
		  "Content-Type: application/octet-stream\r\n\r\n"
		  "123456789"
		  "\r\n--muster-part-" NONCE "--\r\n" },
		{ CLOUD_LIST, "GET " BASE "/storage/v1/b/bkt/o?prefix=p%2F&maxResults=1000&"
			      "projection=noAcl&"
			      "fields=nextPageToken%2Citems%28name%2Csize%2Cupdated%29\n"
			      "Accept-Encoding: gzip\nAuthorization: Bearer tok\n" },
		{ CLOUD_REMOVE, "DELETE " BASE "/storage/v1/b/bkt/o/a%2Fb\n"
				"Accept-Encoding: gzip\nAuthorization: Bearer tok\n" },
		{ CLOUD_BEGIN, "POST " BASE "/upload/storage/v1/b/bkt/"
			       "o?uploadType=resumable&ifGenerationMatch=0&" OBJECT_FIELDS
			       "\nAccept-Encoding: gzip\n"
			       "Content-Type: application/json; charset=UTF-8\n"
			       "X-Upload-Content-Type: application/octet-stream\n"
			       "Authorization: Bearer tok\n"
			       "\n{\"name\":\"big\",\"contentType\":\"application/octet-stream\","
			       "\"metadata\":{\"musternonce\":\"" NONCE "\"}}" },
		{ CLOUD_PART, "PUT " BASE SESSION "\n"
			      "Accept-Encoding: gzip\n"
			      "Content-Type: application/octet-stream\n"
			      "Content-Range: bytes 0-3/*\n"
			      "\n1234" },
		{ CLOUD_ABORT, "DELETE " BASE SESSION "\nAccept-Encoding: gzip\n" },
	};
	struct cloud_protocol *protocol = open_usual();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cloud_call call = calls[cases[i].verb];

		assert_string_equal(protocol_lab_say(protocol, &call), cases[i].said);
		protocol_lab_release(&call);
	}
	close_all(protocol);
}

static const char *header_of(const char *said, const char *name)
{
	static char value[256];
	const char *at = strstr(said, name);

	value[0] = '\0';
	if (at)
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + strlen(name), "\n"),
			 at + strlen(name));
	return value;
}

static void a_part_says_where_it_lies(void **state)
{
	static const struct {
		uint64_t offset;
		const char *body;
		bool is_last;
		const char *range;
	} cases[] = {
		{ 0, "1234", false, "bytes 0-3/*" },
		{ 262144, "1", false, "bytes 262144-262144/*" },
		{ 262144, "12", true, "bytes 262144-262145/262146" },
		{ 0, "", true, "bytes */0" },
		{ 524288, "", true, "bytes */524288" },
		{ 5497558138880 - 1, "1", true, "bytes 5497558138879-5497558138879/5497558138880" },
	};
	struct cloud_protocol *protocol = open_usual();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cloud_call call = calls[CLOUD_PART];

		call.offset_in_object = cases[i].offset;
		call.body = view_text(cases[i].body);
		call.is_last = cases[i].is_last;
		assert_string_equal(header_of(protocol_lab_say(protocol, &call), "Content-Range: "),
				    cases[i].range);
	}
	close_all(protocol);
}

/* "1234" and "56789": the sum of "123456789". */
static void the_last_part_has_the_sum_of_all(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call call = calls[CLOUD_PART];

	(void)state;
	call.offset_in_object = 4;
	call.body = VIEW_LITERAL("56789");
	call.parts = parts;
	call.part_count = 2;
	assert_string_equal(header_of(protocol_lab_say(protocol, &call), "X-Goog-Hash: "), "");
	call.is_last = true;
	assert_string_equal(header_of(protocol_lab_say(protocol, &call), "X-Goog-Hash: "),
			    "crc32c=4waSgw==");
	call.part_count = 1; /* they are not all */
	assert_string_equal(header_of(protocol_lab_say(protocol, &call), "X-Goog-Hash: "), "");
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
			       "o?prefix=p%2F&startOffset=p%2Fa%20b&maxResults=7&"));
	call.token = VIEW_LITERAL("t+/=");
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "o?prefix=p%2F&pageToken=t%2B%2F%3D&maxResults=7&"));
	call = (struct cloud_call){ .verb = CLOUD_LIST };
	assert_non_null(strstr(protocol_lab_say(protocol, &call), "o?maxResults=1000&"));
	close_all(protocol);
}

static void options_change_what_is_said(void **state)
{
	struct gcs_options options = { .bucket = VIEW_LITERAL("my.bkt"),
				       .effects = protocol_lab_effects() };
	struct cloud_call call = calls[CLOUD_REMOVE];
	struct cloud_protocol *protocol;

	(void)state;
	options.user_project = VIEW_LITERAL("pays");
	options.endpoint = VIEW_LITERAL("https://Proxy.example:8443/gcs/");
	protocol = open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "DELETE https://proxy.example:8443/gcs/storage/v1/b/my.bkt/o/a%2Fb"
			    "?userProject=pays\nAccept-Encoding: gzip\n");
	assert_string_equal(protocol->place, "gs://my.bkt");
	protocol->ops->free(protocol);

	options.lists_details = true;
	protocol = open_with(&options);
	call = calls[CLOUD_LIST];
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "items%28name%2Csize%2Cupdated%2Cgeneration%2Cetag%2Cmd5Hash%"
			       "2Ccrc32c%29&userProject=pays\n"));
	protocol->ops->free(protocol);
}

static void an_emulator_gets_no_credentials(void **state)
{
	struct gcs_options options = { .bucket = VIEW_LITERAL("bkt"), .keys = &keys };
	struct cloud_call call = calls[CLOUD_REMOVE];
	struct cloud_protocol *protocol;

	(void)state;
	keys_still_token(&keys, "tok");
	protocol_lab_setenv("STORAGE_EMULATOR_HOST", "localhost:4443");
	gcs_options_take_emulator(&options, protocol_lab_effects());
	protocol = open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "DELETE http://localhost:4443/storage/v1/b/bkt/o/a%2Fb\n"
			    "Accept-Encoding: gzip\n");
	close_all(protocol);

	options.endpoint = VIEW_LITERAL("https://other.example");
	options.is_emulator = false;
	gcs_options_take_emulator(&options, protocol_lab_effects());
	assert_false(options.is_emulator);
	protocol_lab_setenv(NULL, NULL);
}

static void what_cannot_be_said_is_refused(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call call = calls[CLOUD_CREATE];
	struct muster_error error = { 0 };

	(void)state;
	call.key = VIEW_LITERAL("\xff");
	assert_non_null(
		strstr(protocol_lab_say(protocol, &call), "unsupported: create 'gs://bkt/"));
	protocol_lab_release(&call);
	call = calls[CLOUD_CREATE];
	call.body = VIEW_LITERAL("x muster-part-" NONCE " y");
	assert_non_null(
		strstr(protocol_lab_say(protocol, &call), "unsupported: create 'gs://bkt/"));
	protocol_lab_release(&call);
	keys.code = MUSTER_E_IO;
	call = calls[CLOUD_READ];
	assert_non_null(strstr(protocol_lab_say(protocol, &call), "no credentials were found"));
	close_all(protocol);

	assert_int_equal(gcs_open(&protocol, &(struct gcs_options){ 0 }, &error), MUSTER_E_USAGE);
	assert_int_equal(gcs_open(&protocol,
				  &(struct gcs_options){ .bucket = VIEW_LITERAL("b"),
							 .endpoint = VIEW_LITERAL("x:y:z") },
				  &error),
			 MUSTER_E_USAGE);
	assert_null(protocol);
}

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
	struct cloud_protocol *protocol = open_usual();

	(void)state;
	protocol_lab_check(protocol, calls, cases, COUNT(cases));
	close_all(protocol);
}

static void the_last_part_is_the_object(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call call = calls[CLOUD_PART];
	struct lab_reply made = { .status = 200, .body = RESOURCE };
	struct lab_reply goes_on = { .status = 308, .headers = "Range: bytes=0-3" };

	(void)state;
	call.is_last = true;
	assert_int_equal(protocol_lab_judge(protocol, &call, &made).code, MUSTER_OK);
	assert_true(call.out.sums.has_crc32c);
	assert_int_equal(protocol_lab_judge(protocol, &call, &goes_on).outcome, PACER_FAILED);
	call.parts = parts; /* of "1234", which has another sum */
	call.part_count = 1;
	assert_int_equal(protocol_lab_judge(protocol, &call, &made).code, MUSTER_E_DIGEST);
	call.body = VIEW_LITERAL("12345");
	assert_int_equal(protocol_lab_judge(protocol, &call, &made).code, MUSTER_E_FORMAT);
	call.offset_in_object = 8;
	assert_int_equal(protocol_lab_judge(protocol, &call, &goes_on).code, MUSTER_E_FORMAT);
	close_all(protocol);
}

static void what_an_answer_tells_is_kept(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call head = calls[CLOUD_HEAD], tail = calls[CLOUD_TAIL],
			  begin = calls[CLOUD_BEGIN];

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
	tail = calls[CLOUD_TAIL];
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
	close_all(protocol);
}

static void refused_credentials_are_renewed(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call call = calls[CLOUD_READ];
	struct lab_reply reply = { .status = 401, .body = REASON("authError", "expired") };
	struct lab_judgement judged;

	(void)state;
	keys.renewals = 1;
	assert_int_equal(protocol_lab_judge(protocol, &call, &reply).outcome, PACER_FAILED);
	judged = protocol_lab_judge(protocol, &call, &reply);
	assert_int_equal(judged.outcome, PACER_SERVED);
	assert_int_equal(judged.code, MUSTER_E_IO);
	assert_int_equal(atomic_load(&keys.refused), 2);
	close_all(protocol);
}

static void no_secret_is_told(void **state)
{
	static const enum cloud_verb verbs[] = { CLOUD_CREATE, CLOUD_BEGIN, CLOUD_PART };
	struct cloud_protocol *protocol = open_usual();
	struct lab_reply reply = { .status = 500, .headers = "x-guploader-uploadid: SECRET" };
	struct cloud_call call = calls[CLOUD_READ];

	(void)state;
	assert_non_null(strstr(protocol_lab_judge(protocol, &call, &reply).error.message,
			       "[request SECRET]")); /* of a download it is an id like any */
	for (size_t i = 0; i < COUNT(verbs); i++) {
		call = calls[verbs[i]];
		assert_null(strstr(protocol_lab_judge(protocol, &call, &reply).error.message,
				   "SECRET"));
	}
	close_all(protocol);
}

static void memory_may_end_anywhere(void **state)
{
	struct cloud_protocol *protocol = open_usual();

	(void)state;
	protocol_lab_torture(protocol, calls, COUNT(calls));
	close_all(protocol);
}

static void sums_are_wanted_of_bodies(void **state)
{
	struct cloud_protocol *protocol = open_usual();
	struct cloud_call call = calls[CLOUD_CREATE];

	(void)state;
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_CREATE), 1 << CHECKSUM_CRC32C);
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_PART), 1 << CHECKSUM_CRC32C);
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_READ), 0);
	call.sums = &both_sums;
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "\"crc32c\":\"4waSgw==\",\"md5Hash\":\"AQIDAAAAAAAAAAAAAAAAAA==\""));
	protocol_lab_release(&call);
	call = calls[CLOUD_CREATE];
	call.sums = NULL;
	assert_null(strstr(protocol_lab_say(protocol, &call), "crc32c\":"));
	protocol_lab_release(&call);
	close_all(protocol);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_is_said_so),
		cmocka_unit_test(a_part_says_where_it_lies),
		cmocka_unit_test(the_last_part_has_the_sum_of_all),
		cmocka_unit_test(a_list_begins_and_goes_on_so),
		cmocka_unit_test(options_change_what_is_said),
		cmocka_unit_test(an_emulator_gets_no_credentials),
		cmocka_unit_test(what_cannot_be_said_is_refused),
		cmocka_unit_test(every_answer_means_something),
		cmocka_unit_test(the_last_part_is_the_object),
		cmocka_unit_test(what_an_answer_tells_is_kept),
		cmocka_unit_test(refused_credentials_are_renewed),
		cmocka_unit_test(no_secret_is_told),
		cmocka_unit_test(sums_are_wanted_of_bodies),
		cmocka_unit_test(memory_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
