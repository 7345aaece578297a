/* What is read is, written again, the same bytes; marks that are read ascend. */
#include <stdlib.h>

#include "artifact/format/marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void read_marks(const uint8_t *data, uint64_t count)
{
	struct pack_mark last, mark;

	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *at = data + i * MARK_BYTES;
		uint8_t again[MARK_BYTES];
		struct muster_error err = { 0 };

		if (pack_mark_parse(at, i ? &last : NULL, &mark, &err)) {
			require(err.message[0]);
			return;
		}
		require(!i || memcmp(last.id.session, mark.id.session, 16) < 0 ||
			(memcmp(last.id.session, mark.id.session, 16) == 0 &&
			 last.id.number < mark.id.number));
		pack_mark_put(again, &mark);
		require(memcmp(again, at, MARK_BYTES) == 0);
		last = mark;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[16];
	const uint8_t *repository_id = size >= MARKS_HEAD_BYTES ? data + OBJECT_HEADER_BYTES : none;
	uint8_t head[MARKS_HEAD_BYTES];
	struct muster_error err = { 0 };
	uint64_t count;

	if (marks_head_parse(view_of(data, size), size, repository_id, &count, &err)) {
		require(err.message[0]);
		read_marks(data, size / MARK_BYTES);
		return 0;
	}
	require(count * MARK_BYTES + MARKS_HEAD_BYTES + MARKS_SUM_BYTES == size);
	marks_head_put(head, repository_id, count);
	require(memcmp(head, data, sizeof(head)) == 0);
	read_marks(data + MARKS_HEAD_BYTES, count);
	return 0;
}
