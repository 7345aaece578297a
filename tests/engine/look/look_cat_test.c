#include <stdio.h>
#include <stdlib.h>

#include "artifact/record/key.h"
#include "engine/blob/blob_set.h"
#include "engine/cache/blob_cache.h"
#include "engine/look/look.h"
#include "engine/look/named_version.h"
#include "tests/engine/look/fixture.h"

#define LARGE_BYTES (9u << 20)

struct taken {
	struct bytes bytes;
	uint64_t piece_count;
	enum muster_code answer; /* of the second piece on */
};

static enum muster_code take(void *state, const void *bytes, uint64_t count,
			     struct muster_error *err)
{
	struct taken *taken = state;

	assert_true(count > 0 && count <= 1 << 20);
	if (taken->piece_count++ && taken->answer)
		return muster_fail(err, taken->answer, "the sink is full");
	return bytes_append(&taken->bytes, bytes, count, err);
}

static struct blob_cache *blobs; /* of the tests that have one */

static enum muster_code cat(struct fixture *fixture, const char *path, struct taken *taken,
			    struct muster_error *err)
{
	struct artifact_address address = fixture_address("");

	taken->bytes.len = 0;
	taken->piece_count = 0;
	return look_cat(fixture->repository, blobs, &address, path, take, taken, err);
}

static uint8_t *make_bytes(size_t len)
{
	uint8_t *bytes = malloc(len);
	uint64_t seed = len;

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)fixture_random(&seed, 256);
	return bytes;
}

static void files_of_any_size_come_back(void **state)
{
	static const size_t sizes[] = { 0,	    1,	     5,	      (1 << 20) - 1,
					1 << 20,    3000000, 4 << 20, (4 << 20) + 1,
					LARGE_BYTES };
	struct fixture *fixture = *state;
	struct taken taken = { .answer = MUSTER_OK };
	struct muster_error err = { 0 };
	char name[32];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *bytes = make_bytes(sizes[i] + 1);

		snprintf(name, sizeof(name), "sub/%zu", sizes[i]);
		fixture_write(fixture, name, bytes, sizes[i]);
		free(bytes);
	}
	fixture_put(fixture);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *bytes = make_bytes(sizes[i] + 1);

		snprintf(name, sizeof(name), "./sub//%zu", sizes[i]);
		if (cat(fixture, name, &taken, &err))
			fail_msg("%s", err.message);
		assert_int_equal(taken.bytes.len, sizes[i]);
		assert_true(!sizes[i] || memcmp(taken.bytes.ptr, bytes, sizes[i]) == 0);
		assert_int_equal(taken.piece_count, (sizes[i] + (1 << 20) - 1) >> 20);
		free(bytes);
	}
	bytes_release(&taken.bytes);
}

/* --- with a cache ---------------------------------------------------------------------------- */

static void open_cache(struct fixture *fixture, char directory[128])
{
	struct blob_cache_options options = { .directory = directory,
					      .limit_bytes = 64 << 20,
					      .table_bytes = 1 << 20 };

	snprintf(directory, 128, "%s-cache", fixture->tree);
	assert_int_equal(blob_cache_open(&blobs, &options, NULL), MUSTER_OK);
}

static struct muster_cache_use close_cache(void)
{
	struct muster_cache_use use;

	blob_cache_close(blobs, &use);
	blobs = NULL;
	return use;
}

static void run_in(const char *directory, const char *what)
{
	char command[512];

	snprintf(command, sizeof(command), "cd '%s' && %s", directory, what);
	assert_int_equal(system(command), 0);
}

