#include "api/api_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text/utf8.h"
#include "engine/digest/entry_info.h"
#include "engine/repository/who.h"

#define IDENTITY_SHA256_NAME "sha256"

/* --- where things are by default ------------------------------------------------------------ */

/* Without a place for it there is no cache, which costs time only. */
enum muster_code api_cache_dir(const char *given, char **out, struct muster_error *err)
{
	struct bytes path = { 0 };
	enum muster_code code = MUSTER_OK;

	if (!given)
		given = api_environment("MUSTER_CACHE_DIR");
	if (given)
		code = bytes_append_text(&path, given, err);
	else if (api_default_dir("XDG_CACHE_HOME", ".cache", &path, NULL) == MUSTER_E_USAGE)
		return MUSTER_OK;
	if (!code)
		code = bytes_append_byte(&path, '\0', err);
	*out = (char *)path.ptr;
	return code;
}

/* --- who is asking -------------------------------------------------------------------------- */

/* What the rule for entities refuses becomes a hyphen. */
static void make_entity(char *name)
{
	struct muster_error ignored;

	if (!utf8_valid(view_text(name)))
		name[0] = '\0';
	for (char *c = name; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f || strchr("/\\#?%:", *c))
			*c = '-';
	if (entity_check(view_text(name), &ignored))
		name[0] = '\0';
}

static enum muster_code user_name(char **out, struct muster_error *err)
{
	struct bytes name = { 0 };
	enum muster_code code = who_append_login(&name, err);

	if (!code)
		code = bytes_append_byte(&name, '\0', err);
	if (!code)
		make_entity((char *)name.ptr);
	if (!code && !*name.ptr) {
		name.len = 0;
		code = bytes_printf(&name, err, "uid-%lu", (unsigned long)geteuid());
		if (!code)
			code = bytes_append_byte(&name, '\0', err);
	}
	*out = (char *)name.ptr;
	return code;
}

static enum muster_code copy_text(const char *text, char **out, struct muster_error *err)
{
	*out = strdup(text);
	return *out ? MUSTER_OK : muster_fail_memory(err, "a name");
}

static enum muster_code find_entity(const char *given, char **out, struct muster_error *err)
{
	enum muster_code code;

	if (!given)
		given = api_environment("MUSTER_ENTITY");
	if (!given)
		return user_name(out, err);
	code = entity_check(view_text(given), err);
	return code ? code : copy_text(given, out, err);
}

static enum muster_code find_project(const char *given, char **out, struct muster_error *err)
{
	enum muster_code code;

	if (!given)
		given = api_environment("MUSTER_PROJECT");
	if (!given)
		given = "uncategorized";
	code = project_check(view_text(given), err);
	return code ? code : copy_text(given, out, err);
}

/* --- the proof that the store creates if absent, kept on this machine ------------------------ */

enum muster_code api_note_path(const struct muster_repository *repository, const char *kind,
			       struct bytes *out, struct muster_error *err)
{
	struct bytes where = { 0 };
	uint8_t hash[CHECKSUM_BYTES];
	char hex[2 * CHECKSUM_BYTES + 1];
	enum muster_code code = bytes_append(&where, repository_id(repository->engine), 16, err);

	if (!code)
		code = bytes_append_text(&where, repository->url, err);
	if (!code) {
		xxh128_of(bytes_view(&where), hash);
		hex_put(hex, hash, sizeof(hash));
		code = bytes_printf(out, err, "%s/%s/%s", repository->cache_dir, kind, hex);
	}
	if (!code)
		code = bytes_append_byte(out, '\0', err);
	bytes_release(&where);
	return code;
}

static bool was_proved(const struct muster_repository *repository)
{
	struct bytes path = { 0 };
	bool is_there = repository->cache_dir &&
			!api_note_path(repository, "proved", &path, NULL) &&
			!access((const char *)path.ptr, F_OK);

	bytes_release(&path);
	return is_there;
}

