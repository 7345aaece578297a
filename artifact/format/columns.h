/**
 * columns - what leaf parts, manifest blocks and footers are made of: one msgpack array whose
 * elements are unsigned integers and columns (bin), and the small codes inside columns.
 *
 * Writing: a column_writer over a buffer; the first failure sticks, look once at the end.
 * Reading: checked, without allocation, shortest msgpack forms only, so that equal content has
 *          equal bytes. A false answer has taken nothing that matters: the caller refuses.
 */
#ifndef ARTIFACT_FORMAT_COLUMNS_H
#define ARTIFACT_FORMAT_COLUMNS_H

#include "base/bytes.h"

/** A zeroed one with `out` (and `err`) set is ready. */
struct column_writer {
	struct bytes *out;
	struct muster_error *err;
	enum muster_code code;
};

void column_write_array(struct column_writer *writer, uint32_t element_count);
void column_write_uint(struct column_writer *writer, uint64_t value);
void column_write_bin(struct column_writer *writer, struct view column);

/** Most bytes that the head of one element takes. */
#define COLUMN_HEAD_MAX_BYTES 9

bool column_take_array(struct view *from, uint32_t *element_count);
bool column_take_uint(struct view *from, uint64_t *value);
bool column_take_bin(struct view *from, struct view *column);
/** A bin of exactly `len` bytes, copied out. */
bool column_take_fixed(struct view *from, void *out, size_t len);

/** A varint from the front of a column; one byte is by far the usual case. */
static inline bool column_take_varint(struct view *column, uint64_t *out)
{
	if (__builtin_expect(column->len && column->ptr[0] < 0x80, 1)) {
		*out = column->ptr[0];
		column->ptr++;
		column->len--;
		return true;
	}
	return take_varint(column, out);
}

/** A varint that must fit 32 bits. */
static inline bool column_take_varint32(struct view *column, uint32_t *out)
{
	uint64_t value;

	if (!column_take_varint(column, &value) || value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

/** `len` raw bytes copied from the front of a column. */
static inline bool column_take_raw(struct view *column, void *out, size_t len)
{
	if (column->len < len)
		return false;
	memcpy(out, column->ptr, len);
	column->ptr += len;
	column->len -= len;
	return true;
}

/** Bytes that varint_put() writes for `value`. */
static inline size_t varint_bytes(uint64_t value)
{
	return (size_t)(63 - __builtin_clzll(value | 1)) / 7 + 1;
}

/** Signed differences as small unsigned numbers: 0, -1, 1, -2, … become 0, 1, 2, 3, … */
static inline uint64_t zigzag_put(uint64_t difference)
{
	return (difference << 1) ^ (0 - (difference >> 63));
}

static inline uint64_t zigzag_get(uint64_t value)
{
	return (value >> 1) ^ (0 - (value & 1));
}

/** Make room in a buffer; the call is made only when it must grow. */
static inline enum muster_code column_room(struct bytes *column, size_t more,
					   struct muster_error *err)
{
	if (__builtin_expect(more <= column->cap - column->len, 1))
		return MUSTER_OK;
	return bytes_reserve(column, more, err);
}

/** Append where column_room() has made room. */
static inline void column_put(struct bytes *column, const void *ptr, size_t len)
{
	if (len) {
		memcpy(column->ptr + column->len, ptr, len);
		column->len += len;
	}
}

static inline void column_put_varint(struct bytes *column, uint64_t value)
{
	if (__builtin_expect(value < 0x80, 1))
		column->ptr[column->len++] = (uint8_t)value;
	else
		column->len += varint_put(column->ptr + column->len, value);
}

/** Leading bytes that two paths share, eight at a time. */
static inline size_t front_shared(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t differ = get_u64(a.ptr + i) ^ get_u64(b.ptr + i);

		if (differ)
			return i + (size_t)__builtin_ctzll(differ) / 8;
	}
	while (i < len && a.ptr[i] == b.ptr[i])
		i++;
	return i;
}

/** Does `b`, of which the first `shared` bytes (as many as possible) are `a`'s, come behind `a`? */
static inline bool front_ascends(struct view a, struct view b, size_t shared)
{
	if (shared == b.len)
		return false;
	return shared == a.len || b.ptr[shared] > a.ptr[shared];
}

/** The three columns of front-coded ascending paths. */
struct front {
	struct view shared, lengths, suffixes;
};

/**
 * The next path is the first `*shared` bytes of `before` and `*suffix`. Gives NULL, or the reason
 * why it is refused: too long, not behind `before`, or shared bytes written again.
 */
static inline const char *front_next(struct front *front, struct view before, size_t path_max_bytes,
				     size_t *shared, struct view *suffix)
{
	uint64_t shared_bytes, suffix_bytes;

	if (!column_take_varint(&front->shared, &shared_bytes) ||
	    !column_take_varint(&front->lengths, &suffix_bytes))
		return "the lengths of paths end early or are malformed";
	if (shared_bytes > before.len || suffix_bytes > path_max_bytes - shared_bytes)
		return "a path is longer than a path can be";
	if (!take_bytes(&front->suffixes, suffix_bytes, suffix))
		return "the bytes of paths end early";
	if (suffix_bytes == 0)
		return "a path is empty or repeats the one before";
	if (shared_bytes < before.len && suffix->ptr[0] <= before.ptr[shared_bytes])
		return "paths do not ascend";
	*shared = shared_bytes;
	return NULL;
}

/** Append `path`, which follows `before`, to the three columns. */
enum muster_code front_put(struct bytes *shared, struct bytes *lengths, struct bytes *suffixes,
			   struct view before, struct view path, struct muster_error *err);
/** Bytes that `count` paths take written out, at most `max_bytes`; reads nothing else. NULL, or
 *  why they are refused. */
const char *front_total(struct front front, size_t count, size_t path_max_bytes, size_t max_bytes,
			size_t *total_bytes);
/** Write the next path behind those in `paths`, which has room (front_total()), and lend it.
 *  `path` holds the one before. */
const char *front_append(struct front *front, size_t path_max_bytes, struct bytes *paths,
			 struct view *path);

#endif