/* Fetched, from the cache, from a damaged one, and from what was kept again. */
static void a_cache_gives_only_what_is_right(void **state)
{
	static const size_t sizes[] = { 0, 5000, LARGE_BYTES };
	struct fixture *fixture = *state;
	struct taken taken = { .answer = MUSTER_OK };
	char directory[128], name[32];

	for (size_t i = 0; i < 3; i++) {
		uint8_t *bytes = make_bytes(sizes[i] + 1);
		uint64_t read_bytes[4];

		snprintf(name, sizeof(name), "%zu", sizes[i]);
		fixture_write(fixture, name, bytes, sizes[i]);
		fixture_put(fixture);
		for (unsigned round = 0; round < 4; round++) {
			uint64_t before = fixture_read_bytes(fixture);
			struct muster_cache_use use;

			open_cache(fixture, directory);
			assert_int_equal(cat(fixture, name, &taken, NULL), MUSTER_OK);
			use = close_cache();
			read_bytes[round] = fixture_read_bytes(fixture) - before;
			assert_int_equal(taken.bytes.len, sizes[i]);
			assert_true(!sizes[i] || memcmp(taken.bytes.ptr, bytes, sizes[i]) == 0);
			assert_int_equal(use.hit_blobs, round == 1 || round == 3);
			assert_int_equal(use.added_blobs, round == 0 || round == 2);
			assert_int_equal(use.damaged_segments, round == 2);
			if (round == 1) /* also the last byte of a large one */
				run_in(directory,
				       "cd packs && for f in *; do s=$(stat -c %s $f); head -c "
				       "$((s - 1)) /dev/zero | dd of=$f bs=1M oflag=seek_bytes "
				       "seek=1 conv=notrunc status=none; done");
		}
		assert_true(read_bytes[1] + sizes[i] < read_bytes[0] || !sizes[i]);
		assert_int_equal(read_bytes[3], read_bytes[1]);
		run_in(directory, "rm -r \"$PWD\"");
		free(bytes);
	}
	bytes_release(&taken.bytes);
}

static void what_is_not_there_is_named(void **state)
{
	static const struct {
		const char *path;
		enum muster_code code;
	} cases[] = { { "b", MUSTER_E_NAME },
		      { "sub", MUSTER_E_NAME },
		      { "sub/", MUSTER_E_NAME },
		      { "../a", MUSTER_E_USAGE },
		      { "", MUSTER_E_USAGE } };
	struct fixture *fixture = *state;
	struct taken taken = { .answer = MUSTER_OK };

	fixture_write_text(fixture, "a", "1");
	fixture_write_text(fixture, "sub/a", "1");
	fixture_put(fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };

		assert_int_equal(cat(fixture, cases[i].path, &taken, &err), cases[i].code);
		assert_non_null(strstr(err.message, cases[i].path));
	}
	bytes_release(&taken.bytes);
}

static void a_reference_has_no_bytes_here(void **state)
{
	struct fixture *fixture = *state;
	struct entry entry = { .path = VIEW_LITERAL("r"),
			       .digest_text = VIEW_LITERAL("etag"),
			       .ref = VIEW_LITERAL("s3://bucket/r") };
	struct taken taken = { .answer = MUSTER_OK };
	struct muster_error err = { 0 };

	fixture_save(fixture, &entry, 1);
	assert_int_equal(cat(fixture, "r", &taken, &err), MUSTER_E_UNSUPPORTED);
	assert_non_null(strstr(err.message, "s3://bucket/r"));
}

static void what_the_sink_says_is_what_comes_back(void **state)
{
	static const size_t sizes[] = { 3 << 20, LARGE_BYTES };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		struct taken taken = { .answer = MUSTER_E_IO };
		struct muster_error err = { 0 };
		uint8_t *bytes = make_bytes(sizes[i]);

		fixture_write(fixture, "f", bytes, sizes[i]);
		fixture_put(fixture);
		assert_int_equal(cat(fixture, "f", &taken, &err), MUSTER_E_IO);
		assert_int_equal(taken.piece_count, 2);
		assert_non_null(strstr(err.message, "the sink is full"));
		bytes_release(&taken.bytes);
		free(bytes);
	}
}

/* --- damage --------------------------------------------------------------------------------- */

static struct placement place_of(struct fixture *fixture, const char *path)
{
	struct artifact_address address = fixture_address("");
	struct version_reader *reader;
	struct named_version named;
	struct entry entry;

	assert_false(named_version_open(&named, fixture->repository, &address, NULL));
	assert_false(named_version_read(&named, true, &reader, NULL));
	assert_false(version_reader_find(reader, view_text(path), &entry, NULL));
	assert_true(entry.is_placed);
	version_reader_close(reader);
	named_version_release(&named);
	return entry.placement;
}

/* Another pack of the same name, with one byte of its blobs changed. */
static void damage_pack(struct fixture *fixture, const struct object_id *id, size_t offset)
{
	struct bytes pack = { 0 };
	struct key key;

	key_object(&key, OBJECT_PACK, id);
	assert_false(store_get(fixture->store, key.text, &pack, 64 << 20, NULL));
	pack.ptr[offset] ^= 1;
	assert_false(store_remove(fixture->store, key.text, NULL));
	assert_false(store_create(fixture->store, key.text, bytes_view(&pack), NULL));
	bytes_release(&pack);
}

