#include "io/cloud/s3.h"

#include <stdlib.h>

#include "io/cloud/s3_internal.h"

/* All but the last part, and how many: AWS's limits; other servers have the same or none. */
#define PART_MIN_BYTES (5u << 20)
#define PART_MAX       10000

static enum http_method s3_method(const struct cloud_protocol *protocol,
				  const struct cloud_call *call)
{
	(void)protocol;
	switch (call->verb) {
	case CLOUD_HEAD:
		return HTTP_HEAD;
	case CLOUD_CREATE:
	case CLOUD_PART:
		return HTTP_PUT;
	case CLOUD_BEGIN:
	case CLOUD_COMPLETE:
		return HTTP_POST;
	case CLOUD_REMOVE:
	case CLOUD_ABORT:
		return HTTP_DELETE;
	default:
		return HTTP_GET;
	}
}

/* Other servers than AWS may ignore what they do not know, but all check Content-MD5, and the
 * SHA-256 that a signature covers: where that one is sent, over plain HTTP, the first would only
 * cost time, half a GB/s of it. */
static unsigned s3_wanted_sums(struct cloud_protocol *protocol, enum cloud_verb verb)
{
	struct s3 *s3 = s3_of(protocol);

	(void)verb;
	if (s3->is_aws)
		return 1u << CHECKSUM_CRC64NVME;
	return s3_signs_bodies(s3) ? 1u << CHECKSUM_SHA256 : 1u << CHECKSUM_MD5;
}

/* The ETag is of these very bytes, unless the server encrypts: then it is of this request. */
static bool s3_name_part(const struct upload_item *item, uint32_t *number, struct view *name)
{
	*number = item->number;
	*name = item->etag;
	return true;
}

static void s3_free(struct cloud_protocol *protocol)
{
	struct s3 *s3 = s3_of(protocol);

	cloud_clock_release(&s3->base.clock);
	pthread_mutex_destroy(&s3->lock);
	endpoint_release(&s3->shared.endpoint);
	sigv4_free(s3->shared.sigv4);
	sigv4_signed_release(&s3->shared.signature);
	bytes_release(&s3->shared.region);
	bytes_release(&s3->shared.path);
	bytes_release(&s3->shared.query);
	bytes_release(&s3->shared.url);
	bytes_release(&s3->place_text);
	bytes_release(&s3->url);
	bytes_release(&s3->bucket);
	free(s3);
}

static const struct cloud_protocol_ops s3_ops = {
	.kind = "s3",
	.listing = LISTING_S3_OBJECTS,
	.has_tail = true,
	.part_min_bytes = PART_MIN_BYTES,
	.part_max = PART_MAX,
	.parts = UPLOADS_S3_PARTS,
	.name_part = s3_name_part,
	.method = s3_method,
	.make_body = s3_make_body,
	.prepare = s3_prepare,
	.judge = s3_judge,
	.wanted_sums = s3_wanted_sums,
	.free = s3_free,
};

static enum muster_code copy_options(struct s3 *s3, const struct s3_options *options,
				     struct muster_error *err)
{
	const struct s3_endpoint_options *endpoint = &options->endpoint;
	struct view region = endpoint->region.len ? endpoint->region : VIEW_LITERAL("us-east-1");
	enum muster_code code;

	s3->keys = options->keys;
	s3->signed_bodies = options->signed_bodies;
	s3->style = endpoint->style;
	s3->is_dualstack = endpoint->is_dualstack;
	s3->is_fips = endpoint->is_fips;
	code = bytes_append_view(&s3->url, endpoint->url, err);
	if (!code)
		code = bytes_append_view(&s3->bucket, endpoint->bucket, err);
	if (!code)
		code = bytes_append_view(&s3->shared.region, region, err);
	if (!code)
		code = bytes_printf(&s3->place_text, err, "s3://%.*s%c",
				    VIEW_ARGS(endpoint->bucket), 0);
	return code;
}

static enum muster_code open_all(struct s3 *s3, const struct s3_options *options,
				 struct muster_error *err)
{
	enum muster_code code = copy_options(s3, options, err);

	if (!code)
		code = s3_place_compute(&s3->shared.endpoint, s3, bytes_view(&s3->shared.region),
					err);
	if (!code)
		code = sigv4_new(&s3->shared.sigv4, err);
	if (code)
		return code;
	s3->is_aws = s3_host_is_aws(&s3->shared.endpoint);
	s3->base.place = (const char *)s3->place_text.ptr;
	return MUSTER_OK;
}

enum muster_code s3_protocol_open(struct cloud_protocol **out, const struct s3_options *options,
				  struct muster_error *err)
{
	struct s3 *s3;
	enum muster_code code;

	*out = NULL;
	if (!options->endpoint.bucket.len)
		return muster_fail(err, MUSTER_E_USAGE, "a store of S3 without a bucket");
	s3 = calloc(1, sizeof(*s3));
	if (!s3)
		return muster_fail_memory(err, "a store of S3");
	s3->base.ops = &s3_ops;
	cloud_clock_init(&s3->base.clock, options->effects);
	pthread_mutex_init(&s3->lock, NULL);
	code = open_all(s3, options, err);
	if (code) {
		s3_free(&s3->base);
		return code;
	}
	*out = &s3->base;
	return MUSTER_OK;
}
