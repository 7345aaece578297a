#include "artifact/format/marks.h"

#define MARK_BROKEN 1u

void marks_head_put(uint8_t out[MARKS_HEAD_BYTES], const uint8_t repository_id[16],
		    uint64_t mark_count)
{
	object_header_put(out, "marks", MARKS_VERSION);
	memcpy(out + OBJECT_HEADER_BYTES, repository_id, 16);
	put_u64(out + OBJECT_HEADER_BYTES + 16, mark_count);
}

static bool is_whole(uint64_t mark_count, uint64_t file_bytes)
{
	uint64_t around = MARKS_HEAD_BYTES + MARKS_SUM_BYTES;

	return file_bytes >= around && (file_bytes - around) % MARK_BYTES == 0 &&
	       (file_bytes - around) / MARK_BYTES == mark_count;
}

enum muster_code marks_head_parse(struct view head, uint64_t file_bytes,
				  const uint8_t repository_id[16], uint64_t *mark_count,
				  struct muster_error *err)
{
	enum muster_code code = object_header_check(head, "marks", MARKS_VERSION, err);

	if (code)
		return code;
	if (head.len < MARKS_HEAD_BYTES)
		return muster_fail(err, MUSTER_E_FORMAT, "it ends within its head");
	if (memcmp(head.ptr + OBJECT_HEADER_BYTES, repository_id, 16) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "it belongs to another repository");
	*mark_count = get_u64(head.ptr + OBJECT_HEADER_BYTES + 16);
	if (!is_whole(*mark_count, file_bytes))
		return muster_fail(err, MUSTER_E_FORMAT,
				   "it has another length than its head says");
	return MUSTER_OK;
}

void pack_mark_put(uint8_t out[MARK_BYTES], const struct pack_mark *mark)
{
	memcpy(out, mark->id.session, 16);
	put_u32(out + 16, mark->id.number);
	put_u32(out + 20, mark->is_broken ? MARK_BROKEN : 0);
	put_u64(out + 24, mark->seen_ms);
	put_u64(out + 32, mark->read_ms);
	put_u64(out + 40, mark->summed_ms);
}

static bool is_before(const struct object_id *a, const struct object_id *b)
{
	int order = memcmp(a->session, b->session, sizeof(a->session));

	return order < 0 || (order == 0 && a->number < b->number);
}

enum muster_code pack_mark_parse(const uint8_t in[MARK_BYTES], const struct pack_mark *before,
				 struct pack_mark *out, struct muster_error *err)
{
	uint32_t flags = get_u32(in + 20);

	*out = (struct pack_mark){ .id.number = get_u32(in + 16),
				   .seen_ms = get_u64(in + 24),
				   .read_ms = get_u64(in + 32),
				   .summed_ms = get_u64(in + 40),
				   .is_broken = flags & MARK_BROKEN };
	memcpy(out->id.session, in, sizeof(out->id.session));
	if (flags & ~MARK_BROKEN)
		return muster_fail(err, MUSTER_E_FORMAT, "a mark has an unknown flag");
	if (before && !is_before(&before->id, &out->id))
		return muster_fail(err, MUSTER_E_FORMAT, "its marks are out of order");
	return MUSTER_OK;
}
