/**
 * ingest - what to do with one file of a tree: keep what is known of it, or read it. Pure.
 *
 * The stat cache proves what a file's digest is, never that its bytes are stored: to keep needs
 * the same path and content in the base, or the blob in the repository's index.
 */
#ifndef PLANNERS_INGEST_INGEST_H
#define PLANNERS_INGEST_INGEST_H

#include "artifact/entry.h"
#include "artifact/format/stat.h"

/** What the walk saw. */
struct found_file {
	uint64_t size_bytes;
	int64_t mtime_ns, ctime_ns;
	uint64_t inode;
};

enum ingest_decision {
	INGEST_READ,	    /* nothing is known of it, or it changed */
	INGEST_KEEP,	    /* unchanged, and the base holds it */
	INGEST_KEEP_STORED, /* unchanged; keep it if the index has the blob, else read it */
};

struct ingest_rules {
	enum digest_algorithm algorithm; /* of the repository */
	bool has_identity;
	bool rehash; /* believe no stat */
};

/** Is what the cache knows (NULL: nothing) still so, and all that is needed? For a reference that
 *  is enough: its bytes are stored nowhere. */
bool ingest_knows(const struct ingest_rules *rules, const struct found_file *found,
		  const struct stat_record *known);

/** `known` and `base` are of the same path, or NULL. */
enum ingest_decision ingest_decide(const struct ingest_rules *rules, const struct found_file *found,
				   const struct stat_record *known, const struct entry *base);

/** May a stat be believed later? Only if the file was last touched before `read_ns`, the file
 *  system's own time when reading began (a later write then has a later time). */
bool ingest_is_trusted(const struct found_file *found, int64_t read_ns);

#endif
