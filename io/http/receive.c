/*
 * What libcurl calls while bytes move. A callback that answers less than it was given ends the
 * transfer; `failure` then says why. No function of a multi may be called from here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text/text.h"
#include "io/http/http_internal.h"

static enum muster_code give_up(struct attempt *attempt, enum muster_code code)
{
	attempt->failure = code;
	attempt->failure_outcome = PACER_CANCELLED;
	return code;
}

static enum muster_code too_long(struct attempt *attempt, uint64_t bytes)
{
	size_t cap = attempt->exchange->request.out_cap;

	return give_up(attempt, muster_fail(&attempt->error, MUSTER_E_FORMAT,
					    "the server sends %llu bytes where %zu were asked for",
					    (unsigned long long)bytes, cap));
}

/* --- header lines ---------------------------------------------------------------------------- */

static bool is_wanted(const struct http_request *request, unsigned status)
{
	if (!request->success[0])
		return status >= 200 && status < 300;
	for (size_t i = 0; i < sizeof(request->success) / sizeof(request->success[0]); i++)
		if (request->success[i] == status)
			return true;
	return false;
}

static bool goes_to_out(const struct attempt *attempt)
{
	const struct http_exchange *exchange = attempt->exchange;

	return attempt->is_wanted && !exchange->ops->body && exchange->request.out;
}

/* A status line: of the reply, or of an interim one before it. */
static void begin_reply(struct attempt *attempt, unsigned status)
{
	attempt->status = status;
	attempt->is_wanted = is_wanted(&attempt->exchange->request, status);
	attempt->declared_bytes = -1;
	attempt->lines.len = 0;
}

static enum muster_code take_length(struct attempt *attempt, struct view line)
{
	static const char name[] = "content-length:";
	uint64_t bytes;

	if (line.len < sizeof(name) ||
	    strncasecmp((const char *)line.ptr, name, sizeof(name) - 1) != 0)
		return MUSTER_OK;
	line = view_of(line.ptr + sizeof(name) - 1, line.len - (sizeof(name) - 1));
	while (line.len && strchr(" \t", line.ptr[0]))
		line = view_of(line.ptr + 1, line.len - 1);
	while (line.len && strchr(" \t\r\n", line.ptr[line.len - 1]))
		line.len--;
	if (!text_parse_u64(line, &bytes) || bytes > INT64_MAX ||
	    (attempt->declared_bytes >= 0 && attempt->declared_bytes != (int64_t)bytes))
		return give_up(attempt, failure_io(&attempt->error, EPROTO,
						   "the reply's Content-Length is none, or two"));
	attempt->declared_bytes = (int64_t)bytes;
	return MUSTER_OK;
}

/* The blank line: what can be refused before the body comes? */
static enum muster_code end_lines(struct attempt *attempt)
{
	int64_t bytes = attempt->declared_bytes;

	if (attempt->status >= 200 && goes_to_out(attempt) && bytes >= 0 &&
	    (uint64_t)bytes > attempt->exchange->request.out_cap)
		return too_long(attempt, (uint64_t)bytes);
	return MUSTER_OK;
}

static enum muster_code take_line(struct attempt *attempt, struct view line)
{
	unsigned status = http_status_of(line);

	if (status) {
		begin_reply(attempt, status);
		return MUSTER_OK;
	}
	if (line.len <= 2 && (!line.len || strchr("\r\n", line.ptr[0])))
		return end_lines(attempt);
	if (!http_lines_add(&attempt->lines, line))
		return give_up(attempt, muster_fail(&attempt->error, MUSTER_E_LIMIT,
						    "the reply's header is over %u bytes",
						    HTTP_REPLY_HEAD_MAX_BYTES));
	return take_length(attempt, line);
}

size_t receive_line(char *line, size_t size, size_t count, void *arg)
{
	struct attempt *attempt = arg;
	size_t len = size * count;

	if (attempt->is_doomed)
		return 0;
	if (!attempt->has_answered) {
		attempt->has_answered = true;
		timers_remove(&attempt->loop->timers, &attempt->exchange->engine.hedge);
	}
	return take_line(attempt, view_of(line, len)) ? 0 : len;
}

/* --- the body -------------------------------------------------------------------------------- */

