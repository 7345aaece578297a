/* Whatever the bytes are: a line that is read and whose path is understood is written as a line
 * that reads back the same. */
#include <stdlib.h>

#include "cli/sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void check_line(const struct sum_line *line, struct bytes *path)
{
	struct bytes text = { 0 }, again = { 0 };
	struct sum_line back;
	struct view rest;
	uint64_t number = 0;

	path->len--; /* the NUL */
	sum_append(&text, line->digest, bytes_view(path));
	rest = bytes_view(&text);
	require(sum_take(&rest, &back, &number) && number == 1 && rest.len == 0);
	require(memcmp(back.digest, line->digest, SUM_BYTES) == 0);
	require(sum_path(&again, &back));
	again.len--;
	require(view_equal(bytes_view(&again), bytes_view(path)));
	bytes_release(&again);
	bytes_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = view_of(data, size);
	struct sum_line line;
	uint64_t number = 0, before = 0;

	while (sum_take(&text, &line, &number)) {
		struct bytes path = { 0 };

		require(number > before);
		before = number;
		if (line.path.len && sum_path(&path, &line))
			check_line(&line, &path);
		bytes_release(&path);
	}
	require(text.len == 0);
	return 0;
}
