/**
 * collection - the versions of one artifact: reading, saving, naming (FORMAT §§2, 4).
 *
 * A collection is found by its name, and known by its id. What is told about it is as of the last
 * refresh; what is changed is decided at the head of its log: who loses a number reads the new
 * events and decides again, so every change here is atomic, also between machines.
 *
 * Threads: a collection belongs to one thread at a time; any number may be open of one name.
 * Memory:  artifact/record/collection_state.h.
 * Errors:  MUSTER_E_NAME: no such artifact, version, alias; MUSTER_E_USAGE: a name breaks a rule;
 *          MUSTER_E_CONFLICT: others won COLLECTION_ATTEMPTS times, or the collection was deleted
 *          meanwhile; what repository_gate() and log.h say. On failure nothing was changed, unless
 *          it says that the outcome is not known.
 */
#ifndef ENGINE_REPOSITORY_COLLECTION_H
#define ENGINE_REPOSITORY_COLLECTION_H

#include "artifact/record/collection_state.h"
#include "engine/repository/session.h"
#include "planners/retention/retention.h"

#define COLLECTION_ATTEMPTS	100
#define COLLECTION_DEFAULT_TYPE "dataset"

struct collection;

struct collection_name {
	struct view entity, project, name;
};
/** Keep a name: its texts are appended to the empty `text`, and `out` lent of it. */
enum muster_code collection_name_keep(struct collection_name *out,
				      const struct collection_name *name, struct bytes *text,
				      struct muster_error *err);

/**
 * Open the collection that a name means. Borrows `repository` until collection_close().
 *   type NULL: it must exist.
 *   type "":   made if there is none, as COLLECTION_DEFAULT_TYPE.
 *   a type:    made if there is none; else it must have this type.
 * Errors: MUSTER_E_NAME; MUSTER_E_REFUSED where it has another type.
 */
enum muster_code collection_open(struct collection **out, struct repository *repository,
				 const struct collection_name *name, const char *type,
				 struct muster_error *err);
/**
 * The same with a type ("": any), but a collection that does not exist is made by the first change
 * of it: work that fails before leaves no artifact without versions. Until then it has no version,
 * no log and no id.
 */
enum muster_code collection_open_or_intend(struct collection **out, struct repository *repository,
					   const struct collection_name *name, const char *type,
					   struct muster_error *err);
/** The collection with this id, whatever it is called, and though it was deleted: what cannot be
 *  changed then. Errors: MUSTER_E_NAME where there was none. */
enum muster_code collection_open_id(struct collection **out, struct repository *repository,
				    const uint8_t collection_id[16], struct muster_error *err);
void collection_close(struct collection *collection); /* takes NULL */

/** Read the log to its head. MUSTER_E_NAME if the collection was deleted. */
enum muster_code collection_refresh(struct collection *collection, struct muster_error *err);

/* All lent until the next call that refreshes or changes. */
struct repository *collection_repository(const struct collection *collection);
const uint8_t *collection_id(const struct collection *collection);    /* 16 bytes */
const char *collection_log_name(const struct collection *collection); /* "": not made yet */
uint64_t collection_head(const struct collection *collection);
const uint8_t *collection_head_sha256(const struct collection *collection); /* made only */
/** Versions by number, aliases by name, entity, project, name, type. */
const struct collection_state *collection_versions(const struct collection *collection);
/** "latest", "v12" or an alias; NULL. */
const struct version *collection_resolve(const struct collection *collection, struct view alias);
const struct version *collection_latest(const struct collection *collection); /* NULL: none */

/** Append to `out` what the version's description or metadata is; nothing if it has none. */
enum muster_code collection_description(struct collection *collection,
					const struct version *version, struct bytes *out,
					struct muster_error *err);
enum muster_code collection_metadata(struct collection *collection, const struct version *version,
				     struct bytes *out, struct muster_error *err);

/** The same of the whole collection's description. */
enum muster_code collection_description_of_all(struct collection *collection, struct bytes *out,
					       struct muster_error *err);

/** The version as it was saved: of a link number and event are those of its source, in the log of
 *  the collection `collection_id`; else its own. Lends what the version lends. */
struct version collection_saved(const struct collection *collection, const struct version *version,
				uint8_t collection_id[16]);

/** Append the id of the run that made save event `number`, of a version that may be deleted;
 * nothing if there is none. MUSTER_E_FORMAT: it is of another version. */
