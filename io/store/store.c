#include "io/store/store.h"

#include <inttypes.h>

static bool component_is_safe(const char *name, size_t len)
{
	if (len == 0 || (len == 1 && name[0] == '.') ||
	    (len == 2 && name[0] == '.' && name[1] == '.'))
		return false;
	return len < 4 || memcmp(name, ".tmp", 4) != 0;
}

static bool key_is_safe(const char *key)
{
	size_t len = strnlen(key, STORE_KEY_MAX_BYTES + 1);
	const char *end = key + len;

	if (len > STORE_KEY_MAX_BYTES)
		return false;
	for (;;) {
		const char *slash = memchr(key, '/', (size_t)(end - key));

		if (!component_is_safe(key, (size_t)((slash ? slash : end) - key)))
			return false;
		if (!slash)
			return true;
		key = slash + 1;
	}
}

/* Keys are made by us, so an unsafe one is our mistake; but it must never become a path. */
static enum muster_code check_key(const struct store *store, const char *key,
				  struct muster_error *err)
{
	if (key_is_safe(key))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "%s store: '%.200s' cannot be a key",
			   store->ops->kind, key);
}

/* Puts kind and key before a failure; answers pass as they are. */
static enum muster_code told(enum muster_code code, const struct store *store, const char *verb,
			     const char *key, struct muster_error *err)
{
	if (muster_failed(code))
		muster_context(err, "%s store: %s '%s'", store->ops->kind, verb, key);
	return code;
}

enum muster_code store_create(struct store *store, const char *key, struct view data,
			      struct muster_error *err)
{
	enum muster_code code = check_key(store, key, err);

	if (code)
		return code;
	return told(store->ops->create(store, key, data, err), store, "create", key, err);
}

enum muster_code store_open(struct store *store, const char *key, struct store_object **out,
			    struct muster_error *err)
{
	enum muster_code code;

	*out = NULL;
	code = check_key(store, key, err);
	if (code)
		return code;
	return told(store->ops->open(store, key, out, err), store, "open", key, err);
}

enum muster_code store_read(struct store_object *object, uint64_t offset_bytes, void *out,
			    size_t len, struct muster_error *err)
{
	struct store *store = object->store;
	enum muster_code code;
	uint64_t end;

	if (add_overflows(offset_bytes, len, &end) || end > object->size_bytes)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "%s store: read %zu bytes at %" PRIu64
				   ": the object has only %" PRIu64,
				   store->ops->kind, len, offset_bytes, object->size_bytes);
	code = store->ops->read(object, offset_bytes, out, len, err);
	if (muster_failed(code))
		muster_context(err, "%s store: read %zu bytes at %" PRIu64, store->ops->kind, len,
			       offset_bytes);
	return code;
}

void store_will_read(struct store_object *object, uint64_t offset_bytes, uint64_t len)
{
	if (object->store->ops->will_read)
		object->store->ops->will_read(object, offset_bytes, len);
}

bool store_doubt(struct store_object *object)
{
	return object->store->ops->doubt && object->store->ops->doubt(object);
}

void store_close(struct store_object *object)
{
	if (object)
		object->store->ops->close(object);
}

bool store_clone(struct store_object *object, uint64_t offset_bytes, uint64_t len, int to_fd)
{
	uint64_t rounded, end;

	if (!object->store->ops->clone || !len || offset_bytes % STORE_CLONE_ALIGN_BYTES ||
	    add_overflows(len, STORE_CLONE_ALIGN_BYTES - 1, &rounded))
		return false;
	rounded -= rounded % STORE_CLONE_ALIGN_BYTES;
	if (add_overflows(offset_bytes, rounded, &end) || end > object->size_bytes)
		return false;
	return object->store->ops->clone(object, offset_bytes, len, to_fd);
}

enum muster_code store_list(struct store *store, const char *prefix, const char *after,
			    store_list_fn *fn, void *state, struct muster_error *err)
{
	if (strnlen(prefix, STORE_KEY_MAX_BYTES + 1) > STORE_KEY_MAX_BYTES)
		return muster_fail(err, MUSTER_E_USAGE, "%s store: no key can begin with '%.200s'",
				   store->ops->kind, prefix);
	return told(store->ops->list(store, prefix, after, fn, state, err), store, "list", prefix,
		    err);
}

