/* What a name is bound to, and who gets it.
 *
 * A name's log binds it to a collection, by `name` (a new one) or by `claim` (to be renamed); what
 *the collection is called, its own log says alone. So a rename is committed by one event, and every
 * reader looks at both logs:
 *
 *	valid    the collection is called so
 *	pending  a claim, and the collection has settled nothing since: it may still be committed
 *	void     anything else: whoever wants the name releases it
 *
 * Who wants a name that is pending appends `stay` to the collection's log first: then the claim is
 * void, or its commit was faster. tests/models/rename.py tries every interleaving, and shows what
 *is lost without each of these rules (decision 0023). */
#include "engine/repository/collection_internal.h"

#include <stdlib.h>

#include "artifact/name.h"

enum muster_code collection_name_keep(struct collection_name *out,
				      const struct collection_name *name, struct bytes *text,
				      struct muster_error *err)
{
	enum muster_code code = bytes_append_view(text, name->entity, err);

	if (!code)
		code = bytes_append_view(text, name->project, err);
	if (!code)
		code = bytes_append_view(text, name->name, err);
	if (code)
		return code;
	out->entity = view_of(text->ptr, name->entity.len);
	out->project = view_of(out->entity.ptr + name->entity.len, name->project.len);
	out->name = view_of(out->project.ptr + name->project.len, name->name.len);
	return MUSTER_OK;
}

static void names_reset(void *state)
{
	name_state_release(state);
}

static enum muster_code names_apply(void *state, const struct event *event,
				    struct muster_error *err)
{
	return name_state_apply(state, event, err);
}

enum muster_code collection_open_names(struct collection *collection,
				       const struct collection_name *name, struct muster_error *err)
{
	struct log_options options = { .store = repository_store(collection->repository),
				       .effects = repository_effects(collection->repository),
				       .fold = { &collection->name, names_reset, names_apply, NULL,
						 NULL } };
	struct key key;

	key_names_log(&key, name->entity, name->project, name->name);
	options.name = key.text;
	return log_open(&collection->names, &options, err);
}

enum muster_code collection_check_names(const struct collection_name *name, struct view type,
					struct muster_error *err)
{
	enum muster_code code = artifact_name_check(name->name, err);

	if (!code)
		code = entity_check(name->entity, err);
	if (!code)
		code = project_check(name->project, err);
	return code ? code : artifact_type_check(type, name->name, err);
}

/* --- finding ---------------------------------------------------------------------------------- */

static enum muster_code fail_wrong(const struct collection *collection, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_FORMAT,
			   "log '%s' is of another collection than log '%s' says",
			   log_name(collection->log), log_name(collection->names));
}

static enum muster_code judge(struct collection *collection, struct muster_error *err)
{
	collection->binding = name_state_judge(&collection->name, &collection->state);
	if (collection->binding == NAME_WRONG)
		return fail_wrong(collection, err);
	return collection->binding == NAME_VALID ? MUSTER_OK : MUSTER_ABSENT;
}

enum muster_code collection_find(struct collection *collection, struct muster_error *err)
{
	enum muster_code code = log_read(collection->names, err);

	collection->binding = NAME_FREE;
	if (code)
		return code;
	if (!collection->name.is_bound)
		return MUSTER_ABSENT;
	code = collection_open_log(collection, err);
	if (!code)
		code = log_read(collection->log, err);
	return code ? code : judge(collection, err);
}

static enum muster_code fail_absent(const struct collection_name *name, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_NAME, "there is no artifact '%.*s' in '%.*s/%.*s'",
			   VIEW_ARGS(name->name), VIEW_ARGS(name->entity),
			   VIEW_ARGS(name->project));
}

enum muster_code collection_check_type(const struct collection *collection, struct view type,
				       struct muster_error *err)
{
	if (!type.len || view_equal(type, collection->name.type))
		return MUSTER_OK;
	return muster_fail(
		err, MUSTER_E_REFUSED,
		"artifact '%.*s' already exists with type '%.*s'; it cannot have type '%.*s'",
		VIEW_ARGS(collection->name.name), VIEW_ARGS(collection->name.type),
		VIEW_ARGS(type));
}

/* --- making ----------------------------------------------------------------------------------- */

struct view collection_type(const char *type)
{
	return view_text(*type ? type : COLLECTION_DEFAULT_TYPE);
}

static enum muster_code bind_name(struct collection *collection, const struct collection_name *name,
				  struct view type, struct muster_error *err)
{
	struct event event = { .kind.id = EVENT_NAME,
			       .entity = name->entity,
			       .project = name->project,
			       .name = name->name,
			       .type = type };
	enum muster_code code = collection_check_names(name, type, err);

