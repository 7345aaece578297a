#include "engine/draft/ranges.h"

#include "engine/manifest/version_reader.h"
#include "engine/put/put.h"

/* A put_path_fn. */
static enum muster_code take_path(void *state, struct view path, uint64_t size_bytes,
				  struct muster_error *err)
{
	return shard_cutter_add(state, path, size_bytes + RANGES_FILE_BYTES, 1, err);
}

enum muster_code ranges_of_sources(struct shard_cutter *cutter,
				   const struct muster_put_options *options, unsigned thread_count,
				   struct muster_error *err)
{
	return put_each_path(options, thread_count, take_path, cutter, err);
}

static enum muster_code take_leaf(struct shard_cutter *cutter, const struct leaf_record *leaf,
				  struct muster_error *err)
{
	uint64_t files = (uint64_t)leaf->entry_count * RANGES_FILE_BYTES;

	return shard_cutter_add(cutter, leaf->first_path, leaf->size_bytes + files,
				leaf->entry_count, err);
}

enum muster_code ranges_of_version(struct shard_cutter *cutter, struct store *store,
				   const struct manifest_pointer *version, struct muster_error *err)
{
	const struct leaf_record *leaf;
	struct version_reader *reader;
	enum muster_code code = version_reader_open(&reader, store, version, NULL, err);

	if (code)
		return code;
	while (!(code = version_reader_seam(reader, &leaf, err))) {
		code = take_leaf(cutter, leaf, err);
		if (code)
			break;
		cursor_skip_leaf(version_reader_cursor(reader));
	}
	version_reader_close(reader);
	return code == MUSTER_END ? MUSTER_OK : code;
}
