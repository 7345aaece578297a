/*
 * The pull parser. Between tokens, `expected` and one bit per open container say all that the
 * grammar needs. A string or number that lies wholly in the piece and has no escape is lent from
 * it; any other is gathered in `held`, and `partial` says how to go on when the piece ends within.
 *
 *	expected        may come                 then
 *	VALUE           a value                  COMMA_OR_END, NOTHING at the top
 *	VALUE_OR_END    a value, ]               (as VALUE; as an end)
 *	KEY             a key                    COLON
 *	KEY_OR_END      a key, }
 *	COLON           :                        VALUE
 *	COMMA_OR_END    , ] }                    KEY or VALUE; behind an end as behind a value
 *	NOTHING         only white space
 *
 * All tests are made in the order of the bytes, so tokens and errors do not depend on how the
 * input is cut into pieces.
 */
#include "base/json/json_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text/utf8.h"

#define SPACES UINT64_C(0x2020202020202020)

_Static_assert(JSON_DEPTH_MAX <= 64, "json_reader.is_object has one bit per level");

enum expected {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END,
	EXPECT_KEY,
	EXPECT_KEY_OR_END,
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING,
};

enum partial { PARTIAL_NONE, PARTIAL_STRING, PARTIAL_NUMBER, PARTIAL_WORD };

struct json_reader {
	const uint8_t *start, *at, *end; /* the piece and how far it is read */
	uint64_t start_offset_bytes;	 /* of `start` in the whole input */
	bool is_finished;
	enum expected expected;
	unsigned depth;	    /* open containers */
	uint64_t is_object; /* bit d: the container whose values have depth d + 1 is an object */

	enum partial partial;
	uint64_t token_offset_bytes;
	struct bytes held; /* at most JSON_TOKEN_MAX_BYTES */
	bool has_high;	   /* `held` may have bytes over 0x7f */
	uint8_t escape[JSON_ESCAPE_MAX_BYTES];
	unsigned escape_len; /* of an escape that the end of a piece cut */
	uint64_t escape_offset_bytes;
	const char *word; /* what is left of true, false or null */
	enum json_kind word_kind;

	struct muster_error error; /* sticks */
};

enum muster_code json_reader_new(struct json_reader **out, struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? MUSTER_OK : muster_fail_memory(err, "a JSON reader");
}

enum muster_code json_reader_over(struct json_reader **out, struct view document,
				  struct muster_error *err)
{
	enum muster_code code = json_reader_new(out, err);

	if (!*out)
		return code;
	json_feed(*out, document);
	json_finish(*out);
	return MUSTER_OK;
}

void json_reader_free(struct json_reader *reader)
{
	if (!reader)
		return;
	bytes_release(&reader->held);
	free(reader);
}

void json_feed(struct json_reader *reader, struct view piece)
{
	assert(!reader->is_finished);
	assert(reader->at == reader->end || reader->error.code);
	reader->start_offset_bytes += (uint64_t)(reader->end - reader->start);
	reader->start = reader->at = piece.ptr;
	reader->end = piece.len ? piece.ptr + piece.len : piece.ptr;
}

void json_finish(struct json_reader *reader)
{
	reader->is_finished = true;
}

static uint64_t offset_of(const struct json_reader *reader, const uint8_t *at)
{
	return reader->start_offset_bytes + (uint64_t)(at - reader->start);
}

static bool is_in_object(const struct json_reader *reader)
{
	return reader->depth && (reader->is_object >> (reader->depth - 1) & 1);
}

static enum muster_code fail_at(struct json_reader *reader, enum muster_code code,
				uint64_t offset_bytes, const char *what)
{
	return muster_fail(&reader->error, code, "byte %" PRIu64 ": %s", offset_bytes, what);
}

static const char *expected_text(const struct json_reader *reader)
{
	switch (reader->expected) {
	case EXPECT_VALUE:
		return "a value";
	case EXPECT_VALUE_OR_END:
		return "a value or ']'";
	case EXPECT_KEY:
		return "a key";
	case EXPECT_KEY_OR_END:
		return "a key or '}'";
	case EXPECT_COLON:
		return "':'";
	case EXPECT_COMMA_OR_END:
		return is_in_object(reader) ? "',' or '}'" : "',' or ']'";
	case EXPECT_NOTHING:
		return "nothing more";
	}
	return "";
}

