/* Whole files: XXH3 at once, MD5 and SHA-256 in lanes. Long files, in chunks: one stream of each,
 * where MD5 and SHA-256 are OpenSSL's. */
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
	struct lanes *md5_lanes;    /* NULL unless the digest is MD5 */
	struct lanes *sha256_lanes; /* NULL unless asked for and better than OpenSSL */
};

static enum muster_code open_parts(struct hasher *hasher, struct muster_error *err)
{
	const struct lane_kernel *sha256 = NULL;
	enum muster_code code = MUSTER_OK;

	if (hasher->options.has_identity)
		sha256 = sha256_kernel_of(hasher->options.cpu);
	if (hasher->options.algorithm == DIGEST_MD5)
		code = lanes_new(&hasher->md5_lanes, md5_kernel_of(hasher->options.cpu), err);
	if (!code && sha256)
		code = lanes_new(&hasher->sha256_lanes, sha256, err);
	if (code)
		return code;
	hasher->xxh3 = xxh3_form_of(hasher->options.cpu);
	hasher->xxh3_stream = hasher->xxh3->stream_new();
	hasher->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	hasher->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	hasher->md5_ctx = EVP_MD_CTX_new();
	hasher->sha256_ctx = EVP_MD_CTX_new();
	if (!hasher->xxh3_stream || !hasher->md5_ctx || !hasher->sha256_ctx)
		return muster_fail_memory(err, "a hasher");
	if (!hasher->md5 || !hasher->sha256)
		return muster_fail(err, MUSTER_E_MEMORY, "a hasher: OpenSSL has no MD5 or SHA-256");
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
	lanes_free(hasher->sha256_lanes);
	lanes_free(hasher->md5_lanes);
	free(hasher);
}

/* --- whole files ------------------------------------------------------------------------ */

static void submit_digest(struct hasher *hasher, struct view data, struct fingerprint *out,
			  bool *is_done)
{
	if (hasher->md5_lanes) {
		lanes_push(hasher->md5_lanes, data, out->digest, is_done);
		return;
	}
	memcpy(out->digest, out->checksum, DIGEST_BYTES);
	*is_done = true;
}

static void submit_identity(struct hasher *hasher, struct view data, struct fingerprint *out,
			    bool *is_done)
{
	if (hasher->sha256_lanes) {
		lanes_push(hasher->sha256_lanes, data, out->identity, is_done);
		return;
	}
	*is_done = true;
	if (!hasher->options.has_identity) {
		memset(out->identity, 0, IDENTITY_BYTES);
		return;
	}
	EVP_DigestInit_ex2(hasher->sha256_ctx, hasher->sha256, NULL);
	EVP_DigestUpdate(hasher->sha256_ctx, data.ptr, data.len);
	EVP_DigestFinal_ex(hasher->sha256_ctx, out->identity, NULL);
}

void hasher_submit(struct hasher *hasher, struct view data, struct fingerprint *out,
		   struct hash_progress *progress)
{
	hasher->xxh3->hash128(data, out->checksum);
	submit_digest(hasher, data, out, &progress->has_digest);
	submit_identity(hasher, data, out, &progress->has_identity);
}

void hasher_push_blocks(struct hasher *hasher, struct view blocks, uint32_t *state)
{
	lanes_push_blocks(hasher->md5_lanes, blocks, state);
}

void hasher_finish(struct hasher *hasher, const struct fingerprint *out)
{
	if (hasher->md5_lanes)
		lanes_finish(hasher->md5_lanes, out->digest);
	if (hasher->sha256_lanes)
		lanes_finish(hasher->sha256_lanes, out->identity);
}

void hasher_drain(struct hasher *hasher)
{
	if (hasher->md5_lanes)
		lanes_drain(hasher->md5_lanes);
	if (hasher->sha256_lanes)
		lanes_drain(hasher->sha256_lanes);
}

void hasher_reset(struct hasher *hasher)
{
	if (hasher->md5_lanes)
		lanes_reset(hasher->md5_lanes);
	if (hasher->sha256_lanes)
		lanes_reset(hasher->sha256_lanes);
}

struct lanes_use hasher_lanes_use(const struct hasher *hasher)
{
	return hasher->md5_lanes ? lanes_use(hasher->md5_lanes) : (struct lanes_use){ 0 };
}

void hash_batch(struct hasher *hasher, struct hash_request *requests, size_t count)
{
	struct hash_progress unread; /* all are done after the drain */

	for (size_t i = 0; i < count; i++)
		hasher_submit(hasher, requests[i].data, &requests[i].fingerprint, &unread);
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
