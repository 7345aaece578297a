/* A chain is broken between two events. Which of them has changed?
 *
 *	… - before -x- last - next - …     `next` names `last`: `last` is whole, `before` is not
 *	… - before -x- last -x- next - …   nobody is of one mind with `last`: it is the one
 *
 * At the end of a log no event follows. There the end of a session tells, which names the event
 * that it led to and its SHA-256. An event without one is counted as unproved; collection.c takes
 * it back where a checkpoint or the log beside it tells. */
#include "engine/check/check_internal.h"

#include <string.h>

void link_walk_release(struct link_walk *walk)
{
	bytes_release(&walk->blamed);
}

bool link_walk_is_blamed(const struct link_walk *walk, uint64_t number)
{
	for (size_t at = 0; at < walk->blamed.len; at += sizeof(number))
		if (memcmp(walk->blamed.ptr + at, &number, sizeof(number)) == 0)
			return true;
	return false;
}

static enum muster_code note_blame(struct link_walk *walk, uint64_t number,
				   struct muster_error *err)
{
	return bytes_append(&walk->blamed, &number, sizeof(number), err);
}

static enum muster_code blame_before(struct link_walk *walk, struct muster_error *err)
{
	struct key key;

	key_event(&key, walk->log, walk->before.number);
	check_found(walk->run, key.text, MUSTER_E_FORMAT,
		    "it has changed: event %llu names another SHA-256",
		    (unsigned long long)walk->last.number);
	return note_blame(walk, walk->before.number, err);
}

static enum muster_code blame_last(struct link_walk *walk, const char *more,
				   struct muster_error *err)
{
	struct key key;

	key_event(&key, walk->log, walk->last.number);
	check_found(walk->run, key.text, MUSTER_E_FORMAT,
		    "the chain is broken: it does not name the SHA-256 of event %llu%s",
		    (unsigned long long)walk->before.number, more);
	return note_blame(walk, walk->last.number, err);
}

enum testimony { TESTIMONY_NONE, TESTIMONY_WHOLE, TESTIMONY_CHANGED };

/* What does the session that made the event say of it? */
static enum muster_code ask_session(struct link_walk *walk, const struct link_event *event,
				    enum testimony *out, struct muster_error *err)
{
	static const uint8_t none[16];
	struct session_end end = { 0 };
	enum muster_code code = MUSTER_OK;

	*out = TESTIMONY_NONE;
	if (memcmp(event->session, none, sizeof(none)) != 0)
		code = check_session_end(walk->run, event->session, &end, err);
	if (code || !end.is_there || end.event != event->number ||
	    strcmp(end.log.text, walk->log) != 0)
		return code;
	*out = memcmp(end.sha256, event->sha256, 32) == 0 ? TESTIMONY_WHOLE : TESTIMONY_CHANGED;
	return MUSTER_OK;
}

/* Nobody comes behind `last` who could tell. */
static enum muster_code settle(struct link_walk *walk, struct muster_error *err)
{
	enum testimony of_last = TESTIMONY_NONE, of_before = TESTIMONY_NONE;
	enum muster_code code;

	if (!walk->is_open)
		return MUSTER_OK;
	walk->is_open = false;
	code = ask_session(walk, &walk->last, &of_last, err);
	if (!code)
		code = ask_session(walk, &walk->before, &of_before, err);
	if (code)
		return code;
	if (of_last == TESTIMONY_WHOLE || of_before == TESTIMONY_CHANGED)
		return blame_before(walk, err);
	if (of_last == TESTIMONY_CHANGED || of_before == TESTIMONY_WHOLE)
		return blame_last(walk, "", err);
	return blame_last(walk, ", or that one has changed", err);
}

enum muster_code link_walk_next(struct link_walk *walk, const struct event *event,
				const uint8_t sha256[32], struct muster_error *err)
{
	bool fits = !walk->last.number || memcmp(event->previous, walk->last.sha256, 32) == 0;
	enum muster_code code = MUSTER_OK;

	if (walk->is_open && fits)
		code = blame_before(walk, err);
	else if (walk->is_open)
		code = blame_last(walk, "", err);
	walk->is_open = !walk->is_open && !fits;
	walk->before = walk->last;
	walk->last.number = event->number;
	memcpy(walk->last.sha256, sha256, 32);
	memcpy(walk->last.session, event->session, 16);
	return code;
}

enum muster_code link_walk_lost(struct link_walk *walk, uint64_t number, struct muster_error *err)
{
	enum muster_code code = settle(walk, err);

	walk->last.number = 0;
	return code ? code : note_blame(walk, number, err);
}

/* That the last event has changed is told where its session is checked. */
enum muster_code link_walk_end(struct link_walk *walk, struct muster_error *err)
{
	enum testimony testimony = TESTIMONY_NONE;
	enum muster_code code = settle(walk, err);

	if (!code && walk->last.number)
		code = ask_session(walk, &walk->last, &testimony, err);
	if (!code && testimony == TESTIMONY_CHANGED)
		code = note_blame(walk, walk->last.number, err);
	walk->is_end_unproved = !code && walk->last.number && testimony == TESTIMONY_NONE &&
				!link_walk_is_blamed(walk, walk->last.number);
	return code;
}
