#include "base/effects.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t system_wall_ns(void *state)
{
	(void)state;
	return now_ns(CLOCK_REALTIME);
}

static uint64_t system_boot_ns(void *state)
{
	(void)state;
	return now_ns(CLOCK_BOOTTIME);
}

static enum muster_code system_random(void *state, void *out, size_t len, struct muster_error *err)
{
	(void)state;
	if (getentropy(out, len))
		return muster_fail_errno(err, "read %zu random bytes", len);
	return MUSTER_OK;
}

static const char *system_getenv(void *state, const char *name)
{
	(void)state;
	return getenv(name);
}

const struct effects *effects_system(void)
{
	static const struct effects table = { NULL, system_wall_ns, system_boot_ns, system_random,
					      system_getenv };

	return &table;
}
