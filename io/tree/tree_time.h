/**
 * tree_time - what time it is for the file system of a tree.
 *
 * A file's times are its file system's, which may be another machine's. A stat is believed later
 * only if the file was last touched before this "now" (planners/ingest).
 */
#ifndef IO_TREE_TREE_TIME_H
#define IO_TREE_TREE_TIME_H

#include <stdint.h>

#include "base/error.h"

/** From the time of a temporary file without a name in `directory`; where none can be made (a
 *  read-only tree), this machine's time less TREE_TIME_DOUBT_NS. */
#define TREE_TIME_DOUBT_NS 2000000000
enum muster_code tree_time_now(const char *directory, int64_t *out_ns, struct muster_error *err);

#endif
