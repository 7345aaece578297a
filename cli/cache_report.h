/* What get, checkout and cat have in common of the cache: their options, and what they tell. */
#ifndef CLI_CACHE_REPORT_H
#define CLI_CACHE_REPORT_H

#include "cli/cli.h"

/** Warns of damage, notes with -v why there was no cache, and adds to the summary. */
void cache_report_add(struct cli *cli);

#endif
