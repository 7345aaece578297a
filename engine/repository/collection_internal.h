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
	struct log *names; /* names/…/log, of the name that it was opened by */
	struct name_state name;
	enum name_binding binding; /* of that name, when it was last looked at */
	struct log *log;	   /* collections/…/log; NULL until the name is bound */
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

/** Opens the log of a name; reads nothing. */
enum muster_code collection_new(struct collection **out, struct repository *repository,
				const struct collection_name *name, struct muster_error *err);

/* --- collection_name.c ------------------------------------------------------------------------ */

enum muster_code collection_open_names(struct collection *collection,
				       const struct collection_name *name,
				       struct muster_error *err);
/** Read both logs. MUSTER_ABSENT: the name means nothing; `binding` says what stands in the way. */
enum muster_code collection_find(struct collection *collection, struct muster_error *err);
/** As collection_open(). */
enum muster_code collection_find_or_make(struct collection *collection,
					 const struct collection_name *name, const char *type,
					 struct muster_error *err);
/** Event 1, whose bytes follow from the name's event: whoever comes first makes the same. */
enum muster_code collection_create_open(struct collection *collection, struct muster_error *err);
/** A type, COLLECTION_DEFAULT_TYPE for "". */
struct view collection_type(const char *type);
enum muster_code collection_check_type(const struct collection *collection, struct view type,
				       struct muster_error *err);
enum muster_code collection_check_names(const struct collection_name *name, struct view type,
					struct muster_error *err);

/** Bind a name that is free: append an event to collection->names. */
typedef enum muster_code bind_fn(struct collection *collection, void *state,
				 struct muster_error *err);
/** One step towards a name that means nothing, after collection_find(): void what is pending,
 *  release what is void, bind what is free. MUSTER_EXISTS: find again, and go on. */
enum muster_code collection_take_name(struct collection *collection, bind_fn *bind, void *state,
				      struct muster_error *err);
/** Release a name that means nothing any more, as whoever wants it would do. */
void collection_tidy_name(struct repository *repository, const struct collection_name *name);

/** Aliases that were checked, each once, without `latest`; views into `from`, `items` owned. */
enum muster_code collection_take_aliases(struct texts *out, const char *const *from, size_t count,
					 struct muster_error *err);
/** Is there room for one more version with so many aliases? */
enum muster_code collection_check_room(const struct collection *collection, size_t alias_count,
				       struct muster_error *err);

#endif