static enum muster_code fail_expected(struct json_reader *reader, uint64_t offset_bytes,
				      uint8_t found)
{
	char text[8];

	snprintf(text, sizeof(text), found > 0x20 && found < 0x7f ? "'%c'" : "0x%02x", found);
	return muster_fail(&reader->error, MUSTER_E_FORMAT, "byte %" PRIu64 ": expected %s, not %s",
			   offset_bytes, expected_text(reader), text);
}

/* The piece is used up within a token. */
static enum muster_code need_more(struct json_reader *reader)
{
	if (!reader->is_finished)
		return MUSTER_FULL;
	return fail_at(reader, MUSTER_E_FORMAT, offset_of(reader, reader->end),
		       "the document ends within a string or word");
}

/* The piece is used up between tokens. */
static enum muster_code need_token(struct json_reader *reader)
{
	if (!reader->is_finished)
		return MUSTER_FULL;
	if (reader->expected == EXPECT_NOTHING)
		return MUSTER_END;
	return muster_fail(&reader->error, MUSTER_E_FORMAT,
			   "byte %" PRIu64 ": the document ends where %s was expected",
			   offset_of(reader, reader->end), expected_text(reader));
}

static enum muster_code give(struct json_reader *reader, struct json_token *token,
			     enum json_kind kind, struct view text)
{
	token->kind = kind;
	token->text = text;
	token->offset_bytes = reader->token_offset_bytes;
	token->depth = reader->depth;
	return MUSTER_OK;
}

static enum muster_code give_value(struct json_reader *reader, struct json_token *token,
				   enum json_kind kind, struct view text)
{
	reader->partial = PARTIAL_NONE;
	reader->expected = reader->depth ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
	return give(reader, token, kind, text);
}

static enum muster_code begin_container(struct json_reader *reader, struct json_token *token,
					bool is_object)
{
	if (reader->depth == JSON_DEPTH_MAX)
		return muster_fail(&reader->error, MUSTER_E_LIMIT,
				   "byte %" PRIu64 ": more than %d levels of nesting",
				   reader->token_offset_bytes, JSON_DEPTH_MAX);
	reader->at++;
	give(reader, token, is_object ? JSON_OBJECT_BEGIN : JSON_ARRAY_BEGIN, view_of(NULL, 0));
	reader->is_object &= ~(UINT64_C(1) << reader->depth);
	reader->is_object |= (uint64_t)is_object << reader->depth;
	reader->depth++;
	reader->expected = is_object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	return MUSTER_OK;
}

static enum muster_code end_container(struct json_reader *reader, struct json_token *token)
{
	bool is_object = is_in_object(reader);

	if (*reader->at != (is_object ? '}' : ']'))
		return fail_expected(reader, reader->token_offset_bytes, *reader->at);
	reader->at++;
	reader->depth--;
	return give_value(reader, token, is_object ? JSON_OBJECT_END : JSON_ARRAY_END,
			  view_of(NULL, 0));
}

/* The token is of bytes [..., at), `len` of them by now: is that too long? */
static enum muster_code check_len(struct json_reader *reader, size_t len)
{
	if (len <= JSON_TOKEN_MAX_BYTES)
		return MUSTER_OK;
	return muster_fail(&reader->error, MUSTER_E_LIMIT,
			   "byte %" PRIu64 ": a string or number of more than %u bytes",
			   reader->token_offset_bytes, JSON_TOKEN_MAX_BYTES);
}

/* Moves the bytes up to `to` from the piece to `held`. */
static enum muster_code hold(struct json_reader *reader, const uint8_t *to)
{
	size_t len = (size_t)(to - reader->at);
	enum muster_code code = check_len(reader, reader->held.len + len);

	if (!code)
		code = bytes_append(&reader->held, reader->at, len, &reader->error);
	reader->at = to;
	return code;
}

static enum muster_code give_string(struct json_reader *reader, struct json_token *token,
				    struct view text, bool has_high)
{
	if (has_high && !utf8_valid(text))
		return fail_at(reader, MUSTER_E_FORMAT, reader->token_offset_bytes,
			       "the string that begins here is not UTF-8");
	if (reader->expected != EXPECT_KEY && reader->expected != EXPECT_KEY_OR_END)
		return give_value(reader, token, JSON_STRING, text);
	reader->partial = PARTIAL_NONE;
	reader->expected = EXPECT_COLON;
	return give(reader, token, JSON_KEY, text);
}

