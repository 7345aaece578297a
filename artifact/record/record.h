/**
 * record - small JSON records, written and parsed by one table of fields each. Pure.
 *
 * A record is one JSON object. A top record begins with the member "muster": its kind and version
 * ("event 1"). Fields follow in the order of the table when written; when parsed, "kind" (if the
 * schema has kinds) stands before the members that belong to a kind, the rest in any order.
 * A member that is not needed is left out when it is zero or empty, and parsed as that when absent.
 * Members that the table does not have are skipped and reported.
 *
 * Errors: MUSTER_E_FORMAT naming the member; MUSTER_E_LIMIT where a text or number is over its
 *         maximum; MUSTER_E_UNSUPPORTED for another version of the record; MUSTER_E_MEMORY.
 */
#ifndef ARTIFACT_RECORD_RECORD_H
#define ARTIFACT_RECORD_RECORD_H

#include "artifact/record/key.h"
#include "base/json/json.h"

/** A list of texts. Parsed ones own `items`, the texts lie in the record's text. */
struct texts {
	struct view *items;
	size_t count;
};

/** A list of records, as an array. Parsed ones own `items`. */
struct records {
	void *items;
	size_t count;
};

/** Which version something was computed against: a named one, or nothing. */
struct base_version {
	bool is_named;
	uint8_t id[16];
};

/** The old value that an operation expected. */
struct expected {
	enum { EXPECT_ANY, EXPECT_NONE, EXPECT_VERSION } what;
	uint64_t version; /* EXPECT_VERSION only */
};

/** The kind of a record; the text is kept for kinds that this program does not know. */
struct record_kind {
	unsigned id; /* position in the schema's kinds; 0 is unknown */
	struct view text;
};

enum field_type {
	FIELD_U64,	/* uint64_t, at most `max` (0: no maximum) */
	FIELD_BOOL,	/* bool */
	FIELD_TEXT,	/* struct view, at most `max` bytes */
	FIELD_TEXTS,	/* struct texts, each at most `max` bytes */
	FIELD_ID,	/* uint8_t[16], lower-case hex */
	FIELD_SHA256,	/* uint8_t[32], lower-case hex */
	FIELD_OBJECT,	/* struct object_id */
	FIELD_TIME,	/* uint64_t ms since 1970, as text_time() writes it */
	FIELD_JSON,	/* struct view of a JSON object, at most `max` bytes */
	FIELD_NAMED,	/* unsigned: position in `names` */
	FIELD_KIND,	/* struct record_kind, its text of at most `max` bytes */
	FIELD_BASE,	/* struct base_version: an id or "nothing" */
	FIELD_EXPECTED, /* struct expected: absent, null or a number */
	FIELD_RECORD,  /* a record within this one, by `record`; of `item_bytes` if it may be absent
			*/
	FIELD_RECORDS, /* struct records of `item_bytes` each, by `record`; a line each */
};

#define KINDS_ALL UINT32_MAX

/** One line of a table: what follows the six is given by name (.names, .record, …). */
#define RECORD_FIELD(text, form, of, member, maximum, having, needing, ...)                        \
	{                                                                                          \
		.name = (text), .type = FIELD_##form, .offset = offsetof(of, member),              \
		.max = (maximum), .kinds = (having), .needed = (needing), __VA_ARGS__              \
	}

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	uint64_t max;
	uint32_t kinds;	 /* bit k: records of kind k have it; KINDS_ALL: every record */
	uint32_t needed; /* bit k: and must have it */
	const char *const *names;
	size_t name_count;
	const struct record_schema *record;
	size_t item_bytes;
};

struct record_schema {
	const char *what; /* "event", or NULL for a record within another */
	unsigned version; /* 1 */
	const struct field *fields;
	size_t field_count;	  /* at most 64 */
	const char *const *kinds; /* NULL: no kinds; [0] is not used */
	size_t kind_count;
	size_t max_bytes; /* of a document; 0: no record of its own */
};

/** Append the members of `record` between braces. A kind of 0 where the schema has none. */
void record_write(const struct record_schema *schema, struct json_writer *w, const void *record,
		  unsigned kind);

/** MUSTER_E_LIMIT where a document of so many bytes is too large. */
enum muster_code record_check_size(const struct record_schema *schema, size_t len,
				   struct muster_error *err);

/** Append a whole document, a line feed behind it; on failure nothing. Errors: MUSTER_E_LIMIT. */
enum muster_code record_encode(const struct record_schema *schema, const void *record,
			       unsigned kind, struct bytes *out, struct muster_error *err);

/**
 * Parse the object whose JSON_OBJECT_BEGIN was just read. `record` is zeroed by the caller; texts
 * are appended to `text`, which must have room for `document` so that it never moves. After a
 * failure, too, record_release() frees the lists.
 */
enum muster_code record_parse(const struct record_schema *schema, struct json_reader *reader,
			      struct view document, void *record, struct bytes *text,
			      bool *has_unknown, struct muster_error *err);

/** A whole document that is one record, nothing behind it but white space. Errors: MUSTER_E_LIMIT.
 */
enum muster_code record_parse_document(const struct record_schema *schema, struct view document,
				       void *record, struct bytes *text, bool *has_unknown,
				       struct muster_error *err);

/** Frees lists and zeroes them. Only of parsed records. */
void record_release(const struct record_schema *schema, void *record);

#endif
