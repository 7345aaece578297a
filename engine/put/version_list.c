#include "engine/put/version_list.h"

#include <stdlib.h>

#include "artifact/path.h"
#include "engine/manifest/version_reader.h"
#include "engine/put/uri.h"

#define TEXTS 5 /* path, digest, reference, extra, birth */

/* Where an entry's texts lie, until all of the batch have their place. */
struct spans {
	size_t at[TEXTS], len[TEXTS];
};

struct version_list {
	struct version_reader *reader;
	uint8_t version_id[16];
	struct bytes path; /* of the single entry, or "directory/", or nothing */
	struct bytes name; /* what the single entry becomes */
	bool is_single, is_done;
	struct entry first; /* of a single one: lent by the reader */
	struct bytes text;
	struct spans spans[LIST_BATCH_MAX];
	struct entry entries[LIST_BATCH_MAX];
};

void version_list_close(struct version_list *list)
{
	if (!list)
		return;
	version_reader_close(list->reader);
	bytes_release(&list->path);
	bytes_release(&list->name);
	bytes_release(&list->text);
	free(list);
}

/* --- which entries -------------------------------------------------------------------------- */

static enum muster_code open_version(struct version_list *list, struct repository *repository,
				     const struct artifact_address *address,
				     struct muster_error *err)
{
	static const struct version_reader_options options = { .with_placement = true };
	struct collection_name name = { address->entity, address->project, address->name };
	struct collection *collection = NULL;
	const struct version *version;
	enum muster_code code = collection_open(&collection, repository, &name, NULL, err);

	if (code)
		return code;
	version = collection_resolve(collection, address->alias);
	if (version) {
		memcpy(list->version_id, version->id, 16);
		code = version_reader_open(&list->reader, repository_store(repository),
					   &version->manifest, &options, err);
	} else {
		code = muster_fail(err, MUSTER_E_NAME, "artifact '%.*s' has no version '%.*s'",
				   VIEW_ARGS(address->name), VIEW_ARGS(address->alias));
	}
	collection_close(collection);
	return code;
}

/* All below a directory: is there anything? */
static enum muster_code find_directory(struct version_list *list, struct muster_error *err)
{
	struct entry entry;
	enum muster_code code = bytes_append_byte(&list->path, '/', err);

	if (code)
		return code;
	version_reader_seek(list->reader, bytes_view(&list->path));
	code = version_reader_next(list->reader, &entry, err);
	if (code == MUSTER_END || (!code && !view_starts_with(entry.path, bytes_view(&list->path))))
		return muster_fail(err, MUSTER_E_NAME, "the version has no '%.*s'",
				   (int)(list->path.len - 1), (const char *)list->path.ptr);
	version_reader_seek(list->reader, bytes_view(&list->path));
	return code;
}

static enum muster_code name_single(struct version_list *list, const char *name,
				    struct muster_error *err)
{
	const uint8_t *slash = memrchr(list->path.ptr, '/', list->path.len);
	size_t begin = slash ? (size_t)(slash + 1 - list->path.ptr) : 0;

	list->is_single = true;
	if (name)
		return entry_path_normalize(view_text(name), &list->name, err);
	return bytes_append(&list->name, list->path.ptr + begin, list->path.len - begin, err);
}

static enum muster_code find_path(struct version_list *list, const char *name,
				  struct muster_error *err)
{
	enum muster_code code;

	if (!list->path.len)
		return MUSTER_OK; /* all of it */
	code = version_reader_find(list->reader, bytes_view(&list->path), &list->first, err);
	if (!code)
		return name_single(list, name, err);
	return code == MUSTER_ABSENT ? find_directory(list, err) : code;
}

enum muster_code version_list_open(struct version_list **out, struct repository *repository,
				   const char *uri, const char *name, struct muster_error *err)
{
	struct version_list *list = calloc(1, sizeof(*list));
	struct uri_version named;
	enum muster_code code;

	*out = NULL;
	if (!list)
		return muster_fail_memory(err, "a version to take entries of");
	code = uri_version(uri, &named, &list->path, err);
	if (!code)
		code = open_version(list, repository, &named.address, err);
	if (!code)
		code = find_path(list, name, err);
	if (code) {
		if (muster_failed(code))
			muster_context(err, "put '%s'", uri);
		version_list_close(list);
		return code;
	}
	*out = list;
	return MUSTER_OK;
}

