/**
 * json - RFC 8259 as a pull parser and a writer, both streaming, both in fixed memory.
 *
 * Reader: bytes are fed in pieces of any size; json_next() answers the next token, MUSTER_FULL
 *         when it needs more bytes (feed, or finish), MUSTER_END behind the one top value.
 * Memory: JSON_TOKEN_MAX_BYTES for the longest string or number, JSON_DEPTH_MAX levels; more is
 *         MUSTER_E_LIMIT. Strings must be valid UTF-8, escapes are decoded, lone surrogates and
 *         duplicate keys of one object up to the caller (the reader sees one token at a time).
 * Errors: MUSTER_E_FORMAT with the byte offset and what was expected.
 */
#ifndef BASE_JSON_JSON_H
#define BASE_JSON_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define JSON_DEPTH_MAX	     64
#define JSON_TOKEN_MAX_BYTES (1u << 20)

enum json_kind {
	JSON_OBJECT_BEGIN,
	JSON_OBJECT_END,
	JSON_ARRAY_BEGIN,
	JSON_ARRAY_END,
	JSON_KEY,    /* text: decoded key */
	JSON_STRING, /* text: decoded string */
	JSON_NUMBER, /* text: the number as written */
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json_token {
	enum json_kind kind;
	struct view text;      /* lent until the next call on this reader */
	uint64_t offset_bytes; /* of the token's first byte in the whole input */
	unsigned depth;	       /* of the value: 0 for the top one; a key has its value's */
};

struct json_reader;

enum muster_code json_reader_new(struct json_reader **out, struct muster_error *err);
void json_reader_free(struct json_reader *reader);
/** Borrows `piece` until json_next() answers MUSTER_FULL or MUSTER_END. Only then, or first, may be
 * fed. */
void json_feed(struct json_reader *reader, struct view piece);
/** No more bytes will come. */
void json_finish(struct json_reader *reader);
enum muster_code json_next(struct json_reader *reader, struct json_token *token,
			   struct muster_error *err);

/** For small documents: a reader over bytes that are all there, already finished. */
enum muster_code json_reader_over(struct json_reader **out, struct view document,
				  struct muster_error *err);

/** Skip the value that begins with `token` (nothing to do for a scalar), or of `token` if that is a
 *  key. After MUSTER_FULL, feed and call again with the same token. */
enum muster_code json_skip(struct json_reader *reader, const struct json_token *token,
			   struct muster_error *err);
/** Append the value that begins with `token`, or of `token` if that is a key, compact, canonically
 *  escaped, to `out`; at most `max_bytes`, else MUSTER_E_LIMIT. Only over a reader that has all its
 *  bytes, else MUSTER_E_USAGE. A failure leaves `out` as it was, the reader within the value. */
enum muster_code json_copy(struct json_reader *reader, const struct json_token *token,
			   struct bytes *out, size_t max_bytes, struct muster_error *err);
/** Errors: MUSTER_E_FORMAT unless the token is a whole number 0 .. 2^64-1 without sign, fraction
 *  or exponent. */
enum muster_code json_u64(const struct json_token *token, uint64_t *out, struct muster_error *err);

/**
 * json_writer - writes to a buffer, commas by itself. A zeroed writer with `out` set is ready.
 * The first failure sticks in `code`: a caller may write on and look once at the end.
 * `spacing`: false compact; true ", " and ": " as Python's json.dumps.
 * `is_html_safe`: escape < > & U+2028 U+2029 as Go's encoding/json does.
 * Strings: a byte that is not UTF-8 is written as \ufffd, so that the output is always JSON; who
 * must not lose it looks with utf8_valid() before.
 */
struct json_writer {
	struct bytes *out;
	bool spacing, is_html_safe;
	enum muster_code code;
	struct muster_error *err;
	/* private */
	unsigned depth;
	bool needs_comma, after_key;
};

void json_write_object_begin(struct json_writer *w);
void json_write_object_end(struct json_writer *w);
void json_write_array_begin(struct json_writer *w);
void json_write_array_end(struct json_writer *w);
void json_write_key(struct json_writer *w, const char *key);
void json_write_key_view(struct json_writer *w, struct view key);
void json_write_string(struct json_writer *w, struct view text);
void json_write_text(struct json_writer *w, const char *text);
void json_write_u64(struct json_writer *w, uint64_t value);
void json_write_i64(struct json_writer *w, int64_t value);
void json_write_bool(struct json_writer *w, bool value);
void json_write_null(struct json_writer *w);
/** A value that is already JSON (checked by the caller). */
void json_write_raw(struct json_writer *w, struct view json);
/** A token as it was read: one after the other they are a copy, compact and canonically escaped. */
void json_write_token(struct json_writer *w, const struct json_token *token);

#endif
