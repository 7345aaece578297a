/**
 * document - a pull reader over the XML or JSON that clouds answer with: known elements, one by
 * one.
 *
 * A caller names the elements it wants by rules; all others are passed over with what they hold.
 * The event of an element comes when it ends. Both syntaxes read alike: an XML element and a member
 * of a JSON object have a name, an element that repeats is an array whose members have its name.
 *
 * Reader:  bytes are fed in pieces of any size; document_next() answers the next event, MUSTER_FULL
 *          when it needs more bytes (feed, or finish), MUSTER_END behind the whole document.
 *          However it is cut, the events and the code are the same; of several things that are
 *          wrong with XML, or of places where they are, a message may name another one.
 * Memory:  DOCUMENT_TEXT_MAX_BYTES for a text, DOCUMENT_TOKEN_MAX_BYTES for a tag that has not
 *          ended, DOCUMENT_DEPTH_MAX levels, DOCUMENT_MAX_BYTES in all; more is MUSTER_E_LIMIT.
 *          The texts of a document may be secrets: its own buffer is overwritten when it is freed,
 *          those of the parsers beneath are not.
 * Names:   of XML are local ones: stores disagree about the namespace. Document types, and with
 *          them all entities but XML's own five, are refused.
 * Errors:  MUSTER_E_FORMAT for what is no such document, whose top element no rule names, or that
 *          ends too early.
 */
#ifndef IO_CLOUD_DOCUMENT_H
#define IO_CLOUD_DOCUMENT_H

#include "base/bytes.h"

#define DOCUMENT_DEPTH_MAX 32
#define DOCUMENT_TEXT_MAX_BYTES                                                                    \
	(256u << 10) /* a canonical request with a long token; keys 4 KiB                          \
		      */
#define DOCUMENT_TOKEN_MAX_BYTES (512u << 10)
/* A page of 5000 names of 1024 four-byte characters, percent-encoded, is 60 MB */
#define DOCUMENT_MAX_BYTES (64u << 20)

enum document_syntax { DOCUMENT_XML, DOCUMENT_JSON };

/** What holds a document's top element; of JSON, the top object itself. */
#define DOCUMENT_TOP 0

/** `name` within the element `parent` is the element `id`, 1 .. 254. The last rule has no name. */
struct document_rule {
	uint8_t parent, id;
	const char *name;
};

struct document_event {
	uint8_t id;
	bool is_encoded;  /* Azure's Encoded="true": the text is percent-encoded */
	struct view text; /* lent until the next call; empty where the element holds others */
};

struct document;

/** Borrows `rules` until the document is freed. */
enum muster_code document_new(struct document **out, enum document_syntax syntax,
			      const struct document_rule *rules, struct muster_error *err);
void document_free(struct document *document);
/** Borrows `piece` until document_next() answers MUSTER_FULL or MUSTER_END. Only then, or first,
 * may be fed. */
void document_feed(struct document *document, struct view piece);
/** No more bytes will come. */
void document_finish(struct document *document);
/** A failure is final. */
enum muster_code document_next(struct document *document, struct document_event *event,
			       struct muster_error *err);

#endif
