/* Walks and lists of files, merged into one stream in path order. With one source, a walk's batch
 * passes as it is; with several, a batch is cut where another source has the next path. */
#include "engine/put/put_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifact/path.h"
#include "engine/put/list.h"
#include "planners/clash/clash.h"

/* One source and its items that wait. */
struct input {
	const char *root;    /* as the user wrote it, for messages */
	struct bytes prefix; /* "" or "name/" */
	struct walk *walk;   /* or */
	struct file_list *list;
	struct shared_walk *shared; /* the walk's batch in hand */
	struct list_batch listed;
	size_t next, count;
	bool is_done;
};

struct put_source {
	struct input *inputs;
	size_t input_count;
	struct clash clash;
	const struct muster_put_options *options;
};

static bool walk_wants(const void *state, struct view path, bool is_directory)
{
	const struct muster_put_options *options = state;

	return options->wanted(options->wanted_state, (const char *)path.ptr, path.len,
			       is_directory);
}

static enum muster_code open_walk(struct put_source *source, struct input *input,
				  unsigned thread_count, struct muster_error *err)
{
	const struct muster_put_options *options = source->options;
	struct walk_options walk = { .thread_count = thread_count,
				     .wanted = options->wanted ? walk_wants : NULL,
				     .wanted_state = options,
				     .one_file_system = options->one_file_system };

	return walk_open(&input->walk, input->root, &walk, err);
}

/* "name/" for a directory with a name, checked by the rule for paths. */
static enum muster_code set_prefix(struct input *input, const char *name, struct muster_error *err)
{
	enum muster_code code;

	if (!name)
		return MUSTER_OK;
	code = entry_path_normalize(view_text(name), &input->prefix, err);
	return code ? code : bytes_append_byte(&input->prefix, '/', err);
}

static enum muster_code open_single(struct input *input, const struct muster_source *from,
				    struct muster_error *err)
{
	struct bytes path = { 0 };
	const char *base = strrchr(from->path, '/');
	enum muster_code code;

	base = base ? base + 1 : from->path;
	code = entry_path_normalize(view_text(from->name ? from->name : base), &path, err);
	if (!code)
		code = file_list_single(&input->list, from->path, bytes_view(&path), err);
	bytes_release(&path);
	return code;
}

static enum muster_code open_input(struct put_source *source, struct input *input,
				   const struct muster_source *from, unsigned thread_count,
				   struct muster_error *err)
{
	const struct muster_put_options *options = source->options;
	struct stat st;
	enum muster_code code;

	input->root = from->path;
	if (stat(from->path, &st)) {
		muster_fail_errno(err, "put '%s'", from->path);
		if (err && (err->sys_errno == ENOENT || err->sys_errno == ENOTDIR))
			err->code = MUSTER_E_NAME;
		return err ? err->code : MUSTER_E_NAME;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (!S_ISREG(st.st_mode))
			return muster_fail(err, MUSTER_E_USAGE,
					   "put '%s': it is neither a directory nor a file",
					   from->path);
		return open_single(input, from, err);
	}
	code = set_prefix(input, from->name, err);
	if (code)
		return code;
	if (options->files_from)
		return file_list_open(&input->list, from->path,
				      view_of(options->files_from, options->files_from_bytes),
				      options->files_from_separator, err);
	return open_walk(source, input, thread_count, err);
}

enum muster_code put_source_open(struct put_source **out, const struct muster_put_options *options,
				 unsigned thread_count, struct muster_error *err)
{
	struct put_source *source = calloc(1, sizeof(*source));
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	if (!source)
		return muster_fail_memory(err, "the sources");
	source->options = options;
	source->inputs = calloc(options->source_count, sizeof(*source->inputs));
	if (!source->inputs)
		code = muster_fail_memory(err, "the sources");
	for (size_t i = 0; i < options->source_count && !code; i++) {
		source->input_count++;
		code = open_input(source, &source->inputs[i], &options->sources[i], thread_count,
				  err);
	}
	if (code) {
		put_source_close(source);
		return code;
	}
	*out = source;
	return MUSTER_OK;
}

static void release_shared(struct input *input)
{
	shared_walk_leave(input->shared);
	shared_walk_unref(input->shared);
	input->shared = NULL;
}

