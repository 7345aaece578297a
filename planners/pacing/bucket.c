#include "planners/pacing/bucket.h"

#define NS_PER_S   1e9
#define WAIT_MAX_S 3600.0 /* whoever waits so long may ask again */

struct bucket bucket_of(double per_s, double burst)
{
	return (struct bucket){ .per_s = per_s, .burst = burst, .level = burst };
}

/* Threads read the clock before they wait for a lock: a time may be older than the last one. */
static void fill(struct bucket *bucket, uint64_t now_ns)
{
	if (now_ns <= bucket->at_ns)
		return;
	bucket->level += bucket->per_s * (double)(now_ns - bucket->at_ns) / NS_PER_S;
	if (bucket->level > bucket->burst)
		bucket->level = bucket->burst;
	bucket->at_ns = now_ns;
}

uint64_t bucket_wait(struct bucket *bucket, double amount, uint64_t now_ns)
{
	double needed = amount < bucket->burst ? amount : bucket->burst;
	double wait_s;

	if (bucket->per_s <= 0)
		return 0;
	fill(bucket, now_ns);
	if (bucket->level >= needed)
		return 0;
	wait_s = (needed - bucket->level) / bucket->per_s;
	return (uint64_t)((wait_s < WAIT_MAX_S ? wait_s : WAIT_MAX_S) * NS_PER_S) + 1;
}

void bucket_take(struct bucket *bucket, double amount)
{
	if (bucket->per_s <= 0)
		return;
	bucket->level -= amount;
	if (bucket->level > bucket->burst)
		bucket->level = bucket->burst;
}
