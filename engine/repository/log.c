#include "engine/repository/log_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/repository/who.h"

#define CREATE_ATTEMPTS 3

enum muster_code log_open(struct log **out, const struct log_options *options,
			  struct muster_error *err)
{
	struct log *log = calloc(1, sizeof(*log));

	*out = NULL;
	if (!log)
		return muster_fail_memory(err, "a log");
	assert(strlen(options->name) < sizeof(log->name.text));
	memcpy(log->name.text, options->name, strlen(options->name));
	log->store = options->store;
	log->effects = options->effects;
	log->fold = options->fold;
	if (options->checkpoint_id) {
		log->has_checkpoints = true;
		memcpy(log->checkpoint_id, options->checkpoint_id, sizeof(log->checkpoint_id));
	}
	*out = log;
	return MUSTER_OK;
}

void log_close(struct log *log)
{
	if (log)
		bytes_release(&log->who);
	free(log);
}

const char *log_name(const struct log *log)
{
	return log->name.text;
}

uint64_t log_head(const struct log *log)
{
	return log->head;
}

const uint8_t *log_head_sha256(const struct log *log)
{
	return log->head_sha256;
}

uint64_t log_stored_ms(const struct log *log, uint64_t number)
{
	const struct log_time *time = &log->times[number % LOG_TIMES];

	return time->number == number ? time->modified_ms : 0;
}

bool log_is_foreign(const struct log *log)
{
	return log->is_foreign;
}

enum muster_code log_in_event(const struct log *log, uint64_t number, enum muster_code code,
			      struct muster_error *err)
{
	if (muster_failed(code))
		muster_context(err, "log '%s' event %llu", log->name.text,
			       (unsigned long long)number);
	return code;
}

void log_forget(struct log *log)
{
	log->fold.reset(log->fold.state);
	log->head = 0;
	memset(log->head_sha256, 0, sizeof(log->head_sha256));
	log->is_loaded = false;
	log->is_foreign = false;
}

enum muster_code log_get(struct log *log, uint64_t number, struct bytes *out,
			 struct muster_error *err)
{
	struct key key;

	if (number > LOG_NUMBER_MAX)
		return MUSTER_ABSENT;
	out->len = 0;
	key_event(&key, log->name.text, number);
	return store_get(log->store, key.text, out, EVENT_MAX_BYTES, err);
}

/* Parse the bytes of event `number`, which must follow `previous`. */
static enum muster_code parse_checked(struct event *out, struct view bytes, uint64_t number,
				      const uint8_t previous[32], struct muster_error *err)
{
	enum muster_code code = event_parse(out, bytes, err);

	if (code)
		return code;
	if (out->number != number)
		code = muster_fail(err, MUSTER_E_FORMAT, "it calls itself event %llu",
				   (unsigned long long)out->number);
	else if (number > 1 && previous && memcmp(out->previous, previous, 32) != 0)
		code = muster_fail(
			err, MUSTER_E_FORMAT,
			"the chain is broken: it does not name the SHA-256 of event %llu",
			(unsigned long long)number - 1);
	if (code)
		event_release(out);
	return code;
}

static enum muster_code fold_event(struct log *log, const struct event *event, struct view bytes,
				   struct muster_error *err)
{
	enum muster_code code = log->fold.apply(log->fold.state, event, err);

	if (code) {
		log_forget(log);
		return code;
	}
	log->head = event->number;
	sha256_of(bytes, log->head_sha256);
	log->is_foreign |= !event->is_understood;
	return MUSTER_OK;
}

/* Reads and folds the event behind the head; MUSTER_ABSENT where there is none. */
static enum muster_code read_next(struct log *log, struct bytes *bytes, struct muster_error *err)
{
	uint64_t number = log->head + 1;
	struct event event = { 0 };
	enum muster_code code = log_get(log, number, bytes, err);

	if (code)
		return log_in_event(log, number, code, err);
	code = parse_checked(&event, bytes_view(bytes), number, log->head_sha256, err);
	if (!code)
		code = fold_event(log, &event, bytes_view(bytes), err);
	event_release(&event);
	return log_in_event(log, number, code, err);
}

