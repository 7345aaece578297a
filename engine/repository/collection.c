#include "engine/repository/collection_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "artifact/name.h"

static void names_reset(void *state)
{
	name_state_release(state);
}

static enum muster_code names_apply(void *state, const struct event *event,
				    struct muster_error *err)
{
	return name_state_apply(state, event, err);
}

static void versions_reset(void *state)
{
	collection_state_release(state);
}

static enum muster_code versions_apply(void *state, const struct event *event,
				       struct muster_error *err)
{
	return collection_state_apply(state, event, err);
}

static enum muster_code versions_restore(void *state, struct view checkpoint, uint64_t *number,
					 uint8_t sha256[32], struct muster_error *err)
{
	return checkpoint_parse(state, number, sha256, checkpoint, err);
}

static enum muster_code versions_checkpoint(const void *state, uint64_t number,
					    const uint8_t sha256[32], struct bytes *out,
					    struct muster_error *err)
{
	return checkpoint_encode(state, number, sha256, out, err);
}

static enum muster_code open_names(struct collection *collection,
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

enum muster_code collection_open_log(struct collection *collection, struct muster_error *err)
{
	struct log_options options = { .store = repository_store(collection->repository),
				       .effects = repository_effects(collection->repository),
				       .checkpoint_id = collection->name.collection_id,
				       .fold = { &collection->state, versions_reset, versions_apply,
						 versions_restore, versions_checkpoint } };
	struct key key;

	log_close(collection->log);
	collection->log = NULL;
	collection_state_release(&collection->state);
	key_collection_log(&key, collection->name.collection_id);
	options.name = key.text;
	return log_open(&collection->log, &options, err);
}

/* Is what the log says of itself what the name's event says? */
static enum muster_code check_identity(const struct collection *collection,
				       struct muster_error *err)
{
	const struct collection_state *state = &collection->state;
	const struct name_state *name = &collection->name;

	if (!state->is_open ||
	    (memcmp(state->id, name->collection_id, 16) == 0 &&
	     view_equal(state->entity, name->entity) && view_equal(state->project, name->project) &&
	     view_equal(state->name, name->name)))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_FORMAT,
			   "log '%s' is of another collection than log '%s' says",
			   log_name(collection->log), log_name(collection->names));
}

static enum muster_code check_new_names(const struct collection_name *name, struct view type,
					struct muster_error *err)
{
	enum muster_code code = artifact_name_check(name->name, err);

	if (!code)
		code = entity_check(name->entity, err);
	if (!code)
		code = project_check(name->project, err);
	return code ? code : artifact_type_check(type, name->name, err);
}

static enum muster_code bind_name(struct collection *collection, const struct collection_name *name,
				  struct view type, struct muster_error *err)
{
	struct event event = { .kind.id = EVENT_NAME,
			       .entity = name->entity,
			       .project = name->project,
			       .name = name->name,
			       .type = type };
	enum muster_code code = check_new_names(name, type, err);

	if (!code)
		code = repository_gate(collection->repository, err);
	if (!code)
		code = effects_random(repository_effects(collection->repository),
				      event.collection_id, 16, err);
	return code ? code : log_append(collection->names, &event, NULL, err);
}

/* The collection was ended, but its name not released: whoever wants the name does that. */
static enum muster_code release_name(struct collection *collection, struct muster_error *err)
{
	struct event event = { .kind.id = EVENT_RELEASE };
	enum muster_code code = repository_gate(collection->repository, err);

	memcpy(event.collection_id, collection->name.collection_id, 16);
	return code ? code : log_append(collection->names, &event, NULL, err);
}

/* Event 1, whose bytes follow from the name's event: whoever comes first makes the same. */
static enum muster_code create_open_event(struct collection *collection, struct muster_error *err)
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
	return code ? code : check_identity(collection, err);
}

static enum muster_code fail_absent(const struct collection_name *name, struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_NAME, "there is no artifact '%.*s' in '%.*s/%.*s'",
			   VIEW_ARGS(name->name), VIEW_ARGS(name->entity),
			   VIEW_ARGS(name->project));
}