/* A note that cannot be kept costs the next process another proof. */
static void note_proof(const struct muster_repository *repository)
{
	struct bytes path = { 0 };
	int fd = -1;

	if (repository->cache_dir && !api_note_path(repository, "proved", &path, NULL)) {
		api_make_parents((char *)path.ptr);
		fd = open((const char *)path.ptr, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	}
	if (fd >= 0)
		close(fd);
	bytes_release(&path);
}

enum muster_code api_prepare_write(struct muster_repository *repository, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&repository->prove_lock);
	if (!repository->is_proved && was_proved(repository)) {
		repository_assume_proved(repository->engine);
		repository->is_proved = true;
	}
	if (!repository->is_proved) {
		code = repository_prove(repository->engine, err);
		repository->is_proved = !code;
		if (!code)
			note_proof(repository);
	}
	pthread_mutex_unlock(&repository->prove_lock);
	return code;
}

/* --- making and opening --------------------------------------------------------------------- */

static enum muster_code parse_identity(const char *identity, bool *out, struct muster_error *err)
{
	*out = identity != NULL;
	if (!identity || strcmp(identity, IDENTITY_SHA256_NAME) == 0)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "'%s' is no identity: there is sha256", identity);
}

static enum muster_code init_at(const struct api_place *place, const struct muster_limits *limits,
				const struct repository_options *options, struct muster_error *err)
{
	struct store *store = NULL;
	struct remote *remote = NULL;
	enum muster_code code = MUSTER_OK;

	if (!place->is_remote)
		code = store_local_create((const char *)place->path.ptr, err);
	if (!code)
		code = api_place_open(place, limits, &remote, &store, err);
	if (!code)
		code = repository_init(store, options, effects_system(), err);
	if (!remote)
		store_free(store);
	remote_close(remote);
	return code;
}

/* What init has proved the first save need not prove again. */
static void note_new(const char *url, const struct muster_limits *limits)
{
	struct muster_open_options options = { .url = url, .limits = *limits };
	struct muster_repository *repository;

	if (muster_repository_open(&repository, &options, NULL, NULL))
		return;
	note_proof(repository);
	muster_repository_close(repository);
}

enum muster_code muster_repository_init(const char *url, const struct muster_init_options *options,
					struct muster_error *err)
{
	static const struct muster_init_options defaults = { 0 };
	struct repository_options engine = { 0 };
	struct api_place place = { 0 };
	enum muster_code code;

	options = options ? options : &defaults;
	code = digest_algorithm_parse(options->digest, &engine.algorithm, err);
	if (!code)
		code = parse_identity(options->identity, &engine.has_identity, err);
	if (!code)
		code = api_place_find(url, &place, err);
	if (!code)
		code = init_at(&place, &options->limits, &engine, err);
	api_place_release(&place);
	if (!code)
		note_new(url, &options->limits);
	return code;
}

/* Only where nothing is. Who loses the race to make it opens what the other made. */
static enum muster_code init_if_empty(const struct api_place *place,
				      const struct muster_repository *like, bool *was_made,
				      struct muster_error *err)
{
	struct repository_options options = { 0 };
	struct muster_error why = { 0 };
	bool is_free = false;
	enum muster_code code =
		store_local_is_empty_or_absent((const char *)place->path.ptr, &is_free, err);

	if (code || !is_free)
		return code;
	if (like) {
		options.algorithm = repository_algorithm(like->engine);
		options.has_identity = repository_has_identity(like->engine);
	}
	code = init_at(place, NULL, &options, &why);
	*was_made = !code;
	if (code && code != MUSTER_E_REFUSED) {
		if (err)
			*err = why;
		return code;
	}
	return MUSTER_OK;
}

static enum muster_code note_place(struct muster_repository *repository,
				   const struct api_place *place, struct muster_error *err)
{
	const char *path = (const char *)place->path.ptr;

	if (place->is_remote)
		return copy_text((const char *)place->url.ptr, &repository->url, err);
	repository->path = realpath(path, NULL);
	if (!repository->path)
		return muster_fail_errno(err, "find '%s'", path);
	return copy_text(repository->path, &repository->url, err);
}

