/* What Azure's protocol sends, byte for byte. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/io/cloud/azure_calls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* base64 of "muster-abababababababab00000000-00001", and of the second */
#define BLOCK_1 "bXVzdGVyLWFiYWJhYmFiYWJhYmFiYWIwMDAwMDAwMC0wMDAwMQ=="
#define BLOCK_2 "bXVzdGVyLWFiYWJhYmFiYWJhYmFiYWIwMDAwMDAwMC0wMDAwMg=="
#define BLOCK_LIST                                                                                 \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"                                               \
	"<BlockList><Latest>" BLOCK_1 "</Latest><Latest>" BLOCK_2 "</Latest></BlockList>"
#define COMMON                                                                                     \
	"x-ms-version: 2023-11-03\nx-ms-date: Thu, 01 Jan 2026 00:00:00 GMT\n"                     \
	"x-ms-client-request-id: abababababababab00000000\n"
#define SIGNED "Authorization: SharedKey acct:"

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
		struct cloud_protocol *protocol = azure_calls_open();
		struct cloud_call call = *azure_calls[cases[i].verb];

		assert_string_equal(protocol_lab_say(protocol, &call), cases[i].said);
		protocol_lab_release(&call);
		azure_calls_close(protocol);
	}
}

static void blocks_belong_to_an_upload(void **state)
{
	struct cloud_protocol *protocol = azure_calls_open();
	struct cloud_call call = *azure_calls[CLOUD_PART];

	(void)state;
	call.upload = (struct view){ 0 }; /* none was begun: the nonce names it */
	memcpy(call.nonce, NONCE, sizeof(NONCE));
	/* base64 of "muster-" NONCE "-00002" */
	assert_non_null(
		strstr(protocol_lab_say(protocol, &call),
		       "blockid=bXVzdGVyLTAwMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmLTAwMDAy"
		       "\n"));
	azure_calls_close(protocol);
}

static void a_list_begins_and_goes_on_so(void **state)
{
	struct cloud_protocol *protocol = azure_calls_open();
	struct cloud_call call = *azure_calls[CLOUD_LIST];

	(void)state;
	call.after = VIEW_LITERAL("p/a b");
	call.page_max = 7;
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "&prefix=p%2F&startFrom=p%2Fa%20b&maxresults=7\n"));
	call.token = VIEW_LITERAL("t+/=");
	assert_non_null(strstr(protocol_lab_say(protocol, &call),
			       "&prefix=p%2F&marker=t%2B%2F%3D&maxresults=7\n"));
	azure_calls_close(protocol);
}

static void an_emulator_has_the_account_in_its_path(void **state)
{
	struct cloud_call call = *azure_calls[CLOUD_REMOVE];
	struct cloud_protocol *protocol;

	(void)state;
	keys_still_account(&azure_calls_keys, "devstoreaccount1", KEY);
	protocol = azure_calls_open_with(&(struct azure_protocol_options){
		.container = VIEW_LITERAL("cont"),
		.endpoint = VIEW_LITERAL("http://127.0.0.1:10000/devstoreaccount1"),
		.keys = &azure_calls_keys,
		.effects = protocol_lab_effects() });
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "DELETE http://127.0.0.1:10000/devstoreaccount1/cont/a/b\n" COMMON
			    "x-ms-delete-snapshots: include\n"
			    "Authorization: SharedKey "
			    "devstoreaccount1:iFynA28y3JRhiRYxrHl2GrngiUdJlvSDRfIqi5xCHqs=\n");
	assert_string_equal(protocol->place, "az://devstoreaccount1/cont");
	azure_calls_close(protocol);
}

static void rights_are_shown_in_three_ways(void **state)
{
	struct azure_protocol_options options = { .container = VIEW_LITERAL("cont"),
						  .account = VIEW_LITERAL("acct"),
						  .keys = &azure_calls_keys,
						  .effects = protocol_lab_effects() };
	struct cloud_call call = *azure_calls[CLOUD_HEAD], list = *azure_calls[CLOUD_LIST];
	struct cloud_protocol *protocol;

	(void)state;
	keys_still_token(&azure_calls_keys, "?sv=2023&sp=rw&sig=a%2Bb%3D");
	azure_calls_keys.set.is_sas = true;
	protocol = azure_calls_open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "HEAD " BASE
			    "/cont/%C3%A9%3F%23%25?sv=2023&sp=rw&sig=a%2Bb%3D\n" COMMON);
	assert_non_null(strstr(protocol_lab_say(protocol, &list),
			       "&maxresults=5000&sv=2023&sp=rw&sig=a%2Bb%3D\n"));
	azure_calls_close(protocol);

	keys_still_token(&azure_calls_keys, "eyJ0eXAi.e30.sIg");
	protocol = azure_calls_open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "HEAD " BASE "/cont/%C3%A9%3F%23%25\n" COMMON
			    "Authorization: Bearer eyJ0eXAi.e30.sIg\n");
	azure_calls_close(protocol);

	options.keys = NULL;
	protocol = azure_calls_open_with(&options);
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "HEAD " BASE "/cont/%C3%A9%3F%23%25\n" COMMON);
	protocol->ops->free(protocol);
}

static void a_checksum_is_of_the_kind_that_is_checked(void **state)
{
	struct azure_protocol_options options = { .container = VIEW_LITERAL("cont"),
						  .account = VIEW_LITERAL("acct"),
						  .has_crc64 = true,
						  .effects = protocol_lab_effects() };
	struct cloud_call call = *azure_calls[CLOUD_PART];
	struct cloud_protocol *protocol = azure_calls_open_with(&options);
	const char *said = protocol_lab_say(protocol, &call);

	(void)state;
	assert_non_null(strstr(said, "x-ms-content-crc64: iJh5CoYUi64=\n"));
	assert_null(strstr(said, "Content-MD5"));
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_CREATE),
			 1 << CHECKSUM_CRC64NVME);
	protocol->ops->free(protocol);

	options.has_crc64 = false;
	protocol = azure_calls_open_with(&options);
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_PART), 1 << CHECKSUM_MD5);
	assert_int_equal(protocol->ops->wanted_sums(protocol, CLOUD_COMPLETE), 0);
	call.sums = NULL;
	assert_null(strstr(protocol_lab_say(protocol, &call), "MD5"));
	protocol->ops->free(protocol);
}

static void what_has_no_meaning_is_refused(void **state)
{
	static const struct azure_protocol_options cases[] = {
		{ .account = VIEW_LITERAL("acct") },
		{ .container = VIEW_LITERAL("cont") },
		{ .container = VIEW_LITERAL("cont"), .endpoint = VIEW_LITERAL("x:y:z") },
	};
	struct cloud_call call = *azure_calls[CLOUD_READ];
	struct cloud_protocol *protocol;
	struct muster_error error = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(azure_open(&protocol, &cases[i], &error), MUSTER_E_USAGE);
		assert_null(protocol);
	}
	protocol = azure_calls_open();
	azure_calls_keys.code = MUSTER_E_IO;
	assert_string_equal(protocol_lab_say(protocol, &call),
			    "io: read 'az://acct/cont/a/b c': no credentials were found");
	azure_calls_close(protocol);
}

static void memory_may_end_anywhere(void **state)
{
	struct cloud_protocol *protocol = azure_calls_open();

	(void)state;
	protocol_lab_torture(protocol, azure_calls, COUNT(azure_calls));
	azure_calls_close(protocol);
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
		cmocka_unit_test(memory_may_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
