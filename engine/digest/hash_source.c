#include "engine/digest/hash_source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/put/uri.h"
#include "io/tree/tree_time.h"

struct hash_source {
	const struct muster_put_options *options;
	struct walk *walk; /* this, or `put` */
	struct put_source *put;
	int64_t begun_ns;
};

static bool is_one_directory(const struct muster_put_options *options)
{
	const struct muster_source *from = options->sources;
	struct stat st;

	return options->source_count == 1 && !from->name && !options->files_from &&
	       uri_kind(from->path) == URI_NONE && !stat(from->path, &st) && S_ISDIR(st.st_mode);
}

static bool walk_wants(const void *state, struct view path, bool is_directory)
{
	const struct muster_put_options *options = state;

	return options->wanted(options->wanted_state, (const char *)path.ptr, path.len,
			       is_directory);
}

static enum muster_code open_walk(struct hash_source *source, unsigned thread_count,
				  struct muster_error *err)
{
	const struct muster_put_options *options = source->options;
	struct walk_options walk = { .thread_count = thread_count,
				     .wanted = options->wanted ? walk_wants : NULL,
				     .wanted_state = options,
				     .one_file_system = options->one_file_system,
				     .types_only = true };
	const char *directory = options->sources->path;
	enum muster_code code = tree_time_now(directory, &source->begun_ns, err);

	return code ? code : walk_open(&source->walk, directory, &walk, err);
}

enum muster_code hash_source_open(struct hash_source **out,
				  const struct muster_put_options *options, unsigned thread_count,
				  struct muster_error *err)
{
	struct source_limits limits = { .thread_count = thread_count };
	struct hash_source *source = calloc(1, sizeof(*source));
	enum muster_code code;

	*out = NULL;
	if (!source)
		return muster_fail_memory(err, "the sources");
	source->options = options;
	code = is_one_directory(options)
		       ? open_walk(source, thread_count, err)
		       : put_source_open(&source->put, NULL, options, &limits, err);
	if (code)
		hash_source_close(source);
	else
		*out = source;
	return code;
}

void hash_source_close(struct hash_source *source)
{
	if (!source)
		return;
	if (source->walk)
		walk_close(source->walk);
	if (source->put)
		put_source_close(source->put);
	free(source);
}

static struct put_batch *batch_new(struct walk_batch *files)
{
	struct put_batch *batch =
		malloc(sizeof(*batch) + files->entry_count * sizeof(batch->items[0]));
	struct shared_walk *shared = malloc(sizeof(*shared));

	if (!batch || !shared) {
		free(batch);
		free(shared);
		return NULL;
	}
	shared->batch = files;
	atomic_init(&shared->refs, 1);
	atomic_init(&shared->openers, 1);
	*batch = (struct put_batch){ .dir_fd = files->dir_fd,
				     .walk = shared,
				     .item_count = files->entry_count };
	return batch;
}

static void fill_item(struct put_item *item, const struct walk_entry *entry)
{
	*item = (struct put_item){ .path = entry->path,
				   .name = entry->name,
				   .found = { .size_bytes = entry->stat.size_bytes,
					      .mtime_ns = entry->stat.mtime_ns,
					      .ctime_ns = entry->stat.ctime_ns,
					      .inode = entry->stat.inode },
				   .fate = entry->error ? ITEM_FAILED : ITEM_READ,
				   .error = entry->error };
}

static enum muster_code next_of_walk(struct hash_source *source, struct put_batch **out,
				     bool *has_stat, struct muster_error *err)
{
	struct walk_batch *files;
	enum muster_code code = walk_next(source->walk, &files, err);

	if (code)
		return code;
	*out = batch_new(files);
	if (!*out) {
		walk_batch_free(files);
		return muster_fail_memory(err, "a batch");
	}
	for (size_t i = 0; i < files->entry_count; i++) {
		fill_item(&(*out)->items[i], &files->entries[i]);
		(*out)->items[i].batch = *out;
		has_stat[i] = files->entries[i].has_stat;
	}
	return MUSTER_OK;
}

enum muster_code hash_source_next(struct hash_source *source, struct put_batch **out,
				  bool *has_stat, struct muster_error *err)
{
	_Static_assert(PUT_BATCH_MAX == WALK_BATCH_MAX, "a walk's batch passes as it is");
	*out = NULL;
	if (source->walk)
		return next_of_walk(source, out, has_stat, err);
	memset(has_stat, true, PUT_BATCH_MAX * sizeof(*has_stat));
	return put_source_next(source->put, out, err);
}

int64_t hash_source_begun_ns(const struct hash_source *source)
{
	return source->begun_ns;
}

uint64_t hash_source_special_count(const struct hash_source *source)
{
	return source->walk ? walk_counted(source->walk).special_count
			    : put_source_special_count(source->put);
}
