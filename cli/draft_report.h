/* What drafts are, for people and as JSON. */
#ifndef CLI_DRAFT_REPORT_H
#define CLI_DRAFT_REPORT_H

#include "cli/cli.h"

#define DRAFT_SHORT_DIGITS 8 /* of its id, for people */

/** muster_draft_fn and muster_draft_part_fn; their state is a struct draft_showing. */
struct draft_showing {
	struct cli *cli;
	uint64_t parts; /* shown so far */
};
bool draft_report_show(void *state, const struct muster_draft_info *info);
bool draft_report_part(void *state, const struct muster_draft_part_info *part);
/** The object "draft", or NULL. */
bool draft_report_json(struct cli *cli, const struct muster_draft_info *info);
/** Save the draft, and tell what that gave: the version's name as data, the rest in the summary. */
enum muster_code draft_report_save(struct cli *cli, const char *id, struct muster_error *err);
/** Where drafts are listed, if there is none of this name. Returns `code`. */
enum muster_code draft_report_hint(struct cli *cli, enum muster_code code);
/** What an add gave, in the summary. */
void draft_report_added(struct cli *cli, const struct muster_put_report *report);

#endif
