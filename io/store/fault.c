#include "io/store/fault.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fault_store {
	struct store base;
	struct store *inner;
	struct store_fault_options options; /* constant but for `at` */
	pthread_mutex_t lock;
	struct { /* under `lock`, with options.at and the calls of the log */
		uint64_t begun_count;
		bool hit;
	} seen;
};

struct fault_object {
	struct store_object base;
	struct store_object *inner;
	char key[STORE_KEY_MAX_BYTES + 1];
};

struct fault_writer {
	struct store_writer base;
	struct store_writer *inner;
	char key[STORE_KEY_MAX_BYTES + 1];
};

/* One effect on its way through the wrapper. */
struct passage {
	struct fault_store *fault;
	struct store_fault_event event;
	bool is_hit;
};

static struct fault_store *fault_of(struct store *store)
{
	return (struct fault_store *)store;
}

const char *store_effect_name(enum store_effect effect)
{
	static const char *const names[] = { "create",	     "remove",	     "write_begin",
					     "write_append", "write_finish", "write_abort",
					     "sync",	     "open",	     "read",
					     "list",	     "now" };

	return (size_t)effect < sizeof(names) / sizeof(names[0]) ? names[effect] : "unknown";
}

static void log_line(int fd, const struct store_fault_event *event)
{
	char line[STORE_KEY_MAX_BYTES + 128];
	int len = snprintf(line, sizeof(line), "%" PRIu64 " %s %s %s %s\n", event->number,
			   event->ended ? "end" : "begin", store_effect_name(event->effect),
			   muster_code_name(event->code), event->key);

	/* A log that cannot be written shows as lines that a test misses. */
	if (len > 0 && (size_t)len < sizeof(line) && write(fd, line, (size_t)len) < 0)
		return;
}

static void log_locked(struct fault_store *fault, const struct store_fault_event *event)
{
	if (fault->options.log)
		fault->options.log(fault->options.log_state, event);
	if (fault->options.log_fd > 0)
		log_line(fault->options.log_fd, event);
}

static enum muster_code strike(struct passage *passage, struct muster_error *err)
{
	const struct store_fault_options *options = &passage->fault->options;

	if (options->act) {
		options->act(options->act_state, &passage->event);
		return MUSTER_OK;
	}
	if (options->code)
		return muster_fail(err, options->code, "effect %" PRIu64 " (%s) was made to fail",
				   passage->event.number, store_effect_name(passage->event.effect));
	errno = options->sys_errno ? options->sys_errno : EIO;
	return muster_fail_errno(err, "effect %" PRIu64 " (%s) was made to fail",
				 passage->event.number, store_effect_name(passage->event.effect));
}

/* Number and log an effect; a failure if it must not be applied. */
static enum muster_code passage_begin(struct passage *passage, struct store *store,
				      enum store_effect effect, const char *key,
				      struct muster_error *err)
{
	struct fault_store *fault = fault_of(store);
	uint64_t at, length = fault->options.length ? fault->options.length : 1;

	*passage = (struct passage){ .fault = fault, .event = { .effect = effect, .key = key } };
	if (effect >= STORE_EFFECT_OPEN && !fault->options.count_reads)
		return MUSTER_OK;
	pthread_mutex_lock(&fault->lock);
	passage->event.number = ++fault->seen.begun_count;
	at = fault->options.at;
	passage->is_hit = at && passage->event.number >= at && passage->event.number - at < length;
	if (passage->is_hit)
		fault->seen.hit = true;
	log_locked(fault, &passage->event);
	pthread_mutex_unlock(&fault->lock);
	if (passage->is_hit && !fault->options.after)
		return strike(passage, err);
	return MUSTER_OK;
}

/* Log the end with what the caller is told; `code` is what the inner store said. */
static enum muster_code passage_end(struct passage *passage, enum muster_code code,
				    struct muster_error *err)
{
	struct fault_store *fault = passage->fault;

	if (!passage->event.number)
		return code;
	if (passage->is_hit && fault->options.after) {
		enum muster_code struck = strike(passage, err);

		code = struck ? struck : code;
	}
	passage->event.ended = true;
	passage->event.code = code;
	pthread_mutex_lock(&fault->lock);
	log_locked(fault, &passage->event);
	pthread_mutex_unlock(&fault->lock);
	return code;
}

