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
 * When few lanes are live: a block of all lanes costs S cycles, of the first half of them H, of
 * one alone C (MD5 by AVX-512 on Zen 4: 600, 420, 300). Half of the lanes or less are brought into
 * the first half. When all are to end, stepping L of them costs H a block of each and going on
 * alone C for each of L: step while L >= H / C. When one is to end and new messages wait for it,
 * alone is sooner, but the others stand still meanwhile, and long ones among them are to end next.
 * With log-normal lengths, leaving below 2, 4, 6 or 8 live lanes differs by 2 %, and below 17 is
 * 20 % slower (hash_bench ring).
 */
#include "base/hash/lanes.h"

#include <assert.h>
#include <stdlib.h>

#define LENGTH_BYTES 8 /* the length in bits ends the padding */

struct lane {
	uint8_t *digest;
	uint32_t *on_its_way; /* not NULL: blocks of a longer message, whose state goes there */
	bool *is_done;
	uint32_t tail_blocks; /* 0 once the lane is in its tail */
	uint8_t tail[2 * LANE_BLOCK_BYTES];
};

struct lanes {
	const struct lane_kernel *kernel;
	uint32_t live; /* bit l: lane l has a message */
	uint32_t full; /* `live` with all lanes busy */
	struct lanes_use use;
	uint32_t *state; /* in `state_room`, aligned */
	const uint8_t *data[LANES_MAX];
	size_t left_blocks[LANES_MAX]; /* of the part that the lane is in */
	struct lane lanes[LANES_MAX];
	uint8_t state_room[sizeof(uint32_t) * LANE_WORDS_MAX * LANES_MAX + LANE_STATE_ALIGN];
};

enum muster_code lanes_new(struct lanes **out, const struct lane_kernel *kernel,
			   struct muster_error *err)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));
	uintptr_t room;

	assert(kernel->lane_count <= LANES_MAX);
	*out = NULL;
	if (!lanes)
		return muster_fail_memory(err, "lanes for digests");
	room = (uintptr_t)lanes->state_room;
	lanes->state = (void *)(lanes->state_room + (-room & (LANE_STATE_ALIGN - 1)));
	lanes->kernel = kernel;
	lanes->full = UINT32_MAX >> (32 - kernel->lane_count);
	*out = lanes;
	return MUSTER_OK;
}

void lanes_free(struct lanes *lanes)
{
	free(lanes);
}

uint32_t lanes_count(const struct lanes *lanes)
{
	return lanes->kernel->lane_count;
}

struct lanes_use lanes_use(const struct lanes *lanes)
{
	return lanes->use;
}

void lanes_reset(struct lanes *lanes)
{
	lanes->live = 0;
}

/* --- one lane --------------------------------------------------------------------------- */

static uint32_t *state_word(struct lanes *lanes, uint32_t word, uint32_t index)
{
	return &lanes->state[word * lanes->kernel->lane_count + index];
}

static void tail_make(struct lane *lane, struct view data, bool is_big_endian)
{
	uint64_t bits = (uint64_t)data.len * 8;
	size_t rest = data.len % LANE_BLOCK_BYTES;
	size_t end =
		rest < LANE_BLOCK_BYTES - LENGTH_BYTES ? LANE_BLOCK_BYTES : 2 * LANE_BLOCK_BYTES;

	if (rest)
		memcpy(lane->tail, data.ptr + (data.len - rest), rest);
	lane->tail[rest] = 0x80;
	memset(lane->tail + rest + 1, 0, end - LENGTH_BYTES - rest - 1);
	put_u64(lane->tail + end - LENGTH_BYTES, is_big_endian ? __builtin_bswap64(bits) : bits);
	lane->tail_blocks = (uint32_t)(end / LANE_BLOCK_BYTES);
}

static void lane_enter_tail(struct lanes *lanes, uint32_t index)
{
	struct lane *lane = &lanes->lanes[index];

	lanes->data[index] = lane->tail;
	lanes->left_blocks[index] = lane->tail_blocks;
	lane->tail_blocks = 0;
}

