/* What the two verifications share. */
#ifndef ENGINE_GET_VERIFY_H
#define ENGINE_GET_VERIFY_H

#include "engine/get/job.h"
#include "engine/get/select.h"

struct verify_run {
	struct get_job job;
	const struct muster_verify_options *options;
	struct muster_verify_report *report; /* under `lock` */
	struct version_reader *version;
	struct get_selection selection;
	pthread_mutex_t lock;
};

enum muster_code verify_directory(struct verify_run *run, struct muster_error *err);
enum muster_code verify_stored(struct verify_run *run, struct muster_error *err);

/* One at a time. */
void verify_drift_locked(struct verify_run *run, enum muster_drift_kind kind, struct view path,
			 const struct muster_error *error);
void verify_checked_locked(struct verify_run *run, uint64_t size_bytes);

#endif