enum muster_code store_remove(struct store *store, const char *key, struct muster_error *err)
{
	enum muster_code code = check_key(store, key, err);

	if (code)
		return code;
	return told(store->ops->remove(store, key, err), store, "remove", key, err);
}

enum muster_code store_write_begin(struct store *store, const char *key, struct store_writer **out,
				   struct muster_error *err)
{
	enum muster_code code;

	*out = NULL;
	code = check_key(store, key, err);
	if (code)
		return code;
	return told(store->ops->write_begin(store, key, out, err), store, "write", key, err);
}

/* A writer names its key itself: only its kind knows it. */
enum muster_code store_write_append(struct store_writer *writer, struct view data,
				    struct muster_error *err)
{
	struct store *store = writer->store;
	enum muster_code code = store->ops->write_append(writer, data, err);

	if (muster_failed(code))
		muster_context(err, "%s store", store->ops->kind);
	return code;
}

size_t store_write_room(struct store_writer *writer, bool may_wait)
{
	const struct store_ops *ops = writer->store->ops;

	return ops->write_room ? ops->write_room(writer, may_wait) : SIZE_MAX;
}

unsigned store_finish_max(const struct store *store)
{
	return store->ops->finish_max ? store->ops->finish_max : 1;
}

enum muster_code store_write_finish(struct store_writer *writer, struct muster_error *err)
{
	struct store *store = writer->store;
	enum muster_code code = store->ops->write_finish(writer, err);

	if (muster_failed(code))
		muster_context(err, "%s store", store->ops->kind);
	return code;
}

void store_write_abort(struct store_writer *writer)
{
	if (writer)
		writer->store->ops->write_abort(writer);
}

bool store_can_continue(const struct store *store)
{
	return store->ops->write_continue;
}

enum muster_code store_write_continue(struct store *store, const char *key,
				      struct store_journal *journal, struct store_writer **out,
				      struct muster_error *err)
{
	enum muster_code code;

	*out = NULL;
	code = check_key(store, key, err);
	if (code)
		return code;
	return told(store->ops->write_continue(store, key, journal, out, err), store,
		    "continue to write", key, err);
}

void store_write_leave(struct store_writer *writer)
{
	const struct store_ops *ops = writer ? writer->store->ops : NULL;

	if (ops && ops->write_leave)
		ops->write_leave(writer);
	else if (ops)
		ops->write_abort(writer);
}

enum muster_code store_sync(struct store *store, struct muster_error *err)
{
	enum muster_code code = store->ops->sync(store, err);

	if (muster_failed(code))
		muster_context(err, "%s store", store->ops->kind);
	return code;
}

enum muster_code store_now(struct store *store, uint64_t *wall_ns, struct muster_error *err)
{
	enum muster_code code = store->ops->now(store, wall_ns, err);

	if (muster_failed(code))
		muster_context(err, "%s store", store->ops->kind);
	return code;
}

void store_free(struct store *store)
{
	if (store)
		store->ops->free(store);
}

enum muster_code store_get(struct store *store, const char *key, struct bytes *out,
			   size_t max_bytes, struct muster_error *err)
{
	struct store_object *object;
	enum muster_code code = store_open(store, key, &object, err);
	size_t size;

	if (code)
		return code;
	if (object->size_bytes > max_bytes) {
		code = muster_fail(err, MUSTER_E_LIMIT,
				   "%s store: get '%s': %" PRIu64 " bytes, the maximum is %zu",
				   store->ops->kind, key, object->size_bytes, max_bytes);
		goto out;
	}
	size = (size_t)object->size_bytes;
	code = bytes_reserve(out, size, err);
	if (!code && size) {
		code = store_read(object, 0, out->ptr + out->len, size, err);
		if (!code)
			out->len += size;
	}
	if (code)
		muster_context(err, "get '%s'", key);
out:
	store_close(object);
	return code;
}
