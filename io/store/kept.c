#include "io/store/kept.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash/hash.h"
#include "base/hash/xxh3.h"

/* More copies than this are not tidied; there are never so many. */
#define LISTED_MAX 65536

struct kept_store {
	struct store base;
	struct store_ops ops;	  /* told as the far store's kind */
	struct store *far, *near; /* near: NULL until it is attached */
	const char *const *prefixes;
	atomic_bool ignores_copies;
};

/* An object below the prefix. */
struct kept_object {
	struct store_object base;
	uint8_t *held;			     /* all of it, proved; NULL: it is not held */
	_Atomic(struct store_object *) near; /* set once; closed with the object */
	atomic_bool is_doubted;		     /* the copy is not to be read */
	pthread_mutex_t lock;
	struct { /* under `lock` */
		struct store_object *far;
		uint64_t read_count;
		bool gave_up; /* to copy it */
	} locked;
	char key[];
};

static struct kept_store *kept_of(struct store *store)
{
	return (struct kept_store *)store;
}

static bool is_kept(const struct kept_store *kept, const char *key)
{
	if (!kept->near || atomic_load(&kept->ignores_copies))
		return false;
	for (const char *const *prefix = kept->prefixes; *prefix; prefix++)
		if (strncmp(key, *prefix, strlen(*prefix)) == 0)
			return true;
	return false;
}

/* --- copies: an object's bytes, and their sum ------------------------------------------------ */

/* All of a small copy, if its sum is right. */
static uint8_t *hold(struct store_object *near, uint64_t size_bytes)
{
	uint8_t *bytes = malloc((size_t)size_bytes + CHECKSUM_BYTES), sum[CHECKSUM_BYTES];

	if (!bytes)
		return NULL;
	if (!store_read(near, 0, bytes, (size_t)size_bytes + CHECKSUM_BYTES, NULL)) {
		xxh128_of(view_of(bytes, (size_t)size_bytes), sum);
		if (!memcmp(sum, bytes + size_bytes, CHECKSUM_BYTES))
			return bytes;
	}
	free(bytes);
	return NULL;
}

/* False: there is no copy that can be believed. */
static bool open_near(struct kept_object *object)
{
	struct store *store = kept_of(object->base.store)->near;
	struct store_object *near;
	uint64_t size_bytes;

	if (store_open(store, object->key, &near, NULL))
		return false;
	size_bytes = near->size_bytes - CHECKSUM_BYTES;
	if (near->size_bytes < CHECKSUM_BYTES) {
		store_close(near);
		store_remove(store, object->key, NULL);
		return false;
	}
	object->base.size_bytes = size_bytes;
	if (size_bytes > STORE_KEPT_PROVED_BYTES) {
		atomic_store(&object->near, near);
		return true;
	}
	object->held = hold(near, size_bytes);
	store_close(near);
	if (!object->held)
		store_remove(store, object->key, NULL);
	return object->held;
}

/* Its bytes, and their sum behind them. */
static enum muster_code pour(struct store_object *from, struct store_writer *to, uint8_t *buffer)
{
	const struct xxh3_form *form = xxh3_form_of(hash_cpu_resolve(HASH_CPU_BEST));
	void *stream = form->stream_new();
	uint8_t sum[CHECKSUM_BYTES];
	enum muster_code code = stream ? MUSTER_OK : MUSTER_E_MEMORY;

	if (stream)
		form->stream_begin(stream);
	for (uint64_t at = 0; at < from->size_bytes && !code; at += STORE_KEPT_REQUEST_BYTES) {
		uint64_t left = from->size_bytes - at;
		struct view piece =
			view_of(buffer, left < STORE_KEPT_REQUEST_BYTES ? (size_t)left
									: STORE_KEPT_REQUEST_BYTES);

		code = store_read(from, at, buffer, piece.len, NULL);
		if (!code)
			code = store_write_append(to, piece, NULL);
		if (!code)
			form->stream_update(stream, piece);
	}
	if (!code) {
		form->stream_end(stream, sum);
		code = store_write_append(to, view_of(sum, sizeof(sum)), NULL);
	}
	if (stream)
		form->stream_free(stream);
	return code;
}

/* --- reading --------------------------------------------------------------------------------- */

static enum muster_code open_far_locked(struct kept_object *object, struct muster_error *err)
{
	struct store *far;

	if (object->locked.far)
		return MUSTER_OK;
	far = kept_of(object->base.store)->far;
	return far->ops->open(far, object->key, &object->locked.far, err);
}

static enum muster_code kept_open(struct store *store, const char *key, struct store_object **out,
				  struct muster_error *err)
{
	struct kept_store *kept = kept_of(store);
	size_t key_bytes = strlen(key) + 1;
	struct kept_object *object;
	enum muster_code code;

