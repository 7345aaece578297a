/* The end of a put that makes a part of a draft: its manifest is written, and is nobody's. */
#include "engine/put/put_job.h"

enum muster_code put_end_part(struct put_job *job, struct muster_error *err)
{
	struct put_run *run = &job->run;
	struct put_part *part = job->part;
	enum muster_code code = put_check_failed(job, err);

	if (!code)
		code = put_emit_complete(run, err);
	if (code)
		return code;
	put_describe_content(job, run->emit.footer);
	if (run->emit.footer->entry_count) {
		code = version_writer_write(run->emit.writer, NULL, NULL, &part->added, err);
		if (code)
			return code;
		part->has_added = true;
	}
	return put_tell_failed(job, err);
}