static enum muster_code hold_point(struct json_reader *reader, uint32_t point)
{
	uint8_t utf8[UTF8_MAX_BYTES];
	size_t len = utf8_encode(utf8, point);
	enum muster_code code = check_len(reader, reader->held.len + len);

	return code ? code : bytes_append(&reader->held, utf8, len, &reader->error);
}

static enum muster_code fail_escape(struct json_reader *reader, enum json_escape escape)
{
	return fail_at(reader, MUSTER_E_FORMAT, reader->escape_offset_bytes,
		       escape == JSON_ESCAPE_LONE ? "half of a surrogate pair, which has no UTF-8"
						  : "expected a valid escape");
}

/* Goes on with an escape that began in an earlier piece, or that this one cuts: byte by byte. */
static enum muster_code resume_escape(struct json_reader *reader)
{
	for (;;) {
		struct view text = view_of(reader->escape, reader->escape_len);
		uint32_t point;
		size_t len;
		enum json_escape escape = json_escape_decode(text, &point, &len);

		if (escape == JSON_ESCAPE_DONE) {
			reader->escape_len = 0;
			return hold_point(reader, point);
		}
		if (escape != JSON_ESCAPE_MORE)
			return fail_escape(reader, escape);
		if (reader->at == reader->end)
			return need_more(reader);
		reader->escape[reader->escape_len++] = *reader->at++;
	}
}

static enum muster_code take_escape(struct json_reader *reader)
{
	struct view text = view_of(reader->at, (size_t)(reader->end - reader->at));
	uint32_t point;
	size_t len;

	reader->escape_offset_bytes = offset_of(reader, reader->at);
	if (json_escape_decode(text, &point, &len) != JSON_ESCAPE_DONE) {
		reader->escape[reader->escape_len++] = *reader->at++;
		return resume_escape(reader);
	}
	reader->at += len;
	return hold_point(reader, point);
}

static enum muster_code resume_string(struct json_reader *reader, struct json_token *token)
{
	enum muster_code code = reader->escape_len ? resume_escape(reader) : MUSTER_OK;

	while (!code) {
		const uint8_t *run = json_string_run(reader->at, reader->end, &reader->has_high);

		code = hold(reader, run);
		if (code)
			break;
		if (run == reader->end)
			return need_more(reader);
		if (*run == '"') {
			reader->at++;
			return give_string(reader, token, bytes_view(&reader->held),
					   reader->has_high);
		}
		if (*run != '\\')
			return fail_at(reader, MUSTER_E_FORMAT, offset_of(reader, run),
				       "expected no bare control character in a string");
		code = take_escape(reader);
	}
	return code;
}

static enum muster_code begin_string(struct json_reader *reader, struct json_token *token)
{
	bool has_high = false;
	const uint8_t *start = ++reader->at;
	const uint8_t *run = json_string_run(start, reader->end, &has_high);

	if (run < reader->end && *run == '"' && run - start <= JSON_TOKEN_MAX_BYTES) {
		reader->at = run + 1;
		return give_string(reader, token, view_of(start, (size_t)(run - start)), has_high);
	}
	reader->partial = PARTIAL_STRING;
	reader->has_high = has_high;
	return resume_string(reader, token);
}

static enum muster_code give_number(struct json_reader *reader, struct json_token *token,
				    struct view text)
{
	if (!json_number_valid(text))
		return fail_at(reader, MUSTER_E_FORMAT, reader->token_offset_bytes,
			       "expected a number in the form of JSON");
	return give_value(reader, token, JSON_NUMBER, text);
}

static enum muster_code resume_number(struct json_reader *reader, struct json_token *token)
{
	enum muster_code code = hold(reader, json_number_run(reader->at, reader->end));

	if (code)
		return code;
	if (reader->at == reader->end && !reader->is_finished)
		return MUSTER_FULL;
	return give_number(reader, token, bytes_view(&reader->held));
}

static enum muster_code begin_number(struct json_reader *reader, struct json_token *token)
{
	const uint8_t *start = reader->at;
	const uint8_t *run = json_number_run(start, reader->end);

