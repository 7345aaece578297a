/* What a run of get, checkout or verify is made of, whichever it is. */
#ifndef ENGINE_GET_JOB_H
#define ENGINE_GET_JOB_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/blob/index_set.h"
#include "engine/blob/pack_cache.h"
#include "engine/get/get.h"
#include "engine/intake/form.h"
#include "engine/intake/intake_set.h"
#include "engine/manifest/version_reader.h"
#include "io/store/sys.h"

#define GET_BUFFER_BYTES (8u << 20) /* a worker's */
#define GET_CHUNK_BYTES                                                                            \
	(1u << 20)    /* of a large blob at once: it stays in the processor's cache                \
		       */
#define GET_READERS 2 /* threads that read directories ahead */

/* What every run is given. */
struct get_start {
	struct repository *repository;
	const struct version *version;
	const char *version_text;
	const char *cache_dir;	   /* NULL: none */
	struct blob_cache *blobs;  /* NULL: none */
	const struct sys_ops *sys; /* of all calls on the tree; NULL: the system's */
};

/* The entry points of get.h, with the table of system calls. */
enum muster_code get_run_with(const struct get_start *start,
			      const struct muster_get_options *options,
			      struct muster_get_report *report, struct muster_error *err);
enum muster_code checkout_run_with(const struct get_start *start,
				   const struct muster_checkout_options *options,
				   struct muster_get_report *report, struct muster_error *err);

struct get_job {
	const struct get_start *start;
	struct pack_cache *packs; /* of all workers */
	const struct muster_job *options;
	struct muster_progress *progress; /* never NULL */
	struct muster_progress own_progress;
	struct store *store;
	const struct sys_ops *sys;
	unsigned worker_count;
	unsigned large_count;		 /* of them: that may be at large files at once */
	enum digest_algorithm algorithm; /* of the version */
	bool has_identity;
	bool adds_identity; /* what is proved gets the identity that its version does not tell */
	struct intake_form form;
	size_t ring_bytes;     /* of a worker's intake */
	uint64_t failed_items; /* counted where batches end, one at a time */

	struct { /* the first failure of the run itself */
		pthread_mutex_t lock;
		struct muster_error error;
		atomic_bool is_set;
	} failure;

	struct { /* opened by who needs it first: placements mostly suffice */
		pthread_mutex_t lock;
		struct index_set *set;
		uint64_t listed_ns;
	} index;
};

/** Errors: MUSTER_E_USAGE as intake_form_of(); it is to be released then, too. */
enum muster_code get_job_init(struct get_job *job, const struct get_start *start,
			      const struct muster_job *options, struct muster_error *err);
void get_job_release(struct get_job *job);

/** Is the run over before its end: failed or cancelled? */
bool get_is_stopping(const struct get_job *job);
bool get_is_cancelled(const struct get_job *job);
/** Note a failure of the run; the first one counts. */
void get_job_fail(struct get_job *job, const struct muster_error *error);
/** How a worker hashes with this algorithm. */
struct hash_options get_job_hashing(const struct get_job *job, enum digest_algorithm algorithm);
/** The noted failure; MUSTER_OK without one. */
enum muster_code get_job_failure(struct get_job *job, struct muster_error *err);

/** Does this failure of one item fail the run? Without memory, room on disk or the repository's
 *  host all that follow would fail, too. */
bool get_is_fatal(const struct muster_error *error);
/** Tell of an item that failed. One call at a time; NULL: its error could not be kept. */
void get_report_failure(struct get_job *job, struct view path, const struct muster_error *error);

#define GET_INDEX_AGE_NS 5000000000u /* who misses a blob lists again, but not for each one */

/** Where the index says that a blob lies, if possible elsewhere than `tried` (NULL: anywhere).
 *  MUSTER_ABSENT: nowhere, as it was at most GET_INDEX_AGE_NS ago. */
enum muster_code get_job_index_find(struct get_job *job, const struct blob_key *key,
				    const struct placement *tried, struct placement *out,
				    struct muster_error *err);

static inline void get_count(atomic_ullong *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/** A report of nothing yet. Errors: MUSTER_E_USAGE without a directory. */
enum muster_code get_report_begin(struct muster_get_report *report, const struct get_start *start,
				  const char *directory, struct muster_error *err);
/** A run over all of a version knows its total from the beginning. */
void get_count_version(struct get_job *job, const struct version_reader *version);
/** How a run that was interrupted tells it: `working` is where a new directory is made, NULL in one
 *  that was there before. */
enum muster_code get_fail_interrupted(const char *working, bool can_continue,
				      struct muster_error *err);

/** Opens the version for reading. */
enum muster_code get_open_version(struct get_job *job, struct version_reader **out,
				  struct muster_error *err);
/** A copy of a text into a field of a report, cut where it does not fit. */
void get_copy_text(char *out, size_t cap, const char *text);

#endif