enum muster_code collection_run_of_event(struct collection *collection, uint64_t number,
					 const uint8_t version_id[16], struct bytes *out,
					 struct muster_error *err);

/** The number and the save event of a version that was saved here once, though it be deleted: reads
 *  the log from its beginning. MUSTER_ABSENT: it never was. */
enum muster_code collection_find_saved(struct collection *collection, const uint8_t version_id[16],
				       uint64_t *number, uint64_t *event, struct muster_error *err);

/** The store's times, since 1970, of the save events of `count` versions from number `first` on; 0
 *  for deleted ones. No request if the log was listed with all of them (log_stored_ms()), else one
 *  listing: of one event, or of the log. */
enum muster_code collection_committed_ms(struct collection *collection, uint64_t first,
					 uint64_t count, uint64_t *out, struct muster_error *err);

/** The events first .. head, in order, the chain checked; `event` and bytes are lent for the call.
 */
enum muster_code collection_history(struct collection *collection, uint64_t first, log_each_fn *fn,
				    void *state, struct muster_error *err);

/* --- saving --- */

/** What a save was computed against. */
enum save_against {
	SAVE_AGAINST_NOTHING, /* complete in itself: it follows whatever is latest */
	SAVE_AGAINST_VERSION, /* a version that the user named: the same */
	SAVE_AGAINST_HEAD,    /* the latest: if that is another one by now, it must be done again */
};

/** Does all that this save relies on still stand, after the gc log was read anew? Called before
 *  each attempt; anything but MUSTER_OK ends the save and is returned. */
typedef enum muster_code save_relies_fn(void *state, struct repository *repository,
					struct muster_error *err);

struct save_request;
/** Write the manifest and say in the request where it is, and in whose session that was. Called
 * once, and only when a version has to be made: equal content writes nothing. */
typedef enum muster_code save_write_fn(void *state, struct save_request *request,
				       struct muster_error *err);

struct save_request {
	struct session *session; /* borrowed; ended when the save is done. May be NULL */
	uint8_t version_id[16];	 /* as in the manifest */
	struct manifest_pointer manifest;
	const struct manifest_footer *footer; /* digest, root, totals */
	save_write_fn *write;		      /* NULL: it is written already, at `manifest` */
	void *write_state;
	enum save_against against;
	struct base_version base;   /* the version it was computed against */
	const char *description;    /* NULL: none */
	const char *metadata;	    /* JSON object; NULL: none */
	const char *const *aliases; /* `latest` among them does no harm */
	size_t alias_count;
	const char *const *tags;
	size_t tag_count;
	uint64_t ttl_days;	/* 0: none of its own */
	bool ttl_disabled;	/* it inherits none */
	const char *run;	/* the id of one that there is; NULL: none */
	save_relies_fn *relies; /* NULL: nothing to ask */
	void *relies_state;
};

enum save_reason {
	SAVE_FIRST,	/* the first version */
	SAVE_CONTENT,	/* the content differs from the latest */
	SAVE_ROOT,	/* equal digest, but sizes, checksums, references or extra differ */
	SAVE_UNCHANGED, /* equal to the latest: no version was made */
	SAVE_REPEATED,	/* this very version id was saved before */
};

struct save_result {
	bool is_new;
	uint64_t version_number; /* the new one, or the one that is equal */
	enum save_reason reason_code;
	char reason[256]; /* the same in words; "" where there is nothing to say */
	uint64_t event;	  /* of the save; 0: none was made */
	uint8_t event_sha256[32];
};

/**
 * Make a version, unless it equals the latest; apply aliases and tags either way (FORMAT §4).
 * Everything that the manifest reaches must be finished before; it is synced here.
 * Errors: MUSTER_E_CONFLICT also where SAVE_AGAINST_HEAD met another head: result->version_number
 * is that head (VERSION_NONE: none); merge onto it and save again.
 */
enum muster_code collection_save(struct collection *collection, const struct save_request *request,
				 struct save_result *result, struct muster_error *err);

/** Errors: MUSTER_E_REFUSED for a portfolio: nothing can be saved into it. */
enum muster_code collection_check_saves(const struct collection *collection,
					struct muster_error *err);

/* --- links --- */

