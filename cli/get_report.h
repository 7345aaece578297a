/* What get and checkout have in common at their end. */
#ifndef CLI_GET_REPORT_H
#define CLI_GET_REPORT_H

#include "cli/cli.h"

/** Adds the report to the summary. */
void get_report_add(struct cli *cli, const struct muster_get_report *report);

#endif
