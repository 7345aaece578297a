#include "engine/put/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifact/path.h"
#include "io/spill/spill.h"

struct file_list {
	int dir_fd; /* AT_FDCWD or the root */
	struct spill *names;
	struct bytes text;	/* the batch's paths and names */
	struct bytes last_path; /* to drop doubles */
	struct list_entry entries[LIST_BATCH_MAX];
};

static enum muster_code list_new(struct file_list **out, struct muster_error *err)
{
	struct file_list *list = calloc(1, sizeof(*list));
	enum muster_code code;

	*out = NULL;
	if (!list)
		return muster_fail_memory(err, "a list of files");
	list->dir_fd = AT_FDCWD;
	code = spill_new(&list->names, NULL, err);
	if (code) {
		file_list_close(list);
		return code;
	}
	*out = list;
	return MUSTER_OK;
}

void file_list_close(struct file_list *list)
{
	if (!list)
		return;
	if (list->dir_fd >= 0)
		close(list->dir_fd);
	spill_free(list->names);
	bytes_release(&list->text);
	bytes_release(&list->last_path);
	free(list);
}

enum muster_code file_list_single(struct file_list **out, const char *name, struct view path,
				  struct muster_error *err)
{
	enum muster_code code = list_new(out, err);

	if (!code)
		code = spill_add((*out)->names, path, view_text(name), err);
	if (!code)
		code = spill_sort((*out)->names, err);
	if (code) {
		file_list_close(*out);
		*out = NULL;
	}
	return code;
}

static enum muster_code add_names(struct file_list *list, struct view text, char separator,
				  struct muster_error *err)
{
	struct bytes path = { 0 };
	enum muster_code code = MUSTER_OK;

	while (text.len && !code) {
		const uint8_t *end = memchr(text.ptr, separator, text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		struct view name = view_of(text.ptr, len);

		text.ptr += len + (end != NULL);
		text.len -= len + (end != NULL);
		if (name.len == 0)
			continue;
		path.len = 0;
		code = entry_path_normalize(name, &path, err);
		if (!code)
			code = spill_add(list->names, bytes_view(&path), bytes_view(&path), err);
	}
	bytes_release(&path);
	return code;
}

enum muster_code file_list_open(struct file_list **out, const char *root, struct view text,
				char separator, struct muster_error *err)
{
	enum muster_code code = list_new(out, err);

	if (code)
		return code;
	(*out)->dir_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if ((*out)->dir_fd < 0)
		code = muster_fail_errno(err, "open '%s'", root);
	if (!code)
		code = add_names(*out, text, separator, err);
	if (!code)
		code = spill_sort((*out)->names, err);
	if (code) {
		file_list_close(*out);
		*out = NULL;
	}
	return code;
}

static int64_t time_ns(struct timespec ts)
{
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void look_at(struct file_list *list, struct list_entry *entry)
{
	struct stat st;

	entry->error.code = MUSTER_OK;
	entry->is_vanished = false;
	if (fstatat(list->dir_fd, entry->name, &st, 0)) {
		muster_fail_errno(&entry->error, "stat");
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		muster_fail(&entry->error, MUSTER_E_USAGE, "it is not a file");
		return;
	}
	entry->found = (struct found_file){ .size_bytes = (uint64_t)st.st_size,
					    .mtime_ns = time_ns(st.st_mtim),
					    .ctime_ns = time_ns(st.st_ctim),
					    .inode = st.st_ino };
}

/* Names are offsets until the batch's text has its place. */
struct name_span {
	size_t path, path_len, name;
};

static enum muster_code collect(struct file_list *list, struct name_span *spans, size_t *count,
				struct muster_error *err)
{
	struct view key, value;
	enum muster_code code = MUSTER_OK;

	while (*count < LIST_BATCH_MAX &&
	       (code = spill_next(list->names, &key, &value, err)) == MUSTER_OK) {
		struct name_span *span = &spans[*count];

		if (list->last_path.len && view_equal(bytes_view(&list->last_path), key))
			continue;
		list->last_path.len = 0;
		*span = (struct name_span){ list->text.len, key.len, list->text.len + key.len };
		code = bytes_append_view(&list->last_path, key, err);
		if (!code)
			code = bytes_append_view(&list->text, key, err);
		if (!code)
			code = bytes_append_view(&list->text, value, err);
		if (!code)
			code = bytes_append_byte(&list->text, 0, err);
		if (code)
			return code;
		(*count)++;
	}
	return code == MUSTER_END && *count ? MUSTER_OK : code;
}

enum muster_code file_list_next(struct file_list *list, struct list_batch *out,
				struct muster_error *err)
{
	struct name_span spans[LIST_BATCH_MAX];
	size_t count = 0;
	enum muster_code code;

	list->text.len = 0;
	code = collect(list, spans, &count, err);
	if (code)
		return code;
	for (size_t i = 0; i < count; i++) {
		list->entries[i].path = view_of(list->text.ptr + spans[i].path, spans[i].path_len);
		list->entries[i].name = (const char *)list->text.ptr + spans[i].name;
		look_at(list, &list->entries[i]);
	}
	*out = (struct list_batch){ list->dir_fd, count, list->entries };
	return MUSTER_OK;
}
