#include "engine/put/input.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "artifact/path.h"
#include "engine/put/uri.h"

/* Patterns are about whole entry paths: with the prefix before what the walk sees. */
static bool is_wanted(const struct input *input, struct view path, bool is_directory)
{
	const struct muster_put_options *options = input->options;
	char whole[2 * ENTRY_PATH_MAX_BYTES];
	size_t len = input->prefix.len + path.len;

	if (!options->wanted)
		return true;
	if (input->prefix.len == 0)
		return options->wanted(options->wanted_state, (const char *)path.ptr, path.len,
				       is_directory);
	if (len > sizeof(whole))
		return true; /* too long: the plan refuses it with its path */
	memcpy(whole, input->prefix.ptr, input->prefix.len);
	memcpy(whole + input->prefix.len, path.ptr, path.len);
	return options->wanted(options->wanted_state, whole, len, is_directory);
}

static bool walk_wants(const void *state, struct view path, bool is_directory)
{
	return is_wanted(state, path, is_directory);
}

enum muster_code input_wake(struct input *input, struct muster_error *err)
{
	struct walk_options walk = { .thread_count = input->limits.thread_count,
				     .ahead_entry_max = input->limits.ahead_entry_max,
				     .names_max_bytes = input->limits.names_max_bytes,
				     .wanted = input->options->wanted ? walk_wants : NULL,
				     .wanted_state = input,
				     .one_file_system = input->options->one_file_system };

	if (!input->is_asleep)
		return MUSTER_OK;
	input->is_asleep = false;
	return walk_open(&input->walk, input->directory, &walk, err);
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

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum muster_code open_single(struct input *input, const char *name, struct muster_error *err)
{
	struct bytes path = { 0 };
	enum muster_code code;

	input->is_single = true;
	code = entry_path_normalize(view_text(name ? name : base_name(input->directory)), &path,
				    err);
	if (!code)
		code = file_list_single(&input->list, input->directory, bytes_view(&path), err);
	bytes_release(&path);
	return code;
}

static enum muster_code open_directory(struct input *input, const char *name,
				       const struct source_limits *limits, struct muster_error *err)
{
	const struct muster_put_options *options = input->options;
	enum muster_code code = set_prefix(input, name, err);

	if (code)
		return code;
	if (options->files_from)
		return file_list_open(&input->list, input->directory,
				      view_of(options->files_from, options->files_from_bytes),
				      options->files_from_separator, err);
	input->limits = *limits;
	input->is_asleep = true;
	return MUSTER_OK;
}

/* Something on disk, whether its bytes are stored or only referred to. */
static enum muster_code open_local(struct input *input, const char *name,
				   const struct source_limits *limits, struct muster_error *err)
{
	struct stat st;

	if (stat(input->directory, &st)) {
		bool is_missing = errno == ENOENT || errno == ENOTDIR;
		enum muster_code code = muster_fail_errno(err, "put '%s'", input->root);

		if (is_missing && err)
			err->code = MUSTER_E_NAME;
		return is_missing ? MUSTER_E_NAME : code;
	}
	if (S_ISDIR(st.st_mode))
		return open_directory(input, name, limits, err);
	if (S_ISREG(st.st_mode))
		return open_single(input, name, err);
	return muster_fail(err, MUSTER_E_USAGE, "put '%s': it is neither a directory nor a file",
			   input->root);
}

static enum muster_code open_tracked(struct input *input, const char *name,
				     struct muster_error *err)
{
	if (!name)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a reference that is not followed needs a name: --at NAME=%s",
				   input->root);
	input->is_tracked = true;
	return open_single(input, name, err);
}

/* One entry under its last name, or all of a directory. */
static enum muster_code open_version(struct input *input, const char *name,
				     struct muster_error *err)
{
	enum muster_code code;

	if (!input->repository)
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s': without a repository there are no versions", input->root);
	code = version_list_open(&input->version, input->repository, input->root, name, err);
	if (code)
		return code;
	input->is_single = version_list_is_single(input->version);
	return input->is_single ? MUSTER_OK : set_prefix(input, name, err);
}

static enum muster_code open_reference(struct input *input, const char *name,
				       const struct source_limits *limits, struct muster_error *err)
{
	struct bytes path = { 0 };
	enum muster_code code;

	input->uri = input->root;
	free(input->directory);
	input->directory = NULL;
	switch (uri_kind(input->root)) {
	case URI_NETWORK:
		return muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"put '%s': references over the network are not part of this version",
			input->root);
	case URI_MUSTER:
		return open_version(input, name, err);
	case URI_TRACKED:
		input->directory = strdup(input->root);
		return input->directory ? open_tracked(input, name, err)
					: muster_fail_memory(err, "a reference");
	case URI_FILE:
	case URI_NONE:
		break;
	}
	code = uri_file_path(input->root, &path, err);
	if (!code)
		code = bytes_append_byte(&path, 0, err);
	if (code) {
		bytes_release(&path);
		return code;
	}
	input->directory = (char *)path.ptr;
	return open_local(input, name, limits, err);
}

