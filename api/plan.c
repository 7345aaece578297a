#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/draft_internal.h"
#include "engine/draft/ranges.h"
#include "engine/look/named_version.h"

#define SHARD_TEXT_BYTES 8

_Static_assert(MUSTER_SHARDS_MAX == DRAFT_PARTS_MAX, "as many shards as parts");

/* The names and ranges of all shards. */
struct shards {
	const struct shard_range *cut; /* lent by the cutter */
	size_t count;
	struct draft_range *ranges;
	char (*names)[SHARD_TEXT_BYTES];
};

static enum muster_code cut_version(struct muster_repository *repository, const char *text,
				    struct shard_cutter *cutter, struct muster_error *err)
{
	struct artifact_address address;
	struct named_version named = { 0 };
	enum muster_code code = api_address(repository, text, &address, err);

	if (!code)
		code = named_version_open(&named, repository->engine, &address, err);
	if (!code)
		code = ranges_of_version(cutter, repository->store, &named.version->manifest, err);
	named_version_release(&named);
	return code;
}

static enum muster_code cut(struct muster_repository *repository,
			    const struct muster_plan_options *options, struct shard_cutter *cutter,
			    struct muster_error *err)
{
	struct muster_job job;
	enum muster_code code = api_check_sources(repository, options->sources, err);

	if (!code)
		code = api_job(&options->sources->job, &job, err);
	if (code)
		return code;
	if (options->like)
		return cut_version(repository, options->like, cutter, err);
	return ranges_of_sources(cutter, options->sources, job.worker_count, err);
}

static enum muster_code name_shards(struct shards *shards, struct muster_error *err)
{
	shards->ranges = calloc(shards->count, sizeof(*shards->ranges));
	shards->names = calloc(shards->count, sizeof(*shards->names));
	if (!shards->ranges || !shards->names)
		return muster_fail_memory(err, "shards");
	for (size_t i = 0; i < shards->count; i++) {
		snprintf(shards->names[i], SHARD_TEXT_BYTES, "%u", (unsigned)i);
		shards->ranges[i] =
			(struct draft_range){ view_text(shards->names[i]), shards->cut[i].begin,
					      shards->cut[i].end };
	}
	return MUSTER_OK;
}

static void tell(const struct shards *shards, const char *id, muster_shard_fn *fn, void *state)
{
	for (size_t i = 0; i < shards->count; i++) {
		const struct shard_range *range = &shards->cut[i];
		struct muster_shard_info info = {
			.draft = id,
			.shard = shards->names[i],
			.begin = range->begin.len ? (const char *)range->begin.ptr : "",
			.end = range->end.len ? (const char *)range->end.ptr : "",
			.begin_bytes = range->begin.len,
			.end_bytes = range->end.len,
			.file_count = range->count,
			.size_bytes = range->weight - range->count * RANGES_FILE_BYTES
		};

		fn(state, &info);
	}
}

enum muster_code muster_plan(struct muster_repository *repository,
			     const struct muster_plan_options *options, muster_shard_fn *fn,
			     void *state, struct muster_error *err)
{
	struct shards shards = { 0 };
	struct shard_cutter *cutter;
	char id[MUSTER_DRAFT_ID_BYTES];
	enum muster_code code;

	if (options->shard_count < 1 || options->shard_count > MUSTER_SHARDS_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "a plan has 1 to %d shards, not %u",
				   MUSTER_SHARDS_MAX, options->shard_count);
	code = shard_cutter_new(&cutter, options->shard_count, err);
	if (code)
		return code;
	code = cut(repository, options, cutter, err);
	if (!code) {
		shards.count = shard_cutter_cut(cutter, &shards.cut);
		code = name_shards(&shards, err);
	}
	if (!code)
		code = api_draft_new(repository, &options->draft,
				     &(struct records){ shards.ranges, shards.count }, id, err);
	if (!code)
		tell(&shards, id, fn, state);
	free(shards.ranges);
	free(shards.names);
	shard_cutter_free(cutter);
	return code;
}
