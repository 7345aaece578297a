/* Drafts that take more: files, removals, shards. */
#include "muster/draft.h"

#include <string.h>

#include "api/draft_internal.h"
#include "artifact/path.h"
#include "base/text/utf8.h"

/* A draft that takes parts, and lives on; or one that has this shard, if not NULL. */
static enum muster_code open_to_change(struct muster_repository *repository, const char *id,
				       const char *shard, struct draft **out,
				       struct muster_error *err)
{
	enum muster_code code = api_prepare_write(repository, err);

	*out = NULL;
	if (!code)
		code = api_draft_open(repository, id, out, err);
	if (!code)
		code = draft_check_open(*out, shard, err);
	return code ? code : draft_renew(*out, err);
}

static struct part_options part_options(struct muster_repository *repository,
					const struct draft *draft, const struct muster_job *job)
{
	return (struct part_options){ .job = *job,
				      .cache_dir = repository->cache_dir,
				      .what = "draft",
				      .life_ms = DRAFT_LIFE_MS,
				      .beneath = *draft_content(draft) };
}

/* A shard sees no other one: their order does not matter. */
static enum muster_code shard_options(struct muster_repository *repository, struct draft *draft,
				      const char *shard, const struct muster_job *job,
				      struct manifest_pointer *latest, struct part_options *out,
				      struct muster_error *err)
{
	struct draft_range range = { 0 };
	enum muster_code code = MUSTER_ABSENT;

	*out = part_options(repository, draft, job);
	if (shard) {
		out->beneath.parts = NULL;
		out->beneath.part_count = 0;
		code = draft_range_of(draft, shard, &range, err);
	}
	if (code && code != MUSTER_ABSENT)
		return code;
	out->begin = range.begin;
	out->end = range.end;
	if (out->beneath.version)
		return MUSTER_OK;
	code = draft_latest(draft, latest, err);
	out->kept_from = code ? NULL : latest;
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* A part that says nothing is none; of a shard it says that it was done. MUSTER_EXISTS: somebody
 * else has done the shard meanwhile. */
static enum muster_code keep_part(struct draft *draft, struct part *part, const char *shard,
				  struct muster_error *err)
{
	struct part_content content;
	enum muster_code code = part_finish(part, &content, err);

	if (code || (!shard && !content.has_added && !content.has_removed))
		return code;
	return draft_add_part(draft, part, &content, shard, err);
}

static enum muster_code add_to(struct muster_repository *repository, struct draft *draft,
			       const char *shard, const struct muster_put_options *options,
			       struct muster_put_report *report, struct muster_error *err)
{
	struct manifest_pointer latest;
	struct part_options part_is;
	struct muster_error error = { 0 };
	struct part *part = NULL;
	enum muster_code kept = MUSTER_OK, code;

	code = shard_options(repository, draft, shard, &options->job, &latest, &part_is, err);
	if (!code)
		code = part_open(&part, repository->engine, &part_is, err);
	if (!code)
		code = part_add_sources(part, options, true, report, err);
	if (!code || (code == MUSTER_E_ITEMS && options->commit_partial))
		kept = keep_part(draft, part, shard, &error);
	if (muster_failed(kept) && err) /* rather than that some items failed */
		*err = error;
	part_close(part);
	return kept ? kept : code;
}

/* MUSTER_EXISTS: the shard is there already. */
static enum muster_code add(struct muster_repository *repository, const char *id, const char *shard,
			    const struct muster_put_options *options,
			    struct muster_put_report *report, struct muster_error *err)
{
	struct muster_put_options full = *options;
	struct api_full_sources sources = { 0 };
	struct draft *draft = NULL;
	enum muster_code code = api_check_sources(repository, options, err);

	*report = (struct muster_put_report){ 0 };
	if (!code)
		code = api_job(&options->job, &full.job, err);
	if (!code)
		code = api_full_sources(repository, options, &sources, err);
	if (!code) {
		full.sources = sources.sources;
		api_job_in(repository, &full.job);
		code = open_to_change(repository, id, shard, &draft, err);
	}
	if (!code && !shard && draft_plan(draft)->ranges.count)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "the draft is made in shards: say which one this is");
	if (!code && shard)
		code = draft_find_part(draft, shard, err);
	if (!code || code == MUSTER_ABSENT)
		code = add_to(repository, draft, shard, &full, report, err);
	draft_close(draft);
	api_full_sources_release(&sources);
	return code;
}

enum muster_code muster_draft_add(struct muster_repository *repository, const char *id,
				  const struct muster_put_options *options,
				  struct muster_put_report *report, struct muster_error *err)
{
	struct muster_put_report own;

	return add(repository, id, NULL, options, report ? report : &own, err);
}

enum muster_code muster_draft_add_shard(struct muster_repository *repository, const char *id,
					const char *shard, const struct muster_put_options *options,
					bool *was_there, struct muster_put_report *report,
					struct muster_error *err)
{
	struct muster_put_report own;
	enum muster_code code;

	if (!*shard || strlen(shard) > DRAFT_SHARD_MAX_BYTES || !utf8_valid(view_text(shard)))
		return muster_fail(err, MUSTER_E_USAGE, "a shard's name has 1 to %d bytes of UTF-8",
				   DRAFT_SHARD_MAX_BYTES);
	code = add(repository, id, shard, options, report ? report : &own, err);
	if (was_there)
		*was_there = code == MUSTER_EXISTS;
	return code == MUSTER_EXISTS ? MUSTER_OK : code;
}

static enum muster_code remove_all(struct part *part, const char *const *paths, size_t path_count,
				   struct muster_error *err)
{
	struct bytes path = { 0 };
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < path_count && !code; i++) {
		code = entry_path_normalize(view_text(paths[i]), &path, err);
		if (!code)
			code = part_remove(part, bytes_view(&path), err);
	}
	bytes_release(&path);
	return code;
}

enum muster_code muster_draft_remove(struct muster_repository *repository, const char *id,
				     const char *const *paths, size_t path_count,
				     struct muster_error *err)
{
	struct muster_job job = { 0 };
	struct part_options part_is;
	struct draft *draft = NULL;
	struct part *part = NULL;
	enum muster_code code = api_job(&job, &job, err);

	if (!code)
		code = open_to_change(repository, id, NULL, &draft, err);
	if (!code && draft_plan(draft)->ranges.count)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "the draft is made in shards: nothing can be removed from it");
	if (!code) {
		part_is = part_options(repository, draft, &job);
		code = part_open(&part, repository->engine, &part_is, err);
	}
	if (!code)
		code = remove_all(part, paths, path_count, err);
	if (!code)
		code = keep_part(draft, part, NULL, err);
	part_close(part);
	draft_close(draft);
	return code;
}
