#include "engine/manifest/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void scratch_release(struct scratch *scratch)
{
	if (scratch->fd_plus_one)
		close(scratch->fd_plus_one - 1);
	bytes_release(&scratch->buffer);
	*scratch = (struct scratch){ 0 };
}

static enum muster_code open_file(struct scratch *scratch, struct muster_error *err)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!dir || !*dir)
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
		snprintf(path, sizeof(path), "%s/muster-XXXXXX", dir);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	if (fd < 0)
		return muster_fail_errno(err, "make a temporary file in '%s'", dir);
	scratch->fd_plus_one = fd + 1;
	return MUSTER_OK;
}

static enum muster_code flush(struct scratch *scratch, struct muster_error *err)
{
	size_t done = 0;
	enum muster_code code;

	if (!scratch->fd_plus_one) {
		code = open_file(scratch, err);
		if (code)
			return code;
	}
	while (done < scratch->buffer.len) {
		ssize_t put = write(scratch->fd_plus_one - 1, scratch->buffer.ptr + done,
				    scratch->buffer.len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return muster_fail_errno(err, "write a temporary file");
		done += (size_t)put;
	}
	scratch->file_bytes += done;
	scratch->buffer.len = 0;
	return MUSTER_OK;
}

enum muster_code scratch_append(struct scratch *scratch, struct view data, struct muster_error *err)
{
	enum muster_code code = bytes_append_view(&scratch->buffer, data, err);

	if (!code && scratch->buffer.len >= SCRATCH_BUFFER_BYTES)
		code = flush(scratch, err);
	return code;
}

static enum muster_code each_in_file(struct scratch *scratch, scratch_piece_fn *fn, void *state,
				     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;
	uint8_t *piece = malloc(SCRATCH_BUFFER_BYTES);

	if (!piece)
		return muster_fail_memory(err, "a temporary file");
	for (uint64_t at = 0; at < scratch->file_bytes && !code;) {
		ssize_t got =
			pread(scratch->fd_plus_one - 1, piece, SCRATCH_BUFFER_BYTES, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			code = muster_fail_errno(err, "read a temporary file");
		else if (got == 0)
			code = muster_fail(err, MUSTER_E_FORMAT, "a temporary file was cut short");
		else
			code = fn(state, view_of(piece, (size_t)got), err);
		if (got > 0)
			at += (uint64_t)got;
	}
	free(piece);
	return code;
}

enum muster_code scratch_each(struct scratch *scratch, scratch_piece_fn *fn, void *state,
			      struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (scratch->file_bytes)
		code = each_in_file(scratch, fn, state, err);
	if (!code && scratch->buffer.len)
		code = fn(state, bytes_view(&scratch->buffer), err);
	return code;
}
