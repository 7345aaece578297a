#include "io/cloud/bearer.h"

#include "io/cloud/endpoint.h"
#include "io/cloud/oauth.h"

enum muster_code bearer_take(const struct errand *errand, const struct secret *text,
			     struct key_set *out, struct muster_error *err)
{
	struct revealed revealed = secret_reveal(text);
	struct oauth_token token;
	enum muster_code code =
		oauth_token_parse(&token, view_of(revealed.secret_ptr, revealed.secret_len),
				  effects_wall_ns(errand->effects), err);

	if (code)
		return code;
	code = secret_copy(&out->token, &token.access_token, err);
	out->expires_ns = token.expires_ns;
	oauth_token_release(&token);
	return code;
}

enum muster_code bearer_ask(struct errand *errand, const struct errand_ask *ask,
			    struct key_set *out, struct muster_error *err)
{
	struct errand_reply reply;
	enum muster_code code = errand_ask(errand, ask, &reply, err);

	if (!code)
		code = bearer_take(errand, &reply.body, out, err);
	errand_reply_release(&reply);
	return code;
}

static bool is_here(const struct endpoint *endpoint)
{
	struct view host = bytes_view(&endpoint->host);

	return view_starts_with(host, VIEW_LITERAL("[::1]")) ||
	       view_starts_with(host, VIEW_LITERAL("localhost:")) ||
	       view_equal(host, VIEW_LITERAL("localhost")) ||
	       (endpoint_is_address(endpoint) && view_starts_with(host, VIEW_LITERAL("127.")));
}

/* Whoever reads what is sent could send it, too. */
static enum muster_code check_url(struct view url, struct muster_error *err)
{
	struct endpoint endpoint;
	enum muster_code code = endpoint_parse(&endpoint, url, false, err);

	if (!code && !endpoint.is_tls && !is_here(&endpoint))
		code = muster_fail(err, MUSTER_E_USAGE,
				   "secrets are sent to '%.*s' over https only",
				   VIEW_ARGS(bytes_view(&endpoint.host)));
	endpoint_release(&endpoint);
	return code;
}

enum muster_code bearer_post(struct errand *errand, struct view url, const char *content_type,
			     const struct secret *body, const struct secret *authorization,
			     struct key_set *out, struct muster_error *err)
{
	struct errand_ask ask = {
		.method = HTTP_POST,
		.url = url,
		.body = body,
		.headers = { { .name = "Content-Type", .value = view_text(content_type) },
			     { .name = authorization ? "Authorization" : NULL,
			       .prefix = "Bearer ",
			       .secret = authorization } },
	};
	enum muster_code code = check_url(url, err);

	return code ? code : bearer_ask(errand, &ask, out, err);
}
