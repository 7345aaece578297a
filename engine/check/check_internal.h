/* What the parts of a check share. The way of what is known:
 *
 *	logs -> collections -> versions -> manifests -> leaves -> entries
 *	drafts -> parts -------------------^
 *	                                   |            |         |
 *	                                   objects      objects   needs (pack, ordinal -> blob)
 *	index files -> claims (pack -> what an index says of it)
 *
 *	listing of packs + marks, by when they were read -> turns (which ones are read now)
 *	turns + claims + needs, merged by pack -> bytes (workers) -> marks
 *	                                     -> missed (blob -> where it was thought to be)
 *	missed + index files -> other copies, or lost
 *	listings of leaves and manifests + objects -> unreferenced
 *
 * `objects`, `claims`, `needs`, `missed` are sorted by io/spill, so memory stays fixed. */
#ifndef ENGINE_CHECK_CHECK_INTERNAL_H
#define ENGINE_CHECK_CHECK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "artifact/format/index.h"
#include "artifact/format/manifest.h"
#include "artifact/format/marks.h"
#include "artifact/record/collection_state.h"
#include "artifact/record/draft_record.h"
#include "engine/check/check.h"
#include "io/spill/spill.h"
#include "planners/verification/turns.h"

#define NEEDED_BY_BYTES (DRAFT_SHARD_MAX_BYTES + 32)

struct check_run {
	struct repository *repository;
	struct store *store;
	const struct muster_check_options *options;
	struct muster_check_report *report; /* finding_count: under findings.lock */
	struct muster_progress *progress;   /* never NULL */
	unsigned worker_count;
	size_t buffer_bytes; /* a worker's */
	enum hash_cpu cpu;   /* how digests are computed */
	size_t sort_bytes;   /* of a large sort */
	bool index_is_whole; /* every index file could be read */
	bool is_silent;	     /* what is walked was walked before: tell and count nothing */
	/* "part 000001 of draft 3b5a949a" while what it needs is walked; else empty: a version. */
	char needed_by[NEEDED_BY_BYTES];

	struct spill *objects; /* referenced: kind, id -> nothing */
	struct object_id last_objects[2];
	struct spill *needs;  /* pack, ordinal -> pack_bytes, blob, who needs it */
	struct spill *claims; /* pack -> struct index_claim */
	struct spill *missed; /* blob -> pack, ordinal, who needs it */

	struct turn_rules rules;
	struct {
		struct spill *sorted; /* under findings.lock: pack -> mark, the last one counts */
		uint64_t pack_count;
		bool is_whole; /* there is one of each pack */
	} marks;

	struct {
		pthread_mutex_t lock;
	} findings;
};

/* --- check.c: findings, lists --------------------------------------------------------------- */