static enum muster_code fault_create(struct store *store, const char *key, struct view data,
				     struct muster_error *err)
{
	struct store *inner = fault_of(store)->inner;
	struct passage passage;
	enum muster_code code = passage_begin(&passage, store, STORE_EFFECT_CREATE, key, err);

	if (!code)
		code = inner->ops->create(inner, key, data, err);
	return passage_end(&passage, code, err);
}

static enum muster_code fault_remove(struct store *store, const char *key, struct muster_error *err)
{
	struct store *inner = fault_of(store)->inner;
	struct passage passage;
	enum muster_code code = passage_begin(&passage, store, STORE_EFFECT_REMOVE, key, err);

	if (!code)
		code = inner->ops->remove(inner, key, err);
	return passage_end(&passage, code, err);
}

static enum muster_code fault_open(struct store *store, const char *key, struct store_object **out,
				   struct muster_error *err)
{
	struct store *inner = fault_of(store)->inner;
	struct fault_object *object = calloc(1, sizeof(*object));
	struct passage passage;
	enum muster_code code;

	if (!object)
		return muster_fail_memory(err, "an open object");
	code = passage_begin(&passage, store, STORE_EFFECT_OPEN, key, err);
	if (!code)
		code = inner->ops->open(inner, key, &object->inner, err);
	code = passage_end(&passage, code, err);
	if (code) {
		if (object->inner)
			inner->ops->close(object->inner);
		free(object);
		return code;
	}
	object->base = (struct store_object){ store, object->inner->size_bytes };
	memcpy(object->key, key, strlen(key) + 1);
	*out = &object->base;
	return MUSTER_OK;
}

static enum muster_code fault_read(struct store_object *base, uint64_t offset_bytes, void *out,
				   size_t len, struct muster_error *err)
{
	struct fault_object *object = (struct fault_object *)base;
	struct store *inner = object->inner->store;
	struct passage passage;
	enum muster_code code =
		passage_begin(&passage, base->store, STORE_EFFECT_READ, object->key, err);

	if (!code)
		code = inner->ops->read(object->inner, offset_bytes, out, len, err);
	return passage_end(&passage, code, err);
}

static void fault_close(struct store_object *base)
{
	struct fault_object *object = (struct fault_object *)base;

	object->inner->store->ops->close(object->inner);
	free(object);
}

static enum muster_code fault_list(struct store *store, const char *prefix, const char *after,
				   store_list_fn *fn, void *state, struct muster_error *err)
{
	struct store *inner = fault_of(store)->inner;
	struct passage passage;
	enum muster_code code = passage_begin(&passage, store, STORE_EFFECT_LIST, prefix, err);

	if (!code)
		code = inner->ops->list(inner, prefix, after, fn, state, err);
	return passage_end(&passage, code, err);
}

static enum muster_code fault_write_begin(struct store *store, const char *key,
					  struct store_writer **out, struct muster_error *err)
{
	struct store *inner = fault_of(store)->inner;
	struct fault_writer *writer = calloc(1, sizeof(*writer));
	struct passage passage;
	enum muster_code code;

	if (!writer)
		return muster_fail_memory(err, "a writer");
	code = passage_begin(&passage, store, STORE_EFFECT_WRITE_BEGIN, key, err);
	if (!code)
		code = inner->ops->write_begin(inner, key, &writer->inner, err);
	code = passage_end(&passage, code, err);
	if (code) {
		if (writer->inner)
			inner->ops->write_abort(writer->inner);
		free(writer);
		return code;
	}
	writer->base.store = store;
	memcpy(writer->key, key, strlen(key) + 1);
	*out = &writer->base;
	return MUSTER_OK;
}

static enum muster_code fault_write_append(struct store_writer *base, struct view data,
					   struct muster_error *err)
{
	struct fault_writer *writer = (struct fault_writer *)base;
	struct store *inner = writer->inner->store;
	struct passage passage;
	enum muster_code code =
		passage_begin(&passage, base->store, STORE_EFFECT_WRITE_APPEND, writer->key, err);

