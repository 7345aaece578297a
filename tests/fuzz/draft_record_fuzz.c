/* Records of drafts: what parses is written again as it was read, whatever the bytes are; keys that
 * parse are the keys that would be built. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "artifact/record/draft_record.h"
#include "artifact/record/key.h"

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const uint8_t *data, size_t size)
{
	char text[KEY_MAX_BYTES];
	struct key plan;
	struct view rest;
	uint8_t id[16];

	snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)data);
	if (!key_parse_draft(text, id, &rest))
		return;
	key_draft(&plan, id, "plan");
	require(view_equal(rest, VIEW_LITERAL("plan.json")) == (strcmp(plan.text, text) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct draft_record record, again;
	struct bytes first = { 0 }, second = { 0 };

	check_key(data, size);
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
