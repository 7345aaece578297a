#include "engine/repository/session.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/text/text.h"

#define NS_PER_MS	1000000u
#define CREATE_ATTEMPTS 3
#define TEXT_BYTES	512 /* four times as many when escaped */

struct session {
	struct store *store;
	const struct effects *effects;
	uint8_t id[16];
	uint64_t life_ms;
	uint32_t beat_ms;
	_Atomic uint64_t last_object;

	pthread_mutex_t write_lock; /* one record at a time */
	uint64_t last_record;	    /* under `write_lock` */

	struct {
		pthread_mutex_t lock;
		pthread_cond_t stop_now;
		bool is_stopping;
		struct muster_error failure; /* of the last beat */
	} beats;
	pthread_t thread;
	bool has_thread;
};

static uint64_t now_ms(const struct session *session)
{
	return effects_wall_ns(session->effects) / NS_PER_MS;
}

/* "me@host 1234": who to ask about a session that is still there. */
static enum muster_code write_who(const struct session *session, struct bytes *out,
				  struct muster_error *err)
{
	const char *user = session->effects->getenv(session->effects->state, "USER");
	char host[256] = "?", who[TEXT_BYTES];

	if (gethostname(host, sizeof(host) - 1))
		snprintf(host, sizeof(host), "?");
	snprintf(who, sizeof(who), "%s@%s %ld", user ? user : "?", host, (long)getpid());
	return text_append_safe(out, view_text(who), err);
}

/* For people: what is too long is cut, what is no text is escaped. */
static enum muster_code write_what(struct view what, struct bytes *out, struct muster_error *err)
{
	if (what.len > TEXT_BYTES)
		what.len = TEXT_BYTES;
	return text_append_safe(out, what, err);
}

/* Is what stands under `key` ours, from a create whose answer was lost? */
static bool is_stored(struct session *session, const char *key, struct view ours)
{
	struct bytes stored = { 0 };
	bool is_ours = store_get(session->store, key, &stored, SESSION_RECORD_MAX_BYTES, NULL) ==
			       MUSTER_OK &&
		       view_equal(bytes_view(&stored), ours);

	bytes_release(&stored);
	return is_ours;
}

/* The next record. Only this session writes here, so that whatever exists already is ours. */
static enum muster_code write_record(struct session *session, struct session_record *record,
				     struct muster_error *err)
{
	struct bytes bytes = { 0 };
	enum muster_code code;
	struct key key;

	pthread_mutex_lock(&session->write_lock);
	record->number = session->last_record + 1;
	record->time_ms = now_ms(session);
	if (session->life_ms && record->kind.id != SESSION_END)
		record->expiry_ms = record->time_ms + session->life_ms;
	memcpy(record->session, session->id, sizeof(record->session));
	key_session(&key, session->id, record->number);
	code = session_record_encode(record, &bytes, err);
	if (code)
		goto out;
	for (int attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
		code = store_create(session->store, key.text, bytes_view(&bytes), err);
		if (code && is_stored(session, key.text, bytes_view(&bytes)))
			code = MUSTER_OK;
		if (code != MUSTER_E_IO)
			break;
	}
	if (code == MUSTER_EXISTS)
		code = muster_fail(err, MUSTER_E_FORMAT, "'%s' was written by somebody else",
				   key.text);
	if (!code) {
		session->last_record = record->number;
		if (err) /* an attempt that failed is overcome */
			*err = (struct muster_error){ 0 };
	}
out:
	pthread_mutex_unlock(&session->write_lock);
	bytes_release(&bytes);
	return code;
}

enum muster_code session_beat(struct session *session, struct muster_error *err)
{
	struct session_record record = { .kind.id = SESSION_BEAT };

	return write_record(session, &record, err);
}

enum muster_code session_beat_failure(struct session *session, struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&session->beats.lock);
	code = session->beats.failure.code;
	if (code && err)
		*err = session->beats.failure;
	pthread_mutex_unlock(&session->beats.lock);
	return code;
}

