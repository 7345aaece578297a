/**
 * marks - when a check of a repository read each of its packs, and how it found them.
 *
 * Local to one machine, never in a repository. Layout (docs/formats/marks.md): head, one mark of
 * MARK_BYTES for each pack, in the order of their ids, and the XXH3-128 of all before. It is whole
 * or worth nothing: losing it only means that packs are read sooner than they need be.
 */
#ifndef ARTIFACT_FORMAT_MARKS_H
#define ARTIFACT_FORMAT_MARKS_H

#include "artifact/format/object.h"

#define MARKS_VERSION	 1 /* for object_header_check(…, "marks", …) */
#define MARKS_HEAD_BYTES (OBJECT_HEADER_BYTES + 16 + 8)
#define MARK_BYTES	 48
#define MARKS_SUM_BYTES	 16

/** Of one pack. Times are milliseconds since 1970; 0: never. */
struct pack_mark {
	struct object_id id;
	uint64_t seen_ms;   /* by the first check that it was there for */
	uint64_t read_ms;   /* by the last check that proved its digests */
	uint64_t summed_ms; /* by the last check that proved its checksums, or digests */
	bool is_broken;	    /* the last one that read it found something */
};

void marks_head_put(uint8_t out[MARKS_HEAD_BYTES], const uint8_t repository_id[16],
		    uint64_t mark_count);
/** `file_bytes` is the length of the whole file. Errors: MUSTER_E_FORMAT where it is no such file,
 *  is not whole, or is another repository's; MUSTER_E_UNSUPPORTED. */
enum muster_code marks_head_parse(struct view head, uint64_t file_bytes,
				  const uint8_t repository_id[16], uint64_t *mark_count,
				  struct muster_error *err);

void pack_mark_put(uint8_t out[MARK_BYTES], const struct pack_mark *mark);
/** `before`: the mark before it, NULL: it is the first. Errors: MUSTER_E_FORMAT for what no writer
 *  leaves: another order, an unknown flag. */
enum muster_code pack_mark_parse(const uint8_t in[MARK_BYTES], const struct pack_mark *before,
				 struct pack_mark *out, struct muster_error *err);

#endif
