#include "engine/get/reference.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text/text.h"
#include "engine/get/fetch_internal.h"
#include "io/file/read.h"

#define FILE_SCHEME "file://"

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False where the path cannot be one of a file. */
static bool decode_percent(struct view path, char out[PATH_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < path.len && len + 1 < PATH_MAX; i++) {
		int high, low;

		if (path.ptr[i] == '%' && i + 2 < path.len &&
		    (high = hex_value(path.ptr[i + 1])) >= 0 &&
		    (low = hex_value(path.ptr[i + 2])) >= 0) {
			out[len++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[len++] = (char)path.ptr[i];
		}
	}
	out[len] = '\0';
	return memchr(out, '\0', len) == NULL;
}

/* "file:///a", "file://localhost/a". False: not a file of this machine. */
static bool file_path(struct view ref, struct view *path)
{
	struct view local = VIEW_LITERAL("localhost");

	if (!view_starts_with(ref, VIEW_LITERAL(FILE_SCHEME)))
		return false;
	*path = view_of(ref.ptr + sizeof(FILE_SCHEME) - 1, ref.len - (sizeof(FILE_SCHEME) - 1));
	if (view_starts_with(*path, local))
		*path = view_of(path->ptr + local.len, path->len - local.len);
	return path->len > 0 && path->ptr[0] == '/' && path->len < PATH_MAX;
}

/* As written first: W&B joins names of files without encoding them; then decoded. */
static enum muster_code open_referenced(struct view path, int *fd, struct muster_error *error)
{
	char text[PATH_MAX];
	struct stat st;
	enum muster_code code;

	memcpy(text, path.ptr, path.len);
	text[path.len] = '\0';
	code = file_open(AT_FDCWD, text, fd, NULL, error);
	if (code == MUSTER_E_VANISHED && memchr(text, '%', path.len) && decode_percent(path, text))
		code = file_open(AT_FDCWD, text, fd, NULL, error);
	if (code)
		return code;
	if (fstat(*fd, &st) || S_ISREG(st.st_mode))
		return MUSTER_OK;
	close(*fd);
	return muster_fail(error, MUSTER_E_IO, "'%s' is not a file", text);
}

/* W&B's digest of a reference that was added without a checksum is one of the URI: it proves no
 * bytes, and there is nothing else to prove them with. */
static bool is_unchecked(const struct get_item *item)
{
	uint8_t digest[DIGEST_BYTES];

	if (item->entry.algorithm == DIGEST_TEXT)
		return true;
	md5_of(item->entry.ref, digest);
	return memcmp(digest, item->entry.fingerprint.digest, DIGEST_BYTES) == 0;
}

/* What becomes of the item is in `code` and `error`; what is returned, and goes to `err`, ends the
 * run. */
struct copying {
	struct get_fetcher *fetcher;
	struct get_item *item;
	int fd;
	uint64_t copied_bytes;
	enum muster_code code;
	struct muster_error error;
};

static enum muster_code copy_pieces(struct copying *copying, struct hasher *hasher,
				    struct muster_error *err)
{
	struct get_fetcher *fetcher = copying->fetcher;
	uint8_t *buffer = fetcher->buffer;
	enum muster_code code = MUSTER_OK;

	while (!code && copying->item->fate != GET_FAILED) {
		size_t got;

		copying->code = file_read_at(copying->fd, copying->copied_bytes, buffer,
					     GET_CHUNK_BYTES, &got, &copying->error);
		if (copying->code || !got)
			break;
		if (get_is_stopping(fetcher->job)) {
			copying->code = MUSTER_E_CANCELLED;
			break;
		}
		hash_update(hasher, view_of(buffer, got));
		get_count(&fetcher->job->progress->read_bytes, got);
		code = fetcher->sink.piece(fetcher->sink.state, copying->item, view_of(buffer, got),
					   err);
		copying->copied_bytes += got;
	}
	return code;
}

static enum muster_code check_copied(struct get_fetcher *fetcher, const struct get_item *item,
				     const struct fingerprint *actual, uint64_t copied,
				     struct muster_error *error)
{
	if (item->entry.has_size && copied != item->entry.size_bytes)
		return muster_fail(error, MUSTER_E_DIGEST,
				   "the referenced file has %llu %s now, not %llu",
				   (unsigned long long)copied, text_plural(copied, "byte", "bytes"),
				   (unsigned long long)item->entry.size_bytes);
	if (!is_unchecked(item) && !get_fetch_is_proven(fetcher, item, actual))
		return muster_fail(error, MUSTER_E_DIGEST,
				   "the referenced file has other bytes than it had");
	return MUSTER_OK;
}

/* Copied and proved. */
static enum muster_code take(struct copying *copying, const struct fingerprint *actual,
			     struct muster_error *err)
{
	struct get_fetcher *fetcher = copying->fetcher;
	struct get_item *item = copying->item;

	item->fate = GET_DONE;
	item->entry.size_bytes = copying->copied_bytes;
	item->entry.fingerprint = *actual;
	item->entry.has_checksum = true;
	if (item->entry.algorithm == DIGEST_TEXT)
		item->entry.algorithm = DIGEST_MD5;
	get_count(&fetcher->job->progress->read_files, 1);
	return fetcher->sink.end(fetcher->sink.state, item, err);
}

static enum muster_code copy(struct copying *copying, struct muster_error *err)
{
	struct get_fetcher *fetcher = copying->fetcher;
	struct get_item *item = copying->item;
	enum digest_algorithm algorithm = item->entry.algorithm;
	struct fingerprint actual;
	struct hasher *hasher;
	enum muster_code code = get_fetch_hasher(
		fetcher, algorithm == DIGEST_TEXT ? DIGEST_MD5 : algorithm, &hasher, err);

	if (!code)
		code = fetcher->sink.begin(fetcher->sink.state, item, err);
	if (code || item->fate == GET_FAILED)
		return code;
	hash_begin(hasher);
	code = copy_pieces(copying, hasher, err);
	hash_end(hasher, &actual);
	if (!code && !copying->code && item->fate != GET_FAILED)
		copying->code = check_copied(fetcher, item, &actual, copying->copied_bytes,
					     &copying->error);
	if (!code && !copying->code && item->fate != GET_FAILED)
		return take(copying, &actual, err);
	fetcher->sink.abort(fetcher->sink.state, item);
	return code;
}

static enum muster_code open_any(const struct get_item *item, int *fd, struct muster_error *error)
{
	struct view path, ref = item->entry.ref;

	if (file_path(ref, &path))
		return open_referenced(path, fd, error);
	return muster_fail(error, MUSTER_E_UNSUPPORTED,
			   "references like '%.*s' cannot be fetched by this version of muster",
			   (int)(ref.len < 200 ? ref.len : 200), (const char *)ref.ptr);
}

enum muster_code get_reference(struct get_fetcher *fetcher, struct get_item *item,
			       bool allow_missing, struct muster_error *err)
{
	struct copying copying = { .fetcher = fetcher, .item = item };
	enum muster_code code = MUSTER_OK;

	copying.code = open_any(item, &copying.fd, &copying.error);
	if (allow_missing &&
	    (copying.code == MUSTER_E_VANISHED || copying.code == MUSTER_E_UNSUPPORTED)) {
		item->fate = GET_SKIPPED;
		return MUSTER_OK;
	}
	if (!copying.code) {
		code = copy(&copying, err);
		close(copying.fd);
	}
	if (code || !copying.code || copying.code == MUSTER_E_CANCELLED)
		return code;
	return get_fetch_fail(item, GET_FAULT_OTHER, &copying.error, err);
}
