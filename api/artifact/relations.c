/* The runs that used and logged an artifact. */
#include "api/artifact/artifact_internal.h"

/* What is linked, unless that is gone. */
static const char *source_of(const struct muster_artifact *artifact)
{
	return artifact->is_source_gone ? artifact->names.qualified_name
					: artifact->source.qualified_name;
}

enum muster_code muster_artifact_used_by(struct muster_artifact *artifact, muster_run_fn *fn,
					 void *state, struct muster_error *err)
{
	enum muster_code code = artifact_need_version(artifact, "used_by", err);

	return code ? code
		    : muster_used_by(artifact->repository, source_of(artifact), fn, state, err);
}

enum muster_code muster_artifact_logged_by(struct muster_artifact *artifact, muster_run_fn *fn,
					   void *state, struct muster_error *err)
{
	enum muster_code code = artifact_need_version(artifact, "logged_by", err);

	return code ? code
		    : muster_logged_by(artifact->repository, source_of(artifact), fn, state, err);
}
