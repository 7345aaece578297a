/**
 * gc_state - what the gc log adds up to: objects condemned and swept, copies of blobs gone bad.
 * Pure.
 *
 * A condemned object may still be read, but nothing new may rest on it; the sweep that settles its
 * condemn event either sweeps or releases it. A swept object never returns. A bad copy counts as
 * absent wherever a copy is looked for; other copies of the blob do not.
 *
 * Memory: 28 bytes an object condemned, 20 a swept one, 24 a bad copy; GC_OBJECTS_MAX of each.
 * Errors: as collection_state.h.
 */
#ifndef ARTIFACT_RECORD_GC_STATE_H
#define ARTIFACT_RECORD_GC_STATE_H

#include "artifact/record/event.h"

#define GC_OBJECTS_MAX (64u << 20)

enum gc_standing {
	GC_LIVE,
	GC_CONDEMNED,
	GC_SWEPT,
};

struct gc_mark {
	struct object_id id;
	uint64_t condemned; /* number of the condemn event */
};

struct gc_copy {
	struct object_id pack;
	uint32_t ordinal;
};

/** A condemn event that no sweep has settled, with the heads that its mark had read. */
struct gc_condemn {
	uint64_t event;
	struct texts heads; /* "<log>/<number>", into `text` */
	struct bytes text;
};

/** Zeroed is empty. To be read only, between calls. */
struct gc_state {
	bool is_foreign;
	struct gc_mark *condemned; /* by id */
	size_t condemned_count;
	struct object_id *swept; /* ascending */
	size_t swept_count;
	struct gc_copy *bad; /* ascending */
	size_t bad_count;
	struct gc_condemn *open; /* by event */
	size_t open_count;
};

void gc_state_release(struct gc_state *state);
enum muster_code gc_state_apply(struct gc_state *state, const struct event *event,
				struct muster_error *err);

enum gc_standing gc_state_standing(const struct gc_state *state, const struct object_id *id);
bool gc_state_is_bad(const struct gc_state *state, const struct object_id *pack, uint32_t ordinal);
/** Is any copy in this pack bad? */
bool gc_state_has_bad(const struct gc_state *state, const struct object_id *pack);
/** Does a version committed as event `number` of `log` vouch for its content? Only if every mark
 *  whose condemn event is not settled had read that event (FORMAT §6). */
bool gc_state_vouches(const struct gc_state *state, const char *log, uint64_t number);

/** Order of ids: session, then number. */
int object_id_compare(const struct object_id *a, const struct object_id *b);

/** "<pack id>/<ordinal>", as a `bad` event lists it. */
#define GC_COPY_TEXT_BYTES (OBJECT_ID_TEXT_BYTES + 11)
void gc_copy_text(const struct gc_copy *copy, char out[GC_COPY_TEXT_BYTES]);

#endif
