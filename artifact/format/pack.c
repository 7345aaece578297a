#include "artifact/format/pack_internal.h"

#include <stdlib.h>

/*
 * The trailer, PACK_TRAILER_BYTES at the very end (docs/formats/pack.md):
 *
 *	 0 repository id   16 session of the id   32 number of the id   36 flags   40 blob count
 *	44 directory bytes   48 directory offset   56 directory checksum
 *	72 checksum of the bytes before it   88 magic
 */
enum {
	TRAILER_REPOSITORY = 0,
	TRAILER_SESSION = 16,
	TRAILER_NUMBER = 32,
	TRAILER_FLAGS = 36,
	TRAILER_BLOB_COUNT = 40,
	TRAILER_DIRECTORY_BYTES = 44,
	TRAILER_DIRECTORY_OFFSET = 48,
	TRAILER_DIRECTORY_CHECKSUM = 56,
	TRAILER_CHECKSUM = 72,
	TRAILER_MAGIC = 88,
};

#define TRAILER_MAGIC_TEXT  "packend1" /* the last byte is the version */
#define TRAILER_MAGIC_BYTES 8
#define FLAG_SINGLE	    1u

/* A directory record: kind, digest, checksum, [identity], varint size. */
#define RECORD_FIXED_BYTES (1 + DIGEST_BYTES + CHECKSUM_BYTES)
#define RECORD_MIN_BYTES   (RECORD_FIXED_BYTES + 1)
#define RECORD_MAX_BYTES   (RECORD_FIXED_BYTES + IDENTITY_BYTES + VARINT_MAX_BYTES)

_Static_assert(TRAILER_MAGIC + TRAILER_MAGIC_BYTES == PACK_TRAILER_BYTES, "the trailer is full");

/* ---- keys ---- */

bool blob_key_equal(const struct blob_key *a, const struct blob_key *b)
{
	return a->size_bytes == b->size_bytes && a->algorithm == b->algorithm &&
	       a->has_identity == b->has_identity &&
	       memcmp(a->digest, b->digest, DIGEST_BYTES) == 0 &&
	       memcmp(a->checksum, b->checksum, CHECKSUM_BYTES) == 0 &&
	       memcmp(a->identity, b->identity, IDENTITY_BYTES) == 0;
}

int blob_key_compare(const struct blob_key *a, const struct blob_key *b)
{
	int order = compare_16(a->digest, b->digest);

	if (!order)
		order = compare_u64(a->size_bytes, b->size_bytes);
	if (!order)
		order = compare_16(a->checksum, b->checksum);
	if (!order)
		order = (a->algorithm > b->algorithm) - (a->algorithm < b->algorithm);
	if (!order)
		order = (int)a->has_identity - (int)b->has_identity;
	if (!order)
		order = memcmp(a->identity, b->identity, IDENTITY_BYTES);
	return order;
}

void checksum_sum_add(uint8_t sum[CHECKSUM_BYTES], const uint8_t checksum[CHECKSUM_BYTES])
{
	uint64_t low;
	uint64_t carry =
		__builtin_add_overflow(get_u64_big(sum + 8), get_u64_big(checksum + 8), &low);

	put_u64_big(sum + 8, low);
	put_u64_big(sum, get_u64_big(sum) + get_u64_big(checksum) + carry);
}

/* ---- writing ---- */

static uint64_t begin_bytes(bool is_single)
{
	return is_single ? PACK_ALIGN_BYTES : OBJECT_HEADER_BYTES;
}

/* Where the directory begins; false if 64 bits do not hold it. */
static bool directory_offset(bool is_single, uint64_t blob_bytes, uint64_t *offset)
{
	if (add_overflows(begin_bytes(is_single), blob_bytes, offset))
		return false;
	if (!is_single)
		return true;
	if (add_overflows(*offset, PACK_ALIGN_BYTES - 1, offset))
		return false;
	*offset -= *offset % PACK_ALIGN_BYTES;
	return true;
}

void pack_directory_release(struct pack_directory *directory)
{
	bytes_release(&directory->encoded);
	*directory = (struct pack_directory){ 0 };
}

