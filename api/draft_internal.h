/* What the files of drafts share. */
#ifndef API_DRAFT_INTERNAL_H
#define API_DRAFT_INTERNAL_H

#include "api/api_internal.h"
#include "engine/draft/stored.h"

/** The draft of this id, or of one that begins so. */
enum muster_code api_draft_open(struct muster_repository *repository, const char *text,
				struct draft **out, struct muster_error *err);
/** As muster_draft_new(); `ranges` (of struct draft_range) NULL: it is not made in shards. */
enum muster_code api_draft_new(struct muster_repository *repository,
			       const struct muster_draft_options *options,
			       const struct records *ranges, char id[MUSTER_DRAFT_ID_BYTES],
			       struct muster_error *err);

#endif
