/*
 * What a failure means. The word of an error document counts first: S3 says the same by other
 * statuses in other places, and errors come inside a 200, too. Then the status: an answer to HEAD
 * has no document, one of a proxy another one.
 */
#include <errno.h>

#include "io/cloud/s3_internal.h"

enum meaning {
	MEANS_FAILED, /* nothing that we could act upon */
	MEANS_ABSENT,
	MEANS_NO_BUCKET,
	MEANS_EXISTS,  /* a condition was not met */
	MEANS_RANGE,   /* there are no such bytes */
	MEANS_TRY,     /* again, that is all */
	MEANS_SLOWER,  /* again, with fewer at once */
	MEANS_CLOCK,   /* again: our clock was off */
	MEANS_KEYS,    /* again, with fresh keys */
	MEANS_PLACE,   /* again, elsewhere */
	MEANS_DAMAGED, /* other bytes came than were sent: once more, then the memory is suspect */
	MEANS_UNKNOWN, /* the server does not know what it was asked */
};

static const struct {
	const char *word;
	enum meaning meaning;
} words[] = {
	{ "NoSuchKey", MEANS_ABSENT },
	{ "NoSuchUpload", MEANS_ABSENT },
	{ "NoSuchBucket", MEANS_NO_BUCKET },
	{ "PreconditionFailed", MEANS_EXISTS },
	{ "InvalidRange", MEANS_RANGE },
	{ "InternalError", MEANS_TRY },
	{ "OperationAborted", MEANS_TRY },
	{ "ConditionalRequestConflict", MEANS_TRY },
	{ "RequestTimeout", MEANS_TRY }, /* its status is 400 */
	{ "SlowDown", MEANS_SLOWER },
	{ "SlowDownRead", MEANS_SLOWER },
	{ "SlowDownWrite", MEANS_SLOWER },
	{ "ServiceUnavailable", MEANS_SLOWER },
	{ "ServerBusy", MEANS_SLOWER },
	{ "Throttling", MEANS_SLOWER },
	{ "ThrottlingException", MEANS_SLOWER },
	{ "TooManyRequests", MEANS_SLOWER },
	{ "RequestLimitExceeded", MEANS_SLOWER },
	{ "RequestTimeTooSkewed", MEANS_CLOCK },
	{ "ExpiredToken", MEANS_KEYS },
	{ "InvalidToken", MEANS_KEYS },
	{ "TokenRefreshRequired", MEANS_KEYS },
	{ "InvalidAccessKeyId", MEANS_KEYS },
	{ "PermanentRedirect", MEANS_PLACE },
	{ "TemporaryRedirect", MEANS_PLACE },
	{ "Redirect", MEANS_PLACE },
	{ "AuthorizationHeaderMalformed", MEANS_PLACE },
	{ "IllegalLocationConstraintException", MEANS_PLACE },
	{ "BadDigest", MEANS_DAMAGED },
	{ "InvalidDigest", MEANS_DAMAGED },
	{ "XAmzContentSHA256Mismatch", MEANS_DAMAGED },
	{ "XAmzContentChecksumMismatch", MEANS_DAMAGED },
	{ "NotImplemented", MEANS_UNKNOWN },
};

static enum meaning meaning_of_status(const struct http_reply *reply)
{
	struct view region;

	switch (reply->status) {
	case 301:
	case 307:
		return MEANS_PLACE;
	case 400:
		return http_reply_header(reply, "x-amz-bucket-region", &region) ? MEANS_PLACE
										: MEANS_FAILED;
	case 401:
		return MEANS_KEYS;
	case 404:
		return MEANS_ABSENT;
	case 412:
		return MEANS_EXISTS;
	case 416:
		return MEANS_RANGE;
	case 408:
	case 409:
	case 500:
	case 502:
	case 504:
		return MEANS_TRY;
	case 429:
	case 503:
		return MEANS_SLOWER;
	case 501:
		return MEANS_UNKNOWN;
	default:
		return MEANS_FAILED;
	}
}

static enum meaning meaning_of(const struct http_reply *reply, const struct cloud_error *error)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (view_equal(error->code, view_text(words[i].word)))
			return words[i].meaning;
	return meaning_of_status(reply);
}

/* --- messages -------------------------------------------------------------------------------- */

static const char *verb_name(enum cloud_verb verb)
{
	static const char *const names[] = {
		[CLOUD_READ] = "read",
		[CLOUD_TAIL] = "open",
		[CLOUD_HEAD] = "look at",
		[CLOUD_CREATE] = "create",
		[CLOUD_LIST] = "list",
		[CLOUD_REMOVE] = "remove",
		[CLOUD_BEGIN] = "begin",
		[CLOUD_PART] = "upload a part of",
		[CLOUD_COMPLETE] = "complete",
		[CLOUD_ABORT] = "abort",
		[CLOUD_PARTS] = "list the parts of",
	};

	return names[verb];
}

static struct view cut(struct view text, size_t max)
{
	return view_of(text.ptr, text.len < max ? text.len : max);
}

static int errno_of(const struct http_reply *reply, enum meaning meaning)
{
	if (meaning == MEANS_NO_BUCKET)
		return ENOENT;
	return reply->status == 401 || reply->status == 403 ? EACCES : EIO;
}

static struct view request_id(const struct http_reply *reply, const struct cloud_error *error)
{
	struct view id;

	return http_reply_header(reply, "x-amz-request-id", &id) ? id : error->request_id;
}