enum muster_code log_read_to(struct log *log, uint64_t last, struct bytes *bytes,
			     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (log->head < last && !code)
		code = read_next(log, bytes, err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "log '%s' event %llu is missing: event %llu was listed",
				   log->name.text, (unsigned long long)log->head + 1,
				   (unsigned long long)last);
	return code;
}

enum muster_code log_read_up(struct log *log, struct bytes *bytes, struct muster_error *err)
{
	enum muster_code code;

	do
		code = read_next(log, bytes, err);
	while (code == MUSTER_OK);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

enum muster_code log_read(struct log *log, struct muster_error *err)
{
	struct bytes bytes = { 0 };
	enum muster_code code;

	if (log->is_loaded) {
		code = log_read_up(log, &bytes, err);
	} else {
		log_forget(log);
		code = log_load(log, &bytes, err);
		if (!code)
			log->is_loaded = true;
		else
			log_forget(log);
	}
	bytes_release(&bytes);
	return code;
}

/* Are the bytes under `key` ours? MUSTER_EXISTS: somebody else's; MUSTER_ABSENT: there are none. */
static enum muster_code compare_stored(struct log *log, const char *key, struct view ours,
				       struct muster_error *err)
{
	struct bytes stored = { 0 };
	enum muster_code code = store_get(log->store, key, &stored, EVENT_MAX_BYTES, err);

	if (!code && !view_equal(bytes_view(&stored), ours))
		code = MUSTER_EXISTS;
	if (code == MUSTER_E_LIMIT)
		code = MUSTER_EXISTS;
	bytes_release(&stored);
	return code;
}

/* Create if absent, where the answer may be lost and a retry below may meet our own event. The
 * bytes hold a random id, so equal bytes are ours. */
static enum muster_code create_settled(struct log *log, uint64_t number, struct view bytes,
				       struct muster_error *err)
{
	struct muster_error failure = { 0 };
	enum muster_code code = MUSTER_OK;
	struct key key;

	key_event(&key, log->name.text, number);
	for (int attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
		struct muster_error unused = { 0 };
		enum muster_code settled;

		code = store_create(log->store, key.text, bytes, &failure);
		if (code != MUSTER_EXISTS && code != MUSTER_E_IO)
			break;
		settled = compare_stored(log, key.text, bytes, &unused);
		if (settled == MUSTER_OK || settled == MUSTER_EXISTS)
			return settled;
		if (code == MUSTER_EXISTS) { /* there, but it cannot be read back */
			failure = unused;
			code = settled == MUSTER_ABSENT
				       ? muster_fail(&failure, MUSTER_E_IO,
						     "'%s' exists and is absent", key.text)
				       : settled;
		}
	}
	if (muster_failed(code) && err)
		*err = failure;
	return code;
}

/* A checkpoint only saves others reading: that it could not be written is no failure. */
static void write_checkpoint(struct log *log)
{
	struct bytes bytes = { 0 };
	struct key key;
	enum muster_code code;

	if (!log->has_checkpoints || log->head < log->checkpoint + LOG_CHECKPOINT_EVENTS)
		return;
	log->checkpoint = log->head;
	code = log->fold.checkpoint(log->fold.state, log->head, log->head_sha256, &bytes, NULL);
	if (!code) {
		key_checkpoint(&key, log->checkpoint_id, log->head);
		store_create(log->store, key.text, bytes_view(&bytes), NULL);
	}
	bytes_release(&bytes);
}

/* Found out once, by who writes. */
static enum muster_code say_by(struct log *log, struct event *event, struct muster_error *err)
{
	enum muster_code code = log->who.len ? MUSTER_OK : who_append(log->effects, &log->who, err);

	event->by = bytes_view(&log->who);
	return code;
}

static enum muster_code complete(struct log *log, struct event *event, struct bytes *bytes,
				 struct muster_error *err)
{
	enum muster_code code = effects_random(log->effects, event->id, sizeof(event->id), err);

