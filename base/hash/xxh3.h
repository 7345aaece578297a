/**
 * xxh3 - XXH3 with the vector forms of xxhash.h compiled in; all forms give the same digests.
 *
 * libxxhash as Debian builds it uses SSE2 whatever the processor can do.
 *
 * Threads: forms keep nothing; a stream belongs to one thread.
 * Source:  the xxHash specification 0.2.0; seed 0, no secret.
 */
#ifndef BASE_HASH_XXH3_H
#define BASE_HASH_XXH3_H

#include "base/bytes.h"
#include "base/hash/hash_cpu.h"

struct xxh3_form {
	enum hash_cpu cpu;
	void (*hash128)(struct view data, uint8_t out[16]); /* canonical: big endian */
	uint64_t (*hash64)(struct view data);
	/* A stream of XXH3-128. Its state is of this form only. */
	void *(*stream_new)(void); /* NULL: no memory */
	void (*stream_free)(void *stream);
	void (*stream_begin)(void *stream);
	void (*stream_update)(void *stream, struct view data);
	void (*stream_end)(const void *stream, uint8_t out[16]);
};

/** The form for an available `cpu`: for SCALAR, SSE2 and NEON it is the one of libxxhash. */
const struct xxh3_form *xxh3_form_of(enum hash_cpu cpu);

extern const struct xxh3_form xxh3_form_library;
#ifdef __x86_64__
extern const struct xxh3_form xxh3_form_avx2, xxh3_form_avx512;
#endif

#endif
