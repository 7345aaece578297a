/**
 * mac - SHA-256 and HMAC-SHA-256 for signatures: many short texts, the algorithms fetched once.
 *
 * A fetch by name costs more than hashing a request (OpenSSL 3), so a signer keeps one of these.
 * Threads: one at a time. Errors: MUSTER_E_MEMORY, which is all that can fail here.
 */
#ifndef IO_CLOUD_MAC_H
#define IO_CLOUD_MAC_H

#include "io/cloud/secret.h"

#define MAC_BYTES    32
#define MAC_HEX_LEN  64
#define MAC_HEX_TEXT (MAC_HEX_LEN + 1) /* with a NUL */

struct mac;

enum muster_code mac_new(struct mac **out, struct muster_error *err);
void mac_free(struct mac *mac);

enum muster_code mac_sha256(struct mac *mac, struct view data, uint8_t out[MAC_BYTES],
			    struct muster_error *err);
enum muster_code mac_hmac(struct mac *mac, struct revealed key, struct view data,
			  uint8_t out[MAC_BYTES], struct muster_error *err);

/** The hash or MAC in lower-case hexadecimal, and a NUL. */
const char *mac_hex(char buf[MAC_HEX_TEXT], const uint8_t digest[MAC_BYTES]);

#endif