	if ((run < reader->end || reader->is_finished) && run - start <= JSON_TOKEN_MAX_BYTES) {
		reader->at = run;
		return give_number(reader, token, view_of(start, (size_t)(run - start)));
	}
	reader->partial = PARTIAL_NUMBER;
	return resume_number(reader, token);
}

static enum muster_code resume_word(struct json_reader *reader, struct json_token *token)
{
	for (; *reader->word; reader->word++, reader->at++) {
		if (reader->at == reader->end)
			return need_more(reader);
		if (*reader->at != (uint8_t)*reader->word)
			return fail_at(reader, MUSTER_E_FORMAT, reader->token_offset_bytes,
				       "expected true, false or null");
	}
	return give_value(reader, token, reader->word_kind, view_of(NULL, 0));
}

static enum muster_code begin_word(struct json_reader *reader, struct json_token *token,
				   const char *word, enum json_kind kind)
{
	reader->partial = PARTIAL_WORD;
	reader->word = word;
	reader->word_kind = kind;
	return resume_word(reader, token);
}

static enum muster_code begin_value(struct json_reader *reader, struct json_token *token)
{
	switch (*reader->at) {
	case '"':
		return begin_string(reader, token);
	case '{':
		return begin_container(reader, token, true);
	case '[':
		return begin_container(reader, token, false);
	case 't':
		return begin_word(reader, token, "true", JSON_TRUE);
	case 'f':
		return begin_word(reader, token, "false", JSON_FALSE);
	case 'n':
		return begin_word(reader, token, "null", JSON_NULL);
	case '-':
	case '0' ... '9':
		return begin_number(reader, token);
	}
	return fail_expected(reader, reader->token_offset_bytes, *reader->at);
}

static bool is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static void skip_space(struct json_reader *reader)
{
	const uint8_t *at = reader->at, *end = reader->end;

	while (at < end && is_space(*at)) {
		uint64_t word;

		at++;
		for (; end - at >= 8; at += 8) { /* indentation */
			memcpy(&word, at, sizeof(word));
			if (word != SPACES)
				break;
		}
	}
	reader->at = at;
}

/* White space, commas and colons up to the next token, and that token. */
static enum muster_code begin_token(struct json_reader *reader, struct json_token *token)
{
	for (;;) {
		uint8_t byte;

		skip_space(reader);
		if (reader->at == reader->end)
			return need_token(reader);
		byte = *reader->at;
		reader->token_offset_bytes = offset_of(reader, reader->at);
		switch (reader->expected) {
		case EXPECT_VALUE:
			return begin_value(reader, token);
		case EXPECT_VALUE_OR_END:
			return byte == ']' ? end_container(reader, token)
					   : begin_value(reader, token);
		case EXPECT_KEY_OR_END:
			if (byte == '}')
				return end_container(reader, token);
			__attribute__((fallthrough));
		case EXPECT_KEY:
			if (byte == '"')
				return begin_string(reader, token);
			return fail_expected(reader, reader->token_offset_bytes, byte);
		case EXPECT_COLON:
			if (byte != ':')
				return fail_expected(reader, reader->token_offset_bytes, byte);
			reader->expected = EXPECT_VALUE;
			break;
		case EXPECT_COMMA_OR_END:
			if (byte != ',')
				return end_container(reader, token);
			reader->expected = is_in_object(reader) ? EXPECT_KEY : EXPECT_VALUE;
			break;
		case EXPECT_NOTHING:
			return fail_expected(reader, reader->token_offset_bytes, byte);
		}
		reader->at++;
	}
}

static enum muster_code resume_token(struct json_reader *reader, struct json_token *token)
{
	switch (reader->partial) {
	case PARTIAL_STRING:
		return resume_string(reader, token);
	case PARTIAL_NUMBER:
		return resume_number(reader, token);
	case PARTIAL_WORD:
		return resume_word(reader, token);
	case PARTIAL_NONE:
		break;
	}
	reader->held.len = 0; /* the last token is no longer lent */
	return begin_token(reader, token);
}

enum muster_code json_next(struct json_reader *reader, struct json_token *token,
			   struct muster_error *err)
{
	enum muster_code code =
		reader->error.code ? reader->error.code : resume_token(reader, token);

	if (muster_failed(code) && err)
		*err = reader->error;
	return code;
}
