/* A collection: its log, the checkpoints of it, the name that leads to it, its versions. */
#include "engine/check/check_internal.h"

#include <stdlib.h>
#include <string.h>

#include "artifact/record/collection_state.h"
#include "artifact/record/name_state.h"
#include "base/text/encode.h"

struct collection_check {
	struct check_run *run;
	uint8_t id[16];
	struct key log;
	struct collection_state state; /* the fold; of use unless fold_is_broken */
	bool fold_is_broken;	       /* an event is lost, or could not follow */
	bool is_closed;
	uint64_t head;
	struct spill
		*versions;    /* number (big endian) -> struct saved_version, or nothing: deleted */
	struct bytes open;    /* event 1, as we write it; empty: not known */
	bool is_head_proved;  /* the last event, by a checkpoint */
	bool is_end_unproved; /* the last event: by no session, nor checkpoint */
	uint64_t *checkpoints; /* numbers, descending as they are listed; the next is the last */
	size_t checkpoint_count, checkpoint_cap;
};

/* The last event of a log that was counted as unproved is not. Writers beside us may have made it
 * after the count. */
static void prove_end(struct check_run *run)
{
	run->report->unproved_events -= run->report->unproved_events > 0;
}

/* --- checkpoints ----------------------------------------------------------------------------- */

static enum muster_code note_checkpoint(void *state, const char *key, uint64_t size_bytes,
					uint64_t modified_ns, struct muster_error *err)
{
	struct collection_check *check = state;
	size_t cap = check->checkpoint_cap ? 2 * check->checkpoint_cap : 16;
	uint64_t number, *numbers;

	(void)size_bytes;
	(void)modified_ns;
	if (!key_parse_checkpoint(key, check->id, &number))
		return MUSTER_OK;
	if (check->checkpoint_count == check->checkpoint_cap) {
		numbers = reallocarray(check->checkpoints, cap, sizeof(*numbers));
		if (!numbers)
			return muster_fail_memory(err, "the numbers of checkpoints");
		check->checkpoints = numbers;
		check->checkpoint_cap = cap;
	}
	check->checkpoints[check->checkpoint_count++] = number;
	return MUSTER_OK;
}

static enum muster_code list_checkpoints(struct collection_check *check, struct muster_error *err)
{
	struct key prefix;

	key_checkpoint_prefix(&prefix, check->id);
	return store_list(check->run->store, prefix.text, NULL, note_checkpoint, check, err);
}

/* The same state, whatever the bytes? Both written our way must be equal. */
static enum muster_code compare_folds(struct view stored, struct view ours, uint64_t number,
				      struct muster_error *err)
{
	struct collection_state state = { 0 };
	struct bytes again = { 0 };
	uint8_t sha256[32];
	uint64_t found = 0;
	enum muster_code code = checkpoint_parse(&state, &found, sha256, stored, err);

	if (code == MUSTER_ABSENT) /* folded with more, or less, than we know: nobody uses it */
		return MUSTER_OK;
	if (!code)
		code = checkpoint_encode(&state, found, sha256, &again, err);
	if (!code && (found != number || !view_equal(bytes_view(&again), ours)))
		code = muster_fail(err, MUSTER_E_FORMAT,
				   "it is not what the events up to %llu add up to",
				   (unsigned long long)number);
	bytes_release(&again);
	collection_state_release(&state);
	return code;
}

