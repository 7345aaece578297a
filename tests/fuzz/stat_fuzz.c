/* Records that read are, written again, the same bytes: there is one encoding only. */
#include <stdlib.h>

#include "artifact/format/stat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void read_block(struct view header, struct view records)
{
	struct stat_reader reader = { 0 };
	struct stat_block block = { 0 };
	struct stat_record record;
	struct muster_error err = { 0 };
	enum muster_code code = stat_reader_open(&reader, header, records, &err);

	while (!code) {
		code = stat_reader_next(&reader, &record, &err);
		if (code)
			break;
		require(record.path.len > 0 && record.path.len <= ENTRY_PATH_MAX_BYTES);
		require(!stat_block_add(&block, &record, NULL));
	}
	require(code == MUSTER_END || (code == MUSTER_E_FORMAT && err.message[0]));
	require(view_starts_with(records, bytes_view(&block.encoded)));
	require(code != MUSTER_END || block.encoded.len == records.len);
	stat_reader_release(&reader);
	stat_block_release(&block);
}

static void read_file(struct view file)
{
	struct view header, records;
	uint32_t length_bytes;

	if (object_header_check(file, "stat", STAT_VERSION, NULL) ||
	    !take_bytes(&file, OBJECT_HEADER_BYTES, &header))
		return;
	while (take_bytes(&file, STAT_BLOCK_HEADER_BYTES, &header)) {
		if (stat_block_length(header, &length_bytes, NULL) ||
		    !take_bytes(&file, length_bytes, &records))
			return;
		read_block(header, records);
	}
}

/* All behind the first block's header as one block with a header that is right. */
static void read_resealed(struct view file)
{
	uint8_t header[STAT_BLOCK_HEADER_BYTES];
	struct view records, skipped;

	if (!take_bytes(&file, OBJECT_HEADER_BYTES + STAT_BLOCK_HEADER_BYTES, &skipped) ||
	    file.len == 0 || file.len > STAT_BLOCK_MAX_BYTES - 8192)
		return;
	records = file;
	put_u32(header, (uint32_t)records.len);
	put_u64(header + 4, xxh64_of(records));
	read_block(view_of(header, sizeof(header)), records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_file(view_of(data, size));
	read_resealed(view_of(data, size));
	return 0;
}
