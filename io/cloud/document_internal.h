/**
 * document_internal - the two syntaxes beneath a document. A JSON value and an XML element are
 * pushed when they begin and popped when they end.
 */
#ifndef IO_CLOUD_DOCUMENT_INTERNAL_H
#define IO_CLOUD_DOCUMENT_INTERNAL_H

#include "io/cloud/document.h"

#define DOCUMENT_SKIPPED 255

struct json_reader;
struct XML_ParserStruct;

struct document {
	enum document_syntax syntax;
	const struct document_rule *rules;
	struct view piece;    /* what is left of it */
	uint64_t fed_bytes;   /* in all */
	bool is_finished;     /* no more pieces */
	enum muster_code end; /* MUSTER_END or a failure: for good */

	/* the elements that are open: ids[0] is DOCUMENT_TOP */
	uint8_t ids[DOCUMENT_DEPTH_MAX + 1];
	bool has_children[DOCUMENT_DEPTH_MAX + 1];
	unsigned depth;

	/* XML */
	struct XML_ParserStruct *parser;
	struct bytes text; /* of the innermost element */
	bool is_suspended, is_encoded, has_event, is_final_parsed, has_nul;
	uint64_t token_at; /* where the tag begins that has not ended */
	struct document_event event;
	struct muster_error *err; /* during a call */
	enum muster_code failure; /* of a handler */

	/* JSON */
	struct json_reader *reader;
	bool has_top; /* the top object has begun */
	bool is_array[DOCUMENT_DEPTH_MAX + 1];
	uint8_t key_id; /* of the member whose value comes next */
};

/** The id of `name` in the innermost element, or DOCUMENT_SKIPPED. */
uint8_t document_find(const struct document *document, struct view name);
/** Open an element. Errors: MUSTER_E_LIMIT. */
enum muster_code document_push(struct document *document, uint8_t id, struct muster_error *err);
/** Close the innermost element: its id. */
uint8_t document_pop(struct document *document);

enum muster_code document_xml_new(struct document *document, struct muster_error *err);
void document_xml_free(struct document *document);
enum muster_code document_xml_next(struct document *document, struct document_event *event,
				   struct muster_error *err);

enum muster_code document_json_new(struct document *document, struct muster_error *err);
void document_json_free(struct document *document);
enum muster_code document_json_next(struct document *document, struct document_event *event,
				    struct muster_error *err);

#endif
