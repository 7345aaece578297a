#include "artifact/record/gc_state.h"

#include <stdio.h>
#include <stdlib.h>

void gc_state_release(struct gc_state *state)
{
	for (size_t i = 0; i < state->open_count; i++) {
		free(state->open[i].heads.items);
		bytes_release(&state->open[i].text);
	}
	free(state->open);
	free(state->condemned);
	free(state->swept);
	free(state->bad);
	*state = (struct gc_state){ 0 };
}

int object_id_compare(const struct object_id *a, const struct object_id *b)
{
	int order = memcmp(a->session, b->session, sizeof(a->session));

	return order ? order : (a->number > b->number) - (a->number < b->number);
}

static int copy_compare(const struct gc_copy *a, const struct gc_copy *b)
{
	int order = object_id_compare(&a->pack, &b->pack);

	return order ? order : (a->ordinal > b->ordinal) - (a->ordinal < b->ordinal);
}

/* All lists here begin with what they are sorted by, so one comparison each serves for both. */
static int by_id(const void *a, const void *b)
{
	return object_id_compare(a, b);
}

static int by_copy(const void *a, const void *b)
{
	return copy_compare(a, b);
}

struct list {
	uint8_t *items;
	size_t count, item_bytes;
	int (*compare)(const void *a, const void *b);
};

/* Both sorted into one sorted list without equals; of two, the one in `old` stays. */
static size_t merge_into(uint8_t *out, const struct list *old, const struct list *more)
{
	size_t size = old->item_bytes, i = 0, j = 0, count = 0;

	while (i < old->count || j < more->count) {
		const uint8_t *a = i < old->count ? old->items + i * size : NULL;
		const uint8_t *b = j < more->count ? more->items + j * size : NULL;
		int order = !a ? 1 : !b ? -1 : old->compare(a, b);

		if (count && order > 0 && old->compare(out + (count - 1) * size, b) == 0) {
			j++; /* a repetition within `more` */
			continue;
		}
		memcpy(out + count++ * size, order <= 0 ? a : b, size);
		i += order <= 0;
		j += order >= 0;
	}
	return count;
}

/* Sorts `more` and merges it into `old`, whose items it replaces. */
static enum muster_code list_add(struct list *old, struct list *more, struct muster_error *err)
{
	uint8_t *items;

	if (old->count + more->count > GC_OBJECTS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "over %u objects in the gc log",
				   GC_OBJECTS_MAX);
	if (!more->count)
		return MUSTER_OK;
	items = reallocarray(NULL, old->count + more->count, old->item_bytes);
	if (!items)
		return muster_fail_memory(err, "the gc log");
	qsort(more->items, more->count, more->item_bytes, more->compare);
	old->count = merge_into(items, old, more);
	free(old->items);
	old->items = items;
	return MUSTER_OK;
}

static const void *find(const void *items, size_t count, size_t size, const void *what,
			int (*compare)(const void *, const void *))
{
	return count ? bsearch(what, items, count, size, compare) : NULL;
}

/* The ids that an event lists by key. Gives an array (free()). */
static enum muster_code parse_objects(const struct texts *keys, struct object_id **out,
				      struct muster_error *err)
{
	struct object_id *ids = calloc(keys->count + 1, sizeof(*ids));

	if (!ids)
		return muster_fail_memory(err, "the gc log");
	for (size_t i = 0; i < keys->count; i++) {
		enum object_kind kind;
		char key[KEY_MAX_BYTES];

		snprintf(key, sizeof(key), "%.*s", VIEW_ARGS(keys->items[i]));
		if (strlen(key) == keys->items[i].len && key_parse_any_object(key, &kind, &ids[i]))
			continue;
		free(ids);
		return muster_fail(err, MUSTER_E_FORMAT, "'%s' is not the key of an object", key);
	}
	*out = ids;
	return MUSTER_OK;
}

/* Opens a condemn: keeps its heads. */
static enum muster_code keep_condemn(struct gc_state *state, const struct event *event,
				     struct muster_error *err)
{
	struct gc_condemn *open = reallocarray(state->open, state->open_count + 1, sizeof(*open));
	struct gc_condemn *condemn;
	size_t need = 0;
	enum muster_code code;

