/**
 * signals - SIGINT and SIGTERM: a job stops in order at the first and at once at the second; a
 * command that only looks ends at the first. SIGPIPE ends the program quietly.
 *
 * The handler needs the one job of this process: the only variable of cli/ that is not passed on.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include "muster/progress.h"

void signals_init(void);
/** From now on the first signal sets `job->cancel`; NULL: it ends the program. */
void signals_watch(struct muster_progress *job);

#endif
