#include "cli/argument.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)

static enum muster_code read_all(struct bytes *out, int fd, const char *path, uint64_t max_bytes,
				 struct muster_error *err)
{
	for (;;) {
		enum muster_code code = bytes_reserve(out, READ_BYTES, err);
		ssize_t n;

		if (code)
			return code;
		n = read(fd, out->ptr + out->len, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return muster_fail_errno(err, "read '%s'", path);
		if (n == 0)
			return MUSTER_OK;
		out->len += (size_t)n;
		if (out->len > max_bytes)
			return muster_fail(err, MUSTER_E_LIMIT, "'%s' is longer than %llu bytes",
					   path, (unsigned long long)max_bytes);
	}
}

static enum muster_code fail_open(const char *what, const char *path, struct muster_error *err)
{
	int saved_errno = errno;

	if (argument_refuse_uri(path, "a file", err)) {
		muster_context(err, "%s", what);
	} else {
		errno = saved_errno;
		muster_fail_errno(err, "%s: open '%s'", what, path);
	}
	return err->code = MUSTER_E_USAGE;
}

enum muster_code argument_read_file(struct bytes *out, const char *what, const char *path,
				    uint64_t max_bytes, struct muster_error *err)
{
	enum muster_code code;
	int fd;

	if (strcmp(path, "-") == 0) {
		code = read_all(out, STDIN_FILENO, "standard input", max_bytes, err);
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return fail_open(what, path, err);
		code = read_all(out, fd, path, max_bytes, err);
		close(fd); /* opened read-only: nothing can be lost here */
	}
	if (code)
		muster_context(err, "%s", what);
	return code;
}

enum muster_code argument_document(struct bytes *out, const char *what, const char *text,
				   struct muster_error *err)
{
	enum muster_code code;

	if (text[0] == '@')
		code = argument_read_file(out, what, text + 1, DOCUMENT_MAX_BYTES, err);
	else
		code = bytes_append_text(out, text, err);
	if (!code && out->len && memchr(out->ptr, '\0', out->len))
		code = muster_fail(err, MUSTER_E_USAGE, "%s: '%s' holds a NUL byte", what,
				   text + 1);
	if (!code)
		code = bytes_append_byte(out, '\0', err);
	if (!code)
		out->len--;
	return code;
}

bool argument_is_uri(const char *text)
{
	size_t len =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return len && strncmp(text + len, "://", 3) == 0;
}

enum muster_code argument_refuse_uri(const char *path, const char *needed, struct muster_error *err)
{
	if (!path || !argument_is_uri(path))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "'%s': URIs are not supported here by this build; %s is needed", path,
			   needed);
}

enum muster_code argument_check_path(const char *path, bool must_be_directory,
				     struct muster_error *err)
{
	enum muster_code code;
	struct stat st;
	int saved_errno;

	if (!*path)
		return muster_fail(err, MUSTER_E_USAGE, "a path is empty");
	if (stat(path, &st) == 0) {
		if (must_be_directory && !S_ISDIR(st.st_mode))
			return muster_fail(err, MUSTER_E_NAME, "'%s' is no directory", path);
		return MUSTER_OK;
	}
	saved_errno = errno;
	code = argument_refuse_uri(path, must_be_directory ? "a directory" : "a directory or file",
				   err);
	if (code)
		return code;
	errno = saved_errno;
	if (errno == ENOENT)
		return muster_fail(err, MUSTER_E_NAME, "there is no file or directory '%s'", path);
	muster_fail_errno(err, "'%s'", path);
	return err->code = MUSTER_E_NAME;
}

enum muster_code argument_check_file(const char *path, struct muster_error *err)
{
	enum muster_code code = argument_check_path(path, false, err);
	struct stat st;

	if (!code && stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return muster_fail(err, MUSTER_E_NAME, "'%s' is %s: a file is needed", path,
				   S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
	return code;
}

bool argument_has_alias(const char *version)
{
	return strchr(version, ':') != NULL;
}

enum muster_code argument_check_collection(const char *name, bool is_collection,
					   struct muster_error *err)
{
	if (!is_collection || !argument_has_alias(name))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "'%s' is one version; --collection is for an artifact with all of them",
			   name);
}

static enum muster_code add_pattern_file(struct filter *filter, const char *path,
					 struct muster_error *err)
{
	struct bytes text = { 0 };
	enum muster_code code =
		argument_read_file(&text, "--exclude-from", path, PATTERN_FILE_MAX_BYTES, err);

	if (!code) {
		code = filter_add_file_text(filter, bytes_view(&text), err);
		if (code)
			muster_context(err, "--exclude-from '%s'", path);
	}
	bytes_release(&text);
	return code;
}

static enum muster_code add_item(struct filter *filter, const struct option_item *item,
				 struct muster_error *err)
{
	bool is_include = item->tag == PATTERN_TAG_INCLUDE;
	enum muster_code code;

	if (item->tag == PATTERN_TAG_FILE)
		return add_pattern_file(filter, item->text, err);
	code = filter_add(filter, view_text(item->text),
			  is_include ? FILTER_INCLUDE : FILTER_EXCLUDE, err);
	if (code)
		muster_context(err, is_include ? "--include" : "--exclude");
	return code;
}

enum muster_code argument_filter(struct filter **out, const struct option_list *patterns,
				 struct muster_error *err)
{
	enum muster_code code;

	*out = NULL;
	if (patterns->count == 0)
		return MUSTER_OK;
	code = filter_new(out, err);
	for (size_t i = 0; i < patterns->count && !code; i++)
		code = add_item(*out, &patterns->items[i], err);
	if (code) {
		filter_free(*out);
		*out = NULL;
	}
	return code;
}

bool argument_wants(const void *filter, const char *path, uint64_t path_bytes, bool is_directory)
{
	return filter_wants(filter, view_of(path, path_bytes), is_directory);
}

struct muster_wanted_rules argument_rules(const struct filter *filter)
{
	return (struct muster_wanted_rules){ .wanted = filter ? argument_wants : NULL,
					     .state = filter };
}
