/* The names of a project, and what they mean. */
#include "engine/repository/repository.h"

#include <stdlib.h>

#include "artifact/record/name_state.h"

#define NAMES_MAX_BYTES (1u << 30) /* of all their keys together */

/* The names' logs, one NUL-terminated after the other, as the store lists them. */
struct names {
	struct bytes logs;
	struct key last;
};

static enum muster_code note_name(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	struct names *names = state;
	struct key log;

	(void)size_bytes;
	(void)modified_ns;
	if (!key_parse_names_log(key, &log) || strcmp(log.text, names->last.text) == 0)
		return MUSTER_OK;
	names->last = log;
	if (names->logs.len > NAMES_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "over %u bytes of names", NAMES_MAX_BYTES);
	return bytes_append(&names->logs, log.text, strlen(log.text) + 1, err);
}

static void reset(void *state)
{
	name_state_release(state);
}

static enum muster_code apply(void *state, const struct event *event, struct muster_error *err)
{
	return name_state_apply(state, event, err);
}

static enum muster_code tell_name(struct repository *repository, const char *name,
				  repository_collections_fn *fn, void *fn_state,
				  struct muster_error *err)
{
	struct name_state state = { 0 };
	struct log_options options = { .store = repository_store(repository),
				       .effects = repository_effects(repository),
				       .name = name,
				       .fold = { &state, reset, apply, NULL, NULL } };
	struct collection_listing listing;
	struct log *log = NULL;
	enum muster_code code = log_open(&log, &options, err);

	if (!code)
		code = log_read(log, err);
	if (!code && state.is_bound) {
		listing = (struct collection_listing){ state.entity, state.project, state.name,
						       state.type, state.collection_id };
		code = fn(fn_state, &listing, err);
	}
	log_close(log);
	name_state_release(&state);
	return code;
}

enum muster_code repository_collections(struct repository *repository, struct view entity,
					struct view project, repository_collections_fn *fn,
					void *state, struct muster_error *err)
{
	struct names names = { .last = { "" } };
	struct key prefix;
	enum muster_code code;

	key_names_prefix(&prefix, entity, project);
	code = store_list(repository_store(repository), prefix.text, NULL, note_name, &names, err);
	for (size_t at = 0; at < names.logs.len && !code;) {
		const char *name = (const char *)names.logs.ptr + at;

		code = tell_name(repository, name, fn, state, err);
		at += strlen(name) + 1;
	}
	bytes_release(&names.logs);
	return code;
}
