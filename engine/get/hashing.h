/* A worker's hashers and its buffer: files are read into it back to back and hashed together. */
#ifndef ENGINE_GET_HASHING_H
#define ENGINE_GET_HASHING_H

#include "base/hash/hash.h"

#define GET_HASHING_MAX 256 /* files hashed together */

/** Tells the fingerprint of one file that was added. */
typedef void get_hashed_fn(void *state, void *cookie, const struct fingerprint *fingerprint);

struct get_hashing {
	struct hasher *hashers[3]; /* by algorithm; NULL until one is needed */
	bool has_identity;
	uint8_t *buffer;
	size_t buffer_bytes;
	get_hashed_fn *fn;
	void *state;

	struct { /* read, not yet hashed */
		enum digest_algorithm algorithm;
		size_t count, used_bytes;
		struct hash_request requests[GET_HASHING_MAX];
		void *cookies[GET_HASHING_MAX];
	} group;
};

enum muster_code get_hashing_init(struct get_hashing *hashing, bool has_identity,
				  size_t buffer_bytes, struct muster_error *err);
void get_hashing_release(struct get_hashing *hashing); /* takes a zeroed one */

/** Lends the hasher of an algorithm. Errors: MUSTER_E_MEMORY. */
enum muster_code get_hashing_hasher(struct get_hashing *hashing, enum digest_algorithm algorithm,
				    struct hasher **out, struct muster_error *err);

/** Room for a file of so many bytes and one more; what is waiting is hashed first if need be. The
 *  size must be less than the buffer's. */
enum muster_code get_hashing_room(struct get_hashing *hashing, enum digest_algorithm algorithm,
				  uint64_t size_bytes, uint8_t **out, struct muster_error *err);
/** The room that was given holds so many bytes now. */
void get_hashing_add(struct get_hashing *hashing, uint64_t size_bytes, void *cookie);
/** Hash what waits, and tell. */
enum muster_code get_hashing_flush(struct get_hashing *hashing, struct muster_error *err);

#endif
