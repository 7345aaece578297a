/* The directory that is filled. One that does not exist is filled under a temporary name beside
 * it, which the same command finds again, and gets its own name once. */
#ifndef ENGINE_GET_TARGET_H
#define ENGINE_GET_TARGET_H

#include <limits.h>

#include "engine/get/job.h"

struct get_target {
	struct get_job *job;
	char directory[PATH_MAX]; /* its own name, without '/' at its end */
	char working[PATH_MAX];	  /* what is filled */
	int root_fd;		  /* -1: not open */
	int parent_fd;		  /* of a new one; -1: none */
	bool is_new;
	bool is_resumed; /* new, and an earlier run began it */
};

struct get_target_options {
	const char *directory;
	struct view continued_by; /* what a run must be told to continue this one: hashed */
	bool can_continue;	  /* false: a temporary name that nobody finds again */
};

/** Errors: MUSTER_E_REFUSED where a file has the name, another run fills it, or it lies in the
 *  repository. The target may be closed after a failure, too. */
enum muster_code get_target_open(struct get_target *target, struct get_job *job,
				 const struct get_target_options *options,
				 struct muster_error *err);
/** Everything is there: give it its own name. */
enum muster_code get_target_finish(struct get_target *target, struct muster_error *err);
void get_target_close(struct get_target *target);

/** The absolute path without links of a directory that may not exist yet. */
enum muster_code get_absolute(const char *directory, char out[PATH_MAX], struct muster_error *err);
/** MUSTER_E_REFUSED if this absolute path is the repository or lies in it. */
enum muster_code get_guard_not_in_repository(struct get_job *job, const char *absolute,
					     struct muster_error *err);
/** Is this directory the repository's own? */
enum muster_code get_is_repository(struct get_job *job, int dir_fd, const char *path, bool *out,
				   struct muster_error *err);
/** The guards of a checkout: MUSTER_E_REFUSED for "/", the home directory, a mount point, and what
 *  lies in the repository. */
enum muster_code get_guard_checkout(struct get_job *job, const char *absolute,
				    struct muster_error *err);

#endif
