/* References that are added to a draft. */
#ifndef API_ARTIFACT_REFERENCE_H
#define API_ARTIFACT_REFERENCE_H

#include <stdatomic.h>

#include "api/artifact/artifact_draft.h"

struct reference {
	struct muster_artifact *artifact;
	const char *uri;
	uint64_t max_objects;
	atomic_ullong count;
};

/** MUSTER_E_LIMIT. */
enum muster_code reference_too_many(const struct reference *adding, struct muster_error *err);

/** A file, or all files below a directory, of a file:// URI, without reading them: their digest is
 *  that of where they are. `name` may be NULL. All of them or none are added. */
enum muster_code reference_add_unread(struct reference *adding, const char *name,
				      struct muster_error *err);

#endif
