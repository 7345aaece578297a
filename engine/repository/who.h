/**
 * who - who does something here: "user@host", for people who ask later. Nothing proves it.
 */
#ifndef ENGINE_REPOSITORY_WHO_H
#define ENGINE_REPOSITORY_WHO_H

#include "base/bytes.h"
#include "base/effects.h"

/** Append it: at most EVENT_BY_MAX_BYTES, made safe to show; "?" for what is not known. */
enum muster_code who_append(const struct effects *effects, struct bytes *out,
			    struct muster_error *err);

#endif
