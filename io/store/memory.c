#include "io/store/memory.h"

#include <pthread.h>
#include <stdlib.h>

/* Shared by the table and by open objects; freed by the last. */
struct content {
	unsigned ref_count; /* under the store's lock */
	uint64_t modified_ns;
	size_t len;
	uint8_t data[];
};

struct slot {
	char *key;
	struct content *content;
};

struct memory_store {
	struct store base;
	const struct effects *effects;
	pthread_mutex_t lock;
	struct {		    /* under `lock` */
		struct slot *slots; /* sorted by key */
		size_t count, cap;
	} table;
};

struct memory_object {
	struct store_object base;
	struct content *content;
};

struct memory_writer {
	struct store_writer base;
	struct bytes data;
	bool failed;
	char key[];
};

static struct memory_store *memory_of(struct store *store)
{
	return (struct memory_store *)store;
}

/* The first slot whose key is >= `key`. */
static size_t find_locked(const struct memory_store *memory, const char *key, bool *found)
{
	size_t low = 0, high = memory->table.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(memory->table.slots[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < memory->table.count && strcmp(memory->table.slots[low].key, key) == 0;
	return low;
}

static void unref_locked(struct content *content)
{
	if (--content->ref_count == 0)
		free(content);
}

static enum muster_code grow_locked(struct memory_store *memory, struct muster_error *err)
{
	size_t cap = memory->table.cap ? memory->table.cap * 2 : 64;
	struct slot *slots;

	if (memory->table.count < memory->table.cap)
		return MUSTER_OK;
	slots = reallocarray(memory->table.slots, cap, sizeof(*slots));
	if (!slots)
		return muster_fail_memory(err, "the keys of a store");
	memory->table.slots = slots;
	memory->table.cap = cap;
	return MUSTER_OK;
}

static enum muster_code insert_locked(struct memory_store *memory, const char *key,
				      struct content *content, struct muster_error *err)
{
	bool found;
	size_t at = find_locked(memory, key, &found);
	enum muster_code code;
	char *copy;

	if (found)
		return MUSTER_EXISTS;
	code = grow_locked(memory, err);
	if (code)
		return code;
	copy = malloc(strlen(key) + 1);
	if (!copy)
		return muster_fail_memory(err, "a key of a store");
	memcpy(copy, key, strlen(key) + 1);
	memmove(memory->table.slots + at + 1, memory->table.slots + at,
		(memory->table.count - at) * sizeof(*memory->table.slots));
	memory->table.slots[at] = (struct slot){ copy, content };
	memory->table.count++;
	return MUSTER_OK;
}

static enum muster_code memory_create(struct store *store, const char *key, struct view data,
				      struct muster_error *err)
{
	struct memory_store *memory = memory_of(store);
	struct content *content = malloc(sizeof(*content) + data.len);
	enum muster_code code;

	if (!content)
		return muster_fail_memory(err, "an object");
	content->ref_count = 1;
	content->modified_ns = effects_wall_ns(memory->effects);
	content->len = data.len;
	if (data.len)
		memcpy(content->data, data.ptr, data.len);
	pthread_mutex_lock(&memory->lock);
	code = insert_locked(memory, key, content, err);
	pthread_mutex_unlock(&memory->lock);
	if (code)
		free(content);
	return code;
}

static enum muster_code memory_open(struct store *store, const char *key, struct store_object **out,
				    struct muster_error *err)
{
	struct memory_store *memory = memory_of(store);
	struct memory_object *object = malloc(sizeof(*object));
	bool found;
	size_t at;

	if (!object)
		return muster_fail_memory(err, "an open object");
	pthread_mutex_lock(&memory->lock);
	at = find_locked(memory, key, &found);
	if (found) {
		object->content = memory->table.slots[at].content;
		object->content->ref_count++;
	}
	pthread_mutex_unlock(&memory->lock);
	if (!found) {
		free(object);
		return MUSTER_ABSENT;
	}
	object->base = (struct store_object){ store, object->content->len };
	*out = &object->base;
	return MUSTER_OK;
}

static enum muster_code memory_read(struct store_object *base, uint64_t offset_bytes, void *out,
				    size_t len, struct muster_error *err)
{
	struct memory_object *object = (struct memory_object *)base;

	(void)err; /* the range was checked by store_read() */
	if (len)
		memcpy(out, object->content->data + offset_bytes, len);
	return MUSTER_OK;
}

static void memory_close(struct store_object *base)
{
	struct memory_object *object = (struct memory_object *)base;
	struct memory_store *memory = memory_of(base->store);

	pthread_mutex_lock(&memory->lock);
	unref_locked(object->content);
	pthread_mutex_unlock(&memory->lock);
	free(object);
}

/* A key as the listing lends it: a copy, so that the callback runs without the lock. */
struct listed {
	char key[STORE_KEY_MAX_BYTES + 1];
	uint64_t size_bytes, modified_ns;
};

/* The first key at or (if `past`) after `from` that begins with `prefix`. */
static bool next_listed(struct memory_store *memory, const char *prefix, const char *from,
			bool past, struct listed *out)
{
	bool found, wanted = false;
	size_t at;

	pthread_mutex_lock(&memory->lock);
	at = find_locked(memory, from, &found);
	if (found && past)
		at++;
	if (at < memory->table.count) {
		const struct slot *slot = &memory->table.slots[at];

		wanted = strncmp(slot->key, prefix, strlen(prefix)) == 0;
		memcpy(out->key, slot->key, strlen(slot->key) + 1);
		out->size_bytes = slot->content->len;
		out->modified_ns = slot->content->modified_ns;
	}
	pthread_mutex_unlock(&memory->lock);
	return wanted;
}

static enum muster_code memory_list(struct store *store, const char *prefix, const char *after,
				    store_list_fn *fn, void *state, struct muster_error *err)
{
	struct memory_store *memory = memory_of(store);
	struct listed listed;
	bool past = after && strcmp(after, prefix) >= 0;
	bool more = next_listed(memory, prefix, past ? after : prefix, past, &listed);
	char last[STORE_KEY_MAX_BYTES + 1];

	while (more) {
		enum muster_code code;

		memcpy(last, listed.key, strlen(listed.key) + 1);
		code = fn(state, listed.key, listed.size_bytes, listed.modified_ns, err);
		if (code)
			return code;
		more = next_listed(memory, prefix, last, true, &listed);
	}
	return MUSTER_OK;
}

static enum muster_code memory_remove(struct store *store, const char *key,
				      struct muster_error *err)
{
	struct memory_store *memory = memory_of(store);
	bool found;
	size_t at;

	(void)err;
	pthread_mutex_lock(&memory->lock);
	at = find_locked(memory, key, &found);
	if (found) {
		free(memory->table.slots[at].key);
		unref_locked(memory->table.slots[at].content);
		memory->table.count--;
		memmove(memory->table.slots + at, memory->table.slots + at + 1,
			(memory->table.count - at) * sizeof(*memory->table.slots));
	}
	pthread_mutex_unlock(&memory->lock);
	return MUSTER_OK;
}

static enum muster_code memory_write_begin(struct store *store, const char *key,
					   struct store_writer **out, struct muster_error *err)
{
	size_t key_bytes = strlen(key) + 1;
	struct memory_writer *writer = calloc(1, sizeof(*writer) + key_bytes);

	if (!writer)
		return muster_fail_memory(err, "a writer");
	writer->base.store = store;
	memcpy(writer->key, key, key_bytes);
	*out = &writer->base;
	return MUSTER_OK;
}

static enum muster_code memory_write_append(struct store_writer *base, struct view data,
					    struct muster_error *err)
{
	struct memory_writer *writer = (struct memory_writer *)base;
	enum muster_code code = bytes_append_view(&writer->data, data, err);

	if (code) {
		writer->failed = true;
		muster_context(err, "write '%s'", writer->key);
	}
	return code;
}

static void memory_write_abort(struct store_writer *base)
{
	struct memory_writer *writer = (struct memory_writer *)base;

	bytes_release(&writer->data);
	free(writer);
}

static enum muster_code memory_write_finish(struct store_writer *base, struct muster_error *err)
{
	struct memory_writer *writer = (struct memory_writer *)base;
	enum muster_code code;

	if (writer->failed)
		code = muster_fail(err, MUSTER_E_IO, "finish '%s': an earlier write failed",
				   writer->key);
	else
		code = memory_create(base->store, writer->key, bytes_view(&writer->data), err);
	memory_write_abort(base);
	return code;
}

static enum muster_code memory_sync(struct store *store, struct muster_error *err)
{
	(void)store, (void)err;
	return MUSTER_OK;
}

static enum muster_code memory_now(struct store *store, uint64_t *wall_ns, struct muster_error *err)
{
	(void)err;
	*wall_ns = effects_wall_ns(memory_of(store)->effects);
	return MUSTER_OK;
}

static void memory_free(struct store *store)
{
	struct memory_store *memory = memory_of(store);

	for (size_t i = 0; i < memory->table.count; i++) {
		free(memory->table.slots[i].key);
		unref_locked(memory->table.slots[i].content);
	}
	free(memory->table.slots);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
}

static const struct store_ops memory_ops = {
	.kind = "memory",
	.create = memory_create,
	.open = memory_open,
	.read = memory_read,
	.close = memory_close,
	.list = memory_list,
	.remove = memory_remove,
	.write_begin = memory_write_begin,
	.write_append = memory_write_append,
	.write_finish = memory_write_finish,
	.write_abort = memory_write_abort,
	.sync = memory_sync,
	.now = memory_now,
	.free = memory_free,
};

enum muster_code store_memory_new_at(struct store **out, const struct effects *effects,
				     struct muster_error *err)
{
	struct memory_store *memory = calloc(1, sizeof(*memory));

	*out = NULL;
	if (!memory)
		return muster_fail_memory(err, "a store");
	memory->base.ops = &memory_ops;
	memory->effects = effects ? effects : effects_system();
	pthread_mutex_init(&memory->lock, NULL);
	*out = &memory->base;
	return MUSTER_OK;
}

enum muster_code store_memory_new(struct store **out, struct muster_error *err)
{
	return store_memory_new_at(out, NULL, err);
}
