#include "io/cloud/google_jwt.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/json/json.h"
#include "io/cloud/base64url.h"

#define NS_PER_S	    UINT64_C(1000000000)
#define SIGNATURE_MAX_BYTES 2048 /* of a key of 16384 bits */

static enum muster_code append_header(struct bytes *out, const struct google_jwt_claims *claims,
				      struct muster_error *err)
{
	struct json_writer w = { .out = out, .err = err };

	json_write_object_begin(&w);
	json_write_key(&w, "alg");
	json_write_text(&w, "RS256");
	json_write_key(&w, "typ");
	json_write_text(&w, "JWT");
	if (claims->key_id.len) {
		json_write_key(&w, "kid");
		json_write_string(&w, claims->key_id);
	}
	json_write_object_end(&w);
	return w.code;
}

static enum muster_code append_claims(struct bytes *out, const struct google_jwt_claims *claims,
				      struct muster_error *err)
{
	struct json_writer w = { .out = out, .err = err };
	uint64_t issued_s = claims->wall_ns / NS_PER_S;

	json_write_object_begin(&w);
	json_write_key(&w, "iss");
	json_write_string(&w, claims->email);
	if (claims->scope.len) {
		json_write_key(&w, "scope");
		json_write_string(&w, claims->scope);
	}
	json_write_key(&w, "aud");
	json_write_string(&w, claims->audience);
	json_write_key(&w, "iat");
	json_write_u64(&w, issued_s);
	json_write_key(&w, "exp");
	json_write_u64(&w, issued_s + GOOGLE_JWT_LIFETIME_S);
	json_write_object_end(&w);
	return w.code;
}

enum muster_code google_jwt_append_input(struct bytes *out, const struct google_jwt_claims *claims,
					 struct muster_error *err)
{
	struct bytes json = { 0 };
	enum muster_code code = append_header(&json, claims, err);

	if (!code)
		code = base64url_encode(out, bytes_view(&json), err);
	if (!code)
		code = bytes_append_byte(out, '.', err);
	json.len = 0;
	if (!code)
		code = append_claims(&json, claims, err);
	if (!code)
		code = base64url_encode(out, bytes_view(&json), err);
	bytes_release(&json);
	return code;
}

/* "\n" as two characters is what a key looks like that was copied out of its JSON as text. */
static enum muster_code unescape_pem(struct bytes *out, struct revealed pem,
				     struct muster_error *err)
{
	enum muster_code code = bytes_reserve(out, pem.secret_len + 1, err);

	if (code)
		return code;
	for (size_t i = 0; i < pem.secret_len; i++) {
		bool is_escape = pem.secret_ptr[i] == '\\' && i + 1 < pem.secret_len &&
				 pem.secret_ptr[i + 1] == 'n';

		out->ptr[out->len++] = is_escape ? '\n' : pem.secret_ptr[i];
		i += is_escape;
	}
	return MUSTER_OK;
}

/* A key that asks for a password is refused: OpenSSL would ask at the terminal. */
static int no_password(char *buf, int size, int is_writing, void *state)
{
	(void)buf;
	(void)size;
	(void)is_writing;
	(void)state;
	return -1;
}

static EVP_PKEY *read_key(const struct bytes *pem)
{
	BIO *bio = pem->len <= INT32_MAX ? BIO_new_mem_buf(pem->ptr, (int)pem->len) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	if (key && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static bool sign(EVP_PKEY *key, struct view input, uint8_t *signature, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool is_signed = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
			 EVP_DigestSign(ctx, signature, len, input.ptr, input.len) == 1;

	EVP_MD_CTX_free(ctx);
	return is_signed;
}

static enum muster_code append_signature(struct bytes *token, const struct bytes *pem,
					 struct muster_error *err)
{
	uint8_t signature[SIGNATURE_MAX_BYTES];
	size_t len = sizeof(signature);
	EVP_PKEY *key = read_key(pem);
	bool is_signed;
	enum muster_code code;

	if (!key) {
		ERR_clear_error();
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the service account's private key is no RSA key in PEM form");
	}
	is_signed = sign(key, bytes_view(token), signature, &len);
	EVP_PKEY_free(key);
	if (!is_signed) {
		ERR_clear_error();
		return muster_fail(err, MUSTER_E_FORMAT,
				   "the service account's private key cannot sign");
	}
	code = bytes_append_byte(token, '.', err);
	return code ? code : base64url_encode(token, view_of(signature, len), err);
}

enum muster_code google_jwt_sign(struct secret *out, const struct google_jwt_claims *claims,
				 const struct secret *private_key, struct muster_error *err)
{
	struct bytes token = { 0 }, pem = { 0 };
	enum muster_code code = google_jwt_append_input(&token, claims, err);

	if (!code)
		code = unescape_pem(&pem, secret_reveal(private_key), err);
	if (!code)
		code = append_signature(&token, &pem, err);
	if (!code)
		code = secret_take(out, &token, err);
	secret_scrub(&token);
	secret_scrub(&pem);
	return code;
}