/* In "<cache>/near/<hex>/": of this repository, wherever it lies. */
static void keep_copies(const struct muster_repository *repository)
{
	struct bytes dir = { 0 };
	char hex[33];

	hex_put(hex, repository_id(repository->engine), 16);
	if (!bytes_printf(&dir, NULL, "%s/near/%s/", repository->cache_dir, hex) &&
	    !bytes_append_byte(&dir, '\0', NULL)) {
		api_make_parents((char *)dir.ptr);
		remote_keep_copies(repository->remote, (const char *)dir.ptr);
	}
	bytes_release(&dir);
}

static enum muster_code open_engine(struct muster_repository *repository,
				    const struct api_place *place,
				    const struct muster_limits *limits, struct muster_error *err)
{
	enum muster_code code =
		api_place_open(place, limits, &repository->remote, &repository->store, err);

	if (!code)
		code = note_place(repository, place, err);
	if (code)
		return code;
	repository->buffer_bytes = limits->buffer_bytes;
	code = repository_open(&repository->engine, repository->store, effects_system(), err);
	if (code)
		muster_context(err, "'%s'", (const char *)place->url.ptr);
	else if (repository->remote && repository->cache_dir)
		keep_copies(repository);
	return code;
}

static enum muster_code open_at(struct muster_repository *repository, const struct api_place *place,
				const struct muster_open_options *options, bool *was_made,
				struct muster_error *err)
{
	enum muster_code code = find_entity(options->entity, &repository->entity, err);

	if (!code)
		code = find_project(options->project, &repository->project, err);
	if (!code)
		code = api_cache_dir(options->cache_dir, &repository->cache_dir, err);
	if (!code)
		code = api_cache_size(options->cache_bytes, &repository->cache.size_bytes,
				      &repository->cache.is_off, err);
	repository->cache.is_off |= options->skip_cache;
	if (!code && options->may_init && !place->is_remote)
		code = init_if_empty(place, options->like, was_made, err);
	if (!code)
		code = open_engine(repository, place, &options->limits, err);
	if (!code && *was_made) { /* init has proved it */
		repository_assume_proved(repository->engine);
		repository->is_proved = true;
		note_proof(repository);
	}
	return code;
}

enum muster_code muster_repository_open(struct muster_repository **out,
					const struct muster_open_options *options, bool *was_made,
					struct muster_error *err)
{
	static const struct muster_open_options defaults = { 0 };
	struct muster_repository *repository = calloc(1, sizeof(*repository));
	struct api_place place = { 0 };
	bool ignored;
	enum muster_code code;

	*out = NULL;
	was_made = was_made ? was_made : &ignored;
	*was_made = false;
	options = options ? options : &defaults;
	if (!repository)
		return muster_fail_memory(err, "a repository");
	pthread_mutex_init(&repository->prove_lock, NULL);
	pthread_mutex_init(&repository->cache.lock, NULL);
	code = api_place_find(options->url, &place, err);
	if (!code)
		code = open_at(repository, &place, options, was_made, err);
	api_place_release(&place);
	if (code) {
		muster_repository_close(repository);
		return code;
	}
	*out = repository;
	return MUSTER_OK;
}

void muster_repository_close(struct muster_repository *repository)
{
	if (!repository)
		return;
	repository_close(repository->engine);
	if (!repository->remote)
		store_free(repository->store);
	remote_close(repository->remote);
	pthread_mutex_destroy(&repository->cache.lock);
	pthread_mutex_destroy(&repository->prove_lock);
	free(repository->cache_dir);
	free(repository->project);
	free(repository->entity);
	free(repository->path);
	free(repository->url);
	free(repository);
}

const char *muster_repository_url(const struct muster_repository *repository)
{
	return repository->url;
}

const char *muster_repository_entity(const struct muster_repository *repository)
{
	return repository->entity;
}

const char *muster_repository_project(const struct muster_repository *repository)
{
	return repository->project;
}
