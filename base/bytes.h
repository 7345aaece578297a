/**
 * bytes - views of memory, a growing buffer, and the integers that formats are made of.
 *
 * A view never owns. A buffer owns; a zeroed struct is an empty one, bytes_release() works on it.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

/** Some bytes of somebody else; not NUL-terminated. */
struct view {
	const uint8_t *ptr;
	size_t len;
};

#define VIEW_LITERAL(text) ((struct view){ (const uint8_t *)(text), sizeof(text) - 1 })

static inline struct view view_of(const void *ptr, size_t len)
{
	return (struct view){ ptr, len };
}

static inline struct view view_text(const char *text)
{
	return (struct view){ (const uint8_t *)text, strlen(text) };
}

/** Byte order; a prefix comes first. <0, 0, >0. */
int view_compare(struct view a, struct view b);
bool view_equal(struct view a, struct view b);
bool view_starts_with(struct view text, struct view prefix);
/** How many leading bytes two views share. */
size_t view_shared(struct view a, struct view b);

/** For printf: "%.*s", VIEW_ARGS(v). */
#define VIEW_ARGS(v) (int)(v).len, (const char *)(v).ptr

/** A growing buffer. */
struct bytes {
	uint8_t *ptr;
	size_t len, cap;
};

void bytes_release(struct bytes *bytes);
static inline struct view bytes_view(const struct bytes *bytes)
{
	return (struct view){ bytes->ptr, bytes->len };
}

/** Make room for `more` bytes behind `len`. Errors: MUSTER_E_MEMORY. */
enum muster_code bytes_reserve(struct bytes *bytes, size_t more, struct muster_error *err);
enum muster_code bytes_append(struct bytes *bytes, const void *ptr, size_t len,
			      struct muster_error *err);
enum muster_code bytes_append_view(struct bytes *bytes, struct view view, struct muster_error *err);
enum muster_code bytes_append_text(struct bytes *bytes, const char *text, struct muster_error *err);
enum muster_code bytes_append_byte(struct bytes *bytes, uint8_t byte, struct muster_error *err);
enum muster_code bytes_printf(struct bytes *bytes, struct muster_error *err, const char *format,
			      ...) __attribute__((format(printf, 3, 4)));
/** LEB128: 7 bits a byte, lowest first, 10 bytes at most. */
enum muster_code bytes_append_varint(struct bytes *bytes, uint64_t value, struct muster_error *err);

#define VARINT_MAX_BYTES 10
/** Writes at most VARINT_MAX_BYTES; returns how many. */
size_t varint_put(uint8_t *out, uint64_t value);

/** Reads from the front of a view and shortens it; false (nothing taken) where too few bytes are
 *  left or a varint is not the shortest form of a 64-bit value. */
bool take_bytes(struct view *from, size_t len, struct view *out);
bool take_varint(struct view *from, uint64_t *out);
bool take_u8(struct view *from, uint8_t *out);
bool take_u32(struct view *from, uint32_t *out); /* little endian */
bool take_u64(struct view *from, uint64_t *out); /* little endian */

static inline void put_u32(uint8_t *out, uint32_t value)
{
	value = htole32(value);
	memcpy(out, &value, sizeof(value));
}

static inline void put_u64(uint8_t *out, uint64_t value)
{
	value = htole64(value);
	memcpy(out, &value, sizeof(value));
}

static inline uint32_t get_u32(const uint8_t *in)
{
	uint32_t value;

	memcpy(&value, in, sizeof(value));
	return le32toh(value);
}

static inline uint64_t get_u64(const uint8_t *in)
{
	uint64_t value;

	memcpy(&value, in, sizeof(value));
	return le64toh(value);
}

static inline bool add_overflows(uint64_t a, uint64_t b, uint64_t *sum)
{
	return __builtin_add_overflow(a, b, sum);
}

#endif
