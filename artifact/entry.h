/**
 * entry - one path of a version: what every manifest, plan and cursor speaks of. Plain data.
 *
 * Views in an entry are borrowed from whoever gave it, for as long as that one says.
 */
#ifndef ARTIFACT_ENTRY_H
#define ARTIFACT_ENTRY_H

#include "base/hash/hash.h"

#define ENTRY_PATH_MAX_BYTES  4096
#define ENTRY_TEXT_MAX_BYTES  8192  /* digest text, ref, birth artifact id */
#define ENTRY_EXTRA_MAX_BYTES 65536 /* extra, as compact JSON */

/** Names one immutable object of a session: a pack, an index, leaves, a manifest. */
struct object_id {
	uint8_t session[16];
	uint32_t number;
};

/** "<32 hex>-<8 hex>" and its NUL. */
#define OBJECT_ID_TEXT_BYTES 42

static inline bool object_id_equal(const struct object_id *a, const struct object_id *b)
{
	return a->number == b->number && memcmp(a->session, b->session, 16) == 0;
}

/** Where the bytes of an entry lie: a hint, settled by the index when it is stale. */
struct placement {
	struct object_id pack;
	uint64_t pack_bytes; /* length of the whole pack object */
	uint32_t ordinal;    /* which blob of the pack, from 0 */
};

struct entry {
	struct view path;
	enum digest_algorithm algorithm; /* of `fingerprint.digest`; DIGEST_TEXT: see digest_text */
	struct fingerprint fingerprint;  /* checksum and identity only if has_… */
	struct view digest_text;         /* DIGEST_TEXT only */
	uint64_t size_bytes;
	bool has_size;
	bool has_checksum; /* the repository has, or had, these bytes */
	bool has_identity;
	bool is_placed;
	struct view ref;               /* URI, empty if the bytes are stored here */
	struct view extra;             /* compact JSON object, empty if none; no "alg" in it */
	struct view birth_artifact_id; /* carried through import and export, empty if none */
	struct placement placement;    /* if is_placed */
};

/** Is the content the same (all but path and placement)? */
bool entry_content_equal(const struct entry *a, const struct entry *b);
/** Is the W&B digest the same text? */
bool entry_digest_equal(const struct entry *a, const struct entry *b);

/** The digest as W&B writes it: base64 for MD5 and XXH128 (24 characters), the text itself for
 *  DIGEST_TEXT. `buf` is used for the former. Lends until `buf` or the entry go. */
#define ENTRY_DIGEST_BUF_BYTES 25
struct view entry_digest_text(const struct entry *entry, char buf[ENTRY_DIGEST_BUF_BYTES]);

#endif
