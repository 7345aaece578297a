/* Logs, event by event, twice: once for the chain, then for what the events say, because what an
 * event is worth is known only from those behind it. The walk goes by numbers up to the last one
 * that the store lists, so an event that is missing or broken does not hide the next. */
#include "engine/check/check_internal.h"

#include <stdio.h>
#include <string.h>

struct log_range {
	const char *log;
	uint64_t last; /* highest number listed; 0: none */
};

static enum muster_code note_event(void *state, const char *key, uint64_t size_bytes,
				   uint64_t modified_ns, struct muster_error *err)
{
	struct log_range *range = state;
	uint64_t number;

	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	if (key_parse_event(key, range->log, &number) && number > range->last)
		range->last = number;
	return MUSTER_OK;
}

static enum muster_code find_last(struct check_run *run, const char *log, uint64_t *last,
				  struct muster_error *err)
{
	struct log_range range = { .log = log };
	struct key prefix;
	enum muster_code code;

	snprintf(prefix.text, sizeof(prefix.text), "%.700s/", log);
	code = store_list(run->store, prefix.text, NULL, note_event, &range, err);
	*last = range.last;
	return code;
}

/* The event of a key, its bytes in `bytes`. MUSTER_ABSENT: there is a finding. */
static enum muster_code read_event(struct check_run *run, const char *key, uint64_t number,
				   uint64_t last, struct event *out, struct bytes *bytes,
				   struct muster_error *err)
{
	enum muster_code code;

	bytes->len = 0;
	code = store_get(run->store, key, bytes, EVENT_MAX_BYTES, err);
	if (code == MUSTER_ABSENT) {
		check_found(run, key, MUSTER_E_FORMAT, "it is missing: event %llu is there",
			    (unsigned long long)last);
		return MUSTER_ABSENT;
	}
	if (!code)
		code = event_parse(out, bytes_view(bytes), err);
	if (!code && out->number != number) {
		code = muster_fail(err, MUSTER_E_FORMAT, "it calls itself event %llu",
				   (unsigned long long)out->number);
		event_release(out);
	}
	return check_judge(run, key, code, err);
}

static enum muster_code walk_link(struct link_walk *walk, uint64_t number, uint64_t last,
				  struct bytes *bytes, struct muster_error *err)
{
	struct event event = { 0 };
	uint8_t sha256[32];
	struct key key;
	enum muster_code code;

	key_event(&key, walk->log, number);
	code = read_event(walk->run, key.text, number, last, &event, bytes, err);
	if (code == MUSTER_ABSENT)
		return link_walk_lost(walk, number, err);
	if (code)
		return code;
	walk->run->report->event_count += !walk->run->is_silent;
	sha256_of(bytes_view(bytes), sha256);
	code = link_walk_next(walk, &event, sha256, err);
	event_release(&event);
	return code;
}

static bool ends_check(enum muster_code code)
{
	return muster_ends_job(code) || code == MUSTER_E_IO || code == MUSTER_E_CANCELLED;
}

static enum muster_code tell_event(struct check_run *run, const struct check_log *log,
				   const char *key, struct bytes *bytes, struct muster_error *err)
{
	struct event event = { 0 };
	uint8_t sha256[32];
	enum muster_code code;

	bytes->len = 0;
	code = store_get(run->store, key, bytes, EVENT_MAX_BYTES, err);
	if (!code)
		code = event_parse(&event, bytes_view(bytes), err);
	if (!code) {
		sha256_of(bytes_view(bytes), sha256);
		code = log->event(log->state, &event, sha256, err);
		event_release(&event);
	}
	if (!muster_failed(code) || ends_check(code))
		return code;
	check_judge(run, key, code, err);
	return MUSTER_OK;
}

static enum muster_code tell_events(const struct check_log *log, const struct link_walk *walk,
				    uint64_t last, struct bytes *bytes, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (uint64_t number = 1; number <= last && !code; number++) {
		struct key key;

		key_event(&key, log->name, number);
		if (link_walk_is_blamed(walk, number))
			log->lost(log->state, number);
		else
			code = tell_event(walk->run, log, key.text, bytes, err);
		if (!code)
			code = check_cancelled(walk->run, err);
	}
	return code;
}

enum muster_code check_log_walk(struct check_run *run, struct check_log *log,
				struct muster_error *err)
{
	struct link_walk walk = { .run = run, .log = log->name };
	struct bytes bytes = { 0 };
	uint64_t last = 0;
	enum muster_code code = find_last(run, log->name, &last, err);

	run->report->log_count += !code && last && !run->is_silent;
	for (uint64_t number = 1; number <= last && !code; number++) {
		code = check_cancelled(run, err);
		if (!code)
			code = walk_link(&walk, number, last, &bytes, err);
	}
	if (!code)
		code = link_walk_end(&walk, err);
	log->is_end_unproved = walk.is_end_unproved;
	run->report->unproved_events += walk.is_end_unproved && !run->is_silent;
	if (!code && log->event)
		code = tell_events(log, &walk, last, &bytes, err);
	link_walk_release(&walk);
	bytes_release(&bytes);
	return code;
}

enum muster_code check_read_event(struct check_run *run, const char *key, struct event *out,
				  struct muster_error *err)
{
	struct bytes bytes = { 0 };
	enum muster_code code = store_get(run->store, key, &bytes, EVENT_MAX_BYTES, err);

	*out = (struct event){ 0 };
	if (!code)
		code = event_parse(out, bytes_view(&bytes), err);
	bytes_release(&bytes);
	if (!muster_failed(code) || muster_ends_job(code))
		return code;
	*err = (struct muster_error){ 0 };
	return MUSTER_END;
}

/* --- the small logs -------------------------------------------------------------------------- */

static enum muster_code note_name(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	struct spill *names = state;
	struct key log;

	(void)size_bytes;
	(void)modified_ns;
	if (!key_parse_names_log(key, &log))
		return MUSTER_OK;
	return spill_add(names, view_text(log.text), (struct view){ 0 }, err);
}

static enum muster_code check_names(struct check_run *run, struct muster_error *err)
{
	struct check_stream names = { 0 };
	struct key last = { "" };
	struct spill *list = NULL;
	enum muster_code code = check_sort_new(run, &list, false, err);

	if (!code)
		code = store_list(run->store, "names/", NULL, note_name, list, err);
	if (!code)
		code = check_stream_begin(&names, list, err);
	while (!code && names.has) {
		struct check_log log = { .name = last.text };

		if (!view_equal(names.key, view_text(last.text))) {
			memcpy(last.text, names.key.ptr, names.key.len);
			last.text[names.key.len] = '\0';
			code = check_log_walk(run, &log, err);
		}
		if (!code)
			code = check_stream_next(&names, err);
	}
	spill_free(list);
	return code;
}

enum muster_code check_small_logs(struct check_run *run, struct muster_error *err)
{
	struct check_log settings = { .name = KEY_REPOSITORY_LOG }, gc = { .name = KEY_GC_LOG };
	enum muster_code code = check_log_walk(run, &settings, err);

	if (!code)
		code = check_log_walk(run, &gc, err);
	return code ? code : check_names(run, err);
}
