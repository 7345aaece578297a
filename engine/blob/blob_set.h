/**
 * blob_set - the blobs of a repository as one run sees them: what is stored, and what it adds.
 *
 * It joins the index files of the repository (looked up by reading, nothing of theirs is kept but
 * fences and packs) with a table of fixed size of what this run packed. When the table is full,
 * and at the end, an index file is written for the packs that are durable.
 *
 * Threads: the set is shared by all workers; each has a packer of its own. One more thread syncs
 *          packs, or as many as the store finishes at once: one pack more than these is finished
 *          and not yet durable, at most.
 * Memory:  the table (options), a directory of each pack in progress, fences of the index files.
 */
#ifndef ENGINE_BLOB_BLOB_SET_H
#define ENGINE_BLOB_BLOB_SET_H

#include <stdatomic.h>

#include "engine/blob/index_set.h"
#include "engine/upload/upload_journal.h"

#define BLOB_SYNCERS_MAX    8
#define BLOB_PACK_MAX_BLOBS 65536 /* so that a pack of tiny files ends, and can be emitted */

struct blob_set;

/** Gives ids for new objects, from any thread (engine/repository/session.h). */
typedef enum muster_code blob_next_id_fn(void *state, struct object_id *out,
					 struct muster_error *err);

struct blob_set_options {
	uint8_t repository_id[16];
	enum digest_algorithm algorithm;
	bool has_identity;
	size_t table_bytes;	  /* 0: 16 MiB */
	size_t pack_max_blobs;	  /* 0: as many as the table has room for, BLOB_PACK_MAX_BLOBS */
	blob_next_id_fn *next_id; /* NULL: look-ups only */
	void *next_id_state;
	index_usable_fn *is_usable; /* NULL: every indexed copy is */
	void *usable_state;
};

/** A pack that this run writes or adopted. Lives as long as the set. */
struct run_pack {
	struct object_id id;
	atomic_ullong pack_bytes; /* 0 until it is closed: no blob is added any more */
	atomic_bool is_durable;
	uint32_t blob_count; /* these three are set when it is closed */
	bool is_single;
	uint8_t checksum_sum[16];
};

/** Where a blob lies: in a pack of this run, which may still be open, or in a known place. */
struct blob_place {
	struct run_pack *pack; /* NULL: `known` */
	uint32_t ordinal;
	struct placement known;
};

/** Borrows `store` for the set's life. */
enum muster_code blob_set_open(struct blob_set **out, struct store *store,
			       const struct blob_set_options *options, struct muster_error *err);
void blob_set_close(struct blob_set *set); /* takes NULL; what was not finished is left to gc */
/** MUSTER_ABSENT where no copy is known. */
enum muster_code blob_set_find(struct blob_set *set, const struct blob_key *key,
			       struct blob_place *out, struct muster_error *err);
/** Does the store hold the pack of this placement (of a manifest, say) in its full length? */
bool blob_set_is_stored(struct blob_set *set, const struct placement *place);
/** Count a blob that the caller found here instead of packing it. */
void blob_set_count_shared(struct blob_set *set, uint64_t size_bytes);
/** Is some blob of exactly this size, over PACK_BLOB_MAX_BYTES, stored? */
bool blob_set_has_large_size(struct blob_set *set, uint64_t size_bytes);
/** Each finished pack that no index file names, by id: of runs that work, or were killed. Memory:
 *  32 bytes for each pack of the store. Anything but MUSTER_OK from `fn` ends it and is returned.
 */
typedef enum muster_code blob_orphan_fn(void *state, const struct object_id *pack,
					struct muster_error *err);
enum muster_code blob_set_each_orphan(struct blob_set *set, blob_orphan_fn *fn, void *state,
				      struct muster_error *err);
/** Take over a finished pack that no index names (of a killed run): its blobs are found from now
 *  on, and named by this run's index. MUSTER_ABSENT: there is none, or its digests are of another
 *  algorithm. */
enum muster_code blob_set_adopt(struct blob_set *set, const struct object_id *pack,
				struct muster_error *err);
/** Wait until every closed pack is durable, then write the index of what this run packed. Packers
 *  must have been flushed. Names how many bytes and blobs were written. */
enum muster_code blob_set_finish(struct blob_set *set, struct muster_error *err);
/** After that, and before more is packed or looked up: what was written is found in the index. */
enum muster_code blob_set_go_on(struct blob_set *set, struct muster_error *err);

struct blob_counts {
	uint64_t packed_count, packed_bytes; /* new blobs */
	uint64_t shared_count, shared_bytes; /* blobs that were there already */
	uint64_t pack_count, index_count, collision_count;
	uint64_t continued_count, continued_bytes; /* uploads; what they did not send again */
};
struct blob_counts blob_set_counts(struct blob_set *set);

/** The placement of a place; false while its pack is open. */
bool blob_place_resolve(const struct blob_place *place, struct placement *out);

/** One worker's pack in progress. */
struct blob_packer;
enum muster_code blob_packer_open(struct blob_packer **out, struct blob_set *set,
				  struct muster_error *err);
/** Aborts the pack in progress unless flushed. Takes NULL. */
void blob_packer_close(struct blob_packer *packer);
/** Store these bytes, at most PACK_BLOB_MAX_BYTES, unless they are there. */
enum muster_code blob_packer_put(struct blob_packer *packer, const struct blob_key *key,
				 struct view data, struct blob_place *out,
				 struct muster_error *err);
/** Close the pack in progress, if any: its places resolve from now on. */
enum muster_code blob_packer_flush(struct blob_packer *packer, struct muster_error *err);

/** A large file: its own pack, written while its digest is computed. */
struct blob_stream;
/** Takes `journal`, whatever the answer: its upload is continued, or a new one begins. NULL: a
 *  stream that is killed begins anew. MUSTER_EXISTS: its upload has become a pack that nobody had
 *  indexed, which is adopted; there is no stream. */
enum muster_code blob_stream_begin(struct blob_stream **out, struct blob_set *set,
				   struct upload_journal *journal, struct muster_error *err);
/** MUSTER_E_CHANGED: what was sent before is of other bytes: abort, and begin anew. */
enum muster_code blob_stream_append(struct blob_stream *stream, struct view data,
				    struct muster_error *err);
/** How many bytes may be appended before something is waited for; 0: none now, and never with
 *  `may_wait`. The stream's end counts as more that comes. */
size_t blob_stream_room(struct blob_stream *stream, bool may_wait);
/** Takes the stream. If the blob is there already, the new pack is dropped. */
enum muster_code blob_stream_finish(struct blob_stream *stream, const struct blob_key *key,
				    struct blob_place *out, struct muster_error *err);
/** What was sent stays for who continues it, if it has a journal; else as abort. Takes NULL. */
void blob_stream_leave(struct blob_stream *stream);
/** Nothing is left of it. Takes NULL. */
void blob_stream_abort(struct blob_stream *stream);

#endif
