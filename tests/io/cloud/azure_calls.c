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
static const struct cloud_part parts[] = { { .number = 1, .size_bytes = 4 },
					   { .number = 2, .size_bytes = 5 } };

const struct cloud_call azure_calls[CLOUD_ABORT + 1] = {
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
