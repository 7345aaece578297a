/**
 * traffic - what a job asked of the cloud that its repository lies in, told with its summary.
 */
#ifndef CLI_TRAFFIC_H
#define CLI_TRAFFIC_H

#include "cli/cli.h"

/** Lines for people: one small table, with a row for each kind of request that there was, and what
 *  they moved in all. Nothing for a local repository. */
void traffic_show(struct bytes *out, const struct cli *cli, uint64_t elapsed_ns);
/** The member `cloud` of the summary, if there is something to tell. */
void traffic_json(struct cli *cli, uint64_t elapsed_ns);

#endif
