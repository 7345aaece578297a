/* Drafts: files that the caller writes. */
#include "api/artifact/artifact_draft.h"

#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "artifact/path.h"
#include "base/text/utf8.h"

struct muster_new_file {
	struct muster_artifact *artifact;
	struct bytes path; /* with a NUL */
	FILE *stream;
	bool overwrite, is_utf8;
};

#define PIECE_BYTES 65536

static enum muster_code parse_mode(const char *mode, bool *overwrite, struct muster_error *err)
{
	size_t rest;

	mode = mode ? mode : "x";
	*overwrite = *mode == 'w';
	rest = *mode ? strspn(mode + 1, "bt+") : 0;
	if ((*mode == 'x' || *mode == 'w') && !mode[1 + rest])
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "'%s' is no mode of a new file: x (a new path) or w (replaced)", mode);
}

static enum muster_code parse_encoding(const char *encoding, bool *is_utf8,
				       struct muster_error *err)
{
	*is_utf8 = encoding != NULL;
	if (!encoding || strcasecmp(encoding, "utf-8") == 0 || strcasecmp(encoding, "utf8") == 0)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_UNSUPPORTED,
			   "'%s': a new file is UTF-8, or its bytes are stored as they are",
			   encoding);
}

/* Without a name: nothing is left of it, whatever happens. */
static enum muster_code open_stream(struct muster_new_file *file, struct muster_error *err)
{
	struct bytes name = { 0 };
	const char *dir = api_environment("TMPDIR");
	enum muster_code code =
		bytes_printf(&name, err, "%s/muster-new-XXXXXX", dir ? dir : "/tmp");
	int fd = -1;

	if (!code)
		code = bytes_append_byte(&name, '\0', err);
	if (!code) {
		fd = mkostemp((char *)name.ptr, O_CLOEXEC);
		if (fd < 0)
			code = muster_fail_errno(err, "make '%s'", (const char *)name.ptr);
	}
	if (fd >= 0) {
		unlink((const char *)name.ptr);
		file->stream = fdopen(fd, "w+");
		if (!file->stream) {
			code = muster_fail_errno(err, "open a new file");
			close(fd);
		}
	}
	bytes_release(&name);
	return code;
}

static enum muster_code check_free(struct muster_artifact *artifact, struct view path,
				   struct muster_error *err)
{
	struct entry found;
	enum muster_code code = part_find(artifact->draft->part, path, &found, err);

	if (code == MUSTER_ABSENT)
		return MUSTER_OK;
	return code ? code
		    : muster_fail(err, MUSTER_E_USAGE,
				  "'%.*s' is there already: open it with the mode w to replace it",
				  VIEW_ARGS(path));
}

static enum muster_code open_file(struct muster_new_file *file, const char *name,
				  struct muster_error *err)
{
	enum muster_code code = entry_path_normalize(view_text(name), &file->path, err);

	if (!code && !file->overwrite)
		code = check_free(file->artifact, bytes_view(&file->path), err);
	if (!code)
		code = bytes_append_byte(&file->path, '\0', err);
	return code ? code : open_stream(file, err);
}

enum muster_code muster_artifact_new_file(struct muster_artifact *artifact, const char *name,
					  const struct muster_new_file_options *options,
					  struct muster_new_file **out, struct muster_error *err)
{
	static const struct muster_new_file_options defaults = { 0 };
	struct muster_new_file *file;
	bool overwrite = false, is_utf8 = false;
	enum muster_code code = artifact_need_open(artifact, "new_file", err);

	*out = NULL;
	options = options ? options : &defaults;
	if (!code)
		code = parse_mode(options->mode, &overwrite, err);
	if (!code)
		code = parse_encoding(options->encoding, &is_utf8, err);
	if (!code)
		code = artifact_check_policy(options->policy, err);
	if (code)
		return code;
	file = calloc(1, sizeof(*file));
	if (!file)
		return muster_fail_memory(err, "a new file");
	file->artifact = artifact;
	file->overwrite = overwrite;
	file->is_utf8 = is_utf8;
	code = open_file(file, name, err);
	if (code)
		muster_new_file_discard(file);
	else
		*out = file;
	return code;
}

FILE *muster_new_file_stream(struct muster_new_file *file)
{
	return file->stream;
}

void muster_new_file_discard(struct muster_new_file *file)
{
	if (!file)
		return;
	if (file->stream)
		fclose(file->stream);
	bytes_release(&file->path);
	free(file);
}

/* A character may lie across the end of a piece: what is whole is looked at, the rest moved to the
 * front. */
static size_t whole_characters(const uint8_t *piece, size_t len)
{
	size_t back = 0;

	while (back < len && back < UTF8_MAX_BYTES && (piece[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back == len || back == UTF8_MAX_BYTES || piece[len - 1 - back] < 0xc0)
		return len;
	return len - 1 - back;
}

static enum muster_code check_utf8(struct muster_new_file *file, struct muster_error *err)
{
	uint8_t *piece = malloc(PIECE_BYTES);
	size_t kept = 0, got, whole;
	bool is_valid = true;

	if (!piece)
		return muster_fail_memory(err, "a new file");
	rewind(file->stream);
	while (is_valid && (got = fread(piece + kept, 1, PIECE_BYTES - kept, file->stream))) {
		whole = whole_characters(piece, kept + got);
		is_valid = utf8_valid(view_of(piece, whole));
		kept = kept + got - whole;
		memmove(piece, piece + whole, kept);
	}
	is_valid &= utf8_valid(view_of(piece, kept));
	free(piece);
	if (is_valid)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "the new file '%s' is not UTF-8",
			   (const char *)file->path.ptr);
}

enum muster_code muster_new_file_add(struct muster_new_file *file, struct muster_entry **entry,
				     struct muster_error *err)
{
	struct view path = view_text((const char *)file->path.ptr);
	struct entry added;
	char place[64];
	enum muster_code code = artifact_need_open(file->artifact, "new_file", err);

	if (entry)
		*entry = NULL;
	if (!code && (fflush(file->stream) || ferror(file->stream)))
		code = muster_fail_errno(err, "write the new file '%.*s'", VIEW_ARGS(path));
	if (!code && file->is_utf8)
		code = check_utf8(file, err);
	snprintf(place, sizeof(place), "/proc/self/fd/%d", fileno(file->stream));
	if (!code)
		code = part_add_file(file->artifact->draft->part, place, path, file->overwrite,
				     &added, err);
	if (!code && entry)
		code = artifact_give_entry(file->artifact, &added, NULL, true, entry, err);
	muster_new_file_discard(file);
	return code;
}
