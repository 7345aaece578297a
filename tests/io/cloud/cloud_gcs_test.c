/* What Google's protocol sends, byte for byte. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/io/cloud/gcs_calls.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define OBJECT_FIELDS "fields=name%2Csize%2Cgeneration%2Cupdated%2Cmd5Hash%2Ccrc32c%2Cmetadata"

static const struct cloud_sums both_sums = {
	.md5 = { 1, 2, 3 }, .crc32c = 0xe3069283, .has_crc32c = true, .has_md5 = true
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
		{ CLOUD_PARTS, "PUT " BASE SESSION "\n"
			       "Accept-Encoding: gzip\nContent-Range: bytes */*\n" },
	};
	struct cloud_protocol *protocol = gcs_calls_open();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cloud_call call = *gcs_calls[cases[i].verb];

		assert_string_equal(protocol_lab_say(protocol, &call), cases[i].said);
		protocol_lab_release(&call);
	}
	gcs_calls_close(protocol);
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
	struct cloud_protocol *protocol = gcs_calls_open();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cloud_call call = *gcs_calls[CLOUD_PART];

		call.offset_in_object = cases[i].offset;
		call.body = view_text(cases[i].body);
		call.is_last = cases[i].is_last;
		assert_string_equal(header_of(protocol_lab_say(protocol, &call), "Content-Range: "),
				    cases[i].range);
	}
	gcs_calls_close(protocol);
}

/* "1234" and "56789": the sum of "123456789". */
static void the_last_part_has_the_sum_of_all(void **state)
{
	struct cloud_protocol *protocol = gcs_calls_open();
	struct cloud_call call = *gcs_calls[CLOUD_PART];

	(void)state;
	call.offset_in_object = 4;
	call.body = VIEW_LITERAL("56789");
	call.parts = gcs_calls_parts;
	call.part_count = 2;
	assert_string_equal(header_of(protocol_lab_say(protocol, &call), "X-Goog-Hash: "), "");
	call.is_last = true;
	assert_string_equal(header_of(protocol_lab_say(protocol, &call), "X-Goog-Hash: "),
			    "crc32c=4waSgw==");
	call.part_count = 1; /* they are not all */
	assert_string_equal(header_of(protocol_lab_say(protocol, &call), "X-Goog-Hash: "), "");
	gcs_calls_close(protocol);
}

static void a_list_begins_and_goes_on_so(void **state)
{
	struct cloud_protocol *protocol = gcs_calls_open();
	struct cloud_call call = *gcs_calls[CLOUD_LIST];

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
	gcs_calls_close(protocol);
}

static void options_change_what_is_said(void **state)
{
	struct gcs_options options = { .bucket = VIEW_LITERAL("my.bkt"),
				       .effects = protocol_lab_effects() };
	struct cloud_call call = *gcs_calls[CLOUD_REMOVE];
	struct cloud_protocol *protocol;

	(void)state;
	options.user_project = VIEW_LITERAL("pays");
	options.endpoint = VIEW_LITERAL("https://Proxy.example:8443/gcs/");
	protocol = gcs_calls_open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "DELETE https://proxy.example:8443/gcs/storage/v1/b/my.bkt/o/a%2Fb"
			    "?userProject=pays\nAccept-Encoding: gzip\n");
	assert_string_equal(protocol->place, "gs://my.bkt");
	protocol->ops->free(protocol);

	options.lists_details = true;
	protocol = gcs_calls_open_with(&options);
	call = *gcs_calls[CLOUD_LIST];
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "items%28name%2Csize%2Cupdated%2Cgeneration%2Cetag%2Cmd5Hash%"
			       "2Ccrc32c%29&userProject=pays\n"));
	protocol->ops->free(protocol);
}

static void an_emulator_gets_no_credentials(void **state)
{
	struct gcs_options options = { .bucket = VIEW_LITERAL("bkt"),
				       .endpoint = VIEW_LITERAL("localhost:4443"),
				       .is_emulator = true,
				       .keys = &gcs_calls_keys };
	struct cloud_call call = *gcs_calls[CLOUD_REMOVE];
	struct cloud_protocol *protocol;

	(void)state;
	keys_still_token(&gcs_calls_keys, "tok");
	protocol = gcs_calls_open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "DELETE http://localhost:4443/storage/v1/b/bkt/o/a%2Fb\n"
			    "Accept-Encoding: gzip\n");
	gcs_calls_close(protocol);
}

static void what_cannot_be_said_is_refused(void **state)
{
	struct cloud_protocol *protocol = gcs_calls_open();
	struct cloud_call call = *gcs_calls[CLOUD_CREATE];
	struct muster_error error = { 0 };

	(void)state;
	call.key = VIEW_LITERAL("\xff");
	assert_non_null(
		strstr(protocol_lab_say(protocol, &call), "unsupported: create 'gs://bkt/"));
	protocol_lab_release(&call);
	call = *gcs_calls[CLOUD_CREATE];
	call.body = VIEW_LITERAL("x muster-part-" NONCE " y");
	assert_non_null(
		strstr(protocol_lab_say(protocol, &call), "unsupported: create 'gs://bkt/"));
	protocol_lab_release(&call);
	gcs_calls_keys.code = MUSTER_E_IO;
	call = *gcs_calls[CLOUD_READ];
	assert_non_null(strstr(protocol_lab_say(protocol, &call), "no credentials were found"));
	gcs_calls_close(protocol);

	assert_int_equal(gcs_open(&protocol, &(struct gcs_options){ 0 }, &error), MUSTER_E_USAGE);
	assert_int_equal(gcs_open(&protocol,
				  &(struct gcs_options){ .bucket = VIEW_LITERAL("b"),
							 .endpoint = VIEW_LITERAL("x:y:z") },
				  &error),
			 MUSTER_E_USAGE);
	assert_null(protocol);
}

static void memory_may_end_anywhere(void **state)
{
	struct cloud_protocol *protocol = gcs_calls_open();

	(void)state;
	protocol_lab_torture(protocol, gcs_calls, COUNT(gcs_calls));
	gcs_calls_close(protocol);
}

static void sums_are_wanted_of_bodies(void **state)
{
	struct cloud_protocol *protocol = gcs_calls_open();
	struct cloud_call call = *gcs_calls[CLOUD_CREATE];

	(void)state;
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_CREATE), 1 << CHECKSUM_CRC32C);
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_PART), 1 << CHECKSUM_CRC32C);
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_READ), 0);
	call.sums = &both_sums;
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "\"crc32c\":\"4waSgw==\",\"md5Hash\":\"AQIDAAAAAAAAAAAAAAAAAA==\""));
	protocol_lab_release(&call);
	call = *gcs_calls[CLOUD_CREATE];
	call.sums = NULL;
	assert_null(strstr(protocol_lab_say(protocol, &call), "crc32c\":"));
	protocol_lab_release(&call);
	gcs_calls_close(protocol);
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
		cmocka_unit_test(memory_may_end_anywhere),
		cmocka_unit_test(sums_are_wanted_of_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
