/* One-shot digests and the SHA-256 stream, for records and formats. */
#include "base/hash/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/md5.h>
#include <stdlib.h>

#include "base/hash/xxh3.h"

void sha256_of(struct view data, uint8_t out[IDENTITY_BYTES])
{
	SHA256(data.ptr, data.len, out);
}

void md5_of(struct view data, uint8_t out[DIGEST_BYTES])
{
	EVP_Digest(data.ptr, data.len, out, NULL, EVP_md5(), NULL);
}

void xxh128_of(struct view data, uint8_t out[CHECKSUM_BYTES])
{
	xxh3_form_of(HASH_CPU_BEST)->hash128(data, out);
}

uint64_t xxh64_of(struct view data)
{
	return xxh3_form_of(HASH_CPU_BEST)->hash64(data);
}

struct sha256 {
	EVP_MD_CTX *ctx;
};

enum muster_code sha256_new(struct sha256 **out, struct muster_error *err)
{
	struct sha256 *sha = malloc(sizeof(*sha));

	*out = NULL;
	if (!sha)
		return muster_fail_memory(err, "a SHA-256 stream");
	sha->ctx = EVP_MD_CTX_new();
	if (!sha->ctx || !EVP_DigestInit_ex2(sha->ctx, EVP_sha256(), NULL)) {
		sha256_free(sha);
		return muster_fail_memory(err, "a SHA-256 stream");
	}
	*out = sha;
	return MUSTER_OK;
}

void sha256_free(struct sha256 *sha)
{
	if (!sha)
		return;
	EVP_MD_CTX_free(sha->ctx);
	free(sha);
}

void sha256_update(struct sha256 *sha, struct view data)
{
	EVP_DigestUpdate(sha->ctx, data.ptr, data.len);
}

void sha256_end(struct sha256 *sha, uint8_t out[IDENTITY_BYTES])
{
	EVP_DigestFinal_ex(sha->ctx, out, NULL);
	EVP_DigestInit_ex2(sha->ctx, NULL, NULL);
}
