#include "engine/repository/collection_internal.h"

#include <stdlib.h>

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

enum muster_code collection_new(struct collection **out, struct repository *repository,
				const struct collection_name *name, struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "a collection");
	(*out)->repository = repository;
	return collection_open_names(*out, name, err);
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
		code = collection_find_or_make(*out, name, type, err);
	return keep_or_close(out, code);
}

/* Nothing of an earlier collection of this name may be seen. */
static enum muster_code intend(struct collection *collection, const struct collection_name *name,
			       const char *type, struct muster_error *err)
{
	struct intended *intended = &collection->intended;
	const struct view texts[] = { name->entity, name->project, name->name, view_text(type) };
	enum muster_code code = collection_check_names(name, collection_type(type), err);

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
		code = collection_find(*out, err);
	if (!code)
		code = collection_check_type(*out, view_text(type), err);
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

	return collection_find_or_make(collection, &name, (const char *)texts[3].ptr, err);
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
				   VIEW_ARGS(collection->state.name));
	return code;
}

struct repository *collection_repository(const struct collection *collection)
{
	return collection->repository;
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
			   VIEW_ARGS(collection->state.name), (unsigned long long)number);
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

enum muster_code collection_description_of_all(struct collection *collection, struct bytes *out,
					       struct muster_error *err)
{
	return read_text(collection, collection->state.description_event, false, out, err);
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
				   VIEW_ARGS(collection->state.name));
	if (!code && !collection->state.is_open)
		code = collection_create_open(collection, err);
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
			   VIEW_ARGS(collection->state.name), COLLECTION_ATTEMPTS);
}
