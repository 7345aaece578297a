#include "engine/look/look.h"

#include <stdlib.h>

#include "artifact/digest.h"
#include "base/text/encode.h"
#include "engine/digest/entry_info.h"
#include "engine/look/named_version.h"

#define NS_PER_MS 1000000u

/* The texts of one version. Offsets first, pointers when nothing moves any more. */
struct version_texts {
	struct bytes text;
	const char **lists; /* aliases, then tags */
	size_t list_cap;
};

/* A listing of versions, or of one. */
struct looking {
	struct collection *collection;
	uint64_t first;		/* number of the first that may be told */
	uint64_t *committed_ms; /* from that one on; NULL: none has an end */
	uint64_t now_ms;
	muster_version_fn *fn;
	void *state;
	struct version_texts texts;
};

static void texts_release(struct version_texts *texts)
{
	bytes_release(&texts->text);
	free(texts->lists);
}

static enum muster_code put_text(struct version_texts *texts, struct view text, size_t *at,
				 struct muster_error *err)
{
	enum muster_code code;

	*at = texts->text.len;
	code = bytes_append_view(&texts->text, text, err);
	return code ? code : bytes_append_byte(&texts->text, '\0', err);
}

static const char *text_at(const struct version_texts *texts, size_t at)
{
	return (const char *)texts->text.ptr + at;
}

static size_t count_aliases(const struct collection_state *state, uint64_t number)
{
	size_t count = 0;

	for (size_t i = 0; i < state->alias_count; i++)
		count += state->aliases[i].version == number;
	return count;
}

static enum muster_code make_room_for_lists(struct version_texts *texts, size_t count,
					    struct muster_error *err)
{
	const char **lists;

	if (count <= texts->list_cap)
		return MUSTER_OK;
	lists = realloc(texts->lists, count * sizeof(*lists));
	if (!lists)
		return muster_fail_memory(err, "aliases and tags");
	texts->lists = lists;
	texts->list_cap = count;
	return MUSTER_OK;
}

/* Aliases and tags, their texts one behind the other from `*at` on. */
static enum muster_code put_lists(struct version_texts *texts, struct collection *collection,
				  const struct version *version, struct muster_version_info *info,
				  size_t *at, struct muster_error *err)
{
	const struct collection_state *state = collection_versions(collection);
	bool is_latest = collection_latest(collection) == version;
	size_t aliases = count_aliases(state, version->number) + is_latest, ignored;
	enum muster_code code = make_room_for_lists(texts, aliases + version->tags.count + 1, err);

	*at = texts->text.len;
	if (!code && is_latest)
		code = put_text(texts, VIEW_LITERAL("latest"), &ignored, err);
	for (size_t i = 0; i < state->alias_count && !code; i++)
		if (state->aliases[i].version == version->number)
			code = put_text(texts, state->aliases[i].name, &ignored, err);
	for (size_t i = 0; i < version->tags.count && !code; i++)
		code = put_text(texts, version->tags.items[i], &ignored, err);
	info->alias_count = aliases;
	info->tag_count = version->tags.count;
	return code;
}

static void point_lists(struct version_texts *texts, struct muster_version_info *info, size_t at)
{
	for (size_t i = 0; i < info->alias_count + info->tag_count; i++) {
		texts->lists[i] = text_at(texts, at);
		at += strlen(texts->lists[i]) + 1;
	}
	info->aliases = texts->lists;
	info->tags = texts->lists + info->alias_count;
}

/* Description and metadata, read from their events. */
static enum muster_code put_documents(struct version_texts *texts, struct collection *collection,
				      const struct version *version, size_t *description,
				      size_t *metadata, struct muster_error *err)
{
	enum muster_code code;

	*description = texts->text.len;
	code = collection_description(collection, version, &texts->text, err);
	if (!code)
		code = bytes_append_byte(&texts->text, '\0', err);
	*metadata = texts->text.len;
	if (!code)
		code = collection_metadata(collection, version, &texts->text, err);
	if (!code && texts->text.len == *metadata)
		code = bytes_append_text(&texts->text, "{}", err);
	return code ? code : bytes_append_byte(&texts->text, '\0', err);
}

static enum muster_code put_texts(struct version_texts *texts, struct collection *collection,
				  const struct version *version, struct muster_version_info *info,
				  struct muster_error *err)
{
	const struct collection_state *state = collection_versions(collection);
	size_t entity, project, name, type, description, metadata, lists;
	enum muster_code code;

	texts->text.len = 0;
	code = put_text(texts, state->entity, &entity, err);
	if (!code)
		code = put_text(texts, state->project, &project, err);
	if (!code)
		code = put_text(texts, state->name, &name, err);
	if (!code)
		code = put_text(texts, state->type, &type, err);
	if (!code)
		code = put_documents(texts, collection, version, &description, &metadata, err);
	if (!code)
		code = put_lists(texts, collection, version, info, &lists, err);
	if (code)
		return code;
	info->entity = text_at(texts, entity);
	info->project = text_at(texts, project);
	info->name = text_at(texts, name);
	info->type = text_at(texts, type);
	info->description = text_at(texts, description);
	info->metadata = text_at(texts, metadata);
	point_lists(texts, info, lists);
	return MUSTER_OK;
}

