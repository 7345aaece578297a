/* A worker's hashing of files that were opened beneath a root: small ones are read into an intake,
 * large ones go on side by side. */
#ifndef ENGINE_GET_HASHING_H
#define ENGINE_GET_HASHING_H

#include "engine/get/job.h"
#include "engine/intake/long_intake.h"

struct get_hashing {
	struct get_job *job;
	struct intake_set intakes;
	struct long_intake *large; /* NULL until it is needed */
};

/** `done` is told of each file that was read. Nothing is opened yet. */
void get_hashing_init(struct get_hashing *hashing, struct get_job *job, intake_done_fn *done,
		      void *state);
void get_hashing_release(struct get_hashing *hashing); /* takes a zeroed one */

/** Reads a small file (at most get_hashing_small_max()). Closes it. `error` says why it could not
 *  be read, or that it is not of that size; what is returned is the run's. */
enum muster_code get_hashing_read(struct get_hashing *hashing, enum digest_algorithm algorithm,
				  int fd, uint64_t size_bytes, void *cookie,
				  struct muster_error *error, struct muster_error *err);
uint64_t get_hashing_small_max(const struct get_hashing *hashing);
/** Every file that was read is told. */
enum muster_code get_hashing_drain(struct get_hashing *hashing, struct muster_error *err);
/** Operations of a long intake of this job: it stops with it, and what is read is counted. The rest
 *  is for the caller to fill in. */
struct long_ops get_long_ops(struct get_job *job, void *state);
/** Large files, until there is none any more: long_intake_run(). The same `ops` each time; their
 *  files name their algorithm. */
enum muster_code get_hashing_run_large(struct get_hashing *hashing, const struct long_ops *ops,
				       struct muster_error *err);

#endif
