#include "engine/intake/form.h"

enum muster_code intake_form_of(const struct muster_job *job, struct intake_form *out,
				struct muster_error *err)
{
	*out = (struct intake_form){ HASH_CPU_BEST, READER_AUTO };
	if (job->cpu && *job->cpu && !hash_cpu_parse(job->cpu, &out->cpu))
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' is no form of digests: best, scalar, sse2, avx2, avx512 "
				   "or neon",
				   job->cpu);
	if (!hash_cpu_is_available(out->cpu))
		return muster_fail(err, MUSTER_E_USAGE, "this machine has no '%s'", job->cpu);
	return reader_kind_parse(job->reader, &out->reader, err);
}
