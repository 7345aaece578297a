#include "base/hash/etag.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash/hash.h"
#include "base/hash/lanes.h"

/* Part digests that wait for an older one; twice the lanes, so that one late part does not empty
 * them. */
#define WAITING_MAX 64

struct etag {
	struct lanes *lanes;
	EVP_MD *md5;
	EVP_MD_CTX *outer;  /* over the digests of the parts */
	EVP_MD_CTX *pieces; /* over a part that comes in pieces */
	uint64_t part_bytes, piece_bytes;
	uint64_t part_count, fed_count; /* begun; given to `outer` */
	uint8_t digests[WAITING_MAX][DIGEST_BYTES];
};

enum muster_code etag_new(struct etag **out, enum hash_cpu cpu, struct muster_error *err)
{
	struct etag *etag;
	enum muster_code code;

	*out = NULL;
	if (!hash_cpu_is_available(cpu))
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "this machine has no '%s'",
				   hash_cpu_name(cpu));
	etag = calloc(1, sizeof(*etag));
	if (!etag)
		return muster_fail_memory(err, "an ETag");
	code = lanes_new(&etag->lanes, md5_kernel_of(cpu), err);
	if (code)
		goto out;
	etag->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	etag->outer = EVP_MD_CTX_new();
	etag->pieces = EVP_MD_CTX_new();
	if (!etag->md5 || !etag->outer || !etag->pieces)
		code = muster_fail_memory(err, "an ETag");
out:
	if (code)
		etag_free(etag);
	else
		*out = etag;
	return code;
}

void etag_free(struct etag *etag)
{
	if (!etag)
		return;
	EVP_MD_CTX_free(etag->pieces);
	EVP_MD_CTX_free(etag->outer);
	EVP_MD_free(etag->md5);
	lanes_free(etag->lanes);
	free(etag);
}

void etag_begin(struct etag *etag, uint64_t part_bytes)
{
	assert(part_bytes);
	lanes_reset(etag->lanes);
	etag->part_bytes = part_bytes;
	etag->piece_bytes = etag->part_count = etag->fed_count = 0;
	EVP_DigestInit_ex2(etag->outer, etag->md5, NULL);
	EVP_DigestInit_ex2(etag->pieces, etag->md5, NULL);
}

static void feed_oldest(struct etag *etag)
{
	uint8_t *digest = etag->digests[etag->fed_count++ % WAITING_MAX];

	lanes_finish(etag->lanes, digest);
	EVP_DigestUpdate(etag->outer, digest, DIGEST_BYTES);
}

/* Where the digest of the next part goes. */
static uint8_t *next_digest(struct etag *etag)
{
	if (etag->part_count - etag->fed_count == WAITING_MAX)
		feed_oldest(etag);
	return etag->digests[etag->part_count++ % WAITING_MAX];
}

static void end_pieces(struct etag *etag)
{
	EVP_DigestFinal_ex(etag->pieces, next_digest(etag), NULL);
	EVP_DigestInit_ex2(etag->pieces, etag->md5, NULL);
	etag->piece_bytes = 0;
}

static void add_piece(struct etag *etag, struct view piece)
{
	EVP_DigestUpdate(etag->pieces, piece.ptr, piece.len);
	etag->piece_bytes += piece.len;
	if (etag->piece_bytes == etag->part_bytes)
		end_pieces(etag);
}

void etag_update(struct etag *etag, struct view data)
{
	while (data.len) {
		uint64_t missing = etag->part_bytes - etag->piece_bytes;
		size_t len = data.len < missing ? data.len : (size_t)missing;

		if (len == etag->part_bytes)
			lanes_push(etag->lanes, view_of(data.ptr, len), next_digest(etag), NULL);
		else
			add_piece(etag, view_of(data.ptr, len));
		data = view_of(data.ptr + len, data.len - len);
	}
}

void etag_update_last(struct etag *etag, struct view data)
{
	uint64_t missing = etag->part_bytes - etag->piece_bytes;
	size_t last_len;

	if (etag->piece_bytes) { /* complete that part first: what follows starts one */
		size_t len = data.len < missing ? data.len : (size_t)missing;

		etag_update(etag, view_of(data.ptr, len));
		data = view_of(data.ptr + len, data.len - len);
	}
	last_len = (size_t)(data.len % etag->part_bytes);
	etag_update(etag, view_of(data.ptr, data.len - last_len));
	if (last_len)
		lanes_push(etag->lanes, view_of(data.ptr + data.len - last_len, last_len),
			   next_digest(etag), NULL);
}

void etag_drain(struct etag *etag)
{
	lanes_drain(etag->lanes);
	while (etag->fed_count < etag->part_count)
		feed_oldest(etag);
}

void etag_end(struct etag *etag, char out[ETAG_TEXT_BYTES])
{
	uint8_t digest[DIGEST_BYTES];
	char *at = out;

	if (etag->piece_bytes || !etag->part_count)
		end_pieces(etag);
	etag_drain(etag);
	EVP_DigestFinal_ex(etag->outer, digest, NULL);
	for (size_t i = 0; i < DIGEST_BYTES; i++, at += 2)
		snprintf(at, 3, "%02x", digest[i]);
	snprintf(at, ETAG_TEXT_BYTES - 32, "-%llu", (unsigned long long)etag->part_count);
}
