#include "base/hash/hash_stream.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/hash/hash_internal.h"
#include "base/hash/xxh3.h"

#define MD5_WORDS 4

struct hash_stream {
	struct hash_options options;
	const struct xxh3_form *xxh3;
	void *xxh3_stream;
	EVP_MD_CTX *sha256; /* NULL unless asked for */
	uint32_t md5[MD5_WORDS];
	uint64_t length_bytes;
	uint8_t rest[LANE_BLOCK_BYTES]; /* length_bytes % LANE_BLOCK_BYTES of them wait for more */
};

enum muster_code hash_stream_new(struct hash_stream **out, struct hash_options options,
				 struct muster_error *err)
{
	struct hash_stream *stream;

	*out = NULL;
	if (!hash_cpu_is_available(options.cpu))
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "this machine has no '%s'",
				   hash_cpu_name(options.cpu));
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return muster_fail_memory(err, "a stream to hash");
	stream->options = options;
	stream->xxh3 = xxh3_form_of(options.cpu);
	stream->xxh3_stream = stream->xxh3->stream_new();
	if (options.has_identity)
		stream->sha256 = EVP_MD_CTX_new();
	if (!stream->xxh3_stream || (options.has_identity && !stream->sha256)) {
		hash_stream_free(stream);
		return muster_fail_memory(err, "a stream to hash");
	}
	hash_stream_begin(stream);
	*out = stream;
	return MUSTER_OK;
}

void hash_stream_free(struct hash_stream *stream)
{
	if (!stream)
		return;
	if (stream->xxh3_stream)
		stream->xxh3->stream_free(stream->xxh3_stream);
	EVP_MD_CTX_free(stream->sha256);
	free(stream);
}

void hash_stream_begin(struct hash_stream *stream)
{
	stream->length_bytes = 0;
	memcpy(stream->md5, lane_md5.start, sizeof(stream->md5));
	stream->xxh3->stream_begin(stream->xxh3_stream);
	if (stream->sha256)
		EVP_DigestInit_ex2(stream->sha256, EVP_sha256(), NULL);
}

static void run_alone(struct hash_stream *stream, const uint8_t *data, size_t block_count)
{
	lane_md5.alone->run(stream->md5, &data, block_count);
}

/* What completes the block that waits. Gives what is left of the chunk. */
static struct view fill_rest(struct hash_stream *stream, struct view chunk)
{
	size_t used = stream->length_bytes % LANE_BLOCK_BYTES;
	size_t take = LANE_BLOCK_BYTES - used < chunk.len ? LANE_BLOCK_BYTES - used : chunk.len;

	if (!used)
		return chunk;
	memcpy(stream->rest + used, chunk.ptr, take);
	if (used + take == LANE_BLOCK_BYTES)
		run_alone(stream, stream->rest, 1);
	stream->length_bytes += take;
	return view_of(chunk.ptr + take, chunk.len - take);
}

/* Whole blocks go into a lane, which has them until it is drained; the others wait. */
static void push_md5(struct hasher *hasher, struct hash_stream *stream, struct view chunk)
{
	struct view left = chunk.len ? fill_rest(stream, chunk) : chunk;
	size_t blocks_bytes = left.len - left.len % LANE_BLOCK_BYTES;

	if (!left.len)
		return;
	if (blocks_bytes)
		hasher_push_blocks(hasher, view_of(left.ptr, blocks_bytes), stream->md5);
	if (left.len > blocks_bytes)
		memcpy(stream->rest, left.ptr + blocks_bytes, left.len - blocks_bytes);
	stream->length_bytes += left.len;
}

void hash_stream_update(struct hasher *hasher, struct hash_stream *const *streams,
			const struct view *chunks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct hash_stream *stream = streams[i];

		stream->xxh3->stream_update(stream->xxh3_stream, chunks[i]);
		if (stream->sha256)
			EVP_DigestUpdate(stream->sha256, chunks[i].ptr, chunks[i].len);
		if (stream->options.algorithm == DIGEST_MD5)
			push_md5(hasher, stream, chunks[i]);
	}
	hasher_drain(hasher);
}

/* RFC 1321, 3.1 and 3.2: 0x80, zeros, the length in bits. */
static void end_md5(struct hash_stream *stream, uint8_t out[DIGEST_BYTES])
{
	uint8_t tail[2 * LANE_BLOCK_BYTES] = { 0 };
	size_t used = stream->length_bytes % LANE_BLOCK_BYTES;
	size_t end = used < LANE_BLOCK_BYTES - 8 ? LANE_BLOCK_BYTES : 2 * LANE_BLOCK_BYTES;

	memcpy(tail, stream->rest, used);
	tail[used] = 0x80;
	put_u64(tail + end - 8, stream->length_bytes * 8);
	run_alone(stream, tail, end / LANE_BLOCK_BYTES);
	for (size_t word = 0; word < MD5_WORDS; word++)
		put_u32(out + 4 * word, stream->md5[word]);
}

void hash_stream_end(struct hash_stream *stream, struct fingerprint *out)
{
	memset(out, 0, sizeof(*out));
	stream->xxh3->stream_end(stream->xxh3_stream, out->checksum);
	if (stream->options.algorithm == DIGEST_MD5)
		end_md5(stream, out->digest);
	else
		memcpy(out->digest, out->checksum, DIGEST_BYTES);
	if (stream->sha256)
		EVP_DigestFinal_ex(stream->sha256, out->identity, NULL);
}