bool version_list_is_single(const struct version_list *list)
{
	return list->is_single;
}

/* --- what they become ----------------------------------------------------------------------- */

/* "muster://<version id>/<path>" where it is no reference yet. */
static enum muster_code append_reference(struct version_list *list, const struct entry *entry,
					 struct muster_error *err)
{
	char prefix[sizeof(URI_MUSTER_SCHEME) + 33];
	enum muster_code code;

	if (entry->ref.len)
		return bytes_append_view(&list->text, entry->ref, err);
	memcpy(prefix, URI_MUSTER_SCHEME, sizeof(URI_MUSTER_SCHEME) - 1);
	hex_put(prefix + sizeof(URI_MUSTER_SCHEME) - 1, list->version_id, 16);
	code = bytes_append_text(&list->text, prefix, err);
	if (!code)
		code = bytes_append_byte(&list->text, '/', err);
	if (!code)
		code = bytes_reserve(&list->text, URI_GROWTH * entry->path.len, err);
	if (!code)
		list->text.len += uri_escape((char *)list->text.ptr + list->text.len, entry->path);
	return code;
}

static enum muster_code append_texts(struct version_list *list, const struct entry *entry,
				     struct view path, struct spans *spans,
				     struct muster_error *err)
{
	const struct view texts[TEXTS] = { path, entry->digest_text, entry->ref, entry->extra,
					   entry->birth_artifact_id };
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < TEXTS && !code; i++) {
		spans->at[i] = list->text.len;
		code = i == 2 ? append_reference(list, entry, err)
			      : bytes_append_view(&list->text, texts[i], err);
		spans->len[i] = list->text.len - spans->at[i];
	}
	return code;
}

static struct view span(const struct version_list *list, const struct spans *spans, size_t i)
{
	return view_of(list->text.ptr + spans->at[i], spans->len[i]);
}

/* W&B's reference to another artifact's entry has its digest, and nothing else. */
static void settle(struct version_list *list, size_t index)
{
	struct entry *entry = &list->entries[index];
	const struct spans *spans = &list->spans[index];
	bool was_reference = entry->ref.len > 0;

	entry->path = span(list, spans, 0);
	entry->digest_text = span(list, spans, 1);
	entry->ref = span(list, spans, 2);
	entry->extra = was_reference ? span(list, spans, 3) : (struct view){ 0 };
	entry->birth_artifact_id = was_reference ? span(list, spans, 4) : (struct view){ 0 };
}

/* The next entry and its path relative to the directory. */
static enum muster_code next_entry(struct version_list *list, struct entry *out, struct view *path,
				   struct muster_error *err)
{
	enum muster_code code;

	if (list->is_done)
		return MUSTER_END;
	if (list->is_single) {
		list->is_done = true;
		*out = list->first;
		*path = bytes_view(&list->name);
		return MUSTER_OK;
	}
	code = version_reader_next(list->reader, out, err);
	if (!code && !view_starts_with(out->path, bytes_view(&list->path)))
		code = MUSTER_END;
	list->is_done = code == MUSTER_END;
	if (!code)
		*path = view_of(out->path.ptr + list->path.len, out->path.len - list->path.len);
	return code;
}

enum muster_code version_list_next(struct version_list *list, const struct entry **out,
				   size_t *count, struct muster_error *err)
{
	struct view path;
	enum muster_code code = MUSTER_OK;

	*count = 0;
	*out = list->entries;
	list->text.len = 0;
	while (*count < LIST_BATCH_MAX && list->text.len < VERSION_LIST_TEXT_MAX) {
		struct entry *entry = &list->entries[*count];

		code = next_entry(list, entry, &path, err);
		if (!code)
			code = append_texts(list, entry, path, &list->spans[*count], err);
		if (code)
			break;
		++*count;
	}
	for (size_t i = 0; i < *count; i++)
		settle(list, i);
	return code == MUSTER_END && *count ? MUSTER_OK : code;
}
