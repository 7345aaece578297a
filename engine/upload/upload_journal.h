/**
 * upload_journal - what a put has sent of one large file, for the put that comes after it was
 * killed (decision 0016).
 *
 * It lives in `<cache>/uploads/<32 hex>.upload`, named by repository, tree, path and size: a hint.
 * The store proves it part by part (io/store/store.h, write_continue). A journal belongs to a live
 * process as long as its lock is held. Losing it costs time only; what is damaged in it is ignored.
 * It may hold what lets one write to its object: nobody else can read it.
 *
 * Threads: one at a time.
 * Memory:  120 bytes for each part of the file.
 */
#ifndef ENGINE_UPLOAD_UPLOAD_JOURNAL_H
#define ENGINE_UPLOAD_UPLOAD_JOURNAL_H

#include "artifact/format/upload.h"
#include "io/store/store.h"

struct upload_journal;

struct upload_place {
	const char *cache_dir;
	const uint8_t *repository_id; /* 16 bytes */
	struct view tree, path;	      /* what the file is called, here */
	uint64_t size_bytes;
};

/** Opens and locks it, or makes it. MUSTER_EXISTS: another process has it. Errors: MUSTER_E_IO,
 *  MUSTER_E_MEMORY. */
enum muster_code upload_journal_open(struct upload_journal **out, const struct upload_place *place,
				     struct muster_error *err);
/** Leaves it for the next process. Takes NULL. */
void upload_journal_close(struct upload_journal *journal);
/** The upload is over: there is nothing to continue. Takes NULL. */
void upload_journal_remove(struct upload_journal *journal);

/** The pack that its upload is to become; NULL: there is none. */
const struct object_id *upload_journal_pack(const struct upload_journal *journal);
/** Was there one that could not be read? */
bool upload_journal_was_damaged(const struct upload_journal *journal);
/** For store_write_continue(): what is known. Lent for the journal's life. */
struct store_journal *upload_journal_store(struct upload_journal *journal);
/** Forget what is known: a new upload begins, which becomes this pack. */
void upload_journal_restart(struct upload_journal *journal, const struct object_id *pack);

/** Called with each journal of the repository that nobody has locked and nobody has written for
 *  `age_s`; takes it. */
typedef void upload_stale_fn(void *state, struct upload_journal *journal);
/** `now_s`: wall clock. Whatever cannot be read is passed over. */
void upload_journal_each_stale(const char *cache_dir, const uint8_t repository_id[16],
			       int64_t now_s, int64_t age_s, upload_stale_fn *fn, void *state);

#endif
