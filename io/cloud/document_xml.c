/*
 * Expat pushes, a document is pulled: the handler of an element's end suspends the parser, and the
 * next call resumes it. Expat copies what is left of a piece when it is suspended, once a piece.
 */
#include "io/cloud/document_internal.h"

#include <stdlib.h>

#include <expat.h>

/* Given to expat at once. After each the length of the tag that has not ended yet is looked at. */
#define SLICE_BYTES (64u << 10)

static enum muster_code stop(struct document *document, enum muster_code code)
{
	document->failure = code;
	XML_StopParser(document->parser, XML_FALSE);
	return code;
}

/* "ns:Name" is Name. */
static struct view local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return view_text(colon ? colon + 1 : name);
}

static bool is_marked_encoded(const char **attributes)
{
	for (; attributes[0]; attributes += 2) {
		if (strcmp(attributes[0], "Encoded") == 0)
			return strcmp(attributes[1], "true") == 0;
	}
	return false;
}

static void XMLCALL on_start(void *state, const char *name, const char **attributes)
{
	struct document *document = state;
	struct view local = local_name(name);
	uint8_t id = document_find(document, local);
	enum muster_code code;

	if (document->failure)
		return;
	if (!document->depth && id == DOCUMENT_SKIPPED) {
		stop(document, muster_fail(document->err, MUSTER_E_FORMAT,
					   "the document is a '%.*s', which was not asked for",
					   VIEW_ARGS(local)));
		return;
	}
	code = document_push(document, id, document->err);
	if (code)
		stop(document, code);
	document->text.len = 0;
	document->is_encoded = id != DOCUMENT_SKIPPED && is_marked_encoded(attributes);
}

static void XMLCALL on_end(void *state, const char *name)
{
	struct document *document = state;
	bool has_children = document->has_children[document->depth];
	uint8_t id;

	(void)name;
	if (document->failure)
		return;
	id = document_pop(document);
	if (id == DOCUMENT_SKIPPED)
		return;
	document->has_event = true;
	document->event = (struct document_event){ .id = id };
	if (!has_children) {
		document->event.text = bytes_view(&document->text);
		document->event.is_encoded = document->is_encoded;
	}
	XML_StopParser(document->parser, XML_TRUE);
}

static void XMLCALL on_text(void *state, const char *text, int len)
{
	struct document *document = state;
	enum muster_code code;

	if (document->failure || document->ids[document->depth] == DOCUMENT_SKIPPED ||
	    document->has_children[document->depth])
		return;
	if (document->text.len + (size_t)len > DOCUMENT_TEXT_MAX_BYTES)
		code = muster_fail(document->err, MUSTER_E_LIMIT,
				   "a document has a text of more than %u bytes",
				   DOCUMENT_TEXT_MAX_BYTES);
	else
		code = bytes_append(&document->text, text, (size_t)len, document->err);
	if (code)
		stop(document, code);
}

static void XMLCALL on_doctype(void *state, const char *name, const char *system_id,
			       const char *public_id, int has_internal_subset)
{
	struct document *document = state;

	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	stop(document, muster_fail(document->err, MUSTER_E_FORMAT,
				   "the document has a document type, which no store sends"));
}

enum muster_code document_xml_new(struct document *document, struct muster_error *err)
{
	/* our own allocation functions, so that tests reach expat's, too */
	static const XML_Memory_Handling_Suite memory = { malloc, realloc, free };

	document->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	if (!document->parser)
		return muster_fail_memory(err, "an XML parser");
	XML_SetUserData(document->parser, document);
	XML_SetElementHandler(document->parser, on_start, on_end);
	XML_SetCharacterDataHandler(document->parser, on_text);
	XML_SetStartDoctypeDeclHandler(document->parser, on_doctype);
	return MUSTER_OK;
}

void document_xml_free(struct document *document)
{
	if (document->parser)
		XML_ParserFree(document->parser);
}

static enum muster_code fail_parser(struct document *document, struct muster_error *err)
{
	enum XML_Error error = XML_GetErrorCode(document->parser);
	XML_Index at = XML_GetCurrentByteIndex(document->parser);

	if (document->failure)
		return document->failure;
	if (error == XML_ERROR_NO_MEMORY)
		return muster_fail_memory(err, "an XML parser");
	return muster_fail(err, MUSTER_E_FORMAT, "the document is no XML: byte %lld: %s",
			   at < 0 ? 0 : (long long)at, /* some say -1 before the first */
			   XML_ErrorString(error));
}

/* Expat says where the tag begins that has not ended, or, when it put off looking, nothing: then it
 * is still the one before. */
static enum muster_code check_unfinished(struct document *document, struct muster_error *err)
{
	XML_Index at = XML_GetCurrentByteIndex(document->parser);
	uint64_t given = document->fed_bytes - document->piece.len;

	if (at >= 0)
		document->token_at = (uint64_t)at;
	if (given > document->token_at && given - document->token_at > DOCUMENT_TOKEN_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "a document has a tag of more than %u bytes",
				   DOCUMENT_TOKEN_MAX_BYTES);
	return MUSTER_OK;
}

/*
 * What is given next: not past a NUL, which only UTF-16 has, and which ends the document as if
 * nothing came behind it. Expat guesses UTF-16 from two bytes, and differently where they come one
 * by one; no store sends it.
 */
static struct view take_slice(struct document *document)
{
	size_t len = document->piece.len < SLICE_BYTES ? document->piece.len : SLICE_BYTES;
	const uint8_t *nul = memchr(document->piece.ptr, '\0', len);
	struct view slice;

	take_bytes(&document->piece, nul ? (size_t)(nul - document->piece.ptr) : len, &slice);
	if (!slice.len) {
		document->piece.len = 0;
		document->is_finished = true;
		document->has_nul = true;
	}
	return slice;
}

/* Give expat something, or let it go on with what it has. */
static enum muster_code step(struct document *document, struct muster_error *err)
{
	enum XML_Status status;

	if (document->is_suspended) {
		status = XML_ResumeParser(document->parser);
	} else if (document->piece.len) {
		struct view slice = take_slice(document);

		if (!slice.len)
			return MUSTER_OK;
		status = XML_Parse(document->parser, (const char *)slice.ptr, (int)slice.len, 0);
	} else {
		document->is_final_parsed = true;
		status = XML_Parse(document->parser, "", 0, 1);
	}
	document->is_suspended = status == XML_STATUS_SUSPENDED;
	return status == XML_STATUS_ERROR ? fail_parser(document, err) : MUSTER_OK;
}

static enum muster_code end(const struct document *document, struct muster_error *err)
{
	if (document->has_nul)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the document is no XML: a NUL stands behind it");
	return MUSTER_END;
}

enum muster_code document_xml_next(struct document *document, struct document_event *event,
				   struct muster_error *err)
{
	document->err = err;
	document->has_event = false;
	for (;;) {
		enum muster_code code;

		if (!document->is_suspended && !document->piece.len && !document->is_finished)
			return MUSTER_FULL;
		if (!document->is_suspended && document->is_final_parsed)
			return end(document, err);
		code = step(document, err);
		if (code)
			return code;
		if (document->has_event) {
			*event = document->event;
			return MUSTER_OK;
		}
		code = check_unfinished(document, err);
		if (code)
			return code;
	}
}
