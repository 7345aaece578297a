/* Whole files: XXH3 and SHA-256 at once, MD5 in lanes. Long files, in chunks: one stream of each,
 * where MD5 is OpenSSL's. */
#include "base/hash/hash_internal.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/hash/xxh3.h"

struct hasher {
	struct hash_options options;
	EVP_MD *md5, *sha256; /* fetched once: a fetch by name costs more than a small file */
	EVP_MD_CTX *md5_ctx, *sha256_ctx;
	const struct xxh3_form *xxh3;
	void *xxh3_stream;
	struct md5_lanes *lanes; /* NULL unless the digest is MD5 */
};

static enum muster_code open_parts(struct hasher *hasher, struct muster_error *err)
{
	if (hasher->options.algorithm == DIGEST_MD5) {
		enum muster_code code = md5_lanes_new(&hasher->lanes, hasher->options.cpu, err);

		if (code)
			return code;
	}
	hasher->xxh3 = xxh3_form_of(hasher->options.cpu);
	hasher->xxh3_stream = hasher->xxh3->stream_new();
	hasher->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	hasher->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	hasher->md5_ctx = EVP_MD_CTX_new();
	hasher->sha256_ctx = EVP_MD_CTX_new();
	if (!hasher->xxh3_stream || !hasher->md5_ctx || !hasher->sha256_ctx)
		return muster_fail_memory(err, "a hasher");
	if (!hasher->md5 || !hasher->sha256)
		return muster_fail(err, MUSTER_E_MEMORY,
				   "a hasher: OpenSSL has no MD5 or SHA-256");
	return MUSTER_OK;
}

enum muster_code hasher_new(struct hasher **out, struct hash_options options,
			    struct muster_error *err)
{
	struct hasher *hasher;
	enum muster_code code;

	assert(options.algorithm == DIGEST_MD5 || options.algorithm == DIGEST_XXH128);
	*out = NULL;
	if (!hash_cpu_is_available(options.cpu))
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "this machine has no '%s'",
				   hash_cpu_name(options.cpu));
	hasher = calloc(1, sizeof(*hasher));
	if (!hasher)
		return muster_fail_memory(err, "a hasher");
	hasher->options = options;
	code = open_parts(hasher, err);
	if (code)
		hasher_free(hasher);
	else
		*out = hasher;
	return code;
}

void hasher_free(struct hasher *hasher)
{
	if (!hasher)
		return;
	if (hasher->xxh3_stream)
		hasher->xxh3->stream_free(hasher->xxh3_stream);
	EVP_MD_CTX_free(hasher->sha256_ctx);
	EVP_MD_CTX_free(hasher->md5_ctx);
	EVP_MD_free(hasher->sha256);
	EVP_MD_free(hasher->md5);
	md5_lanes_free(hasher->lanes);
	free(hasher);
}

/* --- whole files ------------------------------------------------------------------------ */

static void identity_of(struct hasher *hasher, struct view data, uint8_t out[IDENTITY_BYTES])
{
	if (!hasher->options.has_identity) {
		memset(out, 0, IDENTITY_BYTES);
		return;
	}
	EVP_DigestInit_ex2(hasher->sha256_ctx, hasher->sha256, NULL);
	EVP_DigestUpdate(hasher->sha256_ctx, data.ptr, data.len);
	EVP_DigestFinal_ex(hasher->sha256_ctx, out, NULL);
}

void hasher_submit(struct hasher *hasher, struct view data, struct fingerprint *out, bool *is_done)
{
	hasher->xxh3->hash128(data, out->checksum);
	identity_of(hasher, data, out->identity);
	if (hasher->lanes) {
		md5_lanes_push(hasher->lanes, data, out->digest, is_done);
		return;
	}
	memcpy(out->digest, out->checksum, DIGEST_BYTES);
	if (is_done)
		*is_done = true;
}

void hasher_finish(struct hasher *hasher, const struct fingerprint *out)
{
	if (hasher->lanes)
		md5_lanes_finish(hasher->lanes, out->digest);
}

void hasher_drain(struct hasher *hasher)
{
	if (hasher->lanes)
		md5_lanes_drain(hasher->lanes);
}

void hasher_reset(struct hasher *hasher)
{
	if (hasher->lanes)
		md5_lanes_reset(hasher->lanes);
}

struct md5_lanes_use hasher_lanes_use(const struct hasher *hasher)
{
	return hasher->lanes ? md5_lanes_use(hasher->lanes) : (struct md5_lanes_use){ 0 };
}

void hash_batch(struct hasher *hasher, struct hash_request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hasher_submit(hasher, requests[i].data, &requests[i].fingerprint, NULL);
	hasher_drain(hasher);
}

/* --- a long file in chunks -------------------------------------------------------------- */

void hash_begin(struct hasher *hasher)
{
	hasher->xxh3->stream_begin(hasher->xxh3_stream);
	if (hasher->options.algorithm == DIGEST_MD5)
		EVP_DigestInit_ex2(hasher->md5_ctx, hasher->md5, NULL);
	if (hasher->options.has_identity)
		EVP_DigestInit_ex2(hasher->sha256_ctx, hasher->sha256, NULL);
}

void hash_update(struct hasher *hasher, struct view chunk)
{
	hasher->xxh3->stream_update(hasher->xxh3_stream, chunk);
	if (hasher->options.algorithm == DIGEST_MD5)
		EVP_DigestUpdate(hasher->md5_ctx, chunk.ptr, chunk.len);
	if (hasher->options.has_identity)
		EVP_DigestUpdate(hasher->sha256_ctx, chunk.ptr, chunk.len);
}

void hash_end(struct hasher *hasher, struct fingerprint *out)
{
	memset(out, 0, sizeof(*out));
	hasher->xxh3->stream_end(hasher->xxh3_stream, out->checksum);
	if (hasher->options.algorithm == DIGEST_MD5)
		EVP_DigestFinal_ex(hasher->md5_ctx, out->digest, NULL);
	else
		memcpy(out->digest, out->checksum, DIGEST_BYTES);
	if (hasher->options.has_identity)
		EVP_DigestFinal_ex(hasher->sha256_ctx, out->identity, NULL);
}
