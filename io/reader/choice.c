#include "io/reader/choice.h"

#define PLAIN_TURNS 4	/* two readings of a clock are 2 % of a warm read */
#define RING_TURNS  128 /* a cold file waits some 90 us, while 128 others take 1.5 ms */
#define SLOW_ENTERS 3
#define SLOW_STAYS  2
/* bench/micro/read_bench on a virtual disk, busy machine: 99 % of warm reads of 4 KiB take less
 * than 10 us, all cold ones more than 20 us. Copying is allowed 1 ns a byte: four times its cost.
 */
#define SLOW_NS		 20000
#define SLOW_NS_PER_BYTE 1

enum choice choice_next(struct choice_state *state)
{
	if (++state->turn < (state->is_ring ? RING_TURNS : PLAIN_TURNS))
		return state->is_ring ? CHOICE_RING : CHOICE_PLAIN;
	state->turn = 0;
	return CHOICE_TIMED;
}

void choice_observe(struct choice_state *state, uint64_t elapsed_ns, uint64_t size_bytes)
{
	bool is_slow = elapsed_ns > SLOW_NS && elapsed_ns - SLOW_NS > size_bytes * SLOW_NS_PER_BYTE;
	int slow_count;

	state->window = state->window << 1 | is_slow;
	slow_count = __builtin_popcount(state->window);
	if (!state->is_ring && slow_count >= SLOW_ENTERS)
		*state = (struct choice_state){ .window = UINT32_MAX, .is_ring = true };
	else if (state->is_ring && slow_count < SLOW_STAYS)
		*state = (struct choice_state){ .window = 0 };
}
