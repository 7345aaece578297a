/* A repository in memory, a tree of files, and versions made of either entries or that tree. */
#ifndef TESTS_ENGINE_LOOK_FIXTURE_H
#define TESTS_ENGINE_LOOK_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "artifact/name.h"
#include "engine/repository/collection.h"
#include "muster/put.h"

#define FIXTURE_MEMORY_BYTES (64u << 20)

struct fixture {
	char tree[64];
	struct store *store; /* counts */
	struct repository *repository;
	uint32_t next_object;
};

/* For cmocka_unit_test_setup_teardown(); `fixture_open_xxh128`: a repository of that digest. */
int fixture_open(void **state);
int fixture_open_xxh128(void **state);
int fixture_close(void **state);

/** The artifact "data" of me/tests, or a version of it. */
struct artifact_address fixture_address(const char *alias);
struct collection_name fixture_name(void);

/** A file of the tree, with the directories it needs. */
void fixture_write(struct fixture *fixture, const char *path, const void *bytes, size_t len);
void fixture_write_text(struct fixture *fixture, const char *path, const char *text);
void fixture_remove(struct fixture *fixture, const char *path);
/** The tree becomes the next version; its number is given. */
uint64_t fixture_put(struct fixture *fixture);
/** These entries become the next version. */
uint64_t fixture_save(struct fixture *fixture, const struct entry *entries, size_t count);
/** An entry whose digest follows from `content`. */
struct entry fixture_entry(const char *path, const char *content);

/** Calls of store_read() and bytes they moved so far. */
uint64_t fixture_read_bytes(struct fixture *fixture);

/** A reproducible number below `limit`. */
uint32_t fixture_random(uint64_t *seed, uint32_t limit);

#endif