static enum muster_code check_type(const struct collection *collection, struct view type,
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

static struct view type_or_default(const char *type)
{
	return view_text(*type ? type : COLLECTION_DEFAULT_TYPE);
}

/* The versions that the name means. MUSTER_ABSENT: it means none (any more). */
static enum muster_code find_versions(struct collection *collection, struct muster_error *err)
{
	enum muster_code code = log_read(collection->names, err);

	if (code)
		return code;
	if (!collection->name.is_bound)
		return MUSTER_ABSENT;
	code = collection_open_log(collection, err);
	if (!code)
		code = log_read(collection->log, err);
	if (!code)
		code = check_identity(collection, err);
	return !code && collection->state.is_closed ? MUSTER_ABSENT : code;
}

/* One try; MUSTER_EXISTS: somebody else changed the name meanwhile. */
static enum muster_code settle_name(struct collection *collection,
				    const struct collection_name *name, const char *type,
				    struct muster_error *err)
{
	enum muster_code code = find_versions(collection, err);

	if (code != MUSTER_ABSENT)
		return code;
	if (!type)
		return fail_absent(name, err);
	code = collection->name.is_bound ? release_name(collection, err)
					 : bind_name(collection, name, type_or_default(type), err);
	return code ? code : MUSTER_EXISTS; /* look again, at what is there now */
}

static enum muster_code find_or_make(struct collection *collection,
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
		code = check_type(collection, view_text(type), err);
	if (!code && type && !collection->state.is_open)
		code = create_open_event(collection, err);
	return code;
}

static enum muster_code collection_new(struct collection **out, struct repository *repository,
				       const struct collection_name *name, struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "a collection");
	(*out)->repository = repository;
	return open_names(*out, name, err);
}

/* `*out` stays only if all went well. */
static enum muster_code keep_or_close(struct collection **out, enum muster_code code)
{
	if (code) {
		collection_close(*out);
		*out = NULL;
	}
	return code;
}

enum muster_code collection_open(struct collection **out, struct repository *repository,
				 const struct collection_name *name, const char *type,
				 struct muster_error *err)
{
	enum muster_code code = collection_new(out, repository, name, err);

	if (!code)
		code = find_or_make(*out, name, type, err);
	return keep_or_close(out, code);
}

/* Nothing of an earlier collection of this name may be seen. */
static enum muster_code intend(struct collection *collection, const struct collection_name *name,
			       const char *type, struct muster_error *err)
{
	struct intended *intended = &collection->intended;
	const struct view texts[] = { name->entity, name->project, name->name, view_text(type) };
	enum muster_code code = check_new_names(name, type_or_default(type), err);

	log_close(collection->log);
	collection->log = NULL;
	collection_state_release(&collection->state);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !code; i++) {
		code = bytes_append_view(&intended->texts[i], texts[i], err);
		if (!code)
			code = bytes_append(&intended->texts[i], "", 1, err);
	}
	return code;
}

enum muster_code collection_open_or_intend(struct collection **out, struct repository *repository,
					   const struct collection_name *name, const char *type,
					   struct muster_error *err)
{
	enum muster_code code = collection_new(out, repository, name, err);

	if (!code)
		code = find_versions(*out, err);
	if (!code)
		code = check_type(*out, view_text(type), err);
	else if (code == MUSTER_ABSENT)
		code = intend(*out, name, type, err);
	return keep_or_close(out, code);
}

static enum muster_code make_intended(struct collection *collection, struct muster_error *err)
{
	const struct bytes *texts = collection->intended.texts;
	struct collection_name name = { view_text((const char *)texts[0].ptr),
					view_text((const char *)texts[1].ptr),
					view_text((const char *)texts[2].ptr) };

	return find_or_make(collection, &name, (const char *)texts[3].ptr, err);
}

void collection_close(struct collection *collection)
{
	if (!collection)
		return;
	for (size_t i = 0; i < sizeof(collection->intended.texts) / sizeof(struct bytes); i++)
		bytes_release(&collection->intended.texts[i]);
	log_close(collection->log);
	log_close(collection->names);
	collection_state_release(&collection->state);
	name_state_release(&collection->name);
	free(collection);
}

enum muster_code collection_refresh(struct collection *collection, struct muster_error *err)
{
	enum muster_code code = collection->log ? log_read(collection->log, err) : MUSTER_OK;

