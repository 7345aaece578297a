/* How runs, and the versions that they used and logged, are written. */
#ifndef CLI_RUN_INFO_H
#define CLI_RUN_INFO_H

#include "cli/cli.h"
#include "cli/table.h"

const char *run_info_state(enum muster_run_state state);
/** "3 h 5 min ago": when it was last heard of. */
#define RUN_AGE_BYTES 32
const char *run_info_age(char out[RUN_AGE_BYTES], const struct muster_run_info *info);
/** The object "run". */
void run_info_json(struct cli *cli, const struct muster_run_info *info);
/** The object "run_version"; `direction` is "used" or "logged". */
void run_version_json(struct cli *cli, const char *run, const char *direction,
		      const struct muster_run_version_info *info);

/** Runs one after the other: a row each, or an object. */
struct run_table {
	struct cli *cli;
	struct table table;
	uint64_t count;
};
enum muster_code run_table_new(struct run_table **out, struct cli *cli, struct muster_error *err);
bool run_table_add(void *table, const struct muster_run_info *info); /* a muster_run_fn */
/** Ends the table, tells the count, and frees. */
void run_table_free(struct run_table *table);

#endif
