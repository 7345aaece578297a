/**
 * place - a tree, a cache and a repository in memory, for tests of put.
 */
#ifndef TESTS_ENGINE_PUT_PLACE_H
#define TESTS_ENGINE_PUT_PLACE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/blob/blob_reader.h"
#include "engine/manifest/version_reader.h"
#include "engine/put/put.h"
#include "engine/repository/collection.h"
#include "io/store/memory.h"
#include "tests/engine/repository/made.h"
#include "tests/support/torture.h"

/* A tree, a cache directory and a repository in memory. */
struct place {
	char tree[64], cache[64];
	struct store *store;
	struct repository *repository;
};

static inline void run_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void run_shell(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static inline int open_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct repository_options options = { .algorithm = DIGEST_MD5 };

	snprintf(place->tree, sizeof(place->tree), "/tmp/muster-put-tree-XXXXXX");
	snprintf(place->cache, sizeof(place->cache), "/tmp/muster-put-cache-XXXXXX");
	assert_non_null(mkdtemp(place->tree));
	assert_non_null(mkdtemp(place->cache));
	assert_int_equal(store_memory_new(&place->store, NULL), MUSTER_OK);
	test_repository_make(place->store, &options);
	assert_int_equal(repository_open(&place->repository, place->store, effects_system(), NULL),
			 MUSTER_OK);
	repository_assume_proved(place->repository);
	*state = place;
	return 0;
}

static inline int close_place(void **state)
{
	struct place *place = *state;

	repository_close(place->repository);
	store_free(place->store);
	run_shell("chmod -R u+rwx '%s'; rm -rf '%s' '%s'", place->tree, place->tree, place->cache);
	free(place);
	return 0;
}

static inline struct muster_put_options put_options(const struct muster_source *source)
{
	return (struct muster_put_options){ .job = { .worker_count = 2, .memory_bytes = 64 << 20 },
					    .sources = source,
					    .source_count = 1,
					    .entity = "me",
					    .project = "tests",
					    .name = "data" };
}

static inline struct muster_put_report put(struct place *place,
					   const struct muster_put_options *options,
					   enum muster_code expected)
{
	struct muster_put_report report;
	struct muster_error err = { 0 };
	enum muster_code code = put_run(place->repository, place->cache, options, &report, &err);

	if (code != expected)
		fail_msg("code %d (%s), not %d", code, err.message, expected);
	return report;
}

static inline struct muster_put_report put_tree(struct place *place)
{
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);

	return put(place, &options, MUSTER_OK);
}

static inline struct collection *open_collection(struct place *place)
{
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					VIEW_LITERAL("data") };
	struct collection *collection;

	assert_int_equal(collection_open(&collection, place->repository, &name, NULL, NULL),
			 MUSTER_OK);
	return collection;
}

/* Reads every stored file of the latest version and compares it with the tree. Without an index
 * every placement must be right. */
static inline uint64_t compare_by(struct place *place, struct index_set *index)
{
	struct version_reader_options options = { .with_placement = true };
	struct collection *collection = open_collection(place);
	struct version_reader *version;
	struct blob_reader *blobs;
	struct muster_error err = { 0 };
	struct entry entry;
	uint64_t count = 0;

	assert_int_equal(version_reader_open(&version, place->store,
					     &collection_latest(collection)->manifest, &options,
					     &err),
			 MUSTER_OK);
	assert_int_equal(blob_reader_open(&blobs, place->store, repository_id(place->repository),
					  index, NULL, &err),
			 MUSTER_OK);
	while (version_reader_next(version, &entry, &err) == MUSTER_OK) {
		struct blob_key key = { .algorithm = DIGEST_MD5, .size_bytes = entry.size_bytes };
		uint8_t *stored = malloc(entry.size_bytes + 1),
			*actual = malloc(entry.size_bytes + 1);
		struct blob_at at;
		char path[4200];
		int fd;

		memcpy(key.digest, entry.fingerprint.digest, 16);
		memcpy(key.checksum, entry.fingerprint.checksum, 16);
		if (blob_reader_find(blobs, &key, &entry.placement, &at, &err))
			fail_msg("%.*s: %s", VIEW_ARGS(entry.path), err.message);
		assert_int_equal(
			store_read(at.object, at.offset_bytes, stored, at.size_bytes, &err),
			MUSTER_OK);
		snprintf(path, sizeof(path), "%s/%.*s", place->tree, VIEW_ARGS(entry.path));
		fd = open(path, O_RDONLY);
		assert_true(fd >= 0);
		assert_int_equal(read(fd, actual, entry.size_bytes + 1), entry.size_bytes);
		assert_memory_equal(stored, actual, entry.size_bytes);
		close(fd);
		free(stored);
		free(actual);
		count++;
	}
	assert_int_equal(err.code, 0);
	blob_reader_close(blobs);
	version_reader_close(version);
	collection_close(collection);
	return count;
}

static inline uint64_t compare_with_tree(struct place *place)
{
	return compare_by(place, NULL);
}

static inline uint64_t compare_with_tree_by_index(struct place *place)
{
	struct index_set *index;
	uint64_t count;

	assert_int_equal(
		index_set_open(&index, place->store, repository_id(place->repository), NULL),
		MUSTER_OK);
	count = compare_by(place, index);
	index_set_close(index);
	return count;
}

/* 300 files in a few directories, some equal, some empty, two large, odd names. */
static inline void fill_tree(const struct place *place)
{
	run_shell("cd '%s' && mkdir -p a/b c 'with space' .hidden && "
		  "for i in $(seq 1 100); do echo \"file $i\" > a/f$i; echo \"file $i\" > c/g$i; "
		  "printf '%%s' \"$i$i\" > a/b/h$i; done; : > empty; : > c/empty; echo x > "
		  ".hidden/x; "
		  "echo y > 'with space/y y'; printf z > \"$(printf 'new\\nline')\"; "
		  "head -c 5000000 /dev/urandom > a/large1; cp a/large1 c/large2; "
		  "head -c 4194304 /dev/urandom > limit; head -c 4194305 /dev/urandom > over; "
		  "ln -s a/f1 link; ln -s a dirlink",
		  place->tree);
}

/* Stats are trusted only when older than the tree's now: let the clock of the tree move on. */
static inline void let_time_pass(const struct place *place)
{
	struct stat before, now;
	char path[128];

	snprintf(path, sizeof(path), "%s/.clock", place->cache);
	unlink(path);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	stat(path, &before);
	do {
		unlink(path);
		close(open(path, O_WRONLY | O_CREAT, 0600));
		stat(path, &now);
	} while (now.st_mtim.tv_sec == before.st_mtim.tv_sec &&
		 now.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

#define PUT_TEST(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

#endif
