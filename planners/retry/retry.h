/**
 * retry - may an exchange be tried again, and when? Pure: randomness is an argument.
 *
 * Full jitter: any time up to a limit that doubles with each try (100 ms, where throttled 500 ms,
 * at most 20 s), as AWS's architecture blog found best; not earlier than the server asked for, if
 * that is a minute at most. Three things end it:
 *   tries    an exchange that fails while others are served is at fault itself
 *   budget   500 tokens, 5 for each retry, given back by what is served (botocore's standard mode):
 *            where more than one in six fails, retries would only add to the load. One that was
 *            throttled costs 1: the window (planners/pacing) bounds those
 *   patience of an outage (planners/pacing/outage.h), during which the other two do not count
 */
#ifndef PLANNERS_RETRY_RETRY_H
#define PLANNERS_RETRY_RETRY_H

#include <stdint.h>

#include "planners/pacing/attempt.h"
#include "planners/pacing/outage.h"

struct retry {
	unsigned tries; /* of one exchange, the first included */
	unsigned tokens;
};

/** `tries` 0: 10. */
struct retry retry_of(unsigned tries);

/**
 * An attempt has ended, and `outage` knows of it. After how many ns may the exchange be tried
 * again? ATTEMPT_NEVER: it was served or cancelled, or something named above has ended it.
 */
uint64_t retry_after(struct retry *retry, const struct attempt *attempt,
		     const struct outage *outage, uint64_t random);

/** The pause after the attempt of this number: `random` between nothing and the limit. */
uint64_t retry_backoff(unsigned number, enum attempt_outcome outcome, uint64_t random);

#endif
