/*
 * The lines are a list as libcurl takes it, built in place: its own would cost two allocations a
 * line, and is only read by it.
 */
#include "io/http/head.h"

#include <ctype.h>
#include <strings.h>

void http_head_init(struct http_head *head)
{
	head->code = MUSTER_OK;
	head->url = NULL;
	head->lines = NULL;
	head->line_count = 0;
	head->len = 0;
}

static bool is_token(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
			return false;
	return *name;
}

/* Would it end its line, or does it hold what no line may hold? */
static bool has_control(struct view value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.ptr[i] < 0x20 && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return true;
	return false;
}

static bool is_url_text(struct view url)
{
	for (size_t i = 0; i < url.len; i++)
		if (url.ptr[i] <= 0x20 || url.ptr[i] >= 0x7f || url.ptr[i] == '#')
			return false;
	return true;
}

static bool fits(struct http_head *head, size_t len)
{
	if (head->code)
		return false;
	if (len < sizeof(head->text) - head->len && head->line_count < HTTP_HEAD_MAX_LINES)
		return true;
	head->code = muster_fail(&head->error, MUSTER_E_LIMIT,
				 "a request's head is over %u bytes or %u lines",
				 HTTP_HEAD_MAX_BYTES, HTTP_HEAD_MAX_LINES);
	return false;
}

static void put(struct http_head *head, const void *ptr, size_t len)
{
	if (len)
		memcpy(head->text + head->len, ptr, len);
	head->len += len;
}

static size_t scheme_len(struct view url)
{
	if (view_starts_with(url, VIEW_LITERAL("http://")))
		return strlen("http://");
	return view_starts_with(url, VIEW_LITERAL("https://")) ? strlen("https://") : 0;
}

static struct view after_scheme(struct view url)
{
	size_t len = scheme_len(url);

	return view_of(url.ptr + len, url.len - len);
}

static size_t len_before(struct view text, const char *ends)
{
	size_t len = 0;

	while (len < text.len && !strchr(ends, text.ptr[len]))
		len++;
	return len;
}

static bool has_plain_authority(struct view url)
{
	struct view rest = after_scheme(url);
	size_t len = len_before(rest, "/?");

	return scheme_len(url) && len && !memchr(rest.ptr, '@', len);
}

void http_head_url(struct http_head *head, struct view url)
{
	if (!fits(head, url.len + 1))
		return;
	/* The URL itself is not told: its query may be a signature. */
	if (!is_url_text(url) || !has_plain_authority(url)) {
		head->code = muster_fail(&head->error, MUSTER_E_USAGE,
					 "a URL is not http(s)://host… in ASCII, percent-encoded, "
					 "without user and fragment");
		return;
	}
	head->url = head->text + head->len;
	put(head, url.ptr, url.len);
	put(head, "", 1);
}

void http_head_add(struct http_head *head, const char *name, struct view value)
{
	size_t name_len = strlen(name);
	struct curl_slist *node;

	if (!fits(head, name_len + 2 + value.len + 1))
		return;
	if (!is_token(name) || has_control(value)) {
		head->code = muster_fail(&head->error, MUSTER_E_USAGE,
					 "a header '%.64s' has a byte that cannot be sent", name);
		return;
	}
	node = &head->nodes[head->line_count++];
	*node = (struct curl_slist){ .data = head->text + head->len };
	if (head->lines)
		node[-1].next = node;
	else
		head->lines = node;
	put(head, name, name_len);
	/* To libcurl, "Name:" means that it must not send its own, and "Name;" an empty value. */
	put(head, value.len ? ": " : ";", value.len ? 2 : 1);
	put(head, value.ptr, value.len);
	put(head, "", 1);
}

struct view http_head_where(const struct http_head *head)
{
	struct view rest;

	if (!head->url)
		return VIEW_LITERAL("");
	rest = after_scheme(view_text(head->url));
	rest.len = len_before(rest, "?");
	return rest;
}

void http_head_wipe(struct http_head *head)
{
	explicit_bzero(head->text, head->len);
	http_head_init(head);
}
