#include "api/artifact/artifact_draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text/encode.h"
#include "engine/look/look.h"

/* --- what is told of a version, copied -------------------------------------------------------- */

static enum muster_code set_printf(char **slot, struct muster_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum muster_code set_printf(char **slot, struct muster_error *err, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return muster_fail_memory(err, "a text");
	free(*slot);
	*slot = text;
	return MUSTER_OK;
}

struct version_name {
	const char *entity, *project, *name;
	uint64_t number;
};

static enum muster_code take_names(struct artifact_names *names, struct version_name of,
				   struct muster_error *err)
{
	unsigned long long number = (unsigned long long)of.number;
	enum muster_code code = text_set(&names->entity, view_text(of.entity), err);

	if (!code)
		code = text_set(&names->project, view_text(of.project), err);
	if (!code)
		code = set_printf(&names->name, err, "%s:v%llu", of.name, number);
	if (!code)
		code = set_printf(&names->version, err, "v%llu", number);
	if (!code)
		code = set_printf(&names->collection, err, "%s/%s/%s", of.entity, of.project,
				  of.name);
	return code ? code
		    : set_printf(&names->qualified_name, err, "%s:v%llu", names->collection,
				 number);
}

static enum muster_code take_both_names(struct muster_artifact *artifact,
					const struct muster_version_info *info,
					struct muster_error *err)
{
	struct version_name own = { info->entity, info->project, info->name, info->number };
	struct version_name source = { info->source_entity, info->source_project, info->source_name,
				       info->source_number };
	enum muster_code code = take_names(&artifact->names, own, err);

	artifact->is_link = info->is_link;
	artifact->is_source_gone = info->source_is_gone;
	return code ? code : take_names(&artifact->source, source, err);
}

static int64_t own_ttl(const struct muster_version_info *info)
{
	if (info->ttl_is_disabled)
		return MUSTER_TTL_DISABLED;
	return info->ttl_is_inherited ? MUSTER_TTL_INHERIT : (int64_t)info->ttl_days;
}

static enum muster_code take_words(struct artifact_words *words,
				   const struct muster_version_info *info, struct muster_error *err)
{
	enum muster_code code =
		text_list_set(&words->aliases, info->aliases, info->alias_count, err);

	if (!code)
		code = text_list_set(&words->tags, info->tags, info->tag_count, err);
	if (!code)
		code = text_set(&words->description, view_text(info->description), err);
	if (!code)
		code = text_set(&words->metadata, view_text(info->metadata), err);
	words->ttl = own_ttl(info);
	return code;
}

static void take_numbers(struct muster_artifact *artifact, const struct muster_version_info *info)
{
	const struct version *version = artifact->version.named.version;

	hex_encode(artifact->id, version->id, sizeof(version->id));
	artifact->id[HEX_TEXT_LEN(sizeof(version->id))] = '\0';
	memcpy(artifact->digest, info->digest, sizeof(artifact->digest));
	memcpy(artifact->commit_hash, info->event_sha256, sizeof(artifact->commit_hash));
	artifact->digest_algorithm = info->digest_algorithm;
	artifact->file_count = info->entry_count;
	artifact->size_bytes = info->size_bytes;
	artifact->created_ms = info->created_ms;
	artifact->default_ttl_days =
		collection_versions(artifact->version.named.collection)->default_ttl_days;
}

struct taking {
	struct muster_artifact *artifact;
	enum muster_code code;
	struct muster_error *err;
};

static bool take(void *state, const struct muster_version_info *info)
{
	struct taking *taking = state;
	struct muster_artifact *artifact = taking->artifact;
	enum muster_code code = take_both_names(artifact, info, taking->err);

	if (!code)
		code = text_set(&artifact->type, view_text(info->type), taking->err);
	if (!code)
		code = set_printf(&artifact->url, taking->err, "%s#%s", artifact->repository->url,
				  artifact->names.qualified_name);
	if (!code)
		code = take_words(&artifact->stored, info, taking->err);
	if (!code)
		code = take_words(&artifact->words, info, taking->err);
	if (!code)
		take_numbers(artifact, info);
	taking->code = code;
	return false;
}

enum muster_code artifact_load(struct muster_artifact *artifact, struct muster_error *err)
{
	struct taking taking = { .artifact = artifact, .err = err };
	enum muster_code code = look_named_version(&artifact->version.named, take, &taking, err);

	return code ? code : taking.code;
}

enum muster_code artifact_find_again(struct muster_artifact *artifact, struct muster_error *err)
{
	struct named_version *named = &artifact->version.named;
	uint64_t number;

	if (!version_alias_parse(view_text(artifact->names.version), &number))
		return muster_fail(err, MUSTER_E_FORMAT, "'%s' is no number of a version",
				   artifact->names.version);
	named->version = collection_state_version(collection_versions(named->collection), number);
	if (named->version)
		return MUSTER_OK;
	artifact->state = MUSTER_ARTIFACT_DELETED;
	return muster_fail(err, MUSTER_E_NAME, "artifact '%s' is deleted",
			   artifact->names.qualified_name);
}

enum muster_code artifact_refresh(struct muster_artifact *artifact, struct muster_error *err)
{
	enum muster_code code = collection_refresh(artifact->version.named.collection, err);

	if (code == MUSTER_E_NAME)
		artifact->state = MUSTER_ARTIFACT_DELETED;
	return code ? code : artifact_find_again(artifact, err);
}

/* --- opening and closing ---------------------------------------------------------------------- */

static enum muster_code check_type(const struct collection_state *state, const char *type,
				   struct muster_error *err)
{
	if (!type || view_equal(state->type, view_text(type)))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_REFUSED, "artifact '%.*s' is of type '%.*s', not '%s'",
			   VIEW_ARGS(state->name), VIEW_ARGS(state->type), type);
}

