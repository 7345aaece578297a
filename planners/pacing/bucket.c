#include "planners/pacing/bucket.h"

#define NS_PER_S 1e9

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

	if (bucket->per_s <= 0)
		return 0;
	fill(bucket, now_ns);
	if (bucket->level >= needed)
		return 0;
	return (uint64_t)((needed - bucket->level) / bucket->per_s * NS_PER_S) + 1;
}

void bucket_take(struct bucket *bucket, double amount)
{
	if (bucket->per_s <= 0)
		return;
	bucket->level -= amount;
	if (bucket->level > bucket->burst)
		bucket->level = bucket->burst;
}
