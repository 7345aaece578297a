/** builder_internal - a manifest builder's state, and how records become blocks. */
#ifndef ARTIFACT_MANIFEST_BUILDER_INTERNAL_H
#define ARTIFACT_MANIFEST_BUILDER_INTERNAL_H

#include "artifact/digest.h"
#include "artifact/manifest/builder.h"

/** The entries since the last seam: of the leaf to be cut, or of a leaf to be reused. */
struct pending_leaf {
	uint32_t entry_count;
	bool is_reused; /* given to builder_digest_entry(), not to builder_add() */
	bool is_cut;	/* the rule cuts behind its last entry */
	size_t weight_bytes;
	uint64_t size_bytes;
	size_t first_path_bytes;
	uint8_t first_path[ENTRY_PATH_MAX_BYTES];
};

/** The leaf records since the last block. */
struct pending_block {
	struct leaf_record records[MANIFEST_BLOCK_LEAVES]; /* first_path.ptr is set when encoded */
	size_t record_count;
	struct bytes paths; /* their first paths, one behind the other */
	uint64_t entry_count, reference_count;
	struct md5_state digest_state; /* before its first entry */
};

struct manifest_builder {
	struct builder_options options;
	struct leaf_builder *leaf_builder;
	struct artifact_digest digest;
	struct sha256 *root;
	struct pending_leaf leaf;
	struct built_leaf built;
	bool is_lent;	  /* `built` waits for its place */
	bool is_ended;	  /* the last leaf is not cut by the rule: nothing may follow it */
	bool is_behind;	  /* leaves were reused without their entries: the digest must be resumed */
	bool is_digested; /* an entry was given to the digest, or it was resumed */
	bool is_broken;	  /* failed half-way, or finished */
	size_t last_path_bytes;
	uint8_t last_path[ENTRY_PATH_MAX_BYTES]; /* of all so far, as far as it is known */

	struct pending_block block;
	uint64_t embedded_end_bytes; /* where the last leaf in the manifest itself ends */

	struct bytes blocks;
	uint64_t blocks_bytes;	       /* of all blocks, moved away or not */
	struct manifest_footer footer; /* grows; first_path.ptr is set by the end */
	size_t fence_cap;
};

/** Take a leaf into the list. May close a block. Refusals change nothing. */
enum muster_code builder_take_record(struct manifest_builder *builder,
				     const struct leaf_record *record, struct muster_error *err);
/** Encode the records that wait, if any, as a block with its fence. */
enum muster_code builder_close_block(struct manifest_builder *builder, struct muster_error *err);

#endif
