/**
 * error - filling a struct muster_error.
 *
 * Threads: a struct belongs to one thread at a time; nothing here is shared.
 * Errors:  `err` may be NULL everywhere: then only the code is given.
 * Text:    bytes that a terminal could act on are escaped (\xNN) as the message is written, so
 *          a message with a hostile file name in it is safe to print. A message that does not
 *          fit is cut and ends in "...".
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "muster/error.h"

/** Is this code a failure (true), or success or an answer (false)? */
static inline bool muster_failed(enum muster_code code)
{
	return code >= MUSTER_E_USAGE;
}

/** Would all that a job does next fail as well? Then it ends, and is no failure of one item. */
static inline bool muster_ends_job(enum muster_code code)
{
	return code == MUSTER_E_MEMORY || code == MUSTER_E_LOST;
}

/** Set code and message; returns `code`. */
enum muster_code muster_fail(struct muster_error *err, enum muster_code code, const char *format,
			     ...) __attribute__((format(printf, 3, 4)));

/** Set MUSTER_E_IO (MUSTER_E_MEMORY for ENOMEM) from errno, ": <strerror>" appended. */
enum muster_code muster_fail_errno(struct muster_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Put "<context>: " before the message; returns the code it already had. */
enum muster_code muster_context(struct muster_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** MUSTER_E_MEMORY with a message that names what could not be had. */
enum muster_code muster_fail_memory(struct muster_error *err, const char *what);

/** A short stable word for a code ("io", "format", ...), for --json. Static memory. */
const char *muster_code_name(enum muster_code code);

#endif
