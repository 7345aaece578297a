/**
 * run - the jobs that logged and used versions, and the graph of what was made of what.
 *
 * A run is known by its id, which is unique in its repository. It logs the versions that are put
 * in its name and uses those that are got in it. Nothing is ever taken back: a run ends once, and
 * what it used stays told.
 *
 * Strings in structs given to callbacks are lent until the callback returns. A callback that
 * answers false ends the listing early; that is no error.
 * Errors of all: MUSTER_E_NAME: no such run, artifact or version; MUSTER_E_USAGE: what is no id of
 * a run; MUSTER_E_FORMAT: a damaged record. Jobs for the run of MUSTER_RUN (put.h, get.h and
 * artifact.h) answer MUSTER_E_USAGE where there is none.
 */
#ifndef MUSTER_RUN_H
#define MUSTER_RUN_H

#include "muster/declare.h"
#include "muster/put.h"
#include "muster/repository.h"

MUSTER_DECLARE_BEGIN

#define MUSTER_RUN_ID_BYTES	   129 /* of an id, with its NUL */
#define MUSTER_LINEAGE_DEPTH_MAX   1000
#define MUSTER_LINEAGE_NODES_MAX   10000
#define MUSTER_RUNS_LISTED_MAX	   100000
#define MUSTER_LINEAGE_DEPTH_USUAL 10
#define MUSTER_LINEAGE_NODES_USUAL 500
#define MUSTER_RUNS_LISTED_USUAL   50

/** Zeroed is good. All texts are borrowed for the call. */
struct muster_run_options {
	const char
		*id; /* 1 to 128 of A-Z a-z 0-9 "_" "-" ".", no dot in front; NULL: a random one */
	const char *entity, *project; /* NULL: the repository's defaults */
	const char *name;	      /* for people; NULL: none */
	const char *job_type;	      /* "train", "evaluate", …; NULL: none */
	const char *group;	      /* of runs that belong together; NULL: none */
	const char *config;	      /* a JSON object of at most 1 MiB and 1,000 keys; NULL: {} */
};

enum muster_run_state {
	MUSTER_RUN_RUNNING, /* nobody has finished it: it may be long dead, see `last_ms` */
	MUSTER_RUN_FINISHED,
	MUSTER_RUN_FAILED,
};

struct muster_run_info {
	const char *id, *entity, *project;
	const char *name, *job_type, *group; /* "" if none */
	const char *who;		     /* "user@host process": who has started it */
	const char *config;		     /* a JSON object, with all changes */
	enum muster_run_state state;
	uint64_t started_ms,
		finished_ms; /* since 1970, by the clock of who said so; 0: it goes on */
	uint64_t last_ms; /* when it was last heard of: the store's time of its newest record, of a
			   * finished run finished_ms */
};
typedef bool muster_run_fn(void *state, const struct muster_run_info *info);

/** A version that a run used or logged. */
struct muster_run_version_info {
	const char *id; /* of the version, 32 hex digits: stays the same */
	const char *entity, *project, *name, *type; /* as the artifact is called now */
	uint64_t number;
	bool is_deleted;
	uint64_t time_ms; /* since 1970: when it was used first, or was about to be logged */
};
typedef bool muster_run_version_fn(void *state, const struct muster_run_version_info *info);

/** Start a run; `id` becomes its id. `options` may be NULL.
 *  Errors: MUSTER_E_REFUSED where there is a run with this id; MUSTER_E_LIMIT. */
enum muster_code muster_run_start(struct muster_repository *repository,
				  const struct muster_run_options *options,
				  char id[MUSTER_RUN_ID_BYTES], struct muster_error *err);
/** End a run; it takes no more versions then. To end it again in the same way does nothing.
 *  Errors: MUSTER_E_REFUSED where it has ended in the other way. */
enum muster_code muster_run_finish(struct muster_repository *repository, const char *run,
				   bool has_failed, struct muster_error *err);
/** Set top-level keys of its config to those of `json`, an object; null removes one.
 *  Errors: MUSTER_E_REFUSED where it is finished; MUSTER_E_LIMIT after 10,000 changes. */
