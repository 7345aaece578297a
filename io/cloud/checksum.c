#include "io/cloud/listing.h"

#include "base/text/encode.h"
#include "base/text/text.h"
#include "io/cloud/header.h"

static const struct {
	const char *name;
	uint8_t len;
} algorithms[CHECKSUM_ALGORITHM_COUNT] = {
	[CHECKSUM_MD5] = { "md5", 16 },	     [CHECKSUM_CRC32] = { "crc32", 4 },
	[CHECKSUM_CRC32C] = { "crc32c", 4 }, [CHECKSUM_CRC64NVME] = { "crc64nvme", 8 },
	[CHECKSUM_SHA1] = { "sha1", 20 },    [CHECKSUM_SHA256] = { "sha256", 32 },
};

#define PARTS_MAX 10000

size_t checksum_len(enum checksum_algorithm algorithm)
{
	return algorithms[algorithm].len;
}

bool checksum_by_name(struct view name, enum checksum_algorithm *out)
{
	for (unsigned i = 0; i < CHECKSUM_ALGORITHM_COUNT; i++) {
		if (header_compare(name, view_text(algorithms[i].name)) == 0) {
			*out = (enum checksum_algorithm)i;
			return true;
		}
	}
	return false;
}

/* Cut "-N" off; false where N is no count of parts. */
static bool take_part_count(struct view *text, uint32_t *count)
{
	const uint8_t *dash = text->len ? memrchr(text->ptr, '-', text->len) : NULL;
	uint64_t value;

	*count = 0;
	if (!dash)
		return true;
	if (!text_parse_u64(view_of(dash + 1, text->len - (size_t)(dash - text->ptr) - 1),
			    &value) ||
	    !value || value > PARTS_MAX)
		return false;
	*count = (uint32_t)value;
	text->len = (size_t)(dash - text->ptr);
	return true;
}

bool checksum_parse(struct checksum *out, enum checksum_algorithm algorithm, struct view base64,
		    bool is_reversed)
{
	struct checksum sum = { .algorithm = algorithm, .len = algorithms[algorithm].len };

	if (!take_part_count(&base64, &sum.part_count) ||
	    !base64_decode(sum.value, sum.len, base64))
		return false;
	for (size_t i = 0; is_reversed && i < sum.len / 2u; i++) {
		uint8_t byte = sum.value[i];

		sum.value[i] = sum.value[sum.len - 1 - i];
		sum.value[sum.len - 1 - i] = byte;
	}
	*out = sum;
	return true;
}

struct view listing_etag(struct view etag)
{
	if (view_starts_with(etag, VIEW_LITERAL("W/")))
		etag = view_of(etag.ptr + 2, etag.len - 2);
	if (etag.len >= 2 && etag.ptr[0] == '"' && etag.ptr[etag.len - 1] == '"')
		etag = view_of(etag.ptr + 1, etag.len - 2);
	return etag;
}
