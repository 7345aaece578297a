#include "io/cloud/document_internal.h"

#include "base/json/json.h"

enum muster_code document_json_new(struct document *document, struct muster_error *err)
{
	document->key_id = DOCUMENT_TOP;
	return json_reader_new(&document->reader, err);
}

void document_json_free(struct document *document)
{
	json_reader_free(document->reader);
}

/* A member of an array has the array's id, one of an object that of its key. */
static uint8_t value_id(const struct document *document)
{
	return document->is_array[document->depth] ? document->ids[document->depth]
						   : document->key_id;
}

static enum muster_code begin(struct document *document, bool is_array, struct muster_error *err)
{
	enum muster_code code;

	/* the top object is ids[0], which was there from the start */
	if (!document->has_top) {
		document->has_top = true;
		return is_array
			       ? muster_fail(err, MUSTER_E_FORMAT, "the document is no JSON object")
			       : MUSTER_OK;
	}
	code = document_push(document, value_id(document), err);
	if (!code)
		document->is_array[document->depth] = is_array;
	return code;
}

/* Does the value that a token ends make an event? */
static bool take_token(struct document *document, const struct json_token *token,
		       struct document_event *event)
{
	bool is_array;

	*event = (struct document_event){ .id = DOCUMENT_SKIPPED };
	switch (token->kind) {
	case JSON_KEY:
		document->key_id = document_find(document, token->text);
		return false;
	case JSON_OBJECT_END:
	case JSON_ARRAY_END:
		is_array = document->is_array[document->depth];
		if (!document->depth)
			return false;
		event->id = document_pop(document);
		return !is_array && event->id != DOCUMENT_SKIPPED;
	case JSON_STRING:
	case JSON_NUMBER:
		event->text = token->text;
		break;
	case JSON_TRUE:
		event->text = VIEW_LITERAL("true");
		break;
	case JSON_FALSE:
		event->text = VIEW_LITERAL("false");
		break;
	default:
		return false; /* null is as if it were not there */
	}
	event->id = value_id(document);
	return event->id != DOCUMENT_SKIPPED;
}

enum muster_code document_json_next(struct document *document, struct document_event *event,
				    struct muster_error *err)
{
	for (;;) {
		struct json_token token;
		enum muster_code code = json_next(document->reader, &token, err);

		if (code)
			return code;
		if (token.kind == JSON_OBJECT_BEGIN || token.kind == JSON_ARRAY_BEGIN) {
			code = begin(document, token.kind == JSON_ARRAY_BEGIN, err);
			if (code)
				return code;
			continue;
		}
		if (!document->has_top)
			return muster_fail(err, MUSTER_E_FORMAT, "the document is no JSON object");
		if (token.text.len > DOCUMENT_TEXT_MAX_BYTES)
			return muster_fail(err, MUSTER_E_LIMIT,
					   "a document has a text of more than %u bytes",
					   DOCUMENT_TEXT_MAX_BYTES);
		if (take_token(document, &token, event))
			return MUSTER_OK;
	}
}
