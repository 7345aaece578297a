/**
 * fixture - entries made up from a seed, and versions of them in memory: what tests of manifests
 * share. Any failure ends the program: a fixture that fails is a failed test.
 */
#ifndef TESTS_ARTIFACT_MANIFEST_FIXTURE_H
#define TESTS_ARTIFACT_MANIFEST_FIXTURE_H

#include "artifact/manifest/builder.h"
#include "artifact/manifest/cursor.h"
#include "artifact/manifest/diff.h"

/** Fail with a message unless `ok`. */
void fixture_must(bool ok, const struct muster_error *err, const char *what);

/** splitmix64 */
uint64_t fixture_random(uint64_t *seed);

/** Entries with their own copies of all text, in path order once sorted. */
struct entry_list {
	struct entry *entries; /* all text of one is one allocation, which its path begins */
	size_t count, cap;
};

void entry_list_release(struct entry_list *list);
void entry_list_add(struct entry_list *list, const struct entry *entry);
void entry_list_remove(struct entry_list *list, size_t i);
/** Sort by path; of equal paths keep one. */
void entry_list_sort(struct entry_list *list);
struct entry_list entry_list_copy(const struct entry_list *list);

/** An entry with everything that an entry can have, by chance; path under "<name>". */
void entry_list_add_random(struct entry_list *list, uint64_t *seed);
/** `count` entries as a dataset has them: directories of files, placed in few packs. */
struct entry_list entry_list_dataset(size_t count, uint64_t seed);
/** A plain placed file. */
struct entry fixture_file(struct view path, uint64_t number);
bool fixture_entry_same(const struct entry *a, const struct entry *b, bool with_placement);

/** Objects in memory. */
struct fixture_object {
	struct object_id id;
	bool is_manifest;
	struct bytes bytes;
};

struct fixture_store {
	struct fixture_object *objects;
	size_t count;
	uint64_t fetches, fetched_bytes;
};

void fixture_store_release(struct fixture_store *store);
/** Takes the bytes. */
void fixture_store_put(struct fixture_store *store, const struct object_id *id, bool is_manifest,
		       struct bytes bytes);
/** The object that was put last. */
struct bytes *fixture_store_last(struct fixture_store *store);
struct view fixture_fetch(struct fixture_store *store, const struct wanted *wanted);

/** A version: its footer and the leaf records of all blocks. */
struct fixture_version {
	struct manifest_footer footer;
	uint64_t leaves_written, leaves_shared;
};

void fixture_version_release(struct fixture_version *version);
/** The fence of a block, to be spoiled. */
struct manifest_fence *fixture_fence(struct fixture_version *version, size_t i);

/** Builds a version while entries come; leaves equal to `base`'s at the same path are shared. */
struct fixture_writer {
	struct fixture_store *store;
	struct fixture_version *version;
	struct manifest_builder *builder;
	struct object_id id, leaves_id;
	struct bytes embedded; /* leaves in the manifest object: the first ones of a version */
	struct bytes leaves;   /* the leaves object being filled */
	struct cursor *base;
};

void fixture_writer_begin(struct fixture_writer *writer, struct fixture_store *store,
			  struct fixture_version *version, uint32_t number,
			  enum digest_algorithm algorithm, const struct fixture_version *base);
void fixture_writer_add(struct fixture_writer *writer, const struct entry *entry);
/** Place a leaf: shared with the base if it can be, else written. */
void fixture_writer_place(struct fixture_writer *writer, const struct built_leaf *leaf);
void fixture_writer_end(struct fixture_writer *writer);

/** All at once. */
void fixture_build(struct fixture_store *store, struct fixture_version *version, uint32_t number,
		   const struct entry_list *list, const struct fixture_version *base);

/** cursor_next() and diff_next() over the store. */
enum muster_code fixture_cursor_next(struct fixture_store *store, struct cursor *cursor,
				     struct entry *out, struct muster_error *err);
enum muster_code fixture_cursor_leaf(struct fixture_store *store, struct cursor *cursor,
				     const struct leaf_record **out, struct muster_error *err);
enum muster_code fixture_diff_next(struct fixture_store *store, struct diff *diff,
				   struct change *out, struct muster_error *err);

#endif
