/* What the machine, or the control group around this process, has to give. */
#include "api/api_internal.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text/text.h"

#define FILE_MAX_BYTES 65536
#define PATH_BYTES     4096

const struct machine_files machine_system_files = {
	.meminfo = "/proc/meminfo",
	.cgroups = "/proc/self/cgroup",
	.mount = "/sys/fs/cgroup",
};

unsigned machine_processors(void)
{
	cpu_set_t set;
	int count = 0;

	if (!sched_getaffinity(0, sizeof(set), &set))
		count = CPU_COUNT(&set);
	if (count < 1) /* more processors than a set of fixed size can name */
		count = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return count < 1 ? 1 : (unsigned)count;
}

/* Files of the kernel have no size: read until they end. False where there is none. */
static bool read_text(const char *path, struct bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	out->len = 0;
	if (fd < 0 || bytes_reserve(out, FILE_MAX_BYTES, NULL))
		goto out;
	while (out->len < FILE_MAX_BYTES &&
	       (got = read(fd, out->ptr + out->len, FILE_MAX_BYTES - out->len)) > 0)
		out->len += (size_t)got;
out:
	if (fd >= 0)
		close(fd);
	return got >= 0;
}

static bool next_line(struct view *text, struct view *line)
{
	const uint8_t *end;

	if (!text->len)
		return false;
	end = memchr(text->ptr, '\n', text->len);
	*line = view_of(text->ptr, end ? (size_t)(end - text->ptr) : text->len);
	*text = view_of(line->ptr + line->len, text->len - line->len);
	if (end)
		*text = view_of(text->ptr + 1, text->len - 1);
	return true;
}

/* The number that a view begins with, behind spaces; false if there is none ("max"). */
static bool leading_number(struct view text, uint64_t *out)
{
	size_t len = 0;

	while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = view_of(text.ptr + 1, text.len - 1);
	while (len < text.len && text.ptr[len] >= '0' && text.ptr[len] <= '9')
		len++;
	return text_parse_u64(view_of(text.ptr, len), out);
}

static uint64_t total_bytes(const char *meminfo, struct bytes *buffer)
{
	const struct view key = VIEW_LITERAL("MemTotal:");
	struct view text, line;
	uint64_t kib;

	if (!read_text(meminfo, buffer))
		return 0;
	text = bytes_view(buffer);
	while (next_line(&text, &line))
		if (view_starts_with(line, key) &&
		    leading_number(view_of(line.ptr + key.len, line.len - key.len), &kib))
			return kib > UINT64_MAX / 1024 ? 0 : kib * 1024;
	return 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* The smallest limit of a group and of those around it, up to the mount. */
static uint64_t group_limit(const char *mount, const char *controller, struct view group,
			    const char *file, struct bytes *buffer)
{
	char path[PATH_BYTES];
	uint64_t limit = 0, found;

	for (;;) {
		int len = snprintf(path, sizeof(path), "%s%s%.*s/%s", mount, controller,
				   VIEW_ARGS(group), file);

		if (len > 0 && (size_t)len < sizeof(path) && read_text(path, buffer) &&
		    leading_number(bytes_view(buffer), &found))
			limit = smaller(limit, found);
		if (!group.len)
			return limit;
		do
			group.len--;
		while (group.len && group.ptr[group.len] != '/');
	}
}

static bool names_memory(struct view controllers)
{
	const struct view memory = VIEW_LITERAL("memory");

	while (controllers.len) {
		const uint8_t *comma = memchr(controllers.ptr, ',', controllers.len);
		size_t len = comma ? (size_t)(comma - controllers.ptr) : controllers.len;

		if (view_equal(view_of(controllers.ptr, len), memory))
			return true;
		len += comma != NULL;
		controllers = view_of(controllers.ptr + len, controllers.len - len);
	}
	return false;
}

/* A line "<number>:<controllers>:<group>"; no controllers: version 2. */
static uint64_t line_limit(const char *mount, struct view line, struct bytes *buffer)
{
	const uint8_t *first = memchr(line.ptr, ':', line.len), *second = NULL, *end;
	struct view controllers, group;

	end = line.ptr + line.len;
	if (first)
		second = memchr(first + 1, ':', (size_t)(end - first - 1));
	if (!second)
		return 0;
	controllers = view_of(first + 1, (size_t)(second - first - 1));
	group = view_of(second + 1, (size_t)(end - second - 1));
	if (group.len == 1) /* "/" is the mount itself */
		group.len = 0;
	if (!controllers.len)
		return group_limit(mount, "", group, "memory.max", buffer);
	if (names_memory(controllers))
		return group_limit(mount, "/memory", group, "memory.limit_in_bytes", buffer);
	return 0;
}

uint64_t machine_memory_bytes(const struct machine_files *files)
{
	struct bytes cgroups = { 0 }, buffer = { 0 };
	uint64_t bytes = total_bytes(files->meminfo, &buffer);
	struct view text, line;

	if (read_text(files->cgroups, &cgroups)) {
		text = bytes_view(&cgroups);
		while (next_line(&text, &line))
			if (line.len)
				bytes = smaller(bytes, line_limit(files->mount, line, &buffer));
	}
	bytes_release(&cgroups);
	bytes_release(&buffer);
	return bytes;
}
