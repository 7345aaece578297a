#include "io/cloud/records.h"

#include "io/cloud/percent.h"

#define HELD_END 0xff /* behind the fields of an item that is kept back */

enum muster_code records_open(struct records *records, const struct records_shape *shape,
			      struct muster_error *err)
{
	*records = (struct records){ .shape = shape, .is_encoding_known = !shape->has_encoding };
	return document_new(&records->document, shape->syntax, shape->rules, err);
}

void records_close(struct records *records)
{
	document_free(records->document);
	fields_release(&records->item);
	fields_release(&records->page);
	bytes_release(&records->held);
}

void records_feed(struct records *records, struct view piece)
{
	document_feed(records->document, piece);
}

void records_finish(struct records *records)
{
	document_finish(records->document);
}

static enum muster_code hold(struct records *records, uint8_t kind, struct muster_error *err)
{
	struct bytes *held = &records->held;
	enum muster_code code = bytes_append_byte(held, kind, err);

	for (uint8_t id = 1; id < RECORD_FIELD_COUNT && !code; id++) {
		struct view text = fields_get(&records->item, id);

		if (!fields_has(&records->item, id))
			continue;
		code = bytes_append_byte(held, id, err);
		if (!code)
			code = bytes_append_varint(held, text.len, err);
		if (!code)
			code = bytes_append_view(held, text, err);
	}
	return code ? code : bytes_append_byte(held, HELD_END, err);
}

static enum muster_code take_held(struct records *records, uint8_t *kind, struct muster_error *err)
{
	struct view rest =
		view_of(records->held.ptr + records->held_at, records->held.len - records->held_at);
	uint8_t id;

	fields_clear(&records->item);
	take_u8(&rest, kind);
	while (take_u8(&rest, &id) && id != HELD_END) {
		struct view text;
		uint64_t len;
		enum muster_code code;

		take_varint(&rest, &len);
		take_bytes(&rest, len, &text);
		code = fields_set(&records->item, id, text, err);
		if (code)
			return code;
	}
	records->held_at = records->held.len - rest.len;
	return MUSTER_OK;
}

static bool is_item(uint8_t id)
{
	return id >= RECORD_ITEM && id <= RECORD_PREFIX;
}

static bool is_page_field(uint8_t id)
{
	return id >= RECORD_ENCODING;
}

static void learn_encoding(struct records *records)
{
	records->is_encoding_known = true;
	records->is_url_encoded =
		records->shape->has_encoding && fields_is(&records->page, RECORD_ENCODING, "url");
}

/* Take an event in; true where it ends an item. */
static enum muster_code take_event(struct records *records, const struct document_event *event,
				   bool *is_item_end, struct muster_error *err)
{
	struct fields *fields = is_page_field(event->id) ? &records->page : &records->item;
	enum muster_code code = MUSTER_OK;

	*is_item_end = is_item(event->id);
	if (event->id == RECORD_PREFIX && event->text.len) /* GCS: the prefix itself */
		return fields_set(&records->item, RECORD_KEY, event->text, err);
	if (*is_item_end)
		return MUSTER_OK;
	if (event->id == RECORD_ALGORITHM)
		return fields_join(fields, event->id, event->text, err);
	code = fields_set(fields, event->id, event->text, err);
	if (!code && event->is_encoded)
		fields->field[event->id].is_encoded = true;
	if (event->id == RECORD_ENCODING)
		learn_encoding(records);
	return code;
}

static enum muster_code end_page(struct records *records, struct muster_error *err)
{
	struct view code = fields_get(&records->page, RECORD_ERROR_CODE);
	struct view message = fields_get(&records->page, RECORD_ERROR_MESSAGE);

	records->is_at_end = true;
	learn_encoding(records);
	if (code.len || message.len || fields_has(&records->page, RECORD_ERROR))
		return muster_fail(err, MUSTER_E_IO, "the answer is no page but: %.*s: %.*s",
				   VIEW_ARGS(code), VIEW_ARGS(message));
	return MUSTER_OK;
}

enum muster_code records_seal(struct records *records, enum muster_code code)
{
	if (muster_failed(code))
		records->failure = code;
	return code;
}

enum muster_code records_next(struct records *records, uint8_t *kind, struct muster_error *err)
{
	if (records->failure)
		return muster_fail(err, records->failure, "the page was refused before");
	if (records->is_handed_out)
		fields_clear(&records->item);
	records->is_handed_out = false;
	for (;;) {
		struct document_event event;
		bool is_item_end;
		enum muster_code code;

		if (records->is_encoding_known && records->held_at < records->held.len) {
			records->is_handed_out = true;
			return take_held(records, kind, err);
		}
		if (records->is_at_end)
			return MUSTER_END;
		code = document_next(records->document, &event, err);
		if (code == MUSTER_END) {
			code = end_page(records, err);
			if (code)
				return code;
			records->is_handed_out = records->shape->is_one_item;
			if (!records->is_handed_out)
				continue;
			*kind = RECORD_ITEM;
			return MUSTER_OK;
		}
		if (!code)
			code = take_event(records, &event, &is_item_end, err);
		if (code)
			return code;
		if (!is_item_end)
			continue;
		*kind = event.id;
		if (records->is_encoding_known) {
			records->is_handed_out = true;
			return MUSTER_OK;
		}
		code = hold(records, event.id, err);
		if (code)
			return code;
		fields_clear(&records->item);
	}
}

enum muster_code records_append_name(const struct records *records, const struct fields *fields,
				     uint8_t id, struct bytes *out, struct muster_error *err)
{
	if (fields->field[id].is_encoded)
		return percent_decode(out, fields_get(fields, id), PERCENT_PLAIN, err);
	if (records->is_url_encoded)
		return percent_decode(out, fields_get(fields, id), PERCENT_FORM, err);
	return bytes_append_view(out, fields_get(fields, id), err);
}

enum muster_code records_is_truncated(const struct records *records, bool *out,
				      struct muster_error *err)
{
	const struct fields *page = &records->page;
	bool has_next = fields_get(page, RECORD_NEXT).len > 0;

	*out = has_next;
	if (!records->shape->has_truncated)
		return MUSTER_OK;
	*out = fields_is(page, RECORD_IS_TRUNCATED, "true");
	if (!*out && !fields_is(page, RECORD_IS_TRUNCATED, "false"))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the page does not say whether it is the last");
	if (*out && !has_next)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the page is not the last, but does not say how to go on");
	return MUSTER_OK;
}

uint8_t records_take_checksums(const struct fields *item,
			       struct checksum out[LISTING_CHECKSUMS_MAX])
{
	static const struct {
		uint8_t field;
		enum checksum_algorithm algorithm;
		bool is_reversed;
	} known[] = {
		{ RECORD_SHA256, CHECKSUM_SHA256, false },
		{ RECORD_MD5, CHECKSUM_MD5, false },
		{ RECORD_SHA1, CHECKSUM_SHA1, false },
		{ RECORD_CRC64, CHECKSUM_CRC64NVME, false },
		{ RECORD_CRC64_AZURE, CHECKSUM_CRC64NVME, true },
		{ RECORD_CRC32C, CHECKSUM_CRC32C, false },
		{ RECORD_CRC32, CHECKSUM_CRC32, false },
	};
	uint8_t count = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (count < LISTING_CHECKSUMS_MAX &&
		    checksum_parse(&out[count], known[i].algorithm,
				   fields_get(item, known[i].field), known[i].is_reversed))
			count++;
	}
	return count;
}
