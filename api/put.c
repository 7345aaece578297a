#include "engine/put/put.h"

#include <limits.h>
#include <stdlib.h>

#include "api/api_internal.h"
#include "artifact/path.h"
#include "engine/put/uri.h"

static enum muster_code check_scheme(const struct muster_source *source, struct muster_error *err)
{
	struct uri_version named;
	struct bytes path = { 0 };
	enum muster_code code = MUSTER_OK;

	if (uri_kind(source->path) == URI_MUSTER) {
		code = uri_version(source->path, &named, &path, err);
		bytes_release(&path);
		return code;
	}
	if (uri_kind(source->path) != URI_NETWORK)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "'%s': references over the network are not supported by this build, "
			   "only file:// and muster://",
			   source->path);
}

enum muster_code muster_check_put(const struct muster_put_options *options,
				  struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_new_name(options->name, &address, err);
	struct api_new_version version = {
		.name = address.name,
		.type = options->type,
		.description = options->description,
		.metadata = options->metadata,
		.aliases = options->aliases,
		.alias_count = options->alias_count,
		.tags = options->tags,
		.tag_count = options->tag_count,
	};

	if (!code)
		code = api_check_new_version(&version, err);
	if (!code && options->ttl_days > MUSTER_TTL_MAX_DAYS)
		code = muster_fail(err, MUSTER_E_USAGE, "a ttl of %u days is over %u",
				   options->ttl_days, MUSTER_TTL_MAX_DAYS);
	for (size_t i = 0; i < options->source_count && !code; i++)
		code = check_scheme(&options->sources[i], err);
	return code;
}

/* A repository would grow by what it stores of itself. */
static enum muster_code check_source(const struct muster_repository *repository,
				     const struct muster_source *source, struct muster_error *err)
{
	char place[PATH_MAX], of_repository[PATH_MAX];
	if (!repository->path)
		return MUSTER_OK; /* in a cloud */
	if (!realpath(source->path, place) || !realpath(repository->path, of_repository))
		return MUSTER_OK; /* a URI, or what is not there: the put says so */
	if (path_is_under(view_text(place), view_text(of_repository)))
		return muster_fail(err, MUSTER_E_REFUSED,
				   "put '%s': the repository '%s' lies in it: move the repository, "
				   "or put the directories beside it",
				   source->path, repository->path);
	if (path_is_under(view_text(of_repository), view_text(place)))
		return muster_fail(err, MUSTER_E_REFUSED,
				   "put '%s': it lies in the repository '%s'", source->path,
				   repository->path);
	return MUSTER_OK;
}

enum muster_code api_check_sources(const struct muster_repository *repository,
				   const struct muster_put_options *options,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < options->source_count && !code; i++) {
		code = check_scheme(&options->sources[i], err);
		if (!code)
			code = check_source(repository, &options->sources[i], err);
	}
	return code;
}

/* The sources, with references to versions under their full names: all text in one. */
void api_full_sources_release(struct api_full_sources *full)
{
	free(full->sources);
	bytes_release(&full->text);
}

/* "muster://entity/project/name:alias/path": what was left out is the repository's own. */
enum muster_code api_full_uri(const struct muster_repository *repository, const char *uri,
			      struct bytes *out, struct muster_error *err)
{
	struct uri_version named;
	struct bytes path = { 0 };
	struct artifact_address *address = &named.address;
	const char *rest = strchr(strchr(uri, ':') + strlen("://"), ':');
	enum muster_code code = uri_version(uri, &named, &path, err);

	bytes_release(&path);
	if (code)
		return code;
	if (!address->entity.len)
		address->entity = view_text(repository->entity);
	if (!address->project.len)
		address->project = view_text(repository->project);
	code = bytes_printf(out, err, URI_MUSTER_SCHEME "%.*s/%.*s/%.*s%s",
			    VIEW_ARGS(address->entity), VIEW_ARGS(address->project),
			    VIEW_ARGS(address->name), rest);
	return code ? code : bytes_append_byte(out, '\0', err);
}

enum muster_code api_full_sources(const struct muster_repository *repository,
				  const struct muster_put_options *options,
				  struct api_full_sources *out, struct muster_error *err)
{
	size_t count = options->source_count, at = 0;
	enum muster_code code = MUSTER_OK;

	out->sources = calloc(count + 1, sizeof(*out->sources));
	if (!out->sources)
		return muster_fail_memory(err, "the sources");
	for (size_t i = 0; i < count && !code; i++) {
		out->sources[i] = options->sources[i];
		if (uri_kind(options->sources[i].path) == URI_MUSTER)
			code = api_full_uri(repository, options->sources[i].path, &out->text, err);
	}
	for (size_t i = 0; i < count && !code; i++) { /* the text does not move any more */
		if (uri_kind(options->sources[i].path) != URI_MUSTER)
			continue;
		out->sources[i].path = (const char *)out->text.ptr + at;
		at += strlen(out->sources[i].path) + 1;
	}
	return code;
}

enum muster_code api_begin_version(struct muster_repository *repository,
				   const struct api_given_name *given, struct muster_job *job,
				   struct api_full_name *name, struct muster_error *err)
{
	struct muster_job given_job = *job;
	enum muster_code code = api_full_name(repository, given, name, err);

	if (!code)
		code = api_job(&given_job, job, err);
	if (!code)
		api_job_in(repository, job);
	return code ? code : api_prepare_write(repository, err);
}

enum muster_code muster_put(struct muster_repository *repository,
			    const struct muster_put_options *options,
			    struct muster_put_report *report, struct muster_error *err)
{
	struct api_given_name given = { options->entity, options->project, options->name };
	struct muster_put_report own;
	struct muster_put_options full = *options;
	struct api_full_name name = { 0 };
	struct api_run run = { 0 };
	struct api_full_sources sources = { 0 };
	enum muster_code code = muster_check_put(options, err);

	report = report ? report : &own;
	*report = (struct muster_put_report){ 0 };
	if (!code)
		code = api_check_sources(repository, options, err);
	if (!code)
		code = api_begin_version(repository, &given, &full.job, &name, err);
	if (!code && !options->dry_run)
		code = api_run(repository, options->run, &run, err);
	full.run = run.text;
	if (!code)
		code = api_full_sources(repository, options, &sources, err);
	full.sources = sources.sources;
	full.entity = name.entity;
	full.project = name.project;
	full.name = name.name;
	if (!code)
		code = put_run(repository->engine, repository->cache_dir, &full, report, err);
	api_full_sources_release(&sources);
	api_full_name_release(&name);
	return code;
}
