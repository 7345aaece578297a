/**
 * builder - entries in path order become leaves and a manifest. Pure: it asks, the caller stores.
 *
 *	add(entry) … each may cut a leaf: *leaf is then set. Store its bytes (or find that a base
 *	has the same content and reuse that record), then say where: builder_place().
 *	builder_finish_entries() cuts the last leaf; builder_finish() gives footer and trailer.
 *
 * Where leaves are cut depends on entries alone (FORMAT §4): after an entry if
 * xxh64(path) < 2^64 * weight / LEAF_TARGET_BYTES, from target/4 on, at the latest at 4 * target;
 * weight = entry_weight(), its bytes not front-coded.
 * Blocks: whenever MANIFEST_BLOCK_LEAVES records are placed, and at the end, an encoded block is
 * appended to `blocks`; the caller may move those bytes elsewhere after any call (block offsets
 * count from the first block's first byte and never look at `blocks.len`).
 * Threads: one at a time. Memory: one leaf, one block, a fence a block.
 * Errors: a call in the wrong order is MUSTER_E_USAGE and changes nothing; so does an entry that is
 * refused. After any other failure the builder answers MUSTER_E_USAGE until it is freed.
 */
#ifndef ARTIFACT_MANIFEST_BUILDER_H
#define ARTIFACT_MANIFEST_BUILDER_H

#include "artifact/format/leaf.h"
#include "artifact/format/manifest.h"

/** Bytes of an entry as the cut counts them. */
size_t entry_weight(const struct entry *entry);

struct builder_options {
	struct object_id id; /* of the manifest to be */
	uint8_t collection_id[16], version_id[16];
	enum digest_algorithm algorithm; /* of the artifact digest */
};

/** A leaf that was cut: lent until the next call. */
struct built_leaf {
	struct view content, placement;
	struct leaf_record record; /* all but object, in_manifest, offset_bytes */
};

struct manifest_builder;

enum muster_code builder_new(struct manifest_builder **out, const struct builder_options *options,
			     struct muster_error *err);
void builder_free(struct manifest_builder *builder);
/** Errors: MUSTER_E_FORMAT when paths do not ascend strictly. A leaf that is lent must have been
 *  placed before the next add. */
enum muster_code builder_add(struct manifest_builder *builder, const struct entry *entry,
			     const struct built_leaf **leaf, struct muster_error *err);
/** Where the leaf lies that was lent last: its own record with the place filled in, or a base's
 *  record with equal content_sha256. */
enum muster_code builder_place(struct manifest_builder *builder, const struct leaf_record *record,
			       struct muster_error *err);
/** Is the builder between two leaves (nothing added since the last cut)? */
bool builder_at_seam(const struct manifest_builder *builder);
/** At a seam only: start from `footer`'s digest state of its block `block_index`; only before
 *  anything was added, after builder_reuse() of all leaves before that block. */
enum muster_code builder_resume_digest(struct manifest_builder *builder,
				       const struct manifest_footer *footer, size_t block_index,
				       struct muster_error *err);
/** At a seam only: take a whole leaf of another version as it is. Its entries must be given to
 *  builder_digest_entry() before, one by one, unless builder_resume_digest() covers them.
 *  The last leaf of a version, which no rule cut, can only be the last again (MUSTER_E_USAGE). */
enum muster_code builder_reuse(struct manifest_builder *builder, const struct leaf_record *record,
			       struct muster_error *err);
enum muster_code builder_digest_entry(struct manifest_builder *builder, const struct entry *entry,
				      struct muster_error *err);
/** Cut the last leaf: `*leaf` is NULL if there is none. References were counted by add,
 *  digest_entry and resume. */
enum muster_code builder_finish_entries(struct manifest_builder *builder,
					const struct built_leaf **leaf, struct muster_error *err);
/** The manifest's id where it was not known in the beginning (zero): before a leaf is placed in the
 *  manifest itself, and before builder_finish(). */
void builder_set_id(struct manifest_builder *builder, const struct object_id *id);
/** Encoded blocks so far, to be moved away by the caller (set len to 0). */
struct bytes *builder_blocks(struct manifest_builder *builder);
/** `blocks_offset_bytes`: where in the manifest object the first block begins. The last block is
 *  appended to builder_blocks(); `tail` gets footer and trailer, which follow it; `footer` (may be
 *  NULL) a copy for the caller to release. */
enum muster_code builder_finish(struct manifest_builder *builder, uint64_t blocks_offset_bytes,
				struct bytes *tail, struct manifest_footer *footer,
				struct muster_error *err);

#endif
