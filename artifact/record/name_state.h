/**
 * name_state - which collection a name means, folded from names/…/log. Pure.
 *
 * A name is bound by `name`, unbound by `release`; a name used again is bound to a new collection.
 * Memory: the names of the present binding. Errors: as collection_state.h.
 */
#ifndef ARTIFACT_RECORD_NAME_STATE_H
#define ARTIFACT_RECORD_NAME_STATE_H

#include "artifact/record/event.h"

struct name_state {
	bool is_bound, is_foreign;
	uint8_t collection_id[16];
	struct view entity, project, name, type; /* into `text` */
	/* of the `name` event */
	uint8_t event_id[16], session[16];
	uint64_t time_ms;
	struct bytes text;
};

void name_state_release(struct name_state *state);
enum muster_code name_state_apply(struct name_state *state, const struct event *event,
				  struct muster_error *err);
/** Event 1 of the bound collection: whoever creates it makes the same bytes. Lends `state`'s texts.
 */
struct event name_state_open_event(const struct name_state *state);

#endif