static enum muster_code compare_checkpoint(struct collection_check *check, uint64_t number,
					   const uint8_t sha256[32], struct muster_error *err)
{
	struct bytes stored = { 0 }, ours = { 0 };
	struct key key;
	enum muster_code code;

	key_checkpoint(&key, check->id, number);
	check->run->report->checkpoint_count++;
	code = checkpoint_encode(&check->state, number, sha256, &ours, err);
	if (!code)
		code = store_get(check->run->store, key.text, &stored, CHECKPOINT_MAX_BYTES, err);
	if (!code && !view_equal(bytes_view(&stored), bytes_view(&ours)))
		code = compare_folds(bytes_view(&stored), bytes_view(&ours), number, err);
	check->is_head_proved = !code;
	bytes_release(&stored);
	bytes_release(&ours);
	code = check_judge(check->run, key.text, code, err);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* Checkpoints that stand at or before this event. */
static enum muster_code check_checkpoints(struct collection_check *check, uint64_t number,
					  const uint8_t sha256[32], struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && check->checkpoint_count &&
	       check->checkpoints[check->checkpoint_count - 1] <= number) {
		uint64_t at = check->checkpoints[--check->checkpoint_count];

		if (at == number && !check->fold_is_broken && !check->state.is_foreign)
			code = compare_checkpoint(check, number, sha256, err);
	}
	return code;
}

/* Those that are left stand behind the last event. They were listed before the events were. */
static void tell_lost_events(struct collection_check *check)
{
	while (check->checkpoint_count) {
		uint64_t number = check->checkpoints[--check->checkpoint_count];
		struct key key;

		key_event(&key, check->log.text, number);
		check_found(check->run, key.text, MUSTER_E_FORMAT,
			    "it is missing: a checkpoint names it");
	}
}

/* --- events ---------------------------------------------------------------------------------- */

static struct saved_version version_of(const struct collection_check *check,
				       const struct event *event)
{
	struct saved_version version = { .number = event->version,
					 .event = event->number,
					 .manifest = event->manifest,
					 .algorithm = event->algorithm,
					 .entry_count = event->entry_count,
					 .reference_count = event->reference_count,
					 .size_bytes = event->size_bytes };

	memcpy(version.id, event->version_id, 16);
	memcpy(version.collection_id, check->id, 16);
	memcpy(version.digest, event->digest, 16);
	memcpy(version.root, event->root, 32);
	return version;
}

static enum muster_code note_version(struct collection_check *check, uint64_t number,
				     const struct saved_version *version, struct muster_error *err)
{
	uint64_t key = htobe64(number);

	return spill_add(check->versions, view_of(&key, sizeof(key)),
			 view_of(version, version ? sizeof(*version) : 0), err);
}

static enum muster_code note_event(struct collection_check *check, const struct event *event,
				   struct muster_error *err)
{
	struct saved_version version;
	struct key key;
	enum muster_code code;

	switch (event->kind.id) {
	case EVENT_SAVE:
		version = version_of(check, event);
		key_event(&key, check->log.text, event->number);
		code = check_saved_by(check->run, key.text, event->run, event->version_id, err);
		return code ? code : note_version(check, event->version, &version, err);
	case EVENT_DELETE:
		return note_version(check, event->version, NULL, err);
	case EVENT_CLOSE:
		check->is_closed = true;
		return MUSTER_OK;
	default:
		return MUSTER_OK;
	}
}

static enum muster_code fold_event(struct collection_check *check, const struct event *event,
				   struct muster_error *err)
{
	enum muster_code code;

	if (check->fold_is_broken)
		return MUSTER_OK;
	code = collection_state_apply(&check->state, event, err);
	check->fold_is_broken = code != MUSTER_OK;
	if (!code && event->number == 1 && event->is_understood &&
	    memcmp(check->state.id, check->id, 16) != 0)
		code = muster_fail(err, MUSTER_E_FORMAT, "it opens another collection");
	return code;
}

static enum muster_code take_event(void *state, const struct event *event, const uint8_t sha256[32],
				   struct muster_error *err)
{
	struct collection_check *check = state;
	enum muster_code code = note_event(check, event, err);

	check->head = event->number;
	check->is_head_proved = false;
	if (!code && event->kind.id == EVENT_OPEN)
		code = event_encode(event, &check->open, err);
	if (!code)
		code = fold_event(check, event, err);
	return code ? code : check_checkpoints(check, event->number, sha256, err);
}