static void damaged_bytes_are_refused(void **state)
{
	static const size_t sizes[] = { 100, LARGE_BYTES };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		struct taken taken = { .answer = MUSTER_OK };
		struct muster_error err = { 0 };
		uint8_t *bytes = make_bytes(sizes[i]);
		struct placement place;

		fixture_write(fixture, "f", bytes, sizes[i]);
		fixture_put(fixture);
		place = place_of(fixture, "f");
		damage_pack(fixture, &place.pack, i ? 4096 + 5000000 : 16 + 50);
		assert_int_equal(cat(fixture, "f", &taken, &err), MUSTER_E_DIGEST);
		assert_int_equal(taken.bytes.len,
				 i ? LARGE_BYTES : 0); /* a small one gives nothing */
		bytes_release(&taken.bytes);
		free(bytes);
	}
}

static void a_missing_pack_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct taken taken = { .answer = MUSTER_OK };
	struct muster_error err = { 0 };
	struct placement place;
	struct key key;

	fixture_write_text(fixture, "f", "some bytes");
	fixture_put(fixture);
	place = place_of(fixture, "f");
	key_object(&key, OBJECT_PACK, &place.pack);
	assert_false(store_remove(fixture->store, key.text, NULL));
	assert_int_equal(cat(fixture, "f", &taken, &err), MUSTER_E_FORMAT);
	bytes_release(&taken.bytes);
}

static enum muster_code next_id(void *state, struct object_id *out, struct muster_error *err)
{
	struct fixture *fixture = state;

	(void)err;
	*out = (struct object_id){ .session = { 9 }, .number = ++fixture->next_object };
	return MUSTER_OK;
}

static struct blob_set *open_blobs(struct fixture *fixture)
{
	struct blob_set_options options = { .algorithm = DIGEST_MD5,
					    .next_id = next_id,
					    .next_id_state = fixture };
	struct blob_set *set;

	memcpy(options.repository_id, repository_id(fixture->repository), 16);
	assert_false(blob_set_open(&set, fixture->store, &options, NULL));
	return set;
}

static void pack_text(struct blob_set *set, const char *text)
{
	struct entry entry = fixture_entry("", text);
	struct blob_key key = { .algorithm = DIGEST_MD5, .size_bytes = entry.size_bytes };
	struct blob_packer *packer;
	struct blob_place place;

	memcpy(key.digest, entry.fingerprint.digest, DIGEST_BYTES);
	memcpy(key.checksum, entry.fingerprint.checksum, CHECKSUM_BYTES);
	assert_false(blob_packer_open(&packer, set, NULL));
	assert_false(blob_packer_put(packer, &key, view_text(text), &place, NULL));
	assert_false(blob_packer_flush(packer, NULL));
	assert_false(blob_set_finish(set, NULL));
	assert_int_equal(blob_set_counts(set).packed_count, 1);
	blob_packer_close(packer);
}

/* A run that began before another one ended packs the same bytes once more. */
static void another_copy_serves_where_one_is_damaged(void **state)
{
	static const size_t offsets[] = { 16 + 3, 40 }; /* in the blob; in the directory */
	struct fixture *fixture = *state;
	struct taken taken = { .answer = MUSTER_OK };

	for (size_t i = 0; i < 2; i++) {
		struct blob_set *other = open_blobs(fixture);
		struct muster_error err = { 0 };
		struct placement place;
		char text[32];

		snprintf(text, sizeof(text), "bytes of round %zu", i);
		fixture_write_text(fixture, "f", text);
		fixture_put(fixture);
		place = place_of(fixture, "f");
		damage_pack(fixture, &place.pack, offsets[i]);
		assert_true(cat(fixture, "f", &taken, &err) != MUSTER_OK);
		pack_text(other, text);
		blob_set_close(other);
		if (cat(fixture, "f", &taken, &err))
			fail_msg("%s", err.message);
		assert_true(view_equal(bytes_view(&taken.bytes), view_text(text)));
	}
	bytes_release(&taken.bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_of_any_size_come_back),
		TEST(a_cache_gives_only_what_is_right),
		TEST(what_is_not_there_is_named),
		TEST(a_reference_has_no_bytes_here),
		TEST(what_the_sink_says_is_what_comes_back),
		TEST(damaged_bytes_are_refused),
		TEST(a_missing_pack_is_named),
		TEST(another_copy_serves_where_one_is_damaged),
		cmocka_unit_test_setup_teardown(files_of_any_size_come_back, fixture_open_xxh128,
						fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
