#include "io/cloud/endpoint.h"

#include <arpa/inet.h>

#include "base/text/text.h"

void endpoint_release(struct endpoint *endpoint)
{
	bytes_release(&endpoint->host);
	bytes_release(&endpoint->path);
	*endpoint = (struct endpoint){ 0 };
}

static bool take_scheme(struct view *url, const char *scheme)
{
	struct view head = view_text(scheme);

	if (!view_starts_with(*url, head))
		return false;
	*url = view_of(url->ptr + head.len, url->len - head.len);
	return true;
}

static bool is_host_byte(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_';
}

/* A name, an address, or an address of IPv6 in brackets; its length, 0 where it is none. */
static size_t host_len(struct view authority)
{
	size_t len = 0;

	if (authority.len && authority.ptr[0] == '[') {
		const uint8_t *end = memchr(authority.ptr, ']', authority.len);
		struct in6_addr address;
		char text[INET6_ADDRSTRLEN];

		len = end ? (size_t)(end - authority.ptr) + 1 : 0;
		if (len < 3 || len - 2 >= sizeof(text) || memchr(authority.ptr, '\0', len))
			return 0;
		memcpy(text, authority.ptr + 1, len - 2);
		text[len - 2] = '\0';
		return inet_pton(AF_INET6, text, &address) == 1 ? len : 0;
	}
	while (len < authority.len && is_host_byte(authority.ptr[len]))
		len++;
	return len;
}

static bool read_port(struct view text, uint64_t *port)
{
	if (!text.len)
		return true;
	return text.ptr[0] == ':' && text_parse_u64(view_of(text.ptr + 1, text.len - 1), port) &&
	       *port && *port <= 65535;
}

static enum muster_code append_lower(struct bytes *out, struct view text, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < text.len && !code; i++) {
		uint8_t byte = text.ptr[i];

		code = bytes_append_byte(
			out, byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte, err);
	}
	return code;
}

static bool is_path(struct view path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] <= ' ' || path.ptr[i] >= 0x7f || strchr("?#\"<>\\", path.ptr[i]))
			return false;
	}
	return true;
}

/* No message repeats the URL: it may hold a password. */
static enum muster_code take_parts(struct endpoint *out, struct view url, struct muster_error *err)
{
	size_t len = host_len(url);
	const uint8_t *slash = len ? memchr(url.ptr, '/', url.len) : NULL;
	size_t authority = slash ? (size_t)(slash - url.ptr) : url.len;
	uint64_t usual = out->is_tls ? 443 : 80, port = usual;
	struct view path;
	enum muster_code code;

	if (!len)
		return muster_fail(err, MUSTER_E_USAGE, "the endpoint has no host");
	if (!read_port(view_of(url.ptr + len, authority - len), &port))
		return muster_fail(err, MUSTER_E_USAGE,
				   "behind the endpoint's host stands neither a port nor a path");
	path = view_of(url.ptr + authority, url.len - authority);
	if (!is_path(path))
		return muster_fail(err, MUSTER_E_USAGE, "the endpoint's path is none");
	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	code = append_lower(&out->host, view_of(url.ptr, len), err);
	if (!code && port != usual)
		code = bytes_printf(&out->host, err, ":%u", (unsigned)port);
	return code ? code : bytes_append_view(&out->path, path, err);
}

enum muster_code endpoint_parse(struct endpoint *out, struct view url, bool is_scheme_optional,
				struct muster_error *err)
{
	enum muster_code code;

	*out = (struct endpoint){ 0 };
	out->is_tls = take_scheme(&url, "https://");
	if (!out->is_tls && !take_scheme(&url, "http://") && !is_scheme_optional)
		return muster_fail(err, MUSTER_E_USAGE,
				   "an endpoint begins with http:// or https://");
	code = take_parts(out, url, err);
	if (code)
		endpoint_release(out);
	return code;
}

