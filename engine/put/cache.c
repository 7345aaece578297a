/* Which stat cache a put uses. One directory has a cache by its own path, which get, checkout and
 * verify know, too; other sources have one for all of them together: their paths in the version
 * come in order only where they are merged. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/put/put_job.h"
#include "engine/put/uri.h"
#include "io/tree/tree_time.h"

static bool is_plain_directory(const struct muster_put_options *options)
{
	return options->source_count == 1 && !options->sources[0].name &&
	       uri_kind(options->sources[0].path) == URI_NONE;
}

/* The absolute path of a source on disk; nothing for a reference that is not followed. */
static enum muster_code source_path(const struct muster_source *source, struct bytes *out,
				    struct muster_error *err)
{
	enum uri_kind kind = uri_kind(source->path);
	char absolute[PATH_MAX];
	struct bytes path = { 0 };
	enum muster_code code = MUSTER_OK;

	if (kind != URI_NONE && kind != URI_FILE)
		return MUSTER_OK;
	if (kind == URI_FILE)
		code = uri_file_path(source->path, &path, err);
	else
		code = bytes_append_view(&path, view_text(source->path), err);
	if (!code)
		code = bytes_append_byte(&path, 0, err);
	if (!code && !realpath((const char *)path.ptr, absolute))
		code = muster_fail_errno(err, "find '%s'", source->path);
	bytes_release(&path);
	return code ? code : bytes_append_view(out, view_text(absolute), err);
}

/* The name of the cache: all sources with what they are called, in their order. Behind one
 * directory's path nothing follows, so no such name is another's. */
static enum muster_code name_cache(const struct muster_put_options *options, struct bytes *out,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (is_plain_directory(options))
		return source_path(&options->sources[0], out, err);
	for (size_t i = 0; i < options->source_count && !code; i++) {
		const struct muster_source *source = &options->sources[i];

		code = source_path(source, out, err);
		if (!code)
			code = bytes_append_byte(out, 0, err);
		if (!code && source->name)
			code = bytes_append_view(out, view_text(source->name), err);
		if (!code)
			code = bytes_append_byte(out, 0, err);
	}
	return code;
}

/* A file's time is that of the directory it is in. Changes `path`, which ends with a zero. */
static enum muster_code time_at(char *path, int64_t *out_ns, struct muster_error *err)
{
	char *slash = strrchr(path, '/');
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		slash[slash == path] = '\0';
	return tree_time_now(path, out_ns, err);
}

/* The earliest of the times that the sources' file systems have. */
static enum muster_code read_time(const struct muster_put_options *options, int64_t *out_ns,
				  struct muster_error *err)
{
	*out_ns = INT64_MAX;
	for (size_t i = 0; i < options->source_count; i++) {
		struct bytes path = { 0 };
		int64_t now_ns = INT64_MAX;
		enum muster_code code = source_path(&options->sources[i], &path, err);

		if (!code && path.len)
			code = bytes_append_byte(&path, 0, err);
		if (!code && path.len)
			code = time_at((char *)path.ptr, &now_ns, err);
		bytes_release(&path);
		if (code)
			return code;
		if (now_ns < *out_ns)
			*out_ns = now_ns;
	}
	return MUSTER_OK;
}

static enum muster_code note_dead(void *state, const uint8_t repository_bytes[16],
				  const uint8_t session[16], struct muster_error *err)
{
	struct put_job *job = state;
	void *dead;

	if (memcmp(repository_bytes, repository_id(job->repository), 16) != 0)
		return MUSTER_OK;
	dead = realloc(job->dead, (job->dead_count + 1) * sizeof(*job->dead));
	if (!dead)
		return muster_fail_memory(err, "sessions of killed runs");
	job->dead = dead;
	memcpy(job->dead[job->dead_count++], session, 16);
	return MUSTER_OK;
}

void put_open_cache(struct put_job *job, const char *cache_dir)
{
	struct put_run *run = &job->run;
	struct bytes name = { 0 };
	enum muster_code code =
		cache_dir ? read_time(run->options, &run->read_ns, NULL) : MUSTER_ABSENT;

	if (!code)
		code = name_cache(run->options, &name, NULL);
	if (!code)
		stat_cache_open_named(&run->cache, cache_dir, bytes_view(&name), note_dead, job,
				      NULL);
	if (!code)
		put_open_uploads(job, cache_dir, &name);
	bytes_release(&name);
}

enum muster_code put_open_journal(struct put_run *run)
{
	struct put_job *job = (struct put_job *)run;
	struct session *session;
	enum muster_code code = MUSTER_ABSENT;

	if (run->has_no_journal || run->options->dry_run)
		return code;
	code = put_need_session(job, &session, NULL);
	if (!code)
		code = stat_journal_open(&run->journal, run->cache, repository_id(job->repository),
					 session_id(session), NULL);
	run->has_no_journal = code;
	return code;
}
