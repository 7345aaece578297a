#include "planners/shard/shard.h"

#include <assert.h>
#include <stdlib.h>

struct sample {
	uint64_t before, count_before; /* weight and paths in front of it */
	struct bytes path;
};

struct shard_cutter {
	size_t range_max, sample_max;
	uint64_t step, next; /* the next sample is the first path at or behind this weight */
	uint64_t weight, count;
	struct sample *samples; /* [0] is the first path of all */
	size_t sample_count;
	struct shard_range *ranges;
};

enum muster_code shard_cutter_new(struct shard_cutter **out, size_t range_max,
				  struct muster_error *err)
{
	struct shard_cutter *cutter = calloc(1, sizeof(*cutter));

	assert(range_max >= 1);
	*out = NULL;
	if (!cutter)
		return muster_fail_memory(err, "shards");
	cutter->range_max = range_max;
	cutter->sample_max = SHARD_SAMPLES_PER_CUT * range_max;
	cutter->step = 1;
	cutter->samples = calloc(cutter->sample_max, sizeof(*cutter->samples));
	cutter->ranges = calloc(range_max, sizeof(*cutter->ranges));
	if (!cutter->samples || !cutter->ranges) {
		shard_cutter_free(cutter);
		return muster_fail_memory(err, "shards");
	}
	*out = cutter;
	return MUSTER_OK;
}

void shard_cutter_free(struct shard_cutter *cutter)
{
	if (!cutter)
		return;
	for (size_t i = 0; cutter->samples && i < cutter->sample_max; i++)
		bytes_release(&cutter->samples[i].path);
	free(cutter->samples);
	free(cutter->ranges);
	free(cutter);
}

static uint64_t next_multiple(uint64_t weight, uint64_t step)
{
	return (weight / step + 1) * step;
}

/* Of samples that stand in one of the wider steps the first stays. Rooms for texts are swapped, so
 * that none is lost. */
static void widen(struct shard_cutter *cutter)
{
	size_t kept = 1;

	cutter->step *= 2;
	for (size_t i = 1; i < cutter->sample_count; i++) {
		struct sample sample = cutter->samples[i];

		if (sample.before / cutter->step == cutter->samples[kept - 1].before / cutter->step)
			continue;
		cutter->samples[i] = cutter->samples[kept];
		cutter->samples[kept++] = sample;
	}
	cutter->sample_count = kept;
	cutter->next = next_multiple(cutter->samples[kept - 1].before, cutter->step);
}

static enum muster_code take_sample(struct shard_cutter *cutter, struct view path,
				    struct muster_error *err)
{
	struct sample *sample = &cutter->samples[cutter->sample_count];
	enum muster_code code;

	sample->path.len = 0;
	code = bytes_append_view(&sample->path, path, err);
	if (code)
		return code;
	sample->before = cutter->weight;
	sample->count_before = cutter->count;
	cutter->sample_count++;
	cutter->next = next_multiple(cutter->weight, cutter->step);
	return MUSTER_OK;
}

enum muster_code shard_cutter_add(struct shard_cutter *cutter, struct view path, uint64_t weight,
				  uint64_t count, struct muster_error *err)
{
	while (cutter->sample_count == cutter->sample_max)
		widen(cutter);
	if (!cutter->sample_count || cutter->weight >= cutter->next) {
		enum muster_code code = take_sample(cutter, path, err);

		if (code)
			return code;
	}
	cutter->weight += weight;
	cutter->count += count;
	return MUSTER_OK;
}

/* The sample of from … last that comes nearest to a weight. */
static size_t nearest(const struct shard_cutter *cutter, size_t from, size_t last, uint64_t weight)
{
	size_t at = from;

	while (at < last && cutter->samples[at + 1].before <= weight)
		at++;
	if (at < last && cutter->samples[at].before < weight &&
	    cutter->samples[at + 1].before - weight < weight - cutter->samples[at].before)
		at++;
	return at;
}

static void begin_range(struct shard_cutter *cutter, size_t *count, const struct sample *sample)
{
	struct shard_range *last = *count ? &cutter->ranges[*count - 1] : NULL;

	if (last) {
		last->end = bytes_view(&sample->path);
		last->weight = sample->before - last->weight;
		last->count = sample->count_before - last->count;
	}
	/* Until the range ends these are what is in front of it. The first has no bound. */
	cutter->ranges[(*count)++] = (struct shard_range){ .begin = last ? bytes_view(&sample->path)
									 : (struct view){ 0 },
							   .weight = sample->before,
							   .count = sample->count_before };
}

size_t shard_cutter_cut(struct shard_cutter *cutter, const struct shard_range **out)
{
	static const struct sample nothing;
	size_t at = 0, count = 0;

	begin_range(cutter, &count, cutter->sample_count ? &cutter->samples[0] : &nothing);
	for (size_t left = cutter->range_max - 1; left && at + 1 < cutter->sample_count; left--) {
		uint64_t before = cutter->samples[at].before;
		uint64_t target = before + (cutter->weight - before) / (left + 1);
		size_t behind = cutter->sample_count - 1 - at; /* one for each range that follows */
		size_t last = behind > left ? cutter->sample_count - left : at + 1;

		at = nearest(cutter, at + 1, last, target);
		begin_range(cutter, &count, &cutter->samples[at]);
	}
	cutter->ranges[count - 1].weight = cutter->weight - cutter->ranges[count - 1].weight;
	cutter->ranges[count - 1].count = cutter->count - cutter->ranges[count - 1].count;
	*out = cutter->ranges;
	return count;
}
