/*
 * A message in its lane:
 *
 *	idle --push--> body --whole blocks done--> tail --padding done--> idle
 *	       \--shorter than a block-------------^
 *
 * The body is read where the caller has it; the tail is the rest of the message with its padding,
 * one or two blocks in the lane's own buffer. A step advances all lanes by the least number of
 * blocks that any live lane has left in its part, so at least one lane changes its state.
 * Weakness: a message costs two steps even if all have one length; a step costs about 100 cycles
 * beside the kernel's.
 *
 * When to leave the vectors: a block of all lanes costs S cycles, one of the scalar kernel C (AVX-512
 * on Zen 4: 600 and 300). When all are to end, stepping L live lanes costs S a block of each, the
 * scalar kernel L * C: step while L >= S / C. When one is to end and new messages wait, what the
 * other L - 1 lanes gain is worth only what it would cost in full lanes, S / lanes a block: step
 * while (L - 1) * S / lanes >= S - C, that is from 17 of 32 on.
 */
#include "base/hash/md5_lanes.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash/md5_kernel.h"

#define LENGTH_BYTES 8 /* the length in bits ends the padding */

static const uint32_t md5_start[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };

struct lane {
	uint8_t *digest;
	bool *is_done;
	uint32_t tail_blocks; /* 0 once the lane is in its tail */
	uint8_t tail[2 * MD5_BLOCK_BYTES];
};

struct md5_lanes {
	const struct md5_kernel *kernel;
	uint32_t live; /* bit l: lane l has a message */
	uint32_t full; /* `live` with all lanes busy */
	struct md5_lanes_use use;
	uint32_t *state; /* in `state_room`, aligned */
	const uint8_t *data[MD5_LANES_MAX];
	size_t left_blocks[MD5_LANES_MAX]; /* of the part that the lane is in */
	struct lane lanes[MD5_LANES_MAX];
	uint8_t state_room[4 * 4 * MD5_LANES_MAX + MD5_STATE_ALIGN];
};

enum muster_code md5_lanes_new(struct md5_lanes **out, enum hash_cpu cpu, struct muster_error *err)
{
	struct md5_lanes *lanes;
	uintptr_t room;

	*out = NULL;
	if (!hash_cpu_is_available(cpu))
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "this machine has no '%s'",
				   hash_cpu_name(cpu));
	lanes = calloc(1, sizeof(*lanes));
	if (!lanes)
		return muster_fail_memory(err, "MD5 lanes");
	room = (uintptr_t)lanes->state_room;
	lanes->state = (void *)(lanes->state_room + (-room & (MD5_STATE_ALIGN - 1)));
	lanes->kernel = md5_kernel_of(cpu);
	assert(lanes->kernel->lane_count <= MD5_LANES_MAX);
	lanes->full = UINT32_MAX >> (32 - lanes->kernel->lane_count);
	*out = lanes;
	return MUSTER_OK;
}

void md5_lanes_free(struct md5_lanes *lanes)
{
	free(lanes);
}

uint32_t md5_lanes_count(const struct md5_lanes *lanes)
{
	return lanes->kernel->lane_count;
}

struct md5_lanes_use md5_lanes_use(const struct md5_lanes *lanes)
{
	return lanes->use;
}

void md5_lanes_reset(struct md5_lanes *lanes)
{
	lanes->live = 0;
}

/* --- one lane --------------------------------------------------------------------------- */

static void tail_make(struct lane *lane, struct view data)
{
	size_t rest = data.len % MD5_BLOCK_BYTES;
	size_t end = rest < MD5_BLOCK_BYTES - LENGTH_BYTES ? MD5_BLOCK_BYTES : 2 * MD5_BLOCK_BYTES;

	if (rest)
		memcpy(lane->tail, data.ptr + (data.len - rest), rest);
	lane->tail[rest] = 0x80;
	memset(lane->tail + rest + 1, 0, end - LENGTH_BYTES - rest - 1);
	put_u64(lane->tail + end - LENGTH_BYTES, (uint64_t)data.len * 8);
	lane->tail_blocks = (uint32_t)(end / MD5_BLOCK_BYTES);
}

static void lane_enter_tail(struct md5_lanes *lanes, uint32_t index)
{
	struct lane *lane = &lanes->lanes[index];

	lanes->data[index] = lane->tail;
	lanes->left_blocks[index] = lane->tail_blocks;
	lane->tail_blocks = 0;
}

static void lane_begin(struct md5_lanes *lanes, uint32_t index, struct view data)
{
	uint32_t lane_count = lanes->kernel->lane_count;

	for (uint32_t word = 0; word < 4; word++)
		lanes->state[word * lane_count + index] = md5_start[word];
	tail_make(&lanes->lanes[index], data);
	lanes->data[index] = data.ptr;
	lanes->left_blocks[index] = data.len / MD5_BLOCK_BYTES;
	if (lanes->left_blocks[index] == 0)
		lane_enter_tail(lanes, index);
	lanes->live |= 1u << index;
}

