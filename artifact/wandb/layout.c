#include "artifact/wandb/layout.h"

#include <stdio.h>

#include "base/text/utf8.h"

#define INDENT_BYTES 4 /* json.dump(indent=4) */

static void put(struct layout *layout, const void *ptr, size_t len)
{
	if (!layout->code)
		layout->code = bytes_append(layout->out, ptr, len, layout->err);
}

static void put_text(struct layout *layout, const char *text)
{
	put(layout, text, strlen(text));
}

static void put_line_break(struct layout *layout)
{
	static const char spaces[] = "\n                                ";
	size_t indent = (size_t)layout->depth * INDENT_BYTES;

	put(layout, spaces, 1);
	for (size_t max = sizeof(spaces) - 2; indent; indent -= indent < max ? indent : max)
		put(layout, spaces + 1, indent < max ? indent : max);
}

/* What stands before an item: nothing behind a key, else a comma and the line break. */
static void begin_item(struct layout *layout)
{
	if (layout->after_key) {
		layout->after_key = false;
		return;
	}
	if (layout->has_item)
		put_text(layout, ",");
	if (layout->form == WANDB_FORM_PYTHON && layout->depth)
		put_line_break(layout);
	layout->has_item = true;
}

void layout_open(struct layout *layout, char bracket)
{
	begin_item(layout);
	put(layout, &bracket, 1);
	layout->depth++;
	layout->has_item = false;
}

void layout_close(struct layout *layout, char bracket)
{
	layout->depth--;
	if (layout->has_item && layout->form == WANDB_FORM_PYTHON)
		put_line_break(layout);
	put(layout, &bracket, 1);
	layout->has_item = true;
}

static bool is_plain(enum wandb_form form, uint8_t byte)
{
	if (byte < 0x20 || byte == '"' || byte == '\\')
		return false;
	if (form == WANDB_FORM_PYTHON)
		return byte < 0x7f;
	return byte != '<' && byte != '>' && byte != '&' && byte != 0xe2; /* U+2028: e2 80 a8 */
}

static void put_unit(struct layout *layout, unsigned unit)
{
	char text[8];

	put(layout, text, (size_t)snprintf(text, sizeof(text), "\\u%04x", unit & 0xffff));
}

/* UTF-16 code units, as JSON spells what is not written as it is. */
static void put_units(struct layout *layout, uint32_t point)
{
	if (point >= 0x10000) {
		put_unit(layout, 0xd800 + ((point - 0x10000) >> 10));
		put_unit(layout, 0xdc00 + ((point - 0x10000) & 0x3ff));
	} else {
		put_unit(layout, point);
	}
}

static void put_escaped(struct layout *layout, uint32_t point, struct view raw)
{
	switch (point) {
	case '"':
		put_text(layout, "\\\"");
		return;
	case '\\':
		put_text(layout, "\\\\");
		return;
	case '\b':
		put_text(layout, "\\b");
		return;
	case '\f':
		put_text(layout, "\\f");
		return;
	case '\n':
		put_text(layout, "\\n");
		return;
	case '\r':
		put_text(layout, "\\r");
		return;
	case '\t':
		put_text(layout, "\\t");
		return;
	}
	if (layout->form == WANDB_FORM_GO && point >= 0x80 && point != 0x2028 && point != 0x2029)
		put(layout, raw.ptr, raw.len);
	else
		put_units(layout, point);
}

static void put_quoted(struct layout *layout, struct view text)
{
	uint32_t point;
	size_t len;

	if (!layout->code && !utf8_valid(text))
		layout->code = muster_fail(layout->err, MUSTER_E_FORMAT,
					   "a text of %zu bytes is not valid UTF-8", text.len);
	if (layout->code)
		return;
	put_text(layout, "\"");
	while (text.len) {
		for (len = 0; len < text.len && is_plain(layout->form, text.ptr[len]); len++)
			;
		put(layout, text.ptr, len);
		text = view_of(text.ptr + len, text.len - len);
		len = utf8_decode(text, &point);
		if (len)
			put_escaped(layout, point, view_of(text.ptr, len));
		text = view_of(text.ptr + len, text.len - len);
	}
	put_text(layout, "\"");
}

void layout_key(struct layout *layout, struct view key)
{
	begin_item(layout);
	put_quoted(layout, key);
	put_text(layout, layout->form == WANDB_FORM_PYTHON ? ": " : ":");
	layout->after_key = true;
}

void layout_string(struct layout *layout, struct view text)
{
	begin_item(layout);
	put_quoted(layout, text);
}

void layout_word(struct layout *layout, struct view word)
{
	begin_item(layout);
	put(layout, word.ptr, word.len);
}

void layout_u64(struct layout *layout, uint64_t value)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	layout_word(layout, view_of(text, (size_t)len));
}

void layout_token(struct layout *layout, const struct json_token *token)
{
	switch (token->kind) {
	case JSON_OBJECT_BEGIN:
		layout_open(layout, '{');
		break;
	case JSON_OBJECT_END:
		layout_close(layout, '}');
		break;
	case JSON_ARRAY_BEGIN:
		layout_open(layout, '[');
		break;
	case JSON_ARRAY_END:
		layout_close(layout, ']');
		break;
	case JSON_KEY:
		layout_key(layout, token->text);
		break;
	case JSON_STRING:
		layout_string(layout, token->text);
		break;
	case JSON_NUMBER:
		layout_word(layout, token->text);
		break;
	case JSON_TRUE:
		layout_word(layout, VIEW_LITERAL("true"));
		break;
	case JSON_FALSE:
		layout_word(layout, VIEW_LITERAL("false"));
		break;
	case JSON_NULL:
		layout_word(layout, VIEW_LITERAL("null"));
		break;
	}
}
