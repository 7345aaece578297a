#include "artifact/record/record.h"

#include "base/text/text.h"

#define MS_NS UINT64_C(1000000)

static bool is_zero(const void *at, size_t len)
{
	const uint8_t *bytes = at;

	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static unsigned get_unsigned(const void *at)
{
	unsigned value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool is_empty(const struct field *field, const void *at);

static bool is_empty_record(const struct record_schema *schema, const uint8_t *record)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (!is_empty(&schema->fields[i], record + schema->fields[i].offset))
			return false;
	return true;
}

static bool is_empty(const struct field *field, const void *at)
{
	switch (field->type) {
	case FIELD_U64:
	case FIELD_TIME:
		return *(const uint64_t *)at == 0;
	case FIELD_BOOL:
		return !*(const bool *)at;
	case FIELD_TEXT:
	case FIELD_JSON:
		return ((const struct view *)at)->len == 0;
	case FIELD_TEXTS:
		return ((const struct texts *)at)->count == 0;
	case FIELD_RECORDS:
		return ((const struct records *)at)->count == 0;
	case FIELD_ID:
		return is_zero(at, 16);
	case FIELD_SHA256:
		return is_zero(at, 32);
	case FIELD_NAMED:
		return get_unsigned(at) == 0;
	case FIELD_KIND:
		return false;
	case FIELD_BASE:
		return !((const struct base_version *)at)->is_named;
	case FIELD_EXPECTED:
		return ((const struct expected *)at)->what == EXPECT_ANY;
	case FIELD_RECORD: /* with an object in it, its size is told */
		return field->item_bytes ? is_zero(at, field->item_bytes)
					 : is_empty_record(field->record, at);
	case FIELD_OBJECT:
		return false;
	}
	return false;
}

static void write_hex(struct json_writer *w, const uint8_t *bytes, size_t len)
{
	char text[65];

	hex_put(text, bytes, len);
	json_write_text(w, text);
}

static void write_object_id(struct json_writer *w, const struct object_id *id)
{
	char text[OBJECT_ID_TEXT_BYTES];

	object_id_text(id, text);
	json_write_text(w, text);
}

static void write_time(struct json_writer *w, uint64_t time_ms)
{
	char text[TEXT_TIME_BYTES];
	uint64_t wall_ns;

	if (__builtin_mul_overflow(time_ms, MS_NS, &wall_ns))
		wall_ns = UINT64_MAX; /* the year 2554 */
	json_write_text(w, text_time(text, wall_ns));
}

static void write_texts(struct json_writer *w, const struct texts *texts)
{
	json_write_array_begin(w);
	for (size_t i = 0; i < texts->count; i++)
		json_write_string(w, texts->items[i]);
	json_write_array_end(w);
}

static void write_base(struct json_writer *w, const struct base_version *base)
{
	if (base->is_named)
		write_hex(w, base->id, 16);
	else
		json_write_text(w, "nothing");
}

static void write_expected(struct json_writer *w, const struct expected *expected)
{
	if (expected->what == EXPECT_VERSION)
		json_write_u64(w, expected->version);
	else
		json_write_null(w);
}

/* Each on a line of its own: white space may stand before any value. */
static void write_records(const struct field *field, struct json_writer *w,
			  const struct records *records)
{
	const uint8_t *items = records->items;
	bool spacing = w->spacing;
	struct bytes line = { 0 };

	json_write_array_begin(w);
	w->spacing = false; /* a line feed follows the comma, not a space */
	for (size_t i = 0; i < records->count && !w->code; i++) {
		struct json_writer inner = { .out = &line, .spacing = spacing, .err = w->err };

		line.len = 0;
		inner.code = bytes_append_byte(&line, '\n', w->err);
		if (!inner.code)
			record_write(field->record, &inner, items + i * field->item_bytes, 0);
		w->code = inner.code;
		json_write_raw(w, bytes_view(&line));
	}
	json_write_array_end(w);
	w->spacing = spacing;
	bytes_release(&line);
}

static void write_value(const struct record_schema *schema, const struct field *field,
			struct json_writer *w, const void *at)
{
	switch (field->type) {
	case FIELD_U64:
		json_write_u64(w, *(const uint64_t *)at);
		break;
	case FIELD_BOOL:
		json_write_bool(w, *(const bool *)at);
		break;
	case FIELD_TEXT:
		json_write_string(w, *(const struct view *)at);
		break;
	case FIELD_TEXTS:
		write_texts(w, at);
		break;
	case FIELD_ID:
		write_hex(w, at, 16);
		break;
	case FIELD_SHA256:
		write_hex(w, at, 32);
		break;
	case FIELD_OBJECT:
		write_object_id(w, at);
		break;
	case FIELD_TIME:
		write_time(w, *(const uint64_t *)at);
		break;
	case FIELD_JSON:
		json_write_raw(w, *(const struct view *)at);
		break;
	case FIELD_NAMED:
		json_write_text(w, field->names[get_unsigned(at)]);
		break;
	case FIELD_KIND:
		json_write_text(w, schema->kinds[((const struct record_kind *)at)->id]);
		break;
	case FIELD_BASE:
		write_base(w, at);
		break;
	case FIELD_EXPECTED:
		write_expected(w, at);
		break;
	case FIELD_RECORD:
		record_write(field->record, w, at, 0);
		break;
	case FIELD_RECORDS:
		write_records(field, w, at);
		break;
	}
}

/* What is over its maximum would be refused when read: it must not be written. */
static void check_max(const struct field *field, struct json_writer *w, uint64_t value)
{
	if (value > field->max && !w->code)
		w->code = muster_fail(w->err, MUSTER_E_LIMIT, "member '%s' has %llu, over %llu",
				      field->name, (unsigned long long)value,
				      (unsigned long long)field->max);
}

static void check_value(const struct field *field, struct json_writer *w, const void *at)
{
	const struct texts *texts = at;

	if (field->type == FIELD_TEXT || field->type == FIELD_JSON)
		check_max(field, w, ((const struct view *)at)->len);
	if (field->type == FIELD_U64 && field->max)
		check_max(field, w, *(const uint64_t *)at);
	for (size_t i = 0; field->type == FIELD_TEXTS && i < texts->count; i++)
		check_max(field, w, texts->items[i].len);
}

static void write_what(const struct record_schema *schema, struct json_writer *w)
{
	char what[32] = { 0 };
	size_t len = strlen(schema->what);

	memcpy(what, schema->what, len);
	what[len] = ' ';
	what[len + 1] = (char)('0' + schema->version);
	json_write_key(w, "muster");
	json_write_text(w, what);
}

void record_write(const struct record_schema *schema, struct json_writer *w, const void *record,
		  unsigned kind)
{
	uint32_t bit = 1u << kind;

	json_write_object_begin(w);
	if (schema->what)
		write_what(schema, w);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		const void *at = (const uint8_t *)record + field->offset;

		if (!(field->kinds & bit) || (!(field->needed & bit) && is_empty(field, at)))
			continue;
		check_value(field, w, at);
		json_write_key(w, field->name);
		write_value(schema, field, w, at);
	}
	json_write_object_end(w);
}

enum muster_code record_encode(const struct record_schema *schema, const void *record,
			       unsigned kind, struct bytes *out, struct muster_error *err)
{
	size_t start = out->len;
	struct json_writer w = { .out = out, .spacing = true, .err = err };

	record_write(schema, &w, record, kind);
	if (!w.code)
		w.code = bytes_append_byte(out, '\n', err);
	if (!w.code)
		w.code = record_check_size(schema, out->len - start, err);
	if (w.code)
		out->len = start;
	return w.code;
}