static enum muster_code use(struct muster_artifact *artifact, const char *id,
			    struct muster_error *err)
{
	struct api_run run;
	enum muster_code code = api_prepare_write(artifact->repository, err);

	if (!code)
		code = api_run(artifact->repository, id, &run, err);
	return code ? code
		    : api_run_uses(artifact->repository, &run, &artifact->version.named, err);
}

static enum muster_code open_version(struct muster_artifact *artifact, const char *name,
				     const struct muster_artifact_open_options *options,
				     struct muster_error *err)
{
	struct api_version *version = &artifact->version;
	struct artifact_address address;
	enum muster_code code = api_address(artifact->repository, name, &address, err);

	if (!code)
		code = named_version_open(&version->named, artifact->repository->engine, &address,
					  err);
	if (code)
		return code;
	artifact->state = MUSTER_ARTIFACT_COMMITTED;
	api_version_name(version, &address);
	code = check_type(collection_versions(version->named.collection), options->type, err);
	if (!code && options->run)
		code = use(artifact, options->run, err);
	return code ? code : artifact_load(artifact, err);
}

enum muster_code muster_artifact_open(struct muster_artifact **out,
				      struct muster_repository *repository, const char *name,
				      const struct muster_artifact_open_options *options,
				      struct muster_error *err)
{
	static const struct muster_artifact_open_options defaults = { 0 };
	struct muster_artifact *artifact = calloc(1, sizeof(*artifact));
	enum muster_code code;

	*out = NULL;
	if (!artifact)
		return muster_fail_memory(err, "an artifact");
	artifact->repository = repository;
	code = open_version(artifact, name, options ? options : &defaults, err);
	if (code)
		muster_artifact_close(artifact);
	else
		*out = artifact;
	return code;
}

static void names_release(struct artifact_names *names)
{
	free(names->entity);
	free(names->project);
	free(names->name);
	free(names->version);
	free(names->collection);
	free(names->qualified_name);
}

static void words_release(struct artifact_words *words)
{
	text_list_release(&words->aliases);
	text_list_release(&words->tags);
	free(words->description);
	free(words->metadata);
}

void muster_artifact_close(struct muster_artifact *artifact)
{
	if (!artifact)
		return;
	artifact_draft_free(artifact->draft);
	named_version_release(&artifact->version.named);
	names_release(&artifact->names);
	names_release(&artifact->source);
	words_release(&artifact->words);
	words_release(&artifact->stored);
	bytes_release(&artifact->json);
	bytes_release(&artifact->path);
	free(artifact->type);
	free(artifact->url);
	free(artifact);
}

enum muster_code muster_artifact_wait(struct muster_artifact *artifact, unsigned timeout_s,
				      struct muster_error *err)
{
	enum muster_code code = artifact_need_version(artifact, "wait", err);

	(void)timeout_s;
	if (!code)
		code = artifact_refresh(artifact, err);
	return code ? code : artifact_load(artifact, err);
}
