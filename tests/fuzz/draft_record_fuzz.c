/* Records of drafts: what parses is written again as it was read, whatever the bytes are. */
#include <stdint.h>
#include <stdlib.h>

#include "artifact/record/draft_record.h"

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct draft_record record, again;
	struct bytes first = { 0 }, second = { 0 };

	if (draft_record_parse(&record, view_of(data, size), NULL))
		return 0;
	if (record.kind.id != DRAFT_UNKNOWN && !draft_record_encode(&record, &first, NULL)) {
		require(draft_record_parse(&again, bytes_view(&first), NULL) == MUSTER_OK);
		require(draft_record_encode(&again, &second, NULL) == MUSTER_OK);
		require(view_equal(bytes_view(&first), bytes_view(&second)));
		draft_record_release(&again);
	}
	draft_record_release(&record);
	bytes_release(&first);
	bytes_release(&second);
	return 0;
}
