/* OpenSSL's EVP interface hides its state; MD5_CTX is public and has been the same since
 * SSLeay, which is what lets a commit resume in the middle of a stream. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "artifact/digest.h"

#include <openssl/md5.h>
#include <xxhash.h>

#include "base/text/encode.h"

#define MD5_BLOCK_BYTES sizeof(((struct md5_state *)0)->tail)

#define HEADER	     "wandb-artifact-manifest-v1\n"
#define HEADER_BYTES (sizeof(HEADER) - 1)

_Static_assert(sizeof(((MD5_CTX *)0)->data) == 64, "MD5_CTX keeps one block");

static const struct md5_state md5_start = {
	.word = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 }, /* RFC 1321, 3.3 */
};

static void md5_import(MD5_CTX *ctx, const struct md5_state *state)
{
	uint64_t length_bits = state->length_bytes << 3;

	memset(ctx, 0, sizeof(*ctx));
	ctx->A = state->word[0];
	ctx->B = state->word[1];
	ctx->C = state->word[2];
	ctx->D = state->word[3];
	ctx->Nl = (MD5_LONG)length_bits;
	ctx->Nh = (MD5_LONG)(length_bits >> 32);
	ctx->num = (unsigned)(state->length_bytes % MD5_BLOCK_BYTES);
	memcpy(ctx->data, state->tail, ctx->num);
}

static void md5_export(const MD5_CTX *ctx, struct md5_state *state)
{
	state->word[0] = ctx->A;
	state->word[1] = ctx->B;
	state->word[2] = ctx->C;
	state->word[3] = ctx->D;
	state->length_bytes = ((uint64_t)ctx->Nh << 32 | ctx->Nl) >> 3;
	memcpy(state->tail, ctx->data, ctx->num);
	memset(state->tail + ctx->num, 0, sizeof(state->tail) - ctx->num);
}

static void hash_bytes(struct artifact_digest *digest, const uint8_t *ptr, size_t len)
{
	MD5_CTX ctx;

	if (digest->algorithm == DIGEST_XXH128) {
		XXH3_128bits_update(digest->xxh, ptr, len);
		return;
	}
	md5_import(&ctx, &digest->md5);
	MD5_Update(&ctx, ptr, len);
	md5_export(&ctx, &digest->md5);
}

static void digest_flush(struct artifact_digest *digest)
{
	hash_bytes(digest, digest->buffer, digest->used_bytes);
	digest->used_bytes = 0;
}

static void digest_append(struct artifact_digest *digest, const void *ptr, size_t len)
{
	if (len > sizeof(digest->buffer) - digest->used_bytes)
		digest_flush(digest);
	if (len > sizeof(digest->buffer)) {
		hash_bytes(digest, ptr, len);
		return;
	}
	if (len)
		memcpy(digest->buffer + digest->used_bytes, ptr, len);
	digest->used_bytes += (uint32_t)len;
}

static void digest_restart(struct artifact_digest *digest)
{
	digest->md5 = md5_start;
	if (digest->algorithm == DIGEST_XXH128)
		XXH3_128bits_reset(digest->xxh);
	memcpy(digest->buffer, HEADER, HEADER_BYTES);
	digest->used_bytes = HEADER_BYTES;
}

enum muster_code artifact_digest_begin(struct artifact_digest *digest,
				       enum digest_algorithm algorithm, struct muster_error *err)
{
	if (algorithm != DIGEST_MD5 && algorithm != DIGEST_XXH128)
		return muster_fail(err, MUSTER_E_USAGE, "an artifact digest is MD5 or XXH128");
	if (algorithm == DIGEST_XXH128 && !digest->xxh) {
		digest->xxh = XXH3_createState();
		if (!digest->xxh)
			return muster_fail_memory(err, "an artifact digest");
	}
	digest->algorithm = algorithm;
	digest_restart(digest);
	return MUSTER_OK;
}

void artifact_digest_release(struct artifact_digest *digest)
{
	XXH3_freeState(digest->xxh);
	digest->xxh = NULL;
	digest->used_bytes = 0;
}

void artifact_digest_add(struct artifact_digest *digest, const struct entry *entry)
{
	char buf[ENTRY_DIGEST_BUF_BYTES];
	struct view text = entry_digest_text(entry, buf);

	digest_append(digest, entry->path.ptr, entry->path.len);
	digest_append(digest, ":", 1);
	digest_append(digest, text.ptr, text.len);
	digest_append(digest, "\n", 1);
}

void artifact_digest_save(struct artifact_digest *digest, struct md5_state *out)
{
	if (digest->algorithm != DIGEST_MD5) {
		*out = (struct md5_state){ 0 };
		return;
	}
	digest_flush(digest);
	*out = digest->md5;
}

enum muster_code artifact_digest_resume(struct artifact_digest *digest,
					const struct md5_state *state, struct muster_error *err)
{
	if (digest->algorithm != DIGEST_MD5)
		return muster_fail(err, MUSTER_E_USAGE, "only an MD5 digest can be resumed");
	/* The length in bits has to fit 64 of them (RFC 1321, 3.2). */
	if (state->length_bytes < HEADER_BYTES || state->length_bytes >> 61)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "digest state of %llu bytes is not one of a manifest",
				   (unsigned long long)state->length_bytes);
	digest->md5 = *state;
	digest->used_bytes = 0;
	return MUSTER_OK;
}

void artifact_digest_end(struct artifact_digest *digest, uint8_t out[DIGEST_BYTES])
{
	MD5_CTX ctx;

	digest_flush(digest);
	if (digest->algorithm == DIGEST_XXH128) {
		XXH128_canonical_t canonical;

		XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(digest->xxh));
		memcpy(out, canonical.digest, DIGEST_BYTES);
	} else {
		md5_import(&ctx, &digest->md5);
		MD5_Final(out, &ctx);
	}
	digest_restart(digest);
}

void artifact_digest_hex(const uint8_t digest[DIGEST_BYTES], char out[ARTIFACT_DIGEST_HEX_BYTES])
{
	hex_encode(out, digest, DIGEST_BYTES);
	out[ARTIFACT_DIGEST_HEX_BYTES - 1] = '\0';
}