	if (!code && event_may_say_by(event))
		code = say_by(log, event, err);
	event->number = log->head + 1;
	event->time_ms = effects_wall_ns(log->effects) / LOG_NS_PER_MS;
	memcpy(event->previous, log->head_sha256, sizeof(event->previous));
	return code ? code : event_encode(event, bytes, err);
}

static enum muster_code check_writable(const struct log *log, struct muster_error *err)
{
	if (log->is_foreign)
		return muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"log '%s' has an event that this program does not know: it may be read, "
			"not written",
			log->name.text);
	if (log->head >= LOG_NUMBER_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "log '%s' is full", log->name.text);
	return MUSTER_OK;
}

enum muster_code log_append(struct log *log, struct event *event, uint8_t sha256[32],
			    struct muster_error *err)
{
	struct event written = { 0 };
	struct bytes bytes = { 0 };
	enum muster_code code;

	assert(log->is_loaded);
	code = check_writable(log, err);
	if (code)
		return code;
	code = complete(log, event, &bytes, err);
	/* Read it as others will: an event that nobody can parse would end its log for good. */
	if (!code)
		code = event_parse(&written, bytes_view(&bytes), err);
	if (!code)
		code = create_settled(log, event->number, bytes_view(&bytes), err);
	if (code)
		goto out;
	if (sha256)
		sha256_of(bytes_view(&bytes), sha256);
	/* It is there now. If it cannot be folded, the log is read anew the next time. */
	if (fold_event(log, &written, bytes_view(&bytes), NULL) == MUSTER_OK)
		write_checkpoint(log);
out:
	event_release(&written);
	bytes_release(&bytes);
	return log_in_event(log, event->number, code, err);
}

/* The hash that proves event `number`: named by its successor, or known of the head. */
static enum muster_code hash_of(struct log *log, uint64_t number, uint8_t sha256[32],
				struct bytes *bytes, struct muster_error *err)
{
	struct event next = { 0 };
	enum muster_code code;

	if (number == log->head) {
		memcpy(sha256, log->head_sha256, 32);
		return MUSTER_OK;
	}
	code = log_get(log, number + 1, bytes, err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_FORMAT, "it is missing");
	if (!code)
		code = parse_checked(&next, bytes_view(bytes), number + 1, NULL, err);
	memcpy(sha256, next.previous, 32);
	event_release(&next);
	return log_in_event(log, number + 1, code, err);
}

enum muster_code log_event(struct log *log, uint64_t number, struct event *out,
			   struct muster_error *err)
{
	struct bytes bytes = { 0 };
	uint8_t expected[32], found[32];
	enum muster_code code;

	*out = (struct event){ 0 };
	assert(number >= 1 && number <= log->head);
	code = hash_of(log, number, expected, &bytes, err);
	if (code)
		goto out;
	code = log_get(log, number, &bytes, err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_FORMAT, "it is missing");
	sha256_of(bytes_view(&bytes), found);
	if (!code && memcmp(found, expected, sizeof(found)) != 0)
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "the chain is broken: its SHA-256 is another");
	if (!code)
		code = parse_checked(out, bytes_view(&bytes), number, NULL, err);
	code = log_in_event(log, number, code, err);
out:
	bytes_release(&bytes);
	return code;
}

enum muster_code log_each(struct log *log, uint64_t first, log_each_fn *fn, void *state,
			  struct muster_error *err)
{
	struct bytes bytes = { 0 };
	uint8_t sha256[32];
	enum muster_code code = MUSTER_OK;

	assert(first >= 1);
	for (uint64_t number = first; number <= log->head && !code; number++) {
		struct event event = { 0 };

		code = log_get(log, number, &bytes, err);
		if (code == MUSTER_ABSENT)
			code = muster_fail(err, MUSTER_E_FORMAT, "it is missing");
		if (!code)
			code = parse_checked(&event, bytes_view(&bytes), number,
					     number > first ? sha256 : NULL, err);
		if (!code) {
			sha256_of(bytes_view(&bytes), sha256);
			if (number == log->head && memcmp(sha256, log->head_sha256, 32) != 0)
				code = muster_fail(err, MUSTER_E_FORMAT, "it has changed");
		}
		code = log_in_event(log, number, code, err);
		if (!code)
			code = fn(state, &event, bytes_view(&bytes), err);
		event_release(&event);
	}
	bytes_release(&bytes);
	return code;
}