static void lose_event(void *state, uint64_t number)
{
	struct collection_check *check = state;

	check->head = number;
	check->fold_is_broken = true;
}

/* --- the name -------------------------------------------------------------------------------- */

struct name_check {
	struct name_state state;
	bool is_broken;
	uint64_t event_count;
	uint64_t bound_by; /* the number of the last event that gave the name a meaning */
	bool is_end_unproved;
};

static enum muster_code fold_name(void *state, const struct event *event, const uint8_t sha256[32],
				  struct muster_error *err)
{
	struct name_check *check = state;
	enum muster_code code;

	(void)sha256;
	check->event_count++;
	if (event->kind.id == EVENT_NAME)
		check->bound_by = event->number;
	if (check->is_broken)
		return MUSTER_OK;
	code = name_state_apply(&check->state, event, err);
	check->is_broken = code != MUSTER_OK;
	return code == MUSTER_E_MEMORY ? code : MUSTER_OK;
}

static void lose_name(void *state, uint64_t number)
{
	(void)number;
	((struct name_check *)state)->is_broken = true;
}

/* Its findings were told before. */
static enum muster_code read_name(struct collection_check *check, const char *log,
				  struct name_check *out, struct muster_error *err)
{
	struct check_log walk = {
		.name = log, .state = out, .event = fold_name, .lost = lose_name
	};
	enum muster_code code;

	check->run->is_silent = true;
	code = check_log_walk(check->run, &walk, err);
	check->run->is_silent = false;
	out->is_end_unproved = walk.is_end_unproved;
	return code;
}

/* Has the collection gone on since its log was read, perhaps to its end? */
static bool has_moved(struct collection_check *check)
{
	struct store_object *object = NULL;
	struct key next;

	key_event(&next, check->log.text, check->head + 1);
	if (store_open(check->run->store, next.text, &object, NULL))
		return false;
	store_close(object);
	return true;
}

/* Event 1 was made of the event that gave the name its meaning: each of them proves the other. */
static enum muster_code compare_open(struct collection_check *check, const struct name_check *name,
				     const char *log, struct muster_error *err)
{
	struct event open = name_state_open_event(&name->state);
	struct bytes made = { 0 };
	struct key bound, first;
	enum muster_code code = MUSTER_OK;

	if (!check->open.len)
		return MUSTER_OK;
	code = event_encode(&open, &made, err);
	key_event(&bound, log, name->bound_by);
	key_event(&first, check->log.text, 1);
	if (!code && view_equal(bytes_view(&made), bytes_view(&check->open))) {
		if (name->is_end_unproved && name->bound_by == name->event_count)
			prove_end(check->run);
		if (check->is_end_unproved && check->head == 1)
			prove_end(check->run);
	} else if (!code) {
		check_found(check->run, bound.text, MUSTER_E_FORMAT,
			    check->head > 1 ? "it has changed: '%s' was made of another one"
					    : "it has changed, or '%s' that was made of it",
			    first.text);
	}
	bytes_release(&made);
	return code;
}

/* Does the name that the log says of itself lead here? */
static enum muster_code check_name(struct collection_check *check, struct muster_error *err)
{
	const struct collection_state *state = &check->state;
	struct name_check name = { 0 };
	struct key log, first;
	bool leads_here;
	enum muster_code code;

	if (check->fold_is_broken || !state->is_open || check->is_closed)
		return MUSTER_OK;
	key_names_log(&log, state->entity, state->project, state->name);
	code = read_name(check, log.text, &name, err);
	if (has_moved(check))
		name.is_broken = true;
	leads_here = name.state.is_bound && memcmp(name.state.collection_id, check->id, 16) == 0;
	if (!code && !name.event_count && !name.is_broken) {
		key_event(&first, log.text, 1);
		check_found(check->run, first.text, MUSTER_E_FORMAT,
			    "it is missing: '%s' has this name", check->log.text);
	} else if (!code && !name.is_broken && !name.state.is_foreign && leads_here) {
		code = compare_open(check, &name, log.text, err);
	} else if (!code && !name.is_broken && !name.state.is_foreign) {
		check_found(check->run, check->log.text, MUSTER_E_FORMAT,
			    "no name leads here: '%s' means something else", log.text);
	}
	name_state_release(&name.state);
	return code;
}

