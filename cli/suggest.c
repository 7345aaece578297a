#include "cli/suggest.h"

#define SHORTEST_BEGINNING 3 /* fewer letters begin too many names */

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static bool are_swapped(struct view a, struct view b, size_t i, size_t j)
{
	return i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1];
}

size_t edit_distance(struct view a, struct view b)
{
	size_t rows[SUGGEST_MAX_BYTES + 1][SUGGEST_MAX_BYTES + 1];

	for (size_t i = 0; i <= a.len; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		for (size_t j = 1; j <= b.len; j++) {
			size_t replaced = rows[i - 1][j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
			size_t best = least(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced);

			if (are_swapped(a, b, i, j) && rows[i - 2][j - 2] + 1 < best)
				best = rows[i - 2][j - 2] + 1;
			rows[i][j] = best;
		}
	}
	return rows[a.len][b.len];
}

void suggestion_offer(struct suggestion *suggestion, struct view typed, const char *candidate)
{
	struct view name = view_text(candidate);
	size_t distance, longer = name.len > typed.len ? name.len : typed.len;

	if (typed.len == 0 || longer > SUGGEST_MAX_BYTES)
		return;
	distance = edit_distance(typed, name);
	if (typed.len >= SHORTEST_BEGINNING && view_starts_with(name, typed))
		distance = 1;
	if (distance > (longer + 2) / 3 || distance >= name.len)
		return;
	if (suggestion->text && suggestion->distance <= distance)
		return;
	*suggestion = (struct suggestion){ candidate, distance };
}
