/**
 * hash - digests of whole files, many at once or one in chunks.
 *
 * digest:   what W&B calls the digest: MD5, or XXH3-128 (seed 0, canonical big-endian form).
 * checksum: XXH3-128 of the same bytes, always computed; with digest and size it names a blob.
 * identity: SHA-256, only for repositories made with `--identity sha256`.
 * Source of the digest rules: W&B Artifacts (MD5 default, XXH128 since SDK 0.29); RFC 1321;
 * the xxHash specification; FIPS 180-4.
 *
 * Threads: hash_batch() is reentrant over distinct hashers; a hasher belongs to one thread.
 * Memory:  about 8 KiB a hasher, allocated in hasher_new() and never grown.
 */
#ifndef BASE_HASH_HASH_H
#define BASE_HASH_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash/hash_cpu.h"

#define DIGEST_BYTES   16
#define CHECKSUM_BYTES 16
#define IDENTITY_BYTES 32

enum digest_algorithm {
	DIGEST_TEXT = 0, /* a free text: an ETag or a URI of a reference; never computed here */
	DIGEST_MD5 = 1,
	DIGEST_XXH128 = 2,
};

/** What is known of the bytes of one file. */
struct fingerprint {
	uint8_t digest[DIGEST_BYTES];
	uint8_t checksum[CHECKSUM_BYTES];
	uint8_t identity[IDENTITY_BYTES]; /* zero unless asked for */
};

struct hash_options {
	enum digest_algorithm algorithm; /* DIGEST_MD5 or DIGEST_XXH128 */
	bool has_identity;
	enum hash_cpu cpu; /* the form that runs; zero: the best of this machine */
};

struct hasher;

/** Gives a hasher. Errors: MUSTER_E_MEMORY; MUSTER_E_UNSUPPORTED where this machine cannot run
 *  options.cpu. */
enum muster_code hasher_new(struct hasher **out, struct hash_options options,
			    struct muster_error *err);
void hasher_free(struct hasher *hasher);

struct hash_request {
	struct view data;		/* borrowed during the call */
	struct fingerprint fingerprint; /* the answer */
};

/** Hash `count` views, MD5 of many of them at once; cannot fail. */
void hash_batch(struct hasher *hasher, struct hash_request *requests, size_t count);

/** The chunked form for long files: begin, any number of updates, end. One file at a time. */
void hash_begin(struct hasher *hasher);
void hash_update(struct hasher *hasher, struct view chunk);
void hash_end(struct hasher *hasher, struct fingerprint *out);

/** One-shot helpers for records and formats. */
void sha256_of(struct view data, uint8_t out[IDENTITY_BYTES]);
void xxh128_of(struct view data, uint8_t out[CHECKSUM_BYTES]); /* canonical big-endian */
uint64_t xxh64_of(struct view data);			       /* XXH3-64, seed 0 */
void md5_of(struct view data, uint8_t out[DIGEST_BYTES]);

/** SHA-256 of a stream (content roots, chains). */
struct sha256;
enum muster_code sha256_new(struct sha256 **out, struct muster_error *err);
void sha256_free(struct sha256 *sha);
void sha256_update(struct sha256 *sha, struct view data);
/** Gives the digest and starts anew. */
void sha256_end(struct sha256 *sha, uint8_t out[IDENTITY_BYTES]);

#endif
