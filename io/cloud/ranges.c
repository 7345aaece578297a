#include "io/cloud/ranges.h"

#include <inttypes.h>
#include <strings.h>

#include "base/text/text.h"
#include "io/cloud/header.h"

static bool cut(struct view *text, char mark, struct view *head)
{
	const uint8_t *at = text->len ? memchr(text->ptr, mark, text->len) : NULL;

	if (!at)
		return false;
	*head = view_of(text->ptr, (size_t)(at - text->ptr));
	*text = view_of(at + 1, text->len - head->len - 1);
	return true;
}

bool content_range_parse(struct view text, struct content_range *out)
{
	struct content_range range = { 0 };
	struct view bytes, first;

	if (!view_starts_with(text, VIEW_LITERAL("bytes ")))
		return false;
	text = view_of(text.ptr + 6, text.len - 6);
	if (!cut(&text, '/', &bytes))
		return false;
	range.has_total = !view_equal(text, VIEW_LITERAL("*"));
	if (range.has_total && !text_parse_u64(text, &range.total))
		return false;
	range.has_bytes = !view_equal(bytes, VIEW_LITERAL("*"));
	if (range.has_bytes && (!cut(&bytes, '-', &first) || !text_parse_u64(first, &range.first) ||
				!text_parse_u64(bytes, &range.last) || range.first > range.last))
		return false;
	*out = range;
	return true;
}

static enum muster_code judge_whole(struct cloud_call *call, const struct http_reply *reply,
				    struct muster_error *err)
{
	struct view text;
	uint64_t len = reply->body_bytes;

	if (call->verb == CLOUD_READ && call->offset_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "the server does not answer ranges");
	if (http_reply_header(reply, "content-length", &text))
		text_parse_u64(text, &len);
	call->out.size_bytes = len;
	return MUSTER_OK;
}

static enum muster_code judge_part(struct cloud_call *call, const struct content_range *range,
				   struct muster_error *err)
{
	uint64_t first = call->offset_bytes;

	if (!range->has_bytes || !range->has_total || range->last >= range->total)
		return muster_fail(err, MUSTER_E_FORMAT, "the server does not tell which bytes");
	if (call->verb == CLOUD_TAIL)
		first = range->total > call->len ? range->total - call->len : 0;
	if (range->first != first)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "bytes from %" PRIu64 " on came instead of those from %" PRIu64,
				   range->first, first);
	call->out.size_bytes = range->total;
	return MUSTER_OK;
}

enum muster_code range_judge(struct cloud_call *call, const struct http_reply *reply,
			     struct muster_error *err)
{
	struct content_range range = { 0 };
	struct view text;

	if (reply->status == 200)
		return judge_whole(call, reply, err);
	if (http_reply_header(reply, "content-range", &text))
		content_range_parse(text, &range);
	if (reply->status == 206)
		return judge_part(call, &range, err);
	/* no range lies within an empty object, not even the first one */
	if ((call->verb == CLOUD_READ && call->offset_bytes) || (range.has_total && range.total))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the object has no bytes from %" PRIu64 " on",
				   call->offset_bytes);
	call->out.size_bytes = 0;
	return MUSTER_OK;
}

bool header_walk_next(struct header_walk *walk, struct view *item)
{
	while (!walk->rest.len) {
		const char *name = walk->lines->text + walk->at, *value;

		if (walk->at >= walk->lines->len)
			return false;
		value = name + strlen(name) + 1;
		walk->at = (size_t)(value - walk->lines->text) + strlen(value) + 1;
		if (strcasecmp(name, walk->name) == 0)
			walk->rest = view_text(value);
	}
	if (!cut(&walk->rest, ',', item)) {
		*item = walk->rest;
		walk->rest = (struct view){ 0 };
	}
	*item = header_trim(*item);
	return true;
}
