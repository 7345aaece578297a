#include "io/cloud/refusal.h"

#include <stdio.h>

#include "io/cloud/reply.h"

static void copy_line(char *out, size_t cap, struct view text)
{
	size_t len = 0;

	while (len < text.len && len < cap - 1 && text.ptr[len] != '\n' && text.ptr[len] != '\r' &&
	       text.ptr[len])
		len++;
	if (len)
		memcpy(out, text.ptr, len);
	out[len] = '\0';
}

static void copy_header(char *out, size_t cap, const struct http_reply *reply, const char *name)
{
	struct view value;

	if (name && http_reply_header(reply, name, &value))
		copy_line(out, cap, value);
}

/* Google answers a download that it refuses with a line of text. */
static bool is_plain_text(struct view body)
{
	return body.len && body.ptr[0] != '<' && body.ptr[0] != '{';
}

void refusal_read(struct refusal *out, const struct http_reply *reply,
		  const struct refusal_headers *headers)
{
	struct cloud_error error;

	*out = (struct refusal){ .status = reply->status };
	copy_header(out->word, sizeof(out->word), reply, headers->word);
	copy_header(out->request_id, sizeof(out->request_id), reply, headers->request_id);
	if (is_plain_text(reply->body)) {
		copy_line(out->message, sizeof(out->message), reply->body);
		return;
	}
	if (!reply->body.len || cloud_error_parse(&error, reply->body, NULL))
		return;
	if (!out->word[0])
		copy_line(out->word, sizeof(out->word), error.code);
	copy_line(out->message, sizeof(out->message), error.message);
	cloud_error_release(&error);
}

bool refusal_is(const struct refusal *refusal, const char *word)
{
	return strcmp(refusal->word, word) == 0;
}

enum muster_code refusal_fail(const struct refusal *refusal, enum muster_code code, int sys_errno,
			      struct muster_error *err)
{
	muster_fail(err, code, "the server answers %u%s%s%s%s%s%s%s%s", refusal->status,
		    refusal->word[0] ? " (" : "", refusal->word, refusal->word[0] ? ")" : "",
		    refusal->message[0] ? ": " : "", refusal->message,
		    refusal->request_id[0] ? " [request " : "", refusal->request_id,
		    refusal->request_id[0] ? "]" : "");
	if (err && code == MUSTER_E_IO)
		err->sys_errno = sys_errno;
	return code;
}

static const char *verb_name(enum cloud_verb verb)
{
	static const char *const names[] = {
		[CLOUD_READ] = "read",
		[CLOUD_TAIL] = "read the end of",
		[CLOUD_HEAD] = "look at",
		[CLOUD_CREATE] = "create",
		[CLOUD_LIST] = "list",
		[CLOUD_REMOVE] = "remove",
		[CLOUD_BEGIN] = "begin to upload",
		[CLOUD_PART] = "upload a part of",
		[CLOUD_COMPLETE] = "complete",
		[CLOUD_ABORT] = "give up the upload of",
		[CLOUD_PARTS] = "list the parts of",
	};

	return names[verb];
}

enum muster_code refusal_name_call(enum muster_code code, const struct cloud_protocol *protocol,
				   const struct cloud_call *call, struct muster_error *err)
{
	struct view key = call->verb == CLOUD_LIST ? call->prefix : call->key;

	if (muster_failed(code))
		muster_context(err, "%s '%s/%.*s'", verb_name(call->verb), protocol->place,
			       VIEW_ARGS(key));
	return code;
}
