#include "artifact/format/stat.h"

/*
 * A record (docs/formats/stat.md), written against the one before it in its block:
 *
 *	flags | shared | length, rest of the path | size | mtime | ctime? | inode
 *	      | digest | checksum | identity? | pack session, number, length? | ordinal?
 *
 * Numbers are varints, times and inodes zigzag differences modulo 2^64. There is one encoding of a
 * record only: a reader refuses a field that is written where it could be left out.
 */
#define FLAG_TRUSTED	  0x01u
#define FLAG_IDENTITY	  0x02u
#define FLAG_PLACED	  0x04u
#define FLAG_SAME_PACK	  0x08u /* as the last placed record of the block; no pack follows */
#define FLAG_NEXT_ORDINAL 0x10u /* of the same pack, one more; no ordinal follows */
#define FLAG_SAME_TIMES	  0x20u /* ctime is mtime; no ctime follows */
#define FLAG_XXH128	  0x40u /* else MD5 */
#define FLAGS_KNOWN	  0x7fu

/* Everything but the path, each varint at its longest. */
#define RECORD_MAX_BYTES                                                                           \
	(1 + 9 * VARINT_MAX_BYTES + DIGEST_BYTES + CHECKSUM_BYTES + IDENTITY_BYTES + 16)

static uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

/* As view_shared(), eight bytes at a time: this is a third of the cost of a record. */
static size_t shared_bytes(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t difference = get_u64(a.ptr + i) ^ get_u64(b.ptr + i);

		if (difference)
			return i + (size_t)__builtin_ctzll(difference) / 8;
	}
	while (i < len && a.ptr[i] == b.ptr[i])
		i++;
	return i;
}

/* ---- writing ---- */

void stat_block_release(struct stat_block *block)
{
	bytes_release(&block->encoded);
	bytes_release(&block->last_path);
	*block = (struct stat_block){ 0 };
}

bool stat_block_is_full(const struct stat_block *block)
{
	return block->encoded.len >= STAT_BLOCK_TARGET_BYTES;
}

static enum muster_code record_check(const struct stat_record *record, struct muster_error *err)
{
	if (record->path.len == 0 || record->path.len > ENTRY_PATH_MAX_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "stat cache: a path of %zu bytes",
				   record->path.len);
	if (record->algorithm != DIGEST_MD5 && record->algorithm != DIGEST_XXH128)
		return muster_fail(err, MUSTER_E_USAGE,
				   "stat cache: no file has digest algorithm %u",
				   (unsigned)record->algorithm);
	return MUSTER_OK;
}

static uint8_t record_flags(const struct stat_record *record, const struct stat_previous *previous)
{
	uint8_t flags = 0;

	if (record->is_trusted)
		flags |= FLAG_TRUSTED;
	if (record->has_identity)
		flags |= FLAG_IDENTITY;
	if (record->mtime_ns == record->ctime_ns)
		flags |= FLAG_SAME_TIMES;
	if (record->algorithm == DIGEST_XXH128)
		flags |= FLAG_XXH128;
	if (!record->is_placed)
		return flags;
	flags |= FLAG_PLACED;
	if (!previous->has_pack || record->pack_bytes != previous->pack_bytes ||
	    !object_id_equal(&record->pack, &previous->pack))
		return flags;
	flags |= FLAG_SAME_PACK;
	if (record->ordinal == previous->ordinal + 1)
		flags |= FLAG_NEXT_ORDINAL;
	return flags;
}

static uint8_t *copy_put(uint8_t *at, const void *from, size_t len)
{
	memcpy(at, from, len);
	return at + len;
}

static uint8_t *placement_put(uint8_t *at, uint8_t flags, const struct stat_record *record,
			      struct stat_previous *previous)
{
	if (!(flags & FLAG_PLACED))
		return at;
	if (!(flags & FLAG_SAME_PACK)) {
		at = copy_put(at, record->pack.session, sizeof(record->pack.session));
		at += varint_put(at, record->pack.number);
		at += varint_put(at, record->pack_bytes);
	}
	if (!(flags & FLAG_NEXT_ORDINAL))
		at += varint_put(at, record->ordinal);
	previous->has_pack = true;
	previous->pack = record->pack;
	previous->pack_bytes = record->pack_bytes;
	previous->ordinal = record->ordinal;
	return at;
}

static uint8_t *record_put(uint8_t *at, const struct stat_record *record, size_t shared,
			   struct stat_previous *previous)
{
	uint8_t flags = record_flags(record, previous);
	uint64_t mtime = (uint64_t)record->mtime_ns, ctime = (uint64_t)record->ctime_ns;