	if (!code && collection->state.is_closed)
		code = muster_fail(err, MUSTER_E_NAME, "the artifact '%.*s' was deleted",
				   VIEW_ARGS(collection->name.name));
	return code;
}

const uint8_t *collection_id(const struct collection *collection)
{
	return collection->name.collection_id;
}

const char *collection_log_name(const struct collection *collection)
{
	return collection->log ? log_name(collection->log) : "";
}

uint64_t collection_head(const struct collection *collection)
{
	return collection->log ? log_head(collection->log) : 0;
}

const uint8_t *collection_head_sha256(const struct collection *collection)
{
	return log_head_sha256(collection->log);
}

const struct collection_state *collection_versions(const struct collection *collection)
{
	return &collection->state;
}

const struct version *collection_resolve(const struct collection *collection, struct view alias)
{
	return collection_state_resolve(&collection->state, alias);
}

const struct version *collection_latest(const struct collection *collection)
{
	return collection_state_latest(&collection->state);
}

enum muster_code collection_require(const struct collection *collection, uint64_t number,
				    const struct version **out, struct muster_error *err)
{
	*out = collection_state_version(&collection->state, number);
	if (*out)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_NAME, "artifact '%.*s' has no version v%llu",
			   VIEW_ARGS(collection->name.name), (unsigned long long)number);
}

static enum muster_code read_text(struct collection *collection, uint64_t number, bool metadata,
				  struct bytes *out, struct muster_error *err)
{
	struct event event = { 0 };
	enum muster_code code;

	if (!number)
		return MUSTER_OK;
	code = log_event(collection->log, number, &event, err);
	if (!code)
		code = bytes_append_view(out, metadata ? event.metadata : event.description, err);
	event_release(&event);
	return code;
}

enum muster_code collection_description(struct collection *collection,
					const struct version *version, struct bytes *out,
					struct muster_error *err)
{
	return read_text(collection, version->description_event, false, out, err);
}

enum muster_code collection_metadata(struct collection *collection, const struct version *version,
				     struct bytes *out, struct muster_error *err)
{
	return read_text(collection, version->metadata_event, true, out, err);
}

enum muster_code collection_history(struct collection *collection, uint64_t first, log_each_fn *fn,
				    void *state, struct muster_error *err)
{
	return log_each(collection->log, first ? first : 1, fn, state, err);
}

static enum muster_code attempt(struct collection *collection, struct change *change,
				struct muster_error *err)
{
	struct event event = { 0 };
	enum muster_code code =
		collection->log ? log_read(collection->log, err) : make_intended(collection, err);

	if (!code && collection->state.is_closed)
		code = muster_fail(err, MUSTER_E_CONFLICT,
				   "the artifact '%.*s' was deleted meanwhile",
				   VIEW_ARGS(collection->name.name));
	if (!code && !collection->state.is_open)
		code = create_open_event(collection, err);
	if (code)
		return code;
	code = change->decide(collection, change->request, &event, err);
	if (code)
		return code;
	code = repository_gate(collection->repository, err);
	if (!code && change->relies)
		code = change->relies(change->relies_state, collection->repository, err);
	if (!code && !repository_gate_is_fresh(collection->repository))
		code = MUSTER_EXISTS; /* that took too long, or the machine slept: decide again */
	if (code)
		return code;
	if (change->session)
		memcpy(event.session, session_id(change->session), sizeof(event.session));
	code = log_append(collection->log, &event, change->event_sha256, err);
	if (!code)
		change->event = event.number;
	return code;
}

enum muster_code collection_change(struct collection *collection, struct change *change,
				   struct muster_error *err)
{
	for (int i = 0; i < COLLECTION_ATTEMPTS; i++) {
		enum muster_code code = attempt(collection, change, err);

		if (code == MUSTER_END)
			return MUSTER_OK;
		if (code != MUSTER_EXISTS)
			return code;
	}
	return muster_fail(err, MUSTER_E_CONFLICT,
			   "others changed the artifact '%.*s' each of %d times this was tried",
			   VIEW_ARGS(collection->name.name), COLLECTION_ATTEMPTS);
}
