#include "planners/clash/clash.h"

void clash_release(struct clash *clash)
{
	bytes_release(&clash->path);
	bytes_release(&clash->ends);
}

static uint32_t last_end(const struct clash *clash)
{
	return get_u32(clash->ends.ptr + clash->ends.len - 4);
}

enum muster_code clash_next(struct clash *clash, struct view path, struct muster_error *err)
{
	size_t shared = view_shared(bytes_view(&clash->path), path);
	uint8_t end[4];
	enum muster_code code;

	while (clash->ends.len && last_end(clash) > shared)
		clash->ends.len -= 4;
	for (size_t at = 0; at < clash->ends.len; at += 4) {
		uint32_t len = get_u32(clash->ends.ptr + at);

		if (len < path.len && path.ptr[len] == '/')
			return muster_fail(
				err, MUSTER_E_USAGE,
				"'%.*s' is a file, and '%.*s' needs it to be a directory", (int)len,
				(const char *)path.ptr, VIEW_ARGS(path));
	}
	clash->path.len = 0;
	code = bytes_append_view(&clash->path, path, err);
	if (code)
		return code;
	put_u32(end, (uint32_t)path.len);
	return bytes_append(&clash->ends, end, 4, err);
}
