#include "artifact/record/record.h"

#include <stdlib.h>

#include "base/text/encode.h"
#include "base/text/text.h"

#define MS_NS		  1000000u
#define TEXTS_FIRST_CAP	  8
#define RECORDS_FIRST_CAP 64

/* One record being parsed. */
struct parse {
	const struct record_schema *schema;
	struct json_reader *reader;
	struct view document;
	uint8_t *record;
	struct bytes *text;
	uint32_t kind_bit; /* 0 until "kind" was read */
	uint64_t seen;	   /* bit per field */
	bool has_unknown;
	struct muster_error *err;
};

static enum muster_code next(struct parse *p, struct json_token *token)
{
	enum muster_code code = json_next(p->reader, token, p->err);

	if (code == MUSTER_END || code == MUSTER_FULL)
		return muster_fail(p->err, MUSTER_E_FORMAT, "the record ends too early");
	return code;
}

static enum muster_code wrong(struct parse *p, const struct field *field, const char *wanted)
{
	return muster_fail(p->err, MUSTER_E_FORMAT, "member '%s' is not %s", field->name, wanted);
}

/* A copy of `text` in the record's own memory, which has room for the whole document. */
static struct view keep(struct parse *p, struct view text)
{
	struct view kept = view_of(p->text->ptr + p->text->len, text.len);

	if (!text.len || text.len > p->text->cap - p->text->len)
		return (struct view){ 0 };
	memcpy(p->text->ptr + p->text->len, text.ptr, text.len);
	p->text->len += text.len;
	return kept;
}

static enum muster_code check_text(struct parse *p, const struct field *field,
				   const struct json_token *token)
{
	if (token->kind != JSON_STRING)
		return wrong(p, field, "a text");
	if (token->text.len > field->max)
		return muster_fail(p->err, MUSTER_E_LIMIT, "member '%s' has %zu bytes, over %llu",
				   field->name, token->text.len, (unsigned long long)field->max);
	return MUSTER_OK;
}

static enum muster_code parse_u64(struct parse *p, const struct field *field,
				  const struct json_token *token, uint64_t *out)
{
	enum muster_code code;

	if (token->kind != JSON_NUMBER)
		return wrong(p, field, "a number");
	code = json_u64(token, out, p->err);
	if (code) {
		muster_context(p->err, "member '%s'", field->name);
		return code;
	}
	if (field->max && *out > field->max)
		return muster_fail(p->err, MUSTER_E_LIMIT, "member '%s' is %llu, over %llu",
				   field->name, (unsigned long long)*out,
				   (unsigned long long)field->max);
	return MUSTER_OK;
}

static enum muster_code parse_hex(struct parse *p, const struct field *field,
				  const struct json_token *token, uint8_t *out, size_t len)
{
	if (token->kind != JSON_STRING || !hex_decode(out, len, token->text))
		return wrong(p, field, len == 16 ? "32 hex digits" : "64 hex digits");
	return MUSTER_OK;
}

static enum muster_code parse_time(struct parse *p, const struct field *field,
				   const struct json_token *token, uint64_t *time_ms)
{
	uint64_t wall_ns;

	if (token->kind != JSON_STRING || !text_parse_time(token->text, &wall_ns))
		return wrong(p, field, "a time");
	*time_ms = wall_ns / MS_NS;
	return MUSTER_OK;
}

static enum muster_code parse_named(struct parse *p, const struct field *field,
				    const struct json_token *token, unsigned *out)
{
	for (size_t i = 0; token->kind == JSON_STRING && i < field->name_count; i++) {
		if (field->names[i] && view_equal(token->text, view_text(field->names[i]))) {
			*out = (unsigned)i;
			return MUSTER_OK;
		}
	}
	return wrong(p, field, "one of the known words");
}