	*at++ = flags;
	at += varint_put(at, shared);
	at += varint_put(at, record->path.len - shared);
	at = copy_put(at, record->path.ptr + shared, record->path.len - shared);
	at += varint_put(at, record->size_bytes);
	at += varint_put(at, zigzag(mtime - previous->mtime_ns));
	if (!(flags & FLAG_SAME_TIMES))
		at += varint_put(at, zigzag(ctime - previous->ctime_ns));
	at += varint_put(at, zigzag(record->inode - previous->inode));
	at = copy_put(at, record->fingerprint.digest, DIGEST_BYTES);
	at = copy_put(at, record->fingerprint.checksum, CHECKSUM_BYTES);
	if (flags & FLAG_IDENTITY)
		at = copy_put(at, record->fingerprint.identity, IDENTITY_BYTES);
	at = placement_put(at, flags, record, previous);
	previous->mtime_ns = mtime;
	previous->ctime_ns = ctime;
	previous->inode = record->inode;
	return at;
}

enum muster_code stat_block_add(struct stat_block *block, const struct stat_record *record,
				struct muster_error *err)
{
	struct bytes *encoded = &block->encoded;
	struct bytes *last = &block->last_path;
	size_t most = RECORD_MAX_BYTES + record->path.len, shared;
	enum muster_code code = record_check(record, err);

	if (code)
		return code;
	shared = shared_bytes(bytes_view(last), record->path);
	if (shared == record->path.len ||
	    (shared < last->len && last->ptr[shared] > record->path.ptr[shared]))
		return muster_fail(err, MUSTER_E_FORMAT, "stat cache: '%.*s' follows '%.*s'",
				   VIEW_ARGS(record->path), VIEW_ARGS(bytes_view(last)));
	if (encoded->len + most > STAT_BLOCK_MAX_BYTES)
		return MUSTER_FULL;
	code = bytes_reserve(encoded, most, err);
	if (!code)
		code = bytes_reserve(last, record->path.len, err);
	if (code)
		return code;

	if (encoded->len == 0) /* a block stands alone */
		block->previous = (struct stat_previous){ 0 };
	encoded->len = (size_t)(record_put(encoded->ptr + encoded->len, record,
					   encoded->len ? shared : 0, &block->previous) -
				encoded->ptr);
	memcpy(last->ptr + shared, record->path.ptr + shared, record->path.len - shared);
	last->len = record->path.len;
	return MUSTER_OK;
}

enum muster_code stat_block_finish(struct stat_block *block, struct bytes *out,
				   struct muster_error *err)
{
	struct view records = bytes_view(&block->encoded);
	enum muster_code code;

	if (records.len == 0)
		return MUSTER_OK;
	code = bytes_reserve(out, STAT_BLOCK_HEADER_BYTES + records.len, err);
	if (code)
		return code;
	put_u32(out->ptr + out->len, (uint32_t)records.len);
	put_u64(out->ptr + out->len + 4, xxh64_of(records));
	memcpy(out->ptr + out->len + STAT_BLOCK_HEADER_BYTES, records.ptr, records.len);
	out->len += STAT_BLOCK_HEADER_BYTES + records.len;
	block->encoded.len = 0;
	return MUSTER_OK;
}

/* ---- reading ---- */

void stat_reader_release(struct stat_reader *reader)
{
	bytes_release(&reader->path);
	*reader = (struct stat_reader){ 0 };
}

enum muster_code stat_block_length(struct view header, uint32_t *length_bytes,
				   struct muster_error *err)
{
	*length_bytes = 0;
	if (header.len != STAT_BLOCK_HEADER_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "stat cache: a block header of %zu bytes",
				   header.len);
	if (get_u32(header.ptr) == 0 || get_u32(header.ptr) > STAT_BLOCK_MAX_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "stat cache: a block of %u bytes",
				   get_u32(header.ptr));
	*length_bytes = get_u32(header.ptr);
	return MUSTER_OK;
}

enum muster_code stat_reader_open(struct stat_reader *reader, struct view header,
				  struct view records, struct muster_error *err)
{
	uint32_t length_bytes;
	enum muster_code code = stat_block_length(header, &length_bytes, err);

	reader->rest = view_of(NULL, 0);
	reader->is_broken = false;
	reader->path.len = 0;
	reader->previous = (struct stat_previous){ 0 };
	if (!code) /* once and for all: no record meets an allocation */
		code = bytes_reserve(&reader->path, ENTRY_PATH_MAX_BYTES, err);
	if (code)
		return code;
	if (records.len != length_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "stat cache: a block of %zu bytes, not %u",
				   records.len, length_bytes);
	if (xxh64_of(records) != get_u64(header.ptr + 4))
		return muster_fail(err, MUSTER_E_FORMAT, "stat cache: a block's checksum is wrong");
	reader->rest = records;
	return MUSTER_OK;
}

/* Varints of one byte are most of a block: they are not worth a call. */
static inline bool number_take(struct view *rest, uint64_t *out)
{
	if (rest->len && rest->ptr[0] < 0x80) {
		*out = *rest->ptr++;
		rest->len--;
		return true;
	}
	return take_varint(rest, out);
}

static inline bool difference_take(struct view *rest, uint64_t from, uint64_t *out)
{
	uint64_t value;

	if (!number_take(rest, &value))
		return false;
	*out = from + unzigzag(value);
	return true;
}

