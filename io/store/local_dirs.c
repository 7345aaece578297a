#include "io/store/local_internal.h"

#include <stdlib.h>

/* Enough for every log that a run writes; a power of two. A full set is emptied. */
#define DIRS_MAX 4096

static size_t slot_of(const struct local_dirs *dirs, const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
	size_t at;

	for (const char *c = path; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
	at = (size_t)(hash ^ hash >> 32) & (dirs->cap - 1);
	while (dirs->paths[at] && strcmp(dirs->paths[at], path) != 0)
		at = (at + 1) & (dirs->cap - 1);
	return at;
}

bool local_dirs_has(const struct local_dirs *dirs, const char *path)
{
	return dirs->cap && dirs->paths[slot_of(dirs, path)];
}

bool local_dirs_is_full(const struct local_dirs *dirs)
{
	return dirs->count >= DIRS_MAX;
}

void local_dirs_release(struct local_dirs *dirs)
{
	for (size_t i = 0; i < dirs->cap; i++)
		free(dirs->paths[i]);
	free(dirs->paths);
	*dirs = (struct local_dirs){ 0 };
}

/* Twice the room, at most half full. */
static enum muster_code grow(struct local_dirs *dirs, struct muster_error *err)
{
	struct local_dirs wider = { .cap = dirs->cap ? dirs->cap * 2 : 64, .count = dirs->count };

	wider.paths = calloc(wider.cap, sizeof(*wider.paths));
	if (!wider.paths)
		return muster_fail_memory(err, "the directories of a store");
	for (size_t i = 0; i < dirs->cap; i++) {
		if (dirs->paths[i])
			wider.paths[slot_of(&wider, dirs->paths[i])] = dirs->paths[i];
	}
	free(dirs->paths);
	*dirs = wider;
	return MUSTER_OK;
}

enum muster_code local_dirs_add(struct local_dirs *dirs, const char *path, struct muster_error *err)
{
	enum muster_code code;
	char *copy;
	size_t at;

	if (local_dirs_has(dirs, path))
		return MUSTER_OK;
	if (local_dirs_is_full(dirs))
		local_dirs_release(dirs);
	if (dirs->count * 2 >= dirs->cap) {
		code = grow(dirs, err);
		if (code)
			return code;
	}
	copy = malloc(strlen(path) + 1);
	if (!copy)
		return muster_fail_memory(err, "the directories of a store");
	memcpy(copy, path, strlen(path) + 1);
	at = slot_of(dirs, path);
	dirs->paths[at] = copy;
	dirs->count++;
	return MUSTER_OK;
}

void local_parent(const char *key, char *out)
{
	const char *slash = strrchr(key, '/');
	size_t len = slash ? (size_t)(slash - key) : 0;

	memmove(out, key, len);
	out[len] = '\0';
}
