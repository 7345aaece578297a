#include "tests/io/cloud/azure_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct keys azure_calls_keys;

struct cloud_protocol *azure_calls_open_with(const struct azure_protocol_options *options)
{
	struct cloud_protocol *protocol;
	struct muster_error error = { 0 };

	if (azure_open(&protocol, options, &error))
		fail_msg("%s", error.message);
	return protocol;
}

struct cloud_protocol *azure_calls_open(void)
{
	keys_still_account(&azure_calls_keys, "acct", KEY);
	return azure_calls_open_with(
		&(struct azure_protocol_options){ .container = VIEW_LITERAL("cont"),
						  .keys = &azure_calls_keys,
						  .effects = protocol_lab_effects() });
}

void azure_calls_close(struct cloud_protocol *protocol)
{
	protocol->ops->free(protocol);
	keys_still_release(&azure_calls_keys);
}

/* Of "123456789". */
static const struct cloud_sums sums = { .md5 = { 0x25, 0xf9, 0xe7, 0x94, 0x32, 0x3b, 0x45, 0x38,
						 0x85, 0xf5, 0x18, 0x1f, 0x1b, 0x62, 0x4d, 0x0b },
					.crc64nvme = 0xae8b14860a799888,
					.has_md5 = true,
					.has_crc64nvme = true };
/* Base64 of "muster-" UPLOAD "-00001", and of the second. */
static const struct cloud_part parts[] = {
	{ .number = 1,
	  .size_bytes = 4,
	  .etag = "bXVzdGVyLWFiYWJhYmFiYWJhYmFiYWIwMDAwMDAwMC0wMDAwMQ==" },
	{ .number = 2,
	  .size_bytes = 5,
	  .etag = "bXVzdGVyLWFiYWJhYmFiYWJhYmFiYWIwMDAwMDAwMC0wMDAwMg==" },
};

/* A view within what must be constant. */
#define TEXT(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

const struct cloud_call *const azure_calls[CLOUD_VERBS] = {
	[CLOUD_READ] = &(const struct cloud_call){ .verb = CLOUD_READ,
						   .key = TEXT("a/b c"),
						   .offset_bytes = 5,
						   .len = 10,
						   .etag = TEXT("0x8D") },
	[CLOUD_TAIL] = &(const struct cloud_call){ .verb = CLOUD_TAIL },
	[CLOUD_HEAD] = &(const struct cloud_call){ .verb = CLOUD_HEAD, .key = TEXT("\xc3\xa9?#%") },
	[CLOUD_CREATE] = &(const struct cloud_call){ .verb = CLOUD_CREATE,
						     .key = TEXT("a\"b"),
						     .body = TEXT("123456789"),
						     .sums = &sums,
						     .nonce = NONCE },
	[CLOUD_LIST] = &(const struct cloud_call){ .verb = CLOUD_LIST, .prefix = TEXT("p/") },
	[CLOUD_REMOVE] = &(const struct cloud_call){ .verb = CLOUD_REMOVE, .key = TEXT("a/b") },
	[CLOUD_BEGIN] = &(
		const struct cloud_call){ .verb = CLOUD_BEGIN, .key = TEXT("big"), .nonce = NONCE },
	[CLOUD_PART] = &(const struct cloud_call){ .verb = CLOUD_PART,
						   .key = TEXT("big"),
						   .body = TEXT("123456789"),
						   .sums = &sums,
						   .upload = TEXT(UPLOAD),
						   .number = 2 },
	[CLOUD_COMPLETE] = &(const struct cloud_call){ .verb = CLOUD_COMPLETE,
						       .key = TEXT("big"),
						       .nonce = NONCE,
						       .upload = TEXT(UPLOAD),
						       .parts = parts,
						       .part_count = 2 },
	[CLOUD_ABORT] = &(const struct cloud_call){ .verb = CLOUD_ABORT,
						    .key = TEXT("big"),
						    .upload = TEXT(UPLOAD) },
	[CLOUD_PARTS] = &(const struct cloud_call){ .verb = CLOUD_PARTS,
						    .key = TEXT("big"),
						    .upload = TEXT(UPLOAD) },
};
