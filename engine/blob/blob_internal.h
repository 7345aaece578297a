/* What blob_set.c, packer.c, stream.c and flush.c share. */
#ifndef ENGINE_BLOB_BLOB_INTERNAL_H
#define ENGINE_BLOB_BLOB_INTERNAL_H

#include <pthread.h>

#include "base/queue.h"
#include "engine/blob/blob_set.h"
#include "engine/blob/index_set.h"
#include "engine/blob/table.h"

#define RUN_PACK_CHUNK 1024

/* Packs never move: entries hold pointers to them while the array grows. */
struct run_packs {
	struct run_pack **chunks;
	uint32_t count, chunk_count;
};

struct blob_set {
	struct store *store;
	struct blob_set_options options;
	struct index_set *index;
	uint32_t pack_max_blobs;
	struct queue *closing; /* takes struct closing_pack *: to be synced and named */
	pthread_t syncers[BLOB_SYNCERS_MAX];
	unsigned syncer_count;
	pthread_mutex_t lock;
	pthread_cond_t synced; /* a pack became durable, or syncing failed */
	struct {	       /* under lock */
		struct table table;
		struct run_packs packs;
		struct blob_counts counts;
		uint64_t *large_sizes; /* of this run's single packs, unordered */
		size_t large_count, large_cap;
		unsigned closing_count;	     /* handed to the syncers, not yet durable */
		struct muster_error failure; /* of a syncer: it fails the run */
	} locked;
};

struct closing_pack {
	struct run_pack *pack;
	struct store_writer *writer;
	struct upload_journal *journal; /* NULL: none */
};

struct run_pack *blob_pack_locked(struct blob_set *set, uint32_t number);
/** A new pack of this run with an id of its own. */
enum muster_code blob_new_pack(struct blob_set *set, uint32_t *number, struct run_pack **out,
			       struct muster_error *err);
/** In the table or in an index. MUSTER_ABSENT. */
enum muster_code blob_find_place(struct blob_set *set, const struct blob_key *key,
				 struct blob_place *out, struct muster_error *err);
enum muster_code blob_find_locked(struct blob_set *set, const struct blob_key *key,
				  struct blob_place *out);
void blob_count_shared_locked(struct blob_set *set, uint64_t size_bytes);
/** Enter a blob that is not in the table, which has room. */
void blob_claim_locked(struct blob_set *set, const struct blob_key *key, uint32_t pack_number,
		       uint32_t ordinal, struct blob_place *out);
enum muster_code blob_note_large_size_locked(struct blob_set *set, uint64_t size_bytes,
					     struct muster_error *err);
/** Append the end of the pack, with this directory, and hand it to the syncers. Takes writer and
 *  journal of `closing`, a copy of which is made. */
enum muster_code blob_close_pack(struct blob_set *set, const struct closing_pack *closing,
				 const struct pack_directory *directory, bool is_single,
				 struct muster_error *err);
/** Make room in a full table: write an index of what is durable. */
enum muster_code blob_make_room_locked(struct blob_set *set, struct muster_error *err);
/** Write an index file of all records in durable packs and drop them from the table. */
enum muster_code blob_write_index_locked(struct blob_set *set, struct muster_error *err);

enum muster_code blob_syncers_start(struct blob_set *set, struct muster_error *err);
void blob_syncers_stop(struct blob_set *set);

#endif
