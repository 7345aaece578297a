/* What the two faces of `digest` share: digests of paths, and a list of digests held against
 * files. */
#ifndef CLI_DIGEST_COMMAND_H
#define CLI_DIGEST_COMMAND_H

#include "cli/cli.h"

struct digest_options {
	struct option_list patterns;
	const char *algorithm, *check;
	bool is_md5sum, only_summary, one_file_system;
};

/** The digest of an entry as bytes, from the text that W&B writes. False where it has another. */
bool digest_of_entry(const struct muster_entry_info *info, uint8_t out[16]);

/** `digest -c FILE`. */
enum muster_code digest_check(struct cli *cli, struct muster_error *err);

#endif