static enum muster_code parse_kind(struct parse *p, const struct field *field,
				   const struct json_token *token, struct record_kind *out)
{
	enum muster_code code = check_text(p, field, token);

	if (code)
		return code;
	for (size_t i = 1; i < p->schema->kind_count; i++)
		if (view_equal(token->text, view_text(p->schema->kinds[i])))
			out->id = (unsigned)i;
	out->text = keep(p, token->text);
	p->kind_bit = 1u << out->id;
	return MUSTER_OK;
}

static enum muster_code parse_base(struct parse *p, const struct field *field,
				   const struct json_token *token, struct base_version *out)
{
	if (token->kind == JSON_STRING && view_equal(token->text, VIEW_LITERAL("nothing")))
		return MUSTER_OK;
	out->is_named = true;
	return parse_hex(p, field, token, out->id, 16);
}

static enum muster_code parse_expected(struct parse *p, const struct field *field,
				       const struct json_token *token, struct expected *out)
{
	if (token->kind == JSON_NULL) {
		out->what = EXPECT_NONE;
		return MUSTER_OK;
	}
	out->what = EXPECT_VERSION;
	return parse_u64(p, field, token, &out->version);
}

static enum muster_code texts_add(struct parse *p, struct texts *texts, size_t *cap,
				  struct view text)
{
	if (texts->count == *cap) {
		size_t wanted = *cap ? 2 * *cap : TEXTS_FIRST_CAP;
		struct view *items = realloc(texts->items, wanted * sizeof(*items));

		if (!items)
			return muster_fail_memory(p->err, "a list of texts");
		texts->items = items;
		*cap = wanted;
	}
	texts->items[texts->count++] = keep(p, text);
	return MUSTER_OK;
}

/* Bounded by the document: a text takes at least three bytes of it. */
static enum muster_code parse_texts(struct parse *p, const struct field *field,
				    const struct json_token *begin, struct texts *out)
{
	size_t cap = 0;

	if (begin->kind != JSON_ARRAY_BEGIN)
		return wrong(p, field, "a list of texts");
	for (;;) {
		struct json_token token;
		enum muster_code code = next(p, &token);

		if (!code && token.kind == JSON_ARRAY_END)
			return MUSTER_OK;
		if (!code)
			code = check_text(p, field, &token);
		if (!code)
			code = texts_add(p, out, &cap, token.text);
		if (code)
			return code;
	}
}

/* The value as it was written, found by where its last brace lies. */
static enum muster_code parse_json(struct parse *p, const struct field *field,
				   const struct json_token *begin, struct view *out)
{
	uint64_t from = begin->offset_bytes;
	struct json_token token = *begin;
	unsigned open = 1;
	size_t len;

	if (begin->kind != JSON_OBJECT_BEGIN)
		return wrong(p, field, "an object");
	while (open) {
		enum muster_code code = next(p, &token);

		if (code)
			return code;
		open += token.kind == JSON_OBJECT_BEGIN || token.kind == JSON_ARRAY_BEGIN;
		open -= token.kind == JSON_OBJECT_END || token.kind == JSON_ARRAY_END;
	}
	len = (size_t)(token.offset_bytes + 1 - from);
	if (len > field->max)
		return muster_fail(p->err, MUSTER_E_LIMIT, "member '%s' has %zu bytes, over %llu",
				   field->name, len, (unsigned long long)field->max);
	*out = keep(p, view_of(p->document.ptr + from, len));
	return MUSTER_OK;
}

/* Room for one more, zeroed. */
static enum muster_code records_grow(struct parse *p, const struct field *field,
				     struct records *records, size_t *cap)
{
	size_t wanted = *cap ? 2 * *cap : RECORDS_FIRST_CAP;
	void *items;

	if (records->count == *cap) {
		items = reallocarray(records->items, wanted, field->item_bytes);
		if (!items)
			return muster_fail_memory(p->err, "a list of records");
		records->items = items;
		*cap = wanted;
	}
	memset((uint8_t *)records->items + records->count * field->item_bytes, 0,
	       field->item_bytes);
	return MUSTER_OK;
}

