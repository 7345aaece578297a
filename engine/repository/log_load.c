/* The first reading of a log: where to begin, and whether its end is an end or a gap. */
#include "engine/repository/log_internal.h"

#include <stdio.h>

#include "artifact/record/collection_state.h" /* CHECKPOINT_MAX_BYTES */

/* What a listing of a log's events behind the head says. */
struct listed {
	struct log *log;
	uint64_t last;	/* up to here none is missing */
	uint64_t later; /* an event behind one that is missing; 0: none */
};

static enum muster_code note_event(void *state, const char *key, uint64_t size_bytes,
				   uint64_t modified_ns, struct muster_error *err)
{
	struct listed *listed = state;
	uint64_t number;

	(void)size_bytes;
	(void)err;
	if (!key_parse_event(key, listed->log->name.text, &number))
		return MUSTER_OK;
	listed->log->times[number % LOG_TIMES] =
		(struct log_time){ number, modified_ns / LOG_NS_PER_MS };
	if (number == listed->last + 1)
		listed->last = number;
	else if (number > listed->last)
		listed->later = number;
	return listed->later ? MUSTER_END : MUSTER_OK;
}

static enum muster_code list_events(struct log *log, struct listed *out, struct muster_error *err)
{
	struct key prefix, after = { "" };
	enum muster_code code;

	*out = (struct listed){ .log = log, .last = log->head };
	snprintf(prefix.text, sizeof(prefix.text), "%.700s/", log->name.text);
	if (log->head)
		key_event(&after, log->name.text, log->head);
	code = store_list(log->store, prefix.text, log->head ? after.text : NULL, note_event, out,
			  err);
	return code == MUSTER_END ? MUSTER_OK : code;
}

/* A listing sees all that was created before it began (io/store/store.h), so what it does not see
 * need not be asked for. Where it sees an event behind one that is missing, that one was created
 * while it went on, with all between, or it is lost. */
static enum muster_code read_listed(struct log *log, struct bytes *bytes, struct muster_error *err)
{
	for (;;) {
		struct listed listed;
		enum muster_code code = list_events(log, &listed, err);
		uint64_t missing = listed.last + 1;

		if (!code)
			code = log_read_to(log, listed.last, bytes, err);
		if (code || !listed.later)
			return code;
		code = log_read_up(log, bytes, err);
		if (code)
			return code;
		if (log->head < missing)
			return muster_fail(err, MUSTER_E_FORMAT,
					   "log '%s' event %llu is missing: event %llu is there",
					   log->name.text, (unsigned long long)missing,
					   (unsigned long long)listed.later);
	}
}

struct newest {
	const uint8_t *id;
	uint64_t numbers[4]; /* the newest first: where one does not serve, the next may */
	size_t count;
};

static enum muster_code note_checkpoint(void *state, const char *key, uint64_t size_bytes,
					uint64_t modified_ns, struct muster_error *err)
{
	struct newest *newest = state;

	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	if (key_parse_checkpoint(key, newest->id, &newest->numbers[newest->count]))
		newest->count++;
	return newest->count == 4 ? MUSTER_END : MUSTER_OK;
}

/* Answers MUSTER_ABSENT for a checkpoint that cannot be used: events are what counts. */
static enum muster_code restore(struct log *log, uint64_t number, struct bytes *bytes,
				struct muster_error *err)
{
	struct muster_error unused = { 0 };
	uint64_t found = 0;
	struct key key;
	enum muster_code code;

	key_checkpoint(&key, log->checkpoint_id, number);
	bytes->len = 0;
	code = store_get(log->store, key.text, bytes, CHECKPOINT_MAX_BYTES, err);
	if (code)
		return code == MUSTER_E_LIMIT ? MUSTER_ABSENT : code;
	code = log->fold.restore(log->fold.state, bytes_view(bytes), &found, log->head_sha256,
				 &unused);
	if (!code && found == number) {
		log->head = number;
		return MUSTER_OK;
	}
	log_forget(log);
	if (code == MUSTER_E_MEMORY)
		return muster_fail_memory(err, "a checkpoint");
	return MUSTER_ABSENT;
}

static enum muster_code load_checkpoint(struct log *log, struct bytes *bytes,
					struct muster_error *err)
{
	struct newest newest = { .id = log->checkpoint_id };
	struct key prefix;
	enum muster_code code;

	if (!log->has_checkpoints)
		return MUSTER_OK;
	key_checkpoint_prefix(&prefix, log->checkpoint_id);
	code = store_list(log->store, prefix.text, NULL, note_checkpoint, &newest, err);
	if (code && code != MUSTER_END)
		return code;
	log->checkpoint = newest.count ? newest.numbers[0] : 0;
	for (size_t i = 0; i < newest.count && !log->ignore_checkpoints; i++) {
		code = restore(log, newest.numbers[i], bytes, err);
		if (code != MUSTER_ABSENT)
			return code;
	}
	return MUSTER_OK;
}

/* A checkpoint that no later event vouches for must be of the event that is there. */
static enum muster_code check_restored(struct log *log, uint64_t restored, struct bytes *bytes,
				       struct muster_error *err)
{
	uint8_t sha256[32];
	enum muster_code code;

	if (!restored || log->head != restored)
		return MUSTER_OK;
	code = log_get(log, restored, bytes, err);
	if (code == MUSTER_ABSENT)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "log '%s' event %llu is missing: a checkpoint "
				   "names it",
				   log->name.text, (unsigned long long)restored);
	if (code)
		return log_in_event(log, restored, code, err);
	sha256_of(bytes_view(bytes), sha256);
	if (memcmp(sha256, log->head_sha256, sizeof(sha256)) != 0)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "log '%s' event %llu is not what its "
				   "checkpoint names",
				   log->name.text, (unsigned long long)restored);
	return MUSTER_OK;
}

enum muster_code log_load(struct log *log, struct bytes *bytes, struct muster_error *err)
{
	enum muster_code code = load_checkpoint(log, bytes, err);
	uint64_t restored = log->head;

	if (!code)
		code = read_listed(log, bytes, err);
	if (!code)
		code = check_restored(log, restored, bytes, err);
	if (!code && log->checkpoint > log->head)
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "log '%s' event %llu is missing: a checkpoint "
				   "names it",
				   log->name.text, (unsigned long long)log->checkpoint);
	if (code == MUSTER_E_FORMAT && restored && !log->ignore_checkpoints) {
		/* Is it the checkpoint that is wrong? The events alone decide. */
		log->ignore_checkpoints = true;
		log_forget(log);
		return log_load(log, bytes, err);
	}
	return code;
}
