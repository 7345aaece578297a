#include "api/artifact/artifact_internal.h"

#include <stdlib.h>

#include "artifact/path.h"
#include "base/text/encode.h"
#include "engine/put/uri.h"

void entry_release(struct muster_entry *entry)
{
	entry_teller_release(&entry->teller);
	bytes_release(&entry->birth);
	bytes_release(&entry->path);
	bytes_release(&entry->url);
	free(entry->local_path);
	*entry = (struct muster_entry){ 0 };
}

void muster_entry_free(struct muster_entry *entry)
{
	if (!entry)
		return;
	entry_release(entry);
	free(entry);
}

static enum muster_code set_birth(struct muster_entry *entry, struct view id,
				  struct muster_error *err)
{
	enum muster_code code;

	entry->birth.len = 0;
	if (!id.len)
		return MUSTER_OK;
	code = bytes_append_view(&entry->birth, id, err);
	return code ? code : bytes_append_byte(&entry->birth, '\0', err);
}

enum muster_code entry_fill(struct muster_entry *out, struct muster_artifact *artifact,
			    const struct entry *entry, struct muster_error *err)
{
	enum muster_code code = entry_tell(&out->teller, entry, &out->info, err);

	out->artifact = artifact;
	return code ? code : set_birth(out, entry->birth_artifact_id, err);
}

/* --- attributes ------------------------------------------------------------------------------- */

const char *muster_entry_path(const struct muster_entry *entry)
{
	return entry->info.path;
}

const char *muster_entry_digest(const struct muster_entry *entry)
{
	return entry->info.digest_text;
}

const char *muster_entry_digest_algorithm(const struct muster_entry *entry)
{
	return entry->info.digest_algorithm;
}

const char *muster_entry_ref(const struct muster_entry *entry)
{
	return entry->info.reference;
}

bool muster_entry_size(const struct muster_entry *entry, uint64_t *out)
{
	if (entry->info.has_size)
		*out = entry->info.size_bytes;
	return entry->info.has_size;
}

const char *muster_entry_extra(const struct muster_entry *entry)
{
	return entry->info.extra;
}

const char *muster_entry_local_path(const struct muster_entry *entry)
{
	return entry->local_path;
}

bool muster_entry_skip_cache(const struct muster_entry *entry)
{
	return entry->skip_cache;
}

struct muster_artifact *muster_entry_parent_artifact(const struct muster_entry *entry)
{
	return entry->artifact;
}

enum muster_code muster_entry_ref_target(const struct muster_entry *entry, const char **out,
					 struct muster_error *err)
{
	if (!entry->info.reference)
		return muster_fail(err, MUSTER_E_USAGE,
				   "entry '%s' is no reference: its bytes are stored in the "
				   "repository",
				   entry->info.path);
	*out = entry->info.reference;
	return MUSTER_OK;
}

/* --- where its bytes come from ---------------------------------------------------------------- */

