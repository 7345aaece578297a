/* The cache of blobs: where it is, how large it may be, and which jobs use it. */
#include <stdlib.h>

#include "api/api_internal.h"
#include "base/text/text.h"

#define BELOW_CACHE_DIR "blobs"

enum muster_code api_cache_size(uint64_t given, uint64_t *out, bool *is_off,
				struct muster_error *err)
{
	const char *text = given ? NULL : api_environment("MUSTER_CACHE_SIZE");
	enum muster_code code = MUSTER_OK;

	*out = given;
	*is_off = false;
	if (text) {
		code = text_parse_size(view_text(text), out, err);
		*is_off = !code && *out == 0;
	}
	if (code)
		muster_context(err, "MUSTER_CACHE_SIZE");
	return code;
}

static enum muster_code find_directory(const char *cache_dir, struct bytes *out,
				       struct muster_error *err)
{
	enum muster_code code = bytes_printf(out, err, "%s/" BELOW_CACHE_DIR, cache_dir);

	return code ? code : bytes_append_byte(out, '\0', err);
}

/* --- jobs ------------------------------------------------------------------------------------ */

static void note_use(struct muster_repository *repository, const struct muster_cache_use *use)
{
	struct muster_cache_use *sum = &repository->cache.use;

	pthread_mutex_lock(&repository->cache.lock);
	sum->hit_blobs += use->hit_blobs;
	sum->hit_bytes += use->hit_bytes;
	sum->added_blobs += use->added_blobs;
	sum->added_bytes += use->added_bytes;
	sum->evicted_bytes += use->evicted_bytes;
	sum->damaged_segments += use->damaged_segments;
	if (use->note[0])
		memcpy(sum->note, use->note, sizeof(sum->note));
	pthread_mutex_unlock(&repository->cache.lock);
}

struct blob_cache *api_cache_open(struct muster_repository *repository, bool is_skipped)
{
	struct blob_cache_options options = { .limit_bytes = repository->cache.size_bytes };
	struct muster_cache_use use = { 0 };
	struct muster_error why = { 0 };
	struct blob_cache *cache = NULL;
	struct bytes directory = { 0 };
	enum muster_code code;

	if (!repository->remote || !repository->cache_dir || repository->cache.is_off || is_skipped)
		return NULL;
	code = find_directory(repository->cache_dir, &directory, &why);
	options.directory = (const char *)directory.ptr;
	if (!code)
		code = blob_cache_open(&cache, &options, &why);
	bytes_release(&directory);
	if (code) {
		memcpy(use.note, why.message, sizeof(use.note));
		note_use(repository, &use);
	}
	return cache;
}

void api_cache_close(struct muster_repository *repository, struct blob_cache *cache)
{
	struct muster_cache_use use = { 0 };

	if (!cache)
		return;
	blob_cache_close(cache, &use);
	note_use(repository, &use);
}

void muster_repository_cache_use(struct muster_repository *repository, struct muster_cache_use *out)
{
	pthread_mutex_lock(&repository->cache.lock);
	*out = repository->cache.use;
	pthread_mutex_unlock(&repository->cache.lock);
}

/* --- care ------------------------------------------------------------------------------------ */

static enum muster_code find_place(const struct muster_cache_options *from, struct bytes *directory,
				   struct blob_cache_options *out, struct muster_error *err)
{
	static const struct muster_cache_options defaults = { 0 };
	char *cache_dir = NULL;
	bool is_off;
	enum muster_code code;

	from = from ? from : &defaults;
	*out = (struct blob_cache_options){ 0 };
	code = api_cache_size(from->size_bytes, &out->limit_bytes, &is_off, err);
	if (!code)
		code = api_cache_dir(from->cache_dir, &cache_dir, err);
	if (!code && !cache_dir)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "no place for a cache: set MUSTER_CACHE_DIR, XDG_CACHE_HOME or "
				   "HOME");
	if (!code)
		code = find_directory(cache_dir, directory, err);
	free(cache_dir);
	out->directory = (const char *)directory->ptr;
	return code;
}

enum muster_code muster_cache_info(const struct muster_cache_options *options,
				   struct muster_cache_info *out, struct muster_error *err)
{
	struct blob_cache_options engine;
	struct bytes directory = { 0 };
	enum muster_code code = find_place(options, &directory, &engine, err);

	*out = (struct muster_cache_info){ 0 };
	if (!code)
		code = blob_cache_info(&engine, out, err);
	bytes_release(&directory);
	return code;
}

enum muster_code muster_cache_clean(const struct muster_cache_options *options, uint64_t keep_bytes,
				    bool dry_run, struct muster_cache_cleaned *out,
				    struct muster_error *err)
{
	struct blob_cache_options engine;
	struct bytes directory = { 0 };
	enum muster_code code = find_place(options, &directory, &engine, err);

	*out = (struct muster_cache_cleaned){ 0 };
	if (!code)
		code = blob_cache_clean(&engine, keep_bytes, dry_run, out, err);
	bytes_release(&directory);
	return code;
}
