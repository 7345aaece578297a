/**
 * metadata - the free JSON object that a version carries. Pure.
 *
 * W&B's rule: an object of at most 100 top-level keys, no NaN, no infinities. Here also: one value
 * per top-level key, METADATA_MAX_BYTES in and out, the depth of base/json. A number too large for
 * a double (1e999) is an infinity to W&B's readers and refused.
 */
#ifndef ARTIFACT_METADATA_H
#define ARTIFACT_METADATA_H

#include "base/bytes.h"

#define METADATA_MAX_BYTES (1u << 20)
#define METADATA_MAX_KEYS  100
#define CONFIG_MAX_KEYS	   1000

/** Check `document` and append its compact, canonically escaped form to `out`: keys in their
 *  order, numbers as written. On failure `out` is as it was.
 *  Errors: MUSTER_E_USAGE for what breaks a rule, MUSTER_E_LIMIT for size and depth. */
enum muster_code metadata_canonical(struct view document, struct bytes *out,
				    struct muster_error *err);

/** The same of the config of a run, which may have CONFIG_MAX_KEYS. */
enum muster_code config_canonical(struct view document, struct bytes *out,
				  struct muster_error *err);

#endif
