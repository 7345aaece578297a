/**
 * entry_info - an entry as the public interface tells it: texts that end in a NUL.
 *
 * Memory: one buffer that is used again for every entry.
 */
#ifndef ENGINE_DIGEST_ENTRY_INFO_H
#define ENGINE_DIGEST_ENTRY_INFO_H

#include "artifact/entry.h"
#include "muster/look.h"

/** Zeroed is ready. */
struct entry_teller {
	struct bytes text;
};

void entry_teller_release(struct entry_teller *teller);
/** Fills `out`, which points into `teller` until the next call. Errors: MUSTER_E_MEMORY. */
enum muster_code entry_tell(struct entry_teller *teller, const struct entry *entry,
			    struct muster_entry_info *out, struct muster_error *err);
/** The same for a directory in a listing of one level. */
enum muster_code entry_tell_directory(struct entry_teller *teller, struct view path,
				      struct muster_entry_info *out, struct muster_error *err);

/** "md5", "xxh128", "text". Static memory. */
const char *digest_algorithm_name(enum digest_algorithm algorithm);
/** "md5" (NULL, too) or "xxh128". Errors: MUSTER_E_USAGE. */
enum muster_code digest_algorithm_parse(const char *name, enum digest_algorithm *out,
					struct muster_error *err);

#endif
