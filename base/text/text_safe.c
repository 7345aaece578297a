#include "base/text/text.h"

#include "base/text/encode.h"
#include "base/text/utf8.h"

/* Code points that are not what they look like on a terminal, besides the backslash. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x00, 0x1f },	      /* C0 controls */
	{ 0x7f, 0x9f },	      /* DEL and C1 controls */
	{ 0x61c, 0x61c },     /* Arabic letter mark */
	{ 0x200e, 0x200f },   /* left-to-right and right-to-left mark */
	{ 0x2028, 0x202e },   /* line and paragraph separator, embeddings and overrides */
	{ 0x2066, 0x2069 },   /* isolates */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xfff9, 0xfffb },   /* interlinear annotation */
	{ 0xe0000, 0xe007f }, /* tags */
};

static bool is_hidden(uint32_t point)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (point >= hidden[i].first && point <= hidden[i].last)
			return true;
	return false;
}

static bool is_plain_byte(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

/* How many bytes at the front of `name` pass as they are; 0: the first byte is to be escaped. */
static size_t safe_run(struct view name)
{
	size_t len = 0;

	while (len < name.len) {
		uint32_t point;
		size_t step;

		if (is_plain_byte(name.ptr[len])) {
			len++;
			continue;
		}
		step = utf8_decode(view_of(name.ptr + len, name.len - len), &point);
		if (!step || point == '\\' || is_hidden(point))
			break;
		len += step;
	}
	return len;
}

static enum muster_code append_escape(struct bytes *out, uint8_t byte, struct muster_error *err)
{
	char escape[4] = "\\x";

	if (byte == '\\')
		return bytes_append_text(out, "\\\\", err);
	hex_encode(escape + 2, &byte, 1);
	return bytes_append(out, escape, sizeof(escape), err);
}

/* A hidden character is escaped by its first byte here; its other bytes follow by themselves, as a
 * sequence without its first byte is not UTF-8. */
enum muster_code text_append_safe(struct bytes *out, struct view name, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (name.len && !code) {
		size_t len = safe_run(name);

		if (len) {
			code = bytes_append(out, name.ptr, len, err);
		} else {
			len = 1;
			code = append_escape(out, name.ptr[0], err);
		}
		name = view_of(name.ptr + len, name.len - len);
	}
	return code;
}

/* Decodes the escape at the front of `safe`; returns its length or 0. */
static size_t decode_escape(struct view safe, uint8_t *byte)
{
	if (safe.len >= 2 && safe.ptr[1] == '\\') {
		*byte = '\\';
		return 2;
	}
	if (safe.len >= 4 && safe.ptr[1] == 'x' && hex_decode(byte, 1, view_of(safe.ptr + 2, 2)))
		return 4;
	return 0;
}

enum muster_code text_append_unsafe(struct bytes *out, struct view safe, struct muster_error *err)
{
	size_t start = out->len;
	enum muster_code code = bytes_reserve(out, safe.len, err);

	if (code)
		return code;
	while (safe.len) {
		uint8_t byte = safe.ptr[0];
		size_t len = byte == '\\' ? decode_escape(safe, &byte) : 1;

		if (!len) {
			out->len = start;
			return muster_fail(err, MUSTER_E_FORMAT,
					   "a backslash begins neither \\\\ nor \\xNN");
		}
		out->ptr[out->len++] = byte;
		safe = view_of(safe.ptr + len, safe.len - len);
	}
	return MUSTER_OK;
}
