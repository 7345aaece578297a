#include "engine/intake/intake_set.h"

#include "artifact/format/pack.h"

#define RING_SHARE     4
#define RING_MIN_BYTES (1u << 20)

#define FOR_EACH(set, n) for (size_t n = 0; n < sizeof((set)->of) / sizeof((set)->of[0]); n++)

void intake_set_release(struct intake_set *set)
{
	FOR_EACH(set, i)
		intake_close(set->of[i]);
}

enum muster_code intake_set_need(struct intake_set *set, enum digest_algorithm algorithm,
				 struct intake **out, struct muster_error *err)
{
	struct intake_options options = set->options;
	enum muster_code code = MUSTER_OK;

	options.hashing.algorithm = algorithm;
	if (!set->of[algorithm])
		code = intake_open(&set->of[algorithm], &options, err);
	*out = set->of[algorithm];
	return code;
}

enum muster_code intake_set_read_all(struct intake_set *set, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	FOR_EACH(set, i)
		if (set->of[i] && !code)
			code = intake_read_all(set->of[i], err);
	return code;
}

enum muster_code intake_set_drain(struct intake_set *set, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	FOR_EACH(set, i)
		if (set->of[i] && !code)
			code = intake_drain(set->of[i], err);
	return code;
}

void intake_set_cancel(struct intake_set *set)
{
	FOR_EACH(set, i)
		if (set->of[i])
			intake_cancel(set->of[i]);
}

size_t intake_ring_bytes(uint64_t memory_bytes, unsigned worker_count)
{
	uint64_t share = memory_bytes / (RING_SHARE * (uint64_t)worker_count);

	if (!memory_bytes || share > INTAKE_RING_BYTES)
		return INTAKE_RING_BYTES;
	return share < RING_MIN_BYTES ? RING_MIN_BYTES : (size_t)share;
}

uint64_t intake_small_max(size_t ring_bytes)
{
	return ring_bytes / 2 < PACK_BLOB_MAX_BYTES ? ring_bytes / 2 : PACK_BLOB_MAX_BYTES;
}
