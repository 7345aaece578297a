/**
 * version_writer - entries in path order become leaves and a manifest in the store.
 *
 * A leaf whose content a base version has already is not written again: its record is reused. The
 * first VERSION_EMBEDDED_BYTES of new leaves lie in the manifest object itself, the others in
 * leaves objects of up to 32 MiB.
 * Threads: one at a time.
 * Memory:  VERSION_EMBEDDED_BYTES, a leaf, a block; finished blocks wait in a temporary file.
 */
#ifndef ENGINE_MANIFEST_VERSION_WRITER_H
#define ENGINE_MANIFEST_VERSION_WRITER_H

#include "artifact/manifest/builder.h"
#include "engine/blob/blob_set.h"
#include "engine/manifest/version_reader.h"

#define VERSION_EMBEDDED_BYTES (1u << 20)

struct version_writer_options {
	enum digest_algorithm algorithm;
	blob_next_id_fn *next_id;
	void *next_id_state;
	struct version_reader *base; /* borrowed; NULL: nothing to share */
};

struct version_writer;

/** Borrows `store`. */
enum muster_code version_writer_open(struct version_writer **out, struct store *store,
				     const struct version_writer_options *options,
				     struct muster_error *err);
/** Leaves what was written to gc. Takes NULL. */
void version_writer_close(struct version_writer *writer);
/** Paths must ascend strictly. */
enum muster_code version_writer_add(struct version_writer *writer, const struct entry *entry,
				    struct muster_error *err);

/* Leaves of another version, as they are (version_edit does this). */

/** Is the writer between two leaves? */
bool version_writer_at_seam(const struct version_writer *writer);
/** At a seam: an entry of the leaf to be taken next; all of them, in order. */
enum muster_code version_writer_digest(struct version_writer *writer, const struct entry *entry,
				       struct muster_error *err);
/** Then: the leaf. Without its entries only before anything else, if the digest is resumed. */
enum muster_code version_writer_take_leaf(struct version_writer *writer,
					  const struct leaf_record *record,
					  struct muster_error *err);
/** After the leaves of all blocks before `block_index` were taken, without their entries. */
enum muster_code version_writer_resume(struct version_writer *writer,
				       const struct manifest_footer *footer, size_t block_index,
				       struct muster_error *err);

/** No more entries: what the version is (digest, root, totals), lent for the writer's life. Nothing
 *  of the manifest object is written yet; where every leaf was shared, nothing at all. Only once.
 */
enum muster_code version_writer_complete(struct version_writer *writer,
					 const struct manifest_footer **footer,
					 struct muster_error *err);
/** Then: writes the manifest of this version. Ids NULL: it is nobody's, only a step on the way to
 *  another one. */
enum muster_code version_writer_write(struct version_writer *writer, const uint8_t *collection_id,
				      const uint8_t *version_id, struct manifest_pointer *pointer,
				      struct muster_error *err);

struct version_counts {
	uint64_t new_leaf_count, shared_leaf_count, written_bytes;
};
struct version_counts version_writer_counts(const struct version_writer *writer);

#endif
