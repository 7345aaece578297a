/**
 * nearest - "did you mean": the version that somebody meant who named one that is not there.
 *
 * An artifact is looked for in its project, an alias among those of its artifact; what is there is
 * not looked for. Only in a directory: in a bucket it would take a request for each artifact.
 * Threads: those of the repository. Memory: the caller's, and the state of an artifact at a time.
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include "muster/muster.h"

#define NEAREST_BYTES	   1024
#define NEAREST_MAX_LOOKED 1000 /* artifacts that are looked at; the rest is not worth the time */

/** Write the name as it would have to be typed, of an artifact without an alias; false: nothing is
 *  near. */
bool nearest_version(struct muster_repository *repository, const char *version,
		     char out[NEAREST_BYTES]);

#endif
