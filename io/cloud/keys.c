/*
 * When a set is renewed:
 *
 *	fetched            window opens             expires
 *	  │ lent              │ lent, and renewed      │ an error, once a renewal has failed;
 *	  │                   │ fails: again after     │ until then lent: the machine may
 *	  │                   │ 1, 2, 4 … 60 s         │ have slept
 *	  │
 *	  └─ refused: renewed at once, if the last fetch is KEYS_REFUSE_MIN_NS ago
 *
 * Expiry is a matter of wall time, which people set and which stands still for nobody; pauses
 * between fetches go by the boot-time clock.
 */
#include "io/cloud/keys_source.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
/* Wall time may jump and machines sleep: how long a wait may go without a look at the clocks. */
#define WAIT_MAX_NS (60 * NS_PER_S)

struct keys {
	struct keys_options options;
	const char *name;
	pthread_t thread;
	bool has_thread;
	struct {
		pthread_mutex_t lock;
		pthread_cond_t changed;
		struct key_set set;
		uint64_t renew_wall_ns;	  /* the window opens; UINT64_MAX: never */
		uint64_t fetched_boot_ns; /* the last fetch ended */
		uint64_t retry_boot_ns;	  /* none before */
		uint64_t pause_ns;	  /* behind the next failure */
		bool is_refused, is_fetching, is_closing;
		bool is_news; /* the last fetch gave another set than the one before */
		struct muster_error failure; /* of the last fetch; code 0: it succeeded */
	} shared;
};

/* --- sets ------------------------------------------------------------------------------------ */

void key_set_release(struct key_set *set)
{
	bytes_release(&set->id);
	secret_release(&set->secret);
	secret_release(&set->token);
	*set = (struct key_set){ 0 };
}

enum muster_code key_set_copy(struct key_set *out, const struct key_set *from,
			      struct muster_error *err)
{
	enum muster_code code;

	*out = (struct key_set){ .is_sas = from->is_sas,
				 .is_anonymous = from->is_anonymous,
				 .expires_ns = from->expires_ns };
	code = bytes_append_view(&out->id, bytes_view(&from->id), err);
	if (!code)
		code = secret_copy(&out->secret, &from->secret, err);
	if (!code)
		code = secret_copy(&out->token, &from->token, err);
	if (code)
		key_set_release(out);
	return code;
}

static bool is_same(const struct key_set *a, const struct key_set *b)
{
	return view_equal(bytes_view(&a->id), bytes_view(&b->id)) &&
	       secret_equal(&a->secret, &b->secret) && secret_equal(&a->token, &b->token);
}

/* --- time ------------------------------------------------------------------------------------ */

static uint64_t wall_ns(const struct keys *keys)
{
	return effects_wall_ns(keys->options.effects);
}

static uint64_t boot_ns(const struct keys *keys)
{
	return effects_boot_ns(keys->options.effects);
}

static bool has_expired(const struct keys *keys, const struct key_set *set)
{
	return set->expires_ns && wall_ns(keys) >= set->expires_ns;
}

static uint64_t window_opens_ns(const struct keys *keys, const struct key_set *set)
{
	uint64_t now = wall_ns(keys), window = keys->options.window_ns, left;

	if (!set->expires_ns)
		return UINT64_MAX;
	left = set->expires_ns > now ? set->expires_ns - now : 0;
	if (!window)
		window = left / 5;
	/* some sources give the same set again until its end is near, or sets that live shorter */
	if (window > left / 2)
		window = left / 2;
	return now + left - window;
}

/* How long until a fetch is due; 0: now. */
static uint64_t due_in_ns_locked(const struct keys *keys)
{
	uint64_t wall = wall_ns(keys), boot = boot_ns(keys), wait = 0;

	if (!keys->shared.is_refused && keys->shared.renew_wall_ns > wall)
		wait = keys->shared.renew_wall_ns - wall;
	if (keys->shared.retry_boot_ns > boot && keys->shared.retry_boot_ns - boot > wait)
		wait = keys->shared.retry_boot_ns - boot;
	return wait;
}

static void wait_locked(struct keys *keys, uint64_t wait_ns)
{
	struct timespec until;

	if (wait_ns > WAIT_MAX_NS)
		wait_ns = WAIT_MAX_NS;
	clock_gettime(CLOCK_MONOTONIC, &until);
	wait_ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(wait_ns / NS_PER_S);
	until.tv_nsec = (long)(wait_ns % NS_PER_S);
	pthread_cond_timedwait(&keys->shared.changed, &keys->shared.lock, &until);
}

/* --- fetching -------------------------------------------------------------------------------- */

static void keep_locked(struct keys *keys, struct key_set *set)
{
	keys->shared.is_news = !is_same(&keys->shared.set, set);
	key_set_release(&keys->shared.set);
	keys->shared.set = *set;
	keys->shared.renew_wall_ns = window_opens_ns(keys, set);
	keys->shared.pause_ns = KEYS_RETRY_MIN_NS;
	keys->shared.retry_boot_ns = keys->shared.fetched_boot_ns + KEYS_RETRY_MIN_NS;
	keys->shared.failure = (struct muster_error){ 0 };
}

/* What is lent stays as it is; the next try comes after a pause. */
static void keep_failure_locked(struct keys *keys, const struct muster_error *failure)
{
	uint64_t pause = keys->shared.pause_ns;

	keys->shared.is_news = false;
	keys->shared.failure = *failure;
	keys->shared.renew_wall_ns = 0;
	keys->shared.retry_boot_ns = keys->shared.fetched_boot_ns + pause;
	keys->shared.pause_ns = pause * 2 < KEYS_RETRY_MAX_NS ? pause * 2 : KEYS_RETRY_MAX_NS;
}

