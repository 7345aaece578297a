#include "engine/get/hashing.h"

void get_hashing_init(struct get_hashing *hashing, struct get_job *job, intake_done_fn *done,
		      void *state)
{
	hashing->job = job;
	hashing->intakes.options = (struct intake_options){
		.hashing = get_job_hashing(job, DIGEST_MD5),
		.reader.kind = job->form.reader,
		.progress = job->progress,
		.ring_bytes = job->ring_bytes,
		.done = done,
		.state = state,
	};
}

void get_hashing_release(struct get_hashing *hashing)
{
	intake_set_release(&hashing->intakes);
	long_intake_close(hashing->large);
}

uint64_t get_hashing_small_max(const struct get_hashing *hashing)
{
	return intake_small_max(hashing->job->ring_bytes);
}

/* Whole, and not a byte more. */
static enum muster_code read_whole(const struct sys_ops *sys, int fd, uint64_t size_bytes,
				   uint8_t *room, struct muster_error *error)
{
	ssize_t got = sys_read_full(sys, fd, room, size_bytes + 1);

	if (got < 0)
		return muster_fail_errno(error, "read it");
	if ((uint64_t)got != size_bytes)
		return muster_fail(error, MUSTER_E_CHANGED, "it changes while it is read");
	return MUSTER_OK;
}

enum muster_code get_hashing_read(struct get_hashing *hashing, enum digest_algorithm algorithm,
				  int fd, uint64_t size_bytes, void *cookie,
				  struct muster_error *error, struct muster_error *err)
{
	const struct sys_ops *sys = hashing->job->sys;
	struct intake *intake;
	uint8_t *room;
	enum muster_code code = intake_set_need(&hashing->intakes, algorithm, &intake, err);

	if (!code)
		code = intake_lend(intake, size_bytes, &room, err);
	if (code) {
		sys_close(sys, fd);
		return code;
	}
	code = read_whole(sys, fd, size_bytes, room, error);
	sys_close(sys, fd);
	if (code) {
		intake_drop(intake);
		return MUSTER_OK;
	}
	get_count(&hashing->job->progress->read_files, 1);
	get_count(&hashing->job->progress->read_bytes, size_bytes);
	return intake_fill(intake, cookie, err);
}

enum muster_code get_hashing_drain(struct get_hashing *hashing, struct muster_error *err)
{
	return intake_set_drain(&hashing->intakes, err);
}

static bool is_stopping(void *job)
{
	return get_is_stopping(job);
}

struct long_ops get_long_ops(struct get_job *job, void *state)
{
	return (struct long_ops){ .state = state,
				  .is_stopping = is_stopping,
				  .run = job,
				  .read_bytes = &job->progress->read_bytes };
}

enum muster_code get_hashing_run_large(struct get_hashing *hashing, const struct long_ops *ops,
				       struct muster_error *err)
{
	struct hash_options hashing_options = get_job_hashing(hashing->job, DIGEST_MD5);
	enum muster_code code = MUSTER_OK;

	if (!hashing->large)
		code = long_intake_open(&hashing->large, &hashing_options, ops, err);
	return code ? code : long_intake_run(hashing->large, err);
}
