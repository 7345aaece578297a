#include "engine/look/look.h"

#include <stdlib.h>

struct listing {
	struct repository *repository;
	muster_collection_fn *fn;
	void *state;
	struct bytes text; /* names, description, tags, as C strings */
	const char **tags;
	size_t tag_cap;
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
	info->is_portfolio = collection_versions(collection)->is_portfolio;
	info->version_count = count_versions(collection_versions(collection));
	if (latest) {
		info->latest_number = latest->number;
		info->latest_bytes = latest->size_bytes;
		info->latest_entries = latest->entry_count;
	}
	return head ? collection_history(collection, head, note_time, &info->updated_ms, err)
		    : MUSTER_OK;
}

static enum muster_code put_text(struct bytes *out, struct view text, struct muster_error *err)
{
	enum muster_code code = bytes_append_view(out, text, err);

	return code ? code : bytes_append_byte(out, '\0', err);
}

/* One behind the other, each with its NUL: four names, the description, the tags. */
static enum muster_code put_texts(struct bytes *text, const struct collection_listing *from,
				  struct collection *collection, struct muster_error *err)
{
	const struct texts *tags = &collection_versions(collection)->tags;
	struct view names[4] = { from->entity, from->project, from->name, from->type };
	enum muster_code code = MUSTER_OK;

	text->len = 0;
	for (size_t i = 0; i < 4 && !code; i++)
		code = put_text(text, names[i], err);
	if (!code)
		code = collection_description_of_all(collection, text, err);
	if (!code)
		code = bytes_append_byte(text, '\0', err);
	for (size_t i = 0; i < tags->count && !code; i++)
		code = put_text(text, tags->items[i], err);
	return code;
}

static enum muster_code make_room_for_tags(struct listing *listing, size_t count,
					   struct muster_error *err)
{
	const char **tags;

	if (count < listing->tag_cap)
		return MUSTER_OK;
	tags = reallocarray(listing->tags, count + 1, sizeof(*tags));
	if (!tags)
		return muster_fail_memory(err, "tags");
	listing->tags = tags;
	listing->tag_cap = count + 1;
	return MUSTER_OK;
}

/* Pointers are made when nothing moves any more. */
static void point(struct listing *listing, struct muster_collection_info *info)
{
	const char **fields[] = { &info->entity, &info->project, &info->name, &info->type,
				  &info->description };
	const char *at = (const char *)listing->text.ptr;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		*fields[i] = at;
		at += strlen(at) + 1;
	}
	for (size_t i = 0; i < info->tag_count; i++) {
		listing->tags[i] = at;
		at += strlen(at) + 1;
	}
	info->tags = listing->tags;
}

static enum muster_code put_words(struct listing *listing, const struct collection_listing *from,
				  struct collection *collection,
				  struct muster_collection_info *info, struct muster_error *err)
{
	enum muster_code code = put_texts(&listing->text, from, collection, err);

	info->tag_count = collection_versions(collection)->tags.count;
	if (!code)
		code = make_room_for_tags(listing, info->tag_count, err);
	if (!code)
		point(listing, info);
	return code;
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
	code = put_words(listing, from, collection, &info, err);
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
	free(listing.tags);
	return code == MUSTER_END ? MUSTER_OK : code;
}
