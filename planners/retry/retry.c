#include "planners/retry/retry.h"

#include <stdbool.h>

#define MS 1000000ull
#define S  (1000 * MS)

#define TRIES		 10
#define BASE_NS		 (100 * MS)
#define BASE_THROTTLE_NS (500 * MS)
#define LIMIT_NS	 (20 * S)
#define DOUBLINGS_MAX	 16 /* more than any limit needs */

/* While a host is down the gate decides; whoever is away longer would miss its return. */
#define DOWN_LIMIT_NS	   (2 * S)
#define RETRY_AFTER_MAX_NS (60 * S)

#define TOKENS_MAX	500
#define TOKENS_FAILED	5
#define TOKENS_THROTTLE 1
#define TOKENS_SERVED	1

struct retry retry_of(unsigned tries)
{
	return (struct retry){ .tries = tries ? tries : TRIES, .tokens = TOKENS_MAX };
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t retry_backoff(unsigned number, enum attempt_outcome outcome, uint64_t random)
{
	uint64_t base_ns = outcome == ATTEMPT_THROTTLED ? BASE_THROTTLE_NS : BASE_NS;
	unsigned doublings = number > 1 ? number - 1 : 0;

	if (doublings > DOUBLINGS_MAX)
		doublings = DOUBLINGS_MAX;
	return random % (least(base_ns << doublings, LIMIT_NS) + 1);
}

static void refund(struct retry *retry, const struct attempt *attempt)
{
	unsigned tokens = attempt->number > 1 ? TOKENS_FAILED : TOKENS_SERVED;

	retry->tokens = (unsigned)least(retry->tokens + tokens, TOKENS_MAX);
}

static bool pay(struct retry *retry, const struct attempt *attempt)
{
	unsigned tokens = attempt->outcome == ATTEMPT_THROTTLED ? TOKENS_THROTTLE : TOKENS_FAILED;

	if (retry->tokens < tokens)
		return false;
	retry->tokens -= tokens;
	return true;
}

uint64_t retry_after(struct retry *retry, const struct attempt *attempt,
		     const struct outage *outage, uint64_t random)
{
	uint64_t asked_ns = least(attempt->retry_after_ns, RETRY_AFTER_MAX_NS);
	uint64_t pause_ns = retry_backoff(attempt->number, attempt->outcome, random);

	if (attempt->outcome == ATTEMPT_SERVED)
		refund(retry, attempt);
	if (attempt->outcome == ATTEMPT_SERVED || attempt->outcome == ATTEMPT_CANCELLED)
		return ATTEMPT_NEVER;
	if (outage->state == OUTAGE_LOST)
		return ATTEMPT_NEVER;
	if (outage->state == OUTAGE_DOWN)
		return asked_ns + least(pause_ns, random % (DOWN_LIMIT_NS + 1));
	if (attempt->number >= retry->tries && !outage_excuses(outage, attempt->ended_ns))
		return ATTEMPT_NEVER;
	if (!pay(retry, attempt))
		return ATTEMPT_NEVER;
	/* Those that were asked for the same pause shall not come back in one moment. */
	return asked_ns + pause_ns;
}
