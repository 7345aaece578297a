/* Drafts: files that the caller writes. */
#include "api/artifact/artifact_draft.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "artifact/path.h"

struct muster_new_file {
	struct muster_artifact *artifact;
	struct bytes path; /* with a NUL */
	FILE *stream;
	bool overwrite;
};

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
					  const char *mode, struct muster_new_file **out,
					  struct muster_error *err)
{
	struct muster_new_file *file;
	bool overwrite = false;
	enum muster_code code = artifact_need_open(artifact, "new_file", err);

	*out = NULL;
	if (!code)
		code = parse_mode(mode, &overwrite, err);
	if (code)
		return code;
	file = calloc(1, sizeof(*file));
	if (!file)
		return muster_fail_memory(err, "a new file");
	file->artifact = artifact;
	file->overwrite = overwrite;
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
	snprintf(place, sizeof(place), "/proc/self/fd/%d", fileno(file->stream));
	if (!code)
		code = part_add_file(file->artifact->draft->part, place, path, file->overwrite,
				     &added, err);
	if (!code && entry)
		code = artifact_give_entry(file->artifact, &added, NULL, true, entry, err);
	muster_new_file_discard(file);
	return code;
}
