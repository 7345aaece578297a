#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int view_compare(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.ptr, b.ptr, len) : 0;

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool view_starts_with(struct view text, struct view prefix)
{
	return text.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

size_t view_shared(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) { /* eight bytes at a time: paths share long prefixes */
		uint64_t differs = get_u64(a.ptr + i) ^ get_u64(b.ptr + i);

		if (differs)
			return i + (size_t)__builtin_ctzll(differs) / 8;
	}
	while (i < len && a.ptr[i] == b.ptr[i])
		i++;
	return i;
}

void bytes_release(struct bytes *bytes)
{
	free(bytes->ptr);
	*bytes = (struct bytes){ 0 };
}

enum muster_code bytes_reserve(struct bytes *bytes, size_t more, struct muster_error *err)
{
	size_t need, cap;
	uint8_t *ptr;

	if (more <= bytes->cap - bytes->len)
		return MUSTER_OK;
	if (__builtin_add_overflow(bytes->len, more, &need) || need > SIZE_MAX / 2)
		return muster_fail_memory(err, "a buffer");
	cap = bytes->cap ? bytes->cap : 256;
	while (cap < need)
		cap *= 2;
	ptr = realloc(bytes->ptr, cap);
	if (!ptr)
		return muster_fail_memory(err, "a buffer");
	bytes->ptr = ptr;
	bytes->cap = cap;
	return MUSTER_OK;
}

enum muster_code bytes_append(struct bytes *bytes, const void *ptr, size_t len,
			      struct muster_error *err)
{
	enum muster_code code = bytes_reserve(bytes, len, err);

	if (code)
		return code;
	if (len)
		memcpy(bytes->ptr + bytes->len, ptr, len);
	bytes->len += len;
	return MUSTER_OK;
}

enum muster_code bytes_append_view(struct bytes *bytes, struct view view, struct muster_error *err)
{
	return bytes_append(bytes, view.ptr, view.len, err);
}

enum muster_code bytes_append_text(struct bytes *bytes, const char *text, struct muster_error *err)
{
	return bytes_append(bytes, text, strlen(text), err);
}

enum muster_code bytes_append_byte(struct bytes *bytes, uint8_t byte, struct muster_error *err)
{
	return bytes_append(bytes, &byte, 1, err);
}

enum muster_code bytes_printf(struct bytes *bytes, struct muster_error *err, const char *format,
			      ...)
{
	va_list args;
	enum muster_code code;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return muster_fail(err, MUSTER_E_USAGE, "a message could not be formatted");
	code = bytes_reserve(bytes, (size_t)len + 1, err);
	if (code)
		return code;
	va_start(args, format);
	vsnprintf((char *)bytes->ptr + bytes->len, (size_t)len + 1, format, args);
	va_end(args);
	bytes->len += (size_t)len;
	return MUSTER_OK;
}

size_t varint_put(uint8_t *out, uint64_t value)
{
	size_t len = 0;

	while (value >= 0x80) {
		out[len++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	out[len++] = (uint8_t)value;
	return len;
}

enum muster_code bytes_append_varint(struct bytes *bytes, uint64_t value, struct muster_error *err)
{
	uint8_t buf[VARINT_MAX_BYTES];

	return bytes_append(bytes, buf, varint_put(buf, value), err);
}

bool take_bytes(struct view *from, size_t len, struct view *out)
{
	if (from->len < len)
		return false;
	*out = view_of(from->ptr, len);
	from->ptr += len;
	from->len -= len;
	return true;
}

bool take_varint(struct view *from, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < from->len && i < VARINT_MAX_BYTES; i++) {
		uint8_t byte = from->ptr[i];

		if (i == VARINT_MAX_BYTES - 1 && byte > 1)
			return false; /* over 64 bits */
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		if (byte == 0 && i > 0)
			return false; /* not the shortest form */
		*out = value;
		from->ptr += i + 1;
		from->len -= i + 1;
		return true;
	}
	return false;
}

bool take_u8(struct view *from, uint8_t *out)
{
	struct view v;

	if (!take_bytes(from, 1, &v))
		return false;
	*out = v.ptr[0];
	return true;
}

bool take_u32(struct view *from, uint32_t *out)
{
	struct view v;

	if (!take_bytes(from, 4, &v))
		return false;
	*out = get_u32(v.ptr);
	return true;
}

bool take_u64(struct view *from, uint64_t *out)
{
	struct view v;

	if (!take_bytes(from, 8, &v))
		return false;
	*out = get_u64(v.ptr);
	return true;
}
