#include "planners/pacing/outage.h"

#define MS 1000000ull
#define S  (1000 * MS)

/* With one failure in a hundred, 4 in a row are one in 10^8; then a probe is served 100 ms later.
 */
#define DOWN_FAILURES 4

/* A host that throttles still serves some: only if it serves none for so long it is as good as
 * down. */
#define DOWN_THROTTLED_NS (2 * S)

#define GAP_MIN_NS  (100 * MS)
#define GAP_MAX_NS  (2 * S)
#define GAP_LOST_NS (10 * S) /* time for a job to end; who asks later tries anew */

#define PATIENCE_NS	  (60 * S) /* a server that restarts takes less */
#define PATIENCE_NEVER_NS (10 * S) /* it never served: a wrong name, a closed port, no network */
#define EXCUSED_NS	  (60 * S)

uint64_t outage_wait(const struct outage *outage, uint64_t now_ns)
{
	if (outage->state == OUTAGE_UP || now_ns >= outage->probe_ns)
		return 0;
	return outage->probe_ns - now_ns;
}

void outage_begin(struct outage *outage, uint64_t now_ns)
{
	if (outage->state == OUTAGE_UP)
		return;
	outage->probe_ns = now_ns + outage->gap_ns;
	if (outage->state == OUTAGE_LOST)
		return;
	outage->gap_ns += outage->gap_ns / 2;
	if (outage->gap_ns > GAP_MAX_NS)
		outage->gap_ns = GAP_MAX_NS;
}

static bool end_outage(struct outage *outage, uint64_t now_ns)
{
	bool was_down = outage->state != OUTAGE_UP;

	outage->state = OUTAGE_UP;
	outage->has_served = true;
	outage->failure_count = 0;
	if (was_down)
		outage->over_ns = now_ns;
	return was_down;
}

static bool looks_down(const struct outage *outage, enum attempt_outcome outcome, uint64_t now_ns)
{
	if (outage->failure_count < DOWN_FAILURES)
		return false;
	return outcome != ATTEMPT_THROTTLED || now_ns >= outage->began_ns + DOWN_THROTTLED_NS;
}

static void count_failure(struct outage *outage, const struct attempt *attempt)
{
	uint64_t patience_ns = outage->has_served ? PATIENCE_NS : PATIENCE_NEVER_NS;
	uint64_t now_ns = attempt->ended_ns;

	/* After a long pause nothing is known of the time between. */
	if (outage->failure_count && now_ns > outage->failed_ns + PATIENCE_NS) {
		outage->failure_count = 0;
		outage->state = OUTAGE_UP;
	}
	if (outage->failure_count++ == 0) {
		outage->silent_ns = attempt->began_ns;
		outage->began_ns = now_ns;
	}
	outage->failed_ns = now_ns;
	if (outage->state == OUTAGE_UP && looks_down(outage, attempt->outcome, now_ns)) {
		outage->state = OUTAGE_DOWN;
		outage->gap_ns = GAP_MIN_NS;
		outage->probe_ns = now_ns + GAP_MIN_NS;
	}
	if (outage->state == OUTAGE_DOWN && now_ns > outage->began_ns + patience_ns) {
		outage->state = OUTAGE_LOST;
		outage->gap_ns = GAP_LOST_NS;
		outage->probe_ns = now_ns + GAP_LOST_NS;
	}
}

bool outage_ended(struct outage *outage, const struct attempt *attempt)
{
	if (attempt->outcome == ATTEMPT_CANCELLED)
		return false;
	if (attempt->outcome == ATTEMPT_SERVED)
		return end_outage(outage, attempt->ended_ns);
	count_failure(outage, attempt);
	return false;
}

uint64_t outage_lost_for(const struct outage *outage, uint64_t now_ns)
{
	if (outage->state != OUTAGE_LOST)
		return 0;
	return now_ns > outage->silent_ns ? now_ns - outage->silent_ns : 1;
}

bool outage_excuses(const struct outage *outage, uint64_t now_ns)
{
	if (outage->state != OUTAGE_UP)
		return outage->state == OUTAGE_DOWN;
	return outage->over_ns && now_ns < outage->over_ns + EXCUSED_NS;
}