/** One more finding. `error` is told with the key of the object. */
void check_finding(struct check_run *run, const char *object, const struct muster_error *error);
void check_found(struct check_run *run, const char *object, enum muster_code code,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/** What reading an object answered. A failure becomes a finding and MUSTER_ABSENT is answered,
 *  unless it ends the check itself (memory, a host that is lost); MUSTER_OK and answers pass. */
enum muster_code check_judge(struct check_run *run, const char *object, enum muster_code code,
			     struct muster_error *err);
/** `object` speaks of something that must be there under `key`, too: a finding where it is not. */
enum muster_code check_need_key(struct check_run *run, const char *object, const char *key,
				const char *why, struct muster_error *err);
/** MUSTER_E_CANCELLED once the caller wants an end. */
enum muster_code check_cancelled(struct check_run *run, struct muster_error *err);

/** A sort of our own: `is_large` with a share of the job's memory, else 1 MiB. */
enum muster_code check_sort_new(struct check_run *run, struct spill **out, bool is_large,
				struct muster_error *err);
/** Records of a sort, one ahead. */
struct check_stream {
	struct spill *spill; /* borrowed */
	struct view key, value;
	bool has; /* one stands in key and value */
};
enum muster_code check_stream_begin(struct check_stream *stream, struct spill *spill,
				    struct muster_error *err);
enum muster_code check_stream_next(struct check_stream *stream, struct muster_error *err);

/** All keys of a prefix that `parse` takes, into a sort: what it makes of a key (at most
 *  CHECK_ITEM_BYTES) -> the size (u64). Keys that it does not take are none of ours. */
#define CHECK_ITEM_BYTES 64
typedef size_t check_parse_fn(const char *key, uint8_t out[CHECK_ITEM_BYTES]);
enum muster_code check_list(struct check_run *run, const char *prefix, check_parse_fn *parse,
			    struct spill **out, struct muster_error *err);

/** Each key of a prefix, in order, as they were listed at once. MUSTER_ABSENT from `fn` is a
 *  finding that it told, and goes on. */
typedef enum muster_code check_key_fn(void *state, const char *key, struct muster_error *err);
enum muster_code check_each_key(struct check_run *run, const char *prefix, check_key_fn *fn,
				void *state, struct muster_error *err);

/* Ids as keys of sorts, in the order of the keys of their objects. */
#define CHECK_ID_BYTES 20
void check_id_put(uint8_t out[CHECK_ID_BYTES], const struct object_id *id);
struct object_id check_id_get(const uint8_t in[CHECK_ID_BYTES]);

/* --- log.c, link.c: events ------------------------------------------------------------------- */

/** Who is told of a log's events, once its chain is known. */
struct check_log {
	const char *name;
	void *state;
	/* An event that its chain proves. A failure is a finding of that event, but
	 * MUSTER_E_MEMORY, _IO and _CANCELLED end the check. */
	enum muster_code (*event)(void *state, const struct event *event, const uint8_t sha256[32],
				  struct muster_error *err);
	void (*lost)(void *state, uint64_t number); /* it cannot be had, or not be believed */
	bool is_end_unproved;			    /* set: no session tells of the last event */
};

/** Walks all events of a log that the store lists. `event` may be NULL: only the chain. */
enum muster_code check_log_walk(struct check_run *run, struct check_log *log,
				struct muster_error *err);

/** An event that somebody names, to be released. MUSTER_ABSENT: there is none; MUSTER_END: it is
 *  damaged, which its log tells. */
enum muster_code check_read_event(struct check_run *run, const char *key, struct event *out,
				  struct muster_error *err);

/** What a session says that it ended with. */
struct session_end {
	bool is_there;
	struct key log;
	uint64_t event;
	uint8_t sha256[32];
};
/** Absent and unreadable records are no failure: nothing is known then. */
enum muster_code check_session_end(struct check_run *run, const uint8_t session[16],
				   struct session_end *out, struct muster_error *err);

/* One event of a chain, as the next ones judge it. */
struct link_event {
	uint64_t number;
	uint8_t sha256[32], session[16];
};

/** Follows a chain and finds which of two events it is that does not fit. */
struct link_walk {
	struct check_run *run;
	const char *log;
	struct link_event before, last; /* number 0: not known */
	bool is_open; /* `last` does not name `before`: the next event tells which is wrong */
	struct bytes blamed;  /* numbers (uint64_t), in no order: who cannot be believed */
	bool is_end_unproved; /* set at the end: nobody tells of the last event */
};
void link_walk_release(struct link_walk *walk);
enum muster_code link_walk_next(struct link_walk *walk, const struct event *event,
				const uint8_t sha256[32], struct muster_error *err);
/** An event is lost: its neighbours cannot be judged. */
enum muster_code link_walk_lost(struct link_walk *walk, uint64_t number, struct muster_error *err);
enum muster_code link_walk_end(struct link_walk *walk, struct muster_error *err);
bool link_walk_is_blamed(const struct link_walk *walk, uint64_t number);

/* --- stages ---------------------------------------------------------------------------------- */

/** repository/log, gc/log, every names/…/log. */
enum muster_code check_small_logs(struct check_run *run, struct muster_error *err);
/** Every collection: log, checkpoints, name, versions. */
enum muster_code check_collections(struct check_run *run, struct muster_error *err);
/** Sessions that ended with an event: is it that one? */
enum muster_code check_sessions(struct check_run *run, struct muster_error *err);
/** Records of runs, and of what they used and logged. */
enum muster_code check_runs(struct check_run *run, struct muster_error *err);
/** Records of drafts, and what the parts of those that are not over need. */
enum muster_code check_drafts(struct check_run *run, struct muster_error *err);
/** What a save event says of the run that logged the version. */
enum muster_code check_saved_by(struct check_run *run, const char *event_key, struct view run_id,
				const uint8_t version_id[16], struct muster_error *err);
/** Index files by themselves; fills `claims`. */
enum muster_code check_indexes(struct check_run *run, struct muster_error *err);
/** Listing, claims and needs; the workers read the bytes. Fills `missed`. */
enum muster_code check_packs(struct check_run *run, struct muster_error *err);
/** Looks for other copies of what was missed. */
enum muster_code check_copies(struct check_run *run, struct muster_error *err);
/** Counts what no version needs. */
enum muster_code check_objects(struct check_run *run, struct muster_error *err);

/* --- manifest.c, leaf_list.c, ranges.c ------------------------------------------------------- */

/** A version as its save or link event has it. Plain data: it travels through a sort. */
struct saved_version {
	uint64_t number, event;
	uint8_t id[16], collection_id[16];
	uint8_t owner_id[16]; /* the collection that its manifest names: of a link the source's */
	struct manifest_pointer manifest;
	unsigned algorithm;
	uint8_t digest[16], root[32];
	uint64_t entry_count, reference_count, size_bytes;
};

/** A manifest of a part of a draft, and what the part's record says of it. */
struct part_manifest {
	struct manifest_pointer manifest;
	uint64_t entry_count, size_bytes;
	bool is_of_removals; /* paths alone; one that ends with '/' is a directory */
};

/** Checks manifests one after the other: the versions of one collection in the order of their
 *  numbers, or parts of drafts. */
struct manifest_check;
enum muster_code manifest_check_open(struct manifest_check **out, struct check_run *run,
				     struct muster_error *err);
enum muster_code manifest_check_version(struct manifest_check *check,
					const struct saved_version *version,
					struct muster_error *err);
/** run->needed_by says which part. */
enum muster_code manifest_check_part(struct manifest_check *check, const struct part_manifest *part,
				     struct muster_error *err);
void manifest_check_close(struct manifest_check *check); /* takes NULL */

/** A manifest that is open: its footer proved. */
struct manifest_file {
	struct store_object *object; /* NULL: none is open */
	struct key key;
	struct manifest_footer footer;
};
/** What leads to a manifest. */
struct manifest_claim {
	struct manifest_pointer pointer;
	uint8_t owner_id[16], version_id[16]; /* whose its footer says it is; zero: nobody's */
	uint64_t version;		      /* its number; VERSION_NONE: it is of a draft */
};
/** MUSTER_ABSENT: it cannot be used, there is a finding. */
enum muster_code manifest_file_open(struct manifest_file *out, struct check_run *run,
				    const struct manifest_claim *claim, struct muster_error *err);
void manifest_file_close(struct manifest_file *file);

/** The leaf records of a manifest in order, block by block. */
struct leaf_list {
	struct manifest_file *file; /* borrowed */
	size_t block;		    /* the one that is held, or the next to read */
	size_t at, count;	    /* the next record of the block; count 0: none is held */
	struct leaf_record records[MANIFEST_BLOCK_LEAVES];
	struct bytes paths, raw;
};
void leaf_list_release(struct leaf_list *list);
/** Reads and proves the next block where the last one is used up. MUSTER_END. A failure is of this
 *  block; leaf_list_skip_block() goes on behind it. */
enum muster_code leaf_list_need(struct leaf_list *list, struct muster_error *err);
void leaf_list_skip_block(struct leaf_list *list);
/** The first path behind the record that is next; false at the end. */
bool leaf_list_behind(const struct leaf_list *list, struct view *out);

/** Ranges of leaves objects and manifests, read ahead where they follow each other. */
#define RANGE_OBJECTS 4
struct ranges;
enum muster_code ranges_open(struct ranges **out, struct check_run *run, struct muster_error *err);
void ranges_close(struct ranges *ranges); /* takes NULL */
/** Lends `out` until the next call. MUSTER_ABSENT: it cannot be had, there is a finding. */
enum muster_code ranges_read(struct ranges *ranges, const struct leaf_record *record, size_t len,
			     struct view *out, struct muster_error *err);

/* --- references.c: what versions and drafts need --------------------------------------------- */

/** A leaf or a manifest that is needed. */
enum muster_code check_need_object(struct check_run *run, const struct object_id *id,
				   bool in_manifest, struct muster_error *err);
/** A blob that an entry needs, if its bytes are stored here. */
enum muster_code check_need_blob(struct check_run *run, const struct entry *entry,
				 struct muster_error *err);
/** It is not at `place`, the key of a need. */
enum muster_code check_miss_blob(struct check_run *run, const struct blob_key *blob,
				 struct view place, struct view needed_by,
				 struct muster_error *err);

/* Keys and values of these sorts. */
#define NEED_KEY_BYTES	(CHECK_ID_BYTES + 4)
#define BLOB_SORT_BYTES (16 + 8 + 16 + 1 + 1 + 32)
/** The value of a need. `needed_by` is lent from it, empty: a version. */
void need_value_get(struct view value, uint64_t *pack_bytes, struct blob_key *key,
		    struct view *needed_by);
void blob_sort_put(uint8_t out[BLOB_SORT_BYTES], const struct blob_key *key);
void blob_sort_get(const uint8_t in[BLOB_SORT_BYTES], struct blob_key *out);
/** An identity counts only where both sides know one. */
bool blob_is_same(const struct blob_key *wanted, const struct blob_key *stored);

/* --- index.c -------------------------------------------------------------------------------- */

/** What an index file says of a pack. */
struct index_claim {
	struct object_id index;
	struct index_pack pack;
	uint32_t record_count;	/* records of this pack in the file */
	uint8_t record_sum[16]; /* of their checksums */
};

struct index_view {
	struct store_object *object;
	struct index_trailer trailer;
	struct index_tail tail;
};
/** MUSTER_ABSENT where there is none. */
enum muster_code index_view_open(struct index_view *out, struct check_run *run,
				 const struct object_id *id, struct muster_error *err);
void index_view_close(struct index_view *view);

/** The keys of one kind of objects, as ids. */
enum muster_code check_list_objects(struct check_run *run, enum object_kind kind,
				    struct spill **out, struct muster_error *err);

/* --- turns.c ---------------------------------------------------------------------------------- */

/** A pack that is listed, as it stands in line. Plain data: it travels through sorts. */
struct pack_state {
	uint64_t size_bytes;
	struct pack_mark mark;
	bool is_chosen; /* its bytes are read this time */
};

/** Lists all packs and chooses: id -> struct pack_state. */
enum muster_code check_turns(struct check_run *run, struct spill **out, struct muster_error *err);
/** The bytes of a pack were read. May be called by any thread. */
enum muster_code check_was_read(struct check_run *run, const struct pack_mark *mark, bool is_broken,
				struct muster_error *err);
/** Tells what is known of packs now, and keeps it for the next check. For a check that was cut
 *  short, too: what it has read it has read. */
enum muster_code check_marks_keep(struct check_run *run, struct muster_error *err);

/* --- bytes.c, bytes_blob.c -------------------------------------------------------------------- */

struct open_pack;

/** The workers. */
struct byte_check;
enum muster_code byte_check_start(struct byte_check **out, struct check_run *run,
				  struct muster_error *err);
/** Takes the pack, waits while all are busy. Fails where a worker has failed. */
enum muster_code byte_check_put(struct byte_check *bytes, struct open_pack *pack,
				const struct pack_mark *mark, struct muster_error *err);
/** Waits for the workers and frees. Takes NULL. Answers the first failure of a worker. */
enum muster_code byte_check_finish(struct byte_check *bytes, struct muster_error *err);

/** "md5 d41d… of 12 bytes": how findings name a blob. */
#define BLOB_TEXT_BYTES 96
void check_blob_text(const struct blob_key *key, char out[BLOB_TEXT_BYTES]);

#endif
