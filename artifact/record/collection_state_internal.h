/* What the fold and the checkpoint share. */
#ifndef ARTIFACT_RECORD_COLLECTION_STATE_INTERNAL_H
#define ARTIFACT_RECORD_COLLECTION_STATE_INTERNAL_H

#include "artifact/record/collection_state.h"

/* names: entity, project, name, type; copied, also from the state's own. */
enum muster_code collection_state_set_names(struct collection_state *state, const uint8_t id[16],
					    const struct view names[4], struct muster_error *err);
/* Takes the version's tags and source_text if it succeeds. Its number must be version_count. */
enum muster_code collection_state_add_version(struct collection_state *state,
					      const struct version *version,
					      struct muster_error *err);
enum muster_code collection_state_set_alias(struct collection_state *state, struct view alias,
					    uint64_t version, struct muster_error *err);
/* Of that version only; others of the name stay. */
void remove_alias(struct collection_state *state, struct view alias, uint64_t version);
void remove_aliases_of(struct collection_state *state, uint64_t version);
/* Once each. */
enum muster_code add_tag(struct texts *tags, struct view tag, struct muster_error *err);
void remove_tag(struct texts *tags, struct view tag);
void release_tags(struct texts *tags);
/* A copy of the source, with texts of its own. */
enum muster_code version_set_source(struct version *version, const struct link_source *source,
				    struct muster_error *err);

#endif
