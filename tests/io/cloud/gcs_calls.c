#include "tests/io/cloud/gcs_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct keys gcs_calls_keys;

struct cloud_protocol *gcs_calls_open_with(const struct gcs_options *options)
{
	struct cloud_protocol *protocol;
	struct muster_error error = { 0 };

	if (gcs_open(&protocol, options, &error))
		fail_msg("%s", error.message);
	return protocol;
}

struct cloud_protocol *gcs_calls_open(void)
{
	keys_still_token(&gcs_calls_keys, "tok");
	return gcs_calls_open_with(&(struct gcs_options){ .bucket = VIEW_LITERAL("bkt"),
							  .keys = &gcs_calls_keys,
							  .effects = protocol_lab_effects() });
}

void gcs_calls_close(struct cloud_protocol *protocol)
{
	protocol->ops->free(protocol);
	keys_still_release(&gcs_calls_keys);
}

static const struct cloud_sums sums = { .crc32c = 0xe3069283, .has_crc32c = true };
const struct cloud_part gcs_calls_parts[2] = {
	{ .number = 1, .size_bytes = 4, .sums = { .crc32c = 0xf63af4ee, .has_crc32c = true } },
	{ .number = 2, .size_bytes = 5, .sums = { .crc32c = 0x83b565d8, .has_crc32c = true } },
};

const struct cloud_call gcs_calls[CLOUD_ABORT + 1] = {
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
