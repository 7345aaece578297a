#include "artifact/format/manifest.h"

/* SHA-256 of the footer, its offset and length, four bytes of zero, and what a header has. */
#define TRAILER_OFFSET 32
#define TRAILER_LENGTH 40
#define TRAILER_ZERO   44
#define TRAILER_MAGIC  48

#define MANIFEST_VERSION 1

void manifest_trailer_put(uint8_t out[MANIFEST_TRAILER_BYTES], const struct manifest_trailer *t)
{
	memcpy(out, t->footer_sha256, sizeof(t->footer_sha256));
	put_u64(out + TRAILER_OFFSET, t->footer_offset_bytes);
	put_u32(out + TRAILER_LENGTH, t->footer_bytes);
	put_u32(out + TRAILER_ZERO, 0);
	object_header_put(out + TRAILER_MAGIC, "mani", MANIFEST_VERSION);
}

enum muster_code manifest_trailer_parse(struct manifest_trailer *out, struct view trailer,
					uint64_t object_bytes, struct muster_error *err)
{
	enum muster_code code;
	uint64_t end;

	if (trailer.len != MANIFEST_TRAILER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "a manifest trailer has %d bytes, not %zu",
				   MANIFEST_TRAILER_BYTES, trailer.len);
	code = object_header_check(view_of(trailer.ptr + TRAILER_MAGIC, OBJECT_HEADER_BYTES),
				   "mani", MANIFEST_VERSION, err);
	if (code) {
		muster_context(err, "manifest trailer");
		return code;
	}
	memcpy(out->footer_sha256, trailer.ptr, sizeof(out->footer_sha256));
	out->footer_offset_bytes = get_u64(trailer.ptr + TRAILER_OFFSET);
	out->footer_bytes = get_u32(trailer.ptr + TRAILER_LENGTH);
	if (get_u32(trailer.ptr + TRAILER_ZERO))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "reserved bytes of a manifest trailer are set");
	if (out->footer_bytes > MANIFEST_FOOTER_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "a manifest footer of %u bytes (maximum %u)", out->footer_bytes,
				   MANIFEST_FOOTER_MAX_BYTES);
	if (out->footer_offset_bytes < OBJECT_HEADER_BYTES ||
	    add_overflows(out->footer_offset_bytes, out->footer_bytes, &end) ||
	    add_overflows(end, MANIFEST_TRAILER_BYTES, &end) || end != object_bytes)
		return muster_fail(
			err, MUSTER_E_FORMAT,
			"a manifest of %llu bytes does not end with its footer and trailer",
			(unsigned long long)object_bytes);
	return MUSTER_OK;
}
