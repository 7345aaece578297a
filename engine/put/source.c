/* Walks and lists of files, merged into one stream in path order. With one source, a walk's batch
 * passes as it is; with several, a batch is cut where another source has the next path. */
#include <stdlib.h>

#include "engine/put/input.h"
#include "planners/clash/clash.h"

struct put_source {
	struct input *inputs;
	size_t input_count;
	struct clash clash;
};

/* Who has no name may have the first path, and others of the kind the ones between: these walk at
 * the same time, and share what one walk may take. */
static struct source_limits share(const struct muster_put_options *options,
				  const struct source_limits *limits)
{
	struct source_limits shared = *limits;
	size_t count = 0;

	for (size_t i = 0; i < options->source_count; i++)
		count += !options->sources[i].name;
	if (count < 2)
		return shared;
	shared.ahead_entry_max = (shared.ahead_entry_max + count - 1) / count;
	shared.names_max_bytes = (shared.names_max_bytes + count - 1) / count;
	shared.thread_count = (unsigned)((shared.thread_count + count - 1) / count);
	return shared;
}

static enum muster_code wake_first(struct put_source *source, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < source->input_count && !code; i++)
		if (source->input_count == 1 || source->inputs[i].prefix.len == 0)
			code = input_wake(&source->inputs[i], err);
	return code;
}

enum muster_code put_source_open(struct put_source **out, struct repository *repository,
				 const struct muster_put_options *options,
				 const struct source_limits *limits, struct muster_error *err)
{
	struct put_source *source = calloc(1, sizeof(*source));
	const struct source_limits shared = share(options, limits);
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	if (!source)
		return muster_fail_memory(err, "the sources");
	source->inputs = calloc(options->source_count, sizeof(*source->inputs));
	if (!source->inputs)
		code = muster_fail_memory(err, "the sources");
	for (size_t i = 0; i < options->source_count && !code; i++) {
		source->input_count++;
		source->inputs[i].repository = repository;
		code = input_open(&source->inputs[i], options, &options->sources[i], &shared, err);
	}
	if (!code)
		code = wake_first(source, err);
	if (code) {
		put_source_close(source);
		return code;
	}
	*out = source;
	return MUSTER_OK;
}

void put_source_close(struct put_source *source)
{
	if (!source)
		return;
	for (size_t i = 0; i < source->input_count; i++)
		input_release(&source->inputs[i]);
	clash_release(&source->clash);
	free(source->inputs);
	free(source);
}

uint64_t put_source_special_count(const struct put_source *source)
{
	uint64_t count = 0;

	for (size_t i = 0; i < source->input_count; i++)
		count += source->inputs[i].walk ? walk_counted(source->inputs[i].walk).special_count
						: source->inputs[i].special_count;
	return count;
}

static struct input *smallest(struct put_source *source)
{
	struct input *best = NULL;

	for (size_t i = 0; i < source->input_count; i++) {
		struct input *input = &source->inputs[i];

		if (!input->is_done && (!best || input_compare(input, best) < 0))
			best = input;
	}
	return best;
}

static bool is_before_others(struct put_source *source, const struct input *input)
{
	for (size_t i = 0; i < source->input_count; i++) {
		const struct input *other = &source->inputs[i];

		if (other != input && !other->is_done && input_compare(other, input) <= 0)
			return false;
	}
	return true;
}

static enum muster_code two_sources(struct put_source *source, const struct input *input,
				    struct muster_error *err)
{
	const struct input *other = input;
	struct view path = input_head(input);

	for (size_t i = 0; i < source->input_count; i++)
		if (&source->inputs[i] != input && !source->inputs[i].is_done &&
		    input_compare(&source->inputs[i], input) == 0)
			other = &source->inputs[i];
	return muster_fail(err, MUSTER_E_USAGE, "'%.*s%.*s' comes from two sources: '%s' and '%s'",
			   VIEW_ARGS(bytes_view(&input->prefix)), VIEW_ARGS(path), input->root,
			   other->root);
}

/* A file and a directory of one name can only meet where sources meet. */
static enum muster_code check_clashes(struct put_source *source, const struct put_batch *batch,
				      struct muster_error *err)
{
	for (size_t i = 0; i < batch->item_count; i++) {
		enum muster_code code = clash_next(&source->clash, batch->items[i].path, err);

		if (code)
			return code;
	}
	return MUSTER_OK;
}

static enum muster_code take_items(struct put_source *source, struct input *input,
				   struct put_batch *batch, size_t item_max,
				   struct muster_error *err)
{
	bool is_alone = source->input_count == 1;
	enum muster_code code;

	while (input->next < input->count && batch->item_count < item_max) {
		if (!is_alone && batch->item_count && !is_before_others(source, input))
			break;
		if (input_take(input, &batch->items[batch->item_count]))
			batch->item_count++;
	}
	for (size_t i = 0; i < batch->item_count; i++)
		batch->items[i].batch = batch;
	code = input_give(input, batch, err);
	if (!code && !is_alone)
		code = check_clashes(source, batch, err);
	return code;
}

/* The input with the next path, awake and with an item in hand; NULL: there is none. */
static enum muster_code find_next(struct put_source *source, struct input **out,
				  struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	do {
		for (size_t i = 0; i < source->input_count && !code; i++)
			code = input_load(&source->inputs[i], err);
		if (code)
			return code;
		*out = smallest(source);
		if (!*out || !(*out)->is_asleep)
			return MUSTER_OK;
		code = input_wake(*out, err);
	} while (!code);
	return code;
}

enum muster_code put_source_next(struct put_source *source, struct put_batch **out,
				 struct muster_error *err)
{
	struct put_batch *batch;
	struct input *input;
	size_t item_max;
	enum muster_code code = find_next(source, &input, err);

	*out = NULL;
	if (code)
		return code;
	if (!input)
		return MUSTER_END;
	if (!is_before_others(source, input))
		return two_sources(source, input, err);
	item_max = input->count - input->next;
	if (item_max > PUT_BATCH_MAX)
		item_max = PUT_BATCH_MAX;
	batch = malloc(sizeof(*batch) + item_max * sizeof(batch->items[0]));
	if (!batch)
		return muster_fail_memory(err, "a batch");
	*batch = (struct put_batch){ 0 };
	code = take_items(source, input, batch, item_max, err);
	if (code) {
		put_batch_free(batch);
		return code;
	}
	*out = batch;
	return MUSTER_OK;
}
