/**
 * who - who does something here: "user@host", for people who ask later. Nothing proves it.
 */
#ifndef ENGINE_REPOSITORY_WHO_H
#define ENGINE_REPOSITORY_WHO_H

#include "base/bytes.h"
#include "base/effects.h"

/** Append the name of the user whom the process works for, or "uid-1234" if that has none. */
enum muster_code who_append_login(struct bytes *out, struct muster_error *err);

/** Append "user@host": at most EVENT_BY_MAX_BYTES, made safe to show. The user is $USER, which cron
 *  jobs and containers often lack, else the login name. A host without a name is "?". */
enum muster_code who_append(const struct effects *effects, struct bytes *out,
			    struct muster_error *err);

#endif
