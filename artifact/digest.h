/**
 * digest - the W&B artifact digest of a version, as a stream over its entries.
 *
 * What is hashed: "wandb-artifact-manifest-v1\n", then per entry, in byte order of the paths,
 * path ":" digest "\n". Hashed with the artifact's algorithm, MD5 or XXH128; 16 bytes, shown as
 * lowercase hex. Source: W&B's ArtifactManifestV1.digest and computeManifestDigest. Only path and
 * digest count; neither is escaped, so the encoding is not injective (W&B's, kept).
 *
 * Threads:  one at a time.
 * Memory:   the struct itself; for XXH128 one more state of fixed size on the heap.
 * Ordering: the caller gives entries in order; it is not checked here.
 * Errors:   adding and ending cannot fail.
 */
#ifndef ARTIFACT_DIGEST_H
#define ARTIFACT_DIGEST_H

#include "artifact/entry.h"
#include "artifact/format/manifest.h" /* struct md5_state */

#define ARTIFACT_DIGEST_HEX_BYTES 33 /* 32 digits and a NUL */

/* Lines are gathered here first: a hash update per entry costs as much as its short lines. */
#define ARTIFACT_DIGEST_BUFFER_BYTES 4096

/** Plain data; a zeroed one may be released. Not to be copied while in use. */
struct artifact_digest {
	enum digest_algorithm algorithm;
	struct md5_state md5; /* of all bytes but those in `buffer` */
	void *xxh;	      /* XXH128 only */
	uint32_t used_bytes;
	uint8_t buffer[ARTIFACT_DIGEST_BUFFER_BYTES];
};

/** Start with no entries. `algorithm`: DIGEST_MD5 or DIGEST_XXH128. A digest that is in use may
 *  begin anew. Errors: MUSTER_E_MEMORY (XXH128 only), MUSTER_E_USAGE (DIGEST_TEXT). */
enum muster_code artifact_digest_begin(struct artifact_digest *digest,
				       enum digest_algorithm algorithm, struct muster_error *err);
void artifact_digest_release(struct artifact_digest *digest);

/** The next entry. Reads path and digest only and keeps neither. */
void artifact_digest_add(struct artifact_digest *digest, const struct entry *entry);

/** The state behind the entries added so far; bytes of `tail` that do not count are zero, so equal
 *  streams give equal states. Adding may go on. XXH128: a zeroed state. */
void artifact_digest_save(struct artifact_digest *digest, struct md5_state *out);
/** Go on from a saved state; what was added before is forgotten. MD5 only (MUSTER_E_USAGE).
 *  Errors: MUSTER_E_FORMAT for a state that no stream can have. */
enum muster_code artifact_digest_resume(struct artifact_digest *digest,
					const struct md5_state *state, struct muster_error *err);

/** Gives the digest and starts anew with no entries. */
void artifact_digest_end(struct artifact_digest *digest, uint8_t out[DIGEST_BYTES]);

void artifact_digest_hex(const uint8_t digest[DIGEST_BYTES], char out[ARTIFACT_DIGEST_HEX_BYTES]);

#endif
