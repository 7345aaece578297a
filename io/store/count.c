#include "io/store/count.h"

#include <stdatomic.h>
#include <stdlib.h>

struct tally {
	atomic_ullong call_count, byte_count, failure_count;
};

struct count_store {
	struct store base;
	struct store *inner;
	struct tally create, open, read, list, remove, write_begin, write_append, write_finish,
		write_abort, sync, now;
	atomic_ullong listed_key_count;
};

struct count_object {
	struct store_object base;
	struct store_object *inner;
};

struct count_writer {
	struct store_writer base;
	struct store_writer *inner;
};

static struct count_store *count_of(struct store *store)
{
	return (struct count_store *)store;
}

static enum muster_code tally_add(struct tally *tally, enum muster_code code, uint64_t byte_count)
{
	atomic_fetch_add_explicit(&tally->call_count, 1, memory_order_relaxed);
	if (muster_failed(code))
		atomic_fetch_add_explicit(&tally->failure_count, 1, memory_order_relaxed);
	else if (code == MUSTER_OK)
		atomic_fetch_add_explicit(&tally->byte_count, byte_count, memory_order_relaxed);
	return code;
}

static enum muster_code count_create(struct store *store, const char *key, struct view data,
				     struct muster_error *err)
{
	struct count_store *count = count_of(store);

	return tally_add(&count->create, count->inner->ops->create(count->inner, key, data, err),
			 data.len);
}

static enum muster_code count_open(struct store *store, const char *key, struct store_object **out,
				   struct muster_error *err)
{
	struct count_store *count = count_of(store);
	struct count_object *object = malloc(sizeof(*object));
	enum muster_code code;

	if (!object)
		return tally_add(&count->open, muster_fail_memory(err, "an open object"), 0);
	code = count->inner->ops->open(count->inner, key, &object->inner, err);
	if (code) {
		free(object);
		return tally_add(&count->open, code, 0);
	}
	object->base = (struct store_object){ store, object->inner->size_bytes };
	*out = &object->base;
	return tally_add(&count->open, MUSTER_OK, 0);
}

static enum muster_code count_read(struct store_object *base, uint64_t offset_bytes, void *out,
				   size_t len, struct muster_error *err)
{
	struct count_store *count = count_of(base->store);
	struct store_object *inner = ((struct count_object *)base)->inner;

	return tally_add(&count->read, inner->store->ops->read(inner, offset_bytes, out, len, err),
			 len);
}

static void count_close(struct store_object *base)
{
	struct store_object *inner = ((struct count_object *)base)->inner;

	inner->store->ops->close(inner);
	free(base);
}

struct count_listing {
	struct count_store *count;
	store_list_fn *fn;
	void *state;
};

static enum muster_code count_listed(void *state, const char *key, uint64_t size_bytes,
				     uint64_t modified_ns, struct muster_error *err)
{
	struct count_listing *listing = state;

	atomic_fetch_add_explicit(&listing->count->listed_key_count, 1, memory_order_relaxed);
	return listing->fn(listing->state, key, size_bytes, modified_ns, err);
}

static enum muster_code count_list(struct store *store, const char *prefix, const char *after,
				   store_list_fn *fn, void *state, struct muster_error *err)
{
	struct count_store *count = count_of(store);
	struct count_listing listing = { count, fn, state };

	return tally_add(
		&count->list,
		count->inner->ops->list(count->inner, prefix, after, count_listed, &listing, err),
		0);
}

static enum muster_code count_remove(struct store *store, const char *key, struct muster_error *err)
{
	struct count_store *count = count_of(store);

	return tally_add(&count->remove, count->inner->ops->remove(count->inner, key, err), 0);
}

static enum muster_code count_write_begin(struct store *store, const char *key,
					  struct store_writer **out, struct muster_error *err)
{
	struct count_store *count = count_of(store);
	struct count_writer *writer = malloc(sizeof(*writer));
	enum muster_code code;

	if (!writer)
		return tally_add(&count->write_begin, muster_fail_memory(err, "a writer"), 0);
	code = count->inner->ops->write_begin(count->inner, key, &writer->inner, err);
	if (code) {
		free(writer);
		return tally_add(&count->write_begin, code, 0);
	}
	writer->base.store = store;
	*out = &writer->base;
	return tally_add(&count->write_begin, MUSTER_OK, 0);
}

static enum muster_code count_write_append(struct store_writer *base, struct view data,
					   struct muster_error *err)
{
	struct store_writer *inner = ((struct count_writer *)base)->inner;

	return tally_add(&count_of(base->store)->write_append,
			 inner->store->ops->write_append(inner, data, err), data.len);
}

static enum muster_code count_write_finish(struct store_writer *base, struct muster_error *err)
{
	struct count_store *count = count_of(base->store);
	struct store_writer *inner = ((struct count_writer *)base)->inner;

	free(base);
	return tally_add(&count->write_finish, inner->store->ops->write_finish(inner, err), 0);
}

static void count_write_abort(struct store_writer *base)
{
	struct count_store *count = count_of(base->store);
	struct store_writer *inner = ((struct count_writer *)base)->inner;

	inner->store->ops->write_abort(inner);
	tally_add(&count->write_abort, MUSTER_OK, 0);
	free(base);
}

static enum muster_code count_sync(struct store *store, struct muster_error *err)
{
	struct count_store *count = count_of(store);

	return tally_add(&count->sync, count->inner->ops->sync(count->inner, err), 0);
}

static enum muster_code count_now(struct store *store, uint64_t *wall_ns, struct muster_error *err)
{
	struct count_store *count = count_of(store);

	return tally_add(&count->now, count->inner->ops->now(count->inner, wall_ns, err), 0);
}

static void count_free(struct store *store)
{
	struct count_store *count = count_of(store);

	count->inner->ops->free(count->inner);
	free(count);
}

static const struct store_ops count_ops = {
	.kind = "counted",
	.create = count_create,
	.open = count_open,
	.read = count_read,
	.close = count_close,
	.list = count_list,
	.remove = count_remove,
	.write_begin = count_write_begin,
	.write_append = count_write_append,
	.write_finish = count_write_finish,
	.write_abort = count_write_abort,
	.sync = count_sync,
	.now = count_now,
	.free = count_free,
};

enum muster_code store_count_new(struct store **out, struct store *inner, struct muster_error *err)
{
	struct count_store *count = calloc(1, sizeof(*count));

	*out = NULL;
	if (!count)
		return muster_fail_memory(err, "a store");
	count->base.ops = &count_ops;
	count->inner = inner;
	*out = &count->base;
	return MUSTER_OK;
}

static struct store_tally tally_read(struct tally *tally)
{
	return (struct store_tally){
		.call_count = atomic_load(&tally->call_count),
		.byte_count = atomic_load(&tally->byte_count),
		.failure_count = atomic_load(&tally->failure_count),
	};
}

void store_count_read(struct store *store, struct store_counts *out)
{
	struct count_store *count = count_of(store);

	*out = (struct store_counts){
		.create = tally_read(&count->create),
		.open = tally_read(&count->open),
		.read = tally_read(&count->read),
		.list = tally_read(&count->list),
		.remove = tally_read(&count->remove),
		.write_begin = tally_read(&count->write_begin),
		.write_append = tally_read(&count->write_append),
		.write_finish = tally_read(&count->write_finish),
		.write_abort = tally_read(&count->write_abort),
		.sync = tally_read(&count->sync),
		.now = tally_read(&count->now),
		.listed_key_count = atomic_load(&count->listed_key_count),
	};
}
