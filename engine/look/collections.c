#include "engine/look/look.h"

struct listing {
	struct repository *repository;
	muster_collection_fn *fn;
	void *state;
	struct bytes text; /* the names, as C strings */
};

static enum muster_code note_time(void *state, const struct event *event, struct view bytes,
				  struct muster_error *err)
{
	(void)bytes;
	(void)err;
	*(uint64_t *)state = event->time_ms;
	return MUSTER_OK;
}

static uint64_t count_versions(const struct collection_state *state)
{
	uint64_t count = 0;

	for (size_t i = 0; i < state->version_count; i++)
		count += !state->versions[i].is_deleted;
	return count;
}

static enum muster_code describe(struct collection *collection, struct muster_collection_info *info,
				 struct muster_error *err)
{
	const struct version *latest = collection_latest(collection);
	uint64_t head = collection_head(collection);

	info->default_ttl_days = collection_versions(collection)->default_ttl_days;
	info->version_count = count_versions(collection_versions(collection));
	if (latest) {
		info->latest_number = latest->number;
		info->latest_bytes = latest->size_bytes;
		info->latest_entries = latest->entry_count;
	}
	return head ? collection_history(collection, head, note_time, &info->updated_ms, err)
		    : MUSTER_OK;
}

/* Four texts, one behind the other, each with its NUL. */
static enum muster_code put_names(struct listing *listing, const struct collection_listing *from,
				  struct muster_collection_info *info, struct muster_error *err)
{
	struct view parts[4] = { from->entity, from->project, from->name, from->type };
	const char **fields[4] = { &info->entity, &info->project, &info->name, &info->type };
	size_t len = 0;
	enum muster_code code;
	char *at;

	for (size_t i = 0; i < 4; i++)
		len += parts[i].len + 1;
	listing->text.len = 0;
	code = bytes_reserve(&listing->text, len, err);
	if (code)
		return code;
	at = (char *)listing->text.ptr;
	for (size_t i = 0; i < 4; i++) {
		memcpy(at, parts[i].ptr, parts[i].len);
		at[parts[i].len] = '\0';
		*fields[i] = at;
		at += parts[i].len + 1;
	}
	return MUSTER_OK;
}

static enum muster_code tell(void *state, const struct collection_listing *from,
			     struct muster_error *err)
{
	struct listing *listing = state;
	struct collection_name name = { from->entity, from->project, from->name };
	struct muster_collection_info info = { 0 };
	struct collection *collection;
	struct muster_error why = { 0 };
	enum muster_code code;

	code = collection_open(&collection, listing->repository, &name, NULL, &why);
	if (code == MUSTER_E_NAME) /* deleted, its name not free yet */
		return MUSTER_OK;
	if (code) {
		if (err)
			*err = why;
		return code;
	}
	code = put_names(listing, from, &info, err);
	if (!code)
		code = describe(collection, &info, err);
	if (!code && !listing->fn(listing->state, &info))
		code = MUSTER_END;
	collection_close(collection);
	return code;
}

enum muster_code look_collections(struct repository *repository, muster_collection_fn *fn,
				  void *state, struct muster_error *err)
{
	struct listing listing = { .repository = repository, .fn = fn, .state = state };
	enum muster_code code = repository_collections(repository, (struct view){ 0 },
						       (struct view){ 0 }, tell, &listing, err);

	bytes_release(&listing.text);
	return code == MUSTER_END ? MUSTER_OK : code;
}
