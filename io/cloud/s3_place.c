#include "io/cloud/header.h"
#include "io/cloud/s3_internal.h"

static bool ends_with(struct view text, struct view end)
{
	return text.len >= end.len && memcmp(text.ptr + text.len - end.len, end.ptr, end.len) == 0;
}

bool s3_host_is_aws(const struct endpoint *endpoint)
{
	struct view host = bytes_view(&endpoint->host);

	return ends_with(host, VIEW_LITERAL(".amazonaws.com")) ||
	       ends_with(host, VIEW_LITERAL(".amazonaws.com.cn"));
}

enum muster_code s3_place_compute(struct endpoint *out, const struct s3 *s3, struct view region,
				  struct muster_error *err)
{
	struct s3_endpoint_options options = { .url = bytes_view(&s3->url),
					       .region = region,
					       .bucket = bytes_view(&s3->bucket),
					       .style = s3->style,
					       .is_dualstack = s3->is_dualstack,
					       .is_fips = s3->is_fips };

	return s3_endpoint_compute(out, &options, err);
}

static bool replace(struct bytes *text, struct view with)
{
	text->len = 0;
	return !bytes_append_view(text, with, NULL);
}

/* A region is put into host names: nothing but what they are made of. */
static bool is_region(struct view region)
{
	if (!region.len || region.len > SIGV4_NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < region.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", region.ptr[i]) ||
		    !region.ptr[i])
			return false;
	return true;
}

static struct view told_region(const struct http_reply *reply, const struct cloud_error *error)
{
	struct view region;

	if (!http_reply_header(reply, "x-amz-bucket-region", &region))
		region = error->region;
	return region;
}

/* Another region: another scope of the signature, and at AWS another host. */
static bool move_to_region(struct s3 *s3, struct view region)
{
	struct endpoint endpoint = { 0 };

	if (!is_region(region))
		return false;
	if (view_equal(region, bytes_view(&s3->shared.region)))
		return true; /* another request came here first */
	if (!s3->url.len) {
		if (s3_place_compute(&endpoint, s3, region, NULL))
			return false;
		endpoint_release(&s3->shared.endpoint);
		s3->shared.endpoint = endpoint;
	}
	return replace(&s3->shared.region, region);
}

/* "https://host/bucket/key?query": its host, for the same path. Never from TLS to none. */
static bool move_to_host(struct s3 *s3, struct view location)
{
	struct endpoint endpoint = { 0 };
	struct view authority = location;
	const uint8_t *scheme_end =
		location.len ? memmem(location.ptr, location.len, "://", 3) : NULL;
	const uint8_t *slash = NULL;
	bool is_moved = false;

	if (!scheme_end)
		return false;
	scheme_end += 3;
	slash = memchr(scheme_end, '/', location.len - (size_t)(scheme_end - location.ptr));
	if (slash)
		authority.len = (size_t)(slash - location.ptr);
	if (endpoint_parse(&endpoint, authority, false, NULL))
		return false;
	if (endpoint.is_tls || !s3->shared.endpoint.is_tls)
		is_moved = replace(&s3->shared.endpoint.host, bytes_view(&endpoint.host));
	if (is_moved)
		s3->shared.endpoint.is_tls = endpoint.is_tls;
	endpoint_release(&endpoint);
	return is_moved;
}

bool s3_place_move(struct s3 *s3, const struct http_reply *reply, const struct cloud_error *error)
{
	struct view location;
	bool is_moved;

	pthread_mutex_lock(&s3->lock);
	is_moved = move_to_region(s3, told_region(reply, error));
	if ((reply->status == 301 || reply->status == 307) &&
	    http_reply_header(reply, "location", &location))
		is_moved |= move_to_host(s3, location);
	pthread_mutex_unlock(&s3->lock);
	return is_moved;
}
