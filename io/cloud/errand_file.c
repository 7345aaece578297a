#include "io/cloud/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES (16u << 10)

enum muster_code errand_path(const struct errand *errand, struct bytes *out, struct view path,
			     struct muster_error *err)
{
	struct view home = errand_env(errand, "HOME");
	enum muster_code code;

	if (!view_starts_with(path, VIEW_LITERAL("~/")))
		return bytes_append_view(out, path, err);
	if (!home.len)
		return muster_fail(err, MUSTER_E_USAGE, "'%.*s': HOME is not set", VIEW_ARGS(path));
	code = bytes_append_view(out, home, err);
	return code ? code : bytes_append_view(out, view_of(path.ptr + 1, path.len - 1), err);
}

/* Room for as much again, without leaving a copy behind. */
static enum muster_code grow(struct bytes *out, size_t more, struct muster_error *err)
{
	struct bytes wider = { 0 };
	enum muster_code code = bytes_reserve(&wider, out->len + more, err);

	if (!code)
		code = bytes_append_view(&wider, bytes_view(out), err);
	if (code) {
		secret_scrub(&wider);
		return code;
	}
	secret_scrub(out);
	*out = wider;
	return MUSTER_OK;
}

static enum muster_code read_all(struct bytes *out, int fd, size_t first_bytes,
				 struct muster_error *err)
{
	enum muster_code code = grow(out, first_bytes, err);

	while (!code) {
		ssize_t len = read(fd, out->ptr + out->len, out->cap - out->len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return muster_fail_errno(err, "read");
		if (!len)
			return MUSTER_OK;
		out->len += (size_t)len;
		if (out->len > ERRAND_FILE_MAX_BYTES)
			return muster_fail(err, MUSTER_E_LIMIT, "it is longer than %u bytes",
					   ERRAND_FILE_MAX_BYTES);
		if (out->len == out->cap)
			code = grow(out, out->len, err);
	}
	return code;
}

static enum muster_code read_open(struct bytes *out, int fd, struct muster_error *err)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return muster_fail_errno(err, "look at it");
	if (S_ISREG(stat.st_mode) && stat.st_size > ERRAND_FILE_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "it is longer than %u bytes",
				   ERRAND_FILE_MAX_BYTES);
	/* a byte more: the read that finds the end needs room */
	return read_all(out, fd, stat.st_size > 0 ? (size_t)stat.st_size + 1 : FIRST_BYTES, err);
}

enum muster_code errand_read(struct bytes *out, struct view path, struct muster_error *err)
{
	struct bytes name = { 0 };
	enum muster_code code = bytes_printf(&name, err, "%.*s", VIEW_ARGS(path));
	int fd;

	*out = (struct bytes){ 0 };
	if (code)
		return code;
	fd = open((const char *)name.ptr, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		code = MUSTER_ABSENT;
	else if (fd < 0)
		code = muster_fail_errno(err, "open '%.*s'", VIEW_ARGS(path));
	bytes_release(&name);
	if (fd < 0)
		return code;
	code = read_open(out, fd, err);
	if (code) {
		secret_scrub(out);
		muster_context(err, "'%.*s'", VIEW_ARGS(path));
	}
	close(fd); /* opened read-only: nothing can be lost here */
	return code;
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

enum muster_code errand_read_secret(struct secret *out, struct view path, struct muster_error *err)
{
	struct bytes text;
	struct view rest;
	enum muster_code code = errand_read(&text, path, err);

	if (code == MUSTER_ABSENT) {
		errno = ENOENT;
		return muster_fail_errno(err, "open '%.*s'", VIEW_ARGS(path));
	}
	if (code)
		return code;
	rest = bytes_view(&text);
	while (rest.len && is_blank(rest.ptr[0]))
		rest = view_of(rest.ptr + 1, rest.len - 1);
	while (rest.len && is_blank(rest.ptr[rest.len - 1]))
		rest.len--;
	code = rest.len ? secret_set(out, rest, err)
			: muster_fail(err, MUSTER_E_FORMAT, "'%.*s' is empty", VIEW_ARGS(path));
	secret_scrub(&text);
	return code;
}
