/**
 * named_version - the version that a name means.
 *
 * Threads: one at a time.
 */
#ifndef ENGINE_LOOK_NAMED_VERSION_H
#define ENGINE_LOOK_NAMED_VERSION_H

#include "artifact/name.h"
#include "engine/manifest/version_reader.h"
#include "engine/repository/collection.h"

/** A zeroed one may be released. */
struct named_version {
	struct repository *repository;
	struct collection *collection;
	const struct version *version; /* lent by the collection */
};

/** `address` is complete but for the alias: without one it is `latest`. Borrows `repository`.
 *  Errors: MUSTER_E_NAME. */
enum muster_code named_version_open(struct named_version *out, struct repository *repository,
				    const struct artifact_address *address,
				    struct muster_error *err);
void named_version_release(struct named_version *named);

/** A link becomes what it links: what is said of it is said there. Others stay as they are.
 *  Errors: MUSTER_E_NAME where the source was deleted. */
enum muster_code named_version_follow(struct named_version *named, struct muster_error *err);

/** Gives a reader of its entries. */
enum muster_code named_version_read(const struct named_version *named, bool with_placement,
				    struct version_reader **out, struct muster_error *err);

#endif