static void hex_text(char *out, const uint8_t *bytes, size_t len)
{
	hex_encode(out, bytes, len);
	out[HEX_TEXT_LEN(len)] = '\0';
}

/* Of the first event that comes; the others are not needed. */
static enum muster_code take_sha256(void *state, const struct event *event, struct view bytes,
				    struct muster_error *err)
{
	uint8_t sha256[32];

	(void)event;
	(void)err;
	sha256_of(bytes, sha256);
	hex_text(state, sha256, sizeof(sha256));
	return MUSTER_END;
}

static void put_numbers(const struct version *version, struct muster_version_info *info)
{
	info->number = version->number;
	artifact_digest_hex(version->digest, info->digest);
	hex_text(info->root, version->root, sizeof(version->root));
	info->digest_algorithm = digest_algorithm_name((enum digest_algorithm)version->algorithm);
	info->entry_count = version->entry_count;
	info->reference_count = version->reference_count;
	info->size_bytes = version->size_bytes;
	info->created_ms = version->created_ms;
}

static void put_ttl(const struct looking *looking, const struct version *version,
		    struct muster_version_info *info)
{
	const struct collection_state *state = collection_versions(looking->collection);

	info->ttl_days = collection_state_ttl_days(state, version);
	info->ttl_is_disabled = version->ttl_disabled;
	info->ttl_is_inherited = !version->ttl_disabled && !version->ttl_days;
	if (!info->ttl_days)
		return;
	info->expires_ms = collection_state_expires_ms(
		state, version, looking->committed_ms[version->number - looking->first]);
	info->is_expired = info->expires_ms <= looking->now_ms;
}

/* MUSTER_END: whoever looks on has seen enough. */
static enum muster_code tell(struct looking *looking, const struct version *version,
			     struct muster_error *err)
{
	struct muster_version_info info = { 0 };
	enum muster_code code =
		put_texts(&looking->texts, looking->collection, version, &info, err);

	if (code)
		return code;
	put_numbers(version, &info);
	put_ttl(looking, version, &info);
	code = collection_history(looking->collection, version->event, take_sha256,
				  info.event_sha256, err);
	if (code && code != MUSTER_END)
		return code;
	return looking->fn(looking->state, &info) ? MUSTER_OK : MUSTER_END;
}

static bool has_ends(const struct looking *looking, uint64_t count)
{
	const struct collection_state *state = collection_versions(looking->collection);

	for (uint64_t i = looking->first; i < looking->first + count; i++)
		if (collection_state_ttl_days(state, &state->versions[i]))
			return true;
	return false;
}

/* When they were committed matters only where a version has an end. */
static enum muster_code tell_all(struct looking *looking, uint64_t count, struct muster_error *err)
{
	const struct collection_state *versions = collection_versions(looking->collection);
	enum muster_code code = MUSTER_OK;

	if (has_ends(looking, count)) {
		looking->committed_ms = calloc(count, sizeof(*looking->committed_ms));
		code = looking->committed_ms
			       ? collection_committed_ms(looking->collection, looking->first, count,
							 looking->committed_ms, err)
			       : muster_fail_memory(err, "the times of versions");
	}
	for (uint64_t i = looking->first; i < looking->first + count && !code; i++)
		if (!versions->versions[i].is_deleted)
			code = tell(looking, &versions->versions[i], err);
	free(looking->committed_ms);
	texts_release(&looking->texts);
	return code == MUSTER_END ? MUSTER_OK : code;
}

static uint64_t now_ms(const struct repository *repository)
{
	return effects_wall_ns(repository_effects(repository)) / NS_PER_MS;
}

enum muster_code look_versions(struct repository *repository, const struct collection_name *name,
			       muster_version_fn *fn, void *state, struct muster_error *err)
{
	struct looking looking = { .now_ms = now_ms(repository), .fn = fn, .state = state };
	enum muster_code code = collection_open(&looking.collection, repository, name, NULL, err);

	if (code)
		return code;
	code = tell_all(&looking, collection_versions(looking.collection)->version_count, err);
	collection_close(looking.collection);
	return code;
}

enum muster_code look_named_version(const struct named_version *named, muster_version_fn *fn,
				    void *state, struct muster_error *err)
{
	struct looking looking = { .collection = named->collection,
				   .first = named->version->number,
				   .now_ms = now_ms(named->repository),
				   .fn = fn,
				   .state = state };

	return tell_all(&looking, 1, err);
}

enum muster_code look_version(struct repository *repository, const struct artifact_address *address,
			      muster_version_fn *fn, void *state, struct muster_error *err)
{
	struct named_version named;
	enum muster_code code = named_version_open(&named, repository, address, err);

	if (code)
		return code;
	code = look_named_version(&named, fn, state, err);
	named_version_release(&named);
	return code;
}
