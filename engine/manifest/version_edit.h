/**
 * version_edit - a version that is another one, but for some entries.
 *
 * Entries are put in path order; what the base has between them is taken over. Whole leaves are
 * taken as they are: in front of the block where the first change lies none is read (the digest
 * goes on from the state that the base keeps for that block), behind it their entries are only
 * digested. Leaves around a change are cut anew until they end where the base's do. The result is
 * byte by byte what adding all entries one by one gives.
 * Threads: one at a time. Memory: nothing beside reader and writer.
 */
#ifndef ENGINE_MANIFEST_VERSION_EDIT_H
#define ENGINE_MANIFEST_VERSION_EDIT_H

#include "engine/manifest/version_reader.h"
#include "engine/manifest/version_writer.h"

/** What is asked before the base is taken over, where its bytes may be gone. All may be NULL. */
struct version_edit_options {
	/* May all that lies in this pack be relied on? Then a leaf is taken as it is. */
	bool (*may_rely_on)(void *state, const struct object_id *pack, uint64_t pack_bytes);
	/* For each entry of a leaf of which that is not known: may change the placement. Any code
	 * but MUSTER_OK ends the call; the same call again asks again. */
	enum muster_code (*take_over)(void *state, struct entry *entry, struct muster_error *err);
	/* Sees each entry that is taken over, in whole leaves, too; may refuse it. With it no leaf
	 * is taken unread. */
	enum muster_code (*each)(void *each_state, const struct entry *entry,
				 struct muster_error *err);
	void *state, *each_state;
	bool goes_on;	  /* the writer has entries already, all before the base's */
	bool is_to_go_on; /* and more will follow behind the base's */
};

struct version_edit;

/** Borrows both for its life: `base`, with placement, as it was opened; `writer` as well. */
enum muster_code version_edit_open(struct version_edit **out, struct version_reader *base,
				   struct version_writer *writer,
				   const struct version_edit_options *options,
				   struct muster_error *err);
void version_edit_close(struct version_edit *edit); /* takes NULL */
/** What the base has before the entry, then the entry, in the place of the base's with its path.
 *  Paths must ascend strictly. */
enum muster_code version_edit_put(struct version_edit *edit, const struct entry *entry,
				  struct muster_error *err);
/** What the base has before the path, but not the path's own entry, if it has one. Paths ascend
 *  together with those of entries that are put. */
enum muster_code version_edit_remove(struct version_edit *edit, struct view path,
				     struct muster_error *err);
/** What the base has before `directory`, which ends with '/', but nothing beneath it: that is
 *  stepped over unread. Entries beneath it may be put next. */
enum muster_code version_edit_remove_tree(struct version_edit *edit, struct view directory,
					  struct muster_error *err);
/** What the base has before `path`, then (not taken yet) what it has next, lent until the next
 *  call: only from take_before(), remove() or put() on. MUSTER_END. */
enum muster_code version_edit_peek(struct version_edit *edit, struct view path,
				   const struct entry **out, struct muster_error *err);
/** What the base has before `path`. The edit may be closed then, and the rest be added to the
 * writer itself. */
enum muster_code version_edit_take_before(struct version_edit *edit, struct view path,
					  struct muster_error *err);
/** The rest of the base. Then version_writer_complete(). */
enum muster_code version_edit_finish(struct version_edit *edit, struct muster_error *err);

#endif
