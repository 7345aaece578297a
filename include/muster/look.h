/**
 * look - what is in a repository: collections, versions, entries, history, differences.
 *
 * Strings in structs given to callbacks are lent until the callback returns. A callback that
 * answers false ends the listing early; that is no error.
 */
#ifndef MUSTER_LOOK_H
#define MUSTER_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/declare.h"
#include "muster/error.h"

MUSTER_DECLARE_BEGIN

struct muster_collection_info {
	const char *entity, *project, *name, *type;
	uint64_t version_count; /* not deleted */
	uint64_t latest_number; /* valid if version_count */
	uint64_t latest_bytes, latest_entries;
	uint64_t updated_ms;	   /* since 1970 */
	uint64_t default_ttl_days; /* what versions inherit; 0: nothing */
};

struct muster_version_info {
	const char *entity, *project, *name, *type;
	uint64_t number;
	char digest[33];	      /* W&B artifact digest, hex */
	char root[65];		      /* content root, hex */
	char event_sha256[65];	      /* of the save event */
	const char *digest_algorithm; /* "md5", "xxh128" */
	uint64_t entry_count, reference_count, size_bytes;
	uint64_t created_ms;
	uint64_t ttl_days; /* that it lives, its own or inherited; 0: without end */
	bool ttl_is_inherited, ttl_is_disabled;
	uint64_t expires_ms;	 /* 0: never; as the store says when it was committed */
	bool is_expired;	 /* by this machine's clock; nothing is deleted by it */
	const char *description; /* "" if none */
	const char *metadata;	 /* JSON object */
	const char *const *aliases;
	size_t alias_count; /* with `latest` where it is */
	const char *const *tags;
	size_t tag_count;
};

struct muster_entry_info {
	const char *path; /* path_bytes of them, then a NUL */
	uint64_t path_bytes;
	bool is_directory; /* only from a listing of one level */
	char digest[64];   /* as W&B writes it; longer texts of references: see digest_text */
	const char *digest_text;
	const char *digest_algorithm; /* "md5", "xxh128", "text" */
	bool has_size;
	uint64_t size_bytes;   /* of a directory: the sum, if it was counted */
	const char *reference; /* NULL if the bytes are stored */
	const char *extra;     /* JSON object or NULL */
};

struct muster_event_info {
	uint64_t number;
	uint64_t time_ms;
	const char *kind;    /* "save", "alias", ... */
	const char *summary; /* one line for people: "v3: 1,204 entries, 5.1 GiB" */
	uint64_t version_number;
	bool has_version;
	const char *session; /* hex */
	const char *sha256;  /* of the event, hex */
};

enum muster_change_kind {
	MUSTER_CHANGE_ADDED,
	MUSTER_CHANGE_REMOVED,
	MUSTER_CHANGE_MODIFIED,
};

struct muster_change_info {
	enum muster_change_kind kind;
	const char *path;
	uint64_t path_bytes;
	bool has_old, has_new;
	uint64_t old_bytes, new_bytes;
};

struct muster_diff_report {
	uint64_t added, removed, modified;
	uint64_t added_bytes, removed_bytes;
	uint64_t leaves_decoded; /* what the comparison had to look at */
};

typedef bool muster_collection_fn(void *state, const struct muster_collection_info *info);
typedef bool muster_version_fn(void *state, const struct muster_version_info *info);
typedef bool muster_entry_fn(void *state, const struct muster_entry_info *info);
typedef bool muster_event_fn(void *state, const struct muster_event_info *info);
typedef bool muster_change_fn(void *state, const struct muster_change_info *info);
/** Bytes of a file, in order. */
typedef enum muster_code muster_bytes_fn(void *state, const void *bytes, uint64_t count,
					 struct muster_error *err);

MUSTER_DECLARE_END

#endif
