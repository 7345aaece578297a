/**
 * entry - one path of an artifact: what W&B's ArtifactManifestEntry offers.
 *
 * Threads: that of its artifact.
 * Memory:  its own texts. An entry that was given is the caller's until muster_entry_free(), which
 *          comes before its artifact is closed; one that a manifest or a list of files lends goes
 *          with the next step.
 * Texts:   lent as long as the entry is; paths may hold any byte of UTF-8 but NUL.
 */
#ifndef MUSTER_ENTRY_H
#define MUSTER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muster/declare.h"
#include "muster/error.h"

MUSTER_DECLARE_BEGIN

struct muster_artifact;
struct muster_entry;

void muster_entry_free(struct muster_entry *entry); /* takes NULL */

/** Where it is in the artifact: relative, with slashes. */
const char *muster_entry_path(const struct muster_entry *entry);
/** As W&B writes it: base64 of the MD5 or XXH128 of the bytes; of a reference what its kind has: an
 *  ETag, a URI, … */
const char *muster_entry_digest(const struct muster_entry *entry);
/** "md5", "xxh128" or "text". Static text. */
const char *muster_entry_digest_algorithm(const struct muster_entry *entry);
/** The URI of a reference; NULL: the bytes are stored in the repository. */
const char *muster_entry_ref(const struct muster_entry *entry);
/** False: it is not known, as of a reference that is only noted down. Bytes. */
bool muster_entry_size(const struct muster_entry *entry, uint64_t *out);
/** What else is known of a reference: a JSON object; NULL: nothing. */
const char *muster_entry_extra(const struct muster_entry *entry);
/** The file that it was added from, as the caller wrote it; NULL: it was read from a version. */
const char *muster_entry_local_path(const struct muster_entry *entry);
/** Was it added with skip_cache? */
bool muster_entry_skip_cache(const struct muster_entry *entry);

/** The artifact that it is of: lent. */
struct muster_artifact *muster_entry_parent_artifact(const struct muster_entry *entry);

/**
 * The id of the version that brought these bytes under this path: going back from this one in its
 * collection, the last that has them (what an import tells of an entry is told instead). Lent until
 * the entry goes. Looks into one version after the other. MUSTER_ABSENT: its artifact is a draft,
 * which brings them.
 */
enum muster_code muster_entry_birth_artifact_id(struct muster_entry *entry, const char **out,
						struct muster_error *err);
/** The URI that a reference points to. Errors: MUSTER_E_USAGE: it is no reference. */
enum muster_code muster_entry_ref_target(const struct muster_entry *entry, const char **out,
					 struct muster_error *err);

/** "muster://entity/project/name:vN/path": where this entry is, for others to refer to. Lent until
 *  the next call, or until the entry goes. Errors: MUSTER_E_NOT_LOGGED: its artifact is a draft. */
enum muster_code muster_entry_ref_url(struct muster_entry *entry, const char **out,
				      struct muster_error *err);

/** Write the file below `root` (NULL: ./artifacts/NAME:vN); a file there that differs is replaced.
 *  `*path` (may be NULL) is the file: lent until the next call, or until the entry goes.
 *  Errors: MUSTER_E_NOT_LOGGED: its artifact is a draft; those of muster_artifact_download(), that
 *  of the file itself in the place of MUSTER_E_ITEMS. */
enum muster_code muster_entry_download(struct muster_entry *entry, const char *root,
				       bool skip_cache, const char **path,
				       struct muster_error *err);

MUSTER_DECLARE_END

#endif