void put_source_close(struct put_source *source)
{
	if (!source)
		return;
	for (size_t i = 0; i < source->input_count; i++) {
		struct input *input = &source->inputs[i];

		release_shared(input);
		if (input->walk)
			walk_close(input->walk);
		file_list_close(input->list);
		bytes_release(&input->prefix);
	}
	clash_release(&source->clash);
	free(source->inputs);
	free(source);
}

uint64_t put_source_special_count(const struct put_source *source)
{
	uint64_t count = 0;

	for (size_t i = 0; i < source->input_count; i++)
		if (source->inputs[i].walk)
			count += walk_counted(source->inputs[i].walk).special_count;
	return count;
}

static enum muster_code load_walk(struct input *input, struct muster_error *err)
{
	struct walk_batch *batch;
	enum muster_code code = walk_next(input->walk, &batch, err);

	if (code)
		return code;
	input->shared = malloc(sizeof(*input->shared));
	if (!input->shared) {
		walk_batch_free(batch);
		return muster_fail_memory(err, "a batch");
	}
	input->shared->batch = batch;
	atomic_init(&input->shared->refs, 1);
	atomic_init(&input->shared->openers, 1);
	input->count = batch->entry_count;
	return MUSTER_OK;
}

/* Make sure that an input has an item in hand, or is done. */
static enum muster_code load(struct input *input, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && !input->is_done && input->next == input->count) {
		release_shared(input);
		input->next = input->count = 0;
		if (input->walk) {
			code = load_walk(input, err);
		} else {
			code = file_list_next(input->list, &input->listed, err);
			input->count = code ? 0 : input->listed.count;
		}
		input->is_done = code == MUSTER_END;
		if (input->is_done)
			code = MUSTER_OK;
	}
	return code;
}

static struct view head_path(const struct input *input)
{
	return input->walk ? input->shared->batch->entries[input->next].path
			   : input->listed.entries[input->next].path;
}

/* Order of whole paths, each with its prefix, without building them. */
static int compare_heads(const struct input *a, const struct input *b)
{
	struct view parts_a[2] = { bytes_view(&a->prefix), head_path(a) };
	struct view parts_b[2] = { bytes_view(&b->prefix), head_path(b) };
	size_t i = 0, j = 0;

	for (;;) {
		size_t len;
		int order;

		while (i < 2 && parts_a[i].len == 0)
			i++;
		while (j < 2 && parts_b[j].len == 0)
			j++;
		if (i == 2 || j == 2)
			return (i != 2) - (j != 2);
		len = parts_a[i].len < parts_b[j].len ? parts_a[i].len : parts_b[j].len;
		order = memcmp(parts_a[i].ptr, parts_b[j].ptr, len);
		if (order)
			return order;
		parts_a[i] = view_of(parts_a[i].ptr + len, parts_a[i].len - len);
		parts_b[j] = view_of(parts_b[j].ptr + len, parts_b[j].len - len);
	}
}

static struct input *smallest(struct put_source *source)
{
	struct input *best = NULL;

	for (size_t i = 0; i < source->input_count; i++) {
		struct input *input = &source->inputs[i];

		if (!input->is_done && (!best || compare_heads(input, best) < 0))
			best = input;
	}
	return best;
}

static bool is_before_others(struct put_source *source, const struct input *input)
{
	for (size_t i = 0; i < source->input_count; i++) {
		const struct input *other = &source->inputs[i];

		if (other != input && !other->is_done && compare_heads(other, input) <= 0)
			return false;
	}
	return true;
}

static void fill_from_walk(struct put_item *item, struct input *input)
{
	const struct walk_entry *entry = &input->shared->batch->entries[input->next];

	item->path = entry->path;
	item->name = entry->name;
	item->error = entry->error;
	item->fate = entry->error ? ITEM_FAILED : ITEM_READ;
	item->found = (struct found_file){ .size_bytes = entry->stat.size_bytes,
					   .mtime_ns = entry->stat.mtime_ns,
					   .ctime_ns = entry->stat.ctime_ns,
					   .inode = entry->stat.inode };
}

static void fill_from_list(struct put_item *item, struct input *input)
{
	struct list_entry *entry = &input->listed.entries[input->next];

	item->path = entry->path;
	item->name = entry->name;
	item->found = entry->found;
	item->fate = ITEM_READ;
	if (entry->is_vanished)
		item->fate = ITEM_VANISHED;
	else if (entry->error.code)
		put_item_fail(item, &entry->error);
}