static enum muster_code give_out(struct attempt *attempt, struct view data)
{
	const struct http_request *request = &attempt->exchange->request;

	if (data.len > request->out_cap - attempt->received)
		return too_long(attempt, attempt->received + data.len);
	memcpy(request->out + attempt->received, data.ptr, data.len);
	attempt->gave_bytes = true;
	return MUSTER_OK;
}

static enum muster_code give_body(struct attempt *attempt, struct view data)
{
	struct http_exchange *exchange = attempt->exchange;
	enum muster_code code = exchange->ops->body(exchange->state, data, &attempt->error);

	attempt->gave_bytes = true;
	return code ? give_up(attempt, code) : MUSTER_OK;
}

static enum muster_code collect(struct attempt *attempt, struct view data)
{
	size_t max = attempt->exchange->request.collect_max;
	enum muster_code code;

	if (!max)
		max = HTTP_REPLY_TEXT_MAX_BYTES;
	if (data.len > max - attempt->text.len)
		return give_up(attempt, muster_fail(&attempt->error, MUSTER_E_LIMIT,
						    "the reply's body is over %zu bytes", max));
	code = bytes_append_view(&attempt->text, data, &attempt->error);
	return code ? give_up(attempt, code) : MUSTER_OK;
}

/* Keep what tells of an error; without memory for it, the status must do. */
static enum muster_code collect_some(struct attempt *attempt, struct view data)
{
	size_t room = HTTP_REPLY_TEXT_MAX_BYTES - attempt->text.len;

	if (data.len > room) {
		attempt->reply.is_cut = true;
		data.len = room;
	}
	if (bytes_append_view(&attempt->text, data, NULL))
		attempt->reply.is_cut = true;
	return MUSTER_OK;
}

static enum muster_code take_body(struct attempt *attempt, struct view data)
{
	if (!attempt->is_wanted)
		return collect_some(attempt, data);
	exchange_claim(attempt);
	if (attempt->exchange->ops->body)
		return give_body(attempt, data);
	return attempt->exchange->request.out ? give_out(attempt, data) : collect(attempt, data);
}

size_t receive_body(char *data, size_t size, size_t count, void *arg)
{
	struct attempt *attempt = arg;
	size_t len = size * count;

	if (attempt->is_doomed || take_body(attempt, view_of(data, len)))
		return len ? 0 : 1;
	attempt->received += len;
	return len;
}

static bool has_body(const struct attempt *attempt)
{
	return attempt->exchange->request.method != HTTP_HEAD && attempt->status != 204 &&
	       attempt->status != 304;
}

void receive_check(struct attempt *attempt)
{
	const struct http_request *request = &attempt->exchange->request;
	struct view coding;

	if (attempt->failure || !has_body(attempt))
		return;
	/* With a coding of its own a body's length is not the one that was declared (RFC 9112). */
	if (attempt->declared_bytes >= 0 &&
	    (uint64_t)attempt->declared_bytes != attempt->received &&
	    !http_lines_find(&attempt->lines, "transfer-encoding", &coding)) {
		attempt->failure = failure_io(
			&attempt->error, ECONNRESET, "the reply has %llu bytes of %lld",
			(unsigned long long)attempt->received, (long long)attempt->declared_bytes);
		attempt->failure_outcome = PACER_FAILED;
	} else if (goes_to_out(attempt) && request->is_exact &&
		   attempt->received != request->out_cap) {
		give_up(attempt,
			muster_fail(&attempt->error, MUSTER_E_FORMAT,
				    "the server sends %llu bytes where %zu were asked for",
				    (unsigned long long)attempt->received, request->out_cap));
	}
}

/* --- the request's body ---------------------------------------------------------------------- */

size_t send_body(char *out, size_t size, size_t count, void *arg)
{
	struct attempt *attempt = arg;
	struct view body = attempt->exchange->request.body;
	size_t len = body.len - attempt->sent;

	if (len > size * count)
		len = size * count;
	if (len)
		memcpy(out, body.ptr + attempt->sent, len);
	attempt->sent += len;
	return len;
}

int seek_body(void *arg, curl_off_t offset, int origin)
{
	struct attempt *attempt = arg;

	if (origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > attempt->exchange->request.body.len)
		return CURL_SEEKFUNC_FAIL;
	attempt->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}