/* --- one collection -------------------------------------------------------------------------- */

/* Of each number the last word counts. */
static enum muster_code check_versions(struct collection_check *check, struct muster_error *err)
{
	struct manifest_check *manifests = NULL;
	struct check_stream stream = { 0 };
	enum muster_code code = check_stream_begin(&stream, check->versions, err);

	if (!code)
		code = manifest_check_open(&manifests, check->run, err);
	while (!code && stream.has) {
		bool is_live = stream.value.len == sizeof(struct saved_version);
		struct saved_version version = { 0 };
		uint64_t number;

		memcpy(&number, stream.key.ptr, sizeof(number));
		if (is_live)
			memcpy(&version, stream.value.ptr, sizeof(version));
		code = check_stream_next(&stream, err);
		if (code || !is_live ||
		    (stream.has && memcmp(stream.key.ptr, &number, sizeof(number)) == 0))
			continue;
		code = manifest_check_version(manifests, &version, err);
	}
	manifest_check_close(manifests);
	return code;
}

static enum muster_code check_collection(struct check_run *run, const uint8_t id[16],
					 struct muster_error *err)
{
	struct collection_check *check = calloc(1, sizeof(*check));
	struct check_log log = { .state = check, .event = take_event, .lost = lose_event };
	enum muster_code code;

	if (!check)
		return muster_fail_memory(err, "the check of a collection");
	check->run = run;
	memcpy(check->id, id, 16);
	key_collection_log(&check->log, id);
	log.name = check->log.text;
	code = check_sort_new(run, &check->versions, false, err);
	if (!code)
		code = list_checkpoints(check, err);
	if (!code)
		code = check_log_walk(run, &log, err);
	if (!code)
		tell_lost_events(check);
	check->is_end_unproved = log.is_end_unproved && !check->is_head_proved;
	if (!code && log.is_end_unproved && check->is_head_proved)
		prove_end(run);
	if (!code)
		code = check_name(check, err);
	if (!code && !check->is_closed)
		code = check_versions(check, err);
	collection_state_release(&check->state);
	spill_free(check->versions);
	bytes_release(&check->open);
	free(check->checkpoints);
	free(check);
	return code;
}

/* --- all of them ----------------------------------------------------------------------------- */

static size_t parse_collection(const char *key, uint8_t out[CHECK_ITEM_BYTES])
{
	static const char prefix[] = "collections/";
	size_t at = sizeof(prefix) - 1;

	if (strncmp(key, prefix, at) != 0 || strlen(key) < at + 33 || key[at + 32] != '/' ||
	    !hex_decode(out, 16, view_of(key + at, 32)))
		return 0;
	return 16;
}

/* Every object of a collection leads to it, so that one is found though its name was lost. Those
 * that a name means and that have no object at all were never opened: there is nothing to check. */
enum muster_code check_collections(struct check_run *run, struct muster_error *err)
{
	struct check_stream ids = { 0 };
	struct spill *list = NULL;
	uint8_t last[16];
	bool has_last = false;
	enum muster_code code = check_list(run, "collections/", parse_collection, &list, err);

	if (!code)
		code = check_stream_begin(&ids, list, err);
	while (!code && ids.has) {
		if (!has_last || memcmp(last, ids.key.ptr, 16) != 0) {
			memcpy(last, ids.key.ptr, 16);
			has_last = true;
			code = check_collection(run, last, err);
		}
		if (!code)
			code = check_stream_next(&ids, err);
	}
	spill_free(list);
	return code;
}
