/* What an artifact tells of itself. */
#include "api/artifact/cursor.h"

#include "artifact/digest.h"
#include "base/json/json.h"
#include "engine/look/look.h"

static enum muster_code give(const struct muster_artifact *artifact, const char *member,
			     const char *text, const char **out, struct muster_error *err)
{
	enum muster_code code = artifact_need_logged(artifact, member, err);

	if (!code)
		*out = text;
	return code;
}

/* --- names ------------------------------------------------------------------------------------ */

enum muster_code muster_artifact_name(const struct muster_artifact *artifact, const char **out,
				      struct muster_error *err)
{
	(void)err;
	*out = artifact->names.name;
	return MUSTER_OK;
}

enum muster_code muster_artifact_entity(const struct muster_artifact *artifact, const char **out,
					struct muster_error *err)
{
	return give(artifact, "entity", artifact->names.entity, out, err);
}

enum muster_code muster_artifact_project(const struct muster_artifact *artifact, const char **out,
					 struct muster_error *err)
{
	return give(artifact, "project", artifact->names.project, out, err);
}

enum muster_code muster_artifact_version(const struct muster_artifact *artifact, const char **out,
					 struct muster_error *err)
{
	return give(artifact, "version", artifact->names.version, out, err);
}

enum muster_code muster_artifact_qualified_name(const struct muster_artifact *artifact,
						const char **out, struct muster_error *err)
{
	return give(artifact, "qualified_name", artifact->names.qualified_name, out, err);
}

enum muster_code muster_artifact_collection(const struct muster_artifact *artifact,
					    const char **out, struct muster_error *err)
{
	return give(artifact, "collection", artifact->names.collection, out, err);
}

enum muster_code muster_artifact_source_name(const struct muster_artifact *artifact,
					     const char **out, struct muster_error *err)
{
	(void)err;
	*out = artifact->draft ? artifact->names.name : artifact->source.name;
	return MUSTER_OK;
}

enum muster_code muster_artifact_source_entity(const struct muster_artifact *artifact,
					       const char **out, struct muster_error *err)
{
	return give(artifact, "source_entity", artifact->source.entity, out, err);
}

enum muster_code muster_artifact_source_project(const struct muster_artifact *artifact,
						const char **out, struct muster_error *err)
{
	return give(artifact, "source_project", artifact->source.project, out, err);
}

enum muster_code muster_artifact_source_version(const struct muster_artifact *artifact,
						const char **out, struct muster_error *err)
{
	return give(artifact, "source_version", artifact->source.version, out, err);
}

enum muster_code muster_artifact_source_qualified_name(const struct muster_artifact *artifact,
						       const char **out, struct muster_error *err)
{
	return give(artifact, "source_qualified_name", artifact->source.qualified_name, out, err);
}

enum muster_code muster_artifact_source_collection(const struct muster_artifact *artifact,
						   const char **out, struct muster_error *err)
{
	return give(artifact, "source_collection", artifact->source.collection, out, err);
}

enum muster_code muster_artifact_url(const struct muster_artifact *artifact, const char **out,
				     struct muster_error *err)
{
	return give(artifact, "url", artifact->url, out, err);
}

/* --- what is said of it ----------------------------------------------------------------------- */

enum muster_code muster_artifact_type(const struct muster_artifact *artifact, const char **out,
				      struct muster_error *err)
{
	(void)err;
	*out = artifact->type;
	return MUSTER_OK;
}

enum muster_code muster_artifact_description(const struct muster_artifact *artifact,
					     const char **out, struct muster_error *err)
{
	(void)err;
	*out = artifact->words.description;
	return MUSTER_OK;
}

enum muster_code muster_artifact_metadata(const struct muster_artifact *artifact, const char **out,
					  struct muster_error *err)
{
	(void)err;
	*out = artifact->words.metadata;
	return MUSTER_OK;
}

static enum muster_code give_list(const struct muster_artifact *artifact, const char *member,
				  const struct text_list *list, const char *const **out,
				  size_t *count, struct muster_error *err)
{
	enum muster_code code = artifact_need_logged(artifact, member, err);

	if (code)
		return code;
	*out = list->items;
	*count = list->count;
	return MUSTER_OK;
}

enum muster_code muster_artifact_aliases(const struct muster_artifact *artifact,
					 const char *const **out, size_t *count,
					 struct muster_error *err)
{
	return give_list(artifact, "aliases", &artifact->words.aliases, out, count, err);
}

enum muster_code muster_artifact_tags(const struct muster_artifact *artifact,
				      const char *const **out, size_t *count,
				      struct muster_error *err)
{
	return give_list(artifact, "tags", &artifact->words.tags, out, count, err);
}

enum muster_code muster_artifact_ttl(const struct muster_artifact *artifact, int64_t *days,
				     bool *is_inherited, struct muster_error *err)
{
	int64_t ttl = artifact->words.ttl;
	enum muster_code code;

	if (ttl == MUSTER_TTL_INHERIT) {
		code = artifact_need_logged(artifact, "ttl (inherited)", err);
		if (code)
			return code;
		ttl = artifact->default_ttl_days ? (int64_t)artifact->default_ttl_days
						 : MUSTER_TTL_DISABLED;
	}
	*days = ttl;
	if (is_inherited)
		*is_inherited = artifact->words.ttl == MUSTER_TTL_INHERIT;
	return MUSTER_OK;
}