static void lane_end(struct md5_lanes *lanes, uint32_t index)
{
	struct lane *lane = &lanes->lanes[index];

	for (uint32_t word = 0; word < 4; word++)
		put_u32(lane->digest + 4 * word,
			lanes->state[word * lanes->kernel->lane_count + index]);
	if (lane->is_done)
		*lane->is_done = true;
	lanes->live &= ~(1u << index);
}

/* The part of a lane is done: the next one, or the end. */
static void lane_next(struct md5_lanes *lanes, uint32_t index)
{
	if (lanes->lanes[index].tail_blocks)
		lane_enter_tail(lanes, index);
	else
		lane_end(lanes, index);
}

/* --- all lanes -------------------------------------------------------------------------- */

static size_t least_left(const struct md5_lanes *lanes)
{
	size_t least = SIZE_MAX;

	for (uint32_t i = 0; i < lanes->kernel->lane_count; i++)
		least = lanes->left_blocks[i] < least ? lanes->left_blocks[i] : least;
	return least;
}

/* Lanes without a message read what a live one reads, and never are the first to end. */
static void rest_idle_lanes(struct md5_lanes *lanes)
{
	const uint8_t *valid = lanes->data[__builtin_ctz(lanes->live)];

	for (uint32_t idle = lanes->full & ~lanes->live; idle; idle &= idle - 1) {
		lanes->data[__builtin_ctz(idle)] = valid;
		lanes->left_blocks[__builtin_ctz(idle)] = SIZE_MAX;
	}
}

static void step(struct md5_lanes *lanes)
{
	uint32_t lane_count = lanes->kernel->lane_count, ended = 0;
	size_t blocks;

	if (lanes->live != lanes->full)
		rest_idle_lanes(lanes);
	blocks = least_left(lanes);
	lanes->kernel->run(lanes->state, lanes->data, blocks);
	lanes->use.busy_blocks += blocks * (uint64_t)__builtin_popcount(lanes->live);
	lanes->use.total_blocks += blocks * lane_count;
	for (uint32_t i = 0; i < lane_count; i++) {
		lanes->data[i] += blocks * MD5_BLOCK_BYTES;
		lanes->left_blocks[i] -= blocks;
		ended |= (uint32_t)(lanes->left_blocks[i] == 0) << i;
	}
	for (; ended; ended &= ended - 1)
		lane_next(lanes, (uint32_t)__builtin_ctz(ended));
}

/* Go on with one lane to its end, by the scalar kernel from the state that it has reached. */
static void finish_alone(struct md5_lanes *lanes, uint32_t index)
{
	uint32_t lane_count = lanes->kernel->lane_count, state[4];

	for (uint32_t word = 0; word < 4; word++)
		state[word] = lanes->state[word * lane_count + index];
	for (;;) {
		size_t blocks = lanes->left_blocks[index];

		md5_kernel_scalar.run(state, &lanes->data[index], blocks);
		lanes->use.busy_blocks += blocks;
		lanes->use.total_blocks += blocks;
		if (!lanes->lanes[index].tail_blocks)
			break;
		lane_enter_tail(lanes, index);
	}
	for (uint32_t word = 0; word < 4; word++)
		lanes->state[word * lane_count + index] = state[word];
	lane_end(lanes, index);
}

static uint32_t live_count(const struct md5_lanes *lanes)
{
	return (uint32_t)__builtin_popcount(lanes->live);
}

void md5_lanes_push(struct md5_lanes *lanes, struct view data, uint8_t *digest, bool *is_done)
{
	uint32_t index;

	while (lanes->live == lanes->full)
		step(lanes);
	index = (uint32_t)__builtin_ctz(lanes->full & ~lanes->live);
	if (is_done)
		*is_done = false;
	lanes->lanes[index].digest = digest;
	lanes->lanes[index].is_done = is_done;
	lane_begin(lanes, index, data);
}

void md5_lanes_finish(struct md5_lanes *lanes, const uint8_t *digest)
{
	uint32_t index = 0;

	while (index < lanes->kernel->lane_count &&
	       !(lanes->live >> index & 1 && lanes->lanes[index].digest == digest))
		index++;
	if (index == lanes->kernel->lane_count)
		return;
	while (lanes->live >> index & 1) {
		if (live_count(lanes) >= lanes->kernel->finish_lanes)
			step(lanes);
		else
			finish_alone(lanes, index);
	}
}

void md5_lanes_drain(struct md5_lanes *lanes)
{
	while (lanes->live && live_count(lanes) >= lanes->kernel->drain_lanes)
		step(lanes);
	while (lanes->live)
		finish_alone(lanes, (uint32_t)__builtin_ctz(lanes->live));
}
