/* The proof that a store creates if absent (FORMAT §2): not believed, tried. */
#include "engine/repository/repository.h"

#include <pthread.h>
#include <stdio.h>

#define CREATORS 16
#define KEYS	 64

struct probe {
	struct store *store;
	char prefix[64];
	pthread_mutex_t start;	    /* held until it is known that all creators run */
	bool are_all_here;	    /* under `start` */
	pthread_barrier_t together; /* all creators begin each key at once */
	/* One writer each: its creator. `won` is read after the last barrier. */
	struct creator {
		struct probe *probe;
		unsigned number;
		bool won[KEYS];
		bool lost_count;       /* a create failed: who won is not known. As `won` */
		enum muster_code code; /* first failure */
		struct muster_error error;
		pthread_t thread;
	} creators[CREATORS];
};

static void key_of(const struct probe *probe, unsigned number, struct key *key)
{
	snprintf(key->text, sizeof(key->text), "%s%02u", probe->prefix, number);
}

static enum muster_code check_key(const struct probe *probe, unsigned number,
				  struct muster_error *err)
{
	struct bytes stored = { 0 };
	unsigned winners = 0, winner = 0;
	enum muster_code code;
	struct key key;

	for (unsigned i = 0; i < CREATORS; i++) {
		if (!probe->creators[i].won[number])
			continue;
		winners++;
		winner = i;
	}
	if (winners != 1)
		return muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"the %s store does not create if absent: of %u creators of one key %u "
			"won; it must not be written to",
			probe->store->ops->kind, CREATORS, winners);
	key_of(probe, number, &key);
	code = store_get(probe->store, key.text, &stored, 1, err);
	if (code == MUSTER_ABSENT || code == MUSTER_E_LIMIT ||
	    (!code && (stored.len != 1 || stored.ptr[0] != winner)))
		code = muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"the %s store does not create if absent: '%s' does not hold what its "
			"creator wrote",
			probe->store->ops->kind, key.text);
	bytes_release(&stored);
	return code;
}

/* A failure ends a creator's work, not its waiting: the others count on it at the barrier. */
static void note_failure(struct creator *self, enum muster_code code,
			 const struct muster_error *err)
{
	if (!code || self->code)
		return;
	self->code = code;
	self->error = *err;
}

static void create_keys(struct creator *self)
{
	uint8_t mark = (uint8_t)self->number;

	for (unsigned i = 0; i < KEYS; i++) {
		struct muster_error err = { 0 };
		enum muster_code code;
		struct key key;

		key_of(self->probe, i, &key);
		pthread_barrier_wait(&self->probe->together);
		if (self->code)
			continue;
		code = store_create(self->probe->store, key.text, view_of(&mark, 1), &err);
		self->won[i] = code == MUSTER_OK;
		note_failure(self, code == MUSTER_EXISTS ? MUSTER_OK : code, &err);
		self->lost_count = self->code != MUSTER_OK;
	}
}

static bool is_counted(const struct probe *probe)
{
	for (unsigned i = 0; i < CREATORS; i++)
		if (probe->creators[i].lost_count)
			return false;
	return true;
}

/* Each looks at its share of the keys, and removes them: what stays is gc's. */
static void check_share(struct creator *self)
{
	bool can_check = is_counted(self->probe);

	for (unsigned i = self->number; i < KEYS; i += CREATORS) {
		struct muster_error err = { 0 };
		struct key key;

		if (can_check)
			note_failure(self, check_key(self->probe, i, &err), &err);
		key_of(self->probe, i, &key);
		store_remove(self->probe->store, key.text, NULL);
	}
}

static void *creator_thread(void *arg)
{
	struct creator *self = arg;
	bool are_all_here;

	pthread_mutex_lock(&self->probe->start);
	are_all_here = self->probe->are_all_here;
	pthread_mutex_unlock(&self->probe->start);
	if (!are_all_here)
		return NULL;
	create_keys(self);
	pthread_barrier_wait(&self->probe->together); /* from here on `won` is read by all */
	check_share(self);
	return NULL;
}

/* Creators wait for each other at every key, so either all of them run or none does anything. */
static enum muster_code run_creators(struct probe *probe, struct muster_error *err)
{
	unsigned started = 0;

	if (pthread_barrier_init(&probe->together, NULL, CREATORS))
		return muster_fail_memory(err, "the probe of the store");
	pthread_mutex_lock(&probe->start);
	for (; started < CREATORS; started++) {
		struct creator *creator = &probe->creators[started];

		creator->probe = probe;
		creator->number = started;
		if (pthread_create(&creator->thread, NULL, creator_thread, creator))
			break;
	}
	probe->are_all_here = started == CREATORS;
	pthread_mutex_unlock(&probe->start);
	for (unsigned i = 0; i < started; i++)
		pthread_join(probe->creators[i].thread, NULL);
	pthread_barrier_destroy(&probe->together);
	return started == CREATORS ? MUSTER_OK
				   : muster_fail_memory(err, "the threads that probe the store");
}

static enum muster_code check_failures(const struct probe *probe, struct muster_error *err)
{
	for (unsigned i = 0; i < CREATORS; i++) {
		if (!probe->creators[i].code)
			continue;
		if (err)
			*err = probe->creators[i].error;
		return probe->creators[i].code;
	}
	return MUSTER_OK;
}

enum muster_code store_prove_create(struct store *store, const struct effects *effects,
				    struct muster_error *err)
{
	struct probe probe = { .store = store, .start = PTHREAD_MUTEX_INITIALIZER };
	uint8_t id[16];
	char text[33];
	enum muster_code code = effects_random(effects, id, sizeof(id), err);

	if (code)
		return code;
	hex_put(text, id, sizeof(id));
	snprintf(probe.prefix, sizeof(probe.prefix), "%s%s/", KEY_PROBE_PREFIX, text);
	code = run_creators(&probe, err);
	if (!code)
		code = check_failures(&probe, err);
	return code;
}
