/* Renaming: claim the new name, commit in the collection's log, release the old one. The commit
 * counts only while nothing was settled since the claim was made (collection_name.c, decision
 * 0023). */
#include "engine/repository/collection_internal.h"

#include <stdio.h>

struct renaming {
	struct collection *collection;
	const struct collection_name *to;
	struct collection_name old;
	struct bytes old_text; /* that `old` points into */
	uint64_t after;	       /* what the collection had settled when the claim was made */
	bool is_claimed, is_committed;
	uint8_t claim[32]; /* SHA-256 of the event */
};

static bool is_called(const struct collection *collection, const struct collection_name *name)
{
	const struct collection_state *state = &collection->state;

	return view_equal(state->entity, name->entity) &&
	       view_equal(state->project, name->project) && view_equal(state->name, name->name);
}

/* --- claim ------------------------------------------------------------------------------------ */

static enum muster_code bind_claim(struct collection *target, void *state, struct muster_error *err)
{
	struct renaming *renaming = state;
	struct event event = { .kind.id = EVENT_CLAIM,
			       .entity = renaming->to->entity,
			       .project = renaming->to->project,
			       .name = renaming->to->name,
			       .type = renaming->collection->state.type,
			       .after = renaming->after };
	enum muster_code code = repository_gate(target->repository, err);

	memcpy(event.collection_id, collection_id(renaming->collection), 16);
	if (!code)
		code = log_append(target->names, &event, renaming->claim, err);
	renaming->is_claimed = code == MUSTER_OK;
	return code;
}

static enum muster_code fail_taken(const struct collection_name *name, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_REFUSED, "there is an artifact '%.*s' in '%.*s/%.*s'",
			   VIEW_ARGS(name->name), VIEW_ARGS(name->entity),
			   VIEW_ARGS(name->project));
}

static enum muster_code fail_busy(const struct collection_name *name, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_CONFLICT, "others change the name '%.*s' all the time",
			   VIEW_ARGS(name->name));
}

static enum muster_code claim_name(struct renaming *renaming, struct muster_error *err)
{
	struct collection *target = NULL;
	enum muster_code code =
		collection_new(&target, renaming->collection->repository, renaming->to, err);

	renaming->is_claimed = false;
	for (int i = 0; i < COLLECTION_ATTEMPTS && !code && !renaming->is_claimed; i++) {
		code = collection_find(target, err);
		if (!code)
			code = fail_taken(renaming->to, err);
		else if (code == MUSTER_ABSENT)
			code = collection_take_name(target, bind_claim, renaming, err);
		if (code == MUSTER_EXISTS)
			code = MUSTER_OK; /* look again */
	}
	if (!code && !renaming->is_claimed)
		code = fail_busy(renaming->to, err);
	collection_close(target);
	return code;
}

/* --- commit ----------------------------------------------------------------------------------- */

static enum muster_code decide_rename(struct collection *collection, void *state,
				      struct event *event, struct muster_error *err)
{
	const struct renaming *renaming = state;

	(void)err;
	if (collection->state.settled != renaming->after)
		return MUSTER_END; /* the claim is void */
	event->kind.id = EVENT_RENAME;
	event->entity = renaming->to->entity;
	event->project = renaming->to->project;
	event->name = renaming->to->name;
	memcpy(event->claim, renaming->claim, sizeof(event->claim));
	return MUSTER_OK;
}

static enum muster_code commit(struct renaming *renaming, struct muster_error *err)
{
	struct change change = { .decide = decide_rename, .request = renaming };
	enum muster_code code = collection_change(renaming->collection, &change, err);

	renaming->is_committed = !code && change.event;
	return code;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum muster_code note_old(struct renaming *renaming, struct muster_error *err)
{
	const struct collection_state *state = &renaming->collection->state;
	const struct collection_name name = { state->entity, state->project, state->name };

	return collection_name_keep(&renaming->old, &name, &renaming->old_text, err);
}

static enum muster_code refresh(struct renaming *renaming, struct muster_error *err)
{
	struct collection *collection = renaming->collection;
	enum muster_code code = collection_refresh(collection, err);

	if (!code && !collection->state.is_open)
		code = collection_create_open(collection, err);
	if (!code && !renaming->old_text.len)
		code = note_old(renaming, err);
	if (!code && !is_called(collection, &renaming->old) && !is_called(collection, renaming->to))
		code = muster_fail(
			err, MUSTER_E_CONFLICT, "'%.*s' was renamed meanwhile: it is called '%.*s'",
			VIEW_ARGS(renaming->old.name), VIEW_ARGS(collection->state.name));
	return code;
}

/* One try, complete but for being committed: then all is looked at anew. */
static enum muster_code attempt(struct renaming *renaming, struct muster_error *err)
{
	enum muster_code code;

	renaming->after = renaming->collection->state.settled;
	code = claim_name(renaming, err);
	if (!code)
		code = commit(renaming, err);
	if (renaming->is_claimed && !renaming->is_committed)
		collection_tidy_name(renaming->collection->repository, renaming->to);
	return code;
}

static enum muster_code run(struct renaming *renaming, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (int i = 0; i < COLLECTION_ATTEMPTS && !code && !renaming->is_committed; i++) {
		code = refresh(renaming, err);
		if (!code && is_called(renaming->collection, renaming->to))
			return MUSTER_OK;
		if (!code)
			code = attempt(renaming, err);
	}
	if (!code && !renaming->is_committed)
		return fail_busy(renaming->to, err);
	if (!code)
		collection_tidy_name(renaming->collection->repository, &renaming->old);
	return code;
}

static struct view type_of(const struct collection *collection)
{
	return collection->state.is_open ? collection->state.type : collection->name.type;
}

enum muster_code collection_rename(struct collection *collection, const struct collection_name *to,
				   struct muster_error *err)
{
	struct renaming renaming = { .collection = collection, .to = to };
	enum muster_code code = collection_check_names(to, type_of(collection), err);

	if (!code)
		code = run(&renaming, err);
	bytes_release(&renaming.old_text);
	return code;
}