	if (!is_kept(kept, key))
		return kept->far->ops->open(kept->far, key, out, err);
	object = calloc(1, sizeof(*object) + key_bytes);
	if (!object)
		return muster_fail_memory(err, "an open object");
	object->base.store = store;
	memcpy(object->key, key, key_bytes);
	if (!open_near(object)) {
		code = open_far_locked(object, err);
		if (code) {
			free(object);
			return code;
		}
		object->base.size_bytes = object->locked.far->size_bytes;
	}
	pthread_mutex_init(&object->lock, NULL);
	*out = &object->base;
	return MUSTER_OK;
}

static void kept_close(struct store_object *base)
{
	struct kept_object *object = (struct kept_object *)base;

	store_close(atomic_load(&object->near));
	store_close(object->locked.far);
	pthread_mutex_destroy(&object->lock);
	free(object->held);
	free(object);
}

static bool copy_locked(struct kept_object *object)
{
	struct kept_store *kept = kept_of(object->base.store);
	uint8_t *buffer = malloc(STORE_KEPT_REQUEST_BYTES);
	struct store_writer *writer;
	bool is_there = false;

	if (buffer && !store_write_begin(kept->near, object->key, &writer, NULL)) {
		if (pour(object->locked.far, writer, buffer)) {
			store_write_abort(writer);
		} else {
			enum muster_code code = store_write_finish(writer, NULL);

			is_there = code == MUSTER_OK || code == MUSTER_EXISTS;
		}
	}
	free(buffer);
	return is_there;
}

/* Would a copy have been cheaper than the reads so far? */
static bool is_worth_a_copy(const struct kept_object *object)
{
	uint64_t size = object->base.size_bytes;

	return size <= STORE_KEPT_OBJECT_MAX_BYTES &&
	       object->locked.read_count >= size / STORE_KEPT_REQUEST_BYTES &&
	       !object->locked.gave_up && !atomic_load(&object->near);
}

static void try_to_copy_locked(struct kept_object *object)
{
	struct store_object *near = NULL;

	object->locked.gave_up = true; /* once is enough */
	if (!copy_locked(object) ||
	    store_open(kept_of(object->base.store)->near, object->key, &near, NULL))
		return;
	if (near->size_bytes == object->base.size_bytes + CHECKSUM_BYTES)
		atomic_store(&object->near, near);
	else
		store_close(near);
}

static bool read_near(struct kept_object *object, uint64_t offset_bytes, void *out, size_t len)
{
	struct store_object *near = atomic_load(&object->near);

	return near && !atomic_load(&object->is_doubted) &&
	       !store_read(near, offset_bytes, out, len, NULL);
}

static enum muster_code kept_read(struct store_object *base, uint64_t offset_bytes, void *out,
				  size_t len, struct muster_error *err)
{
	struct kept_object *object = (struct kept_object *)base;
	struct store_object *far;
	enum muster_code code;

	if (object->held && !atomic_load(&object->is_doubted)) {
		memcpy(out, object->held + offset_bytes, len);
		return MUSTER_OK;
	}
	if (read_near(object, offset_bytes, out, len))
		return MUSTER_OK;
	pthread_mutex_lock(&object->lock);
	code = open_far_locked(object, err);
	if (!code && is_worth_a_copy(object))
		try_to_copy_locked(object);
	object->locked.read_count++;
	far = object->locked.far;
	if (!code && !read_near(object, offset_bytes, out, len))
		code = far->store->ops->read(far, offset_bytes, out, len, err);
	pthread_mutex_unlock(&object->lock);
	return code;
}

static bool kept_doubt(struct store_object *base)
{
	struct kept_object *object = (struct kept_object *)base;

	if ((!object->held && !atomic_load(&object->near)) ||
	    atomic_exchange(&object->is_doubted, true))
		return false;
	store_remove(kept_of(base->store)->near, object->key, NULL);
	pthread_mutex_lock(&object->lock);
	if (!open_far_locked(object, NULL)) /* else the next read says why */
		base->size_bytes = object->locked.far->size_bytes;
	pthread_mutex_unlock(&object->lock);
	return true;
}

/* --- listing --------------------------------------------------------------------------------- */

/* Both lists are in order, and the copies were listed first: what has a copy was there before the
 * far listing began. So a copy that this passes by is of an object that is no more. */
struct listing {
	struct kept_store *kept;
	store_list_fn *fn;
	void *state;
	char **copies;
	size_t count, cap, next;
};

static enum muster_code add_copy(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	struct listing *listing = state;

	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	if (listing->count == LISTED_MAX)
		return MUSTER_END;
	if (listing->count == listing->cap) {
		size_t cap = listing->cap ? 2 * listing->cap : 64;
		char **copies = realloc(listing->copies, cap * sizeof(*copies));

		if (!copies)
			return MUSTER_END;
		listing->copies = copies;
		listing->cap = cap;
	}
	listing->copies[listing->count] = strdup(key);
	if (!listing->copies[listing->count])
		return MUSTER_END;
	listing->count++;
	return MUSTER_OK;
}

