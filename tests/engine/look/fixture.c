#include "tests/engine/look/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/manifest/version_writer.h"
#include "engine/put/put.h"
#include "io/store/count.h"
#include "io/store/memory.h"
#include "tests/engine/repository/made.h"

static int open_fixture(void **state, enum digest_algorithm algorithm)
{
	struct repository_options options = { .algorithm = algorithm };
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct store *memory;
	struct muster_error err = { 0 };

	assert_non_null(fixture);
	snprintf(fixture->tree, sizeof(fixture->tree), "/tmp/muster-look-XXXXXX");
	assert_non_null(mkdtemp(fixture->tree));
	assert_int_equal(store_memory_new(&memory, &err), MUSTER_OK);
	test_repository_make(memory, &options);
	assert_int_equal(store_count_new(&fixture->store, memory, &err), MUSTER_OK);
	if (repository_open(&fixture->repository, fixture->store, effects_system(), &err))
		fail_msg("%s", err.message);
	repository_assume_proved(fixture->repository);
	*state = fixture;
	return 0;
}

int fixture_open(void **state)
{
	return open_fixture(state, DIGEST_MD5);
}

int fixture_open_xxh128(void **state)
{
	return open_fixture(state, DIGEST_XXH128);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

int fixture_close(void **state)
{
	struct fixture *fixture = *state;

	repository_close(fixture->repository);
	store_free(fixture->store);
	nftw(fixture->tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(fixture);
	return 0;
}

struct artifact_address fixture_address(const char *alias)
{
	return (struct artifact_address){ VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					  VIEW_LITERAL("data"), view_text(alias) };
}

struct collection_name fixture_name(void)
{
	return (struct collection_name){ VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					 VIEW_LITERAL("data") };
}

static void full_path(const struct fixture *fixture, const char *path, char out[4200])
{
	snprintf(out, 4200, "%s/%s", fixture->tree, path);
}

void fixture_write(struct fixture *fixture, const char *path, const void *bytes, size_t len)
{
	char full[4200];
	int fd;

	full_path(fixture, path, full);
	for (char *at = full + strlen(fixture->tree) + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		assert_true(!mkdir(full, 0777) || errno == EEXIST);
		*at = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

void fixture_write_text(struct fixture *fixture, const char *path, const char *text)
{
	fixture_write(fixture, path, text, strlen(text));
}

void fixture_remove(struct fixture *fixture, const char *path)
{
	char full[4200];

	full_path(fixture, path, full);
	assert_int_equal(remove(full), 0);
}

uint64_t fixture_put(struct fixture *fixture)
{
	struct muster_source source = { .path = fixture->tree };
	struct muster_put_options options = {
		.job = { .worker_count = 2, .memory_bytes = FIXTURE_MEMORY_BYTES },
		.sources = &source,
		.source_count = 1,
		.entity = "me",
		.project = "tests",
		.name = "data",
	};
	struct muster_put_report report;
	struct muster_error err = { 0 };

	if (put_run(fixture->repository, NULL, &options, &report, &err))
		fail_msg("%s", err.message);
	return report.version_number;
}

static enum muster_code next_id(void *state, struct object_id *out, struct muster_error *err)
{
	struct fixture *fixture = state;

	(void)err;
	*out = (struct object_id){ .session = { 7 }, .number = ++fixture->next_object };
	return MUSTER_OK;
}

uint64_t fixture_save(struct fixture *fixture, const struct entry *entries, size_t count)
{
	struct collection_name name = fixture_name();
	struct version_writer_options options = { .algorithm = DIGEST_MD5,
						  .next_id = next_id,
						  .next_id_state = fixture };
	struct save_request request = { 0 };
	struct save_result result;
	struct collection *collection;
	struct version_writer *writer;
	struct muster_error err = { 0 };

	if (collection_open(&collection, fixture->repository, &name, "dataset", &err))
		fail_msg("%s", err.message);
	effects_random(effects_system(), request.version_id, 16, NULL);
	assert_int_equal(version_writer_open(&writer, fixture->store, &options, &err), MUSTER_OK);
	for (size_t i = 0; i < count; i++)
		if (version_writer_add(writer, &entries[i], &err))
			fail_msg("%s", err.message);
	if (version_writer_complete(writer, &request.footer, &err) ||
	    version_writer_write(writer, collection_id(collection), request.version_id,
				 &request.manifest, &err) ||
	    collection_save(collection, &request, &result, &err))
		fail_msg("%s", err.message);
	version_writer_close(writer);
	collection_close(collection);
	return result.version_number;
}

struct entry fixture_entry(const char *path, const char *content)
{
	struct entry entry = { .path = view_text(path),
			       .algorithm = DIGEST_MD5,
			       .size_bytes = strlen(content),
			       .has_size = true,
			       .has_checksum = true };

	md5_of(view_text(content), entry.fingerprint.digest);
	xxh128_of(view_text(content), entry.fingerprint.checksum);
	return entry;
}

uint64_t fixture_read_bytes(struct fixture *fixture)
{
	struct store_counts counts;

	store_count_read(fixture->store, &counts);
	return counts.read.byte_count;
}

uint32_t fixture_random(uint64_t *seed, uint32_t limit)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % limit);
}