enum muster_code muster_run_config(struct muster_repository *repository, const char *run,
				   const char *json, struct muster_error *err);
/** Say that the run uses a version, "[[entity/]project/]name[:alias]". Twice is once.
 *  Errors: MUSTER_E_REFUSED where the run is finished. */
enum muster_code muster_run_use_artifact(struct muster_repository *repository, const char *run,
					 const char *version, struct muster_error *err);
/** muster_put() in the name of a run, whatever options->run is: the version that it makes, if it
 *  makes one, is logged by the run. Errors: as muster_put(), and as above. */
enum muster_code muster_run_log_artifact(struct muster_repository *repository, const char *run,
					 const struct muster_put_options *options,
					 struct muster_put_report *report,
					 struct muster_error *err);

/** What a run is. */
enum muster_code muster_run_show(struct muster_repository *repository, const char *run,
				 muster_run_fn *fn, void *state, struct muster_error *err);
/** The newest `max` runs of the repository (0: 50; at most MUSTER_RUNS_LISTED_MAX), newest first.
 *  `*more` (may be NULL) becomes how many there are besides. */
enum muster_code muster_runs(struct muster_repository *repository, uint64_t max, muster_run_fn *fn,
			     void *state, uint64_t *more, struct muster_error *err);
/** The versions that a run used. */
enum muster_code muster_run_used(struct muster_repository *repository, const char *run,
				 muster_run_version_fn *fn, void *state, struct muster_error *err);
/** The versions that a run logged. */
enum muster_code muster_run_logged(struct muster_repository *repository, const char *run,
				   muster_run_version_fn *fn, void *state,
				   struct muster_error *err);
/** The runs that used a version. */
enum muster_code muster_used_by(struct muster_repository *repository, const char *version,
				muster_run_fn *fn, void *state, struct muster_error *err);
/** The run that logged a version. MUSTER_ABSENT: none did, it was made outside of a run. */
enum muster_code muster_logged_by(struct muster_repository *repository, const char *version,
				  muster_run_fn *fn, void *state, struct muster_error *err);

enum muster_lineage_kind { MUSTER_LINEAGE_VERSION, MUSTER_LINEAGE_RUN };

struct muster_lineage_node {
	enum muster_lineage_kind kind;
	int32_t level;	/* steps from the version that was asked for: below 0 before it */
	bool is_cut;	/* it has neighbours on this way that are not in the graph */
	const char *id; /* of the run; or of the version, 32 hex digits */
	const char *entity, *project, *name; /* of the artifact; of the run, its name "" if none */
	uint64_t number;		     /* of a version */
	const char *type; /* of the artifact; of the run its job type, "" if none */
	/* A run's: "running", "finished", "failed"; "missing" or "unreadable" where its record is
	 * lost. A version's: "" or "deleted". */
	const char *state;
};

/** From a version to a run that used it, or from a run to a version that it logged. */
struct muster_lineage_edge {
	size_t from, to; /* positions in nodes */
};

/** What a version was made of, and what was made of it. Node 0 is the version itself. */
struct muster_lineage {
	struct muster_lineage_node *nodes;
	size_t node_count;
	struct muster_lineage_edge *edges;
	size_t edge_count;
	bool is_cut_by_depth, is_cut_by_nodes;
};

/** Zeroed is good. */
struct muster_lineage_options {
	uint64_t depth;	    /* runs on each way from the version; 0: 10 */
	uint64_t max_nodes; /* 0: 500; at most MUSTER_LINEAGE_NODES_MAX */
};

/**
 * Gives the graph: the runs and versions that lead to a version, and those that it leads to.
 * `options` may be NULL.
 * Memory: about 300 bytes a node. Free it with muster_lineage_free().
 */
enum muster_code muster_lineage(struct muster_repository *repository, const char *version,
				const struct muster_lineage_options *options,
				struct muster_lineage **out, struct muster_error *err);
void muster_lineage_free(struct muster_lineage *lineage); /* takes NULL */

MUSTER_DECLARE_END

#endif
