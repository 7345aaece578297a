#include "engine/draft/prefixes.h"

#include <string.h>

void prefixes_release(struct prefixes *prefixes)
{
	bytes_release(&prefixes->path);
	bytes_release(&prefixes->items);
}

size_t prefixes_count(const struct prefixes *prefixes)
{
	return prefixes->items.len / sizeof(struct prefix);
}

struct prefix prefixes_at(const struct prefixes *prefixes, size_t index)
{
	struct prefix prefix;

	memcpy(&prefix, prefixes->items.ptr + index * sizeof(prefix), sizeof(prefix));
	return prefix;
}

enum muster_code prefixes_step(struct prefixes *prefixes, struct view path,
			       struct muster_error *err)
{
	size_t shared = view_shared(bytes_view(&prefixes->path), path);
	size_t count = prefixes_count(prefixes);

	while (count && prefixes_at(prefixes, count - 1).len > shared)
		count--;
	prefixes->items.len = count * sizeof(struct prefix);
	prefixes->path.len = 0;
	return bytes_append_view(&prefixes->path, path, err);
}

enum muster_code prefixes_say(struct prefixes *prefixes, uint32_t what, struct muster_error *err)
{
	const struct prefix prefix = { (uint32_t)prefixes->path.len, what };

	return bytes_append(&prefixes->items, &prefix, sizeof(prefix), err);
}
