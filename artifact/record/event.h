/**
 * event - one entry of a log, as JSON that a person can read (docs/formats/events.md). Pure.
 *
 * All kinds share one struct; which members a kind has is told beside them. An event is chained:
 * `previous` is the SHA-256 of the exact bytes of the event before it.
 *
 * Unknown kinds parse, with `kind.id` EVENT_UNKNOWN; unknown members are skipped. Who meets an
 * unknown kind, or an event marked must_understand with unknown members, has an event with
 * `is_understood` false: it may go on reading, but writes nothing to that repository (FORMAT §1).
 */
#ifndef ARTIFACT_RECORD_EVENT_H
#define ARTIFACT_RECORD_EVENT_H

#include "artifact/format/manifest.h" /* struct manifest_pointer */
#include "artifact/metadata.h"
#include "artifact/record/record.h"

#define EVENT_MAX_BYTES		    (2u << 20)
#define EVENT_METADATA_MAX_BYTES    METADATA_MAX_BYTES
#define EVENT_DESCRIPTION_MAX_BYTES (256u << 10)
#define EVENT_NAME_MAX_BYTES	    512 /* names, aliases, tags, types: 128 characters */
#define EVENT_RUN_MAX_BYTES	    1024
#define EVENT_BY_MAX_BYTES	    1024  /* "user@host" */
#define EVENT_TTL_MAX_DAYS	    36500 /* 100 years */
#define COLLECTION_VERSIONS_MAX	    (1u << 20)

enum event_kind {
	EVENT_UNKNOWN,
	/* repository/log */
	EVENT_CREATE,
	/* names/…/log */
	EVENT_NAME,    /* the name means this collection from now on */
	EVENT_RELEASE, /* it means nothing any more */
	EVENT_CLAIM,   /* it may mean this collection: if that one's log says so (decision 0023) */
	EVENT_UNCLAIM, /* it may not any more */
	/* collections/…/log */
	EVENT_OPEN, /* event 1 of each */
	EVENT_SAVE,
	EVENT_ALIAS,
	EVENT_TAG,
	EVENT_DESCRIBE,
	EVENT_METADATA,
	EVENT_TTL,
	EVENT_LINK,		   /* a version of another collection, numbered here */
	EVENT_DESCRIBE_COLLECTION, /* all of it, not one version */
	EVENT_TAG_COLLECTION,
	EVENT_RENAME, /* it is called so from now on: the commit of a claim */
	EVENT_STAY,   /* what was claimed for it before is void */
	EVENT_DELETE, /* one version */
	EVENT_CLOSE,  /* the collection is deleted: nothing may follow */
	/* gc/log */
	EVENT_CONDEMN,
	EVENT_SWEEP,
	EVENT_BAD,
	EVENT_KINDS
};

enum event_action {
	ACTION_ADD,
	ACTION_REMOVE,
};

enum identity_kind {
	IDENTITY_NONE,
	IDENTITY_SHA256,
};

/** What a link links: a version that was saved, never another link. As it was named then. */
struct link_source {
	uint8_t collection_id[16];
	struct view entity, project, name;
	uint64_t version;
	uint64_t event; /* that saved it */
	uint64_t created_ms;
};

struct event {
	uint64_t number;
	uint8_t id[16];	      /* random */
	uint8_t previous[32]; /* zero for number 1 */
	uint8_t session[16];  /* zero: written outside of a session */
	uint64_t time_ms;     /* since 1970, the writer's clock */
	struct record_kind kind;
	bool must_understand;
	bool is_understood; /* set by event_parse() */
	struct view by;	    /* who made it; not of create, name, open */

	/* create */
	uint8_t repository_id[16];
	uint64_t format;
	unsigned algorithm;		   /* enum digest_algorithm; save, too */
	unsigned identity;		   /* enum identity_kind */
	struct texts read, write, collect; /* features needed to do so */

	/* name, release, open, claim, unclaim; names: rename, too */
	uint8_t collection_id[16];
	struct view entity, project, name, type;
	uint64_t after;	   /* claim: the last event of the collection that settles claims */
	uint8_t claim[32]; /* rename: SHA-256 of the claim event */

	/* save and link, and `version` for all that speak of one */
	uint64_t version;
	uint8_t version_id[16]; /* link: of its source */
	struct manifest_pointer manifest;
	uint8_t digest[16], root[32];
	uint64_t entry_count, reference_count, size_bytes;
	struct base_version base;
	struct view description, metadata; /* describe, metadata, describe_collection, too */
	struct texts aliases, tags;
	uint64_t ttl_days; /* 0: none of its own; ttl, too */
	bool ttl_disabled; /* ttl, too: it inherits none */
	struct view run;   /* that made the version */

	/* link */
	struct link_source source;

	/* alias, tag, tag_collection */
	unsigned action; /* enum event_action */
	struct view alias, tag;
	struct expected expected; /* alias */

	/* ttl */
	bool sets_default; /* of the collection; the version's own stays as it is told */
	uint64_t default_ttl_days;

	/* delete */
	bool delete_aliases;

	/* condemn, sweep, bad */
	struct texts heads;   /* condemn: "<log>/<number>" that its mark has read */
	struct texts objects; /* condemn, sweep: keys */
	struct texts copies;  /* bad: "<pack id>/<ordinal>" */
	uint64_t condemned;   /* sweep: the condemn event it settles */

	struct bytes text; /* what the views of a parsed event point into */
};

/** Frees what event_parse() gave; only of parsed (or zeroed) events. */
void event_release(struct event *event);

/** Append the exact bytes of the event: one line. Borrows all views during the call. `metadata`
 *  must be a JSON object. Errors: MUSTER_E_LIMIT over EVENT_MAX_BYTES, MUSTER_E_MEMORY. */
enum muster_code event_encode(const struct event *event, struct bytes *out,
			      struct muster_error *err);

/** Gives an event that owns all it points to. Errors: as record.h. */
enum muster_code event_parse(struct event *out, struct view text, struct muster_error *err);

/** How a pointer, and a source, stand in a record. */
extern const struct record_schema manifest_pointer_schema;
extern const struct record_schema link_source_schema;

/** "save", "alias", ... Static memory. */
const char *event_kind_name(enum event_kind kind);

/** May it say who made it? Not where its bytes follow from another event, nor where programs that
 *  understand all but that would be stopped by it. */
bool event_may_say_by(const struct event *event);

#endif
