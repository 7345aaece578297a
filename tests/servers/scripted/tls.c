/* A CA that lives as long as the server, and a certificate of it for 127.0.0.1 and localhost. */
#include <stdio.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/servers/scripted/scripted_internal.h"

#define DAY_S (24 * 3600)

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	scripted_must(extension && X509_add_ext(certificate, extension, -1), "certificate");
	X509_EXTENSION_free(extension);
}

static X509 *new_certificate(const char *name, EVP_PKEY *key, long serial)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 30L * DAY_S);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
	return certificate;
}

static void sign(X509 *certificate, X509 *issuer, EVP_PKEY *key)
{
	X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
	scripted_must(X509_sign(certificate, key, EVP_sha256()) > 0, "sign a certificate");
}

static void write_pem(X509 *certificate, char *path, size_t cap)
{
	FILE *file;
	int fd;

	snprintf(path, cap, "/tmp/muster-test-ca-XXXXXX");
	fd = mkstemp(path);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	scripted_must(file && PEM_write_X509(file, certificate) && !fclose(file),
		      "write the CA's certificate");
}

SSL_CTX *tls_new(char *ca_file, size_t cap)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = new_certificate("muster test CA", ca_key, 1);
	X509 *certificate = new_certificate("localhost", key, 2);
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
	extend(ca, ca, NID_key_usage, "critical,keyCertSign");
	sign(ca, ca, ca_key);
	extend(certificate, ca, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
	sign(certificate, ca, ca_key);
	write_pem(ca, ca_file, cap);
	scripted_must(tls && SSL_CTX_use_certificate(tls, certificate) == 1 &&
			      SSL_CTX_use_PrivateKey(tls, key) == 1,
		      "use a certificate");
	X509_free(ca);
	X509_free(certificate);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	return tls;
}