/* --- what it is ------------------------------------------------------------------------------- */

enum muster_code muster_artifact_id(const struct muster_artifact *artifact, const char **out,
				    struct muster_error *err)
{
	(void)err;
	if (artifact->state == MUSTER_ARTIFACT_PENDING)
		return MUSTER_ABSENT;
	*out = artifact->id;
	return MUSTER_OK;
}

/* Of all entries of a draft. */
static enum muster_code add_up(struct muster_artifact *artifact, struct artifact_digest *digest,
			       uint64_t *size_bytes, struct muster_error *err)
{
	struct artifact_cursor cursor;
	struct entry entry;
	enum muster_code code = artifact_cursor_open(&cursor, artifact, err);

	*size_bytes = 0;
	if (!code)
		code = artifact_cursor_seek(&cursor, view_of("", 0), err);
	while (!code && !(code = artifact_cursor_next(&cursor, &entry, err))) {
		artifact_digest_add(digest, &entry);
		*size_bytes += entry.has_size ? entry.size_bytes : 0;
	}
	artifact_cursor_close(&cursor);
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code sum_draft(struct muster_artifact *artifact, struct muster_error *err)
{
	struct artifact_digest digest = { 0 };
	uint8_t sum[DIGEST_BYTES];
	enum muster_code code;

	if (!artifact->draft)
		return MUSTER_OK;
	code = artifact_digest_begin(&digest, repository_algorithm(artifact->repository->engine),
				     err);
	if (!code)
		code = add_up(artifact, &digest, &artifact->size_bytes, err);
	if (!code) {
		artifact_digest_end(&digest, sum);
		artifact_digest_hex(sum, artifact->digest);
	}
	artifact_digest_release(&digest);
	return code;
}

enum muster_code muster_artifact_digest(struct muster_artifact *artifact, const char **out,
					struct muster_error *err)
{
	enum muster_code code = sum_draft(artifact, err);

	if (!code)
		*out = artifact->digest;
	return code;
}

enum muster_code muster_artifact_digest_algorithm(const struct muster_artifact *artifact,
						  const char **out, struct muster_error *err)
{
	(void)err;
	*out = artifact->digest_algorithm;
	return MUSTER_OK;
}

enum muster_code muster_artifact_commit_hash(const struct muster_artifact *artifact,
					     const char **out, struct muster_error *err)
{
	return give(artifact, "commit_hash", artifact->commit_hash, out, err);
}

static enum muster_code give_number(const struct muster_artifact *artifact, const char *member,
				    uint64_t number, uint64_t *out, struct muster_error *err)
{
	enum muster_code code = artifact_need_logged(artifact, member, err);

	if (!code)
		*out = number;
	return code;
}

enum muster_code muster_artifact_file_count(const struct muster_artifact *artifact, uint64_t *out,
					    struct muster_error *err)
{
	return give_number(artifact, "file_count", artifact->file_count, out, err);
}

enum muster_code muster_artifact_size(struct muster_artifact *artifact, uint64_t *out,
				      struct muster_error *err)
{
	enum muster_code code = sum_draft(artifact, err);

	if (!code)
		*out = artifact->size_bytes;
	return code;
}

enum muster_code muster_artifact_created_at(const struct muster_artifact *artifact, uint64_t *out,
					    struct muster_error *err)
{
	return give_number(artifact, "created_at", artifact->created_ms, out, err);
}

enum muster_code muster_artifact_updated_at(struct muster_artifact *artifact, uint64_t *out,
					    struct muster_error *err)
{
	enum muster_code code = artifact_need_version(artifact, "updated_at", err);

	return code ? code : look_updated_ms(&artifact->version.named, out, err);
}

enum muster_code muster_artifact_history_step(const struct muster_artifact *artifact, uint64_t *out,
					      struct muster_error *err)
{
	enum muster_code code = artifact_need_logged(artifact, "history_step", err);

	(void)out;
	return code ? code : MUSTER_ABSENT;
}

/* --- as JSON ---------------------------------------------------------------------------------- */

/* The keys of W&B's artifact_to_json(). */
static void write_json(const struct muster_artifact *artifact, struct json_writer *json)
{
	const char *name = artifact->source.name;

	json_write_object_begin(json);
	json_write_key(json, "_type");
	json_write_text(json, "artifactVersion");
	json_write_key(json, "_version");
	json_write_text(json, "v0");
	json_write_key(json, "id");
	json_write_text(json, artifact->id);
	json_write_key(json, "version");
	json_write_text(json, artifact->source.version);
	json_write_key(json, "sequenceName");
	json_write_string(json, view_of(name, strcspn(name, ":")));
	json_write_key(json, "usedAs");
	json_write_null(json);
	json_write_object_end(json);
}

enum muster_code muster_artifact_json_encode(struct muster_artifact *artifact, const char **out,
					     struct muster_error *err)
{
	struct json_writer json = { .out = &artifact->json, .err = err };
	enum muster_code code = artifact_need_logged(artifact, "json_encode", err);

	if (code)
		return code;
	artifact->json.len = 0;
	write_json(artifact, &json);
	code = json.code ? json.code : bytes_append_byte(&artifact->json, '\0', err);
	if (!code)
		*out = (const char *)artifact->json.ptr;
	return code;
}
