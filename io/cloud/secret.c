#include "io/cloud/secret.h"

#include <stdlib.h>

#include <openssl/crypto.h>

struct secret_block {
	size_t len;
	uint8_t bytes[]; /* len, and a NUL */
};

static enum muster_code block_new(struct secret_block **out, struct revealed head, struct view tail,
				  struct muster_error *err)
{
	struct secret_block *block;
	size_t len;

	*out = NULL;
	if (__builtin_add_overflow(head.secret_len, tail.len, &len) || len > SECRET_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a secret is longer than %u bytes",
				   SECRET_MAX_BYTES);
	block = malloc(sizeof(*block) + len + 1);
	if (!block)
		return muster_fail_memory(err, "a secret");
	block->len = len;
	if (head.secret_len)
		memcpy(block->bytes, head.secret_ptr, head.secret_len);
	if (tail.len)
		memcpy(block->bytes + head.secret_len, tail.ptr, tail.len);
	block->bytes[len] = '\0';
	*out = block;
	return MUSTER_OK;
}

static enum muster_code replace(struct secret *secret, struct revealed head, struct view tail,
				struct muster_error *err)
{
	struct secret_block *block;
	enum muster_code code = block_new(&block, head, tail, err);

	if (code)
		return code;
	secret_release(secret); /* only now: `head` and `tail` may lie in it */
	secret->block = block;
	return MUSTER_OK;
}

enum muster_code secret_set(struct secret *secret, struct view bytes, struct muster_error *err)
{
	return replace(secret, (struct revealed){ 0 }, bytes, err);
}

enum muster_code secret_append(struct secret *secret, struct view bytes, struct muster_error *err)
{
	return replace(secret, secret_reveal(secret), bytes, err);
}

enum muster_code secret_take(struct secret *secret, struct bytes *bytes, struct muster_error *err)
{
	enum muster_code code = secret_set(secret, bytes_view(bytes), err);

	secret_scrub(bytes);
	return code;
}

enum muster_code secret_copy(struct secret *secret, const struct secret *from,
			     struct muster_error *err)
{
	if (secret_is_set(from))
		return replace(secret, secret_reveal(from), (struct view){ 0 }, err);
	secret_release(secret);
	return MUSTER_OK;
}

void secret_release(struct secret *secret)
{
	if (secret->block)
		OPENSSL_cleanse(secret->block, sizeof(*secret->block) + secret->block->len);
	free(secret->block);
	secret->block = NULL;
}

bool secret_is_set(const struct secret *secret)
{
	return secret->block != NULL;
}

struct revealed secret_reveal(const struct secret *secret)
{
	if (!secret->block)
		return (struct revealed){ (const uint8_t *)"", 0 };
	return (struct revealed){ secret->block->bytes, secret->block->len };
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	struct revealed left = secret_reveal(a), right = secret_reveal(b);

	if (secret_is_set(a) != secret_is_set(b) || left.secret_len != right.secret_len)
		return false;
	return CRYPTO_memcmp(left.secret_ptr, right.secret_ptr, left.secret_len) == 0;
}

void secret_scrub(struct bytes *bytes)
{
	if (bytes->ptr)
		OPENSSL_cleanse(bytes->ptr, bytes->cap);
	bytes_release(bytes);
}

void secret_wipe(void *ptr, size_t len)
{
	OPENSSL_cleanse(ptr, len);
}
