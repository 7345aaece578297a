#include "engine/get/found.h"

#include <stdlib.h>

struct get_walk *get_walk_ref(struct get_walk *walk)
{
	if (walk) {
		atomic_fetch_add(&walk->refs, 1);
		atomic_fetch_add(&walk->openers, 1);
	}
	return walk;
}

void get_walk_leave(struct get_walk *walk)
{
	if (walk && atomic_fetch_sub(&walk->openers, 1) == 1)
		walk_batch_leave(walk->batch);
}

void get_walk_unref(struct get_walk *walk)
{
	if (!walk || atomic_fetch_sub(&walk->refs, 1) != 1)
		return;
	walk_batch_free(walk->batch);
	free(walk);
}

void get_found_leave(struct get_found_batch *batch)
{
	for (size_t i = 0; i < batch->walk_count && !batch->has_left; i++)
		get_walk_leave(batch->walks[i]);
	batch->has_left = true;
}

void get_found_reset(struct get_found_batch *batch)
{
	get_found_leave(batch);
	for (size_t i = 0; i < batch->count; i++)
		free(batch->items[i].read_error);
	for (size_t i = 0; i < batch->walk_count; i++)
		get_walk_unref(batch->walks[i]);
	batch->count = batch->text_bytes = batch->walk_count = 0;
	batch->has_left = false;
}

static void drop_walk(struct get_merge *merge)
{
	get_walk_leave(merge->shared);
	get_walk_unref(merge->shared);
	merge->shared = NULL;
}

void get_merge_release(struct get_merge *merge)
{
	drop_walk(merge);
	bytes_release(&merge->passed_dir);
}

bool get_rules_want(const void *state, struct view path, bool is_directory)
{
	const struct muster_wanted_rules *rules = state;

	return rules->wanted(rules->state, (const char *)path.ptr, path.len, is_directory);
}

/* --- the heads ------------------------------------------------------------------------------- */

static enum muster_code advance_version(struct get_merge *merge, struct muster_error *err)
{
	enum muster_code code;

	do {
		code = get_select_next(merge->selection, merge->version, &merge->head, err);
		merge->has_head = code == MUSTER_OK;
	} while (merge->has_head && merge->passed_dir.len &&
		 view_starts_with(merge->head.path, bytes_view(&merge->passed_dir)));
	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code load_walk(struct get_merge *merge, struct muster_error *err)
{
	struct walk_batch *batch;
	enum muster_code code = walk_next(merge->walk, &batch, err);

	if (code)
		return code;
	merge->shared = malloc(sizeof(*merge->shared));
	if (!merge->shared) {
		walk_batch_free(batch);
		return muster_fail_memory(err, "a batch of files");
	}
	merge->shared->batch = batch;
	atomic_init(&merge->shared->refs, 1);
	atomic_init(&merge->shared->openers, 1);
	merge->next = 0;
	return MUSTER_OK;
}

static enum muster_code need_file(struct get_merge *merge, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && !merge->walk_is_done &&
	       (!merge->shared || merge->next == merge->shared->batch->entry_count)) {
		drop_walk(merge);
		code = merge->walk ? load_walk(merge, err) : MUSTER_END;
		merge->walk_is_done = code == MUSTER_END;
	}
	return code == MUSTER_END ? MUSTER_OK : code;
}

static const struct walk_entry *file_head(const struct get_merge *merge)
{
	return merge->walk_is_done ? NULL : &merge->shared->batch->entries[merge->next];
}

/* A directory stands where "path/" would. */
static int compare(const struct walk_entry *file, struct view entry_path)
{
	size_t shared;

	if (!file->is_directory)
		return view_compare(file->path, entry_path);
	shared = view_shared(file->path, entry_path);
	if (shared < file->path.len)
		return shared == entry_path.len || file->path.ptr[shared] > entry_path.ptr[shared]
			       ? 1
			       : -1;
	if (entry_path.len == shared)
		return 1;
	return entry_path.ptr[shared] < '/' ? 1 : -1;
}

/* --- items ----------------------------------------------------------------------------------- */

