/* Two repositories: a source that puts make versions in, and targets that copies go to. */
#ifndef TESTS_ENGINE_COPY_LAB_H
#define TESTS_ENGINE_COPY_LAB_H

#include "tests/engine/look/fixture.h"

#include "engine/copy/copy.h"
#include "io/store/fault.h"

#define LAB_LARGE_BYTES ((4u << 20) + 5000) /* a pack of its own */

/* A repository in memory whose store can be told to fail. */
struct lab_target {
	struct store_fault_options faults; /* set before it is opened */
	struct store *store;
	struct repository *repository;
};

/* What failed, one line for each item. */
struct lab_failures {
	size_t count;
	char text[8192];
};

struct lab_copy { /* zero is good: data, latest, to data */
	const char *name, *as, *alias;
	bool all, commit_partial, every;
	unsigned worker_count; /* 0: 2 */
	struct muster_progress *progress;
	struct lab_failures *failures;
	struct bytes *notes; /* gets what is told of links, each with a line feed */
};

void lab_target_open(struct lab_target *target, const struct repository_options *options);
void lab_target_close(struct lab_target *target);
/** As a new process would see it: nothing in memory, no faults. */
void lab_target_reopen(struct lab_target *target);

enum muster_code lab_copy(struct repository *source, struct repository *target,
			  const struct lab_copy *what, struct muster_copy_report *report,
			  struct muster_error *err);
struct muster_copy_report lab_must_copy(struct repository *source, struct repository *target,
					const struct lab_copy *what);

/** Opens me/tests/NAME. */
struct collection *lab_open(struct repository *repository, const char *name);
/** How many versions it has; 0: there is no such artifact. */
size_t lab_version_count(struct repository *repository, const char *name);
/** Version `number` of an artifact becomes one of a portfolio, which is made if there is none. */
void lab_link(struct repository *repository, const char *name, uint64_t number,
	      const char *portfolio, const char *alias);
void lab_delete(struct repository *repository, const char *name, uint64_t number);
/** Every entry and byte of the one is the other's; digest, root and all that is said of them, too.
 */
void lab_assert_equal(struct repository *a, const char *a_name, uint64_t a_number,
		      struct repository *b, const char *b_name, uint64_t b_number);
/** A check finds nothing. */
void lab_assert_sound(struct repository *repository);

/** A file of the source's tree. */
void lab_write_random(struct fixture *fixture, const char *path, size_t len, uint64_t seed);
/** A byte in the middle of a blob of this text gets another value in its pack. */
void lab_damage(struct fixture *fixture, const char *text);

#endif
