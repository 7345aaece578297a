/**
 * spool - records of files (path, stat, digest) that wait on disk until a run ends.
 *
 * Written in path order, or late (sorted then); read back as one sequence in path order, once or
 * several times. Lives in a file without a name: a run that dies leaves nothing.
 *
 * Threads: one at a time. Memory: a block or two, SPOOL_LATE_BYTES for what came late.
 */
#ifndef ENGINE_GET_SPOOL_H
#define ENGINE_GET_SPOOL_H

#include "engine/statcache/stat_run.h"
#include "io/spill/spill.h"

#define SPOOL_LATE_BYTES (1u << 20)

struct get_spool {
	struct stat_run_writer writer; /* fd -1: not open */
	struct spill *late;	       /* NULL until something came late */
	struct bytes late_record;
	int64_t newest_ns; /* the newest time in a record */
};

/** `dir`: where its files lie; NULL: $TMPDIR or /tmp. Must outlive the spool. */
enum muster_code get_spool_open(struct get_spool *spool, const char *dir, struct muster_error *err);
void get_spool_release(struct get_spool *spool); /* takes one that is not open, with fd -1 */

/** Paths must ascend. */
enum muster_code get_spool_add(struct get_spool *spool, const struct stat_record *record,
			       struct muster_error *err);
enum muster_code get_spool_add_late(struct get_spool *spool, const struct stat_record *record,
				    struct muster_error *err);
uint64_t get_spool_count(const struct get_spool *spool);
/** No more is added: it can be read. */
enum muster_code get_spool_finish(struct get_spool *spool, struct muster_error *err);

/** Reads a spool that is finished; what came late can only be read once. */
struct get_spool_reader {
	struct get_spool *spool;
	struct stat_run_reader ordered;
	uint64_t ordered_count;
	struct stat_reader late_reader;
	struct stat_record late;
	bool has_late, has_head, head_is_late;
};

enum muster_code get_spool_reader_open(struct get_spool_reader *reader, struct get_spool *spool,
				       struct muster_error *err);
void get_spool_reader_release(struct get_spool_reader *reader); /* takes a zeroed one */
/** The next record, lent until the next call; MUSTER_END. */
enum muster_code get_spool_next(struct get_spool_reader *reader, const struct stat_record **out,
				struct muster_error *err);

#endif
