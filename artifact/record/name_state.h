/**
 * name_state - which collection a name means, folded from names/…/log. Pure.
 *
 * A name is bound by `name` or `claim`, unbound by `release` or `unclaim`; a name used again is
 * bound to another collection. Bound is not all: a name means the collection only if that one is
 * called so (name_state_judge()).
 * Memory: the names of the present binding. Errors: as collection_state.h.
 */
#ifndef ARTIFACT_RECORD_NAME_STATE_H
#define ARTIFACT_RECORD_NAME_STATE_H

#include "artifact/record/collection_state.h"

struct name_state {
	bool is_bound, is_foreign;
	uint8_t collection_id[16];
	struct view entity, project, name, type; /* into `text` */
	bool is_claim;
	uint64_t after; /* of a claim */
	/* of the `name` or `claim` event */
	uint8_t event_id[16], session[16];
	uint64_t time_ms;
	struct bytes text;
};

/** What a name is bound to. */
enum name_binding {
	NAME_FREE,    /* nothing */
	NAME_VALID,   /* a collection that is called so, or that is about to be opened */
	NAME_PENDING, /* a claim that may still be committed */
	NAME_VOID,    /* what can never be valid again: it may be released */
	NAME_WRONG,   /* what the collection's log belies */
};

void name_state_release(struct name_state *state);
enum muster_code name_state_apply(struct name_state *state, const struct event *event,
				  struct muster_error *err);
/** `collection`: the fold of the log of the collection that the name is bound to; zeroed: it has no
 *  event. Not read where the name is free. */
enum name_binding name_state_judge(const struct name_state *state,
				   const struct collection_state *collection);
/** Event 1 of the bound collection: whoever creates it makes the same bytes. Lends `state`'s texts.
 */
struct event name_state_open_event(const struct name_state *state);

#endif
