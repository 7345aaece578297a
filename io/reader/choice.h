/**
 * choice - plain system calls or a ring for the next file? Told how long plain reads took. Pure.
 *
 * A warm file costs 2 to 5 us, a cold one waits for a device or a server. While plain calls are
 * chosen, one file in four is timed; while the ring is, one in 128 is read plainly all the same,
 * to learn whether the files are warm again. The last 32 of these decide:
 *
 *      plain --- 3 or more were slow ---> ring          a zeroed struct is plain
 *      plain <-- at most 1 was slow ----- ring          and has seen nothing
 *
 * A ring that reads warm files costs as much as plain calls, a cold file read plainly costs three
 * to six times as much as in a ring: so few slow ones are enough, and doubt is for the ring.
 */
#ifndef IO_READER_CHOICE_H
#define IO_READER_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

enum choice {
	CHOICE_PLAIN,
	CHOICE_TIMED, /* plain, and choice_observe() wants to hear of it */
	CHOICE_RING,
};

struct choice_state {
	uint32_t window; /* the last 32 that were timed, the newest lowest; 1: slow */
	uint32_t turn;	 /* files since one was timed */
	bool is_ring;
};

/** How to read the next file. */
enum choice choice_next(struct choice_state *state);
/** A plain read of `size_bytes` took so long, from opening to closing. */
void choice_observe(struct choice_state *state, uint64_t elapsed_ns, uint64_t size_bytes);

#endif
