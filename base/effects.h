/**
 * effects - what a program takes from the world beside files: time, randomness, environment.
 *
 * A table of functions, so that tests can be told the time. effects_system() is the real one.
 * Threads: the system table may be used from any thread.
 */
#ifndef BASE_EFFECTS_H
#define BASE_EFFECTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct effects {
	void *state;
	uint64_t (*wall_ns)(void *state); /* since 1970-01-01 UTC */
	uint64_t (*boot_ns)(void *state); /* CLOCK_BOOTTIME: goes on while the machine sleeps */
	enum muster_code (*random)(void *state, void *out, size_t len, struct muster_error *err);
	const char *(*getenv)(void *state, const char *name);
};

const struct effects *effects_system(void);

static inline uint64_t effects_wall_ns(const struct effects *effects)
{
	return effects->wall_ns(effects->state);
}

static inline uint64_t effects_boot_ns(const struct effects *effects)
{
	return effects->boot_ns(effects->state);
}

static inline enum muster_code effects_random(const struct effects *effects, void *out, size_t len,
					      struct muster_error *err)
{
	return effects->random(effects->state, out, len, err);
}

#endif