	if (!code)
		code = inner->ops->write_append(writer->inner, data, err);
	return passage_end(&passage, code, err);
}

static enum muster_code fault_write_finish(struct store_writer *base, struct muster_error *err)
{
	struct fault_writer *writer = (struct fault_writer *)base;
	struct store *inner = writer->inner->store;
	struct passage passage;
	enum muster_code code =
		passage_begin(&passage, base->store, STORE_EFFECT_WRITE_FINISH, writer->key, err);

	if (code)
		inner->ops->write_abort(writer->inner);
	else
		code = inner->ops->write_finish(writer->inner, err);
	code = passage_end(&passage, code, err);
	free(writer);
	return code;
}

static void fault_write_abort(struct store_writer *base)
{
	struct fault_writer *writer = (struct fault_writer *)base;
	struct passage passage;

	/* It cannot fail: a hit is seen, and something left behind is what a crash would leave. */
	passage_begin(&passage, base->store, STORE_EFFECT_WRITE_ABORT, writer->key, NULL);
	writer->inner->store->ops->write_abort(writer->inner);
	passage_end(&passage, MUSTER_OK, NULL);
	free(writer);
}

static enum muster_code fault_sync(struct store *store, struct muster_error *err)
{
	struct store *inner = fault_of(store)->inner;
	struct passage passage;
	enum muster_code code = passage_begin(&passage, store, STORE_EFFECT_SYNC, "", err);

	if (!code)
		code = inner->ops->sync(inner, err);
	return passage_end(&passage, code, err);
}

static enum muster_code fault_now(struct store *store, uint64_t *wall_ns, struct muster_error *err)
{
	struct store *inner = fault_of(store)->inner;
	struct passage passage;
	enum muster_code code = passage_begin(&passage, store, STORE_EFFECT_NOW, "", err);

	if (!code)
		code = inner->ops->now(inner, wall_ns, err);
	return passage_end(&passage, code, err);
}

static void fault_free(struct store *store)
{
	struct fault_store *fault = fault_of(store);

	fault->inner->ops->free(fault->inner);
	pthread_mutex_destroy(&fault->lock);
	free(fault);
}

static const struct store_ops fault_ops = {
	.kind = "faulty",
	.create = fault_create,
	.open = fault_open,
	.read = fault_read,
	.close = fault_close,
	.list = fault_list,
	.remove = fault_remove,
	.write_begin = fault_write_begin,
	.write_append = fault_write_append,
	.write_finish = fault_write_finish,
	.write_abort = fault_write_abort,
	.sync = fault_sync,
	.now = fault_now,
	.free = fault_free,
};

enum muster_code store_fault_new(struct store **out, struct store *inner,
				 const struct store_fault_options *options,
				 struct muster_error *err)
{
	struct fault_store *fault = calloc(1, sizeof(*fault));

	*out = NULL;
	if (!fault)
		return muster_fail_memory(err, "a store");
	fault->base.ops = &fault_ops;
	fault->inner = inner;
	if (options)
		fault->options = *options;
	pthread_mutex_init(&fault->lock, NULL);
	*out = &fault->base;
	return MUSTER_OK;
}

uint64_t store_fault_effects(struct store *store)
{
	struct fault_store *fault = fault_of(store);
	uint64_t count;

	pthread_mutex_lock(&fault->lock);
	count = fault->seen.begun_count;
	pthread_mutex_unlock(&fault->lock);
	return count;
}

bool store_fault_hit(struct store *store)
{
	struct fault_store *fault = fault_of(store);
	bool hit;

	pthread_mutex_lock(&fault->lock);
	hit = fault->seen.hit;
	pthread_mutex_unlock(&fault->lock);
	return hit;
}

void store_fault_arm(struct store *store, uint64_t at)
{
	struct fault_store *fault = fault_of(store);

	pthread_mutex_lock(&fault->lock);
	fault->options.at = at;
	fault->seen.begun_count = 0;
	fault->seen.hit = false;
	pthread_mutex_unlock(&fault->lock);
}
