/**
 * put - ingest: some directories and files become a version of a collection.
 *
 * Threads: options->job.worker_count workers, as many readers of directories, one that syncs.
 * Memory:  job.memory_bytes, divided by planners/memory: where it is little, fewer workers.
 * Order:   packs -> index -> leaves -> manifest -> sync -> event (FORMAT §3).
 */
#ifndef ENGINE_PUT_PUT_H
#define ENGINE_PUT_PUT_H

#include "engine/repository/session.h"
#include "muster/put.h"

/**
 * Run a put. `report` is filled as far as the run came, whatever it answers.
 * Errors: MUSTER_E_ITEMS: items failed and nothing was committed (or with commit_partial: the
 * version was made and items failed); MUSTER_E_CANCELLED; MUSTER_E_USAGE, _NAME, _CONFLICT, _IO.
 */
enum muster_code put_run(struct repository *repository, const char *cache_dir,
			 const struct muster_put_options *options, struct muster_put_report *report,
			 struct muster_error *err);

/** A put whose entries become the content of a part of a draft, not a version. */
struct put_part {
	const struct manifest_pointer *base; /* unchanged files are kept from it; NULL: none */
	bool leaves_out_base;		     /* what is as in the base, to the last bit */
	/* Lends the session that stores, begun when it is first needed. From any thread. */
	enum muster_code (*need_session)(void *state, struct session **out,
					 struct muster_error *err);
	void *state;

	/* the answer */
	bool has_added; /* else it has no entries, and nothing was stored for it */
	struct manifest_pointer added;
};

/**
 * The same, but what belongs to a version in the options is not looked at, and the manifest is
 * nobody's. Errors: as above; also with MUSTER_E_ITEMS and commit_partial `part` has an answer.
 */
enum muster_code put_run_part(struct repository *repository, const char *cache_dir,
			      const struct muster_put_options *options, struct put_part *part,
			      struct muster_put_report *report, struct muster_error *err);

/** The files that a put of these sources would take, in path order: of each its size. What cannot
 *  be read has none, and is no failure here. Anything but MUSTER_OK from `fn` ends it and is
 *  returned. `thread_count` readers list directories; nothing else is read. */
typedef enum muster_code put_path_fn(void *state, struct view path, uint64_t size_bytes,
				     struct muster_error *err);
enum muster_code put_each_path(const struct muster_put_options *options, unsigned thread_count,
			       put_path_fn *fn, void *state, struct muster_error *err);

#endif
