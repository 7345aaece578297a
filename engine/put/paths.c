/* The beginning of a put alone: which files it would take. */
#include "engine/put/put_internal.h"

static enum muster_code tell(const struct put_batch *batch, put_path_fn *fn, void *state,
			     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < batch->item_count && !code; i++)
		if (batch->items[i].fate != ITEM_VANISHED)
			code = fn(state, batch->items[i].path, batch->items[i].found.size_bytes,
				  err);
	return code;
}

enum muster_code put_each_path(const struct muster_put_options *options, unsigned thread_count,
			       put_path_fn *fn, void *state, struct muster_error *err)
{
	const struct source_limits limits = { .thread_count = thread_count };
	struct put_source *source = NULL;
	struct put_batch *batch;
	enum muster_code code = put_source_open(&source, NULL, options, &limits, err);

	while (!code && !(code = put_source_next(source, &batch, err))) {
		code = tell(batch, fn, state, err);
		put_batch_free(batch);
	}
	put_source_close(source);
	return code == MUSTER_END ? MUSTER_OK : code;
}