static void lane_take_state(struct lanes *lanes, uint32_t index, const uint32_t *words)
{
	for (uint32_t word = 0; word < lanes->kernel->digest->word_count; word++)
		*state_word(lanes, word, index) = words[word];
}

static void lane_begin(struct lanes *lanes, uint32_t index, struct view data)
{
	const struct lane_digest *digest = lanes->kernel->digest;

	lane_take_state(lanes, index, digest->start);
	tail_make(&lanes->lanes[index], data, digest->is_big_endian);
	lanes->data[index] = data.ptr;
	lanes->left_blocks[index] = data.len / LANE_BLOCK_BYTES;
	if (lanes->left_blocks[index] == 0)
		lane_enter_tail(lanes, index);
	lanes->live |= 1u << index;
}

static void lane_end(struct lanes *lanes, uint32_t index)
{
	const struct lane_digest *digest = lanes->kernel->digest;
	struct lane *lane = &lanes->lanes[index];

	for (uint32_t word = 0; word < digest->word_count; word++) {
		uint32_t value = *state_word(lanes, word, index);

		if (lane->on_its_way) {
			lane->on_its_way[word] = value;
			continue;
		}
		put_u32(lane->digest + 4 * word,
			digest->is_big_endian ? __builtin_bswap32(value) : value);
	}
	if (lane->is_done)
		*lane->is_done = true;
	lanes->live &= ~(1u << index);
}

/* The part of a lane is done: the next one, or the end. */
static void lane_next(struct lanes *lanes, uint32_t index)
{
	if (lanes->lanes[index].tail_blocks)
		lane_enter_tail(lanes, index);
	else
		lane_end(lanes, index);
}

/* --- all lanes -------------------------------------------------------------------------- */

static size_t least_left(const struct lanes *lanes, uint32_t lane_count)
{
	size_t least = SIZE_MAX;

	for (uint32_t i = 0; i < lane_count; i++)
		least = lanes->left_blocks[i] < least ? lanes->left_blocks[i] : least;
	return least;
}

/* Lanes without a message read what a live one reads, and never are the first to end. */
static void rest_idle_lanes(struct lanes *lanes)
{
	const uint8_t *valid = lanes->data[__builtin_ctz(lanes->live)];

	for (uint32_t idle = lanes->full & ~lanes->live; idle; idle &= idle - 1) {
		lanes->data[__builtin_ctz(idle)] = valid;
		lanes->left_blocks[__builtin_ctz(idle)] = SIZE_MAX;
	}
}

static uint32_t live_count(const struct lanes *lanes)
{
	return (uint32_t)__builtin_popcount(lanes->live);
}

static void move_lane(struct lanes *lanes, uint32_t from, uint32_t to)
{
	bool is_in_tail = !lanes->lanes[from].tail_blocks && !lanes->lanes[from].on_its_way;

	for (uint32_t word = 0; word < lanes->kernel->digest->word_count; word++)
		*state_word(lanes, word, to) = *state_word(lanes, word, from);
	lanes->lanes[to] = lanes->lanes[from];
	lanes->left_blocks[to] = lanes->left_blocks[from];
	lanes->data[to] = lanes->data[from];
	if (is_in_tail)
		lanes->data[to] =
			lanes->lanes[to].tail + (lanes->data[from] - lanes->lanes[from].tail);
	lanes->live ^= 1u << from | 1u << to;
}

/* Where half of the lanes are enough, bring what is live into the first half. */
static bool fold_into_half(struct lanes *lanes)
{
	uint32_t half = lanes->kernel->lane_count / 2;

	if (!lanes->kernel->run_half || live_count(lanes) > half)
		return false;
	for (uint32_t high = lanes->live >> half; high; high &= high - 1)
		move_lane(lanes, half + (uint32_t)__builtin_ctz(high),
			  (uint32_t)__builtin_ctz(~lanes->live));
	return true;
}

