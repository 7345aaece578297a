#include "io/cloud/fields.h"

#include <assert.h>

#include "base/text/text.h"
#include "base/text/date.h"

void fields_clear(struct fields *fields)
{
	if (fields->text.len)
		secret_wipe(fields->text.ptr, fields->text.len);
	fields->text.len = 0;
	memset(fields->field, 0, sizeof(fields->field));
}

void fields_release(struct fields *fields)
{
	secret_scrub(&fields->text);
	*fields = (struct fields){ 0 };
}

static enum muster_code append(struct fields *fields, struct view text, struct muster_error *err)
{
	if (text.len > FIELDS_TEXT_MAX_BYTES - fields->text.len)
		return muster_fail(err, MUSTER_E_LIMIT, "a record is longer than %u bytes",
				   FIELDS_TEXT_MAX_BYTES);
	return bytes_append_view(&fields->text, text, err);
}

enum muster_code fields_set(struct fields *fields, uint8_t id, struct view text,
			    struct muster_error *err)
{
	size_t at = fields->text.len;
	enum muster_code code;

	assert(id < FIELDS_MAX);
	if (fields->field[id].is_set)
		return MUSTER_OK;
	code = append(fields, text, err);
	if (code)
		return code;
	fields->field[id].is_set = true;
	fields->field[id].at = at;
	fields->field[id].len = text.len;
	return MUSTER_OK;
}

enum muster_code fields_join(struct fields *fields, uint8_t id, struct view text,
			     struct muster_error *err)
{
	size_t at = fields->text.len, len = fields->field[id].len;
	enum muster_code code;

	if (!fields->field[id].is_set)
		return fields_set(fields, id, text, err);
	/* the old text again, behind all: others may stand after it */
	code = bytes_reserve(&fields->text, len + 1 + text.len, err);
	if (!code)
		code = append(fields, fields_get(fields, id), err);
	if (!code)
		code = append(fields, VIEW_LITERAL(","), err);
	if (!code)
		code = append(fields, text, err);
	if (code)
		return code;
	fields->field[id].at = at;
	fields->field[id].len = fields->text.len - at;
	return MUSTER_OK;
}

bool fields_has(const struct fields *fields, uint8_t id)
{
	return fields->field[id].is_set;
}

struct view fields_get(const struct fields *fields, uint8_t id)
{
	if (!fields->field[id].is_set || !fields->field[id].len)
		return (struct view){ 0 };
	return view_of(fields->text.ptr + fields->field[id].at, fields->field[id].len);
}

bool fields_is(const struct fields *fields, uint8_t id, const char *text)
{
	return fields_has(fields, id) && view_equal(fields_get(fields, id), view_text(text));
}

enum muster_code fields_u64(const struct fields *fields, uint8_t id, const char *what,
			    uint64_t *out, struct muster_error *err)
{
	*out = 0;
	if (fields_has(fields, id) && !text_parse_u64(fields_get(fields, id), out))
		return muster_fail(err, MUSTER_E_FORMAT, "the document's %s is no number: '%.*s'",
				   what, VIEW_ARGS(fields_get(fields, id)));
	return MUSTER_OK;
}

enum muster_code fields_time(const struct fields *fields, uint8_t id, const char *what,
			     uint64_t *wall_ns, struct muster_error *err)
{
	struct view text = fields_get(fields, id);

	*wall_ns = 0;
	if (!text.len || date_parse_iso(text, wall_ns) || date_parse_http(text, wall_ns))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_FORMAT, "the document's %s is no time: '%.*s'", what,
			   VIEW_ARGS(text));
}

enum muster_code fields_secret(const struct fields *fields, uint8_t id, struct secret *out,
			       struct muster_error *err)
{
	if (fields_get(fields, id).len)
		return secret_set(out, fields_get(fields, id), err);
	secret_release(out);
	return MUSTER_OK;
}

static enum muster_code read_all(struct fields *fields, struct document *document, struct view text,
				 struct muster_error *err)
{
	struct document_event event;
	enum muster_code code;

	document_feed(document, text);
	document_finish(document);
	while (!(code = document_next(document, &event, err))) {
		code = fields_set(fields, event.id, event.text, err);
		if (code)
			return code;
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

enum muster_code fields_read(struct fields *fields, enum document_syntax syntax,
			     const struct document_rule *rules, struct view document,
			     struct muster_error *err)
{
	struct document *reader;
	enum muster_code code;

	fields_clear(fields);
	if (document.len > FIELDS_TEXT_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a reply is longer than %u bytes",
				   FIELDS_TEXT_MAX_BYTES);
	code = document_new(&reader, syntax, rules, err);
	if (code)
		return code;
	/* at once: a buffer that moves leaves a copy of its secrets behind */
	code = bytes_reserve(&fields->text, document.len, err);
	if (!code)
		code = read_all(fields, reader, document, err);
	document_free(reader);
	return code;
}
