/* Records that read are, written again, the same bytes: there is one encoding only. */
#include <stdlib.h>

#include "artifact/format/upload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void read_journal(struct view file)
{
	struct upload_reader reader;
	struct upload_record record;
	struct bytes again = { 0 };
	struct muster_error err = { 0 };
	enum muster_code code = upload_reader_open(&reader, file, &err);

	while (!code) {
		code = upload_reader_next(&reader, &record, &err);
		if (code)
			break;
		require((record.kind == UPLOAD_BEGIN) == (again.len == 0));
		require(!(record.kind == UPLOAD_BEGIN ? upload_begin_append
						      : upload_part_append)(&again, &record, NULL));
	}
	require(code == MUSTER_END || (muster_failed(code) && err.message[0]));
	require(view_starts_with(file, bytes_view(&again)));
	require(reader.rest.len <= file.len);
	bytes_release(&again);
}

/* The same, with sums that are right, so that more than the first one is read. */
static void read_resealed(struct view file)
{
	struct bytes copy = { 0 };
	size_t at = OBJECT_HEADER_BYTES;

	require(!bytes_append_view(&copy, file, NULL));
	while (at + 12 <= copy.len) {
		struct view rest = view_of(copy.ptr + at, copy.len - at);
		uint32_t len;

		take_u32(&rest, &len);
		if (len > copy.len - at - 12)
			break;
		put_u64(copy.ptr + at + 4, xxh64_of(view_of(copy.ptr + at + 12, len)));
		at += 12 + len;
	}
	read_journal(bytes_view(&copy));
	bytes_release(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_journal(view_of(data, size));
	read_resealed(view_of(data, size));
	return 0;
}