/* Has this version the same bytes under the same path? */
static enum muster_code has_same(const struct muster_entry *entry, const struct version *version,
				 bool *out, struct muster_error *err)
{
	struct store *store = repository_store(entry->artifact->repository->engine);
	const struct version_reader_options options = { 0 };
	char buf[ENTRY_DIGEST_BUF_BYTES];
	struct version_reader *reader;
	struct entry other;
	enum muster_code code =
		version_reader_open(&reader, store, &version->manifest, &options, err);

	if (code)
		return code;
	code = version_reader_find(reader, view_text(entry->info.path), &other, err);
	*out = !code &&
	       view_equal(entry_digest_text(&other, buf), view_text(entry->info.digest_text)) &&
	       other.has_size == entry->info.has_size &&
	       (!other.has_size || other.size_bytes == entry->info.size_bytes);
	version_reader_close(reader);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* Back from this version, over deleted ones. */
static enum muster_code find_birth(const struct muster_entry *entry,
				   const struct named_version *named, const struct version **out,
				   struct muster_error *err)
{
	const struct version *versions = collection_versions(named->collection)->versions;
	uint64_t number = named->version->number;
	enum muster_code code = MUSTER_OK;
	bool is_same = true;

	*out = named->version;
	while (number > 0 && is_same && !code) {
		number--;
		if (versions[number].is_deleted)
			continue;
		code = has_same(entry, &versions[number], &is_same, err);
		if (!code && is_same)
			*out = &versions[number];
	}
	return code;
}

/* In the collection that the version was made in: of a link its source's, unless that is gone. */
static enum muster_code find_birth_id(struct muster_entry *entry, struct muster_error *err)
{
	const struct muster_artifact *artifact = entry->artifact;
	struct named_version source = { 0 };
	char hex[HEX_TEXT_LEN(16)];
	const struct version *version;
	enum muster_code code = artifact_need_version(artifact, "birth_artifact_id", err);

	if (!code && artifact->is_link && !artifact->is_source_gone)
		code = artifact_open_source(artifact, &source, err);
	if (!code)
		code = find_birth(entry, source.version ? &source : &artifact->version.named,
				  &version, err);
	if (!code) {
		hex_encode(hex, version->id, sizeof(version->id));
		code = set_birth(entry, view_of(hex, sizeof(hex)), err);
	}
	named_version_release(&source);
	return code;
}

enum muster_code muster_entry_birth_artifact_id(struct muster_entry *entry, const char **out,
						struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (entry->artifact->state == MUSTER_ARTIFACT_PENDING && !entry->birth.len)
		return MUSTER_ABSENT;
	if (!entry->birth.len)
		code = find_birth_id(entry, err);
	if (!code)
		*out = (const char *)entry->birth.ptr;
	return code;
}

/* --- where it is ------------------------------------------------------------------------------ */

enum muster_code muster_entry_ref_url(struct muster_entry *entry, const char **out,
				      struct muster_error *err)
{
	const struct muster_artifact *artifact = entry->artifact;
	struct view path = view_text(entry->info.path);
	struct bytes *url = &entry->url;
	enum muster_code code = artifact_need_version(artifact, "entry.ref_url", err);

	url->len = 0;
	if (!code)
		code = bytes_printf(url, err, "%s%s/", URI_MUSTER_SCHEME,
				    artifact->names.qualified_name);
	if (!code)
		code = bytes_reserve(url, path.len * URI_GROWTH, err);
	if (!code) {
		url->len += uri_escape((char *)url->ptr + url->len, path);
		code = bytes_append_byte(url, '\0', err);
	}
	if (!code)
		*out = (const char *)url->ptr;
	return code;
}

/* --- found by its name ------------------------------------------------------------------------ */

/* What W&B appends to the names of media objects (wandb SDK, sdk/data_types: TYPE + ".json"). */
static const char *const media_types[] = {
	"audio-file",	 "bokeh-file",	       "bounding-boxes",     "classes",
	"html-file",	 "image-file",	       "joined-table",	     "mask",
	"molecule-file", "object3D-file",      "partitioned-table",  "pytorch-model-file",
	"table",	 "tfkeras-model-file", "sklearn-model-file", "video-file",
};

static enum muster_code find_media(struct version_reader *reader, struct view name,
				   struct entry *out, struct muster_error *err)
{
	struct bytes path = { 0 };
	enum muster_code code = MUSTER_ABSENT;

	for (size_t i = 0; i < sizeof(media_types) / sizeof(media_types[0]); i++) {
		path.len = 0;
		code = bytes_printf(&path, err, "%.*s.%s.json", VIEW_ARGS(name), media_types[i]);
		if (!code)
			code = version_reader_find(reader, bytes_view(&path), out, err);
		if (code != MUSTER_ABSENT)
			break;
	}
	bytes_release(&path);
	return code;
}

static enum muster_code find(struct muster_artifact *artifact, struct version_reader *reader,
			     struct view name, struct muster_entry *out, struct muster_error *err)
{
	struct entry entry;
	enum muster_code code = version_reader_find(reader, name, &entry, err);

	if (code == MUSTER_ABSENT)
		code = find_media(reader, name, &entry, err);
	if (code == MUSTER_ABSENT)
		return muster_fail(err, MUSTER_E_NAME, "'%s' has no entry '%.*s'",
				   artifact->names.name, VIEW_ARGS(name));
	return code ? code : entry_fill(out, artifact, &entry, err);
}

enum muster_code artifact_read(const struct muster_artifact *artifact, struct version_reader **out,
			       struct muster_error *err)
{
	return named_version_read(&artifact->version.named, false, out, err);
}

enum muster_code muster_artifact_get_entry(struct muster_artifact *artifact, const char *name,
					   struct muster_entry **out, struct muster_error *err)
{
	struct version_reader *reader = NULL;
	struct muster_entry *entry = NULL;
	struct bytes path = { 0 };
	enum muster_code code = artifact_need_version(artifact, "get_entry", err);

	*out = NULL;
	if (!code)
		code = entry_path_normalize(view_text(name), &path, err);
	if (!code)
		code = artifact_read(artifact, &reader, err);
	if (!code && !(entry = calloc(1, sizeof(*entry))))
		code = muster_fail_memory(err, "an entry");
	if (!code)
		code = find(artifact, reader, bytes_view(&path), entry, err);
	version_reader_close(reader);
	bytes_release(&path);
	if (code)
		muster_entry_free(entry);
	else
		*out = entry;
	return code;
}

enum muster_code muster_artifact_get_path(struct muster_artifact *artifact, const char *name,
					  struct muster_entry **out, struct muster_error *err)
{
	return muster_artifact_get_entry(artifact, name, out, err);
}
