#include "io/cloud/document_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/json/json.h"
#include "io/cloud/secret.h"

enum muster_code document_new(struct document **out, enum document_syntax syntax,
			      const struct document_rule *rules, struct muster_error *err)
{
	struct document *document = calloc(1, sizeof(*document));
	enum muster_code code;

	*out = NULL;
	if (!document)
		return muster_fail_memory(err, "a document");
	document->syntax = syntax;
	document->rules = rules;
	code = syntax == DOCUMENT_XML ? document_xml_new(document, err)
				      : document_json_new(document, err);
	if (code) {
		document_free(document);
		return code;
	}
	*out = document;
	return MUSTER_OK;
}

void document_free(struct document *document)
{
	if (!document)
		return;
	document_xml_free(document);
	document_json_free(document);
	secret_scrub(&document->text);
	free(document);
}

void document_feed(struct document *document, struct view piece)
{
	assert(!document->piece.len && !document->is_finished);
	document->piece = piece;
	document->fed_bytes += piece.len;
	if (document->syntax == DOCUMENT_JSON)
		json_feed(document->reader, piece);
}

void document_finish(struct document *document)
{
	document->is_finished = true;
	if (document->syntax == DOCUMENT_JSON)
		json_finish(document->reader);
}

enum muster_code document_next(struct document *document, struct document_event *event,
			       struct muster_error *err)
{
	enum muster_code code;

	if (muster_failed(document->end))
		return muster_fail(err, document->end, "the document was refused before");
	if (document->end)
		return document->end;
	if (document->fed_bytes > DOCUMENT_MAX_BYTES)
		code = muster_fail(err, MUSTER_E_LIMIT, "a document is longer than %u bytes",
				   DOCUMENT_MAX_BYTES);
	else if (document->syntax == DOCUMENT_XML)
		code = document_xml_next(document, event, err);
	else
		code = document_json_next(document, event, err);
	if (code == MUSTER_FULL)
		document->piece = (struct view){ 0 };
	else if (code)
		document->end = code;
	return code;
}

uint8_t document_find(const struct document *document, struct view name)
{
	uint8_t parent = document->ids[document->depth];

	for (const struct document_rule *rule = document->rules; rule->name; rule++) {
		if (rule->parent == parent && view_equal(view_text(rule->name), name))
			return rule->id;
	}
	return DOCUMENT_SKIPPED;
}

enum muster_code document_push(struct document *document, uint8_t id, struct muster_error *err)
{
	if (document->depth == DOCUMENT_DEPTH_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "a document has more than %d levels",
				   DOCUMENT_DEPTH_MAX);
	document->has_children[document->depth++] = true;
	document->ids[document->depth] = id;
	document->has_children[document->depth] = false;
	document->is_array[document->depth] = false;
	return MUSTER_OK;
}

uint8_t document_pop(struct document *document)
{
	assert(document->depth);
	return document->ids[document->depth--];
}
