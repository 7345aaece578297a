/**
 * name - the rules for names of artifacts, types, aliases, tags, projects and entities. Pure.
 *
 * Rules and messages are W&B's in substance (SDK: _validators.py, artifact constructor; lengths
 * are those of its server and count characters, not bytes). Stricter than W&B, on purpose:
 *   - all names are valid UTF-8 without control characters, and not empty;
 *   - W&B's patterns end in Python's "$", which lets one line feed at the end through: not here;
 *   - "vN" as an alias means ASCII digits; Python's isnumeric also takes "v²", which here is an
 *     ordinary alias.
 * Errors: MUSTER_E_USAGE, naming the rule and the name.
 */
#ifndef ARTIFACT_NAME_H
#define ARTIFACT_NAME_H

#include "base/bytes.h"

#define NAME_MAX_CHARACTERS	     128
#define REGISTRY_NAME_MAX_CHARACTERS 113 /* behind "wandb-registry-" */
#define TAG_MAX_COUNT		     20	 /* of one call */

/** Letters, digits, "-", "_", "." of ASCII. */
enum muster_code artifact_name_check(struct view name, struct muster_error *err);

/** A type for an artifact of this name: no "/" or ":", and not one that W&B keeps for itself:
 *  "wandb-…", "job", "run_table" for names "run-…", "code" for names "source-…". */
enum muster_code artifact_type_check(struct view type, struct view name, struct muster_error *err);

/** An alias that a user may set: no "/" or ":", not a version ("v12"). */
enum muster_code alias_check(struct view alias, struct muster_error *err);

/** Words of letters, digits, "-", "_" parted by spaces. Beyond ASCII every character passes that
 *  is a letter or digit somewhere, and some that W&B's own table would refuse. */
enum muster_code tag_check(struct view tag, struct muster_error *err);

/** None of / \ # ? % : and not "wandb-registry-" alone. */
enum muster_code project_check(struct view project, struct muster_error *err);
enum muster_code entity_check(struct view entity, struct muster_error *err);

/** Does an alias speak of a version ("v" and digits)? "v007" does, but names none. */
bool alias_is_version(struct view alias);

/** "v12" -> 12. False for anything but "v" and the shortest form of a number up to 2^64-1. */
bool version_alias_parse(struct view alias, uint64_t *number);

/** `[[entity/]project/]name[:alias]`, each part empty where it was not written. */
struct artifact_address {
	struct view entity, project, name, alias;
};

/** Split and check; the views point into `text`. The alias may be a version. */
enum muster_code artifact_address_parse(struct artifact_address *out, struct view text,
					struct muster_error *err);

#endif
