/**
 * collection_state - what the events of a collection's log add up to. Pure.
 *
 * Events are applied in order, from number 1 or from a checkpoint. `latest` is no stored alias: it
 * is the newest version that is not deleted, so it moves by itself. A version's number is its
 * position; a deleted one leaves its number behind, nothing else. Texts that may be long
 * (description, metadata) stay in their event, whose number is kept. A collection whose first
 * version was linked is a portfolio: all its versions are links.
 *
 * Memory: about 400 bytes a version, at most COLLECTION_VERSIONS_MAX; its tags; the aliases.
 * Errors: MUSTER_E_FORMAT where an event cannot follow; MUSTER_E_LIMIT; MUSTER_E_MEMORY. After one,
 *         the state may only be released.
 */
#ifndef ARTIFACT_RECORD_COLLECTION_STATE_H
#define ARTIFACT_RECORD_COLLECTION_STATE_H

#include "artifact/record/event.h"

#define COLLECTION_ALIASES_MAX (1u << 20)
#define VERSION_TAGS_MAX       1000 /* and of a collection */
#define VERSION_NONE	       UINT64_MAX

struct version {
	uint64_t number;
	uint8_t id[16];
	uint64_t event; /* number of its save event */
	uint64_t created_ms;
	struct manifest_pointer manifest;
	unsigned algorithm; /* enum digest_algorithm */
	uint8_t digest[16], root[32];
	uint64_t entry_count, reference_count, size_bytes;
	uint64_t description_event, metadata_event; /* numbers of events; 0: none */
	uint64_t ttl_days;			    /* of its own; 0: none */
	bool ttl_disabled;			    /* it inherits none */
	struct texts tags;			    /* in the order they came */
	/* Of a link. What is said of it then is what was said of the source when it was linked. */
	bool is_link;
	struct link_source source; /* its texts lie in `source_text` */
	uint8_t *source_text;	   /* owned */
	bool is_deleted;	   /* then all but `number` is zero */
};

struct alias_target {
	struct view name;
	uint64_t version;
};

/** Zeroed is the state before event 1. To be read only, between calls. */
struct collection_state {
	bool is_open, is_closed;
	bool is_foreign; /* an event was not understood: nothing may be written */
	uint8_t id[16];
	struct view entity, project, name, type; /* into `text` */
	uint64_t settled; /* the last event that settles claims of names: open, rename, stay */
	struct version *versions; /* by number; deleted ones, too */
	size_t version_count, version_cap;
	struct alias_target *aliases; /* by name, bytewise; without `latest` */
	size_t alias_count, alias_cap;
	uint64_t default_ttl_days;  /* what versions inherit; 0: none */
	bool is_portfolio;	    /* its versions are links, though they may all be deleted */
	uint64_t description_event; /* of the collection; 0: none */
	struct texts tags;	    /* of the collection */
	struct bytes text;
};

void collection_state_release(struct collection_state *state);
enum muster_code collection_state_apply(struct collection_state *state, const struct event *event,
					struct muster_error *err);

/** NULL if there is no such version, or no more. Lends until the state changes. */
const struct version *collection_state_version(const struct collection_state *state,
					       uint64_t number);
const struct version *collection_state_latest(const struct collection_state *state);
const struct version *collection_state_by_id(const struct collection_state *state,
					     const uint8_t version_id[16]);
/** "latest", "v12" or an alias. */
const struct version *collection_state_resolve(const struct collection_state *state,
					       struct view alias);
/** The version that an alias (not "latest", not "vN") names, or VERSION_NONE. */
uint64_t collection_state_alias(const struct collection_state *state, struct view alias);
bool version_has_tag(const struct version *version, struct view tag);
bool texts_have(const struct texts *texts, struct view text);
/** Days that the version lives: its own, else what it inherits; 0: without end. */
uint64_t collection_state_ttl_days(const struct collection_state *state,
				   const struct version *version);
/** When its time is over, since 1970; 0: never. It counts from the later of what the writer's clock
 *  said and `committed_ms`, the store's time of its save event (FORMAT §6). */
uint64_t collection_state_expires_ms(const struct collection_state *state,
				     const struct version *version, uint64_t committed_ms);
/** Has the version an alias beside `latest`? */
bool collection_state_has_alias(const struct collection_state *state, uint64_t number);

/**
 * A checkpoint: the state after event `number`, whose bytes have this SHA-256.
 * Errors: MUSTER_E_LIMIT over CHECKPOINT_MAX_BYTES (then there is none), MUSTER_E_MEMORY.
 */
#define CHECKPOINT_MAX_BYTES (64u << 20)
enum muster_code checkpoint_encode(const struct collection_state *state, uint64_t number,
				   const uint8_t sha256[32], struct bytes *out,
				   struct muster_error *err);
/** `state` is zeroed before. MUSTER_ABSENT: folded with other features than ours, to be ignored. */
enum muster_code checkpoint_parse(struct collection_state *state, uint64_t *number,
				  uint8_t sha256[32], struct view text, struct muster_error *err);

#endif