	if (!open)
		return muster_fail_memory(err, "the gc log");
	state->open = open;
	condemn = &open[state->open_count++];
	*condemn = (struct gc_condemn){ .event = event->number };
	for (size_t i = 0; i < event->heads.count; i++)
		need += event->heads.items[i].len;
	code = bytes_reserve(&condemn->text, need + 1, err); /* never moves from now on */
	if (code)
		return code;
	condemn->heads.items = calloc(event->heads.count + 1, sizeof(*condemn->heads.items));
	if (!condemn->heads.items)
		return muster_fail_memory(err, "the gc log");
	for (size_t i = 0; i < event->heads.count; i++) {
		struct view head = event->heads.items[i];

		condemn->heads.items[condemn->heads.count++] =
			view_of(condemn->text.ptr + condemn->text.len, head.len);
		bytes_append_view(&condemn->text, head, NULL);
	}
	return MUSTER_OK;
}

static enum muster_code apply_condemn(struct gc_state *state, const struct event *event,
				      struct muster_error *err)
{
	struct object_id *ids = NULL;
	struct gc_mark *marks = NULL;
	struct list old = { (uint8_t *)state->condemned, state->condemned_count,
			    sizeof(*state->condemned), by_id };
	struct list more = { .item_bytes = sizeof(*marks), .compare = by_id };
	enum muster_code code = parse_objects(&event->objects, &ids, err);

	if (code)
		return code;
	marks = calloc(event->objects.count + 1, sizeof(*marks));
	if (!marks)
		code = muster_fail_memory(err, "the gc log");
	for (size_t i = 0; i < event->objects.count && !code; i++)
		if (gc_state_standing(state, &ids[i]) != GC_SWEPT)
			marks[more.count++] = (struct gc_mark){ ids[i], event->number };
	more.items = (uint8_t *)marks;
	if (!code)
		code = list_add(&old, &more, err);
	state->condemned = (struct gc_mark *)(void *)old.items;
	state->condemned_count = old.count;
	if (!code)
		code = keep_condemn(state, event, err);
	free(marks);
	free(ids);
	return code;
}

static void forget_condemn(struct gc_state *state, size_t at)
{
	free(state->open[at].heads.items);
	bytes_release(&state->open[at].text);
	state->open_count--;
	memmove(state->open + at, state->open + at + 1,
		(state->open_count - at) * sizeof(*state->open));
}

/* Removes from the condemned what event `number` condemned: swept or released. */
static void settle_marks(struct gc_state *state, uint64_t number)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->condemned_count; i++)
		if (state->condemned[i].condemned != number)
			state->condemned[kept++] = state->condemned[i];
	state->condemned_count = kept;
}

static enum muster_code check_swept(const struct gc_state *state, const struct event *event,
				    const struct object_id *ids, struct muster_error *err)
{
	for (size_t i = 0; i < event->objects.count; i++) {
		const struct gc_mark *mark = find(state->condemned, state->condemned_count,
						  sizeof(*mark), &ids[i], by_id);

		if (!mark || mark->condemned != event->condemned)
			return muster_fail(err, MUSTER_E_FORMAT,
					   "'%.*s' is swept, but event %llu did not condemn it",
					   VIEW_ARGS(event->objects.items[i]),
					   (unsigned long long)event->condemned);
	}
	return MUSTER_OK;
}

static enum muster_code apply_sweep(struct gc_state *state, const struct event *event,
				    struct muster_error *err)
{
	struct object_id *ids = NULL;
	struct list old = { (uint8_t *)state->swept, state->swept_count, sizeof(*ids), by_id };
	struct list more = { .count = event->objects.count,
			     .item_bytes = sizeof(*ids),
			     .compare = by_id };
	size_t at = 0;
	enum muster_code code;

	while (at < state->open_count && state->open[at].event != event->condemned)
		at++;
	if (at == state->open_count)
		return muster_fail(err, MUSTER_E_FORMAT, "event %llu is no open condemn event",
				   (unsigned long long)event->condemned);
	code = parse_objects(&event->objects, &ids, err);
	if (!code)
		code = check_swept(state, event, ids, err);
	more.items = (uint8_t *)ids;
	if (!code)
		code = list_add(&old, &more, err);
	state->swept = (struct object_id *)(void *)old.items;
	state->swept_count = old.count;
	if (!code) {
		settle_marks(state, event->condemned);
		forget_condemn(state, at);
	}
	free(ids);
	return code;
}

