/* Checkpoints: whatever parses is written again and parses again to the same bytes. */
#include <stdlib.h>

#include "artifact/record/collection_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct collection_state state = { 0 }, again = { 0 };
	struct bytes first = { 0 }, second = { 0 };
	uint8_t sha256[32];
	uint64_t number;

	if (checkpoint_parse(&state, &number, sha256, view_of(data, size), NULL))
		return 0;
	if (!checkpoint_encode(&state, number, sha256, &first, NULL)) {
		require(checkpoint_parse(&again, &number, sha256, bytes_view(&first), NULL) ==
			MUSTER_OK);
		require(checkpoint_encode(&again, number, sha256, &second, NULL) == MUSTER_OK);
		require(view_equal(bytes_view(&first), bytes_view(&second)));
	}
	collection_state_release(&state);
	collection_state_release(&again);
	bytes_release(&first);
	bytes_release(&second);
	return 0;
}
