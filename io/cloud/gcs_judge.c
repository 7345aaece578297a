#include <errno.h>
#include <inttypes.h>

#include "base/text/text.h"
#include "io/cloud/gcs_internal.h"
#include "io/cloud/refusal.h"

#define RESUME_INCOMPLETE 308
#define UPLOAD_CANCELLED  499
/* Bytes that arrive damaged so often are damaged where they come from. */
#define DAMAGED_TRIES 3

static bool is_upload(enum cloud_verb verb)
{
	return verb == CLOUD_CREATE || verb == CLOUD_BEGIN || verb == CLOUD_PART ||
	       verb == CLOUD_PARTS;
}

static bool is_read(enum cloud_verb verb)
{
	return verb == CLOUD_READ || verb == CLOUD_TAIL;
}

/* --- parts ----------------------------------------------------------------------------------- */

/* How many bytes of the object the server has: "Range: bytes=0-N", or nothing. */
static bool read_persisted(const struct http_reply *reply, uint64_t *count)
{
	struct view text;

	*count = 0;
	if (!http_reply_header(reply, "range", &text))
		return true;
	if (!view_starts_with(text, VIEW_LITERAL("bytes=0-")) ||
	    !text_parse_u64(view_of(text.ptr + 8, text.len - 8), count))
		return false;
	return !add_overflows(*count, 1, count);
}

/* The server wants more. Of a part that is not the last that is right; but it may have kept less
 * than was sent: then the part is sent again, and what is there already is passed over. */
static enum muster_code judge_incomplete(const struct cloud_call *call,
					 const struct http_reply *reply,
					 enum pacer_outcome *outcome, struct muster_error *err)
{
	uint64_t end = call->offset_in_object + call->body.len, persisted;

	if (!read_persisted(reply, &persisted))
		return muster_fail(err, MUSTER_E_FORMAT, "the server's Range is none");
	if (persisted < call->offset_in_object)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the server has lost bytes of parts that it had taken");
	if (!call->is_last && persisted >= end)
		return MUSTER_OK;
	*outcome = PACER_FAILED;
	muster_fail(err, MUSTER_E_IO, "the server has not kept all bytes");
	if (err)
		err->sys_errno = EIO;
	return MUSTER_E_IO;
}

/* Asked how far it came, the session says so, as it does when a part was not the last. */
static enum muster_code judge_parts(struct cloud_call *call, const struct http_reply *reply,
				    struct muster_error *err)
{
	if (read_persisted(reply, &call->out.size_bytes))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_FORMAT, "the server's Range is none");
}

/* --- successes ------------------------------------------------------------------------------- */

/* The object is there: with this part or, where only the answer was lost, before it was sent once
 * more. */
static enum muster_code judge_last(struct cloud_call *call, const struct http_reply *reply,
				   struct muster_error *err)
{
	uint64_t end = call->offset_in_object + call->body.len;
	enum muster_code code;
	uint32_t crc;

	if (!call->is_last)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the server ended the upload with this part");
	code = gcs_take_resource(call, reply->body, err);
	if (!code && call->out.size_bytes != end)
		return muster_fail(err, MUSTER_E_DIGEST,
				   "%" PRIu64 " bytes became an object of %" PRIu64, end,
				   call->out.size_bytes);
	if (!code && call->out.sums.has_crc32c && gcs_expect_crc(call, &crc) &&
	    crc != call->out.sums.crc32c)
		return muster_fail(err, MUSTER_E_DIGEST, "the server's object has another CRC-32C");
	return code;
}

static enum muster_code judge_success(struct cloud_call *call, const struct http_reply *reply,
				      struct muster_error *err)
{
	switch (call->verb) {
	case CLOUD_READ:
	case CLOUD_TAIL:
		return gcs_take_media(call, reply, err);
	case CLOUD_HEAD:
	case CLOUD_CREATE:
		return gcs_take_resource(call, reply->body, err);
	case CLOUD_BEGIN:
		return gcs_take_session(call, reply, err);
	case CLOUD_PART:
		return judge_last(call, reply, err);
	case CLOUD_PARTS: /* it has become an object */
		return MUSTER_ABSENT;
	default:
		return MUSTER_OK;
	}
}

