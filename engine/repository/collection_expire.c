/* Deleting by rules: a plan of all versions, made at the head, one deletion an event. The plan is
 * made again only where somebody else's events came in between. */
#include "engine/repository/collection_internal.h"

#include <stdlib.h>

struct expiry {
	const struct retention_rules *rules;
	struct retention_version *plan; /* the versions at event `head`, by number */
	size_t count, at;		/* before `at` nothing is left to delete */
	uint64_t head;
	struct version
		victim; /* that the event about to be made deletes; no texts of it are used */
};

/* All versions by number, then without the deleted ones. */
static void take_versions(struct expiry *expiry, const struct collection_state *state)
{
	struct retention_version *plan = expiry->plan;

	expiry->count = expiry->at = 0;
	for (size_t i = 0; i < state->version_count; i++)
		plan[i] = (struct retention_version){ .number = i,
						      .created_ms = state->versions[i].created_ms };
	for (size_t i = 0; i < state->alias_count; i++)
		plan[state->aliases[i].version].has_alias = true;
	for (size_t i = 0; i < state->version_count; i++)
		if (!state->versions[i].is_deleted)
			plan[expiry->count++] = plan[i];
}

static enum muster_code make_plan(struct expiry *expiry, const struct collection *collection,
				  struct muster_error *err)
{
	const struct collection_state *state = &collection->state;
	struct retention_version *plan =
		reallocarray(expiry->plan, state->version_count + 1, sizeof(*plan));

	if (!plan)
		return muster_fail_memory(err, "a plan of versions");
	expiry->plan = plan;
	take_versions(expiry, state);
	retention_plan(expiry->rules, plan, expiry->count);
	expiry->head = collection_head(collection);
	return MUSTER_OK;
}

static enum muster_code decide_expire(struct collection *collection, void *request,
				      struct event *event, struct muster_error *err)
{
	struct expiry *expiry = request;
	enum muster_code code = MUSTER_OK;

	if (!expiry->plan || expiry->head != collection_head(collection))
		code = make_plan(expiry, collection, err);
	if (code)
		return code;
	while (expiry->at < expiry->count && expiry->plan[expiry->at].kept_by)
		expiry->at++;
	if (expiry->at == expiry->count)
		return MUSTER_END;
	event->kind.id = EVENT_DELETE;
	event->version = expiry->plan[expiry->at].number;
	event->delete_aliases = expiry->rules->drops_aliased;
	expiry->victim = collection->state.versions[event->version];
	expiry->victim.tags = (struct texts){ 0 };
	return MUSTER_OK;
}

/* MUSTER_END: whoever is told has seen enough. */
static enum muster_code delete_all(struct collection *collection, struct expiry *expiry,
				   collection_expire_fn *fn, void *state, struct muster_error *err)
{
	struct change change = { .decide = decide_expire, .request = expiry };

	for (;;) {
		enum muster_code code;

		change.event = 0;
		code = collection_change(collection, &change, err);
		if (code || !change.event)
			return code;
		expiry->head = change.event; /* what it did is in the plan */
		if (!fn(state, &expiry->victim, &expiry->plan[expiry->at++]))
			return MUSTER_END;
	}
}

static void tell_rest(const struct collection *collection, const struct expiry *expiry,
		      bool is_dry_run, collection_expire_fn *fn, void *state)
{
	const struct version *versions = collection->state.versions;

	for (int keeps = !is_dry_run; keeps < 2; keeps++) {
		for (size_t i = 0; i < expiry->count; i++) {
			const struct retention_version *decision = &expiry->plan[i];

			if ((decision->kept_by != 0) == keeps &&
			    !fn(state, &versions[decision->number], decision))
				return;
		}
	}
}

enum muster_code collection_expire(struct collection *collection,
				   const struct retention_rules *rules, bool is_dry_run,
				   collection_expire_fn *fn, void *state, struct muster_error *err)
{
	struct expiry expiry = { .rules = rules };
	enum muster_code code = is_dry_run ? make_plan(&expiry, collection, err)
					   : delete_all(collection, &expiry, fn, state, err);

	if (!code)
		tell_rest(collection, &expiry, is_dry_run, fn, state);
	free(expiry.plan);
	return code == MUSTER_END ? MUSTER_OK : code;
}