static void step(struct lanes *lanes)
{
	bool is_half = fold_into_half(lanes);
	uint32_t lane_count = lanes->kernel->lane_count >> is_half, ended = 0;
	size_t blocks;

	if (lanes->live != lanes->full)
		rest_idle_lanes(lanes);
	blocks = least_left(lanes, lane_count);
	(is_half ? lanes->kernel->run_half : lanes->kernel->run)(lanes->state, lanes->data, blocks);
	lanes->use.busy_blocks += blocks * (uint64_t)__builtin_popcount(lanes->live);
	lanes->use.total_blocks += blocks * lane_count;
	for (uint32_t i = 0; i < lane_count; i++) {
		lanes->data[i] += blocks * LANE_BLOCK_BYTES;
		lanes->left_blocks[i] -= blocks;
		ended |= (uint32_t)(lanes->left_blocks[i] == 0) << i;
	}
	for (; ended; ended &= ended - 1)
		lane_next(lanes, (uint32_t)__builtin_ctz(ended));
}

/* Go on with one lane to its end, by the kernel of one lane from the state that it has reached. */
static void finish_alone(struct lanes *lanes, uint32_t index)
{
	const struct lane_digest *digest = lanes->kernel->digest;
	uint32_t state[LANE_WORDS_MAX];

	for (uint32_t word = 0; word < digest->word_count; word++)
		state[word] = *state_word(lanes, word, index);
	for (;;) {
		size_t blocks = lanes->left_blocks[index];

		digest->alone->run(state, &lanes->data[index], blocks);
		lanes->use.busy_blocks += blocks;
		lanes->use.total_blocks += blocks;
		if (!lanes->lanes[index].tail_blocks)
			break;
		lane_enter_tail(lanes, index);
	}
	for (uint32_t word = 0; word < digest->word_count; word++)
		*state_word(lanes, word, index) = state[word];
	lane_end(lanes, index);
}

/* Steps until there is one. */
static uint32_t need_idle(struct lanes *lanes)
{
	while (lanes->live == lanes->full)
		step(lanes);
	return (uint32_t)__builtin_ctz(lanes->full & ~lanes->live);
}

void lanes_push(struct lanes *lanes, struct view data, uint8_t *digest, bool *is_done)
{
	uint32_t index = need_idle(lanes);

	if (is_done)
		*is_done = false;
	lanes->lanes[index].digest = digest;
	lanes->lanes[index].is_done = is_done;
	lanes->lanes[index].on_its_way = NULL;
	lane_begin(lanes, index, data);
}

void lanes_push_blocks(struct lanes *lanes, struct view blocks, uint32_t *state)
{
	uint32_t index = need_idle(lanes);
	struct lane *lane = &lanes->lanes[index];

	assert(blocks.len && blocks.len % LANE_BLOCK_BYTES == 0);
	lane->digest = NULL;
	lane->is_done = NULL;
	lane->on_its_way = state;
	lane->tail_blocks = 0;
	lane_take_state(lanes, index, state);
	lanes->data[index] = blocks.ptr;
	lanes->left_blocks[index] = blocks.len / LANE_BLOCK_BYTES;
	lanes->live |= 1u << index;
}

/* The live lane whose digest goes there; false: none. */
static bool find(const struct lanes *lanes, const uint8_t *digest, uint32_t *index)
{
	for (uint32_t live = lanes->live; live; live &= live - 1) {
		*index = (uint32_t)__builtin_ctz(live);
		if (lanes->lanes[*index].digest == digest)
			return true;
	}
	return false;
}

void lanes_finish(struct lanes *lanes, const uint8_t *digest)
{
	uint32_t index;

	while (find(lanes, digest, &index)) { /* a step may move it */
		if (live_count(lanes) >= lanes->kernel->finish_lanes)
			step(lanes);
		else
			finish_alone(lanes, index);
	}
}

void lanes_drain(struct lanes *lanes)
{
	while (lanes->live && live_count(lanes) >= lanes->kernel->drain_lanes)
		step(lanes);
	while (lanes->live)
		finish_alone(lanes, (uint32_t)__builtin_ctz(lanes->live));
}
