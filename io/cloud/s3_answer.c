/* What an answer to each verb has, and that it has it. */
#include "base/text/text.h"
#include "base/text/date.h"
#include "io/cloud/s3_internal.h"

/* An ETag that is longer than any is not used. */
static void take_etag(struct cloud_call *call, const struct http_reply *reply)
{
	struct view etag;

	call->out.etag[0] = 0;
	if (!http_reply_header(reply, "etag", &etag) || etag.len >= sizeof(call->out.etag))
		return;
	memcpy(call->out.etag, etag.ptr, etag.len);
	call->out.etag[etag.len] = 0;
}

/* "bytes 0-9/100" */
static bool parse_content_range(struct view text, uint64_t *first, uint64_t *size)
{
	struct view unit = VIEW_LITERAL("bytes ");
	const uint8_t *dash, *slash;

	if (!view_starts_with(text, unit))
		return false;
	text = view_of(text.ptr + unit.len, text.len - unit.len);
	dash = text.len ? memchr(text.ptr, '-', text.len) : NULL;
	slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	return dash && slash &&
	       text_parse_u64(view_of(text.ptr, (size_t)(dash - text.ptr)), first) &&
	       text_parse_u64(view_of(slash + 1, text.len - (size_t)(slash + 1 - text.ptr)), size);
}

static enum muster_code judge_bytes(struct s3 *s3, struct cloud_call *call,
				    const struct http_reply *reply, struct muster_error *err)
{
	uint64_t first = 0, size = reply->body_bytes;
	struct view range;

	take_etag(call, reply);
	if (reply->status == 206 && (!http_reply_header(reply, "content-range", &range) ||
				     !parse_content_range(range, &first, &size)))
		return s3_tell_format(s3, call, "no Content-Range", err);
	if (call->verb == CLOUD_READ && first != call->offset_bytes)
		return s3_tell_format(s3, call, "another range than was asked for", err);
	call->out.size_bytes = size;
	return MUSTER_OK;
}

static enum muster_code judge_head(struct s3 *s3, struct cloud_call *call,
				   const struct http_reply *reply, struct muster_error *err)
{
	struct view size, nonce, modified;

	take_etag(call, reply);
	if (!http_reply_header(reply, "content-length", &size) ||
	    !text_parse_u64(size, &call->out.size_bytes))
		return s3_tell_format(s3, call, "no Content-Length", err);
	call->out.nonce[0] = 0;
	if (http_reply_header(reply, "x-amz-meta-musternonce", &nonce) &&
	    nonce.len < sizeof(call->out.nonce)) {
		memcpy(call->out.nonce, nonce.ptr, nonce.len);
		call->out.nonce[nonce.len] = 0;
	}
	if (!http_reply_header(reply, "last-modified", &modified) ||
	    !date_parse_http(modified, &call->out.modified_ns))
		call->out.modified_ns = 0;
	return MUSTER_OK;
}

static enum muster_code judge_part(struct s3 *s3, struct cloud_call *call,
				   const struct http_reply *reply, struct muster_error *err)
{
	take_etag(call, reply);
	return call->out.etag[0] ? MUSTER_OK : s3_tell_format(s3, call, "no ETag", err);
}

/* The answers that have a document, which may be an error's. */
static enum muster_code judge_document(struct s3 *s3, struct cloud_call *call,
				       const struct http_reply *reply, enum pacer_outcome *outcome,
				       struct muster_error *err)
{
	bool begins = call->verb == CLOUD_BEGIN;
	struct cloud_error error = { 0 };
	struct s3_reply answer = { 0 };
	enum muster_code code =
		s3_reply_parse(&answer, begins ? S3_REPLY_INITIATED : S3_REPLY_COMPLETED,
			       reply->body, &error, err);

	call->out.upload.len = 0;
	if (!code && begins)
		code = bytes_append_view(&call->out.upload, answer.upload_id, err);
	else if (code == MUSTER_E_IO)
		code = s3_judge_error(s3, call, reply, &error, outcome, err);
	s3_reply_release(&answer);
	cloud_error_release(&error);
	return code;
}

/* A page is read elsewhere; here only whether it is one. Keys in it have no '<'. */
static bool is_error_page(const struct http_reply *reply)
{
	size_t len = reply->body.len < 512 ? reply->body.len : 512;

	return len && memmem(reply->body.ptr, len, "<Error", 6);
}

enum muster_code s3_judge(struct cloud_protocol *protocol, struct cloud_call *call,
			  const struct http_reply *reply, enum pacer_outcome *outcome,
			  struct muster_error *err)
{
	struct s3 *s3 = s3_of(protocol);

	if (reply->status < 200 || reply->status >= 300)
		return s3_judge_status(s3, call, reply, outcome, err);
	switch (call->verb) {
	case CLOUD_READ:
	case CLOUD_TAIL:
		return judge_bytes(s3, call, reply, err);
	case CLOUD_HEAD:
		return judge_head(s3, call, reply, err);
	case CLOUD_PART:
		return judge_part(s3, call, reply, err);
	case CLOUD_BEGIN:
	case CLOUD_COMPLETE:
		return judge_document(s3, call, reply, outcome, err);
	case CLOUD_LIST:
	case CLOUD_PARTS:
		return is_error_page(reply) ? s3_judge_status(s3, call, reply, outcome, err)
					    : MUSTER_OK;
	default:
		return MUSTER_OK;
	}
}