struct link_request {
	struct collection *from;    /* borrowed; read on */
	uint64_t version;	    /* of `from`; of a link its source is linked */
	const char *const *aliases; /* `latest` among them does no harm */
	size_t alias_count;
};
struct link_result {
	bool is_new;
	uint64_t version_number; /* of the link in the portfolio */
};
/**
 * Make a version of `portfolio` that is this version of another collection, unless it has one; set
 * the aliases either way. The first link makes a collection without versions a portfolio.
 * Errors: MUSTER_E_REFUSED where it has versions of its own; MUSTER_E_NAME where there is no such
 * version; MUSTER_E_CONFLICT where gc is about to look at it.
 */
enum muster_code collection_link(struct collection *portfolio, const struct link_request *request,
				 struct link_result *result, struct muster_error *err);

/* --- changing --- */

/** Of the whole collection, not of one version. An empty description is none. */
enum muster_code collection_describe_all(struct collection *collection, struct view description,
					 struct muster_error *err);
/** MUSTER_E_NAME if it has no such tag to remove. */
enum muster_code collection_tag_all(struct collection *collection, struct view tag, bool remove,
				    struct muster_error *err);

/** Move or set an alias. `expected` (NULL: whatever) is what it must name before. `latest` is
 *  refused: it moves by itself. */
enum muster_code collection_alias_add(struct collection *collection, uint64_t version,
				      struct view alias, const struct expected *expected,
				      struct muster_error *err);
enum muster_code collection_alias_remove(struct collection *collection, struct view alias,
					 const struct expected *expected, struct muster_error *err);
enum muster_code collection_tag_add(struct collection *collection, uint64_t version,
				    struct view tag, struct muster_error *err);
/** MUSTER_E_NAME if it has no such tag. */
enum muster_code collection_tag_remove(struct collection *collection, uint64_t version,
				       struct view tag, struct muster_error *err);
enum muster_code collection_describe(struct collection *collection, uint64_t version,
				     struct view description, struct muster_error *err);
/** Set the whole document, or (merge) only its top-level keys. */
enum muster_code collection_set_metadata(struct collection *collection, uint64_t version,
					 struct view metadata, bool merge,
					 struct muster_error *err);
/** How long a version lives: `days`, or without end (`is_disabled`), or (neither) as long as the
 *  collection's default says. Nothing is deleted by it. Errors: MUSTER_E_REFUSED for links, here
 *  and below: they live until they are unlinked. */
enum muster_code collection_ttl(struct collection *collection, uint64_t version, uint64_t days,
				bool is_disabled, struct muster_error *err);
/** What versions inherit that have no ttl of their own; 0: nothing.
 *  Errors: MUSTER_E_REFUSED where there is no version: its event speaks of the latest one. */
enum muster_code collection_default_ttl(struct collection *collection, uint64_t days,
					struct muster_error *err);
/** A version with aliases (beside latest) is refused unless `delete_aliases`, or it is a link: then
 *  only the link goes, with its aliases. */
enum muster_code collection_delete_version(struct collection *collection, uint64_t version,
					   bool delete_aliases, struct muster_error *err);
/** One version and what was decided of it: `kept_by` 0 is a deleted one. Both are lent for the
 * call. False ends it, after that version. */
typedef bool collection_expire_fn(void *state, const struct version *version,
				  const struct retention_version *decision);
/**
 * Delete, as collection_delete_version() does, each version that no rule keeps
 * (planners/retention), oldest first. Decided anew at the head before each deletion: an alias that
 * somebody gives a version in time saves it. `fn` is told each as soon as it is deleted, then,
 * unless this failed or it was ended, each that stays. `is_dry_run`: all is told, nothing deleted.
 */
enum muster_code collection_expire(struct collection *collection,
				   const struct retention_rules *rules, bool is_dry_run,
				   collection_expire_fn *fn, void *state, struct muster_error *err);
/**
 * Call the collection otherwise; its old name is free then, also for a new one. Decided by one
 * event of its log: whoever is killed leaves it with the old name or with the new one, and what
 * stands in the way of either is tidied up by who wants it. Others that have it open go on with it.
 * Errors: MUSTER_E_REFUSED where the new name means a collection; MUSTER_E_CONFLICT where somebody
 * else renamed it, or others want the name all the time.
 */
enum muster_code collection_rename(struct collection *collection, const struct collection_name *to,
				   struct muster_error *err);
/** End the collection: its versions go, its name is free for a new one. */
enum muster_code collection_delete(struct collection *collection, struct muster_error *err);

#endif
