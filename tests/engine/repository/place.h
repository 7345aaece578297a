/* A repository in memory, versions to save into it, and a clock that tests set. */
#ifndef TESTS_ENGINE_REPOSITORY_PLACE_H
#define TESTS_ENGINE_REPOSITORY_PLACE_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/repository/collection.h"
#include "io/store/count.h"
#include "io/store/fault.h"
#include "io/store/memory.h"
#include "tests/engine/repository/made.h"

/* Time stands still, except that tests move it; randomness counts up. */
struct test_world {
	_Atomic uint64_t wall_ns, boot_ns, random;
	struct effects effects;
};

static inline uint64_t test_wall_ns(void *state)
{
	return atomic_load(&((struct test_world *)state)->wall_ns);
}

static inline uint64_t test_boot_ns(void *state)
{
	return atomic_load(&((struct test_world *)state)->boot_ns);
}

static inline enum muster_code test_random(void *state, void *out, size_t len,
					   struct muster_error *err)
{
	uint64_t value = atomic_fetch_add(&((struct test_world *)state)->random, 1);

	(void)err;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)(value >> (8 * (i % 8)));
	return MUSTER_OK;
}

static inline const char *test_getenv(void *state, const char *name)
{
	(void)state;
	return strcmp(name, "USER") == 0 ? "tester" : NULL;
}

static inline void test_world_init(struct test_world *world)
{
	world->wall_ns = 1767225600123000000u;
	world->boot_ns = 1000000000u;
	world->random = 1;
	world->effects =
		(struct effects){ world, test_wall_ns, test_boot_ns, test_random, test_getenv };
}

/* memory < fault < store; the fault store can be armed. */
struct place {
	struct test_world world;
	struct store *store;
	struct repository *repository;
};

static inline void place_open(struct place *place)
{
	struct muster_error err = { 0 };

	repository_close(place->repository);
	if (repository_open(&place->repository, place->store, &place->world.effects, &err))
		fail_msg("%s", err.message);
	repository_assume_proved(place->repository);
}

static inline void place_make(struct place *place, const struct store_fault_options *fault)
{
	static const struct store_fault_options none = { 0 };
	struct store *memory = NULL;
	struct muster_error err = { 0 };

	*place = (struct place){ 0 };
	test_world_init(&place->world);
	assert_int_equal(store_memory_new_at(&memory, &place->world.effects, &err), MUSTER_OK);
	test_repository_make(memory, NULL);
	assert_int_equal(store_fault_new(&place->store, memory, fault ? fault : &none, &err),
			 MUSTER_OK);
	place_open(place);
}

static inline void place_release(struct place *place)
{
	repository_close(place->repository);
	store_free(place->store);
}

static inline struct collection_name test_name(const char *name)
{
	return (struct collection_name){ view_text("me"), view_text("cats"), view_text(name) };
}

static inline struct collection *test_open(struct place *place, const char *name, const char *type)
{
	struct collection_name names = test_name(name);
	struct collection *collection = NULL;
	struct muster_error err = { 0 };

	if (collection_open(&collection, place->repository, &names, type, &err))
		fail_msg("%s", err.message);
	return collection;
}

/* A version whose content is told by `content`, its other facts by `root`. */
struct test_version {
	struct manifest_footer footer;
	struct save_request request;
};

static inline void test_version_init(struct test_version *version, uint8_t content, uint8_t root,
				     uint8_t id)
{
	*version = (struct test_version){ 0 };
	version->footer.algorithm = DIGEST_MD5;
	version->footer.entry_count = content;
	version->footer.size_bytes = 1000u + content;
	memset(version->footer.artifact_digest, content, sizeof(version->footer.artifact_digest));
	memset(version->footer.content_root, root, sizeof(version->footer.content_root));
	memset(version->request.version_id, id, sizeof(version->request.version_id));
	memset(version->request.manifest.footer_sha256, id, 32);
	version->request.manifest.object_bytes = 4096;
	version->request.manifest.footer_bytes = 100;
	version->request.manifest.id.number = id;
	version->request.footer = &version->footer;
}

/* Saves, and fails the test if that fails. */
static inline struct save_result test_save(struct collection *collection, uint8_t content,
					   uint8_t root, uint8_t id)
{
	struct test_version version;
	struct save_result result;
	struct muster_error err = { 0 };

	test_version_init(&version, content, root, id);
	if (collection_save(collection, &version.request, &result, &err))
		fail_msg("%s", err.message);
	return result;
}

/* Put `bytes` under `key`, whatever is there. */
static inline void test_overwrite(struct store *store, const char *key, struct view bytes)
{
	assert_int_equal(store_remove(store, key, NULL), MUSTER_OK);
	assert_int_equal(store_create(store, key, bytes, NULL), MUSTER_OK);
}

/* One byte of the object under `key` gets another value. */
static inline void test_flip(struct store *store, const char *key, size_t at)
{
	struct bytes bytes = { 0 };

	assert_int_equal(store_get(store, key, &bytes, 1u << 20, NULL), MUSTER_OK);
	bytes.ptr[at] ^= 1;
	test_overwrite(store, key, bytes_view(&bytes));
	bytes_release(&bytes);
}

/* An event of a kind from the future, behind `previous` bytes. */
static inline void test_add_unknown(struct store *store, const char *log, uint64_t number,
				    bool must_understand)
{
	struct bytes previous = { 0 }, text = { 0 };
	uint8_t sha256[32];
	char hex[65] = "";
	struct key key;

	if (number > 1) {
		key_event(&key, log, number - 1);
		assert_int_equal(store_get(store, key.text, &previous, EVENT_MAX_BYTES, NULL),
				 MUSTER_OK);
		sha256_of(bytes_view(&previous), sha256);
		hex_put(hex, sha256, 32);
	}
	assert_int_equal(bytes_printf(&text, NULL,
				      "{\"muster\": \"event 1\", \"n\": %u, \"id\": "
				      "\"000102030405060708090a0b0c0d0e0f\", %s%s%s\"time\": "
				      "\"2026-01-01T00:00:00.123Z\", \"kind\": \"later\"%s}\n",
				      (unsigned)number, number > 1 ? "\"previous\": \"" : "", hex,
				      number > 1 ? "\", " : "",
				      must_understand ? ", \"must_understand\": true" : ""),
			 MUSTER_OK);
	key_event(&key, log, number);
	assert_int_equal(store_create(store, key.text, bytes_view(&text), NULL), MUSTER_OK);
	bytes_release(&previous);
	bytes_release(&text);
}

#endif
