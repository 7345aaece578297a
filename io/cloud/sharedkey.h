/**
 * sharedkey - Azure Storage's SharedKey authorization.
 *
 * Source:  Microsoft, "Authorize with Shared Key"; tests/vectors/azure-sharedkey-vectors.json.
 * Threads: one at a time.
 * Memory:  a buffer for the longest string to sign so far.
 */
#ifndef IO_CLOUD_SHAREDKEY_H
#define IO_CLOUD_SHAREDKEY_H

#include "io/cloud/header.h"
#include "io/cloud/mac.h"
#include "io/cloud/secret.h"

#define SHAREDKEY_SIGNATURE_BYTES 45 /* base64 of 32 bytes, and a NUL */
#define SHAREDKEY_PARAMS_MAX	  64
#define SHAREDKEY_KEY_MAX_BYTES	  512 /* accounts have 64 */

struct sharedkey;

enum muster_code sharedkey_new(struct sharedkey **out, struct muster_error *err);
void sharedkey_free(struct sharedkey *sharedkey);

/** The raw key of an account from its base64 form. Errors: MUSTER_E_FORMAT, without the text. */
enum muster_code sharedkey_decode(struct secret *key, const struct secret *base64,
				  struct muster_error *err);

/**
 * Append the value of Authorization to `out`.
 *
 * `request` has its headers as sent, x-ms-date and x-ms-version among them; its path is the one on
 * the wire, which on an emulator begins with the account ("/devstoreaccount1/c/b": it then stands
 * twice in what is signed). A request without a body has Content-Length 0 or none.
 *
 * Errors: MUSTER_E_USAGE for headers that cannot be sent, or both Range and x-ms-range;
 * MUSTER_E_FORMAT for a broken escape in the query; MUSTER_E_LIMIT; MUSTER_E_MEMORY.
 */
enum muster_code sharedkey_authorize(struct sharedkey *sharedkey, struct view account,
				     const struct secret *key, const struct cloud_request *request,
				     struct bytes *out, struct muster_error *err);

/** Append the string to sign, to lay it beside the one that a server tells. Errors: as above. */
enum muster_code sharedkey_append_string(struct bytes *out, struct view account,
					 const struct cloud_request *request,
					 struct muster_error *err);
/** The base64 MAC of a string to sign, and a NUL. */
enum muster_code sharedkey_sign(struct sharedkey *sharedkey, const struct secret *key,
				struct view text, char out[SHAREDKEY_SIGNATURE_BYTES],
				struct muster_error *err);

/**
 * The order in which the service sorts x-ms- headers. It is not that of bytes: '-' is passed over
 * first and decides only between names that are equal without it; '_' and other marks come before
 * digits and these before letters (it is .NET's order of en-US).
 */
int sharedkey_compare(struct view a, struct view b);

#endif
