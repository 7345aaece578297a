#include "engine/etag/etag_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash/hash.h"
#include "base/text/encode.h"
#include "engine/intake/form.h"
#include "io/file/read.h"

#define PARTS_MAX 10000 /* of an object: S3, "Multipart upload limits" */

struct etag_run {
	const struct muster_etag_options *options;
	struct muster_progress *progress; /* may be NULL */
	enum hash_cpu cpu;
	struct etag *etag;     /* of a file in parts */
	struct hasher *hasher; /* of one that is not */
	uint8_t *buffer;
	size_t buffer_bytes;
	int fd;
	struct file_stat found;
};

static uint64_t count_parts(const struct etag_run *run)
{
	uint64_t part = run->options->part_bytes;

	return run->found.size_bytes / part + (run->found.size_bytes % part != 0);
}

static enum muster_code open_file(struct etag_run *run, struct muster_error *err)
{
	const char *path = run->options->path;
	enum muster_code code = file_open(AT_FDCWD, path, &run->fd, &run->found, err);

	if (code == MUSTER_E_VANISHED)
		return muster_fail(err, MUSTER_E_NAME, "there is no file '%s'", path);
	if (!code && count_parts(run) > PARTS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "'%s' would have %" PRIu64 " parts, over %d: no object has so "
				   "many; take larger ones",
				   path, count_parts(run), PARTS_MAX);
	return code;
}

/* Whole parts, as many as the lanes can use and the memory holds. */
static enum muster_code make_buffer(struct etag_run *run, struct muster_error *err)
{
	uint64_t part = run->options->part_bytes;
	uint64_t most = run->options->job.memory_bytes / 2;
	uint64_t parts = part > most ? 0 : most / part;

	if (parts > ETAG_PARTS)
		parts = ETAG_PARTS;
	if (parts > count_parts(run))
		parts = count_parts(run) ? count_parts(run) : 1;
	run->buffer_bytes = parts ? (size_t)(parts * part) : (size_t)most;
	run->buffer = malloc(run->buffer_bytes);
	return run->buffer ? MUSTER_OK : muster_fail_memory(err, "parts of a file");
}

static bool is_cancelled(const struct etag_run *run)
{
	return run->progress && atomic_load_explicit(&run->progress->cancel, memory_order_relaxed);
}

static void count_bytes(const struct etag_run *run, uint64_t bytes)
{
	if (!run->progress)
		return;
	atomic_fetch_add_explicit(&run->progress->read_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&run->progress->done_bytes, bytes, memory_order_relaxed);
}

/* What is done with the bytes, buffer by buffer. */
typedef void take_fn(struct etag_run *run, struct view data, bool is_last);

static void take_parts(struct etag_run *run, struct view data, bool is_last)
{
	if (is_last)
		etag_update_last(run->etag, data);
	else
		etag_update(run->etag, data);
	etag_drain(run->etag);
}

static void take_whole(struct etag_run *run, struct view data, bool is_last)
{
	(void)is_last;
	hash_update(run->hasher, data);
}

static enum muster_code read_all(struct etag_run *run, take_fn *take, struct muster_error *err)
{
	uint64_t done = 0;

	while (done < run->found.size_bytes) {
		uint64_t left = run->found.size_bytes - done;
		size_t want = left < run->buffer_bytes ? (size_t)left : run->buffer_bytes, got;
		enum muster_code code = file_read_at(run->fd, done, run->buffer, want, &got, err);

		if (code)
			return code;
		if (is_cancelled(run))
			return muster_fail(err, MUSTER_E_CANCELLED, "interrupted");
		if (got < want)
			break; /* it has become shorter: the stat says so */
		done += got;
		take(run, view_of(run->buffer, got), done == run->found.size_bytes);
		count_bytes(run, got);
	}
	return MUSTER_OK;
}

static enum muster_code check_unchanged(struct etag_run *run, struct muster_error *err)
{
	struct file_stat after;
	enum muster_code code = file_stat_fd(run->fd, &after, err);

	if (!code && !file_stat_equal(&run->found, &after))
		code = muster_fail(err, MUSTER_E_CHANGED, "'%s' changed while it was read",
				   run->options->path);
	return code;
}

static enum muster_code etag_of_parts(struct etag_run *run, struct muster_etag_report *report,
				      struct muster_error *err)
{
	enum muster_code code = etag_new(&run->etag, run->cpu, err);

	if (code)
		return code;
	etag_begin(run->etag, run->options->part_bytes);
	code = read_all(run, take_parts, err);
	etag_end(run->etag, report->etag);
	report->part_count = count_parts(run) ? count_parts(run) : 1;
	return code;
}

/* A file of less than one part goes up in one request, and has its plain MD5. */
static enum muster_code etag_of_whole(struct etag_run *run, struct muster_etag_report *report,
				      struct muster_error *err)
{
	struct hash_options hashing = { .algorithm = DIGEST_MD5, .cpu = run->cpu };
	struct fingerprint fingerprint;
	enum muster_code code = hasher_new(&run->hasher, hashing, err);

	if (code)
		return code;
	hash_begin(run->hasher);
	code = read_all(run, take_whole, err);
	hash_end(run->hasher, &fingerprint);
	hex_encode(report->etag, fingerprint.digest, DIGEST_BYTES);
	report->etag[2 * DIGEST_BYTES] = '\0';
	return code;
}

enum muster_code etag_file(const struct muster_etag_options *options,
			   struct muster_etag_report *report, struct muster_error *err)
{
	struct etag_run run = { .options = options, .progress = options->job.progress, .fd = -1 };
	struct intake_form form;
	enum muster_code code;

	_Static_assert(sizeof(report->etag) >= ETAG_TEXT_BYTES, "the text of an ETag");
	*report = (struct muster_etag_report){ 0 };
	if (!options->part_bytes)
		return muster_fail(err, MUSTER_E_USAGE, "parts of 0 bytes");
	code = intake_form_of(&options->job, &form, err);
	if (!code)
		code = open_file(&run, err);
	if (!code)
		code = make_buffer(&run, err);
	run.cpu = code ? HASH_CPU_BEST : form.cpu;
	if (!code)
		code = run.found.size_bytes < options->part_bytes && !options->is_multipart
			       ? etag_of_whole(&run, report, err)
			       : etag_of_parts(&run, report, err);
	if (!code)
		code = check_unchanged(&run, err);
	report->size_bytes = run.found.size_bytes;
	hasher_free(run.hasher);
	etag_free(run.etag);
	free(run.buffer);
	if (run.fd >= 0)
		close(run.fd); /* opened read-only: nothing can be lost here */
	return code;
}
