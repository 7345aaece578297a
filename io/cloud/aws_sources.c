#include "io/cloud/aws_sources.h"

#include <openssl/evp.h>

#include "base/text/encode.h"
#include "io/cloud/endpoint.h"

#define SHA1_BYTES 20

enum muster_code aws_sso_cache_name(char buf[AWS_SSO_CACHE_NAME_BYTES], struct view name_or_url,
				    struct muster_error *err)
{
	uint8_t digest[SHA1_BYTES];
	size_t len = sizeof(digest);

	if (EVP_Q_digest(NULL, "SHA1", NULL, name_or_url.ptr, name_or_url.len, digest, &len) != 1)
		return muster_fail_memory(err, "a hash");
	hex_encode(buf, digest, sizeof(digest));
	memcpy(buf + HEX_TEXT_LEN(SHA1_BYTES), ".json", sizeof(".json"));
	return MUSTER_OK;
}

/* Without its port. */
static struct view host_of(const struct endpoint *endpoint)
{
	struct view host = bytes_view(&endpoint->host);
	const uint8_t *end = memchr(host.ptr, host.ptr[0] == '[' ? ']' : ':', host.len);

	if (end)
		host.len = (size_t)(end - host.ptr) + (*end == ']');
	return host;
}

static bool is_trusted(struct view host)
{
	static const char *const hosts[] = { "localhost", "[::1]", "169.254.170.2",
					     "169.254.170.23", "[fd00:ec2::23]" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (view_equal(host, view_text(hosts[i])))
			return true;
	}
	return false;
}

enum muster_code aws_container_uri_check(struct view uri, struct muster_error *err)
{
	const uint8_t *query = uri.len ? memchr(uri.ptr, '?', uri.len) : NULL;
	struct endpoint endpoint;
	bool is_allowed;
	enum muster_code code;

	if (query)
		uri.len = (size_t)(query - uri.ptr);
	code = endpoint_parse(&endpoint, uri, false, err);
	if (code) {
		muster_context(err, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
		return code;
	}
	is_allowed = endpoint.is_tls || is_trusted(host_of(&endpoint)) ||
		     (endpoint_is_address(&endpoint) &&
		      view_starts_with(host_of(&endpoint), VIEW_LITERAL("127.")));
	if (!is_allowed)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "AWS_CONTAINER_CREDENTIALS_FULL_URI: '%.*s' may be asked over "
				   "https only",
				   VIEW_ARGS(host_of(&endpoint)));
	endpoint_release(&endpoint);
	return code;
}
