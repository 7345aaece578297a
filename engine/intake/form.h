/**
 * form - which forms of hashing and reading a job uses: chosen by observation, or forced.
 *
 * Threads: any.
 */
#ifndef ENGINE_INTAKE_FORM_H
#define ENGINE_INTAKE_FORM_H

#include "base/hash/hash_cpu.h"
#include "io/reader/reader.h"
#include "muster/progress.h"

struct intake_form {
	enum hash_cpu cpu;
	enum reader_kind reader;
};

/** What job->cpu and job->reader name. Errors: MUSTER_E_USAGE for a name that is none, or a form
 *  that this machine does not have. */
enum muster_code intake_form_of(const struct muster_job *job, struct intake_form *out,
				struct muster_error *err);

#endif
