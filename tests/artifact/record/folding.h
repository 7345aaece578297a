/* What tests of a collection's state share: one that was opened, and sample events on top of it.
 * Include cmocka before. */
#ifndef TESTS_ARTIFACT_RECORD_FOLDING_H
#define TESTS_ARTIFACT_RECORD_FOLDING_H

#include "artifact/record/collection_state.h"
#include "tests/artifact/record/sample.h"

static inline struct collection_state open_state(void)
{
	struct collection_state state = { 0 };
	struct event event = sample_event(EVENT_OPEN, 1);

	event.is_understood = true;
	assert_int_equal(collection_state_apply(&state, &event, NULL), MUSTER_OK);
	return state;
}

static inline enum muster_code apply(struct collection_state *state, enum event_kind kind,
				     uint64_t version, struct muster_error *err)
{
	struct event event = sample_event(kind, 2 + version);

	event.is_understood = true;
	event.version = version;
	return collection_state_apply(state, &event, err);
}

#endif
