#include "artifact/record/name_state.h"

void name_state_release(struct name_state *state)
{
	bytes_release(&state->text);
	*state = (struct name_state){ 0 };
}

static enum muster_code keep_names(struct name_state *state, const struct event *event,
				   struct muster_error *err)
{
	struct view from[4] = { event->entity, event->project, event->name, event->type };
	struct view *to[4] = { &state->entity, &state->project, &state->name, &state->type };
	enum muster_code code = bytes_reserve(&state->text, 1, err);
	size_t at = 0;

	state->text.len = 0;
	for (int i = 0; i < 4 && !code; i++)
		code = bytes_append_view(&state->text, from[i], err);
	for (int i = 0; i < 4 && !code; i++) { /* only now the buffer moves no more */
		*to[i] = view_of(state->text.ptr + at, from[i].len);
		at += from[i].len;
	}
	return code;
}

static enum muster_code apply_name(struct name_state *state, const struct event *event,
				   struct muster_error *err)
{
	if (state->is_bound)
		return muster_fail(err, MUSTER_E_FORMAT, "the name is bound twice");
	state->is_bound = true;
	state->is_claim = event->kind.id == EVENT_CLAIM;
	state->after = event->after;
	state->time_ms = event->time_ms;
	memcpy(state->collection_id, event->collection_id, sizeof(state->collection_id));
	memcpy(state->event_id, event->id, sizeof(state->event_id));
	memcpy(state->session, event->session, sizeof(state->session));
	return keep_names(state, event, err);
}

static enum muster_code apply_release(struct name_state *state, const struct event *event,
				      struct muster_error *err)
{
	if (!state->is_bound || state->is_claim != (event->kind.id == EVENT_UNCLAIM) ||
	    memcmp(state->collection_id, event->collection_id, 16) != 0)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "a collection is released that the name "
				   "does not mean");
	state->is_bound = false;
	return MUSTER_OK;
}

enum muster_code name_state_apply(struct name_state *state, const struct event *event,
				  struct muster_error *err)
{
	if (!event->is_understood)
		state->is_foreign = true;
	switch ((enum event_kind)event->kind.id) {
	case EVENT_UNKNOWN:
		return MUSTER_OK;
	case EVENT_NAME:
	case EVENT_CLAIM:
		return apply_name(state, event, err);
	case EVENT_RELEASE:
	case EVENT_UNCLAIM:
		return apply_release(state, event, err);
	default:
		return muster_fail(err, MUSTER_E_FORMAT, "'%s' has no place in the log of a name",
				   event_kind_name(event->kind.id));
	}
}

static bool is_called_so(const struct name_state *state, const struct collection_state *collection)
{
	return view_equal(collection->entity, state->entity) &&
	       view_equal(collection->project, state->project) &&
	       view_equal(collection->name, state->name);
}

enum name_binding name_state_judge(const struct name_state *state,
				   const struct collection_state *collection)
{
	if (!state->is_bound)
		return NAME_FREE;
	if (!collection->is_open)
		return state->is_claim ? NAME_WRONG : NAME_VALID;
	if (memcmp(collection->id, state->collection_id, sizeof(collection->id)) != 0)
		return NAME_WRONG;
	if (collection->is_closed)
		return NAME_VOID;
	if (is_called_so(state, collection))
		return NAME_VALID;
	if (state->is_claim)
		return state->after == collection->settled ? NAME_PENDING : NAME_VOID;
	return collection->settled > 1 ? NAME_VOID : NAME_WRONG; /* it was never called otherwise */
}

struct event name_state_open_event(const struct name_state *state)
{
	struct event event = {
		.number = 1,
		.time_ms = state->time_ms,
		.kind.id = EVENT_OPEN,
		.is_understood = true,
		.entity = state->entity,
		.project = state->project,
		.name = state->name,
		.type = state->type,
	};

	memcpy(event.id, state->event_id, sizeof(event.id));
	memcpy(event.session, state->session, sizeof(event.session));
	memcpy(event.collection_id, state->collection_id, sizeof(event.collection_id));
	return event;
}