static inline bool copy_take(struct view *rest, void *out, size_t len)
{
	if (rest->len < len)
		return false;
	memcpy(out, rest->ptr, len);
	rest->ptr += len;
	rest->len -= len;
	return true;
}

/* The path that the record before left in reader->path becomes this record's. Strict order and the
 * longest shared part need no second look: the first byte that differs must be greater. */
static bool path_take(struct view *rest, struct bytes *path)
{
	uint64_t shared, more;

	if (!number_take(rest, &shared) || !number_take(rest, &more))
		return false;
	if (shared > path->len || more == 0 || more > rest->len ||
	    more > ENTRY_PATH_MAX_BYTES - shared)
		return false;
	if (shared < path->len && rest->ptr[0] <= path->ptr[shared])
		return false;
	path->len = shared + more;
	return copy_take(rest, path->ptr + shared, more);
}

static bool times_take(struct view *rest, uint8_t flags, struct stat_previous *previous,
		       struct stat_record *out)
{
	uint64_t mtime, ctime;

	if (!number_take(rest, &out->size_bytes) ||
	    !difference_take(rest, previous->mtime_ns, &mtime))
		return false;
	ctime = mtime;
	if (!(flags & FLAG_SAME_TIMES) &&
	    (!difference_take(rest, previous->ctime_ns, &ctime) || ctime == mtime))
		return false;
	if (!difference_take(rest, previous->inode, &out->inode))
		return false;
	out->mtime_ns = (int64_t)mtime;
	out->ctime_ns = (int64_t)ctime;
	previous->mtime_ns = mtime;
	previous->ctime_ns = ctime;
	previous->inode = out->inode;
	return true;
}

static bool fingerprint_take(struct view *rest, uint8_t flags, struct fingerprint *out)
{
	return copy_take(rest, out->digest, DIGEST_BYTES) &&
	       copy_take(rest, out->checksum, CHECKSUM_BYTES) &&
	       (!(flags & FLAG_IDENTITY) || copy_take(rest, out->identity, IDENTITY_BYTES));
}

static bool pack_take(struct view *rest, struct stat_previous *previous)
{
	struct object_id pack;
	uint64_t number, pack_bytes;

	if (!copy_take(rest, pack.session, sizeof(pack.session)) || !number_take(rest, &number) ||
	    number > UINT32_MAX || !number_take(rest, &pack_bytes))
		return false;
	pack.number = (uint32_t)number;
	if (previous->has_pack && pack_bytes == previous->pack_bytes &&
	    object_id_equal(&pack, &previous->pack))
		return false; /* had to be FLAG_SAME_PACK */
	previous->has_pack = true;
	previous->pack = pack;
	previous->pack_bytes = pack_bytes;
	return true;
}

static bool placement_take(struct view *rest, uint8_t flags, struct stat_previous *previous,
			   struct stat_record *out)
{
	bool is_same = flags & FLAG_SAME_PACK, is_next = flags & FLAG_NEXT_ORDINAL;
	uint64_t ordinal = (uint32_t)(previous->ordinal + 1);

	if (!(flags & FLAG_PLACED))
		return !is_same && !is_next;
	if (is_same ? !previous->has_pack : (is_next || !pack_take(rest, previous)))
		return false;
	if (!is_next) {
		uint64_t next = ordinal;

		if (!number_take(rest, &ordinal) || ordinal > UINT32_MAX ||
		    (is_same && ordinal == next))
			return false;
	}
	previous->ordinal = (uint32_t)ordinal;
	out->is_placed = true;
	out->pack = previous->pack;
	out->pack_bytes = previous->pack_bytes;
	out->ordinal = previous->ordinal;
	return true;
}

static bool record_take(struct stat_reader *reader, struct view *rest, struct stat_record *out)
{
	uint8_t flags;

	if (!take_u8(rest, &flags) || flags & ~FLAGS_KNOWN)
		return false;
	out->is_trusted = flags & FLAG_TRUSTED;
	out->has_identity = flags & FLAG_IDENTITY;
	out->algorithm = flags & FLAG_XXH128 ? DIGEST_XXH128 : DIGEST_MD5;
	return path_take(rest, &reader->path) && times_take(rest, flags, &reader->previous, out) &&
	       fingerprint_take(rest, flags, &out->fingerprint) &&
	       placement_take(rest, flags, &reader->previous, out);
}

enum muster_code stat_reader_next(struct stat_reader *reader, struct stat_record *out,
				  struct muster_error *err)
{
	struct view rest = reader->rest;

	if (rest.len == 0)
		return MUSTER_END;
	*out = (struct stat_record){ 0 };
	if (reader->is_broken || !record_take(reader, &rest, out)) {
		reader->is_broken = true; /* what it was written against is lost */
		return muster_fail(
			err, MUSTER_E_FORMAT,
			"stat cache: a record is broken, %zu bytes before its block's end",
			reader->rest.len);
	}
	out->path = bytes_view(&reader->path);
	reader->rest = rest;
	return MUSTER_OK;
}