static size_t record_put(uint8_t *out, const struct blob_key *key)
{
	uint8_t *at = out;

	*at++ = blob_kind(key);
	memcpy(at, key->digest, DIGEST_BYTES);
	at += DIGEST_BYTES;
	memcpy(at, key->checksum, CHECKSUM_BYTES);
	at += CHECKSUM_BYTES;
	if (key->has_identity) {
		memcpy(at, key->identity, IDENTITY_BYTES);
		at += IDENTITY_BYTES;
	}
	at += varint_put(at, key->size_bytes);
	return (size_t)(at - out);
}

enum muster_code pack_directory_add(struct pack_directory *directory, const struct blob_key *key,
				    struct muster_error *err)
{
	struct bytes *encoded = &directory->encoded;
	uint64_t blob_bytes;
	enum muster_code code;

	if (!blob_algorithm_is_known(key->algorithm))
		return muster_fail(err, MUSTER_E_USAGE, "pack: no blob has digest algorithm %u",
				   key->algorithm);
	if (directory->blob_count >= PACK_MAX_BLOBS ||
	    encoded->len + RECORD_MAX_BYTES > PACK_DIRECTORY_MAX_BYTES)
		return MUSTER_FULL;
	if (add_overflows(directory->blob_bytes, key->size_bytes, &blob_bytes))
		return muster_fail(err, MUSTER_E_LIMIT, "pack: the sizes of its blobs overflow");
	code = bytes_reserve(encoded, RECORD_MAX_BYTES, err);
	if (code)
		return code;
	encoded->len += record_put(encoded->ptr + encoded->len, key);
	directory->blob_bytes = blob_bytes;
	directory->blob_count++;
	checksum_sum_add(directory->checksum_sum, key->checksum);
	return MUSTER_OK;
}

enum muster_code pack_begin(bool is_single, struct bytes *out, struct muster_error *err)
{
	size_t len = (size_t)begin_bytes(is_single);
	enum muster_code code = bytes_reserve(out, len, err);

	if (code)
		return code;
	memset(out->ptr + out->len, 0, len);
	object_header_put(out->ptr + out->len, "pack", PACK_VERSION);
	out->len += len;
	return MUSTER_OK;
}

static void trailer_put(uint8_t out[PACK_TRAILER_BYTES], const struct pack_trailer *trailer)
{
	memcpy(out + TRAILER_REPOSITORY, trailer->repository_id, 16);
	memcpy(out + TRAILER_SESSION, trailer->id.session, 16);
	put_u32(out + TRAILER_NUMBER, trailer->id.number);
	put_u32(out + TRAILER_FLAGS, trailer->is_single ? FLAG_SINGLE : 0);
	put_u32(out + TRAILER_BLOB_COUNT, trailer->blob_count);
	put_u32(out + TRAILER_DIRECTORY_BYTES, trailer->directory_bytes);
	put_u64(out + TRAILER_DIRECTORY_OFFSET, trailer->directory_offset_bytes);
	memcpy(out + TRAILER_DIRECTORY_CHECKSUM, trailer->directory_checksum, CHECKSUM_BYTES);
	xxh128_of(view_of(out, TRAILER_CHECKSUM), out + TRAILER_CHECKSUM);
	memcpy(out + TRAILER_MAGIC, TRAILER_MAGIC_TEXT, TRAILER_MAGIC_BYTES);
}

enum muster_code pack_finish(const struct pack_directory *directory, bool is_single,
			     const uint8_t repository_id[16], const struct object_id *id,
			     struct bytes *out, struct muster_error *err)
{
	struct pack_trailer trailer = { .id = *id, .is_single = is_single };
	uint64_t padding_bytes, end;
	enum muster_code code;

	if (directory->blob_count == 0 || (is_single && directory->blob_count != 1))
		return muster_fail(err, MUSTER_E_USAGE, "pack: %u blobs in a %s pack",
				   directory->blob_count, is_single ? "single" : "shared");
	if (!directory_offset(is_single, directory->blob_bytes, &trailer.directory_offset_bytes) ||
	    add_overflows(trailer.directory_offset_bytes,
			  directory->encoded.len + PACK_TRAILER_BYTES, &end))
		return muster_fail(err, MUSTER_E_LIMIT, "pack: its length overflows");
	padding_bytes =
		trailer.directory_offset_bytes - begin_bytes(is_single) - directory->blob_bytes;
	code = bytes_reserve(out, padding_bytes + directory->encoded.len + PACK_TRAILER_BYTES, err);
	if (code)
		return code;
	memcpy(trailer.repository_id, repository_id, 16);
	trailer.blob_count = directory->blob_count;
	trailer.directory_bytes = (uint32_t)directory->encoded.len;
	xxh128_of(bytes_view(&directory->encoded), trailer.directory_checksum);

