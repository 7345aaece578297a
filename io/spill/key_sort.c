#include "io/spill/key_sort.h"

#include <stdbool.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "key_prefix() swaps");

#define INSERTION_MAX 12  /* below it merging costs more than it saves */
#define MERGE_MAX     192 /* below it clearing the histograms of a radix sort costs more */
#define LEVEL_MAX     48  /* keys nested deeper than this are merged: bounds the stack */

/* What a sort works on. Keys of one range agree in their first `depth` bytes. */
struct sorting {
	const uint8_t *arena;
	size_t depth;
};

static void load_prefixes(struct key_slot *slots, size_t count, const struct sorting *sorting)
{
	for (size_t i = 0; i < count; i++)
		slots[i].prefix = key_prefix(sorting->arena + slots[i].offset + sorting->depth,
					     slots[i].len - sorting->depth);
}

/* How many bytes behind `depth` all keys of the range share. */
static size_t shared_bytes(const struct key_slot *slots, size_t count,
			   const struct sorting *sorting)
{
	struct view first = view_of(sorting->arena + slots[0].offset + sorting->depth,
				    slots[0].len - sorting->depth);

	for (size_t i = 1; i < count && first.len; i++) {
		struct view key = view_of(sorting->arena + slots[i].offset + sorting->depth,
					  slots[i].len - sorting->depth);

		/* Most keys share all that is left of `first`, so ask that before counting. */
		if (key.len < first.len || memcmp(key.ptr, first.ptr, first.len) != 0)
			first.len = view_shared(first, key);
	}
	return first.len;
}

static bool is_before(const struct key_slot *a, const struct key_slot *b,
		      const struct sorting *sorting)
{
	size_t shorter;
	int order;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	shorter = a->len < b->len ? a->len : b->len;
	order = memcmp(sorting->arena + a->offset + sorting->depth,
		       sorting->arena + b->offset + sorting->depth, shorter - sorting->depth);
	return order ? order < 0 : a->len < b->len;
}

static void insertion_sort(struct key_slot *slots, size_t count, const struct sorting *sorting)
{
	for (size_t i = 1; i < count; i++) {
		struct key_slot slot = slots[i];
		size_t at = i;

		for (; at > 0 && is_before(&slot, &slots[at - 1], sorting); at--)
			slots[at] = slots[at - 1];
		slots[at] = slot;
	}
}

/* Prefixes are loaded at `depth`. */
static void merge_sort(struct key_slot *slots, struct key_slot *scratch, size_t count,
		       const struct sorting *sorting)
{
	size_t half = count / 2, left = 0, right = half, out = 0;

	if (count <= INSERTION_MAX) {
		insertion_sort(slots, count, sorting);
		return;
	}
	merge_sort(slots, scratch, half, sorting);
	merge_sort(slots + half, scratch, count - half, sorting);
	if (!is_before(&slots[half], &slots[half - 1], sorting))
		return; /* in order already */
	memcpy(scratch, slots, half * sizeof(*slots));
	while (left < half && right < count) {
		if (is_before(&slots[right], &scratch[left], sorting))
			slots[out++] = slots[right++];
		else
			slots[out++] = scratch[left++];
	}
	memcpy(slots + out, scratch + left, (half - left) * sizeof(*slots));
}

/* By prefix alone, lowest byte first; bytes that all prefixes share cost nothing. */
static void radix_sort(struct key_slot *slots, struct key_slot *scratch, size_t count)
{
	uint32_t counts[8][256] = { 0 };
	struct key_slot *from = slots, *to = scratch, *swap;

	for (size_t i = 0; i < count; i++) {
		for (int byte = 0; byte < 8; byte++)
			counts[byte][slots[i].prefix >> (8 * byte) & 0xff]++;
	}
	for (int byte = 0; byte < 8; byte++) {
		uint32_t *start = counts[byte], sum = 0;

		if (start[slots[0].prefix >> (8 * byte) & 0xff] == count)
			continue;
		for (int value = 0; value < 256; value++) {
			uint32_t here = start[value];

			start[value] = sum;
			sum += here;
		}
		for (size_t i = 0; i < count; i++)
			to[start[from[i].prefix >> (8 * byte) & 0xff]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != slots)
		memcpy(slots, from, count * sizeof(*slots));
}

static void sort_range(struct key_slot *slots, struct key_slot *scratch, size_t count,
		       struct sorting sorting, unsigned level);

/*
 * Slots [0, count) have equal prefixes at `depth`. Keys that end within these eight bytes come
 * first, the shorter before the longer (what is equal here is their zeros and padding); the rest
 * is sorted behind them.
 */
static void sort_equal_prefixes(struct key_slot *slots, struct key_slot *scratch, size_t count,
				struct sorting sorting, unsigned level)
{
	size_t ended = 0;

	for (size_t i = 0; i < count; i++) {
		size_t left = slots[i].len - sorting.depth;

		slots[i].prefix = left < 8 ? left : 8;
		ended += left < 8;
	}
	if (ended)
		radix_sort(slots, scratch, count);
	sorting.depth += 8;
	sort_range(slots + ended, scratch, count - ended, sorting, level + 1);
}

/* Comes to an end even where all prefixes are equal: then one key at least ends within them. */
static void sort_range(struct key_slot *slots, struct key_slot *scratch, size_t count,
		       struct sorting sorting, unsigned level)
{
	size_t from = 0;

	if (count < 2)
		return;
	sorting.depth += shared_bytes(slots, count, &sorting);
	load_prefixes(slots, count, &sorting);
	if (count <= MERGE_MAX || level == LEVEL_MAX) {
		merge_sort(slots, scratch, count, &sorting);
		return;
	}
	radix_sort(slots, scratch, count);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && slots[i].prefix == slots[from].prefix)
			continue;
		if (i - from > 1)
			sort_equal_prefixes(slots + from, scratch, i - from, sorting, level);
		from = i;
	}
}

void key_sort(struct key_slot *slots, struct key_slot *scratch, size_t count, const uint8_t *arena)
{
	sort_range(slots, scratch, count, (struct sorting){ arena, 0 }, 0);
}