/* "create s3://bucket/key: 403 AccessDenied: Access Denied (request 1A2B)" */
static enum muster_code tell(const struct s3 *s3, const struct cloud_call *call,
			     const struct http_reply *reply, const struct cloud_error *error,
			     enum meaning meaning, struct muster_error *err)
{
	struct view key = cut(call->verb == CLOUD_LIST ? call->prefix : call->key, 160);
	struct view word = cut(error->code, 64), text = cut(error->message, 160);
	struct view id = cut(request_id(reply, error), 64);

	muster_fail(err, MUSTER_E_IO, "%s %s/%.*s: %u%s%.*s%s%.*s%s%.*s%s", verb_name(call->verb),
		    s3->base.place, VIEW_ARGS(key), reply->status, word.len ? " " : "",
		    VIEW_ARGS(word), text.len ? ": " : "", VIEW_ARGS(text),
		    id.len ? " (request " : "", VIEW_ARGS(id), id.len ? ")" : "");
	if (err)
		err->sys_errno = errno_of(reply, meaning);
	return MUSTER_E_IO;
}

enum muster_code s3_tell_format(const struct s3 *s3, const struct cloud_call *call,
				const char *what, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT, "%s %s/%.*s: the answer has %s",
			   verb_name(call->verb), s3->base.place, VIEW_ARGS(cut(call->key, 160)),
			   what);
}

/* --- what can be done about it --------------------------------------------------------------- */

/* Is it worth another try, after what can be done about it was done? */
static enum pacer_outcome outcome_of(struct s3 *s3, const struct cloud_call *call,
				     const struct http_reply *reply,
				     const struct cloud_error *error, enum meaning meaning)
{
	bool is_first = reply->attempt <= 2; /* one of them may have been a hedge */
	bool helps;

	switch (meaning) {
	case MEANS_TRY:
		return PACER_FAILED;
	case MEANS_SLOWER:
		return PACER_THROTTLED;
	case MEANS_CLOCK: /* it has learned from this answer */
	case MEANS_DAMAGED:
		helps = is_first;
		break;
	case MEANS_KEYS:
		helps = s3->keys && keys_refuse(s3->keys);
		break;
	case MEANS_PLACE:
		helps = s3_place_move(s3, reply, error) && reply->attempt <= 4;
		break;
	case MEANS_UNKNOWN: /* the condition, or there is nothing to leave out */
		helps = call->verb == CLOUD_COMPLETE && is_first;
		pthread_mutex_lock(&s3->lock);
		s3->shared.completes_anyway |= helps;
		pthread_mutex_unlock(&s3->lock);
		break;
	default:
		helps = false;
	}
	return helps ? PACER_FAILED : PACER_SERVED;
}

static bool is_ranged(const struct cloud_call *call)
{
	return call->verb == CLOUD_READ || call->verb == CLOUD_TAIL;
}

/* MUSTER_OK, or an answer, if the verb has one for it; else MUSTER_E_IO. */
static enum muster_code answer_of(struct cloud_call *call, enum meaning meaning)
{
	enum cloud_verb verb = call->verb;

	switch (meaning) {
	case MEANS_ABSENT:
		if (verb == CLOUD_REMOVE)
			return MUSTER_OK;
		return verb == CLOUD_CREATE || verb == CLOUD_BEGIN || verb == CLOUD_LIST
			       ? MUSTER_E_IO
			       : MUSTER_ABSENT;
	case MEANS_EXISTS:
		if (is_ranged(call) && call->etag.len)
			return MUSTER_E_CHANGED;
		return verb == CLOUD_CREATE || verb == CLOUD_COMPLETE ? MUSTER_EXISTS : MUSTER_E_IO;
	case MEANS_RANGE: /* even of all bytes: the object is empty */
		call->out.size_bytes = 0;
		return verb == CLOUD_TAIL || (verb == CLOUD_READ && !call->offset_bytes)
			       ? MUSTER_OK
			       : MUSTER_E_CHANGED;
	default:
		return MUSTER_E_IO;
	}
}

enum muster_code s3_judge_error(struct s3 *s3, struct cloud_call *call,
				const struct http_reply *reply, const struct cloud_error *error,
				enum pacer_outcome *outcome, struct muster_error *err)
{
	enum meaning meaning = meaning_of(reply, error);
	enum muster_code code = answer_of(call, meaning);

	if (!muster_failed(code))
		return code;
	if (code == MUSTER_E_CHANGED)
		return muster_fail(err, MUSTER_E_CHANGED, "%s %s/%.*s: it is another object now",
				   verb_name(call->verb), s3->base.place,
				   VIEW_ARGS(cut(call->key, 160)));
	*outcome = outcome_of(s3, call, reply, error, meaning);
	tell(s3, call, reply, error, meaning, err);
	if (meaning != MEANS_UNKNOWN || *outcome != PACER_SERVED)
		return MUSTER_E_IO;
	if (err)
		err->code = MUSTER_E_UNSUPPORTED;
	return MUSTER_E_UNSUPPORTED;
}

enum muster_code s3_judge_status(struct s3 *s3, struct cloud_call *call,
				 const struct http_reply *reply, enum pacer_outcome *outcome,
				 struct muster_error *err)
{
	struct cloud_error error = { 0 };
	enum muster_code code;

	cloud_error_parse(&error, reply->body, NULL); /* there may be none */
	code = s3_judge_error(s3, call, reply, &error, outcome, err);
	cloud_error_release(&error);
	return code;
}
