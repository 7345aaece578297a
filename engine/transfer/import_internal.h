/* What the stages of an import share. The way of an entry:
 *
 *	manifest (one at a time reads it, in the order of the document)
 *	  -> ingest (workers: read the file, hash, compare, pack; or look the blob up)
 *	  -> spill  (by path; a place may be in a pack that is still open)
 *	  -> version, when all packs are closed
 */
#ifndef ENGINE_TRANSFER_IMPORT_INTERNAL_H
#define ENGINE_TRANSFER_IMPORT_INTERNAL_H

#include <pthread.h>

#include "artifact/wandb/manifest_json.h"
#include "engine/blob/blob_set.h"
#include "engine/blob/index_set.h"
#include "engine/intake/form.h"
#include "engine/intake/intake_set.h"
#include "engine/intake/long_intake.h"
#include "engine/manifest/version_reader.h"
#include "engine/manifest/version_writer.h"
#include "engine/repository/collection.h"
#include "engine/transfer/transfer.h"
#include "io/spill/spill.h"

#define IMPORT_BATCH_MAX      256
#define IMPORT_TEXT_BYTES     (1u << 20) /* of a batch; one entry may go beyond */
#define IMPORT_PIECE_BYTES    (1u << 20) /* of the manifest */
#define IMPORT_KNOWN_VERSIONS 8		 /* whose entries are referred to: open at a time */
#define IMPORT_ALGORITHM_MAX  3		 /* enum digest_algorithm as an index */

struct import_item {
	struct entry entry; /* its texts, and `name`, lie in the batch's text */
	const char *name;   /* the path, for openat */
	struct blob_place place;
	bool is_failed;
};

/* A version that references name; NULL: the repository has it not. */
struct import_known {
	bool is_set;
	uint8_t id[16];
	struct version_reader *reader;
};

/* A worker's own, used again and again. */
struct import_batch {
	size_t count;
	struct import_item items[IMPORT_BATCH_MAX];
	struct bytes text; /* room was made once: nothing in it moves */
};

struct import_run {
	const struct muster_import_options *options;
	struct muster_put_report *report;
	struct muster_progress *progress; /* never NULL */
	struct muster_progress own_progress;
	struct repository *repository;
	struct store *store;
	struct session *session;
	struct collection *collection;
	struct version_reader *shared; /* the latest version: leaves are shared with it */
	struct version_writer *writer;
	const struct manifest_footer *footer; /* lent by the writer, when it is complete */
	struct index_set *index;
	uint8_t version_id[16];
	uint64_t gc_head; /* of the gc log in the beginning: what is relied on was judged by it */
	int from_fd;	  /* -1: none */
	struct intake_form form;
	size_t ring_bytes; /* of a worker's intake */

	struct { /* whoever holds the lock reads on */
		pthread_mutex_t lock;
		int fd;
		uint64_t offset_bytes;
		uint8_t *piece;
		struct wandb_reader *reader;
		bool is_done;
	} manifest;

	struct { /* one for each digest algorithm that is met */
		pthread_mutex_t lock;
		struct blob_set *of[IMPORT_ALGORITHM_MAX];
	} blobs;

	struct { /* what is ready */
		pthread_mutex_t lock;
		struct spill *entries;
		struct bytes value;
		bool has_xxh128;
	} ready;

	struct { /* versions that references name */
		pthread_mutex_t lock;
		struct import_known known[IMPORT_KNOWN_VERSIONS];
		size_t next;
	} carried;

	struct { /* the first failure of the run itself */
		pthread_mutex_t lock;
		struct muster_error error;
		atomic_bool is_set;
	} failure;
};

bool import_is_stopping(struct import_run *run);
/** An index_usable_fn of the repository. */
bool import_is_usable(void *repository, const struct object_id *pack, uint32_t ordinal);

/* --- import_read.c --- */

/** Open the manifest. */
enum muster_code import_read_open(struct import_run *run, struct muster_error *err);
void import_read_close(struct import_run *run);
/** The next entries. MUSTER_END. */
enum muster_code import_read_next(struct import_run *run, struct import_batch *out,
				  struct muster_error *err);

/* --- import_worker.c --- */

struct import_worker {
	struct import_run *run;
	struct intake_set intakes;
	struct blob_packer *packers[IMPORT_ALGORITHM_MAX];
	struct import_batch batch;
	struct {			    /* files of the batch that are read side by side */
		struct long_intake *intake; /* NULL until it is needed */
		size_t count, next;
		struct import_item *items[IMPORT_BATCH_MAX];
		struct import_large *slots; /* LONG_INTAKE_FILES */
	} large;
	pthread_t thread;
};

/** Run all workers to the end of the manifest. */
enum muster_code import_work(struct import_run *run, struct muster_error *err);
/** The run's set for an algorithm. */
enum muster_code import_need_set(struct import_run *run, enum digest_algorithm algorithm,
				 struct blob_set **out, struct muster_error *err);
/** How a worker hashes with this algorithm. */
struct hash_options import_hashing(const struct import_run *run, enum digest_algorithm algorithm);
enum muster_code import_need_packer(struct import_worker *worker, enum digest_algorithm algorithm,
				    struct blob_packer **out, struct muster_error *err);

/* --- import_ingest.c --- */

/** Find or store the bytes of all items. Failures of items stay in the items, and are told. */
enum muster_code import_ingest(struct import_worker *worker, struct muster_error *err);
void import_fail_item(struct import_run *run, struct import_item *item,
		      const struct muster_error *error);
void import_count_read(struct import_run *run, uint64_t files, uint64_t bytes);
/** An intake_done_fn. */
enum muster_code import_small_is_done(void *worker, void *item, const struct intake_answer *answer,
				      struct muster_error *err);
/** What came of reading a file: without one, stored bytes will do. Failures of items are told. */
enum muster_code import_unread(struct import_worker *worker, struct import_item *item,
			       const struct muster_error *error, struct muster_error *err);
/** What the bytes of a file are, held against what the manifest says: the item has the rest of its
 *  fingerprint then. Errors: MUSTER_E_DIGEST. */
enum muster_code import_accept(struct import_item *item, const struct fingerprint *found,
			       uint64_t size_bytes, bool has_identity, struct muster_error *err);
struct blob_key import_key(const struct import_item *item);

/* --- import_carried.c --- */

/** Does this reference name an entry of a version that the repository has, with its digest? Then it
 *  becomes ours, and has the size of that entry: its bytes can be looked up. */
enum muster_code import_carry(struct import_run *run, struct import_item *item, bool *is_carried,
			      struct muster_error *err);
void import_carried_release(struct import_run *run);

/* --- import_large.c --- */

/** Files that are packs of their own: those that are noted in worker->large. Failures of items are
 *  told. */
enum muster_code import_large(struct import_worker *worker, struct muster_error *err);
void import_large_release(struct import_worker *worker); /* takes a zeroed one */

/* --- import_emit.c --- */

/** The items that did not fail are ready. */
enum muster_code import_emit(struct import_run *run, const struct import_batch *batch,
			     struct muster_error *err);
/** Make the version of all that is ready: sets `footer`. Its manifest is not written yet. */
enum muster_code import_complete(struct import_run *run, struct muster_error *err);

#endif
