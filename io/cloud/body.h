/**
 * body - the XML that clouds are sent.
 *
 * Threads: pure functions. Errors: MUSTER_E_USAGE for what such a document may not hold,
 * MUSTER_E_UNSUPPORTED for a key that XML 1.0 cannot express; MUSTER_E_MEMORY. `out` is then as it
 * was.
 */
#ifndef IO_CLOUD_BODY_H
#define IO_CLOUD_BODY_H

#include "io/cloud/listing.h"

#define BODY_PARTS_MAX	 10000
#define BODY_DELETES_MAX 1000
#define BODY_BLOCKS_MAX	 50000

/** Can a text stand in a document? Control characters, what is not UTF-8, U+FFFE and U+FFFF cannot:
 *  such keys are deleted one by one. */
bool body_can_express(struct view text);

struct body_part {
	uint32_t number;  /* ascending, 1 .. BODY_PARTS_MAX */
	struct view etag; /* as the header of the part's answer had it, quotes and all */
	const struct checksum *checksum; /* NULL: none */
};
/** Append a CompleteMultipartUpload. */
enum muster_code body_append_complete(struct bytes *out, const struct body_part *parts,
				      size_t part_count, struct muster_error *err);

struct body_delete {
	struct view key;
	struct view version; /* empty: none */
};
/** Append a Delete that answers failures only. */
enum muster_code body_append_delete(struct bytes *out, const struct body_delete *objects,
				    size_t object_count, struct muster_error *err);

/** Append a BlockList: base64 ids, the latest block of each. */
enum muster_code body_append_blocks(struct bytes *out, const struct view *ids, size_t id_count,
				    struct muster_error *err);

#endif