/* --- refusals -------------------------------------------------------------------------------- */

static enum muster_code judge_absent(const struct cloud_call *call, const struct refusal *refusal,
				     struct muster_error *err)
{
	/* Google has no word of its own for it. */
	if (call->verb != CLOUD_ABORT && strstr(refusal->message, "bucket does not exist"))
		return refusal_fail(refusal, MUSTER_E_IO, ENOENT, err);
	switch (call->verb) {
	case CLOUD_READ:
	case CLOUD_TAIL:
	case CLOUD_HEAD:
	case CLOUD_PART:
	case CLOUD_PARTS:
		return MUSTER_ABSENT;
	case CLOUD_REMOVE:
	case CLOUD_ABORT:
		return MUSTER_OK;
	default:
		return refusal_fail(refusal, MUSTER_E_IO, ENOENT, err);
	}
}

/* "Provided MD5 hash … doesn't match calculated MD5 hash …" */
static bool is_damaged(const struct cloud_call *call, const struct refusal *refusal)
{
	return refusal->status == 400 &&
	       (call->verb == CLOUD_CREATE || (call->verb == CLOUD_PART && call->is_last)) &&
	       (strstr(refusal->message, "MD5") || strcasestr(refusal->message, "crc32c") ||
		strcasestr(refusal->message, "checksum"));
}

static enum muster_code judge_refusal(const struct gcs *gcs, const struct cloud_call *call,
				      const struct http_reply *reply, enum pacer_outcome *outcome,
				      struct muster_error *err)
{
	/* The id of a request that uploads is the name of its session, which is a secret. */
	struct refusal_headers headers = {
		.request_id = is_upload(call->verb) || call->verb == CLOUD_ABORT
				      ? NULL
				      : "x-guploader-uploadid",
	};
	struct refusal refusal;

	refusal_read(&refusal, reply, &headers);
	http_reply_judge(reply, outcome, NULL);
	switch (reply->status) {
	case 401:
		if (gcs->keys && keys_refuse(gcs->keys))
			*outcome = PACER_FAILED;
		return refusal_fail(&refusal, MUSTER_E_IO, EACCES, err);
	case 403:
		if (refusal_is(&refusal, "rateLimitExceeded") ||
		    refusal_is(&refusal, "userRateLimitExceeded"))
			*outcome = PACER_THROTTLED;
		return refusal_fail(&refusal, MUSTER_E_IO, EACCES, err);
	case 404:
	case 410:
		return judge_absent(call, &refusal, err);
	case 412:
		if (is_upload(call->verb))
			return MUSTER_EXISTS;
		return refusal_fail(&refusal, MUSTER_E_CHANGED, 0, err);
	case UPLOAD_CANCELLED:
		if (call->verb == CLOUD_ABORT)
			return MUSTER_OK;
		if (call->verb == CLOUD_PARTS)
			return MUSTER_ABSENT;
		break;
	default:
		break;
	}
	if (is_damaged(call, &refusal)) {
		if (reply->attempt < DAMAGED_TRIES)
			*outcome = PACER_FAILED;
		return refusal_fail(&refusal, MUSTER_E_DIGEST, 0, err);
	}
	return refusal_fail(&refusal, MUSTER_E_IO, EIO, err);
}

enum muster_code gcs_judge(struct cloud_protocol *protocol, struct cloud_call *call,
			   const struct http_reply *reply, enum pacer_outcome *outcome,
			   struct muster_error *err)
{
	const struct gcs *gcs = (const struct gcs *)(const void *)protocol;
	enum muster_code code;

	*outcome = PACER_SERVED;
	if (reply->status >= 200 && reply->status < 300)
		code = judge_success(call, reply, err);
	else if (reply->status == 416 && is_read(call->verb))
		code = gcs_take_media(call, reply, err);
	else if (reply->status == RESUME_INCOMPLETE && call->verb == CLOUD_PART)
		code = judge_incomplete(call, reply, outcome, err);
	else if (reply->status == RESUME_INCOMPLETE && call->verb == CLOUD_PARTS)
		code = judge_parts(call, reply, err);
	else
		code = judge_refusal(gcs, call, reply, outcome, err);
	return refusal_name_call(code, protocol, call, err);
}