static enum muster_code parse_record(struct parse *p, const struct field *field,
				     const struct json_token *token, void *out)
{
	enum muster_code code;

	if (token->kind != JSON_OBJECT_BEGIN)
		return wrong(p, field, "an object");
	code = record_parse(field->record, p->reader, p->document, out, p->text, &p->has_unknown,
			    p->err);
	if (code)
		muster_context(p->err, "member '%s'", field->name);
	return code;
}

/* Bounded by the document: a record takes at least two bytes of it, and needs its members. */
static enum muster_code parse_records(struct parse *p, const struct field *field,
				      const struct json_token *begin, struct records *out)
{
	size_t cap = 0;

	if (begin->kind != JSON_ARRAY_BEGIN)
		return wrong(p, field, "a list");
	for (;;) {
		struct json_token token;
		enum muster_code code = next(p, &token);

		if (!code && token.kind == JSON_ARRAY_END)
			return MUSTER_OK;
		if (!code)
			code = records_grow(p, field, out, &cap);
		if (!code)
			code = parse_record(p, field, &token,
					    (uint8_t *)out->items +
						    out->count++ * field->item_bytes);
		if (code)
			return code;
	}
}

static enum muster_code parse_bool(struct parse *p, const struct field *field,
				   const struct json_token *token, bool *out)
{
	if (token->kind != JSON_TRUE && token->kind != JSON_FALSE)
		return wrong(p, field, "true or false");
	*out = token->kind == JSON_TRUE;
	return MUSTER_OK;
}

static enum muster_code parse_text(struct parse *p, const struct field *field,
				   const struct json_token *token, struct view *out)
{
	enum muster_code code = check_text(p, field, token);

	if (!code)
		*out = keep(p, token->text);
	return code;
}

static enum muster_code parse_value(struct parse *p, const struct field *field,
				    const struct json_token *token)
{
	void *at = p->record + field->offset;

	switch (field->type) {
	case FIELD_U64:
		return parse_u64(p, field, token, at);
	case FIELD_BOOL:
		return parse_bool(p, field, token, at);
	case FIELD_TEXT:
		return parse_text(p, field, token, at);
	case FIELD_TEXTS:
		return parse_texts(p, field, token, at);
	case FIELD_ID:
		return parse_hex(p, field, token, at, 16);
	case FIELD_SHA256:
		return parse_hex(p, field, token, at, 32);
	case FIELD_OBJECT:
		if (token->kind != JSON_STRING || !object_id_parse(token->text, at))
			return wrong(p, field, "the id of an object");
		return MUSTER_OK;
	case FIELD_TIME:
		return parse_time(p, field, token, at);
	case FIELD_JSON:
		return parse_json(p, field, token, at);
	case FIELD_NAMED:
		return parse_named(p, field, token, at);
	case FIELD_KIND:
		return parse_kind(p, field, token, at);
	case FIELD_BASE:
		return parse_base(p, field, token, at);
	case FIELD_EXPECTED:
		return parse_expected(p, field, token, at);
	case FIELD_RECORD:
		return parse_record(p, field, token, at);
	case FIELD_RECORDS:
		return parse_records(p, field, token, at);
	}
	return wrong(p, field, "known");
}

/* The field of this name that the record's kind has; fields of a kind only once it is known. */
static const struct field *find_field(const struct parse *p, struct view name)
{
	for (size_t i = 0; i < p->schema->field_count; i++) {
		const struct field *field = &p->schema->fields[i];

		if ((field->kinds == KINDS_ALL || (field->kinds & p->kind_bit)) &&
		    view_equal(name, view_text(field->name)))
			return field;
	}
	return NULL;
}

static enum muster_code skip_member(struct parse *p)
{
	struct json_token token;
	enum muster_code code = next(p, &token);

	p->has_unknown = true;
	return code ? code : json_skip(p->reader, &token, p->err);
}

static enum muster_code parse_member(struct parse *p, struct view name)
{
	const struct field *field = find_field(p, name);
	struct json_token token;
	enum muster_code code;
	uint64_t bit;

