#include "api/artifact/artifact_internal.h"

enum muster_code artifact_need_logged(const struct muster_artifact *artifact, const char *member,
				      struct muster_error *err)
{
	if (artifact->state != MUSTER_ARTIFACT_PENDING)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_NOT_LOGGED,
			   "artifact '%s' is a draft: '%s' needs a logged one; save it first "
			   "(muster_artifact_save)",
			   artifact->names.name, member);
}

enum muster_code artifact_need_version(const struct muster_artifact *artifact, const char *member,
				       struct muster_error *err)
{
	if (artifact->state == MUSTER_ARTIFACT_DELETED)
		return muster_fail(err, MUSTER_E_NAME, "artifact '%s' is deleted: '%s' needs it",
				   artifact->names.qualified_name, member);
	return artifact_need_logged(artifact, member, err);
}

enum muster_artifact_state muster_artifact_state(const struct muster_artifact *artifact)
{
	return artifact->state;
}

const char *muster_artifact_state_text(enum muster_artifact_state state)
{
	switch (state) {
	case MUSTER_ARTIFACT_PENDING:
		return "PENDING";
	case MUSTER_ARTIFACT_COMMITTED:
		return "COMMITTED";
	case MUSTER_ARTIFACT_DELETED:
		return "DELETED";
	}
	return "UNKNOWN";
}

bool muster_artifact_is_draft(const struct muster_artifact *artifact)
{
	return artifact->state == MUSTER_ARTIFACT_PENDING;
}

bool muster_artifact_is_link(const struct muster_artifact *artifact)
{
	return artifact->is_link;
}
