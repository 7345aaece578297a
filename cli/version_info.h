/* How a version, a collection and an entry are written in JSON; what several commands share. */
#ifndef CLI_VERSION_INFO_H
#define CLI_VERSION_INFO_H

#include "cli/cli.h"

/** The object "version". */
void version_info_json(struct cli *cli, const struct muster_version_info *info);
/** "a, b, c", made safe to show, or "-" if there are none. */
void version_info_names(struct bytes *out, const char *const *names, size_t count);
/** A member that is a list of texts. */
void json_member_list(struct json_writer *json, const char *key, const char *const *items,
		      size_t count);
/** What a link links, "entity/project/name:v3", made safe to show. */
void version_info_source(struct bytes *out, const struct muster_version_info *info);
/** The name of an artifact as one would type it: what the defaults say is left out. */
#define COLLECTION_NAME_BYTES 2048
void collection_name(char name[COLLECTION_NAME_BYTES], const struct muster_repository *repository,
		     const struct muster_collection_info *info);
/** The object "entry". */
void entry_info_json(struct cli *cli, const struct muster_entry_info *info);
/** Its line for people: the path, and with `is_long` digest and size before it. There may be
 *  millions, so columns are as wide as usual, not as needed. */
void entry_info_append(struct bytes *out, const struct muster_entry_info *info, bool is_long);
/** Its digest as W&B writes it; "" if it has none. */
const char *entry_info_digest(const struct muster_entry_info *info);

/** When a name is unknown: how to find the ones that are. Returns `code`. */
enum muster_code hint_names(struct cli *cli, enum muster_code code);

#endif
