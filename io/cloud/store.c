#include "io/cloud/store.h"

#include <stdlib.h>

#include "base/hash/crc.h"
#include "base/hash/hash.h"
#include "base/text/encode.h"
#include "io/cloud/store_internal.h"

/* A time that old is asked for anew: clocks drift, and are set. */
#define TIME_MAX_AGE_NS (60ULL * 1000000000)
#define CUTS_MAX	10 /* of one create, each with a request that the server did answer between */

struct view cloud_key_make(struct cloud_key *out, const struct cloud_store *cloud, const char *key)
{
	size_t len = strlen(key);

	memcpy(out->text, cloud->prefix, cloud->prefix_len);
	memcpy(out->text + cloud->prefix_len, key, len + 1);
	out->len = cloud->prefix_len + len;
	return view_of(out->text, out->len);
}

/* --- create ---------------------------------------------------------------------------------- */

enum muster_code cloud_nonce_make(const struct cloud_store *cloud, char out[CLOUD_NONCE_TEXT],
				  struct muster_error *err)
{
	uint8_t random[(CLOUD_NONCE_TEXT - 1) / 2];
	enum muster_code code = effects_random(cloud->effects, random, sizeof(random), err);

	hex_encode(out, random, sizeof(random));
	out[CLOUD_NONCE_TEXT - 1] = 0;
	return code;
}

unsigned cloud_wanted_sums(const struct cloud_store *cloud, enum cloud_verb verb)
{
	return cloud->protocol->ops->wanted_sums(cloud->protocol, verb);
}

void cloud_sums_make(struct cloud_sums *out, unsigned wanted, struct view body)
{
	*out = (struct cloud_sums){ .has_md5 = wanted & 1u << CHECKSUM_MD5,
				    .has_crc32c = wanted & 1u << CHECKSUM_CRC32C,
				    .has_crc64nvme = wanted & 1u << CHECKSUM_CRC64NVME,
				    .has_sha256 = wanted & 1u << CHECKSUM_SHA256 };
	if (out->has_md5)
		md5_of(body, out->md5);
	if (out->has_crc32c)
		out->crc32c = (uint32_t)crc_of(CRC_32C, body);
	if (out->has_crc64nvme)
		out->crc64nvme = crc_of(CRC_64NVME, body);
	if (out->has_sha256)
		sha256_of(body, out->sha256);
}

enum muster_code cloud_settle(struct cloud_store *cloud, struct view key, const char *nonce,
			      uint64_t size_bytes, struct muster_error *err)
{
	struct cloud_flight flight;
	enum muster_code code;

	cloud_flight_init(&flight, cloud, CLOUD_HEAD, key);
	code = cloud_flight_perform(&flight, err);
	if (!code && strcmp(flight.call.out.nonce, nonce) != 0)
		code = MUSTER_EXISTS;
	if (!code && flight.call.out.size_bytes != size_bytes)
		code = muster_fail(err, MUSTER_E_DIGEST,
				   "%llu bytes became an object of %llu on the server",
				   (unsigned long long)size_bytes,
				   (unsigned long long)flight.call.out.size_bytes);
	cloud_flight_release(&flight);
	return code;
}

/* `was_cut`: without a reply, and perhaps done. */
static enum muster_code send_once(struct cloud_store *cloud, const struct cloud_call *call,
				  bool *was_cut, struct muster_error *err)
{
	struct cloud_flight flight;
	enum muster_code code;

	cloud_flight_init(&flight, cloud, CLOUD_CREATE, call->key);
	flight.call = *call;
	code = cloud_flight_perform(&flight, err);
	*was_cut = flight.exchange.was_cut && code == MUSTER_E_IO;
	cloud_flight_release(&flight);
	return code;
}

/* Where it is there already, or no reply came, it may be ours: of this attempt, of an earlier one,
 * or of one that libcurl made by itself. */
