/* What the parts of a collection share. */
#ifndef ENGINE_REPOSITORY_COLLECTION_INTERNAL_H
#define ENGINE_REPOSITORY_COLLECTION_INTERNAL_H

#include "artifact/record/name_state.h"
#include "engine/repository/collection.h"

/* What collection_open_or_intend() was asked for, each text with a zero behind it. */
struct intended {
	struct bytes texts[4]; /* entity, project, name, type */
};

struct collection {
	struct repository *repository;
	struct log *names; /* names/…/log */
	struct name_state name;
	struct log *log; /* collections/…/log; NULL until the name is bound */
	struct collection_state state;
	struct intended intended; /* while `log` is NULL */
};

/**
 * Decide at the head what event to make: called with the state at the head, again after each lost
 * number. MUSTER_OK: `event` (zeroed before) is to be appended; MUSTER_END: there is nothing to do;
 * else a failure. Views in the event must live until the next call.
 */
typedef enum muster_code decide_fn(struct collection *collection, void *request,
				   struct event *event, struct muster_error *err);

struct change {
	decide_fn *decide;
	void *request;
	const struct session *session; /* named in the event; NULL: none */
	save_relies_fn *relies;	       /* after each gate; NULL: none */
	void *relies_state;
	/* The answer: the event that was made; number 0: none. */
	uint64_t event;
	uint8_t event_sha256[32];
};

/** Refresh, decide, gate, append; over again while others win. */
enum muster_code collection_change(struct collection *collection, struct change *change,
				   struct muster_error *err);

/** Begin with the log of the collection whose id stands in `name`. */
enum muster_code collection_open_log(struct collection *collection, struct muster_error *err);

/** The version, or MUSTER_E_NAME. */
enum muster_code collection_require(const struct collection *collection, uint64_t number,
				    const struct version **out, struct muster_error *err);

#endif
