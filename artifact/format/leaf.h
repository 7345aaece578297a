/**
 * leaf - some hundred consecutive entries: the unit that versions share and a reader proves.
 *
 * A leaf has a content part (paths front-coded, digests, sizes, checksums, identities, references,
 * extra, birth ids) and a placement part (packs, and per placed entry pack and ordinal). Each part
 * is one msgpack array of columns (bin), docs/formats/leaf.md. The content part is a function of
 * the entries alone.
 * Errors: a reader answers MUSTER_E_FORMAT for anything the builder would not have written:
 * paths out of order or over ENTRY_PATH_MAX_BYTES, lengths that do not add up, bytes left over;
 * MUSTER_E_UNSUPPORTED for another version, MUSTER_E_LIMIT for a part over LEAF_MAX_BYTES. What
 * a path may be is not judged beyond its length: who writes trees does that.
 * Threads: one at a time. Memory: a leaf; nothing is allocated for an entry that is read.
 */
#ifndef ARTIFACT_FORMAT_LEAF_H
#define ARTIFACT_FORMAT_LEAF_H

#include "artifact/entry.h"

#define LEAF_TARGET_BYTES (16u << 10)
#define LEAF_MAX_BYTES	  (1u << 20) /* of one part, encoded */
#define LEAF_MAX_ENTRIES  65536

struct leaf_builder;

/** Bytes of an entry's content if it shared nothing with the path before it: what a cut counts. */
size_t leaf_entry_bytes(const struct entry *entry);

enum muster_code leaf_builder_new(struct leaf_builder **out, struct muster_error *err);
void leaf_builder_free(struct leaf_builder *builder);
/** Copies what it needs. Paths must ascend strictly (MUSTER_E_FORMAT names both); a text over its
 *  maximum, or a leaf over one, is MUSTER_E_LIMIT. What is refused changes nothing. */
enum muster_code leaf_builder_add(struct leaf_builder *builder, const struct entry *entry,
				  struct muster_error *err);
size_t leaf_builder_entry_count(const struct leaf_builder *builder);
/** Encode both parts; lent until the builder is used again. Begins the next leaf (empty). Without
 *  entries MUSTER_E_USAGE; `placement` is empty if no entry is placed. */
enum muster_code leaf_builder_finish(struct leaf_builder *builder, struct view *content,
				     struct view *placement, struct muster_error *err);

/** Reads both parts; the views must outlive the reader. Reusable: leaf_reader_open() again. */
struct leaf_reader;

enum muster_code leaf_reader_new(struct leaf_reader **out, struct muster_error *err);
void leaf_reader_free(struct leaf_reader *reader);
/** `placement` may be empty: then no entry is_placed. */
enum muster_code leaf_reader_open(struct leaf_reader *reader, struct view content,
				  struct view placement, struct muster_error *err);
/** Entries of the leaf that was opened last. */
uint32_t leaf_reader_entry_count(const struct leaf_reader *reader);
/** The next entry; its views are lent until the next call. MUSTER_END behind the last. */
enum muster_code leaf_reader_next(struct leaf_reader *reader, struct entry *out,
				  struct muster_error *err);

/** Called for each pack; anything but MUSTER_OK ends it and is returned. */
typedef enum muster_code leaf_pack_fn(void *state, const struct object_id *pack,
				      uint64_t pack_bytes, struct muster_error *err);
/** The packs that a placement part lists, without the content part: only the list is read and
 *  checked. None if it is empty. */
enum muster_code leaf_each_pack(struct view placement, leaf_pack_fn *fn, void *state,
				struct muster_error *err);

#endif