enum muster_code cloud_create_once(struct cloud_store *cloud, struct view key, struct view body,
				   const char *nonce, struct muster_error *err)
{
	struct cloud_call call = { .verb = CLOUD_CREATE, .key = key, .body = body };
	enum muster_code code = MUSTER_OK, whose = MUSTER_ABSENT;
	struct cloud_sums sums;
	bool was_cut = true;

	cloud_sums_make(&sums, cloud_wanted_sums(cloud, CLOUD_CREATE), body);
	call.sums = &sums;
	memcpy(call.nonce, nonce, CLOUD_NONCE_TEXT);
	for (unsigned cuts = 0; whose == MUSTER_ABSENT && was_cut && cuts < CUTS_MAX; cuts++) {
		code = send_once(cloud, &call, &was_cut, err);
		if (code != MUSTER_EXISTS && !was_cut)
			return code;
		whose = cloud_settle(cloud, key, nonce, body.len, err);
	}
	if (whose != MUSTER_ABSENT)
		return whose;
	return was_cut ? code : MUSTER_EXISTS;
}

static enum muster_code cloud_create(struct store *store, const char *key, struct view data,
				     struct muster_error *err)
{
	struct cloud_store *cloud = cloud_of(store);
	char nonce[CLOUD_NONCE_TEXT];
	struct cloud_key full;
	enum muster_code code = cloud_nonce_make(cloud, nonce, err);

	if (code)
		return code;
	return cloud_create_once(cloud, cloud_key_make(&full, cloud, key), data, nonce, err);
}

/* --- remove, sync, now ----------------------------------------------------------------------- */

static enum muster_code cloud_remove(struct store *store, const char *key, struct muster_error *err)
{
	struct cloud_store *cloud = cloud_of(store);
	struct cloud_flight flight;
	struct cloud_key full;
	enum muster_code code;

	cloud_flight_init(&flight, cloud, CLOUD_REMOVE, cloud_key_make(&full, cloud, key));
	code = cloud_flight_perform(&flight, err);
	cloud_opened_forget(&cloud->opened, flight.call.key);
	cloud_flight_release(&flight);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

static enum muster_code cloud_sync(struct store *store, struct muster_error *err)
{
	(void)store, (void)err; /* what is acknowledged is durable */
	return MUSTER_OK;
}

static enum muster_code cloud_now(struct store *store, uint64_t *wall_ns, struct muster_error *err)
{
	struct cloud_store *cloud = cloud_of(store);
	struct cloud_clock *clock = &cloud->protocol->clock;
	enum muster_code code = MUSTER_OK;
	struct cloud_flight flight;

	if (cloud_clock_age_ns(clock) > TIME_MAX_AGE_NS) {
		cloud_flight_init(&flight, cloud, CLOUD_LIST, (struct view){ 0 });
		flight.call.prefix = view_of(cloud->prefix, cloud->prefix_len);
		flight.call.page_max = 1;
		code = cloud_flight_perform(&flight, err);
		cloud_flight_release(&flight);
	}
	if (!code && cloud_clock_age_ns(clock) == UINT64_MAX)
		return muster_fail(err, MUSTER_E_FORMAT, "%s: no reply tells the time",
				   cloud->protocol->place);
	*wall_ns = cloud_clock_ns(clock);
	return code;
}

/* --- its life -------------------------------------------------------------------------------- */

static void cloud_free(struct store *store)
{
	struct cloud_store *cloud = cloud_of(store);

	cloud->protocol->ops->free(cloud->protocol);
	cloud_pool_release(&cloud->pool);
	cloud_opened_release(&cloud->opened);
	free(cloud);
}

static const struct store_ops cloud_ops = {
	.create = cloud_create,
	.open = cloud_object_open,
	.read = cloud_object_read,
	.will_read = cloud_object_will_read,
	.close = cloud_object_close,
	.list = cloud_list,
	.remove = cloud_remove,
	.write_begin = cloud_write_begin,
	.write_append = cloud_write_append,
	.write_room = cloud_write_room,
	.write_finish = cloud_write_finish,
	.finish_max = STORE_CLOUD_FINISH_MAX,
	.write_abort = cloud_write_abort,
	.write_continue = cloud_write_continue,
	.write_leave = cloud_write_leave,
	.sync = cloud_sync,
	.now = cloud_now,
	.free = cloud_free,
};

static enum muster_code check(const struct store_cloud_options *options, struct muster_error *err)
{
	const struct cloud_protocol_ops *ops = options->protocol->ops;
	size_t part_bytes = options->part_bytes ? options->part_bytes : STORE_CLOUD_PART_BYTES;

