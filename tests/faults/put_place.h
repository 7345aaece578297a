/**
 * put_place - a tree of few files and what a put of it needs; made for runs that fail.
 */
#ifndef TESTS_FAULTS_PUT_PLACE_H
#define TESTS_FAULTS_PUT_PLACE_H

#include "engine/repository/repository.h"
#include "muster/put.h"

struct put_place {
	char folder[64], tree[80], cache[80], repository[80], empty[80];
};

/** Makes the tree: 12 files in three directories, some equal, one empty, one large; and in `empty`
 * a local repository that holds nothing. Fails the test where anything fails. */
void put_place_make(struct put_place *place);
void put_place_remove(struct put_place *place);
/** `repository` becomes a copy of `empty`, the cache is gone. */
void put_place_start_anew(struct put_place *place);
void put_place_forget_cache(struct put_place *place);
#define PUT_PLACE_FILES 13

/** A put of the tree by one worker. */
enum muster_code put_place_put(struct put_place *place, struct repository *repository,
			       struct muster_put_report *report, struct muster_error *err);
/** The same, which must do; then everything is checked. */
void put_place_finish(struct put_place *place, struct store *store);
/** Nothing is found. */
void put_place_check(struct repository *repository);

#endif
