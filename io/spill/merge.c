#include "io/spill/merge.h"

#include <assert.h>
#include <stdlib.h>

#include "io/spill/key_sort.h"

enum muster_code merge_add_level(struct merge *merge, const struct run_level *level,
				 const char *dir, struct muster_error *err)
{
	assert(merge->count + level->count <= SPILL_FAN_IN);
	if (!merge->sources) {
		merge->sources = calloc(SPILL_FAN_IN, sizeof(*merge->sources));
		if (!merge->sources)
			return muster_fail_memory(err, "merging sorted runs");
	}
	for (unsigned i = 0; i < level->count; i++) {
		struct run_reader *reader = &merge->sources[merge->count].reader;
		enum muster_code code = run_reader_open(reader, level, i, dir, err);

		if (code)
			return code;
		merge->count++;
	}
	return MUSTER_OK;
}

static enum muster_code source_step(struct merge_source *source, struct muster_error *err)
{
	enum muster_code code = run_reader_next(&source->reader, &source->record, err);

	if (code == MUSTER_END) {
		source->is_done = true;
		return MUSTER_OK;
	}
	if (code)
		return code;
	source->key = record_key(source->record);
	source->prefix = key_prefix(source->key.ptr, source->key.len);
	return MUSTER_OK;
}

static bool comes_before(const struct merge *merge, unsigned a, unsigned b)
{
	const struct merge_source *left = &merge->sources[a], *right = &merge->sources[b];
	int order;

	if (left->is_done || right->is_done)
		return !left->is_done;
	if (left->prefix != right->prefix)
		return left->prefix < right->prefix;
	order = view_compare(left->key, right->key);
	return order ? order < 0 : a < b;
}

enum muster_code merge_start(struct merge *merge, struct muster_error *err)
{
	unsigned winners[2 * SPILL_FAN_IN];

	for (unsigned i = 0; i < merge->count; i++) {
		enum muster_code code = source_step(&merge->sources[i], err);

		if (code)
			return code;
		winners[merge->count + i] = i;
	}
	winners[1] = 0; /* of a single source */
	for (unsigned node = merge->count - 1; node > 0; node--) {
		unsigned a = winners[2 * node], b = winners[2 * node + 1];
		bool is_first = comes_before(merge, a, b);

		winners[node] = is_first ? a : b;
		merge->losers[node] = is_first ? b : a;
	}
	merge->losers[0] = winners[1];
	return MUSTER_OK;
}

static enum muster_code merge_step(struct merge *merge, struct muster_error *err)
{
	unsigned winner = merge->losers[0];
	enum muster_code code = source_step(&merge->sources[winner], err);

	if (code)
		return code;
	for (unsigned node = (merge->count + winner) / 2; node > 0; node /= 2) {
		unsigned other = merge->losers[node];

		if (comes_before(merge, other, winner)) {
			merge->losers[node] = winner;
			winner = other;
		}
	}
	merge->losers[0] = winner;
	return MUSTER_OK;
}

enum muster_code merge_next(struct merge *merge, struct view *record, struct muster_error *err)
{
	const struct merge_source *winner;

	if (merge->is_lent) {
		enum muster_code code = merge_step(merge, err);

		if (code)
			return code;
		merge->is_lent = false;
	}
	winner = &merge->sources[merge->losers[0]];
	if (winner->is_done)
		return MUSTER_END;
	merge->is_lent = true;
	*record = winner->record;
	return MUSTER_OK;
}

void merge_release(struct merge *merge)
{
	for (unsigned i = 0; i < merge->count; i++)
		run_reader_release(&merge->sources[i].reader);
	free(merge->sources);
	*merge = (struct merge){ 0 };
}