/* Copies before `key` (NULL: all that are left) are of nothing. */
static void pass_copies(struct listing *listing, const char *key)
{
	for (; listing->next < listing->count; listing->next++) {
		const char *copy = listing->copies[listing->next];
		int order = key ? strcmp(copy, key) : -1;

		if (order > 0)
			return;
		if (order < 0)
			store_remove(listing->kept->near, copy, NULL);
	}
}

static enum muster_code pass_listed(void *state, const char *key, uint64_t size_bytes,
				    uint64_t modified_ns, struct muster_error *err)
{
	struct listing *listing = state;

	pass_copies(listing, key);
	return listing->fn(listing->state, key, size_bytes, modified_ns, err);
}

static bool is_whole_prefix(const struct kept_store *kept, const char *text)
{
	for (const char *const *prefix = kept->prefixes; *prefix; prefix++)
		if (strcmp(text, *prefix) == 0)
			return true;
	return false;
}

static enum muster_code kept_list(struct store *store, const char *prefix, const char *after,
				  store_list_fn *fn, void *state, struct muster_error *err)
{
	struct kept_store *kept = kept_of(store);
	struct listing listing = { .kept = kept, .fn = fn, .state = state };
	enum muster_code code;

	if (after || !kept->near || !is_whole_prefix(kept, prefix))
		return kept->far->ops->list(kept->far, prefix, after, fn, state, err);
	store_list(kept->near, prefix, NULL, add_copy, &listing, NULL);
	code = kept->far->ops->list(kept->far, prefix, NULL, pass_listed, &listing, err);
	if (!code)
		pass_copies(&listing, NULL);
	for (size_t i = 0; i < listing.count; i++)
		free(listing.copies[i]);
	free(listing.copies);
	return code;
}

/* --- all else is the far store's ------------------------------------------------------------- */

static enum muster_code kept_create(struct store *store, const char *key, struct view data,
				    struct muster_error *err)
{
	struct store *far = kept_of(store)->far;

	return far->ops->create(far, key, data, err);
}

static enum muster_code kept_remove(struct store *store, const char *key, struct muster_error *err)
{
	struct kept_store *kept = kept_of(store);

	if (kept->near)
		store_remove(kept->near, key, NULL);
	return kept->far->ops->remove(kept->far, key, err);
}

/* The writer is the far store's own. */
static enum muster_code kept_write_begin(struct store *store, const char *key,
					 struct store_writer **out, struct muster_error *err)
{
	struct store *far = kept_of(store)->far;

	return far->ops->write_begin(far, key, out, err);
}

static enum muster_code kept_write_continue(struct store *store, const char *key,
					    struct store_journal *journal,
					    struct store_writer **out, struct muster_error *err)
{
	struct store *far = kept_of(store)->far;

	return far->ops->write_continue(far, key, journal, out, err);
}

static enum muster_code kept_sync(struct store *store, struct muster_error *err)
{
	struct store *far = kept_of(store)->far;

	return far->ops->sync(far, err);
}

static enum muster_code kept_now(struct store *store, uint64_t *wall_ns, struct muster_error *err)
{
	struct store *far = kept_of(store)->far;

	return far->ops->now(far, wall_ns, err);
}

static void kept_free(struct store *store)
{
	struct kept_store *kept = kept_of(store);

	store_free(kept->far);
	store_free(kept->near);
	free(kept);
}

static const struct store_ops kept_ops = {
	.create = kept_create,
	.open = kept_open,
	.read = kept_read,
	.doubt = kept_doubt,
	.close = kept_close,
	.list = kept_list,
	.remove = kept_remove,
	.write_begin = kept_write_begin,
	.sync = kept_sync,
	.now = kept_now,
	.free = kept_free,
};

enum muster_code store_kept_new(struct store **out, struct store *far, const char *const *prefixes,
				struct muster_error *err)
{
	struct kept_store *kept = calloc(1, sizeof(*kept));

	*out = NULL;
	if (!kept)
		return muster_fail_memory(err, "a store");
	kept->ops = kept_ops;
	kept->ops.kind = far->ops->kind;
	kept->ops.finish_max = far->ops->finish_max;
	if (far->ops->write_continue)
		kept->ops.write_continue = kept_write_continue;
	kept->base.ops = &kept->ops;
	kept->far = far;
	kept->prefixes = prefixes;
	*out = &kept->base;
	return MUSTER_OK;
}

void store_kept_attach(struct store *store, struct store *near)
{
	kept_of(store)->near = near;
}

void store_kept_use_copies(struct store *store, bool use)
{
	atomic_store(&kept_of(store)->ignores_copies, !use);
}
