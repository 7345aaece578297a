/**
 * index_set - look-ups over all index files of a repository, by reading only what is needed.
 *
 * A look-up reads 64 bytes of each file's filter and, where that says maybe, one page: the whole
 * of it to prove it when it is met first, later only INDEX_WINDOW_BYTES around the place where the
 * digest must be. It answers only with packs that a listing saw in their full length: an index
 * outlives a pack that somebody removed, and who believed it would store nothing, and commit what
 * cannot be got back. Threads: any number of look-ups at once; index_set_refresh() excludes them.
 * Memory:  per file its fences (16 bytes and a bit a page of ~1,300 blobs) and packs (48 bytes
 * each); 32 bytes for each pack of the store.
 */
#ifndef ENGINE_BLOB_INDEX_SET_H
#define ENGINE_BLOB_INDEX_SET_H

#include "artifact/format/index.h"
#include "io/store/store.h"

#define INDEX_SET_MAX_FILES 65536

struct index_set;

/** May this copy be relied on? Not if gc has condemned, swept or marked it bad (FORMAT §6). */
typedef bool index_usable_fn(void *state, const struct object_id *pack, uint32_t ordinal);

enum muster_code index_set_open(struct index_set **out, struct store *store,
				const uint8_t repository_id[16], struct muster_error *err);
void index_set_close(struct index_set *set); /* takes NULL */
/** Copies that `fn` does not want count as absent from now on. Before any look-up. */
void index_set_restrict(struct index_set *set, index_usable_fn *fn, void *state);
/** List once more and open what is new; packs are listed anew if there is anything new. */
enum muster_code index_set_refresh(struct index_set *set, struct muster_error *err);
/** MUSTER_ABSENT where no file names it. */
enum muster_code index_set_find(struct index_set *set, const struct blob_key *key,
				struct placement *out, struct muster_error *err);
/** The same, but not the copy at `avoid`, which turned out to be bad. */
enum muster_code index_set_find_other(struct index_set *set, const struct blob_key *key,
				      const struct placement *avoid, struct placement *out,
				      struct muster_error *err);
/** Does the store hold the pack of this placement (of a manifest, say) in its full length? */
bool index_set_is_stored(struct index_set *set, const struct placement *place);
/** A blob of which only algorithm, digest and size are known; fills in the rest of `key` from the
 *  index. MUSTER_ABSENT. */
enum muster_code index_set_find_digest(struct index_set *set, struct blob_key *key,
				       struct placement *out, struct muster_error *err);
bool index_set_has_large_size(struct index_set *set, uint64_t size_bytes);
/** Is this pack named by any file? */
bool index_set_has_pack(struct index_set *set, const struct object_id *pack);

/** What one index file still says. */
struct index_facts {
	struct object_id id;
	uint64_t index_bytes;
	uint64_t record_count, live_count; /* records, and those of packs that are stored */
};
typedef enum muster_code index_set_file_fn(void *state, const struct index_facts *facts,
					   struct muster_error *err);
/** Every index file; anything but MUSTER_OK ends it and is returned. */
enum muster_code index_set_each_file(struct index_set *set, index_set_file_fn *fn, void *state,
				     struct muster_error *err);

/** Every pack that some index names; anything but MUSTER_OK ends it and is returned. */
typedef enum muster_code index_set_pack_fn(void *state, const struct index_pack *pack,
					   struct muster_error *err);
enum muster_code index_set_each_pack(struct index_set *set, index_set_pack_fn *fn, void *state,
				     struct muster_error *err);

#endif
