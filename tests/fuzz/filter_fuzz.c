/*
 * Input: include patterns, one a line; a NUL; the text of an exclude file; a NUL; a path.
 * A path is wanted exactly if each directory above it is and a walk wants it; and a pattern matches
 * exactly the paths that a table of all pairs of places in both says (the slow, plain way).
 */
#include <stdlib.h>

#include "base/filter/filter.h"

#define PLAIN_MAX 256 /* bytes of pattern and path that the slow way is asked for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static struct view take_until(struct view *text, uint8_t end)
{
	struct view part = *text;
	size_t len = 0;

	while (len < text->len && text->ptr[len] != end)
		len++;
	part.len = len;
	len += len < text->len;
	*text = view_of(text->ptr + len, text->len - len);
	return part;
}

/* A path as the contract asks for: not empty, no empty component. */
static bool is_path(struct view path)
{
	if (path.len == 0 || path.ptr[0] == '/' || path.ptr[path.len - 1] == '/')
		return false;
	for (size_t i = 1; i < path.len; i++)
		if (path.ptr[i] == '/' && path.ptr[i - 1] == '/')
			return false;
	return true;
}

/* Only names, '*', '?' and "**": what plain_match() knows. */
static bool is_plain(struct view text)
{
	if (text.len > PLAIN_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '[' || text.ptr[i] == '\\' || text.ptr[i] >= 0x80)
			return false;
	return true;
}

/* Do the stars at `at` stand between '/' or ends, two or more? Gives how many. */
static bool is_any(struct view pattern, size_t at, size_t *stars)
{
	*stars = 0;
	while (at + *stars < pattern.len && pattern.ptr[at + *stars] == '*')
		++*stars;
	return *stars > 1 && (at == 0 || pattern.ptr[at - 1] == '/') &&
	       (at + *stars == pattern.len || pattern.ptr[at + *stars] == '/');
}

/* matched[p][t]: does pattern[p..] match path[t..]? Filled from the ends. */
static bool plain_match(struct view pattern, struct view path)
{
	static bool matched[PLAIN_MAX + 2][PLAIN_MAX + 2];

	for (size_t p = pattern.len + 1; p-- > 0;) {
		for (size_t t = path.len + 1; t-- > 0;) {
			uint8_t c = p < pattern.len ? pattern.ptr[p] : 0;
			bool *out = &matched[p][t];
			size_t stars;

			if (p == pattern.len) {
				*out = t == path.len;
			} else if (is_any(pattern, p, &stars)) {
				size_t next = p + stars;

				*out = next == pattern.len && t < path.len;
				if (next < pattern.len) /* from each beginning of a component */
					for (size_t i = t; i < path.len && !*out; i++)
						*out = (i == t || path.ptr[i - 1] == '/') &&
						       matched[next + 1][i];
			} else if (c == '*') {
				*out = matched[p + 1][t] ||
				       (t < path.len && path.ptr[t] != '/' && matched[p][t + 1]);
			} else {
				*out = t < path.len && matched[p + 1][t + 1] &&
				       (c == '?' ? path.ptr[t] != '/' : path.ptr[t] == c);
			}
		}
	}
	return matched[0][0];
}

static void check_glob(struct view pattern, struct view path)
{
	struct glob *glob;
	bool is_match;

	if (glob_new(&glob, pattern, NULL))
		return;
	is_match = glob_match(glob, path);
	if (is_plain(pattern) && is_plain(path))
		require(is_match == plain_match(pattern, path));
	glob_free(glob);
}

static void check_filter(const struct filter *filter, struct view path)
{
	for (int is_directory = 0; is_directory < 2; is_directory++) {
		bool is_wanted = filter_wants_in_walk(filter, path, is_directory);

		for (size_t len = 0; len < path.len; len++)
			if (path.ptr[len] == '/' &&
			    !filter_wants(filter, view_of(path.ptr, len), true))
				is_wanted = false;
		require(filter_wants(filter, path, is_directory) == is_wanted);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view path = view_of(data, size);
	struct view includes = take_until(&path, 0), excludes = take_until(&path, 0);
	struct filter *filter;

	if (!is_path(path) || path.len > 4096)
		return 0;
	require(!filter_new(&filter, NULL));
	(void)filter_add_file_text(filter, excludes, NULL);
	while (includes.len) {
		struct view pattern = take_until(&includes, '\n');

		check_glob(pattern, path);
		(void)filter_add(filter, pattern, FILTER_INCLUDE, NULL);
	}
	check_filter(filter, path);
	filter_free(filter);
	return 0;
}
