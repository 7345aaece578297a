/* What the parts of an artifact share. */
#ifndef API_ARTIFACT_ARTIFACT_INTERNAL_H
#define API_ARTIFACT_ARTIFACT_INTERNAL_H

#include "api/api_internal.h"
#include "engine/digest/entry_info.h"

/* --- texts.c --- */

/** Texts in one block of memory. A zeroed one is an empty list. */
struct text_list {
	const char **items;
	size_t count;
};
/** A copy in the place of what was there; each text once, where it came first. On failure `list` is
 *  as it was. */
enum muster_code text_list_set(struct text_list *list, const char *const *texts, size_t count,
			       struct muster_error *err);
void text_list_release(struct text_list *list);
bool text_list_has(const struct text_list *list, const char *text);
/** A copy in the place of `*slot`, which is freed. On failure it is as it was. */
enum muster_code text_set(char **slot, struct view text, struct muster_error *err);

/* --- the artifact --- */

/** Names of a version and what is made of them. */
struct artifact_names {
	char *entity, *project;
	char *name;	      /* "name:vN" */
	char *version;	      /* "vN" */
	char *collection;     /* "entity/project/name" */
	char *qualified_name; /* "entity/project/name:vN" */
};

/** What may be set. */
struct artifact_words {
	struct text_list aliases, tags;
	char *description, *metadata;
	int64_t ttl; /* days, MUSTER_TTL_INHERIT or MUSTER_TTL_DISABLED */
};

struct artifact_draft; /* artifact_draft.h */

struct muster_artifact {
	struct muster_repository *repository;
	struct artifact_draft *draft; /* while MUSTER_ARTIFACT_PENDING; else NULL */
	enum muster_artifact_state state;
	struct api_version version;	     /* while MUSTER_ARTIFACT_COMMITTED */
	struct artifact_names names, source; /* of what a link links; of others both are the same */
	bool is_link, is_source_gone;
	char *type, *url;
	char id[33], digest[33], commit_hash[65];
	const char *digest_algorithm; /* static text */
	uint64_t file_count, size_bytes, created_ms;
	uint64_t default_ttl_days; /* what it inherits; 0: nothing */
	struct artifact_words words, stored;
	struct bytes json, path; /* what a call lends */
};

/** Read again what is said of the version; what was set is gone. */
enum muster_code artifact_load(struct muster_artifact *artifact, struct muster_error *err);
/** Read its collection to the head. */
enum muster_code artifact_refresh(struct muster_artifact *artifact, struct muster_error *err);
/** The collection has moved on: find the version in it again. MUSTER_E_NAME: it is deleted, and
 *  this is noted. */
enum muster_code artifact_find_again(struct muster_artifact *artifact, struct muster_error *err);

/* --- link.c --- */

/** The version again, by a collection of its own; of a link the one that it links. Release it; a
 *  zeroed one, too. Errors: MUSTER_E_NAME where the source was deleted. */
enum muster_code artifact_open_source(const struct muster_artifact *artifact,
				      struct named_version *out, struct muster_error *err);
/** Store what was set of a link, and is said of the version that it links. */
enum muster_code artifact_save_through_link(struct muster_artifact *artifact,
					    struct muster_error *err);

/* --- state.c --- */

/** MUSTER_E_NOT_LOGGED for a draft: it has no `member`. */
enum muster_code artifact_need_logged(const struct muster_artifact *artifact, const char *member,
				      struct muster_error *err);
/** The same, and MUSTER_E_NAME where it is deleted. */
enum muster_code artifact_need_version(const struct muster_artifact *artifact, const char *member,
				       struct muster_error *err);

/* --- entry.c --- */

struct muster_entry {
	struct muster_artifact *artifact;
	struct entry_teller teller;
	struct muster_entry_info info;
	struct bytes birth; /* id of an artifact, with a NUL; empty: not known yet */
	char *local_path;
	bool skip_cache;
	struct bytes path, url; /* of the file that was downloaded; ref_url */
};

/** `entry` is copied. A zeroed one may be filled, one that was filled be filled again. */
enum muster_code entry_fill(struct muster_entry *out, struct muster_artifact *artifact,
			    const struct entry *entry, struct muster_error *err);
void entry_release(struct muster_entry *entry);
/** Gives a reader of all entries of a logged artifact. */
enum muster_code artifact_read(const struct muster_artifact *artifact, struct version_reader **out,
			       struct muster_error *err);

#endif