	memset(out->ptr + out->len, 0, padding_bytes);
	out->len += padding_bytes;
	memcpy(out->ptr + out->len, directory->encoded.ptr, directory->encoded.len);
	out->len += directory->encoded.len;
	trailer_put(out->ptr + out->len, &trailer);
	out->len += PACK_TRAILER_BYTES;
	return MUSTER_OK;
}

/* ---- reading ---- */

static enum muster_code trailer_check(const uint8_t *in, struct muster_error *err)
{
	uint8_t checksum[CHECKSUM_BYTES];

	if (memcmp(in + TRAILER_MAGIC, TRAILER_MAGIC_TEXT, TRAILER_MAGIC_BYTES - 1) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "pack trailer: no pack ends here");
	xxh128_of(view_of(in, TRAILER_CHECKSUM), checksum);
	if (memcmp(checksum, in + TRAILER_CHECKSUM, CHECKSUM_BYTES) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "pack trailer: wrong checksum");
	if (in[TRAILER_MAGIC + 7] != TRAILER_MAGIC_TEXT[7])
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "pack trailer: unknown version 0x%02x", in[TRAILER_MAGIC + 7]);
	if (get_u32(in + TRAILER_FLAGS) & ~FLAG_SINGLE)
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "pack trailer: unknown flags 0x%x",
				   get_u32(in + TRAILER_FLAGS));
	return MUSTER_OK;
}

static enum muster_code trailer_bounds(const struct pack_trailer *trailer, struct muster_error *err)
{
	uint64_t end;

	if (trailer->blob_count > PACK_MAX_BLOBS ||
	    trailer->directory_bytes > PACK_DIRECTORY_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "pack trailer: %u blobs in %u bytes",
				   trailer->blob_count, trailer->directory_bytes);
	if (trailer->blob_count == 0 || (trailer->is_single && trailer->blob_count != 1))
		return muster_fail(err, MUSTER_E_FORMAT, "pack trailer: %u blobs",
				   trailer->blob_count);
	if (trailer->directory_bytes < (uint64_t)trailer->blob_count * RECORD_MIN_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "pack trailer: %u bytes are no directory of %u blobs",
				   trailer->directory_bytes, trailer->blob_count);
	if (trailer->directory_offset_bytes < begin_bytes(trailer->is_single) ||
	    add_overflows(trailer->directory_offset_bytes,
			  (uint64_t)trailer->directory_bytes + PACK_TRAILER_BYTES, &end) ||
	    end != trailer->pack_bytes)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "pack trailer: a directory of %u bytes at %llu does not end a "
				   "pack of %llu bytes",
				   trailer->directory_bytes,
				   (unsigned long long)trailer->directory_offset_bytes,
				   (unsigned long long)trailer->pack_bytes);
	return MUSTER_OK;
}

enum muster_code pack_trailer_parse(struct pack_trailer *out, struct view trailer,
				    uint64_t pack_bytes, struct muster_error *err)
{
	const uint8_t *in = trailer.ptr;
	enum muster_code code;

	*out = (struct pack_trailer){ 0 };
	if (trailer.len != PACK_TRAILER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "pack trailer: %zu bytes instead of %d",
				   trailer.len, PACK_TRAILER_BYTES);
	code = trailer_check(in, err);
	if (code)
		return code;
	memcpy(out->repository_id, in + TRAILER_REPOSITORY, 16);
	memcpy(out->id.session, in + TRAILER_SESSION, 16);
	out->id.number = get_u32(in + TRAILER_NUMBER);
	out->is_single = get_u32(in + TRAILER_FLAGS) & FLAG_SINGLE;
	out->blob_count = get_u32(in + TRAILER_BLOB_COUNT);
	out->directory_bytes = get_u32(in + TRAILER_DIRECTORY_BYTES);
	out->directory_offset_bytes = get_u64(in + TRAILER_DIRECTORY_OFFSET);
	memcpy(out->directory_checksum, in + TRAILER_DIRECTORY_CHECKSUM, CHECKSUM_BYTES);
	out->pack_bytes = pack_bytes;
	return trailer_bounds(out, err);
}

