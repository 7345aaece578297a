/* Shared by the parts of the check of bytes.
 *
 *	bytes.c        workers, and the packs that they take
 *	bytes_pack.c   a pack: what lies around its blobs, and small ones, many at once
 *	bytes_large.c  large ones, side by side
 *	bytes_blob.c   a blob: how it is hashed, judged and told of
 */
#ifndef ENGINE_CHECK_BYTES_INTERNAL_H
#define ENGINE_CHECK_BYTES_INTERNAL_H

#include "base/queue.h"
#include "engine/blob/blob_reader.h"
#include "engine/check/check_internal.h"
#include "engine/intake/long_intake.h"

#define GROUP_MAX    256 /* of 4 KiB: 1 MiB; 2,048 leave the cache: some 10 % more processor time */
#define HASHER_KINDS 4	 /* MD5 or XXH128, with or without identity */

struct byte_check {
	struct check_run *run;
	struct queue *packs; /* takes struct pack_job *, owned while held */
	struct byte_worker *workers;
	unsigned started;
	struct pack_job *large; /* gathered: a list */
	unsigned large_count;
	struct {
		pthread_mutex_t lock;
		struct muster_error error;
		atomic_bool is_set;
	} failure;
};

/* A pack to check; in a list each is of one large blob. */
struct pack_job {
	struct open_pack pack;
	struct pack_mark mark; /* what was known of it before */
	struct key key;
	bool is_frame_broken;
	unsigned told_count; /* of its blobs */
	struct pack_job *next;
};

struct byte_worker {
	struct byte_check *check;
	pthread_t thread;
	uint8_t *buffer;
	struct hasher *hashers[HASHER_KINDS]; /* made when they are needed */
	struct hash_request requests[GROUP_MAX];

	struct {			    /* large blobs, side by side */
		struct long_intake *intake; /* NULL until it is needed */
		bool has_identity;	    /* it computes SHA-256, too */
		size_t count, next;
		struct large_blob {
			struct pack_job *job;
			uint32_t ordinal;
			bool has_failed; /* it could not be read: once more */
		} blobs[LONG_INTAKE_FILES];
	} large;
};

/* --- bytes.c --------------------------------------------------------------------------------- */

/** Has a worker failed, or is the check cancelled? */
bool bytes_is_ending(const struct byte_check *check);

/* --- bytes_blob.c ---------------------------------------------------------------------------- */

/** A finding. A copy that the gc log knows to be bad is known. */
void bytes_tell_blob(struct check_run *run, struct pack_job *job, uint32_t ordinal,
		     enum muster_code code, const char *reason);
/** How many more there were than are told one by one. */
void bytes_tell_rest(struct check_run *run, const struct pack_job *job);

/** XXH3 alone is what `quick` proves; as the digest it is computed once. */
struct hash_options bytes_hashing_of(const struct byte_worker *worker, const struct blob_key *key);
/** Lends the hasher of blobs like this one. */
enum muster_code bytes_need_hasher(struct byte_worker *worker, const struct blob_key *key,
				   struct hasher **out, struct muster_error *err);
bool bytes_is_hashed_alike(const struct byte_worker *worker, const struct blob_key *a,
			   const struct blob_key *b);
/** What is wrong with a blob, or NULL. */
const char *bytes_judge(const struct byte_worker *worker, const struct blob_key *key,
			const struct fingerprint *found);

/* --- bytes_large.c --------------------------------------------------------------------------- */

/** Too large to be read with others? */
bool bytes_is_large(const struct check_run *run, const struct pack_blob *blob);
/** A large blob is noted; at most LONG_INTAKE_FILES of them. */
void bytes_add_large(struct byte_worker *worker, struct pack_job *job, uint32_t ordinal);
/** Reads and judges those that were noted. What is wrong with one is told, and no failure. */
enum muster_code bytes_check_large(struct byte_worker *worker, struct muster_error *err);

/* --- bytes_pack.c ---------------------------------------------------------------------------- */

/** One pack. Only what ends the check is a failure. */
enum muster_code bytes_check_pack(struct byte_worker *worker, struct pack_job *job,
				  struct muster_error *err);
/** Packs of one large blob each: a list. */
enum muster_code bytes_check_large_packs(struct byte_worker *worker, struct pack_job *jobs,
					 struct muster_error *err);

#endif
