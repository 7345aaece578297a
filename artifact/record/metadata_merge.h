/**
 * metadata_merge - some top-level keys of a version's metadata, or a run's config, set anew, the
 * others kept. Pure.
 */
#ifndef ARTIFACT_RECORD_METADATA_MERGE_H
#define ARTIFACT_RECORD_METADATA_MERGE_H

#include "artifact/metadata.h"

/** Append `old` (a JSON object, or empty for {}) with the members of `changes` (an object whose
 *  keys are distinct) in place of those with the same key, new keys behind them; null removes one.
 *  The result may break the rules of metadata: check it.
 *  Errors: MUSTER_E_FORMAT where either is no JSON object; MUSTER_E_MEMORY. */
enum muster_code metadata_merge(struct view old, struct view changes, struct bytes *out,
				struct muster_error *err);

#endif