bool endpoint_is_address(const struct endpoint *endpoint)
{
	struct view host = bytes_view(&endpoint->host);
	struct in_addr address;
	char text[INET_ADDRSTRLEN];
	const uint8_t *colon;

	if (!host.len || host.ptr[0] == '[')
		return host.len > 0;
	colon = memchr(host.ptr, ':', host.len);
	if (colon)
		host.len = (size_t)(colon - host.ptr);
	if (host.len >= sizeof(text))
		return false;
	memcpy(text, host.ptr, host.len);
	text[host.len] = '\0';
	return inet_pton(AF_INET, text, &address) == 1;
}

static bool is_region(struct view region)
{
	for (size_t i = 0; i < region.len; i++) {
		if (!(region.ptr[i] >= 'a' && region.ptr[i] <= 'z') &&
		    !(region.ptr[i] >= '0' && region.ptr[i] <= '9') && region.ptr[i] != '-')
			return false;
	}
	return region.len > 0 && region.len <= 63;
}

/* "s3.eu-west-1.amazonaws.com" */
static enum muster_code append_aws_host(struct bytes *out,
					const struct s3_endpoint_options *options,
					struct muster_error *err)
{
	bool is_china = view_starts_with(options->region, VIEW_LITERAL("cn-"));

	if (!is_region(options->region))
		return muster_fail(err, MUSTER_E_USAGE, "'%.*s' is no region",
				   VIEW_ARGS(options->region));
	if (options->is_fips && is_china)
		return muster_fail(err, MUSTER_E_USAGE, "region '%.*s' has no FIPS endpoints",
				   VIEW_ARGS(options->region));
	return bytes_printf(out, err, "%s.%s%.*s.amazonaws.com%s",
			    options->is_fips ? "s3-fips" : "s3",
			    options->is_dualstack ? "dualstack." : "", VIEW_ARGS(options->region),
			    is_china ? ".cn" : "");
}

static enum muster_code find_base(struct endpoint *out, const struct s3_endpoint_options *options,
				  struct muster_error *err)
{
	if (options->url.len)
		return endpoint_parse(out, options->url, false, err);
	out->is_tls = true;
	return append_aws_host(&out->host, options, err);
}

static enum muster_code choose_style(const struct endpoint *base,
				     const struct s3_endpoint_options *options, bool *is_virtual,
				     struct muster_error *err)
{
	/* a wildcard certificate covers one label */
	bool has_dots = memchr(options->bucket.ptr, '.', options->bucket.len) && base->is_tls;
	bool is_address = endpoint_is_address(base);

	*is_virtual = options->style == S3_STYLE_VIRTUAL ||
		      (options->style == S3_STYLE_AUTO && !options->url.len && !has_dots);
	if (options->style != S3_STYLE_VIRTUAL)
		return MUSTER_OK;
	if (is_address)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a bucket cannot stand before an address: use path style");
	if (has_dots)
		return muster_fail(
			err, MUSTER_E_USAGE,
			"no certificate covers the dots of bucket '%.*s': use path style",
			VIEW_ARGS(options->bucket));
	return MUSTER_OK;
}

static enum muster_code add_bucket(struct endpoint *out, const struct s3_endpoint_options *options,
				   struct muster_error *err)
{
	struct bytes host = { 0 };
	bool is_virtual;
	enum muster_code code = choose_style(out, options, &is_virtual, err);

	if (code)
		return code;
	if (!is_virtual) {
		code = bytes_append_byte(&out->path, '/', err);
		return code ? code : bytes_append_view(&out->path, options->bucket, err);
	}
	code = bytes_printf(&host, err, "%.*s.%.*s", VIEW_ARGS(options->bucket),
			    VIEW_ARGS(bytes_view(&out->host)));
	if (code) {
		bytes_release(&host);
		return code;
	}
	bytes_release(&out->host);
	out->host = host;
	return MUSTER_OK;
}

enum muster_code s3_endpoint_compute(struct endpoint *out,
				     const struct s3_endpoint_options *options,
				     struct muster_error *err)
{
	enum muster_code code;

	*out = (struct endpoint){ 0 };
	code = find_base(out, options, err);
	if (!code && options->bucket.len)
		code = add_bucket(out, options, err);
	if (code)
		endpoint_release(out);
	return code;
}
