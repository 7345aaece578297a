#include "artifact/format/upload.h"

#define FRAME_BYTES 12
#define BEGIN_BYTES (1 + 16 + 16 + 4 + 8 + 8)
#define PART_BYTES  (1 + 4 + 8 + 32)

/* ---- writing ---- */

static bool is_sound(const struct upload_record *record)
{
	if (record->kind == UPLOAD_BEGIN)
		return record->upload.len && record->upload.len <= UPLOAD_NAME_MAX_BYTES;
	return record->number && record->number <= UPLOAD_PARTS_MAX && record->size_bytes &&
	       record->name.len <= UPLOAD_PART_NAME_MAX;
}

static size_t put_begin(uint8_t *at, const struct upload_record *record)
{
	at[0] = UPLOAD_BEGIN;
	memcpy(at + 1, record->repository_id, 16);
	memcpy(at + 17, record->pack.session, 16);
	put_u32(at + 33, record->pack.number);
	put_u64(at + 37, record->size_bytes);
	put_u64(at + 45, record->inode);
	return BEGIN_BYTES;
}

static size_t put_part(uint8_t *at, const struct upload_record *record)
{
	at[0] = UPLOAD_PART;
	put_u32(at + 1, record->number);
	put_u64(at + 5, record->size_bytes);
	memcpy(at + 13, record->sha256, 32);
	return PART_BYTES;
}

static enum muster_code append(struct bytes *out, const struct upload_record *record,
			       struct view text, struct muster_error *err)
{
	uint8_t *frame, *at;
	size_t len;
	enum muster_code code;

	if (!is_sound(record))
		return muster_fail(err, MUSTER_E_FORMAT, "an upload that no journal can hold");
	code = bytes_reserve(out, FRAME_BYTES + BEGIN_BYTES + text.len, err);
	if (code)
		return code;
	frame = out->ptr + out->len;
	at = frame + FRAME_BYTES;
	len = record->kind == UPLOAD_BEGIN ? put_begin(at, record) : put_part(at, record);
	if (text.len)
		memcpy(at + len, text.ptr, text.len);
	len += text.len;
	put_u32(frame, (uint32_t)len);
	put_u64(frame + 4, xxh64_of(view_of(at, len)));
	out->len += FRAME_BYTES + len;
	return MUSTER_OK;
}

enum muster_code upload_begin_append(struct bytes *out, const struct upload_record *record,
				     struct muster_error *err)
{
	enum muster_code code = bytes_reserve(out, OBJECT_HEADER_BYTES, err);

	if (code)
		return code;
	object_header_put(out->ptr + out->len, "upload", UPLOAD_VERSION);
	out->len += OBJECT_HEADER_BYTES;
	return append(out, record, record->upload, err);
}

enum muster_code upload_part_append(struct bytes *out, const struct upload_record *record,
				    struct muster_error *err)
{
	return append(out, record, record->name, err);
}

/* ---- reading ---- */

enum muster_code upload_reader_open(struct upload_reader *reader, struct view file,
				    struct muster_error *err)
{
	struct view header;
	enum muster_code code = object_header_check(file, "upload", UPLOAD_VERSION, err);

	*reader = (struct upload_reader){ .rest = file, .is_first = true };
	if (code || !take_bytes(&reader->rest, OBJECT_HEADER_BYTES, &header))
		reader->rest.len = 0;
	return code;
}

static bool take_begin(struct view rest, struct upload_record *out)
{
	struct view repository, session;

	if (!take_bytes(&rest, 16, &repository) || !take_bytes(&rest, 16, &session) ||
	    !take_u32(&rest, &out->pack.number) || !take_u64(&rest, &out->size_bytes) ||
	    !take_u64(&rest, &out->inode))
		return false;
	memcpy(out->repository_id, repository.ptr, 16);
	memcpy(out->pack.session, session.ptr, 16);
	out->upload = rest;
	return true;
}

static bool take_part(struct view rest, struct upload_record *out)
{
	struct view sha256;

	if (!take_u32(&rest, &out->number) || !take_u64(&rest, &out->size_bytes) ||
	    !take_bytes(&rest, 32, &sha256))
		return false;
	memcpy(out->sha256, sha256.ptr, 32);
	out->name = rest;
	return true;
}

static bool take_record(struct view rest, bool is_first, struct upload_record *out)
{
	uint8_t kind;

	if (!take_u8(&rest, &kind) || kind != (is_first ? UPLOAD_BEGIN : UPLOAD_PART))
		return false;
	out->kind = (enum upload_kind)kind;
	return (is_first ? take_begin(rest, out) : take_part(rest, out)) && is_sound(out);
}

enum muster_code upload_reader_next(struct upload_reader *reader, struct upload_record *out,
				    struct muster_error *err)
{
	struct view rest = reader->rest, record;
	uint32_t len;
	uint64_t sum;

	*out = (struct upload_record){ 0 };
	if (!take_u32(&rest, &len) || !take_u64(&rest, &sum) || !take_bytes(&rest, len, &record))
		return MUSTER_END; /* it was killed while it wrote */
	if (xxh64_of(record) != sum || !take_record(record, reader->is_first, out))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "journal of an upload: a record is broken, %zu bytes before "
				   "the end",
				   reader->rest.len);
	reader->is_first = false;
	reader->rest = rest;
	return MUSTER_OK;
}