void gc_copy_text(const struct gc_copy *copy, char out[GC_COPY_TEXT_BYTES])
{
	char id[OBJECT_ID_TEXT_BYTES];

	object_id_text(&copy->pack, id);
	snprintf(out, GC_COPY_TEXT_BYTES, "%s/%u", id, copy->ordinal);
}

/* A whole number in its shortest form. */
static bool parse_decimal(struct view text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!text.len || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || value > max / 10)
			return false;
		value = 10 * value + (uint64_t)(text.ptr[i] - '0');
		if (value > max)
			return false;
	}
	*out = value;
	return true;
}

static bool parse_copy(struct view text, struct gc_copy *out)
{
	struct view id, slash;
	uint64_t ordinal;

	if (!take_bytes(&text, OBJECT_ID_TEXT_BYTES - 1, &id) || !object_id_parse(id, &out->pack) ||
	    !take_bytes(&text, 1, &slash) || slash.ptr[0] != '/' ||
	    !parse_decimal(text, UINT32_MAX, &ordinal))
		return false;
	out->ordinal = (uint32_t)ordinal;
	return true;
}

static enum muster_code apply_bad(struct gc_state *state, const struct event *event,
				  struct muster_error *err)
{
	struct gc_copy *copies = calloc(event->copies.count + 1, sizeof(*copies));
	struct list old = { (uint8_t *)state->bad, state->bad_count, sizeof(*copies), by_copy };
	struct list more = { (uint8_t *)copies, event->copies.count, sizeof(*copies), by_copy };
	enum muster_code code = MUSTER_OK;

	if (!copies)
		return muster_fail_memory(err, "the gc log");
	for (size_t i = 0; i < event->copies.count && !code; i++)
		if (!parse_copy(event->copies.items[i], &copies[i]))
			code = muster_fail(err, MUSTER_E_FORMAT, "'%.*s' is no copy of a blob",
					   VIEW_ARGS(event->copies.items[i]));
	if (!code)
		code = list_add(&old, &more, err);
	state->bad = (struct gc_copy *)(void *)old.items;
	state->bad_count = old.count;
	free(copies);
	return code;
}

enum muster_code gc_state_apply(struct gc_state *state, const struct event *event,
				struct muster_error *err)
{
	if (!event->is_understood)
		state->is_foreign = true;
	switch ((enum event_kind)event->kind.id) {
	case EVENT_UNKNOWN:
		return MUSTER_OK;
	case EVENT_CONDEMN:
		return apply_condemn(state, event, err);
	case EVENT_SWEEP:
		return apply_sweep(state, event, err);
	case EVENT_BAD:
		return apply_bad(state, event, err);
	default:
		return muster_fail(err, MUSTER_E_FORMAT, "'%s' has no place in the gc log",
				   event_kind_name(event->kind.id));
	}
}

enum gc_standing gc_state_standing(const struct gc_state *state, const struct object_id *id)
{
	if (find(state->swept, state->swept_count, sizeof(*state->swept), id, by_id))
		return GC_SWEPT;
	if (find(state->condemned, state->condemned_count, sizeof(*state->condemned), id, by_id))
		return GC_CONDEMNED;
	return GC_LIVE;
}

bool gc_state_is_bad(const struct gc_state *state, const struct object_id *pack, uint32_t ordinal)
{
	struct gc_copy copy = { *pack, ordinal };

	return find(state->bad, state->bad_count, sizeof(copy), &copy, by_copy) != NULL;
}

bool gc_state_has_bad(const struct gc_state *state, const struct object_id *pack)
{
	return find(state->bad, state->bad_count, sizeof(*state->bad), pack, by_id) != NULL;
}

/* The number that a mark had read of this log; 0 if it had not read it. */
static uint64_t head_of(const struct gc_condemn *condemn, struct view log)
{
	for (size_t i = 0; i < condemn->heads.count; i++) {
		struct view head = condemn->heads.items[i];
		uint64_t number;

		if (!view_starts_with(head, log) || head.len < log.len + 2 ||
		    head.ptr[log.len] != '/')
			continue;
		head = view_of(head.ptr + log.len + 1, head.len - log.len - 1);
		if (parse_decimal(head, LOG_NUMBER_MAX, &number))
			return number;
	}
	return 0;
}

bool gc_state_vouches(const struct gc_state *state, const char *log, uint64_t number)
{
	for (size_t i = 0; i < state->open_count; i++)
		if (head_of(&state->open[i], view_text(log)) < number)
			return false;
	return true;
}
