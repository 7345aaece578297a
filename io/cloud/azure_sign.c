#include <inttypes.h>
#include <stdio.h>

#include "io/cloud/azure_internal.h"
#include "io/cloud/signed_url.h"

/* What libcurl is going to add: it is signed, too. */
static size_t body_len(const struct cloud_call *call)
{
	switch (call->verb) {
	case CLOUD_CREATE:
	case CLOUD_PART:
		return call->body.len;
	case CLOUD_COMPLETE:
		return call->out.body.len;
	default:
		return 0;
	}
}

static enum muster_code sign(struct azure *azure, const struct cloud_request *request,
			     const struct key_set *set, struct http_head *head,
			     struct muster_error *err)
{
	struct view account = bytes_view(set->id.len ? &set->id : &azure->account);
	struct bytes value = { 0 };
	enum muster_code code;

	pthread_mutex_lock(&azure->signer.lock);
	code = sharedkey_authorize(azure->signer.sharedkey, account, &set->secret, request, &value,
				   err);
	pthread_mutex_unlock(&azure->signer.lock);
	if (!code)
		http_head_add(head, "Authorization", bytes_view(&value));
	secret_scrub(&value);
	return code;
}

static enum muster_code sign_with_key(struct azure *azure, const struct cloud_call *call,
				      const struct azure_request *request,
				      const struct key_set *set, struct http_head *head,
				      struct muster_error *err)
{
	struct cloud_header headers[AZURE_HEADERS_MAX + 1];
	size_t count = request->header_count;
	char len[24];

	memcpy(headers, request->headers, count * sizeof(headers[0]));
	snprintf(len, sizeof(len), "%zu", body_len(call));
	headers[count++] = (struct cloud_header){ VIEW_LITERAL("Content-Length"), view_text(len) };
	return sign(
		azure,
		&(struct cloud_request){
			.method = view_text(http_method_name(azure_method(&azure->protocol, call))),
			.path = request_url_path(&request->url),
			.query = request_url_query(&request->url),
			.headers = headers,
			.header_count = count,
		},
		set, head, err);
}

static enum muster_code add_sas(const struct azure_request *request, const struct secret *sas,
				struct http_head *head, struct muster_error *err)
{
	struct secret url = { 0 };
	enum muster_code code = signed_url_with_sas(&url, bytes_view(&request->url.text), sas, err);

	if (!code) {
		struct revealed text = secret_reveal(&url);

		http_head_url(head, view_of(text.secret_ptr, text.secret_len));
	}
	secret_release(&url);
	return code;
}

static enum muster_code authorize(struct azure *azure, const struct cloud_call *call,
				  const struct azure_request *request, const struct key_set *set,
				  struct http_head *head, struct muster_error *err)
{
	if (!set->is_anonymous && !secret_is_set(&set->secret) && set->is_sas)
		return add_sas(request, &set->token, head, err);
	http_head_url(head, bytes_view(&request->url.text));
	if (set->is_anonymous)
		return MUSTER_OK;
	if (secret_is_set(&set->secret))
		return sign_with_key(azure, call, request, set, head, err);
	return request_add_bearer(head, &set->token, err);
}

enum muster_code azure_authorize(struct azure *azure, const struct cloud_call *call,
				 const struct azure_request *request, struct http_head *head,
				 struct muster_error *err)
{
	struct key_set set = { .is_anonymous = true };
	enum muster_code code = MUSTER_OK;

	if (azure->keys) {
		set = (struct key_set){ 0 };
		code = keys_get(azure->keys, &set, err);
	}
	if (!code)
		code = authorize(azure, call, request, &set, head, err);
	key_set_release(&set);
	return code;
}