static enum muster_code record_take(struct view *rest, struct blob_key *key, uint32_t ordinal,
				    struct muster_error *err)
{
	const uint8_t *in = rest->ptr;
	size_t fixed_bytes = RECORD_FIXED_BYTES;

	if (rest->len < RECORD_MIN_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "pack directory: cut at blob %u", ordinal);
	if (!blob_kind_is_known(in[0]))
		return muster_fail(err, MUSTER_E_FORMAT, "pack directory: blob %u has kind 0x%02x",
				   ordinal, in[0]);
	key->algorithm = (uint8_t)(in[0] & ~BLOB_KIND_IDENTITY);
	key->has_identity = in[0] & BLOB_KIND_IDENTITY;
	memcpy(key->digest, in + 1, DIGEST_BYTES);
	memcpy(key->checksum, in + 1 + DIGEST_BYTES, CHECKSUM_BYTES);
	memset(key->identity, 0, IDENTITY_BYTES);
	if (key->has_identity) {
		fixed_bytes += IDENTITY_BYTES;
		if (rest->len < fixed_bytes)
			return muster_fail(err, MUSTER_E_FORMAT, "pack directory: cut at blob %u",
					   ordinal);
		memcpy(key->identity, in + RECORD_FIXED_BYTES, IDENTITY_BYTES);
	}
	*rest = view_of(in + fixed_bytes, rest->len - fixed_bytes);
	if (!take_varint(rest, &key->size_bytes))
		return muster_fail(err, MUSTER_E_FORMAT, "pack directory: blob %u has no size",
				   ordinal);
	return MUSTER_OK;
}

static enum muster_code records_take(struct pack_blob *blobs, const struct pack_trailer *trailer,
				     struct view rest, struct muster_error *err)
{
	uint64_t begin = begin_bytes(trailer->is_single), at = begin, expected;

	for (uint32_t i = 0; i < trailer->blob_count; i++) {
		enum muster_code code = record_take(&rest, &blobs[i].key, i, err);

		if (code)
			return code;
		blobs[i].offset_bytes = at;
		if (add_overflows(at, blobs[i].key.size_bytes, &at) ||
		    at > trailer->directory_offset_bytes)
			return muster_fail(err, MUSTER_E_FORMAT,
					   "pack directory: blob %u ends behind the blobs", i);
	}
	if (rest.len)
		return muster_fail(err, MUSTER_E_FORMAT, "pack directory: %zu bytes left over",
				   rest.len);
	if (!directory_offset(trailer->is_single, at - begin, &expected) ||
	    expected != trailer->directory_offset_bytes)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "pack directory: its blobs end at %llu, it begins at %llu",
				   (unsigned long long)at,
				   (unsigned long long)trailer->directory_offset_bytes);
	return MUSTER_OK;
}

enum muster_code pack_directory_parse(struct pack_blob **out, const struct pack_trailer *trailer,
				      struct view directory, struct muster_error *err)
{
	uint8_t checksum[CHECKSUM_BYTES];
	struct pack_blob *blobs;
	enum muster_code code;

	*out = NULL;
	/* Holds the count, and so the allocation, to what the directory's bytes can hold. */
	code = trailer_bounds(trailer, err);
	if (code)
		return code;
	if (directory.len != trailer->directory_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "pack directory: %zu bytes instead of %u",
				   directory.len, trailer->directory_bytes);
	xxh128_of(directory, checksum);
	if (memcmp(checksum, trailer->directory_checksum, CHECKSUM_BYTES) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "pack directory: wrong checksum");
	blobs = malloc(trailer->blob_count * sizeof(*blobs));
	if (!blobs)
		return muster_fail_memory(err, "a pack directory");
	code = records_take(blobs, trailer, directory, err);
	if (code) {
		free(blobs);
		return code;
	}
	*out = blobs;
	return MUSTER_OK;
}
