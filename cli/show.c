#include "cli/show.h"

#include "base/text/text.h"
#include "base/text/utf8.h"

struct range {
	uint32_t first, last;
};

/* Joined to the character before, or never seen. */
static const struct range zero_columns[] = {
	{ 0x0300, 0x036f },   { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
	{ 0x064b, 0x065f },   { 0x0670, 0x0670 }, { 0x06d6, 0x06dc }, { 0x0900, 0x0902 },
	{ 0x093c, 0x093c },   { 0x0941, 0x0948 }, { 0x094d, 0x094d }, { 0x0e31, 0x0e31 },
	{ 0x0e34, 0x0e3a },   { 0x0e47, 0x0e4e }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x200b, 0x200d },   { 0x2060, 0x2064 }, { 0x20d0, 0x20f0 }, { 0x302a, 0x302d },
	{ 0x3099, 0x309a },   { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0x1f3fb, 0x1f3ff },
	{ 0xe0100, 0xe01ef },
};

static const struct range two_columns[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },	  { 0x23e9, 0x23ec },
	{ 0x25fd, 0x25fe },   { 0x2614, 0x2615 },   { 0x2648, 0x2653 },	  { 0x26a1, 0x26a1 },
	{ 0x2705, 0x2705 },   { 0x270a, 0x270b },   { 0x2728, 0x2728 },	  { 0x274c, 0x274c },
	{ 0x2753, 0x2755 },   { 0x2795, 0x2797 },   { 0x2e80, 0x303e },	  { 0x3041, 0x33ff },
	{ 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },	  { 0xa960, 0xa97f },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },	  { 0xff00, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
	{ 0x20000, 0x3fffd },
};

static bool is_in(const struct range *ranges, size_t count, uint32_t point)
{
	for (size_t i = 0; i < count && ranges[i].first <= point; i++)
		if (point <= ranges[i].last)
			return true;
	return false;
}

static size_t point_width(uint32_t point)
{
	if (point < 0x300)
		return 1;
	if (is_in(zero_columns, sizeof(zero_columns) / sizeof(zero_columns[0]), point))
		return 0;
	return is_in(two_columns, sizeof(two_columns) / sizeof(two_columns[0]), point) ? 2 : 1;
}

size_t show_width(struct view text)
{
	size_t width = 0;

	while (text.len) {
		uint32_t point = text.ptr[0]; /* most text is ASCII, which needs no decoding */
		size_t len = point < 0x80 ? 1 : utf8_decode(text, &point);

		width += len ? point_width(point) : 1;
		len = len ? len : 1;
		text = view_of(text.ptr + len, text.len - len);
	}
	return width;
}

static void append_spaces(struct bytes *out, size_t count)
{
	static const char spaces[] = "                                ";

	for (size_t len; count; count -= len) {
		len = count < sizeof(spaces) - 1 ? count : sizeof(spaces) - 1;
		bytes_append(out, spaces, len, NULL);
	}
}

void show_padded(struct bytes *out, struct view text, size_t columns, bool is_right_aligned)
{
	size_t width = show_width(text), missing = columns > width ? columns - width : 0;

	if (is_right_aligned)
		append_spaces(out, missing);
	bytes_append_view(out, text, NULL);
	if (!is_right_aligned)
		append_spaces(out, missing);
}

void show_name(struct bytes *out, struct view name)
{
	(void)text_append_safe(out, name, NULL);
}

void show_message(struct bytes *out, struct view message)
{
	while (message.len) {
		const uint8_t *slash = memchr(message.ptr, '\\', message.len);
		size_t len = slash ? (size_t)(slash - message.ptr) : message.len;

		show_name(out, view_of(message.ptr, len));
		if (slash)
			bytes_append_byte(out, '\\', NULL);
		len += slash != NULL;
		message = view_of(message.ptr + len, message.len - len);
	}
}

void show_paragraph(struct bytes *out, struct view text, size_t indent)
{
	while (text.len) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;

		show_name(out, view_of(text.ptr, len));
		len += end != NULL;
		text = view_of(text.ptr + len, text.len - len);
		if (end && text.len) {
			bytes_append_byte(out, '\n', NULL);
			append_spaces(out, indent);
		}
	}
}

const char *show_time(char buf[SHOW_TIME_BYTES], uint64_t time_ms)
{
	uint64_t ns;

	if (__builtin_mul_overflow(time_ms, UINT64_C(1000000), &ns))
		ns = UINT64_MAX;
	text_time(buf, ns);
	buf[10] = ' ';
	buf[19] = '\0';
	return buf;
}

/* The bytes of the next line of `text`: up to a line feed, or the last space within `columns`. */
static size_t line_len(struct view text, size_t columns)
{
	size_t best = 0, len = 0;

	for (; len < text.len && text.ptr[len] != '\n'; len++) {
		if (text.ptr[len] != ' ')
			continue;
		if (best && show_width(view_of(text.ptr, len)) > columns)
			return best;
		best = len;
	}
	return best && show_width(view_of(text.ptr, len)) > columns ? best : len;
}

void show_wrapped(struct bytes *out, struct view text, size_t indent, size_t columns)
{
	size_t room = columns > indent ? columns - indent : 1;

	while (text.len) {
		size_t len = line_len(text, room);

		bytes_append(out, text.ptr, len, NULL);
		len += len < text.len; /* the space or line feed */
		text = view_of(text.ptr + len, text.len - len);
		if (text.len) {
			bytes_append_byte(out, '\n', NULL);
			append_spaces(out, indent);
		}
	}
}
