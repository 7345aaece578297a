/**
 * verification - holds one path of a directory against a version's entry. Pure.
 *
 * Only bytes prove a file. `quick` believes a stat that is known and sure, and else the size.
 */
#ifndef PLANNERS_VERIFICATION_VERIFICATION_H
#define PLANNERS_VERIFICATION_VERIFICATION_H

#include "artifact/entry.h"
#include "artifact/format/stat.h"
#include "planners/ingest/ingest.h"

enum verification {
	VERIFICATION_EQUAL,
	VERIFICATION_READ, /* its bytes must be read: then verification_has() tells */
	VERIFICATION_MISSING,
	VERIFICATION_CHANGED,
	VERIFICATION_EXTRA,
	VERIFICATION_REFERENCE, /* its bytes are elsewhere: not looked at */
};

/** All of one path: an entry, a file, or both. */
struct verification_facts {
	bool quick; /* needs `found` of every file */
	bool has_file;
	const struct entry *entry;	 /* NULL: the version has none */
	const struct found_file *found;	 /* NULL: there is no file, or nobody has stat'ed it */
	const struct stat_record *known; /* what the stat cache says of it, or NULL */
};

enum verification verification_judge(const struct verification_facts *facts);

/** Are these the bytes of the entry? Digest, and what else it tells of them. */
bool verification_has(const struct entry *entry, const struct fingerprint *fingerprint,
		      bool has_identity);

/** Are an entry's bytes a reference's, which this program does not hold? */
bool verification_is_reference(const struct entry *entry);

#endif
