/**
 * run - the jobs that logged and used versions (docs/formats/runs.md, decision 0021).
 *
 * A run is what its start and its notes add up to. That it used a version is stored twice, below
 * the run and below the version, so that either is found from the other with one listing.
 *
 * Threads: all functions may be called from any thread.
 * Memory:  a run's config (METADATA_MAX_BYTES); of lists one record at a time, and their keys.
 * Errors:  MUSTER_E_NAME: there is no such run; MUSTER_E_USAGE: what is no id of a run, or breaks
 *          a rule; MUSTER_E_REFUSED: the run is finished; MUSTER_E_FORMAT for damaged records.
 */
#ifndef ENGINE_REPOSITORY_RUN_H
#define ENGINE_REPOSITORY_RUN_H

#include "artifact/record/run_record.h"
#include "engine/repository/collection.h"

#define RUN_NOTES_MAX 10000u /* of one run */

/** What a run says of itself when it begins; each may be NULL but entity and project. */
struct run_options {
	const char *id; /* NULL: a random one */
	const char *entity, *project;
	const char *name, *job_type, *group;
	const char *config; /* a JSON object */
};

/** Make a run. `*out` is its id. Errors: MUSTER_E_REFUSED where there is a run with this id. */
enum muster_code run_start(struct repository *repository, const struct run_options *options,
			   struct run_id *out, struct muster_error *err);

/** A run, as of now. A zeroed one may be released. */
struct run {
	struct run_id id;
	struct run_record start;
	struct bytes config; /* with all changes; a JSON object */
	bool is_finished;
	unsigned state; /* enum run_state, if it is */
	uint64_t finished_ms;
	uint64_t note_count;
};
enum muster_code run_open(struct run *out, struct repository *repository, struct view id,
			  struct muster_error *err);
void run_release(struct run *run);
/** The same of a run that goes on: MUSTER_E_REFUSED if it is finished. */
enum muster_code run_open_going(struct run *out, struct repository *repository, struct view id,
				struct muster_error *err);

/** Set top-level keys of the config; null removes one. */
enum muster_code run_configure(struct repository *repository, struct view id, const char *config,
			       struct muster_error *err);
/** End it. What has ended in this state already is no failure. */
enum muster_code run_finish(struct repository *repository, struct view id, enum run_state state,
			    struct muster_error *err);

/** That a run uses a version: two creates; twice is once. */
enum muster_code run_use(struct repository *repository, const struct run_id *run,
			 const uint8_t collection_id[16], const struct version *version,
			 struct muster_error *err);
/** That a run is about to save a version: before its save event, so that none is missed. A version
 *  that is never saved leaves a record that means nothing. */
enum muster_code run_will_log(struct repository *repository, const struct run_id *run,
			      const uint8_t collection_id[16], const uint8_t version_id[16],
			      struct muster_error *err);

/** Anything but MUSTER_OK ends it and is returned. */
typedef enum muster_code run_id_fn(void *state, const struct run_id *run, struct muster_error *err);
/** The runs that used a version, in the order of their ids: one listing. */
enum muster_code run_each_user(struct repository *repository, const uint8_t version_id[16],
			       run_id_fn *fn, void *state, struct muster_error *err);
/** When it was last heard of, since 1970: by the store's clock, when the newest record of it but
 * its start was made; 0: there is none. One listing. */
enum muster_code run_last_ms(struct repository *repository, const struct run_id *run, uint64_t *out,
			     struct muster_error *err);
/** The newest `max` runs of all, newest first: one listing. `*more` counts those left out. */
enum muster_code run_each(struct repository *repository, uint64_t max, run_id_fn *fn, void *state,
			  uint64_t *more, struct muster_error *err);

/** The record is lent for the call. */
typedef enum muster_code run_version_fn(void *state, const struct run_record *record,
					struct muster_error *err);
/** The versions that a run used, or was about to log, in the order of their ids: one listing, and
 *  one object each. */
enum muster_code run_each_version(struct repository *repository, const struct run_id *run,
				  enum lineage_part part, run_version_fn *fn, void *state,
				  struct muster_error *err);

/** A record under its key, which must be of this run and kind. MUSTER_ABSENT where there is none.
 *  Release `out`. */
enum muster_code run_record_read(struct run_record *out, struct store *store, const char *key,
				 const struct run_id *run, enum run_kind kind,
				 struct muster_error *err);

#endif
