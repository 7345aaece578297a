#include <errno.h>

#include "base/text/text.h"
#include "io/cloud/azure_internal.h"
#include "base/text/date.h"
#include "io/cloud/ranges.h"
#include "io/cloud/refusal.h"

/* A service refuses what is 15 minutes off; what is less is no reason to be refused. */
#define CLOCK_TOLERANCE_NS (60 * INT64_C(1000000000))
/* Bytes that arrive damaged so often are damaged where they come from. */
#define DAMAGED_TRIES 3

static bool is_read(enum cloud_verb verb)
{
	return verb == CLOUD_READ || verb == CLOUD_TAIL;
}

static bool is_creation(enum cloud_verb verb)
{
	return verb == CLOUD_CREATE || verb == CLOUD_COMPLETE;
}

/* --- successes ------------------------------------------------------------------------------- */

static enum muster_code begin_upload(struct azure *azure, struct cloud_call *call,
				     struct muster_error *err)
{
	char id[AZURE_ID_TEXT];

	azure_make_id(azure, id);
	call->out.upload.len = 0;
	return bytes_append_text(&call->out.upload, id, err);
}

/* What is too long is not ours, and compares unequal to all that is. */
static void take_header(char *out, size_t cap, const struct http_reply *reply, const char *name)
{
	struct view text;

	if (!http_reply_header(reply, name, &text) || text.len >= cap)
		text.len = 0;
	if (text.len)
		memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

static enum muster_code take_bytes_read(struct cloud_call *call, const struct http_reply *reply,
					struct muster_error *err)
{
	enum muster_code code = range_judge(call, reply, err);
	struct view etag;

	if (code)
		return code;
	http_reply_header(reply, "etag", &etag);
	if (call->etag.len && etag.len && !view_equal(listing_etag(call->etag), listing_etag(etag)))
		return muster_fail(err, MUSTER_E_CHANGED, "the server's object is another one now");
	take_header(call->out.etag, sizeof(call->out.etag), reply, "etag");
	return MUSTER_OK;
}

static enum muster_code take_properties(struct cloud_call *call, const struct http_reply *reply,
					struct muster_error *err)
{
	struct view text;

	if (!http_reply_header(reply, "content-length", &text) ||
	    !text_parse_u64(text, &call->out.size_bytes))
		return muster_fail(err, MUSTER_E_FORMAT, "the answer tells no length");
	if (http_reply_header(reply, "last-modified", &text))
		date_parse_http(text, &call->out.modified_ns);
	take_header(call->out.etag, sizeof(call->out.etag), reply, "etag");
	take_header(call->out.nonce, sizeof(call->out.nonce), reply, "x-ms-meta-musternonce");
	return MUSTER_OK;
}

static enum muster_code judge_success(struct azure *azure, struct cloud_call *call,
				      const struct http_reply *reply, struct muster_error *err)
{
	size_t id_len;

	switch (call->verb) {
	case CLOUD_READ:
	case CLOUD_TAIL:
		return take_bytes_read(call, reply, err);
	case CLOUD_HEAD:
		return take_properties(call, reply, err);
	case CLOUD_CREATE:
	case CLOUD_COMPLETE:
		take_header(call->out.etag, sizeof(call->out.etag), reply, "etag");
		return MUSTER_OK;
	case CLOUD_PART:
		id_len = azure_block_id(call->out.etag, call);
		call->out.etag[id_len] = '\0';
		return MUSTER_OK;
	case CLOUD_PARTS:
		return MUSTER_OK;
	case CLOUD_BEGIN: /* who completes it will be told that it is there */
		return begin_upload(azure, call, err);
	default:
		return MUSTER_OK;
	}
}

/* --- refusals -------------------------------------------------------------------------------- */

static enum muster_code judge_absent(struct azure *azure, struct cloud_call *call,
				     const struct refusal *refusal, struct muster_error *err)
{
	if (call->verb == CLOUD_ABORT)
		return MUSTER_OK;
	if (refusal_is(refusal, "ContainerNotFound"))
		return refusal_fail(refusal, MUSTER_E_IO, ENOENT, err);
	switch (call->verb) {
	case CLOUD_READ:
	case CLOUD_TAIL:
	case CLOUD_HEAD:
	case CLOUD_PARTS:
		return MUSTER_ABSENT;
	case CLOUD_REMOVE:
		return MUSTER_OK;
	case CLOUD_BEGIN:
		return begin_upload(azure, call, err);
	default:
		return refusal_fail(refusal, MUSTER_E_IO, ENOENT, err);
	}
}

/* Is it refused because it is there? A right that is only to create says so by 403, a blob with a
 * lease by 412, one of another type by 409. */
static bool tells_existence(const struct cloud_call *call, const struct refusal *refusal)
{
	return is_creation(call->verb) &&
	       (refusal->status == 412 || refusal_is(refusal, "BlobAlreadyExists") ||
		refusal_is(refusal, "InvalidBlobType") ||
		refusal_is(refusal, "UnauthorizedBlobOverwrite"));
}

static bool is_clock_off(struct azure *azure)
{
	struct cloud_clock *clock = &azure->protocol.clock;
	int64_t ahead_ns = (int64_t)(cloud_clock_ns(clock) - cloud_clock_wall_ns(clock));

	return ahead_ns > CLOCK_TOLERANCE_NS || ahead_ns < -CLOCK_TOLERANCE_NS;
}

/* 403 AuthenticationFailed is what a clock that is off, a key that is no longer one and a signature
 * that has expired have in common. By now the clock is right: it was perhaps not when this request
 * was signed. */
static bool may_authenticate(struct azure *azure, const struct http_reply *reply,
			     const struct refusal *refusal)
{
	if (!azure->keys || (reply->status == 403 && !refusal_is(refusal, "AuthenticationFailed")))
		return false;
	if (reply->status == 403 && reply->attempt == 1 && is_clock_off(azure))
		return true;
	return keys_refuse(azure->keys);
}

static bool is_damaged(const struct cloud_call *call, const struct refusal *refusal)
{
	if (refusal->status != 400 || (call->verb != CLOUD_CREATE && call->verb != CLOUD_PART))
		return false;
	return refusal_is(refusal, "Md5Mismatch") || refusal_is(refusal, "Crc64Mismatch") ||
	       /* Azurite's word for it */
	       (call->sums && refusal_is(refusal, "InvalidOperation"));
}

static enum muster_code judge_others(const struct cloud_call *call, const struct http_reply *reply,
				     const struct refusal *refusal, enum pacer_outcome *outcome,
				     struct muster_error *err)
{
	/* Whoever committed blocks of this key has discarded ours. */
	if (call->verb == CLOUD_COMPLETE && refusal_is(refusal, "InvalidBlockList"))
		return MUSTER_ABSENT;
	if (is_damaged(call, refusal)) {
		if (reply->attempt < DAMAGED_TRIES)
			*outcome = PACER_FAILED;
		return refusal_fail(refusal, MUSTER_E_DIGEST, 0, err);
	}
	if (refusal_is(refusal, "FeatureNotSupported")) { /* Azurite, as a 500 */
		*outcome = PACER_SERVED;
		return refusal_fail(refusal, MUSTER_E_UNSUPPORTED, 0, err);
	}
	if (refusal_is(refusal, "OperationTimedOut") || refusal_is(refusal, "ServerBusy"))
		*outcome = PACER_THROTTLED;
	return refusal_fail(refusal, MUSTER_E_IO, EIO, err);
}

static enum muster_code judge_refusal(struct azure *azure, struct cloud_call *call,
				      const struct http_reply *reply, enum pacer_outcome *outcome,
				      struct muster_error *err)
{
	static const struct refusal_headers headers = { "x-ms-error-code", "x-ms-request-id" };
	struct refusal refusal;

	refusal_read(&refusal, reply, &headers);
	http_reply_judge(reply, outcome, NULL);
	if (tells_existence(call, &refusal))
		return MUSTER_EXISTS;
	switch (reply->status) {
	case 401:
	case 403:
		if (may_authenticate(azure, reply, &refusal))
			*outcome = PACER_FAILED;
		return refusal_fail(&refusal, MUSTER_E_IO, EACCES, err);
	case 404:
		return judge_absent(azure, call, &refusal, err);
	case 412:
		return refusal_fail(&refusal, MUSTER_E_CHANGED, 0, err);
	default:
		return judge_others(call, reply, &refusal, outcome, err);
	}
}

enum muster_code azure_judge(struct cloud_protocol *protocol, struct cloud_call *call,
			     const struct http_reply *reply, enum pacer_outcome *outcome,
			     struct muster_error *err)
{
	struct azure *azure = (struct azure *)(void *)protocol;
	enum muster_code code;

	*outcome = PACER_SERVED;
	if (reply->status >= 200 && reply->status < 300)
		code = judge_success(azure, call, reply, err);
	else if (reply->status == 416 && is_read(call->verb))
		code = take_bytes_read(call, reply, err);
	else
		code = judge_refusal(azure, call, reply, outcome, err);
	return refusal_name_call(code, protocol, call, err);
}
