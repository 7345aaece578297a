#include "planners/pacing/latency.h"

#define FIRST_BITS  16 /* 2^16 ns: what is faster is counted with it */
#define STEP_BITS   2
#define TOTAL_MAX   4096
#define STEPS_EACH  (1u << STEP_BITS)
#define LATENCY_MAX (((uint64_t)1 << (FIRST_BITS + LATENCY_STEPS / STEPS_EACH)) - 1)

static unsigned step_of(uint64_t elapsed_ns)
{
	unsigned bits;

	if (elapsed_ns < (uint64_t)1 << FIRST_BITS)
		return 0;
	if (elapsed_ns > LATENCY_MAX)
		return LATENCY_STEPS - 1;
	bits = 63 - (unsigned)__builtin_clzll(elapsed_ns);
	return (bits - FIRST_BITS) * STEPS_EACH +
	       (unsigned)(elapsed_ns >> (bits - STEP_BITS) & (STEPS_EACH - 1));
}

static uint64_t upper_end(unsigned step)
{
	uint64_t octave = (uint64_t)1 << (FIRST_BITS + step / STEPS_EACH);

	return octave + octave / STEPS_EACH * (step % STEPS_EACH + 1);
}

static void halve(struct latency *latency)
{
	latency->total = 0;
	for (unsigned i = 0; i < LATENCY_STEPS; i++) {
		latency->counts[i] /= 2;
		latency->total += latency->counts[i];
	}
}

void latency_add(struct latency *latency, uint64_t elapsed_ns)
{
	if (latency->total >= TOTAL_MAX)
		halve(latency);
	latency->counts[step_of(elapsed_ns)]++;
	latency->total++;
}

uint64_t latency_quantile(const struct latency *latency, double share)
{
	double left = share * latency->total;
	unsigned last = 0;

	if (!latency->total)
		return 0;
	for (unsigned i = 0; i < LATENCY_STEPS; i++) {
		if (!latency->counts[i])
			continue;
		last = i;
		left -= latency->counts[i];
		if (left <= 0)
			break;
	}
	return upper_end(last);
}
