/* The first byte says how the rest is cut into pieces. However it is cut, the tokens and the error
 * are the same; a valid document copies to a canonical one that copies to itself. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/json/json.h"
#include "base/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void trace_token(struct bytes *trace, const struct json_token *token)
{
	require(token->depth <= JSON_DEPTH_MAX && token->text.len <= JSON_TOKEN_MAX_BYTES);
	require(utf8_valid(token->text));
	require(!bytes_printf(trace, NULL, "%d %u %" PRIu64 " ", token->kind, token->depth,
			      token->offset_bytes));
	require(!bytes_append_view(trace, token->text, NULL));
}

/* Pieces of `step` bytes, each in memory of exactly its size. */
static enum muster_code trace_pieces(struct bytes *trace, struct view text, size_t step)
{
	struct json_reader *reader;
	struct json_token token;
	struct muster_error err = { 0 };
	enum muster_code code = MUSTER_FULL;

	require(!json_reader_new(&reader, NULL));
	while (code == MUSTER_FULL) {
		struct view piece;
		uint8_t *copy;

		require(take_bytes(&text, text.len < step ? text.len : step, &piece));
		copy = malloc(piece.len ? piece.len : 1);
		require(copy);
		if (piece.len)
			memcpy(copy, piece.ptr, piece.len);
		json_feed(reader, view_of(copy, piece.len));
		if (!text.len)
			json_finish(reader);
		while ((code = json_next(reader, &token, &err)) == MUSTER_OK)
			trace_token(trace, &token);
		free(copy);
	}
	require(!bytes_printf(trace, NULL, "%d %s", code, err.message));
	json_reader_free(reader);
	return code;
}

static void copy_document(struct view text, struct bytes *out)
{
	struct json_reader *reader;
	struct json_token token;

	require(!json_reader_over(&reader, text, NULL));
	require(!json_next(reader, &token, NULL));
	require(!json_copy(reader, &token, out, SIZE_MAX, NULL));
	require(json_next(reader, &token, NULL) == MUSTER_END);
	json_reader_free(reader);
}

static void skip_document(struct view text)
{
	struct json_reader *reader;
	struct json_token token;

	require(!json_reader_over(&reader, text, NULL));
	require(!json_next(reader, &token, NULL));
	require(!json_skip(reader, &token, NULL));
	require(json_next(reader, &token, NULL) == MUSTER_END);
	json_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes whole = { 0 }, cut = { 0 }, first = { 0 }, second = { 0 };
	struct view text;
	enum muster_code code;

	if (!size)
		return 0;
	text = view_of(data + 1, size - 1);
	code = trace_pieces(&whole, text, SIZE_MAX);
	require(code == MUSTER_END || code == MUSTER_E_FORMAT || code == MUSTER_E_LIMIT);
	require(trace_pieces(&cut, text, data[0] % 32 + 1u) == code);
	require(view_equal(bytes_view(&whole), bytes_view(&cut)));
	if (code == MUSTER_END) {
		copy_document(text, &first);
		copy_document(bytes_view(&first), &second);
		require(view_equal(bytes_view(&first), bytes_view(&second)));
		skip_document(text);
	}
	bytes_release(&whole);
	bytes_release(&cut);
	bytes_release(&first);
	bytes_release(&second);
	return 0;
}
