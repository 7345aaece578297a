#include "tests/api/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int place_make(void **state)
{
	static const char *const names[] = {
		"MUSTER_REPO",	    "MUSTER_ENTITY", "MUSTER_PROJECT",
		"MUSTER_CACHE_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME"
	};
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	snprintf(place->root, sizeof(place->root), "/tmp/muster-api-XXXXXX");
	assert_non_null(mkdtemp(place->root));
	setenv("HOME", place->root, 1);
	snprintf(place->repository_path, sizeof(place->repository_path), "%s/repo", place->root);
	snprintf(place->cache, sizeof(place->cache), "%s/cache", place->root);
	snprintf(place->tree, sizeof(place->tree), "%s/tree", place->root);
	assert_int_equal(mkdir(place->tree, 0777), 0);
	*state = place;
	return 0;
}

int place_open(void **state)
{
	struct muster_open_options options = { .entity = "me",
					       .project = "tests",
					       .may_init = true };
	struct muster_error err = { 0 };
	struct place *place;

	place_make(state);
	place = *state;
	options.url = place->repository_path;
	options.cache_dir = place->cache;
	if (muster_repository_open(&place->repository, &options, NULL, &err))
		fail_msg("%s", err.message);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

int place_close(void **state)
{
	struct place *place = *state;

	muster_repository_close(place->repository);
	nftw(place->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

void place_path(const struct place *place, const char *path, char out[256])
{
	snprintf(out, 256, "%s/%s", place->root, path);
}

void place_write(const struct place *place, const char *path, const char *text)
{
	char full[256];
	int fd;

	place_path(place, path, full);
	for (char *at = full + strlen(place->root) + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		assert_true(!mkdir(full, 0777) || errno == EEXIST);
		*at = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void place_remove(const struct place *place, const char *path)
{
	char full[256];

	place_path(place, path, full);
	assert_int_equal(remove(full), 0);
}

struct muster_put_report place_put(struct place *place, const char *name)
{
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = { .sources = &source, .source_count = 1, .name = name };
	struct muster_put_report report;
	struct muster_error err = { 0 };

	if (muster_put(place->repository, &options, &report, &err))
		fail_msg("%s", err.message);
	return report;
}

enum muster_code collect(void *state, const void *bytes, uint64_t count, struct muster_error *err)
{
	struct collected *collected = state;

	(void)err;
	assert_true(collected->len + count < sizeof(collected->text));
	memcpy(collected->text + collected->len, bytes, count);
	collected->len += count;
	collected->text[collected->len] = '\0';
	return MUSTER_OK;
}

struct muster_artifact *open_artifact(struct place *place, const char *name)
{
	struct muster_artifact *artifact;
	struct muster_error err = { 0 };

	if (muster_artifact_open(&artifact, place->repository, name, NULL, &err))
		fail_msg("%s", err.message);
	return artifact;
}

struct muster_artifact *open_small_artifact(struct place *place)
{
	place_write(place, "tree/a", "hello");
	place_write(place, "tree/sub/b", "12");
	place_write(place, "tree/sub/c", "345");
	place_put(place, "data");
	return open_artifact(place, "data");
}