	if (!field)
		return skip_member(p);
	bit = (uint64_t)1 << (field - p->schema->fields);
	if (p->seen & bit)
		return muster_fail(p->err, MUSTER_E_FORMAT, "member '%s' stands twice",
				   field->name);
	p->seen |= bit;
	code = next(p, &token);
	return code ? code : parse_value(p, field, &token);
}

static enum muster_code check_needed(struct parse *p)
{
	for (size_t i = 0; i < p->schema->field_count; i++) {
		const struct field *field = &p->schema->fields[i];
		bool is_needed = p->kind_bit ? (field->needed & p->kind_bit) != 0
					     : field->needed == KINDS_ALL;

		if (is_needed && !(p->seen & (uint64_t)1 << i))
			return muster_fail(p->err, MUSTER_E_FORMAT, "member '%s' is missing",
					   field->name);
	}
	return MUSTER_OK;
}

static enum muster_code parse_members(struct parse *p)
{
	for (;;) {
		struct json_token token;
		enum muster_code code = next(p, &token);

		if (!code && token.kind == JSON_OBJECT_END)
			return check_needed(p);
		if (!code)
			code = parse_member(p, token.text);
		if (code)
			return code;
	}
}

/* The first member says what the record is: {"muster":"event 1", ... */
static enum muster_code parse_what(struct parse *p)
{
	struct view what = view_text(p->schema->what), rest;
	struct json_token token;
	enum muster_code code = next(p, &token);

	if (!code && (token.kind != JSON_KEY || !view_equal(token.text, VIEW_LITERAL("muster"))))
		code = muster_fail(p->err, MUSTER_E_FORMAT, "the first member is not 'muster'");
	if (!code)
		code = next(p, &token);
	if (code)
		return code;
	rest = token.text;
	if (token.kind != JSON_STRING || !view_starts_with(rest, what) || rest.len < what.len + 2 ||
	    rest.ptr[what.len] != ' ')
		return muster_fail(p->err, MUSTER_E_FORMAT, "this is no %s", p->schema->what);
	if (rest.len != what.len + 2 || rest.ptr[what.len + 1] != '0' + p->schema->version)
		return muster_fail(p->err, MUSTER_E_UNSUPPORTED,
				   "'%.*s' is not known to this program", VIEW_ARGS(rest));
	return MUSTER_OK;
}

enum muster_code record_parse(const struct record_schema *schema, struct json_reader *reader,
			      struct view document, void *record, struct bytes *text,
			      bool *has_unknown, struct muster_error *err)
{
	struct parse p = { .schema = schema,
			   .reader = reader,
			   .document = document,
			   .record = record,
			   .text = text,
			   .err = err };
	enum muster_code code = MUSTER_OK;

	if (!schema->kinds)
		p.kind_bit = 1;
	if (schema->what)
		code = parse_what(&p);
	if (!code)
		code = parse_members(&p);
	*has_unknown |= p.has_unknown;
	return code;
}

enum muster_code record_parse_document(const struct record_schema *schema, struct view document,
				       void *record, struct bytes *text, bool *has_unknown,
				       struct muster_error *err)
{
	struct json_reader *reader = NULL;
	struct json_token token;
	enum muster_code code = record_check_size(schema, document.len, err);

	if (!code)
		code = bytes_reserve(text, document.len + 1, err);
	if (!code)
		code = json_reader_over(&reader, document, err);
	if (!code)
		code = json_next(reader, &token, err);
	if (code == MUSTER_END || code == MUSTER_FULL || (!code && token.kind != JSON_OBJECT_BEGIN))
		code = muster_fail(err, MUSTER_E_FORMAT, "this is no JSON object");
	if (!code)
		code = record_parse(schema, reader, document, record, text, has_unknown, err);
	if (!code) {
		code = json_next(reader, &token, err);
		if (code == MUSTER_END)
			code = MUSTER_OK;
		else if (!code || code == MUSTER_FULL)
			code = muster_fail(err, MUSTER_E_FORMAT,
					   "something stands behind the record");
	}
	json_reader_free(reader);
	return code;
}
