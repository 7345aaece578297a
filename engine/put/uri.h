/**
 * uri - what a source that looks like a URI is, and how paths go in and out of `file://`.
 */
#ifndef ENGINE_PUT_URI_H
#define ENGINE_PUT_URI_H

#include "artifact/name.h"

enum uri_kind {
	URI_NONE,    /* a path on disk */
	URI_FILE,    /* file://…: walked and digested where it lies */
	URI_NETWORK, /* s3, gs, http, https */
	URI_MUSTER,  /* muster://…: entries of another version */
	URI_TRACKED, /* any other scheme: kept as text */
};

/** By RFC 3986: a letter, then letters, digits, "+", "-", ".", then "://". */
enum uri_kind uri_kind(const char *text);

/** The path of file:///… or file://localhost/…, %XX decoded, appended to `out`. Errors:
 *  MUSTER_E_USAGE: another host, a broken escape, NUL, or no absolute path. */
enum muster_code uri_file_path(const char *uri, struct bytes *out, struct muster_error *err);

#define URI_MUSTER_SCHEME "muster://"

/** What muster://[[entity/]project/]name:alias[/path] names; the address points into it. */
struct uri_version {
	struct artifact_address address; /* the alias is there */
};
/** `path` becomes the path, %XX decoded and normalized; empty: the whole version. Errors:
 *  MUSTER_E_USAGE. */
enum muster_code uri_version(const char *uri, struct uri_version *out, struct bytes *path,
			     struct muster_error *err);

/** Splits "muster://<version id>/<path>", as entries have it; the path is still escaped. */
bool uri_of_version(struct view uri, uint8_t version_id[16], struct view *path);
/** Appends what `text` stands for, %XX decoded. Errors: MUSTER_E_USAGE for a broken escape, NUL. */
enum muster_code uri_unescape(struct view text, struct bytes *out, struct muster_error *err);

/** Writes `path` with "%", "?" and "#" as %XX, everything else as it is: W&B writes paths raw and
 *  so loses names with these. At most URI_GROWTH bytes a byte; returns how many. */
#define URI_GROWTH 3
size_t uri_escape(char *out, struct view path);

#endif