	if (!code)
		code = repository_gate(collection->repository, err);
	if (!code)
		code = effects_random(repository_effects(collection->repository),
				      event.collection_id, 16, err);
	return code ? code : log_append(collection->names, &event, NULL, err);
}

enum muster_code collection_create_open(struct collection *collection, struct muster_error *err)
{
	struct event event = name_state_open_event(&collection->name);
	struct muster_error lost = { .code = MUSTER_E_IO };
	struct bytes bytes = { 0 };
	struct key key;
	enum muster_code code = repository_gate(collection->repository, err);

	if (!code)
		code = event_encode(&event, &bytes, err);
	if (code) {
		bytes_release(&bytes);
		return code;
	}
	key_event(&key, log_name(collection->log), 1);
	code = store_create(repository_store(collection->repository), key.text, bytes_view(&bytes),
			    &lost);
	bytes_release(&bytes);
	if (!code || code == MUSTER_EXISTS || code == MUSTER_E_IO)
		code = log_read(collection->log, err); /* also settles an answer that was lost */
	else if (err)
		*err = lost;
	if (!code && !collection->state.is_open) {
		code = MUSTER_E_IO;
		if (err)
			*err = lost;
	}
	return code ? code : judge(collection, err);
}

/* --- taking over -------------------------------------------------------------------------------
 */

/* Only of what is void. */
static enum muster_code release_name(struct collection *collection, struct muster_error *err)
{
	struct event event = { .kind.id =
				       collection->name.is_claim ? EVENT_UNCLAIM : EVENT_RELEASE };
	enum muster_code code = repository_gate(collection->repository, err);

	memcpy(event.collection_id, collection->name.collection_id, 16);
	return code ? code : log_append(collection->names, &event, NULL, err);
}

/* What is claimed for the collection before this is void, its present name stays. */
static enum muster_code void_claims(struct collection *collection, struct muster_error *err)
{
	struct event event = { .kind.id = EVENT_STAY };
	enum muster_code code = repository_gate(collection->repository, err);

	return code ? code : log_append(collection->log, &event, NULL, err);
}

enum muster_code collection_take_name(struct collection *collection, bind_fn *bind, void *state,
				      struct muster_error *err)
{
	enum muster_code code;

	if (collection->binding == NAME_FREE)
		return bind(collection, state, err);
	code = collection->binding == NAME_PENDING ? void_claims(collection, err)
						   : release_name(collection, err);
	return code ? code : MUSTER_EXISTS;
}

void collection_tidy_name(struct repository *repository, const struct collection_name *name)
{
	struct collection *named = NULL;

	if (collection_new(&named, repository, name, NULL) == MUSTER_OK &&
	    collection_find(named, NULL) == MUSTER_ABSENT && named->binding == NAME_VOID)
		(void)!release_name(named, NULL);
	collection_close(named);
}

/* --- for a new collection ----------------------------------------------------------------------
 */

struct wanted {
	const struct collection_name *name;
	const char *type;
};

static enum muster_code bind_new(struct collection *collection, void *state,
				 struct muster_error *err)
{
	const struct wanted *wanted = state;

	return bind_name(collection, wanted->name, collection_type(wanted->type), err);
}

/* One try; MUSTER_EXISTS: look again, at what is there now. */
static enum muster_code settle_name(struct collection *collection,
				    const struct collection_name *name, const char *type,
				    struct muster_error *err)
{
	struct wanted wanted = { name, type };
	enum muster_code code = collection_find(collection, err);

	if (code != MUSTER_ABSENT)
		return code;
	if (!type)
		return fail_absent(name, err);
	code = collection_take_name(collection, bind_new, &wanted, err);
	return code ? code : MUSTER_EXISTS;
}

enum muster_code collection_find_or_make(struct collection *collection,
					 const struct collection_name *name, const char *type,
					 struct muster_error *err)
{
	enum muster_code code = MUSTER_EXISTS;

	for (int attempt = 0; attempt < COLLECTION_ATTEMPTS && code == MUSTER_EXISTS; attempt++)
		code = settle_name(collection, name, type, err);
	if (code == MUSTER_EXISTS)
		return muster_fail(err, MUSTER_E_CONFLICT,
				   "others change the name '%.*s' all the time",
				   VIEW_ARGS(name->name));
	if (!code && type)
		code = collection_check_type(collection, view_text(type), err);
	if (!code && type && !collection->state.is_open)
		code = collection_create_open(collection, err);
	return code;
}
