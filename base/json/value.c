/* What is done with whole values. */
#include "base/json/json.h"

#include "base/text/text.h"

static bool is_begin(enum json_kind kind)
{
	return kind == JSON_OBJECT_BEGIN || kind == JSON_ARRAY_BEGIN;
}

/* Within the value of `token` every other token is deeper, so this needs no state of its own and
 * may be called again after MUSTER_FULL. */
enum muster_code json_skip(struct json_reader *reader, const struct json_token *token,
			   struct muster_error *err)
{
	unsigned depth = token->depth;
	struct json_token next;
	enum muster_code code;

	if (!is_begin(token->kind) && token->kind != JSON_KEY)
		return MUSTER_OK;
	do {
		code = json_next(reader, &next, err);
		if (code)
			return code;
	} while (next.depth != depth || is_begin(next.kind));
	return MUSTER_OK;
}

/* Writes one token unless that makes the copy too long; a text is measured before it is written,
 * so `out` never holds more than `max_bytes` and one escaped text of that many. */
static enum muster_code copy_token(struct json_writer *w, const struct json_token *token,
				   size_t start, size_t max_bytes)
{
	size_t len = w->out->len - start;

	if (token->text.len <= max_bytes - len) {
		json_write_token(w, token);
		if (w->code)
			return w->code;
		len = w->out->len - start;
		if (len <= max_bytes)
			return MUSTER_OK;
	}
	return muster_fail(w->err, MUSTER_E_LIMIT, "a JSON value of more than %zu bytes",
			   max_bytes);
}

static enum muster_code copy_value(struct json_reader *reader, struct json_token token,
				   struct json_writer *w, size_t max_bytes)
{
	size_t start = w->out->len;
	unsigned depth = token.depth;
	enum muster_code code =
		token.kind == JSON_KEY ? json_next(reader, &token, w->err) : MUSTER_OK;

	if (code)
		return code;
	code = copy_token(w, &token, start, max_bytes);
	if (code || !is_begin(token.kind))
		return code;
	do {
		code = json_next(reader, &token, w->err);
		if (!code)
			code = copy_token(w, &token, start, max_bytes);
	} while (!code && token.depth != depth);
	return code;
}

enum muster_code json_copy(struct json_reader *reader, const struct json_token *token,
			   struct bytes *out, size_t max_bytes, struct muster_error *err)
{
	struct json_writer w = { .out = out, .err = err };
	size_t start = out->len;
	enum muster_code code = copy_value(reader, *token, &w, max_bytes);

	if (code)
		out->len = start;
	if (code == MUSTER_FULL)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a JSON value can be copied only when all bytes are there");
	return code;
}

enum muster_code json_u64(const struct json_token *token, uint64_t *out, struct muster_error *err)
{
	if (token->kind == JSON_NUMBER && text_parse_u64(token->text, out))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_FORMAT,
			   "byte %llu: expected a whole number from 0 to 2^64-1",
			   (unsigned long long)token->offset_bytes);
}
