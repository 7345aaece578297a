/* Whole files through OpenSSL (MD5, SHA-256) and xxHash. SIMD lanes will answer hash_batch();
 * the scalar form below stays as the one they are compared with. */
#include "base/hash/hash.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <xxhash.h>

struct hasher {
	struct hash_options options;
	EVP_MD *md5, *sha256; /* fetched once: a fetch by name costs more than a small file */
	EVP_MD_CTX *md5_ctx, *sha256_ctx;
	XXH3_state_t *xxh;
};

enum muster_code hasher_new(struct hasher **out, struct hash_options options,
			    struct muster_error *err)
{
	struct hasher *hasher = calloc(1, sizeof(*hasher));

	assert(options.algorithm == DIGEST_MD5 || options.algorithm == DIGEST_XXH128);
	*out = NULL;
	if (!hasher)
		return muster_fail_memory(err, "a hasher");
	hasher->options = options;
	hasher->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	hasher->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	hasher->md5_ctx = EVP_MD_CTX_new();
	hasher->sha256_ctx = EVP_MD_CTX_new();
	hasher->xxh = XXH3_createState();
	if (!hasher->md5 || !hasher->sha256 || !hasher->md5_ctx || !hasher->sha256_ctx ||
	    !hasher->xxh) {
		hasher_free(hasher);
		return muster_fail(err, MUSTER_E_MEMORY, "a hasher: OpenSSL has no MD5 or SHA-256");
	}
	*out = hasher;
	return MUSTER_OK;
}

void hasher_free(struct hasher *hasher)
{
	if (!hasher)
		return;
	XXH3_freeState(hasher->xxh);
	EVP_MD_CTX_free(hasher->sha256_ctx);
	EVP_MD_CTX_free(hasher->md5_ctx);
	EVP_MD_free(hasher->sha256);
	EVP_MD_free(hasher->md5);
	free(hasher);
}

static void put_canonical(XXH128_hash_t hash, uint8_t out[16])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash);
	memcpy(out, canonical.digest, 16);
}

static void evp_one(EVP_MD_CTX *ctx, const EVP_MD *md, struct view data, uint8_t *out)
{
	EVP_DigestInit_ex2(ctx, md, NULL);
	EVP_DigestUpdate(ctx, data.ptr, data.len);
	EVP_DigestFinal_ex(ctx, out, NULL);
}

static void hash_one(struct hasher *hasher, struct hash_request *request)
{
	struct fingerprint *out = &request->fingerprint;

	put_canonical(XXH3_128bits(request->data.ptr, request->data.len), out->checksum);
	if (hasher->options.algorithm == DIGEST_MD5)
		evp_one(hasher->md5_ctx, hasher->md5, request->data, out->digest);
	else
		memcpy(out->digest, out->checksum, DIGEST_BYTES);
	if (hasher->options.has_identity)
		evp_one(hasher->sha256_ctx, hasher->sha256, request->data, out->identity);
	else
		memset(out->identity, 0, sizeof(out->identity));
}

void hash_batch(struct hasher *hasher, struct hash_request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash_one(hasher, &requests[i]);
}

void hash_begin(struct hasher *hasher)
{
	XXH3_128bits_reset(hasher->xxh);
	if (hasher->options.algorithm == DIGEST_MD5)
		EVP_DigestInit_ex2(hasher->md5_ctx, hasher->md5, NULL);
	if (hasher->options.has_identity)
		EVP_DigestInit_ex2(hasher->sha256_ctx, hasher->sha256, NULL);
}

void hash_update(struct hasher *hasher, struct view chunk)
{
	XXH3_128bits_update(hasher->xxh, chunk.ptr, chunk.len);
	if (hasher->options.algorithm == DIGEST_MD5)
		EVP_DigestUpdate(hasher->md5_ctx, chunk.ptr, chunk.len);
	if (hasher->options.has_identity)
		EVP_DigestUpdate(hasher->sha256_ctx, chunk.ptr, chunk.len);
}

void hash_end(struct hasher *hasher, struct fingerprint *out)
{
	memset(out, 0, sizeof(*out));
	put_canonical(XXH3_128bits_digest(hasher->xxh), out->checksum);
	if (hasher->options.algorithm == DIGEST_MD5)
		EVP_DigestFinal_ex(hasher->md5_ctx, out->digest, NULL);
	else
		memcpy(out->digest, out->checksum, DIGEST_BYTES);
	if (hasher->options.has_identity)
		EVP_DigestFinal_ex(hasher->sha256_ctx, out->identity, NULL);
}
