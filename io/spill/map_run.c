#include "io/spill/map_run.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK_HEAD_BYTES 4

static enum muster_code read_at(const struct map_run *run, uint64_t offset_bytes, void *out,
				size_t len, struct muster_error *err)
{
	uint8_t *at = out;

	while (len) {
		ssize_t got = pread(run->fd, at, len, (off_t)offset_bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0)
				errno = EIO;
			return muster_fail_errno(err, "read a sorted run in '%s'", run->dir);
		}
		at += got;
		offset_bytes += (uint64_t)got;
		len -= (size_t)got;
	}
	return MUSTER_OK;
}

static uint32_t used_bytes(const struct map_run *run)
{
	uint32_t used;

	memcpy(&used, run->block, sizeof(used));
	return used;
}

/* Blocks are written whole, so every read of one is, too. */
static enum muster_code write_block(struct map_run *run, struct muster_error *err)
{
	uint64_t offset_bytes = run->block_count * MAP_BLOCK_BYTES;
	struct view left = view_of(run->block, MAP_BLOCK_BYTES);

	while (left.len) {
		ssize_t wrote = pwrite(run->fd, left.ptr, left.len, (off_t)offset_bytes);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0) {
			if (wrote == 0)
				errno = ENOSPC;
			return muster_fail_errno(err, "write a sorted run in '%s'", run->dir);
		}
		left = view_of(left.ptr + wrote, left.len - (size_t)wrote);
		offset_bytes += (uint64_t)wrote;
	}
	run->block_count++;
	return MUSTER_OK;
}

static void begin_block(struct map_run *run)
{
	const uint32_t used = BLOCK_HEAD_BYTES;

	memcpy(run->block, &used, sizeof(used));
}

static enum muster_code need_block(struct map_run *run, struct muster_error *err)
{
	if (run->block)
		return MUSTER_OK;
	run->block = calloc(1, MAP_BLOCK_BYTES);
	run->held = UINT64_MAX;
	return run->block ? MUSTER_OK : muster_fail_memory(err, "a block of a sorted run");
}

enum muster_code map_run_create(struct map_run *run, const char *dir, struct muster_error *err)
{
	enum muster_code code = run_file_open(&run->fd, dir, false, err);

	if (code)
		return code;
	run->dir = dir;
	code = need_block(run, err);
	if (code) {
		close(run->fd);
		*run = (struct map_run){ 0 };
		return code;
	}
	begin_block(run);
	return MUSTER_OK;
}

void map_run_release(struct map_run *run)
{
	if (run->dir)
		close(run->fd); /* a file without a name: nothing in it is kept */
	free(run->block);
	*run = (struct map_run){ 0 };
}

enum muster_code map_run_add(struct map_run *run, struct view key, struct view value,
			     struct muster_error *err)
{
	const uint32_t lens[2] = { (uint32_t)key.len, (uint32_t)value.len };
	uint32_t used = used_bytes(run);
	size_t len = RUN_HEAD_BYTES + key.len + value.len;

	if (len > MAP_BLOCK_BYTES - used) {
		enum muster_code code = write_block(run, err);

		if (code)
			return code;
		begin_block(run);
		used = BLOCK_HEAD_BYTES;
	}
	memcpy(run->block + used, lens, sizeof(lens));
	memcpy(run->block + used + RUN_HEAD_BYTES, key.ptr, key.len);
	if (value.len)
		memcpy(run->block + used + RUN_HEAD_BYTES + key.len, value.ptr, value.len);
	used += (uint32_t)len;
	memcpy(run->block, &used, sizeof(used));
	return MUSTER_OK;
}

enum muster_code map_run_end(struct map_run *run, struct muster_error *err)
{
	enum muster_code code = write_block(run, err);

	run->is_at_end = true;
	return code;
}

static enum muster_code hold(struct map_run *run, uint64_t block, struct muster_error *err)
{
	enum muster_code code = need_block(run, err);

	if (code || run->held == block)
		return code;
	run->held = UINT64_MAX;
	code = read_at(run, block * MAP_BLOCK_BYTES, run->block, MAP_BLOCK_BYTES, err);
	if (!code)
		run->held = block;
	return code;
}

/* How the first key of a block stands to `key`. */
static enum muster_code compare_first(struct map_run *run, uint64_t block, struct view key,
				      int *order, struct muster_error *err)
{
	uint64_t offset_bytes = block * MAP_BLOCK_BYTES + BLOCK_HEAD_BYTES;
	uint8_t first[SPILL_MAP_KEY_MAX_BYTES];
	uint32_t lens[2];
	enum muster_code code = read_at(run, offset_bytes, lens, sizeof(lens), err);

	if (!code)
		code = read_at(run, offset_bytes + RUN_HEAD_BYTES, first, lens[0], err);
	if (!code)
		*order = view_compare(view_of(first, lens[0]), key);
	return code;
}

/* The last block that begins with `key` or before; the first one if none does. */
static enum muster_code find_block(struct map_run *run, struct view key, uint64_t *out,
				   struct muster_error *err)
{
	uint64_t low = 0, high = run->block_count;
	enum muster_code code = MUSTER_OK;

	while (!code && high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		int order = 0;

		code = compare_first(run, middle, key, &order, err);
		if (order <= 0)
			low = middle;
		else
			high = middle;
	}
	*out = low;
	return code;
}

bool map_run_head(const struct map_run *run, struct view *key, struct view *value)
{
	struct view record;

	if (run->is_at_end)
		return false;
	record = view_of(run->block + run->at, MAP_BLOCK_BYTES - run->at);
	*key = record_key(record);
	*value = record_value(record);
	return true;
}

enum muster_code map_run_step(struct map_run *run, struct muster_error *err)
{
	struct view key, value;
	enum muster_code code = MUSTER_OK;

	if (!map_run_head(run, &key, &value))
		return MUSTER_OK;
	run->at += (uint32_t)(RUN_HEAD_BYTES + key.len + value.len);
	if (run->at < used_bytes(run))
		return MUSTER_OK;
	if (run->held + 1 == run->block_count)
		run->is_at_end = true;
	else
		code = hold(run, run->held + 1, err);
	run->at = BLOCK_HEAD_BYTES;
	return code;
}

enum muster_code map_run_seek(struct map_run *run, struct view key, struct muster_error *err)
{
	struct view head, value;
	uint64_t block;
	enum muster_code code = find_block(run, key, &block, err);

	if (!code)
		code = hold(run, block, err);
	run->at = BLOCK_HEAD_BYTES;
	run->is_at_end = code != MUSTER_OK;
	while (!code && map_run_head(run, &head, &value) && view_compare(head, key) < 0)
		code = map_run_step(run, err);
	return code;
}
