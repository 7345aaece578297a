/**
 * hash_stream - long files hashed chunk by chunk, several side by side: their MD5 in lanes.
 *
 * The MD5 of one file cannot be computed faster than one block after the other; but several long
 * files can go on at once. Four are worth it, eight are about four times as fast as one after the
 * other (bench/micro/hash_bench).
 *
 * Threads: a stream and the hasher that it is given to belong to one thread at a time.
 * Memory:  about 1 KiB a stream; chunks stay where they are.
 */
#ifndef BASE_HASH_HASH_STREAM_H
#define BASE_HASH_HASH_STREAM_H

#include "base/hash/hash.h"

struct hash_stream;

/** Gives a stream that has begun. Errors: MUSTER_E_MEMORY, MUSTER_E_UNSUPPORTED. */
enum muster_code hash_stream_new(struct hash_stream **out, struct hash_options options,
				 struct muster_error *err);
void hash_stream_free(struct hash_stream *stream); /* takes NULL */
/** Start another file. */
void hash_stream_begin(struct hash_stream *stream);
/**
 * The next chunk of each of `count` different streams; chunks may be of any length, those of
 * multiples of 64 bytes go through lanes whole. `hasher` lends its lanes; it must have the options
 * of the streams and no other work.
 */
void hash_stream_update(struct hasher *hasher, struct hash_stream *const *streams,
			const struct view *chunks, size_t count);
/** Gives what the whole file has. hash_stream_begin() starts the next one. */
void hash_stream_end(struct hash_stream *stream, struct fingerprint *out);

#endif
