/* Stored bytes of entries, read in few pieces, proved, and given on. One for each worker. */
#ifndef ENGINE_GET_FETCH_H
#define ENGINE_GET_FETCH_H

#include "engine/blob/blob_reader.h"
#include "engine/cache/blob_cache.h"
#include "engine/get/batch.h"
#include "engine/get/job.h"
#include "engine/intake/long_intake.h"

#define GET_READ_MAX_BYTES (4u << 20)  /* of one ranged read */
#define GET_GAP_MAX_BYTES  (64u << 10) /* what is read for nothing rather than reading twice */

/** What becomes of proven bytes. Failures of an item are told by get_item_fail(); a failure that is
 *  returned is the run's. */
struct get_sink {
	void *state;
	/* All bytes of one item. */
	enum muster_code (*whole)(void *state, struct get_item *item, struct view data,
				  struct muster_error *err);
	/* A large one in pieces. Nothing may count before end(), which comes when the bytes are
	 * proved; else abort(). An item that failed in begin() or piece() is aborted, too. */
	enum muster_code (*begin)(void *state, struct get_item *item, struct muster_error *err);
	/* NULL, or: after begin(), take the stored bytes without being given them: then no piece()
	 * comes, they are only proved. False where that cannot be. */
	bool (*clone)(void *state, struct get_item *item, const struct blob_at *at);
	enum muster_code (*piece)(void *state, struct get_item *item, struct view data,
				  struct muster_error *err);
	enum muster_code (*end)(void *state, struct get_item *item, struct muster_error *err);
	void (*abort)(void *state, struct get_item *item);
};

struct get_fetcher {
	struct get_job *job;
	struct get_sink sink;
	bool only_checksum;	   /* prove by XXH3 alone */
	uint8_t *buffer;	   /* GET_BUFFER_BYTES */
	struct hasher *hashers[3]; /* by algorithm; NULL until one is needed */
	struct blob_reader *reader;
	struct cache_worker *cache; /* NULL: none */
	bool has_bad_pack; /* the last pack that could not be opened: it is not tried for each blob
			    */
	struct object_id bad_pack;
	struct muster_error bad_pack_error;

	struct {				 /* stream.c */
		struct long_intake *intake;	 /* NULL until it is needed */
		const struct get_larges *larges; /* while it runs */
		struct get_stream *streams;	 /* LONG_INTAKE_FILES */
	} large;
};

/** Borrows `job`. */
enum muster_code get_fetcher_init(struct get_fetcher *fetcher, struct get_job *job,
				  const struct get_sink *sink, struct muster_error *err);
void get_fetcher_release(struct get_fetcher *fetcher); /* takes a zeroed one */

/** Every item of fate GET_WANTED that is not large; each is done or failed then, unless the run is
 *  stopping. */
enum muster_code get_fetch_small(struct get_fetcher *fetcher, struct get_batch *batch,
				 struct muster_error *err);
/** Large items, side by side: until there are no more, or the run is stopping. */
enum muster_code get_fetch_large(struct get_fetcher *fetcher, const struct get_larges *larges,
				 struct muster_error *err);

/** Items that go on now: for larges->next, who may want to leave some to others. */
static inline unsigned get_fetch_count(const struct get_fetcher *fetcher)
{
	return long_intake_count(fetcher->large.intake);
}

static inline bool get_item_is_large(const struct get_item *item)
{
	return item->entry.size_bytes > PACK_BLOB_MAX_BYTES;
}

#endif