enum muster_code input_open(struct input *input, const struct muster_put_options *options,
			    const struct muster_source *from, const struct source_limits *limits,
			    struct muster_error *err)
{
	input->options = options;
	input->root = from->path;
	input->begin = limits->begin;
	input->end = limits->end;
	if (uri_kind(from->path) != URI_NONE)
		return open_reference(input, from->name, limits, err);
	input->directory = strdup(from->path);
	if (!input->directory)
		return muster_fail_memory(err, "a source");
	return open_local(input, from->name, limits, err);
}

static void release_shared(struct input *input)
{
	shared_walk_leave(input->shared);
	shared_walk_unref(input->shared);
	input->shared = NULL;
}

void input_release(struct input *input)
{
	release_shared(input);
	if (input->walk)
		walk_close(input->walk);
	file_list_close(input->list);
	version_list_close(input->version);
	bytes_release(&input->prefix);
	free(input->directory);
}

static enum muster_code load_walk(struct input *input, struct muster_error *err)
{
	struct walk_batch *batch;
	enum muster_code code = walk_next(input->walk, &batch, err);

	if (code == MUSTER_END) {
		input->special_count = walk_counted(input->walk).special_count;
		walk_close(input->walk);
		input->walk = NULL;
	}
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

enum muster_code input_load(struct input *input, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && !input->is_done && !input->is_asleep && input->next == input->count) {
		release_shared(input);
		input->next = input->count = 0;
		if (input->walk) {
			code = load_walk(input, err);
		} else if (input->version) {
			code = version_list_next(input->version, &input->carried, &input->count,
						 err);
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

struct view input_head(const struct input *input)
{
	if (input->is_asleep)
		return (struct view){ 0 };
	if (input->version)
		return input->carried[input->next].path;
	return input->walk ? input->shared->batch->entries[input->next].path
			   : input->listed.entries[input->next].path;
}

int input_compare(const struct input *a, const struct input *b)
{
	struct view parts_a[2] = { bytes_view(&a->prefix), input_head(a) };
	struct view parts_b[2] = { bytes_view(&b->prefix), input_head(b) };
	size_t i = 0, j = 0;

	for (;;) { /* piece by piece, without building the paths */
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

static void fill_from_walk(struct put_item *item, const struct walk_entry *entry)
{
	item->path = entry->path;
	item->name = entry->name;
	item->error = entry->error;
	item->fate = entry->error ? ITEM_FAILED : ITEM_READ;
	item->found = (struct found_file){ .size_bytes = entry->stat.size_bytes,
					   .mtime_ns = entry->stat.mtime_ns,
					   .ctime_ns = entry->stat.ctime_ns,
					   .inode = entry->stat.inode };
}

static void fill_from_list(struct put_item *item, const struct list_entry *entry)
{
	item->path = entry->path;
	item->name = entry->name;
	item->found = entry->found;
	item->fate = ITEM_READ;
	if (entry->is_vanished)
		item->fate = ITEM_VANISHED;
	else if (entry->error.code)
		put_item_fail(item, &entry->error);
}

static void fill_from_version(struct put_item *item, const struct entry *entry)
{
	item->path = entry->path;
	item->name = "";
	item->fate = ITEM_CARRIED;
	item->is_reference = false; /* its bytes are stored */
	item->carried = entry;
	item->found.size_bytes = entry->has_size ? entry->size_bytes : 0;
}

/* How the whole path stands to a bound. */
static int compare_whole(const struct input *input, struct view path, struct view bound)
{
	size_t len = input->prefix.len < bound.len ? input->prefix.len : bound.len;
	int order = len ? memcmp(input->prefix.ptr, bound.ptr, len) : 0;

	if (order || len < input->prefix.len)
		return order ? order : 1;
	return view_compare(path, view_of(bound.ptr + len, bound.len - len));
}

/* No pattern is asked for what is named itself. */
static bool is_in_range(const struct input *input, struct view path)
{
	return (!input->begin.len || compare_whole(input, path, input->begin) >= 0) &&
	       (!input->end.len || compare_whole(input, path, input->end) < 0);
}

/* Asked first: what is not wanted has no error to be freed. */
static bool take_listed(const struct input *input, const struct list_entry *entry,
			struct put_item *item)
{
	bool is_taken = input->is_tracked ? is_in_range(input, entry->path)
					  : is_wanted(input, entry->path, false);

	if (!is_taken)
		return false;
	fill_from_list(item, entry);
	if (input->is_tracked)
		item->fate = ITEM_TRACKED;
	return true;
}

bool input_take(struct input *input, struct put_item *item)
{
	*item = (struct put_item){ .is_reference = input->uri != NULL };
	if (input->version) {
		fill_from_version(item, &input->carried[input->next++]);
		return input->is_single ? is_in_range(input, item->path)
					: is_wanted(input, item->path, false);
	}
	if (input->walk) {
		fill_from_walk(item, &input->shared->batch->entries[input->next++]);
		return true; /* the walk has asked the filter */
	}
	return take_listed(input, &input->listed.entries[input->next++], item);
}

/* Bytes that an item's own path, name and reference need. */
static size_t text_bytes(const struct input *input, const struct put_item *item)
{
	size_t bytes = input->prefix.len + item->path.len + strlen(item->name) + 1;

	return input->uri ? bytes + strlen(input->uri) + 1 + URI_GROWTH * item->path.len : bytes;
}

static char *put_bytes(char *at, const void *from, size_t len)
{
	if (len)
		memcpy(at, from, len);
	return at + len;
}

/* "<uri>/<path>", the path escaped where a URI would mean something else; a single file's own. */
static char *put_reference(char *at, const struct input *input, struct put_item *item,
			   struct view path)
{
	char *begin = at;
	size_t len = strlen(input->uri);

	while (!input->is_single && len > 7 && input->uri[len - 1] == '/')
		len--;
	at = put_bytes(at, input->uri, len);
	if (!input->is_single) {
		*at++ = '/';
		at += uri_escape(at, path);
	}
	item->ref = view_of(begin, (size_t)(at - begin));
	return at;
}

static char *own_item(char *at, const struct input *input, struct put_item *item)
{
	struct view path = item->path;
	char *begin = at;

	if (input->uri) {
		at = put_reference(at, input, item, path);
		begin = at;
	}
	at = put_bytes(at, input->prefix.ptr, input->prefix.len);
	at = put_bytes(at, path.ptr, path.len);
	item->path = view_of(begin, (size_t)(at - begin));
	begin = at;
	at = put_bytes(at, item->name, strlen(item->name) + 1);
	item->name = begin;
	return at;
}

/* --- entries of another version ------------------------------------------------------------- */

static size_t carried_bytes(const struct input *input, const struct put_item *item)
{
	const struct entry *entry = item->carried;

	return sizeof(*entry) + input->prefix.len + item->path.len + entry->digest_text.len +
	       entry->ref.len + entry->extra.len + entry->birth_artifact_id.len;
}

static char *own_text(char *at, struct view *text)
{
	char *begin = at;

	at = put_bytes(at, text->ptr, text->len);
	*text = view_of(begin, text->len);
	return at;
}

/* The entries stand before all texts, where they are aligned. */
static enum muster_code give_carried(struct input *input, struct put_batch *batch,
				     struct muster_error *err)
{
	struct entry *entries;
	size_t bytes = 1;
	char *at;

	for (size_t i = 0; i < batch->item_count; i++)
		bytes += carried_bytes(input, &batch->items[i]);
	batch->text = malloc(bytes);
	if (!batch->text)
		return muster_fail_memory(err, "entries");
	entries = (struct entry *)(void *)batch->text;
	at = (char *)(entries + batch->item_count);
	for (size_t i = 0; i < batch->item_count; i++) {
		struct put_item *item = &batch->items[i];
		char *path = at;

		entries[i] = *item->carried;
		at = put_bytes(at, input->prefix.ptr, input->prefix.len);
		at = put_bytes(at, item->path.ptr, item->path.len);
		item->path = view_of(path, (size_t)(at - path));
		at = own_text(at, &entries[i].digest_text);
		at = own_text(at, &entries[i].ref);
		at = own_text(at, &entries[i].extra);
		at = own_text(at, &entries[i].birth_artifact_id);
		item->carried = &entries[i];
	}
	batch->dir_fd = -1;
	return MUSTER_OK;
}

enum muster_code input_give(struct input *input, struct put_batch *batch, struct muster_error *err)
{
	size_t bytes = 1;
	char *at;

	if (input->version)
		return give_carried(input, batch, err);
	batch->dir_fd = input->walk ? input->shared->batch->dir_fd : input->listed.dir_fd;
	batch->walk = shared_walk_ref(input->shared);
	if (input->walk && !input->prefix.len && !input->uri)
		return MUSTER_OK; /* everything lies in the walk's batch */
	for (size_t i = 0; i < batch->item_count; i++)
		bytes += text_bytes(input, &batch->items[i]);
	batch->text = malloc(bytes);
	if (!batch->text)
		return muster_fail_memory(err, "paths");
	at = batch->text;
	for (size_t i = 0; i < batch->item_count; i++)
		at = own_item(at, input, &batch->items[i]);
	return MUSTER_OK;
}
