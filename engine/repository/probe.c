/* The proof that a store creates if absent (FORMAT §2): not believed, tried. */
#include "engine/repository/repository.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CREATORS 16 /* that race for a key */
#define KEYS	 64
#define RACES	 4 /* at once: where a request takes long, one after the other takes longer */
#define RACERS	 (RACES * CREATORS)

/* One writer each: its creator. `won` is read after the race's last barrier. */
struct creator {
	struct race *race;
	unsigned number;
	bool won[KEYS / RACES];
	bool lost_count;       /* a create failed: who won is not known. As `won` */
	enum muster_code code; /* first failure */
	struct muster_error error;
	pthread_t thread;
};

struct race {
	struct probe *probe;
	unsigned first_key;
	pthread_barrier_t together; /* its creators begin each key at once */
	struct creator creators[CREATORS];
};

struct probe {
	struct store *store;
	char prefix[64];
	pthread_mutex_t start; /* held until it is known that all creators run */
	bool are_all_here;     /* under `start` */
	struct race races[RACES];
};

static void key_of(const struct race *race, unsigned number, struct key *key)
{
	snprintf(key->text, sizeof(key->text), "%s%02u", race->probe->prefix,
		 race->first_key + number);
}

static enum muster_code check_key(const struct race *race, unsigned number,
				  struct muster_error *err)
{
	struct store *store = race->probe->store;
	struct bytes stored = { 0 };
	unsigned winners = 0, winner = 0;
	enum muster_code code;
	struct key key;

	for (unsigned i = 0; i < CREATORS; i++) {
		if (!race->creators[i].won[number])
			continue;
		winners++;
		winner = i;
	}
	if (winners != 1)
		return muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"the %s store does not create if absent: of %u creators of one key %u "
			"won; it must not be written to",
			store->ops->kind, CREATORS, winners);
	key_of(race, number, &key);
	code = store_get(store, key.text, &stored, 1, err);
	if (code == MUSTER_ABSENT || code == MUSTER_E_LIMIT ||
	    (!code && (stored.len != 1 || stored.ptr[0] != winner)))
		code = muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"the %s store does not create if absent: '%s' does not hold what its "
			"creator wrote",
			store->ops->kind, key.text);
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
	struct store *store = self->race->probe->store;
	uint8_t mark = (uint8_t)self->number;

	for (unsigned i = 0; i < KEYS / RACES; i++) {
		struct muster_error err = { 0 };
		enum muster_code code;
		struct key key;

		key_of(self->race, i, &key);
		pthread_barrier_wait(&self->race->together);
		if (self->code)
			continue;
		code = store_create(store, key.text, view_of(&mark, 1), &err);
		self->won[i] = code == MUSTER_OK;
		note_failure(self, code == MUSTER_EXISTS ? MUSTER_OK : code, &err);
		self->lost_count = self->code != MUSTER_OK;
	}
}

static bool is_counted(const struct race *race)
{
	for (unsigned i = 0; i < CREATORS; i++)
		if (race->creators[i].lost_count)
			return false;
	return true;
}

/* Each looks at its share of the keys, and removes them: what stays is gc's. */
static void check_share(struct creator *self)
{
	bool can_check = is_counted(self->race);

	for (unsigned i = self->number; i < KEYS / RACES; i += CREATORS) {
		struct muster_error err = { 0 };
		struct key key;

		if (can_check)
			note_failure(self, check_key(self->race, i, &err), &err);
		key_of(self->race, i, &key);
		store_remove(self->race->probe->store, key.text, NULL);
	}
}

static void *creator_thread(void *arg)
{
	struct creator *self = arg;
	struct probe *probe = self->race->probe;
	bool are_all_here;

	pthread_mutex_lock(&probe->start);
	are_all_here = probe->are_all_here;
	pthread_mutex_unlock(&probe->start);
	if (!are_all_here)
		return NULL;
	create_keys(self);
	pthread_barrier_wait(&self->race->together); /* from here on `won` is read by all */
	check_share(self);
	return NULL;
}

static struct creator *racer(struct probe *probe, unsigned i)
{
	return &probe->races[i / CREATORS].creators[i % CREATORS];
}

/* Creators wait for each other at every key, so either all of them run or none does anything. */
static enum muster_code run_creators(struct probe *probe, struct muster_error *err)
{
	unsigned started = 0;

	pthread_mutex_lock(&probe->start);
	for (; started < RACERS; started++) {
		struct creator *creator = racer(probe, started);

		creator->race = &probe->races[started / CREATORS];
		creator->number = started % CREATORS;
		if (pthread_create(&creator->thread, NULL, creator_thread, creator))
			break;
	}
	probe->are_all_here = started == RACERS;
	pthread_mutex_unlock(&probe->start);
	for (unsigned i = 0; i < started; i++)
		pthread_join(racer(probe, i)->thread, NULL);
	return started == RACERS ? MUSTER_OK
				 : muster_fail_memory(err, "the threads that probe the store");
}

static enum muster_code run_races(struct probe *probe, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;
	unsigned ready = 0;

	for (; ready < RACES && !code; ready++) {
		struct race *race = &probe->races[ready];

		race->probe = probe;
		race->first_key = ready * (KEYS / RACES);
		if (pthread_barrier_init(&race->together, NULL, CREATORS)) {
			code = muster_fail_memory(err, "the probe of the store");
			break;
		}
	}
	if (!code)
		code = run_creators(probe, err);
	while (ready-- > 0)
		pthread_barrier_destroy(&probe->races[ready].together);
	return code;
}

static enum muster_code check_failures(struct probe *probe, struct muster_error *err)
{
	for (unsigned i = 0; i < RACERS; i++) {
		const struct creator *creator = racer(probe, i);

		if (!creator->code)
			continue;
		if (err)
			*err = creator->error;
		return creator->code;
	}
	return MUSTER_OK;
}

enum muster_code store_prove_create(struct store *store, const struct effects *effects,
				    struct muster_error *err)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	uint8_t id[16];
	char text[33];
	enum muster_code code;

	if (!probe)
		return muster_fail_memory(err, "the probe of the store");
	probe->store = store;
	pthread_mutex_init(&probe->start, NULL);
	code = effects_random(effects, id, sizeof(id), err);
	if (!code) {
		hex_put(text, id, sizeof(id));
		snprintf(probe->prefix, sizeof(probe->prefix), "%s%s/", KEY_PROBE_PREFIX, text);
		code = run_races(probe, err);
	}
	if (!code)
		code = check_failures(probe, err);
	pthread_mutex_destroy(&probe->start);
	free(probe);
	return code;
}