static struct timespec deadline_in(uint32_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Waits `ms` for the order to stop. */
static bool wait_for_stop_locked(struct session *session, uint32_t ms)
{
	struct timespec deadline = deadline_in(ms);

	while (!session->beats.is_stopping) {
		if (pthread_cond_timedwait(&session->beats.stop_now, &session->beats.lock,
					   &deadline) == ETIMEDOUT)
			break;
	}
	return session->beats.is_stopping;
}

static uint32_t wait_ms(const struct session *session)
{
	bool is_failing = session->beats.failure.code != MUSTER_OK;

	return is_failing && session->beat_ms > SESSION_BEAT_RETRY_MS ? SESSION_BEAT_RETRY_MS
								      : session->beat_ms;
}

static void *beat_thread(void *arg)
{
	struct session *session = arg;

	pthread_mutex_lock(&session->beats.lock);
	while (!wait_for_stop_locked(session, wait_ms(session))) {
		struct muster_error failure = { 0 };

		pthread_mutex_unlock(&session->beats.lock);
		if (!session_beat(session, &failure))
			failure = (struct muster_error){ 0 };
		pthread_mutex_lock(&session->beats.lock);
		session->beats.failure = failure;
	}
	pthread_mutex_unlock(&session->beats.lock);
	return NULL;
}

static enum muster_code start_beats(struct session *session, struct muster_error *err)
{
	if (pthread_create(&session->thread, NULL, beat_thread, session))
		return muster_fail_memory(err, "the beats of a session");
	session->has_thread = true;
	return MUSTER_OK;
}

static void stop_beats(struct session *session)
{
	if (!session->has_thread)
		return;
	pthread_mutex_lock(&session->beats.lock);
	session->beats.is_stopping = true;
	pthread_cond_signal(&session->beats.stop_now);
	pthread_mutex_unlock(&session->beats.lock);
	pthread_join(session->thread, NULL);
	session->has_thread = false;
}

static struct session *session_new(struct repository *repository,
				   const struct session_options *options)
{
	struct session *session = calloc(1, sizeof(*session));
	pthread_condattr_t attributes;

	if (!session)
		return NULL;
	session->store = repository_store(repository);
	session->effects = repository_effects(repository);
	session->life_ms = options->life_ms;
	session->beat_ms = options->beat_ms ? options->beat_ms : SESSION_BEAT_MS;
	pthread_mutex_init(&session->write_lock, NULL);
	pthread_mutex_init(&session->beats.lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&session->beats.stop_now, &attributes);
	pthread_condattr_destroy(&attributes);
	return session;
}

static enum muster_code write_begin(struct session *session, const char *text,
				    const struct session_options *options, struct muster_error *err)
{
	struct session_record record = { .kind.id = SESSION_BEGIN, .base = options->base };
	struct bytes who = { 0 }, what = { 0 };
	enum muster_code code = write_who(session, &who, err);

	if (!code)
		code = write_what(view_text(text), &what, err);
	record.who = bytes_view(&who);
	record.what = bytes_view(&what);
	if (options->continues)
		memcpy(record.continues, options->continues, sizeof(record.continues));
	if (!code)
		code = write_record(session, &record, err);
	bytes_release(&who);
	bytes_release(&what);
	return code;
}

enum muster_code session_begin(struct session **out, struct repository *repository,
			       const char *what, const struct session_options *options,
			       struct muster_error *err)
{
	static const struct session_options defaults = { 0 };
	struct session *session;
	enum muster_code code = repository_check_writable(repository, err);

	*out = NULL;
	options = options ? options : &defaults;
	if (code)
		return code;
	session = session_new(repository, options);
	if (!session)
		return muster_fail_memory(err, "a session");
	code = effects_random(session->effects, session->id, sizeof(session->id), err);
	if (!code)
		code = write_begin(session, what, options, err);
	if (!code)
		code = start_beats(session, err);
	if (code) {
		muster_context(err, "begin a session");
		session_close(session);
		return code;
	}
	*out = session;
	return MUSTER_OK;
}

const uint8_t *session_id(const struct session *session)
{
	return session->id;
}

enum muster_code session_next_object(void *state, struct object_id *out, struct muster_error *err)
{
	struct session *session = state;
	uint64_t number = atomic_fetch_add(&session->last_object, 1) + 1;

	if (number > UINT32_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "a session has at most %u objects",
				   UINT32_MAX);
	memcpy(out->session, session->id, sizeof(out->session));
	out->number = (uint32_t)number;
	return MUSTER_OK;
}

enum muster_code session_end(struct session *session, const char *log, uint64_t number,
			     const uint8_t sha256[32], struct muster_error *err)
{
	struct session_record record = { .kind.id = SESSION_END, .event = number };
	enum muster_code code;

	assert(!log == !number);
	stop_beats(session);
	if (log) {
		record.log = view_text(log);
		memcpy(record.sha256, sha256, sizeof(record.sha256));
	}
	code = write_record(session, &record, err);
	if (code)
		muster_context(err, "end a session");
	return code;
}

void session_close(struct session *session)
{
	if (!session)
		return;
	stop_beats(session);
	pthread_cond_destroy(&session->beats.stop_now);
	pthread_mutex_destroy(&session->beats.lock);
	pthread_mutex_destroy(&session->write_lock);
	free(session);
}
