#include "io/http/reply.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/text/date.h"
#include "base/text/text.h"

#define NS_PER_S 1000000000ULL

/* More than this is a mistake of the server; its caller would give up long before. */
#define RETRY_AFTER_MAX_S (24 * 3600)

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct view trimmed(struct view text)
{
	while (text.len && is_blank(text.ptr[0]))
		text = view_of(text.ptr + 1, text.len - 1);
	while (text.len && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static void put(struct http_lines *lines, struct view text)
{
	if (text.len)
		memcpy(lines->text + lines->len, text.ptr, text.len);
	lines->text[lines->len + text.len] = 0;
	lines->len += text.len + 1;
}

bool http_lines_add(struct http_lines *lines, struct view line)
{
	const uint8_t *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
	struct view name, value;

	if (!colon || memchr(line.ptr, 0, line.len))
		return true; /* no header: nobody can ask for it */
	name = view_of(line.ptr, (size_t)(colon - line.ptr));
	value = trimmed(view_of(colon + 1, line.len - name.len - 1));
	if (name.len + value.len + 2 > sizeof(lines->text) - lines->len)
		return false;
	put(lines, name);
	put(lines, value);
	return true;
}

bool http_lines_find(const struct http_lines *lines, const char *name, struct view *value)
{
	for (size_t at = 0; at < lines->len;) {
		const char *line_name = lines->text + at;
		const char *line_value = line_name + strlen(line_name) + 1;

		*value = view_text(line_value);
		if (strcasecmp(line_name, name) == 0)
			return true;
		at = (size_t)(line_value - lines->text) + value->len + 1;
	}
	*value = VIEW_LITERAL("");
	return false;
}

bool http_reply_header(const struct http_reply *reply, const char *name, struct view *value)
{
	return http_lines_find(reply->lines, name, value);
}

unsigned http_status_of(struct view line)
{
	const uint8_t *space = line.len ? memchr(line.ptr, ' ', line.len) : NULL;
	unsigned status = 0;

	if (!view_starts_with(line, VIEW_LITERAL("HTTP/")) || !space ||
	    line.ptr + line.len - space < 4)
		return 0;
	for (const uint8_t *c = space + 1; c < space + 4; c++) {
		if (*c < '0' || *c > '9')
			return 0;
		status = status * 10 + (*c - '0');
	}
	return status;
}

/* Seconds since 1970; -1: no date. */
static int64_t date_of(struct view value)
{
	uint64_t wall_ns;

	return date_parse_http(value, &wall_ns) ? (int64_t)(wall_ns / NS_PER_S) : -1;
}

uint64_t http_retry_after_ns(const struct http_lines *lines, const struct effects *effects)
{
	struct view value, date;
	uint64_t delay_s = 0;

	if (!http_lines_find(lines, "retry-after", &value))
		return 0;
	if (!text_parse_u64(value, &delay_s)) {
		int64_t until_s = date_of(value), now_s = -1;

		if (http_lines_find(lines, "date", &date))
			now_s = date_of(date);
		if (now_s < 0)
			now_s = (int64_t)(effects_wall_ns(effects) / NS_PER_S);
		delay_s = until_s > now_s ? (uint64_t)(until_s - now_s) : 0;
	}
	return (delay_s < RETRY_AFTER_MAX_S ? delay_s : RETRY_AFTER_MAX_S) * NS_PER_S;
}

const char *http_method_name(enum http_method method)
{
	static const char *const names[HTTP_METHOD_COUNT] = { [HTTP_GET] = "GET",
							      [HTTP_HEAD] = "HEAD",
							      [HTTP_PUT] = "PUT",
							      [HTTP_POST] = "POST",
							      [HTTP_DELETE] = "DELETE" };

	return names[method];
}

static enum pacer_outcome outcome_of(unsigned status)
{
	switch (status) {
	case 429:
	case 503:
		return PACER_THROTTLED;
	case 408:
	case 500:
	case 502:
	case 504:
		return PACER_FAILED;
	default:
		return PACER_SERVED;
	}
}

enum muster_code http_reply_judge(const struct http_reply *reply, enum pacer_outcome *outcome,
				  struct muster_error *err)
{
	unsigned status = reply->status;

	*outcome = outcome_of(status);
	if (status >= 200 && status < 300)
		return MUSTER_OK;
	if (status == 404 || status == 410)
		return MUSTER_ABSENT;
	if (status == 412 && reply->method != HTTP_GET && reply->method != HTTP_HEAD)
		return MUSTER_EXISTS;
	if (status == 412)
		return muster_fail(err, MUSTER_E_CHANGED, "the server's object is another one now");
	muster_fail(err, MUSTER_E_IO, "the server answers %u", status);
	if (err)
		err->sys_errno = status == 401 || status == 403 ? EACCES : EIO;
	return MUSTER_E_IO;
}
