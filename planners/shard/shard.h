/**
 * shard - cuts an ordered stream of paths into key ranges of about equal weight, in fixed memory.
 * Pure.
 *
 * Paths come once, in ascending order, each with a weight. Of them only as many are kept as cuts
 * need: one wherever the weight so far passes another step; when there are too many, steps become
 * twice as wide and every other one goes.
 *
 * Each range aims at its share of what is left, so a path that weighs more than a share takes from
 * none but its own range.
 *
 * Exactness: a range's weight differs from its share by a few steps and the weight of two paths at
 *            most; a step is at most 1 / (SHARD_SAMPLES_PER_CUT / 2) of the mean.
 * Memory:    SHARD_SAMPLES_PER_CUT paths for each range.
 */
#ifndef PLANNERS_SHARD_SHARD_H
#define PLANNERS_SHARD_SHARD_H

#include "base/bytes.h"

#define SHARD_SAMPLES_PER_CUT 16

struct shard_cutter;

/** A range: begin <= path < end; empty: no bound. */
struct shard_range {
	struct view begin, end; /* lent for the cutter's life */
	uint64_t weight, count; /* of the paths in it, about */
};

/** `range_max` at least 1. */
enum muster_code shard_cutter_new(struct shard_cutter **out, size_t range_max,
				  struct muster_error *err);
void shard_cutter_free(struct shard_cutter *cutter); /* takes NULL */
/** `count` paths of `weight` together, of which `path` is the first (one of a tree; those of a leaf
 *  of a manifest). */
enum muster_code shard_cutter_add(struct shard_cutter *cutter, struct view path, uint64_t weight,
				  uint64_t count, struct muster_error *err);
/** No more paths. How many ranges there are: they ascend, meet, and cover all; fewer than were
 *  wanted only where there are fewer paths that weigh anything. Lent for the cutter's life. Once
 * only. */
size_t shard_cutter_cut(struct shard_cutter *cutter, const struct shard_range **out);

#endif
