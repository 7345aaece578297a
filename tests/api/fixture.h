/* A local repository, a cache and a tree of files in a place of their own, by the public API only.
 */
#ifndef TESTS_API_FIXTURE_H
#define TESTS_API_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "muster/muster.h"

struct place {
	char root[64], repository_path[80], cache[80], tree[80];
	struct muster_repository *repository; /* entity "me", project "tests" */
};

/* For cmocka_unit_test_setup_teardown(); place_make() leaves the repository unmade. */
int place_make(void **state);
int place_open(void **state);
int place_close(void **state);

/** Files and directories below place->root. */
void place_write(const struct place *place, const char *path, const char *text);
void place_remove(const struct place *place, const char *path);
void place_path(const struct place *place, const char *path, char out[256]);

/** The tree becomes a version of `name`. */
struct muster_put_report place_put(struct place *place, const char *name);

/** For muster_cat() and muster_export(): a text that grows. */
struct collected {
	char text[65536];
	size_t len;
};
enum muster_code collect(void *state, const void *bytes, uint64_t count, struct muster_error *err);

/** A version as an object, to be closed by the caller; fails the test where there is none. */
struct muster_artifact *open_artifact(struct place *place, const char *name);
/** "data", just put: "a" is "hello", "sub/b" and "sub/c" are there too. */
struct muster_artifact *open_small_artifact(struct place *place);

#endif
