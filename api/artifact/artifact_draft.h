/* An artifact while it is being made: what is added lies in a part (engine/draft/part.h). */
#ifndef API_ARTIFACT_ARTIFACT_DRAFT_H
#define API_ARTIFACT_ARTIFACT_DRAFT_H

#include "api/artifact/artifact_internal.h"
#include "engine/draft/draft.h"
#include "io/spill/spill_map.h"
#include "muster/new_artifact.h"

#define LOCAL_PATHS_BYTES (1u << 20) /* of the map of local paths, in memory */

struct artifact_draft {
	struct part *part;
	struct part_options part_options; /* lent to the part */
	struct muster_job job;		  /* its progress is never NULL */
	struct muster_progress own_progress;
	char *entity, *project, *name; /* of the collection; a part that was not given: NULL */
	char *type;		       /* NULL: any */
	struct named_version base;     /* of a new draft; zeroed: none */
	struct manifest_pointer base_manifest;
	bool is_incremental, is_finalized;
	struct part_content content; /* once the part is finished */
	bool is_finished;
	bool is_over;		       /* its session was ended */
	struct spill_map *local_paths; /* of files: local path -> path; NULL: none yet */
	struct spill_map *local_dirs;  /* of directories: "path/" -> path, "" for the root */
};

/** Takes NULL. */
void artifact_draft_free(struct artifact_draft *draft);

/** MUSTER_E_FINALIZED where the content cannot be changed by `member` any more. */
enum muster_code artifact_need_open(const struct muster_artifact *artifact, const char *member,
				    struct muster_error *err);

/** The draft becomes a version; then the artifact is logged. */
enum muster_code artifact_draft_save(struct muster_artifact *artifact,
				     const struct muster_artifact_save_options *options,
				     struct muster_artifact_save_report *report,
				     struct muster_error *err);

enum muster_code artifact_check_policy(enum muster_policy policy, struct muster_error *err);

/** Gives an entry: a copy, added from `local_path` (may be NULL). */
enum muster_code artifact_give_entry(struct muster_artifact *artifact, const struct entry *entry,
				     const char *local_path, bool skip_cache,
				     struct muster_entry **out, struct muster_error *err);
/** The entry of this path of a draft. */
enum muster_code artifact_draft_entry(struct muster_artifact *artifact, struct view path,
				      const char *local_path, bool skip_cache,
				      struct muster_entry **out, struct muster_error *err);

#endif
