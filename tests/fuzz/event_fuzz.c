/* Events: whatever parses is written again, parses again to the same bytes, and folds without
 * harm into each kind of state. */
#include <stdlib.h>

#include "artifact/record/collection_state.h"
#include "artifact/record/gc_state.h"
#include "artifact/record/name_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void fold(const struct event *event)
{
	struct collection_state collection = { .is_open = event->kind.id != EVENT_OPEN };
	struct gc_state gc = { 0 };
	struct name_state name = { 0 };

	if (!collection_state_apply(&collection, event, NULL) &&
	    (event->kind.id == EVENT_SAVE || event->kind.id == EVENT_LINK))
		require(collection_state_latest(&collection)->number == event->version);
	gc_state_apply(&gc, event, NULL);
	name_state_apply(&name, event, NULL);
	collection_state_release(&collection);
	gc_state_release(&gc);
	name_state_release(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event event, again;
	struct bytes first = { 0 }, second = { 0 };

	if (event_parse(&event, view_of(data, size), NULL))
		return 0;
	fold(&event);
	if (event.kind.id != EVENT_UNKNOWN && !event_encode(&event, &first, NULL)) {
		require(event_parse(&again, bytes_view(&first), NULL) == MUSTER_OK);
		require(event_encode(&again, &second, NULL) == MUSTER_OK);
		require(view_equal(bytes_view(&first), bytes_view(&second)));
		event_release(&again);
	}
	event_release(&event);
	bytes_release(&first);
	bytes_release(&second);
	return 0;
}
