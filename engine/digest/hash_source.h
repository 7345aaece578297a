/**
 * hash_source - where the files of a hash_tree come from: batches in path order.
 *
 * One directory, the usual case, is walked without stats: who opens a file learns its size from
 * the descriptor. Anything else (several sources, names, lists, references) comes as a put takes
 * it (engine/put/source.c), with stats.
 *
 * Threads: one at a time.
 */
#ifndef ENGINE_DIGEST_HASH_SOURCE_H
#define ENGINE_DIGEST_HASH_SOURCE_H

#include "engine/put/put_internal.h"

struct hash_source;

/** Borrows what the options point to. Errors: as hash_tree_open(). */
enum muster_code hash_source_open(struct hash_source **out,
				  const struct muster_put_options *options, unsigned thread_count,
				  struct muster_error *err);
void hash_source_close(struct hash_source *source); /* takes NULL */
/** Gives a batch; `has_stat` of each item (PUT_BATCH_MAX): is `found` filled? MUSTER_END. */
enum muster_code hash_source_next(struct hash_source *source, struct put_batch **out,
				  bool *has_stat, struct muster_error *err);
/** The time that the file system of what comes without stats had when the source was opened. */
int64_t hash_source_begun_ns(const struct hash_source *source);
uint64_t hash_source_special_count(const struct hash_source *source);

#endif
