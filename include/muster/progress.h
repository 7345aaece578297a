/**
 * progress - what a job has done so far: counted by the job, read by whoever draws it.
 *
 * Threads: the job adds with relaxed atomics; any thread may read at any time.
 */
#ifndef MUSTER_PROGRESS_H
#define MUSTER_PROGRESS_H

#if defined(__cplusplus) && __cplusplus < 202302L
#include <atomic>
using std::atomic_bool; /* as <stdatomic.h> of C++23 has them */
using std::atomic_ullong;
#else
#include <stdatomic.h>
#endif
#include <stdbool.h>
#include <stdint.h>

#include "muster/declare.h"
#include "muster/error.h"

MUSTER_DECLARE_BEGIN

struct muster_progress {
	atomic_bool cancel;	    /* set by the caller: the job stops in order */
	atomic_bool total_is_known; /* the totals below are final */
	atomic_ullong total_files;  /* found so far */
	atomic_ullong total_bytes;
	atomic_ullong done_files;
	atomic_ullong done_bytes;
	atomic_ullong read_files; /* opened and read */
	atomic_ullong read_bytes;
	atomic_ullong written_bytes; /* to the repository, or to the directory */
	atomic_ullong failed_items;
	/* Steps of SIMD lanes that hashed a block of a small file, and all that they took: lanes
	 * are busy by the one over the other. Counted where hashing ends. */
	atomic_ullong busy_lane_steps, lane_steps;
};

/** One item that failed. Called from any worker, one call at a time; must not call back. `path` is
 *  not NUL-terminated and may hold any byte but NUL. */
typedef void muster_failure_fn(void *state, const char *path, uint64_t path_bytes,
			       const struct muster_error *error);

#define MUSTER_MEMORY_PARTS 12

/** What each part of a job may hold at most: the whole is job.memory_bytes, or less. */
struct muster_memory {
	unsigned worker_count; /* as many as the memory is enough for */
	unsigned part_count;
	struct {
		const char *name; /* static text */
		uint64_t bytes;
	} parts[MUSTER_MEMORY_PARTS];
};

/** What every job takes. Zeroed is good. All pointers are borrowed until the job returns. */
struct muster_job {
	unsigned worker_count; /* 0: one a processor */
	uint64_t memory_bytes; /* 0: 128 MiB + 64 MiB a worker, a quarter of the machine at most */
	/* Forced forms, for tests and measurements; NULL or "": the environment's MUSTER_CPU and
	 * MUSTER_READER, else chosen by what this machine has and what is observed. */
	const char *cpu;    /* of digests: "scalar", "sse2", "avx2", "avx512", "neon", "best" */
	const char *reader; /* of small files: "plain", "ring", "auto" */
	struct muster_memory *memory;	  /* NULL, or filled when the job divides its memory */
	struct muster_progress *progress; /* may be NULL */
	muster_failure_fn *on_failure;	  /* may be NULL */
	void *on_failure_state;
};

MUSTER_DECLARE_END

#endif
