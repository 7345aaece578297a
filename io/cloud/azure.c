#include "io/cloud/azure.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text/encode.h"
#include "io/cloud/azure_internal.h"

#define BLOCKS_MAX 50000

void azure_make_id(struct azure *azure, char out[AZURE_ID_TEXT])
{
	snprintf(out, AZURE_ID_TEXT, "%s%08x", azure->id_head,
		 atomic_fetch_add(&azure->id_count, 1));
}

static unsigned wanted_sums(struct cloud_protocol *protocol, enum cloud_verb verb)
{
	const struct azure *azure = (const struct azure *)(const void *)protocol;

	if (verb != CLOUD_CREATE && verb != CLOUD_PART)
		return 0;
	return 1u << (azure->has_crc64 ? CHECKSUM_CRC64NVME : CHECKSUM_MD5);
}

static void azure_free(struct cloud_protocol *protocol)
{
	struct azure *azure = (struct azure *)(void *)protocol;

	sharedkey_free(azure->signer.sharedkey);
	pthread_mutex_destroy(&azure->signer.lock);
	cloud_clock_release(&azure->protocol.clock);
	endpoint_release(&azure->endpoint);
	bytes_release(&azure->container);
	bytes_release(&azure->account);
	bytes_release(&azure->place);
	free(azure);
}

static const struct cloud_protocol_ops azure_ops = {
	.kind = "azure",
	.listing = LISTING_AZURE,
	.has_tail = false, /* a range of Azure's has a first byte */
	.parts_in_order = false,
	.renames_parts = true,
	.parts = UPLOADS_AZURE_BLOCKS,
	.name_part = azure_name_part,
	.part_min_bytes = 1,
	.part_multiple_bytes = 1,
	.part_max = BLOCKS_MAX,
	.method = azure_method,
	.make_body = azure_make_body,
	.prepare = azure_prepare,
	.judge = azure_judge,
	.wanted_sums = wanted_sums,
	.free = azure_free,
};

/* --- options --------------------------------------------------------------------------------- */

static enum muster_code find_account(struct azure *azure,
				     const struct azure_protocol_options *options,
				     struct muster_error *err)
{
	struct key_set set = { 0 };
	enum muster_code code;

	if (options->account.len || !options->keys)
		return bytes_append_view(&azure->account, options->account, err);
	code = keys_get(options->keys, &set, err);
	if (!code)
		code = bytes_append_view(&azure->account, bytes_view(&set.id), err);
	key_set_release(&set);
	return code;
}

static enum muster_code find_endpoint(struct azure *azure,
				      const struct azure_protocol_options *options,
				      struct muster_error *err)
{
	struct bytes text = { 0 };
	enum muster_code code;

	if (options->endpoint.len)
		return endpoint_parse(&azure->endpoint, options->endpoint, false, err);
	if (!azure->account.len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "neither an account nor an endpoint is named");
	code = bytes_printf(&text, err, "https://%.*s.blob.core.windows.net",
			    VIEW_ARGS(bytes_view(&azure->account)));
	if (!code)
		code = endpoint_parse(&azure->endpoint, bytes_view(&text), false, err);
	bytes_release(&text);
	return code;
}

/* "az://account/container"; without an account, the endpoint stands for it. */
static enum muster_code name_place(struct azure *azure, struct muster_error *err)
{
	struct view account =
		bytes_view(azure->account.len ? &azure->account : &azure->endpoint.host);
	enum muster_code code =
		bytes_printf(&azure->place, err, "az://%.*s/%.*s", VIEW_ARGS(account),
			     VIEW_ARGS(bytes_view(&azure->container)));

	if (!code)
		code = bytes_append_byte(&azure->place, '\0', err);
	azure->protocol.place = (const char *)azure->place.ptr;
	return code;
}

static enum muster_code fill(struct azure *azure, const struct azure_protocol_options *options,
			     struct muster_error *err)
{
	const struct effects *effects = azure->protocol.clock.effects;
	uint8_t head[8];
	enum muster_code code;

	if (!options->container.len)
		return muster_fail(err, MUSTER_E_USAGE, "no container is named");
	azure->keys = options->keys;
	azure->has_crc64 = options->has_crc64;
	code = bytes_append_view(&azure->container, options->container, err);
	if (!code)
		code = find_account(azure, options, err);
	if (!code)
		code = find_endpoint(azure, options, err);
	if (!code)
		code = name_place(azure, err);
	if (!code)
		code = sharedkey_new(&azure->signer.sharedkey, err);
	if (!code)
		code = effects_random(effects, head, sizeof(head), err);
	if (!code)
		hex_encode(azure->id_head, head, sizeof(head));
	return code;
}

enum muster_code azure_open(struct cloud_protocol **out,
			    const struct azure_protocol_options *options, struct muster_error *err)
{
	struct azure *azure = calloc(1, sizeof(*azure));
	enum muster_code code;

	*out = NULL;
	if (!azure)
		return muster_fail_memory(err, "a cloud's protocol");
	pthread_mutex_init(&azure->signer.lock, NULL);
	cloud_clock_init(&azure->protocol.clock, options->effects);
	azure->protocol.ops = &azure_ops;
	code = fill(azure, options, err);
	if (code) {
		azure_free(&azure->protocol);
		return code;
	}
	*out = &azure->protocol;
	return MUSTER_OK;
}