/* Paths with a prefix, and those of lists, are copied: the batch outlives them. */
static enum muster_code own_paths(struct put_batch *batch, const struct input *input,
				  struct muster_error *err)
{
	size_t bytes = 0, at = 0;

	for (size_t i = 0; i < batch->item_count; i++)
		bytes += input->prefix.len + batch->items[i].path.len + 1 +
			 strlen(batch->items[i].name) + 1;
	batch->text = malloc(bytes);
	if (!batch->text)
		return muster_fail_memory(err, "paths");
	for (size_t i = 0; i < batch->item_count; i++) {
		struct put_item *item = &batch->items[i];
		size_t name_len = strlen(item->name) + 1;
		char *text = batch->text + at;

		if (input->prefix.len)
			memcpy(text, input->prefix.ptr, input->prefix.len);
		memcpy(text + input->prefix.len, item->path.ptr, item->path.len);
		item->path = view_of(text, input->prefix.len + item->path.len);
		at += item->path.len;
		memcpy(batch->text + at, item->name, name_len);
		item->name = batch->text + at;
		at += name_len;
	}
	return MUSTER_OK;
}

static enum muster_code two_sources(struct put_source *source, const struct input *input,
				    struct muster_error *err)
{
	const struct input *other = input;
	struct view path = head_path(input);

	for (size_t i = 0; i < source->input_count; i++)
		if (&source->inputs[i] != input && !source->inputs[i].is_done &&
		    compare_heads(&source->inputs[i], input) == 0)
			other = &source->inputs[i];
	return muster_fail(err, MUSTER_E_USAGE, "'%.*s%.*s' comes from two sources: '%s' and '%s'",
			   VIEW_ARGS(bytes_view(&input->prefix)), VIEW_ARGS(path), input->root,
			   other->root);
}

/* A file and a directory of one name can only meet where sources meet. */
static enum muster_code check_clashes(struct put_source *source, const struct put_batch *batch,
				      struct muster_error *err)
{
	for (size_t i = 0; i < batch->item_count; i++) {
		enum muster_code code = clash_next(&source->clash, batch->items[i].path, err);

		if (code)
			return code;
	}
	return MUSTER_OK;
}

static enum muster_code take_items(struct put_source *source, struct input *input,
				   struct put_batch *batch, size_t item_max,
				   struct muster_error *err)
{
	bool is_alone = source->input_count == 1;
	enum muster_code code = MUSTER_OK;

	while (input->next < input->count && batch->item_count < item_max) {
		struct put_item *item;

		if (!is_alone && batch->item_count && !is_before_others(source, input))
			break;
		item = &batch->items[batch->item_count++];
		*item = (struct put_item){ 0 };
		if (input->walk)
			fill_from_walk(item, input);
		else
			fill_from_list(item, input);
		input->next++;
	}
	batch->dir_fd = input->walk ? input->shared->batch->dir_fd : input->listed.dir_fd;
	batch->walk = shared_walk_ref(input->shared);
	if (!input->walk || input->prefix.len)
		code = own_paths(batch, input, err);
	if (!code && !is_alone)
		code = check_clashes(source, batch, err);
	return code;
}

enum muster_code put_source_next(struct put_source *source, struct put_batch **out,
				 struct muster_error *err)
{
	struct put_batch *batch;
	struct input *input;
	size_t item_max;
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	for (size_t i = 0; i < source->input_count && !code; i++)
		code = load(&source->inputs[i], err);
	if (code)
		return code;
	input = smallest(source);
	if (!input)
		return MUSTER_END;
	if (!is_before_others(source, input))
		return two_sources(source, input, err);
	item_max = input->count - input->next;
	if (item_max > PUT_BATCH_MAX)
		item_max = PUT_BATCH_MAX;
	batch = malloc(sizeof(*batch) + item_max * sizeof(batch->items[0]));
	if (!batch)
		return muster_fail_memory(err, "a batch");
	*batch = (struct put_batch){ 0 };
	code = take_items(source, input, batch, item_max, err);
	if (code) {
		put_batch_free(batch);
		return code;
	}
	*out = batch;
	return MUSTER_OK;
}