static void add_entry(struct get_found_batch *batch, struct get_found *item,
		      const struct entry *entry)
{
	uint8_t *copy = batch->text + batch->text_bytes;

	if (!item->has_file) {
		memcpy(copy, entry->path.ptr, entry->path.len);
		batch->text_bytes += entry->path.len;
		item->path = view_of(copy, entry->path.len);
	}
	item->has_entry = true;
	item->entry = *entry;
	item->entry.path = item->path;
	if (entry->ref.len) /* that there is one counts, not what it is */
		item->entry.ref = VIEW_LITERAL("reference");
	item->entry.digest_text = item->entry.extra = item->entry.birth_artifact_id =
		(struct view){ 0 };
}

static void add_file(struct get_merge *merge, struct get_found_batch *batch, struct get_found *item)
{
	const struct walk_entry *file = file_head(merge);

	if (!batch->walk_count || batch->walks[batch->walk_count - 1] != merge->shared)
		batch->walks[batch->walk_count++] = get_walk_ref(merge->shared);
	item->has_file = true;
	item->path = file->path;
	item->walk = merge->shared;
	item->name = file->name;
	item->error = file->error;
	item->is_directory = file->error && file->is_directory;
	item->has_stat = file->has_stat;
	item->stat = (struct found_file){ file->stat.size_bytes, file->stat.mtime_ns,
					  file->stat.ctime_ns, file->stat.inode };
	merge->next++;
}

uint64_t get_found_bytes(const struct get_found *item)
{
	if (!item->has_file)
		return 0;
	return item->has_stat ? item->stat.size_bytes : item->entry.size_bytes;
}

/* What lies below cannot be known: its entries are no drift of their own. */
static enum muster_code pass_over(struct get_merge *merge, struct view dir,
				  struct muster_error *err)
{
	enum muster_code code;

	merge->passed_dir.len = 0;
	code = bytes_append_view(&merge->passed_dir, dir, err);
	if (!code)
		code = bytes_append_byte(&merge->passed_dir, '/', err);
	if (!code && merge->has_head &&
	    view_starts_with(merge->head.path, bytes_view(&merge->passed_dir)))
		code = advance_version(merge, err);
	return code;
}

static bool has_room(const struct get_merge *merge, const struct get_found_batch *batch)
{
	bool is_new_walk = merge->shared && batch->walk_count &&
			   batch->walks[batch->walk_count - 1] != merge->shared;

	return batch->count < GET_FOUND_MAX &&
	       sizeof(batch->text) - batch->text_bytes >= ENTRY_PATH_MAX_BYTES &&
	       !(is_new_walk && batch->walk_count == GET_FOUND_WALKS);
}

static enum muster_code add_item(struct get_merge *merge, struct get_found_batch *batch,
				 struct muster_error *err)
{
	const struct walk_entry *file = file_head(merge);
	int order = !file ? 1 : !merge->has_head ? -1 : compare(file, merge->head.path);
	struct get_found *item = &batch->items[batch->count++];

	*item = (struct get_found){ .batch = batch };
	if (order <= 0)
		add_file(merge, batch, item);
	if (order >= 0) {
		add_entry(batch, item, &merge->head);
		return advance_version(merge, err);
	}
	return item->is_directory ? pass_over(merge, item->path, err) : MUSTER_OK;
}

enum muster_code get_merge_fill(struct get_merge *merge, struct get_found_batch *batch,
				struct muster_error *err)
{
	uint64_t bytes = 0;
	enum muster_code code = MUSTER_OK;

	get_found_reset(batch);
	if (!merge->has_begun)
		code = advance_version(merge, err);
	merge->has_begun = true;
	while (!code && !(code = need_file(merge, err)) && bytes < GET_FOUND_BYTES &&
	       has_room(merge, batch) && (file_head(merge) || merge->has_head)) {
		const struct get_found *item = &batch->items[batch->count];

		code = add_item(merge, batch, err);
		if (get_found_bytes(item) <= PACK_BLOB_MAX_BYTES)
			bytes += get_found_bytes(item);
	}
	if (code) {
		get_found_reset(batch);
		return code;
	}
	return batch->count ? MUSTER_OK : MUSTER_END;
}
