/* What the parts of the cache share. */
#ifndef ENGINE_CACHE_CACHE_INTERNAL_H
#define ENGINE_CACHE_CACHE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/cache/blob_cache.h"
#include "io/store/local.h"

/* Index files and segments that are so small are put together when there are more than so many. */
#define CACHE_SMALL_RECORDS    65536
#define CACHE_SMALL_BYTES      (1u << 20)
#define CACHE_SMALL_MAX	       16
#define CACHE_TEMPORARY_AGE_NS (3600ull * 1000000000) /* of a killed run, for sure */

extern const uint8_t cache_repository_id[16];

/* --- segments.c: what a listing finds ----------------------------------------------------------
 */

struct segment {
	struct object_id id;
	uint64_t size_bytes, used_ns;
};

enum segment_flag { SEGMENT_TOUCHED = 1, SEGMENT_GONE = 2 };

struct segments {	       /* zero: empty */
	struct segment *items; /* by id */
	atomic_uchar *flags;   /* enum segment_flag, of each */
	size_t count, cap;
};

/** Replaces what `segments` holds. */
enum muster_code segments_read(struct segments *segments, struct store *store,
			       struct muster_error *err);
void segments_release(struct segments *segments);
/** Sets a flag; true if there is such a segment, and it had not been set. */
bool segments_mark(struct segments *segments, const struct object_id *id, enum segment_flag flag);
bool segments_is_marked(const struct segments *segments, const struct object_id *id,
			enum segment_flag flag);
enum muster_code segment_remove(struct store *store, const struct object_id *id,
				struct muster_error *err);
/** Bytes of all index files. */
enum muster_code cache_index_bytes(struct store *store, uint64_t *out, uint64_t *count,
				   struct muster_error *err);
/** Remove every index file: they are made again of the segments. */
enum muster_code cache_remove_indexes(struct store *store, struct muster_error *err);

/* --- the cache ------------------------------------------------------------------------------- */

struct blob_cache {
	struct sys_ops sys; /* those of the options, but nothing is synced */
	struct store *store;
	struct blob_set *blobs;
	struct pack_cache *packs; /* segments that workers read */
	struct segments segments; /* as of opening */
	uint64_t begun_ns;	  /* by the file system's clock */
	uint8_t session[16];	  /* of the ids of this run's segments */
	atomic_uint next_number;
	atomic_bool has_no_reads,
		has_no_writes; /* something went wrong: not any more in this run */
	struct {
		atomic_ullong hit_blobs, hit_bytes, added_blobs, added_bytes, damaged_segments,
			evicted_bytes;
	} counts;
	pthread_mutex_t lock;
	struct { /* under lock: room.c, and the first thing that went wrong */
		uint64_t limit_bytes;
		uint64_t others_bytes;	 /* all but this run's segments, when they were listed */
		uint64_t granted_bytes;	 /* to this run */
		uint64_t unlisted_bytes; /* granted since the listing */
		uint64_t full_bytes;	 /* so many, or more, were refused: nobody asks again */
		bool is_listed;
		char note[MUSTER_ERROR_MESSAGE_BYTES];
	} locked;
};

/** Keeps the first note, for blob_cache_close(). */
void cache_note(struct blob_cache *cache, const char *what, const struct muster_error *why);
/** Nothing more is added in this run. */
void cache_stop_writes(struct blob_cache *cache, const struct muster_error *why);
/** Opens the store in that directory, with nothing synced; `*sys` must live as long. MUSTER_ABSENT
 *  where it is not there and may not be made. */
enum muster_code cache_store_open(struct store **out, const char *directory, struct sys_ops *sys,
				  bool may_make, struct muster_error *err);
enum muster_code cache_next_id(void *cache, struct object_id *out, struct muster_error *err);

/* room.c */
/** The limit in bytes where none was given: `used_bytes` are the cache's own. */
uint64_t cache_default_limit(const char *directory, uint64_t used_bytes);
/** May `bytes` be added? Makes room if it must; false from when there is none on. */
bool cache_take_room(struct blob_cache *cache, uint64_t bytes);
/** What others added meanwhile counts, too: at the end of a run. */
void cache_keep_limit(struct blob_cache *cache);

/* tidy.c */
/** Index files that are damaged, too many or mostly of segments that are gone are removed. */
enum muster_code cache_tidy_indexes(struct blob_cache *cache, bool *has_orphans,
				    struct muster_error *err);
/** Segments that no index names are found again from now on. */
enum muster_code cache_adopt_orphans(struct blob_cache *cache, struct muster_error *err);

#endif
