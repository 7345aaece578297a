#include "api/api_internal.h"

#include <stdlib.h>

#define MIB		     (1ull << 20)
#define MEMORY_BASE_BYTES    (128 * MIB)
#define MEMORY_WORKER_BYTES  (64 * MIB)
#define MEMORY_MACHINE_SHARE 4
#define REMOTE_READERS	     16
#define READER_BYTES	     (8 * MIB)

static uint64_t default_memory(unsigned worker_count)
{
	uint64_t bytes = MEMORY_BASE_BYTES + MEMORY_WORKER_BYTES * worker_count;
	uint64_t most = machine_memory_bytes(&machine_system_files) / MEMORY_MACHINE_SHARE;

	if (most && bytes > most)
		bytes = most;
	return bytes < API_MEMORY_MIN_BYTES ? API_MEMORY_MIN_BYTES : bytes;
}

void api_job_in(const struct muster_repository *repository, struct muster_job *job)
{
	uint64_t buffers = repository->buffer_bytes;

	if (!repository->remote || !buffers)
		return;
	job->memory_bytes = job->memory_bytes > buffers + API_MEMORY_MIN_BYTES
				    ? job->memory_bytes - buffers
				    : API_MEMORY_MIN_BYTES;
}

void api_job_reads(const struct muster_repository *repository, const struct muster_job *from,
		   struct muster_job *out)
{
	uint64_t most;

	api_job_in(repository, out);
	most = out->memory_bytes / 2 / READER_BYTES;
	if (most > REMOTE_READERS)
		most = REMOTE_READERS;
	if (repository->remote && !from->worker_count && out->worker_count < most)
		out->worker_count = (unsigned)most;
}

enum muster_code api_job(const struct muster_job *from, struct muster_job *out,
			 struct muster_error *err)
{
	*out = *from;
	if (!out->cpu)
		out->cpu = getenv("MUSTER_CPU");
	if (!out->reader)
		out->reader = getenv("MUSTER_READER");
	if (!out->worker_count)
		out->worker_count = machine_processors();
	if (out->worker_count > API_WORKERS_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "%u workers are more than %u",
				   out->worker_count, API_WORKERS_MAX);
	if (!out->memory_bytes)
		out->memory_bytes = default_memory(out->worker_count);
	if (out->memory_bytes < API_MEMORY_MIN_BYTES)
		return muster_fail(err, MUSTER_E_USAGE,
				   "%llu bytes of memory are too few: at least %llu MiB are needed",
				   (unsigned long long)out->memory_bytes,
				   API_MEMORY_MIN_BYTES / MIB);
	return MUSTER_OK;
}
