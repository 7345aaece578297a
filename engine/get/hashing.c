#include "engine/get/hashing.h"

#include <stdlib.h>

enum muster_code get_hashing_init(struct get_hashing *hashing, bool has_identity,
				  size_t buffer_bytes, struct muster_error *err)
{
	hashing->has_identity = has_identity;
	hashing->buffer_bytes = buffer_bytes;
	hashing->buffer = malloc(buffer_bytes);
	return hashing->buffer ? MUSTER_OK : muster_fail_memory(err, "a worker's buffer");
}

void get_hashing_release(struct get_hashing *hashing)
{
	for (size_t i = 0; i < sizeof(hashing->hashers) / sizeof(hashing->hashers[0]); i++)
		hasher_free(hashing->hashers[i]);
	free(hashing->buffer);
}

enum muster_code get_hashing_hasher(struct get_hashing *hashing, enum digest_algorithm algorithm,
				    struct hasher **out, struct muster_error *err)
{
	struct hasher **hasher = &hashing->hashers[algorithm];
	enum muster_code code = MUSTER_OK;

	if (!*hasher)
		code = hasher_new(hasher,
				  (struct hash_options){ .algorithm = algorithm,
							 .has_identity = hashing->has_identity },
				  err);
	*out = *hasher;
	return code;
}

enum muster_code get_hashing_flush(struct get_hashing *hashing, struct muster_error *err)
{
	size_t count = hashing->group.count;
	struct hasher *hasher;
	enum muster_code code = MUSTER_OK;

	if (count)
		code = get_hashing_hasher(hashing, hashing->group.algorithm, &hasher, err);
	hashing->group.count = hashing->group.used_bytes = 0;
	if (code || !count)
		return code;
	hash_batch(hasher, hashing->group.requests, count);
	for (size_t i = 0; i < count; i++)
		hashing->fn(hashing->state, hashing->group.cookies[i],
			    &hashing->group.requests[i].fingerprint);
	return MUSTER_OK;
}

enum muster_code get_hashing_room(struct get_hashing *hashing, enum digest_algorithm algorithm,
				  uint64_t size_bytes, uint8_t **out, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (hashing->group.count == GET_HASHING_MAX || hashing->group.algorithm != algorithm ||
	    hashing->buffer_bytes - hashing->group.used_bytes <= size_bytes)
		code = get_hashing_flush(hashing, err);
	hashing->group.algorithm = algorithm;
	*out = hashing->buffer + hashing->group.used_bytes;
	return code;
}

void get_hashing_add(struct get_hashing *hashing, uint64_t size_bytes, void *cookie)
{
	size_t n = hashing->group.count++;

	hashing->group.requests[n].data =
		view_of(hashing->buffer + hashing->group.used_bytes, size_bytes);
	hashing->group.cookies[n] = cookie;
	hashing->group.used_bytes += size_bytes;
}
