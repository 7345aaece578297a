/* A local repository whose process dies at an effect on the store, before or after it was applied.
 */
#ifndef TESTS_FAULTS_STRUCK_H
#define TESTS_FAULTS_STRUCK_H

#include "engine/repository/repository.h"

#define EXIT_STRUCK 99

struct struck_options {
	uint64_t at; /* 0: it lives */
	bool after;
	int log_fd; /* gets the log of effects (io/store/fault.h); 0: none */
};

struct struck {
	struct store *store;
	struct repository *repository;
};

/** Opens what an earlier process has made; `struck` is zeroed before. */
enum muster_code struck_open(struct struck *struck, const char *directory,
			     const struct struck_options *options, struct muster_error *err);
void struck_close(struct struck *struck); /* takes a zeroed one */
/** Make a repository in a directory that does not exist. */
enum muster_code struck_init(const char *directory, struct muster_error *err);

/** Prints {"code": …, "message": …}. Answers 1. */
int struck_say_failure(const struct muster_error *err);

#endif