	if (options->prefix.len > STORE_CLOUD_PREFIX_MAX_BYTES)
		return muster_fail(err, MUSTER_E_USAGE,
				   "%s: a prefix of %zu bytes, the maximum is %u",
				   options->protocol->place, options->prefix.len,
				   STORE_CLOUD_PREFIX_MAX_BYTES);
	if (options->prefix.len && memchr(options->prefix.ptr, 0, options->prefix.len))
		return muster_fail(err, MUSTER_E_USAGE, "%s: a prefix with a NUL in it",
				   options->protocol->place);
	if (options->parts_in_flight > STORE_CLOUD_IN_FLIGHT_MAX ||
	    options->ranges_in_flight > STORE_CLOUD_IN_FLIGHT_MAX)
		return muster_fail(err, MUSTER_E_USAGE,
				   "%s: the maximum in flight of one object is %u",
				   options->protocol->place, STORE_CLOUD_IN_FLIGHT_MAX);
	if (ops->part_multiple_bytes && part_bytes % ops->part_multiple_bytes)
		return muster_fail(err, MUSTER_E_USAGE, "%s: parts of %zu bytes cannot be",
				   options->protocol->place, part_bytes);
	return MUSTER_OK;
}

#define OR_DEFAULT(value, otherwise) ((value) ? (value) : (otherwise))

static void fill(struct cloud_store *cloud, const struct store_cloud_options *options)
{
	cloud->ops = cloud_ops;
	cloud->ops.kind = options->protocol->ops->kind;
	cloud->base.ops = &cloud->ops;
	cloud->protocol = options->protocol;
	cloud->http = options->http;
	cloud->pacer = options->pacer;
	cloud->effects = OR_DEFAULT(options->effects, effects_system());
	cloud->parts_in_flight = OR_DEFAULT(options->parts_in_flight, STORE_CLOUD_IN_FLIGHT);
	cloud->ranges_in_flight =
		OR_DEFAULT(options->ranges_in_flight, STORE_CLOUD_RANGES_IN_FLIGHT);
	cloud->tail_bytes = OR_DEFAULT(options->tail_bytes, STORE_CLOUD_TAIL_BYTES);
	cloud->range_bytes = OR_DEFAULT(options->range_bytes, STORE_CLOUD_RANGE_BYTES);
	cloud->part_bytes = OR_DEFAULT(options->part_bytes, STORE_CLOUD_PART_BYTES);
	cloud->page_max = options->page_max;
	cloud_opened_init(&cloud->opened);
	cloud->prefix_len = options->prefix.len;
	if (options->prefix.len)
		memcpy(cloud->prefix, options->prefix.ptr, options->prefix.len);
	cloud_pool_init(&cloud->pool,
			OR_DEFAULT(options->buffer_max_bytes, STORE_CLOUD_BUFFER_MAX_BYTES));
}

enum muster_code store_cloud_open(struct store **out, const struct store_cloud_options *options,
				  struct muster_error *err)
{
	enum muster_code code = check(options, err);
	struct cloud_store *cloud;

	*out = NULL;
	if (code) {
		options->protocol->ops->free(options->protocol);
		return code;
	}
	cloud = calloc(1, sizeof(*cloud));
	if (!cloud) {
		options->protocol->ops->free(options->protocol);
		return muster_fail_memory(err, "a store");
	}
	fill(cloud, options);
	*out = &cloud->base;
	return MUSTER_OK;
}
