/**
 * key - the names of all objects of a repository (FORMAT §1, docs/formats/keys.md). Pure.
 *
 * A component that somebody chose (entity, project, name, run, shard) is escaped injectively:
 * A-Z a-z 0-9 "_" "-" "." stay, except a leading dot; every other byte is "%" and two upper-case
 * hex digits; the empty text is "%". An escaped form of more than KEY_COMPONENT_MAX_BYTES becomes
 * its first 100 bytes, "~", and the SHA-256 of the text in hex; the full text is in the record.
 * Numbers have ten digits, so that keys sort as numbers do.
 *
 * Building cannot fail: KEY_MAX_BYTES holds the longest of them.
 */
#ifndef ARTIFACT_RECORD_KEY_H
#define ARTIFACT_RECORD_KEY_H

#include "artifact/format/object.h"

#define KEY_COMPONENT_MAX_BYTES 200
#define KEY_MAX_BYTES		768
#define LOG_NUMBER_MAX		9999999999u /* ten digits */

struct key {
	char text[KEY_MAX_BYTES]; /* NUL-terminated */
};

enum object_kind {
	OBJECT_PACK,
	OBJECT_INDEX,
	OBJECT_LEAVES,
	OBJECT_MANIFEST,
};

/** "packs/", "index/", "leaves/", "manifests/": what to list. Static memory. */
const char *key_object_prefix(enum object_kind kind);
void key_object(struct key *out, enum object_kind kind, const struct object_id *id);
/** False unless `key` is exactly what key_object() makes. */
bool key_parse_object(const char *key, enum object_kind kind, struct object_id *out);
/** The same where the kind is not known either. */
bool key_parse_any_object(const char *key, enum object_kind *kind, struct object_id *out);

/* Logs are known by their folder, without a slash at its end. */
#define KEY_REPOSITORY_LOG "repository/log"
#define KEY_GC_LOG	   "gc/log"
#define KEY_PROBE_PREFIX   "probe/" /* what the proof of create-if-absent leaves when it dies */

void key_names_log(struct key *out, struct view entity, struct view project, struct view name);
void key_collection_log(struct key *out, const uint8_t collection_id[16]);
/** What to list for the names of a project; an empty project: of an entity; both empty: all. */
void key_names_prefix(struct key *out, struct view entity, struct view project);
/** Cuts "names/<entity>/<project>/<name>/log/<n>.json" after "/log" into `log`; false for others.
 */
bool key_parse_names_log(const char *key, struct key *log);

/** `log` is a folder as above, at most 700 bytes; 1 <= number <= LOG_NUMBER_MAX. */
void key_event(struct key *out, const char *log, uint64_t number);
bool key_parse_event(const char *key, const char *log, uint64_t *number);

/** "collections/<id>/checkpoint/": list it, the newest comes first. */
void key_checkpoint_prefix(struct key *out, const uint8_t collection_id[16]);
/** The state after event `number`: its file counts down from LOG_NUMBER_MAX. */
void key_checkpoint(struct key *out, const uint8_t collection_id[16], uint64_t number);
bool key_parse_checkpoint(const char *key, const uint8_t collection_id[16], uint64_t *number);

/** "sessions/<id>/". */
void key_session_prefix(struct key *out, const uint8_t session_id[16]);
void key_session(struct key *out, const uint8_t session_id[16], uint64_t number);
bool key_parse_session(const char *key, uint8_t session_id[16], uint64_t *number);

#define KEY_DRAFTS_PREFIX "drafts/"

/** "drafts/<id>/<record>.json" for the records plan, seal and final. */
void key_draft(struct key *out, const uint8_t draft_id[16], const char *record);
void key_draft_part(struct key *out, const uint8_t draft_id[16], struct view shard);
/** What follows "drafts/<id>/", lent from `key`: "plan.json", "parts/<shard>.json", or anything. */
bool key_parse_draft(const char *key, uint8_t draft_id[16], struct view *rest);

/* Runs (docs/formats/runs.md). Their ids are such that key_component() leaves them as they are. */
#define RUN_ID_MAX_BYTES   128
#define KEY_RUNS_PREFIX	   "runs/"
#define KEY_USES_PREFIX	   "uses/"
#define KEY_LINEAGE_PREFIX "lineage/"

enum lineage_part {
	LINEAGE_NOTES,	/* what is said of the run behind its start: numbered */
	LINEAGE_USED,	/* the versions that it used */
	LINEAGE_LOGGED, /* those that it was about to log */
};

struct run_id {
	char text[RUN_ID_MAX_BYTES + 1]; /* NUL-terminated */
};

/** 1 to RUN_ID_MAX_BYTES of A-Z a-z 0-9 "_" "-" ".", no dot in front. */
bool run_id_parse(struct view text, struct run_id *out);
/** "runs/<run>.json" */
void key_run(struct key *out, const struct run_id *run);
bool key_parse_run(const char *key, struct run_id *run);
/** "uses/<version id>/": what to list for the runs that used a version. */
void key_uses_prefix(struct key *out, const uint8_t version_id[16]);
void key_use(struct key *out, const uint8_t version_id[16], const struct run_id *run);
bool key_parse_use(const char *key, uint8_t version_id[16], struct run_id *run);
/** "lineage/<run>/": all that is told of a run behind its start. */
void key_lineage_of_run(struct key *out, const struct run_id *run);
/** "lineage/<run>/notes/" and so on: what to list. */
void key_lineage_prefix(struct key *out, const struct run_id *run, enum lineage_part part);
void key_run_note(struct key *out, const struct run_id *run, uint64_t number);
/** `part` is LINEAGE_USED or LINEAGE_LOGGED. */
void key_run_version(struct key *out, const struct run_id *run, enum lineage_part part,
		     const uint8_t version_id[16]);
/** One of the two above: a note has `*number` from 1 on, a version its id. */
bool key_parse_lineage(const char *key, struct run_id *run, enum lineage_part *part,
		       uint64_t *number, uint8_t version_id[16]);

/** The safe form of `text`. */
void key_component(char out[KEY_COMPONENT_MAX_BYTES + 1], struct view text);
/** The text that a component stands for, appended; false if it was shortened (its record has the
 *  full text) or is nothing that key_component() makes. Errors of memory are false, too. */
bool key_component_text(struct view component, struct bytes *out);

/** hex_encode() and a NUL. */
void hex_put(char *out, const uint8_t *bytes, size_t len);

#endif
