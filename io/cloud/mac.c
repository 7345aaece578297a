#include "io/cloud/mac.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/text/encode.h"

struct mac {
	EVP_MD *sha256;
	EVP_MD_CTX *hash;
	EVP_MAC *hmac;
	EVP_MAC_CTX *keyed;
};

static bool fetch(struct mac *mac)
{
	char digest[] = "SHA2-256";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
				OSSL_PARAM_construct_end() };

	mac->sha256 = EVP_MD_fetch(NULL, digest, NULL);
	mac->hash = EVP_MD_CTX_new();
	mac->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	mac->keyed = mac->hmac ? EVP_MAC_CTX_new(mac->hmac) : NULL;
	return mac->sha256 && mac->hash && mac->keyed &&
	       EVP_MAC_CTX_set_params(mac->keyed, params) == 1;
}

enum muster_code mac_new(struct mac **out, struct muster_error *err)
{
	struct mac *mac = calloc(1, sizeof(*mac));

	*out = NULL;
	if (!mac || !fetch(mac)) {
		mac_free(mac);
		return muster_fail_memory(err, "a signer's hash");
	}
	*out = mac;
	return MUSTER_OK;
}

void mac_free(struct mac *mac)
{
	if (!mac)
		return;
	EVP_MAC_CTX_free(mac->keyed);
	EVP_MAC_free(mac->hmac);
	EVP_MD_CTX_free(mac->hash);
	EVP_MD_free(mac->sha256);
	free(mac);
}

enum muster_code mac_sha256(struct mac *mac, struct view data, uint8_t out[MAC_BYTES],
			    struct muster_error *err)
{
	if (EVP_DigestInit_ex2(mac->hash, mac->sha256, NULL) != 1 ||
	    EVP_DigestUpdate(mac->hash, data.ptr, data.len) != 1 ||
	    EVP_DigestFinal_ex(mac->hash, out, NULL) != 1)
		return muster_fail_memory(err, "a hash");
	return MUSTER_OK;
}

enum muster_code mac_hmac(struct mac *mac, struct revealed key, struct view data,
			  uint8_t out[MAC_BYTES], struct muster_error *err)
{
	size_t len;

	if (EVP_MAC_init(mac->keyed, key.secret_ptr, key.secret_len, NULL) != 1 ||
	    EVP_MAC_update(mac->keyed, data.ptr, data.len) != 1 ||
	    EVP_MAC_final(mac->keyed, out, &len, MAC_BYTES) != 1)
		return muster_fail_memory(err, "a MAC");
	return MUSTER_OK;
}

const char *mac_hex(char buf[MAC_HEX_TEXT], const uint8_t digest[MAC_BYTES])
{
	hex_encode(buf, digest, MAC_BYTES);
	buf[MAC_HEX_LEN] = '\0';
	return buf;
}
