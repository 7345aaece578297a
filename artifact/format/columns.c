#include "artifact/format/columns.h"

#include <msgpack/pack.h>

/** What msgpack-c calls with each piece. */
static int writer_append(void *data, const char *piece, size_t len)
{
	struct column_writer *writer = data;

	writer->code = bytes_append(writer->out, piece, len, writer->err);
	return writer->code ? -1 : 0;
}

static msgpack_packer writer_packer(struct column_writer *writer)
{
	msgpack_packer packer;

	msgpack_packer_init(&packer, writer, writer_append);
	return packer;
}

void column_write_array(struct column_writer *writer, uint32_t element_count)
{
	msgpack_packer packer = writer_packer(writer);

	if (!writer->code)
		msgpack_pack_array(&packer, element_count);
}

void column_write_uint(struct column_writer *writer, uint64_t value)
{
	msgpack_packer packer = writer_packer(writer);

	if (!writer->code)
		msgpack_pack_uint64(&packer, value);
}

void column_write_bin(struct column_writer *writer, struct view column)
{
	msgpack_packer packer = writer_packer(writer);

	if (writer->code || msgpack_pack_bin(&packer, column.len) || column.len == 0)
		return;
	msgpack_pack_bin_body(&packer, column.ptr, column.len);
}

/** A big-endian integer of `width` bytes that no shorter form could hold (>= `at_least`). */
static bool take_be(struct view *from, unsigned width, uint64_t at_least, uint64_t *out)
{
	struct view raw;
	uint64_t value = 0;

	if (!take_bytes(from, width, &raw))
		return false;
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | raw.ptr[i];
	*out = value;
	return value >= at_least;
}

bool column_take_array(struct view *from, uint32_t *element_count)
{
	uint8_t form;
	uint64_t value = 0;

	if (!take_u8(from, &form))
		return false;
	if (form >= 0x90 && form <= 0x9f)
		value = form & 0x0f;
	else if (form != 0xdc || !take_be(from, 2, 16, &value))
		return false; /* nothing here has more than 65,535 elements */
	*element_count = (uint32_t)value;
	return true;
}

bool column_take_uint(struct view *from, uint64_t *value)
{
	uint8_t form;

	if (!take_u8(from, &form))
		return false;
	switch (form) {
	case 0xcc:
		return take_be(from, 1, 0x80, value);
	case 0xcd:
		return take_be(from, 2, 0x100, value);
	case 0xce:
		return take_be(from, 4, 0x10000, value);
	case 0xcf:
		return take_be(from, 8, 0x100000000, value);
	default:
		*value = form;
		return form < 0x80;
	}
}

bool column_take_bin(struct view *from, struct view *column)
{
	uint8_t form;
	uint64_t len = 0;

	if (!take_u8(from, &form))
		return false;
	switch (form) {
	case 0xc4:
		return take_be(from, 1, 0, &len) && take_bytes(from, len, column);
	case 0xc5:
		return take_be(from, 2, 0x100, &len) && take_bytes(from, len, column);
	case 0xc6:
		return take_be(from, 4, 0x10000, &len) && take_bytes(from, len, column);
	default:
		return false;
	}
}

bool column_take_fixed(struct view *from, void *out, size_t len)
{
	struct view column;

	if (!column_take_bin(from, &column) || column.len != len)
		return false;
	memcpy(out, column.ptr, len);
	return true;
}

enum muster_code front_put(struct bytes *shared, struct bytes *lengths, struct bytes *suffixes,
			   struct view before, struct view path, struct muster_error *err)
{
	size_t both = front_shared(before, path);
	enum muster_code code;

	if (!front_ascends(before, path, both))
		return muster_fail(err, MUSTER_E_FORMAT, "paths do not ascend");
	code = bytes_append_varint(shared, both, err);
	if (!code)
		code = bytes_append_varint(lengths, path.len - both, err);
	if (!code)
		code = bytes_append(suffixes, path.ptr + both, path.len - both, err);
	return code;
}

const char *front_total(struct front front, size_t count, size_t path_max_bytes, size_t max_bytes,
			size_t *total_bytes)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t shared, suffix;

		if (!column_take_varint(&front.shared, &shared) ||
		    !column_take_varint(&front.lengths, &suffix))
			return "the lengths of paths end early or are malformed";
		if (shared > path_max_bytes || suffix > path_max_bytes - shared)
			return "a path is longer than a path can be";
		total += shared + suffix;
		if (total > max_bytes)
			return "paths are longer together than they can be";
	}
	if (front.shared.len || front.lengths.len)
		return "the lengths of paths go on behind the last";
	*total_bytes = total;
	return NULL;
}

const char *front_append(struct front *front, size_t path_max_bytes, struct bytes *paths,
			 struct view *path)
{
	struct view suffix = { 0 }, before = *path;
	size_t shared = 0, at = paths->len;
	const char *reason = front_next(front, before, path_max_bytes, &shared, &suffix);

	if (reason)
		return reason;
	column_put(paths, before.ptr, shared);
	column_put(paths, suffix.ptr, suffix.len);
	*path = view_of(paths->ptr + at, shared + suffix.len);
	return NULL;
}
