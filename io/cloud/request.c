#include "io/cloud/request.h"

#include <inttypes.h>
#include <stdio.h>

void request_url_begin_host(struct request_url *url, const struct endpoint *endpoint,
			    struct muster_error *err)
{
	*url = (struct request_url){ .err = err };
	request_url_add(url, endpoint->is_tls ? VIEW_LITERAL("https://") : VIEW_LITERAL("http://"));
	request_url_add(url, bytes_view(&endpoint->host));
	url->path_at = url->text.len;
}

void request_url_begin(struct request_url *url, const struct endpoint *endpoint,
		       struct muster_error *err)
{
	request_url_begin_host(url, endpoint, err);
	request_url_add(url, bytes_view(&endpoint->path));
}

void request_url_release(struct request_url *url)
{
	secret_scrub(&url->text);
	*url = (struct request_url){ 0 };
}

/* Growing would leave copies of what may be a secret in memory that is free. */
static void make_room(struct request_url *url, size_t more)
{
	struct bytes wider = { 0 };

	if (url->code || more <= url->text.cap - url->text.len)
		return;
	url->code = bytes_reserve(&wider, url->text.len + more + 512, url->err);
	if (!url->code)
		url->code = bytes_append_view(&wider, bytes_view(&url->text), url->err);
	if (url->code) {
		bytes_release(&wider);
		return;
	}
	secret_scrub(&url->text);
	url->text = wider;
}

void request_url_add(struct request_url *url, struct view encoded)
{
	const uint8_t *mark = encoded.len ? memchr(encoded.ptr, '?', encoded.len) : NULL;

	make_room(url, encoded.len);
	if (url->code)
		return;
	if (mark && !url->query_at)
		url->query_at = url->text.len + (size_t)(mark - encoded.ptr) + 1;
	url->code = bytes_append_view(&url->text, encoded, url->err);
}

void request_url_encode(struct request_url *url, struct view plain, enum percent_set set)
{
	make_room(url, plain.len * strlen("%XX"));
	if (!url->code)
		url->code = percent_encode(&url->text, plain, set, url->err);
}

void request_url_pair(struct request_url *url, const char *name, struct view value)
{
	request_url_add(url, url->query_at ? VIEW_LITERAL("&") : VIEW_LITERAL("?"));
	request_url_encode(url, view_text(name), PERCENT_COMPONENT);
	request_url_add(url, VIEW_LITERAL("="));
	request_url_encode(url, value, PERCENT_COMPONENT);
}

void request_url_pair_u64(struct request_url *url, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	request_url_pair(url, name, view_text(text));
}

struct view request_url_path(const struct request_url *url)
{
	size_t end = url->query_at ? url->query_at - 1 : url->text.len;

	if (url->code)
		return (struct view){ 0 };
	return view_of(url->text.ptr + url->path_at, end - url->path_at);
}

struct view request_url_query(const struct request_url *url)
{
	if (url->code || !url->query_at)
		return (struct view){ 0 };
	return view_of(url->text.ptr + url->query_at, url->text.len - url->query_at);
}

enum muster_code request_add_bearer(struct http_head *head, const struct secret *token,
				    struct muster_error *err)
{
	struct secret value = { 0 };
	struct revealed revealed = secret_reveal(token);
	enum muster_code code = secret_set(&value, VIEW_LITERAL("Bearer "), err);

	if (!code)
		code = secret_append(&value, view_of(revealed.secret_ptr, revealed.secret_len),
				     err);
	if (!code) {
		revealed = secret_reveal(&value);
		http_head_add(head, "Authorization",
			      view_of(revealed.secret_ptr, revealed.secret_len));
	}
	secret_release(&value);
	return code;
}
