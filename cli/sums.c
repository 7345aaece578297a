#include "cli/sums.h"

#include "base/text/encode.h"

#define HEX_LEN HEX_TEXT_LEN(SUM_BYTES)

static const char escaped_bytes[] = "\\\\\nn\rr"; /* byte, and the letter that stands for it */

static char escape_of(uint8_t byte)
{
	for (size_t i = 0; i + 1 < sizeof(escaped_bytes); i += 2)
		if ((uint8_t)escaped_bytes[i] == byte)
			return escaped_bytes[i + 1];
	return '\0';
}

static bool needs_escape(struct view path)
{
	for (size_t i = 0; i < path.len; i++)
		if (escape_of(path.ptr[i]))
			return true;
	return false;
}

void sum_append(struct bytes *out, const uint8_t digest[SUM_BYTES], struct view path)
{
	char hex[HEX_LEN];
	bool is_escaped = needs_escape(path);

	hex_encode(hex, digest, SUM_BYTES);
	if (is_escaped)
		bytes_append_byte(out, '\\', NULL);
	bytes_append(out, hex, sizeof(hex), NULL);
	bytes_append_text(out, "  ", NULL);
	if (!is_escaped) {
		bytes_append_view(out, path, NULL);
		return;
	}
	for (size_t i = 0; i < path.len; i++) {
		char letter = escape_of(path.ptr[i]);

		if (letter)
			bytes_append_byte(out, '\\', NULL);
		bytes_append_byte(out, letter ? (uint8_t)letter : path.ptr[i], NULL);
	}
}

static struct view take_line(struct view *text)
{
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	size_t len = end ? (size_t)(end - text->ptr) : text->len;
	struct view line = view_of(text->ptr, len);

	*text = view_of(text->ptr + len + (end != NULL), text->len - len - (end != NULL));
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static struct sum_line parse(struct view line)
{
	struct sum_line sum = { .is_escaped = line.ptr[0] == '\\' };
	size_t skip = sum.is_escaped ? 1 : 0;
	struct view hex;

	line = view_of(line.ptr + skip, line.len - skip);
	hex = view_of(line.ptr, HEX_LEN);
	/* "  " before a text, " *" before a binary file: the same here */
	if (line.len < HEX_LEN + 3 || line.ptr[HEX_LEN] != ' ' ||
	    (line.ptr[HEX_LEN + 1] != ' ' && line.ptr[HEX_LEN + 1] != '*') ||
	    !hex_decode(sum.digest, SUM_BYTES, hex))
		return sum;
	sum.path = view_of(line.ptr + HEX_LEN + 2, line.len - HEX_LEN - 2);
	return sum;
}

bool sum_take(struct view *text, struct sum_line *out, uint64_t *number)
{
	while (text->len) {
		struct view line = take_line(text);

		++*number;
		if (!line.len || line.ptr[0] == '#')
			continue;
		*out = parse(line);
		return true;
	}
	return false;
}

/* The byte that a letter behind a backslash stands for. */
static bool unescape(uint8_t letter, uint8_t *byte)
{
	for (size_t i = 0; i + 1 < sizeof(escaped_bytes); i += 2) {
		if ((uint8_t)escaped_bytes[i + 1] != letter)
			continue;
		*byte = (uint8_t)escaped_bytes[i];
		return true;
	}
	return false;
}

bool sum_path(struct bytes *out, const struct sum_line *line)
{
	for (size_t i = 0; i < line->path.len; i++) {
		uint8_t byte = line->path.ptr[i];

		if (byte == '\0')
			return false;
		if (line->is_escaped && byte == '\\' &&
		    (++i == line->path.len || !unescape(line->path.ptr[i], &byte)))
			return false;
		if (bytes_append_byte(out, byte, NULL))
			return false;
	}
	return bytes_append_byte(out, '\0', NULL) == MUSTER_OK;
}
