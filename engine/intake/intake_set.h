/**
 * intake_set - a worker's intakes: one for each digest algorithm, opened when it is needed first.
 *
 * Threads: as an intake. Memory: one intake mostly, as almost always one algorithm is met.
 */
#ifndef ENGINE_INTAKE_INTAKE_SET_H
#define ENGINE_INTAKE_INTAKE_SET_H

#include "engine/intake/intake.h"

struct intake_set {
	struct intake_options options; /* whose algorithm does not count */
	struct intake *of[DIGEST_XXH128 + 1];
};

void intake_set_release(struct intake_set *set); /* takes a zeroed one */
/** Lends the intake of an algorithm, DIGEST_MD5 or DIGEST_XXH128. Errors: as intake_open(). */
enum muster_code intake_set_need(struct intake_set *set, enum digest_algorithm algorithm,
				 struct intake **out, struct muster_error *err);

/** As intake_read_all(), _drain() and _cancel(), for all. */
enum muster_code intake_set_read_all(struct intake_set *set, struct muster_error *err);
enum muster_code intake_set_drain(struct intake_set *set, struct muster_error *err);
void intake_set_cancel(struct intake_set *set);

/** A ring of INTAKE_RING_BYTES, or a quarter of a worker's share of the job's memory. */
size_t intake_ring_bytes(uint64_t memory_bytes, unsigned worker_count);
/** Larger files are better read side by side (engine/intake/long_intake.h): PACK_BLOB_MAX_BYTES, or
 *  what a smaller ring holds two of. */
uint64_t intake_small_max(size_t ring_bytes);

#endif
