/**
 * repository - where versions live, and the names that lead to them.
 *
 * Threads: a repository may be used by several threads at once, each with its own error struct.
 * Names:   a version is written "[[entity/]project/]name[:alias]"; what is left out comes from the
 *          repository's defaults; without an alias it is `latest`.
 */
#ifndef MUSTER_REPOSITORY_H
#define MUSTER_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/cache.h"
#include "muster/declare.h"

MUSTER_DECLARE_BEGIN

struct muster_repository;

/** What may be asked of a cloud. Zeroed is good: as much as it serves well. */
struct muster_limits {
	unsigned connections; /* at a time; 0: 64 */
	uint64_t requests_per_second;
	uint64_t bandwidth_bytes_per_second; /* both ways together */
	uint64_t buffer_bytes; /* for what is on its way; a job with memory_bytes leaves them out
				  of its own. 0: 128 MiB */
};

struct muster_init_options {
	const char *digest;   /* "md5" (NULL) or "xxh128" */
	const char *identity; /* NULL or "sha256" */
	struct muster_limits limits;
};

/** Make a repository at `url`: a local directory (a path, or file://…), which must not exist or be
 *  empty, or a prefix of a bucket that exists (s3://bucket/prefix, gs://bucket/prefix,
 *  az://account/container/prefix, https://account.blob.core.windows.net/container/prefix).
 *  Errors: MUSTER_E_REFUSED where the place holds anything; MUSTER_E_UNSUPPORTED for a place that
 *  cannot create if absent; MUSTER_E_IO. */
enum muster_code muster_repository_init(const char *url, const struct muster_init_options *options,
					struct muster_error *err);

struct muster_open_options {
	const char *url;       /* NULL: MUSTER_REPO, else $XDG_DATA_HOME/muster */
	const char *entity;    /* NULL: MUSTER_ENTITY, else the user's name */
	const char *project;   /* NULL: MUSTER_PROJECT, else "uncategorized" */
	const char *cache_dir; /* NULL: MUSTER_CACHE_DIR, else $XDG_CACHE_HOME/muster */
	/* Of the cache of blobs (muster/cache.h), for repositories in buckets. */
	uint64_t cache_bytes; /* its limit; 0: MUSTER_CACHE_SIZE ("0": none), else the default */
	bool skip_cache;      /* no job of this repository uses it */
	bool may_init; /* make it if the place is a local directory that does not exist or is empty
			*/
	const struct muster_repository *like; /* NULL, or: one that is made digests as this one does
					       */
	struct muster_limits limits;
};

/** Gives a repository. `*was_made` (may be NULL) says whether it was made just now. */
enum muster_code muster_repository_open(struct muster_repository **out,
					const struct muster_open_options *options, bool *was_made,
					struct muster_error *err);
void muster_repository_close(struct muster_repository *repository); /* takes NULL */
/** Its URL, default entity and project: lent for its life. */
const char *muster_repository_url(const struct muster_repository *repository);
const char *muster_repository_entity(const struct muster_repository *repository);
const char *muster_repository_project(const struct muster_repository *repository);
/** What its jobs, including those that failed, did with the cache of blobs until now. */
void muster_repository_cache_use(struct muster_repository *repository,
				 struct muster_cache_use *out);

/** Requests of one kind. An attempt ends in one of: served, throttled, failed, timed_out, hedged.
 */
struct muster_requests {
	const char *kind;      /* "small", "read", "write", "list", "delete"; static */
	uint64_t at_once;      /* attempts in flight, at most */
	uint64_t served;       /* answered, whatever the answer was */
	uint64_t served_bytes; /* of their bodies, both ways */
	uint64_t throttled;    /* the server asked for fewer */
	uint64_t failed;       /* a connection broke, or the server failed */
	uint64_t timed_out;
	uint64_t hedged;    /* given up: mostly a second attempt was faster */
	uint64_t given_up;  /* of those that were throttled, failed or timed out: not tried again */
	uint64_t median_us; /* of late; 0: none was served */
	uint64_t p99_us;
};

#define MUSTER_REQUEST_KINDS 5

/** What was asked of the cloud that a repository lies in. */
struct muster_traffic {
	uint64_t requests;		     /* attempts that were sent, keys' too */
	uint64_t sent_bytes, received_bytes; /* of bodies */
	uint64_t connections;		     /* that were opened */
	uint64_t at_once;		     /* attempts in flight, at most */
	struct muster_requests kinds[MUSTER_REQUEST_KINDS];
};

/** What there was since it was opened. False: it is a local directory, `out` is zero. */
bool muster_repository_traffic(const struct muster_repository *repository,
			       struct muster_traffic *out);

MUSTER_DECLARE_END

#endif
