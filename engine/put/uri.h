/**
 * uri - what a source that looks like a URI is, and how paths go in and out of `file://`.
 */
#ifndef ENGINE_PUT_URI_H
#define ENGINE_PUT_URI_H

#include "base/bytes.h"

enum uri_kind {
	URI_NONE,    /* a path on disk */
	URI_FILE,    /* file://…: walked and digested where it lies */
	URI_NETWORK, /* s3, gs, http, https */
	URI_TRACKED, /* any other scheme: kept as text */
};

/** By RFC 3986: a letter, then letters, digits, "+", "-", ".", then "://". */
enum uri_kind uri_kind(const char *text);

/** The path of file:///… or file://localhost/…, %XX decoded, appended to `out`. Errors:
 *  MUSTER_E_USAGE: another host, a broken escape, NUL, or no absolute path. */
enum muster_code uri_file_path(const char *uri, struct bytes *out, struct muster_error *err);

/** Writes `path` with "%", "?" and "#" as %XX, everything else as it is: W&B writes paths raw and
 *  so loses names with these. At most URI_GROWTH bytes a byte; returns how many. */
#define URI_GROWTH 3
size_t uri_escape(char *out, struct view path);

#endif
