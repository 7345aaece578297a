#include "io/cloud/gcs.h"

#include <stdlib.h>

#include "io/cloud/gcs_internal.h"

#define GOOGLE_ENDPOINT "https://storage.googleapis.com"

/* The server has no way to check a part of an upload: the sum of the object that it becomes is
 * what tells. */
static unsigned wanted_sums(struct cloud_protocol *protocol, enum cloud_verb verb)
{
	(void)protocol;
	return verb == CLOUD_CREATE || verb == CLOUD_PART ? 1u << CHECKSUM_CRC32C : 0;
}

static void gcs_free(struct cloud_protocol *protocol)
{
	struct gcs *gcs = (struct gcs *)(void *)protocol;

	cloud_clock_release(&gcs->protocol.clock);
	endpoint_release(&gcs->endpoint);
	bytes_release(&gcs->bucket);
	bytes_release(&gcs->user_project);
	bytes_release(&gcs->place);
	free(gcs);
}

static const struct cloud_protocol_ops gcs_ops = {
	.kind = "gcs",
	.listing = LISTING_GCS,
	.has_tail = true,
	.parts_in_order = true,
	.part_min_bytes = GCS_PART_MULTIPLE_BYTES,
	.part_multiple_bytes = GCS_PART_MULTIPLE_BYTES,
	.part_max = UINT32_MAX, /* a session has none; an object has 5 TiB */
	.method = gcs_method,
	.make_body = gcs_make_body,
	.prepare = gcs_prepare,
	.judge = gcs_judge,
	.wanted_sums = wanted_sums,
	.free = gcs_free,
};

static enum muster_code fill(struct gcs *gcs, const struct gcs_options *options,
			     struct muster_error *err)
{
	struct view endpoint =
		options->endpoint.len ? options->endpoint : VIEW_LITERAL(GOOGLE_ENDPOINT);
	enum muster_code code;

	if (!options->bucket.len)
		return muster_fail(err, MUSTER_E_USAGE, "no bucket is named");
	code = endpoint_parse(&gcs->endpoint, endpoint, options->is_emulator, err);
	if (!code)
		code = bytes_append_view(&gcs->bucket, options->bucket, err);
	if (!code)
		code = bytes_append_view(&gcs->user_project, options->user_project, err);
	if (!code)
		code = bytes_printf(&gcs->place, err, "gs://%.*s", VIEW_ARGS(options->bucket));
	if (!code)
		code = bytes_append_byte(&gcs->place, '\0', err);
	gcs->keys = options->is_emulator ? NULL : options->keys;
	gcs->lists_details = options->lists_details;
	gcs->forgets_parts = options->forgets_parts;
	gcs->protocol.place = (const char *)gcs->place.ptr;
	return code;
}

enum muster_code gcs_open(struct cloud_protocol **out, const struct gcs_options *options,
			  struct muster_error *err)
{
	struct gcs *gcs = calloc(1, sizeof(*gcs));
	enum muster_code code;

	*out = NULL;
	if (!gcs)
		return muster_fail_memory(err, "a cloud's protocol");
	cloud_clock_init(&gcs->protocol.clock, options->effects);
	gcs->protocol.ops = &gcs_ops;
	code = fill(gcs, options, err);
	if (code) {
		gcs_free(&gcs->protocol);
		return code;
	}
	*out = &gcs->protocol;
	return MUSTER_OK;
}