static enum muster_code fetch(struct keys *keys, struct key_set *set, struct muster_error *err)
{
	enum muster_code code;

	*set = (struct key_set){ 0 };
	code = keys->options.ops->fetch(keys->options.state, set, err);
	if (!code && has_expired(keys, set))
		code = muster_fail(err, MUSTER_E_IO,
				   "%s gives credentials that have expired by this machine's clock",
				   keys->options.ops->name(keys->options.state));
	if (code)
		key_set_release(set);
	return code;
}

static void renew_locked(struct keys *keys)
{
	struct muster_error failure = { 0 };
	struct key_set set;
	enum muster_code code;

	keys->shared.is_fetching = true;
	pthread_mutex_unlock(&keys->shared.lock);
	code = fetch(keys, &set, &failure);
	pthread_mutex_lock(&keys->shared.lock);
	keys->shared.is_fetching = false;
	keys->shared.is_refused = false;
	keys->shared.fetched_boot_ns = boot_ns(keys);
	if (code)
		keep_failure_locked(keys, &failure);
	else
		keep_locked(keys, &set);
}

static void *run(void *arg)
{
	struct keys *keys = arg;

	pthread_mutex_lock(&keys->shared.lock);
	while (!keys->shared.is_closing) {
		uint64_t wait_ns = due_in_ns_locked(keys);

		if (wait_ns)
			wait_locked(keys, wait_ns);
		else
			renew_locked(keys);
	}
	pthread_mutex_unlock(&keys->shared.lock);
	return NULL;
}

/* --- open and close -------------------------------------------------------------------------- */

static void init_shared(struct keys *keys)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&keys->shared.lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&keys->shared.changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

/* Signals are for the other threads. */
static enum muster_code start(struct keys *keys, struct muster_error *err)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&keys->thread, NULL, run, keys);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	keys->has_thread = !rc;
	errno = rc;
	return rc ? muster_fail_errno(err, "make a thread that renews credentials") : MUSTER_OK;
}

static enum muster_code fetch_first(struct keys *keys, struct muster_error *err)
{
	struct key_set set;
	enum muster_code code = fetch(keys, &set, err);

	if (code)
		return code;
	keys->name = keys->options.ops->name(keys->options.state);
	keys->shared.fetched_boot_ns = boot_ns(keys);
	keep_locked(keys, &set);
	keys->shared.is_news = false;
	return set.expires_ns ? start(keys, err) : MUSTER_OK;
}

enum muster_code keys_open(struct keys **out, const struct keys_options *options,
			   struct muster_error *err)
{
	struct keys *keys = calloc(1, sizeof(*keys));
	enum muster_code code;

	*out = NULL;
	if (!keys) {
		options->ops->free(options->state);
		return muster_fail_memory(err, "credentials");
	}
	keys->options = *options;
	if (!keys->options.effects)
		keys->options.effects = effects_system();
	init_shared(keys);
	code = fetch_first(keys, err);
	if (code) {
		keys_close(keys);
		return code;
	}
	*out = keys;
	return MUSTER_OK;
}

void keys_close(struct keys *keys)
{
	if (!keys)
		return;
	if (keys->has_thread) {
		pthread_mutex_lock(&keys->shared.lock);
		keys->shared.is_closing = true;
		pthread_cond_broadcast(&keys->shared.changed);
		pthread_mutex_unlock(&keys->shared.lock);
		if (keys->options.ops->cancel)
			keys->options.ops->cancel(keys->options.state);
		pthread_join(keys->thread, NULL);
	}
	keys->options.ops->free(keys->options.state);
	key_set_release(&keys->shared.set);
	pthread_cond_destroy(&keys->shared.changed);
	pthread_mutex_destroy(&keys->shared.lock);
	free(keys);
}

/* --- lending --------------------------------------------------------------------------------- */

enum muster_code keys_get(struct keys *keys, struct key_set *out, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct key_set){ 0 };
	pthread_mutex_lock(&keys->shared.lock);
	if (has_expired(keys, &keys->shared.set) && keys->shared.failure.code) {
		code = keys->shared.failure.code;
		if (err) {
			*err = keys->shared.failure;
			muster_context(err,
				       "the credentials of %s have expired, and were not renewed",
				       keys->name);
		}
	} else {
		code = key_set_copy(out, &keys->shared.set, err);
	}
	pthread_mutex_unlock(&keys->shared.lock);
	return code;
}

bool keys_refuse(struct keys *keys)
{
	bool is_of_use;

	if (!keys->has_thread)
		return false;
	pthread_mutex_lock(&keys->shared.lock);
	if (keys->shared.is_refused || keys->shared.is_fetching) {
		is_of_use = true;
	} else if (boot_ns(keys) - keys->shared.fetched_boot_ns < KEYS_REFUSE_MIN_NS) {
		/* who was refused may have signed with the set before */
		is_of_use = keys->shared.is_news;
	} else {
		is_of_use = keys->shared.is_refused = true;
		keys->shared.retry_boot_ns = 0;
		pthread_cond_broadcast(&keys->shared.changed);
	}
	pthread_mutex_unlock(&keys->shared.lock);
	return is_of_use;
}

const char *keys_source(const struct keys *keys)
{
	return keys->name;
}

void keys_wake(struct keys *keys)
{
	pthread_mutex_lock(&keys->shared.lock);
	pthread_cond_broadcast(&keys->shared.changed);
	pthread_mutex_unlock(&keys->shared.lock);
}
