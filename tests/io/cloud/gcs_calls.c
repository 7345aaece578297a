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

/* A view within what must be constant. */
#define TEXT(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

const struct cloud_call *const gcs_calls[CLOUD_VERBS] = {
	[CLOUD_READ] = &(const struct cloud_call){ .verb = CLOUD_READ,
						   .key = TEXT("a/b c"),
						   .offset_bytes = 5,
						   .len = 10,
						   .etag = TEXT("17") },
	[CLOUD_TAIL] =
		&(const struct cloud_call){ .verb = CLOUD_TAIL, .key = TEXT("k"), .len = 100 },
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
						   .body = TEXT("1234"),
						   .upload = TEXT(SESSION),
						   .number = 1 },
	[CLOUD_COMPLETE] = &(const struct cloud_call){ .verb = CLOUD_COMPLETE },
	[CLOUD_ABORT] = &(const struct cloud_call){ .verb = CLOUD_ABORT,
						    .key = TEXT("big"),
						    .upload = TEXT(SESSION) },
	[CLOUD_PARTS] = &(const struct cloud_call){ .verb = CLOUD_PARTS,
						    .key = TEXT("big"),
						    .upload = TEXT(SESSION) },
};
