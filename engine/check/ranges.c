/* Leaves follow each other in their objects. What was read in order is read ahead, twice as far
 * each time; a leaf that lies alone is read alone. */
#include "engine/check/check_internal.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD_MAX_BYTES (1u << 20)
#define MISSING_MAX	16 /* objects that were told of lately */

struct range_object {
	struct object_id id;
	bool in_manifest;
	struct store_object *object; /* NULL: free */
	uint64_t offset_bytes;	     /* of what the window holds */
	size_t ahead_bytes;	     /* how much was read the last time */
	struct bytes window;
};

struct ranges {
	struct check_run *run;
	struct range_object objects[RANGE_OBJECTS]; /* most recent first */
	struct {
		struct object_id id;
		bool in_manifest;
	} missing[MISSING_MAX];
	size_t missing_count; /* so far: they are kept in a ring */
};

enum muster_code ranges_open(struct ranges **out, struct check_run *run, struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return muster_fail_memory(err, "ranges of leaves");
	(*out)->run = run;
	return MUSTER_OK;
}

void ranges_close(struct ranges *ranges)
{
	if (!ranges)
		return;
	for (size_t i = 0; i < RANGE_OBJECTS; i++) {
		store_close(ranges->objects[i].object);
		bytes_release(&ranges->objects[i].window);
	}
	free(ranges);
}

static void key_of(const struct leaf_record *record, struct key *out)
{
	key_object(out, record->in_manifest ? OBJECT_MANIFEST : OBJECT_LEAVES, &record->object);
}

static bool was_told(const struct ranges *ranges, const struct leaf_record *record)
{
	size_t count = ranges->missing_count < MISSING_MAX ? ranges->missing_count : MISSING_MAX;

	for (size_t i = 0; i < count; i++)
		if (ranges->missing[i].in_manifest == record->in_manifest &&
		    object_id_equal(&ranges->missing[i].id, &record->object))
			return true;
	return false;
}

/* Once for all leaves that were in it. */
static void tell(struct ranges *ranges, const struct leaf_record *record, enum muster_code code,
		 const char *reason)
{
	size_t at = ranges->missing_count++ % MISSING_MAX;
	struct key key;

	ranges->missing[at].id = record->object;
	ranges->missing[at].in_manifest = record->in_manifest;
	key_of(record, &key);
	check_found(ranges->run, key.text, code, "%s", reason);
}

static enum muster_code check_head(struct store_object *object, bool in_manifest,
				   struct muster_error *err)
{
	uint8_t header[OBJECT_HEADER_BYTES];
	enum muster_code code;

	if (object->size_bytes < sizeof(header))
		return muster_fail(err, MUSTER_E_FORMAT, "it is shorter than its header");
	code = store_read(object, 0, header, sizeof(header), err);
	return code ? code
		    : object_header_check(view_of(header, sizeof(header)),
					  in_manifest ? "mani" : "leaf", 1, err);
}

/* A header is no part of any leaf: that it is broken is told, the leaves are read all the same. */
static enum muster_code open_object(struct ranges *ranges, const struct leaf_record *record,
				    struct store_object **out, struct muster_error *err)
{
	struct key key;
	enum muster_code code;

	key_of(record, &key);
	code = store_open(ranges->run->store, key.text, out, err);
	if (code == MUSTER_ABSENT) {
		tell(ranges, record, MUSTER_E_FORMAT,
		     ranges->run->needed_by[0] ? "it is missing"
					       : "it is missing: versions need its leaves");
		return MUSTER_ABSENT;
	}
	if (muster_failed(code) && !muster_ends_job(code)) {
		tell(ranges, record, code, err->message);
		return MUSTER_ABSENT;
	}
	if (!code)
		code = check_head(*out, record->in_manifest, err);
	if (muster_ends_job(code) || !code)
		return code;
	check_judge(ranges->run, key.text, code, err);
	return MUSTER_OK;
}

static void move_to_front(struct ranges *ranges, size_t at)
{
	struct range_object object = ranges->objects[at];

	memmove(&ranges->objects[1], &ranges->objects[0], at * sizeof(object));
	ranges->objects[0] = object;
}

static enum muster_code need_object(struct ranges *ranges, const struct leaf_record *record,
				    struct muster_error *err)
{
	struct range_object *last = &ranges->objects[RANGE_OBJECTS - 1];
	struct store_object *object = NULL;
	enum muster_code code;

	for (size_t i = 0; i < RANGE_OBJECTS; i++) {
		if (!ranges->objects[i].object ||
		    ranges->objects[i].in_manifest != record->in_manifest ||
		    !object_id_equal(&ranges->objects[i].id, &record->object))
			continue;
		move_to_front(ranges, i);
		return MUSTER_OK;
	}
	if (was_told(ranges, record))
		return MUSTER_ABSENT;
	code = open_object(ranges, record, &object, err);
	if (code) {
		store_close(object);
		return code;
	}
	store_close(last->object);
	last->object = object;
	last->id = record->object;
	last->in_manifest = record->in_manifest;
	last->offset_bytes = last->ahead_bytes = last->window.len = 0;
	move_to_front(ranges, RANGE_OBJECTS - 1);
	return MUSTER_OK;
}

static enum muster_code fill(struct range_object *from, uint64_t offset_bytes, size_t len,
			     struct muster_error *err)
{
	uint64_t end = from->offset_bytes + from->window.len, left;
	bool follows =
		from->window.len && offset_bytes >= from->offset_bytes && offset_bytes <= end;
	size_t ahead = follows ? 2 * from->ahead_bytes : len;
	enum muster_code code;

	if (offset_bytes > from->object->size_bytes ||
	    from->object->size_bytes - offset_bytes < len)
		return muster_fail(err, MUSTER_E_FORMAT,
				   "it ends at %llu, within a leaf of %zu bytes at %llu",
				   (unsigned long long)from->object->size_bytes, len,
				   (unsigned long long)offset_bytes);
	left = from->object->size_bytes - offset_bytes;
	ahead = ahead > AHEAD_MAX_BYTES ? AHEAD_MAX_BYTES : ahead;
	ahead = ahead < len ? len : ahead;
	ahead = ahead > left ? (size_t)left : ahead;
	from->window.len = 0;
	code = bytes_reserve(&from->window, ahead, err);
	if (!code)
		code = store_read(from->object, offset_bytes, from->window.ptr, ahead, err);
	if (code)
		return code;
	from->window.len = ahead;
	from->offset_bytes = offset_bytes;
	from->ahead_bytes = ahead;
	return MUSTER_OK;
}

enum muster_code ranges_read(struct ranges *ranges, const struct leaf_record *record, size_t len,
			     struct view *out, struct muster_error *err)
{
	uint64_t offset_bytes = record->offset_bytes;
	struct range_object *from = &ranges->objects[0];
	struct key key;
	enum muster_code code = need_object(ranges, record, err);

	if (code)
		return code;
	if (offset_bytes < from->offset_bytes ||
	    offset_bytes + len > from->offset_bytes + from->window.len) {
		code = fill(from, offset_bytes, len, err);
		key_of(record, &key);
		code = check_judge(ranges->run, key.text, code, err);
		if (code)
			return code;
	}
	*out = view_of(from->window.ptr + (offset_bytes - from->offset_bytes), len);
	return MUSTER_OK;
}
