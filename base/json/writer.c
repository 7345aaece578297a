#include "base/json/json_internal.h"

#include <assert.h>

#include "base/text/encode.h"
#include "base/text/utf8.h"

static void put(struct json_writer *w, const void *ptr, size_t len)
{
	if (!w->code)
		w->code = bytes_append(w->out, ptr, len, w->err);
}

static void put_comma(struct json_writer *w)
{
	if (w->needs_comma && w->depth)
		put(w, ", ", w->spacing ? 2 : 1);
	w->needs_comma = true;
}

static void begin_value(struct json_writer *w)
{
	if (!w->after_key)
		put_comma(w);
	w->after_key = false;
}

static void write_begin(struct json_writer *w, char bracket)
{
	begin_value(w);
	put(w, &bracket, 1);
	w->depth++;
	w->needs_comma = false;
}

static void write_end(struct json_writer *w, char bracket)
{
	assert(w->depth && !w->after_key);
	put(w, &bracket, 1);
	w->depth--;
	w->needs_comma = true;
}

void json_write_object_begin(struct json_writer *w)
{
	write_begin(w, '{');
}

void json_write_object_end(struct json_writer *w)
{
	write_end(w, '}');
}

void json_write_array_begin(struct json_writer *w)
{
	write_begin(w, '[');
}

void json_write_array_end(struct json_writer *w)
{
	write_end(w, ']');
}

/* \uXXXX, or the short form where there is one. */
static void put_escape(struct json_writer *w, uint32_t point)
{
	static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char text[6] = "\\u";
	const uint8_t unit[2] = { (uint8_t)(point >> 8), (uint8_t)point };

	for (size_t i = 0; i < sizeof(short_forms) - 1; i += 2) {
		if (point != (uint8_t)short_forms[i])
			continue;
		text[1] = short_forms[i + 1];
		put(w, text, 2);
		return;
	}
	hex_encode(text + 2, unit, 2);
	put(w, text, 6);
}

/* Writes the first character of `text`, which is not plain; returns its length. A byte that is not
 * UTF-8 becomes U+FFFD: whatever comes, the output is JSON. */
static size_t put_other(struct json_writer *w, struct view text)
{
	uint32_t point;
	size_t len = utf8_decode(text, &point);

	if (!len) {
		put_escape(w, 0xfffd);
		return 1;
	}
	if (point < 0x80 || (w->is_html_safe && (point == 0x2028 || point == 0x2029)))
		put_escape(w, point);
	else
		put(w, text.ptr, len);
	return len;
}

static void put_string(struct json_writer *w, struct view text)
{
	if (!w->code) /* once for all that follows, unless there is much to escape */
		w->code = bytes_reserve(w->out, text.len + 2, w->err);
	put(w, "\"", 1);
	while (text.len && !w->code) {
		size_t len = json_plain_len(text, w->is_html_safe);

		if (len)
			put(w, text.ptr, len);
		else
			len = put_other(w, text);
		text = view_of(text.ptr + len, text.len - len);
	}
	put(w, "\"", 1);
}

void json_write_key_view(struct json_writer *w, struct view key)
{
	assert(w->depth && !w->after_key);
	put_comma(w);
	put_string(w, key);
	put(w, ": ", w->spacing ? 2 : 1);
	w->after_key = true;
}

void json_write_key(struct json_writer *w, const char *key)
{
	json_write_key_view(w, view_text(key));
}

void json_write_string(struct json_writer *w, struct view text)
{
	begin_value(w);
	put_string(w, text);
}

void json_write_text(struct json_writer *w, const char *text)
{
	json_write_string(w, view_text(text));
}

static void write_digits(struct json_writer *w, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put(w, digits + at, sizeof(digits) - at);
}

void json_write_u64(struct json_writer *w, uint64_t value)
{
	begin_value(w);
	write_digits(w, value);
}

void json_write_i64(struct json_writer *w, int64_t value)
{
	begin_value(w);
	if (value < 0)
		put(w, "-", 1);
	write_digits(w, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void json_write_raw(struct json_writer *w, struct view json)
{
	begin_value(w);
	put(w, json.ptr, json.len);
}

void json_write_bool(struct json_writer *w, bool value)
{
	json_write_raw(w, value ? VIEW_LITERAL("true") : VIEW_LITERAL("false"));
}

void json_write_null(struct json_writer *w)
{
	json_write_raw(w, VIEW_LITERAL("null"));
}

void json_write_token(struct json_writer *w, const struct json_token *token)
{
	switch (token->kind) {
	case JSON_OBJECT_BEGIN:
		json_write_object_begin(w);
		break;
	case JSON_OBJECT_END:
		json_write_object_end(w);
		break;
	case JSON_ARRAY_BEGIN:
		json_write_array_begin(w);
		break;
	case JSON_ARRAY_END:
		json_write_array_end(w);
		break;
	case JSON_KEY:
		json_write_key_view(w, token->text);
		break;
	case JSON_STRING:
		json_write_string(w, token->text);
		break;
	case JSON_NUMBER:
		json_write_raw(w, token->text);
		break;
	case JSON_TRUE:
		json_write_bool(w, true);
		break;
	case JSON_FALSE:
		json_write_bool(w, false);
		break;
	case JSON_NULL:
		json_write_null(w);
		break;
	}
}
