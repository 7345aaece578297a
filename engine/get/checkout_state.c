/* What a checkout leaves, so that the next one knows what is its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text/encode.h"
#include "engine/get/checkout.h"
#include "engine/get/notes.h"
#include "io/file/tree_writer.h"

#define STATE_NAME     "state"
#define STATE_NEW_NAME "state.new"

/* --- opening ---------------------------------------------------------------------------------- */

static enum muster_code open_dir(struct checkout_run *run, struct muster_error *err)
{
	uint8_t sha256[IDENTITY_BYTES];
	char path[PATH_MAX], hex[65] = "";
	int len;

	sha256_of(view_text(run->absolute), sha256);
	hex_encode(hex, sha256, sizeof(sha256));
	len = snprintf(path, sizeof(path), "%s/checkouts/%s", run->job.start->cache_dir, hex);
	if (len < 0 || (size_t)len >= sizeof(path))
		return muster_fail(err, MUSTER_E_USAGE, "the cache directory's path is too long");
	return tree_root_open(&run->state.dir_fd, path, true, err);
}

static enum muster_code lock(struct checkout_run *run, struct muster_error *err)
{
	int fd = openat(run->state.dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	run->state.lock_fd = fd;
	if (fd < 0)
		return muster_fail_errno(err, "lock the state of checkouts");
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return muster_fail(err, MUSTER_E_REFUSED, "another checkout into '%s' is running",
				   run->target.directory);
	return MUSTER_OK;
}

enum muster_code checkout_state_open(struct checkout_run *run, struct muster_error *err)
{
	enum muster_code code;
	int fd;

	if (!run->job.start->cache_dir)
		return MUSTER_OK;
	code = open_dir(run, err);
	if (!code)
		code = lock(run, err);
	if (code)
		return code;
	fd = openat(run->state.dir_fd, STATE_NAME, O_RDONLY | O_CLOEXEC);
	/* No state, or none that can be read: then nothing is known to be a checkout's. */
	if (fd >= 0 && stat_run_reader_init(&run->state.old, fd))
		stat_run_reader_advance(&run->state.old);
	return MUSTER_OK;
}

void checkout_state_close(struct checkout_run *run)
{
	stat_run_reader_release(&run->state.old);
	if (run->state.lock_fd >= 0)
		close(run->state.lock_fd);
	if (run->state.dir_fd >= 0)
		close(run->state.dir_fd);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A record that no path of the tree has: its file is gone, or the rules leave it out. */
static enum muster_code pass_record(struct checkout_run *run, struct muster_error *err)
{
	const struct stat_record *record = &run->state.old.head;
	bool is_outside = false;
	enum muster_code code;

	code = get_selection_leaves_out(&run->selection, record->path, &is_outside, err);
	if (!code && is_outside)
		code = get_spool_add(&run->outside, record, err);
	return code;
}

enum muster_code checkout_state_find(struct checkout_run *run, struct view path,
				     const struct stat_record **out, struct muster_error *err)
{
	struct stat_run_reader *old = &run->state.old;
	int order = 1;
	enum muster_code code = MUSTER_OK;

	*out = NULL;
	while (!code && old->has_head && (order = view_compare(old->head.path, path)) < 0) {
		code = pass_record(run, err);
		stat_run_reader_advance(old);
	}
	if (!code && old->has_head && order == 0)
		*out = &old->head;
	return code;
}

enum muster_code checkout_state_end(struct checkout_run *run, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (; !code && run->state.old.has_head; stat_run_reader_advance(&run->state.old))
		code = pass_record(run, err);
	return code;
}

/* --- writing ---------------------------------------------------------------------------------- */

enum source { WRITTEN, KEPT, PENDING, OUTSIDE, GONE, SOURCE_COUNT };

/* Sequences in path order, of which the first that has a path counts. */
struct state_merge {
	struct get_spool_reader readers[SOURCE_COUNT];
	const struct stat_record *heads[SOURCE_COUNT];
	struct bytes path;
};

static enum muster_code advance(struct state_merge *merge, unsigned source,
				struct muster_error *err)
{
	enum muster_code code = get_spool_next(&merge->readers[source], &merge->heads[source], err);

	return code == MUSTER_END ? MUSTER_OK : code;
}

static enum muster_code open_merge(struct checkout_run *run, struct state_merge *merge,
				   struct muster_error *err)
{
	struct get_spool *spools[SOURCE_COUNT] = { &run->written, &run->kept, &run->pending,
						   &run->outside, &run->gone };
	enum muster_code code = MUSTER_OK;

	for (unsigned i = 0; i < SOURCE_COUNT && !code; i++) {
		code = get_spool_finish(spools[i], err);
		if (!code)
			code = get_spool_reader_open(&merge->readers[i], spools[i], err);
		if (!code)
			code = advance(merge, i, err);
	}
	return code;
}

static const struct stat_record *first_head(const struct state_merge *merge, unsigned *source)
{
	const struct stat_record *first = NULL;

	for (unsigned i = 0; i < SOURCE_COUNT; i++) {
		if (!merge->heads[i] ||
		    (first && view_compare(merge->heads[i]->path, first->path) >= 0))
			continue;
		first = merge->heads[i];
		*source = i;
	}
	return first;
}

static bool is_gone(const struct state_merge *merge)
{
	return merge->heads[GONE] && view_equal(merge->heads[GONE]->path, bytes_view(&merge->path));
}

static enum muster_code merge_step(struct state_merge *merge, unsigned source, int64_t now_ns,
				   struct stat_run_writer *out, struct muster_error *err)
{
	struct stat_record record = *merge->heads[source];
	enum muster_code code = MUSTER_OK;

	merge->path.len = 0;
	code = bytes_append_view(&merge->path, record.path, err);
	record.path = bytes_view(&merge->path);
	if (source == WRITTEN) /* a stat as old as "now" may still be that of other bytes */
		record.is_trusted = record.mtime_ns < now_ns && record.ctime_ns < now_ns;
	if (!code && source != GONE && !(source == PENDING && is_gone(merge)))
		code = stat_run_writer_add(out, &record, err);
	for (unsigned i = 0; i < SOURCE_COUNT && !code; i++)
		if (merge->heads[i] && view_equal(merge->heads[i]->path, bytes_view(&merge->path)))
			code = advance(merge, i, err);
	return code;
}

static enum muster_code merge_all(struct checkout_run *run, int64_t now_ns, int fd,
				  struct muster_error *err)
{
	struct state_merge merge = { 0 };
	struct stat_run_writer out = { .fd = fd };
	unsigned source;
	enum muster_code code = open_merge(run, &merge, err);

	if (!code)
		code = stat_run_writer_begin(&out, err);
	while (!code && first_head(&merge, &source))
		code = merge_step(&merge, source, now_ns, &out, err);
	if (!code)
		code = stat_run_writer_flush(&out, err);
	stat_run_writer_release(&out);
	for (unsigned i = 0; i < SOURCE_COUNT; i++)
		get_spool_reader_release(&merge.readers[i]);
	bytes_release(&merge.path);
	return code;
}

/* For people: which version it is. */
static void write_version(struct checkout_run *run)
{
	int fd = openat(run->state.dir_fd, "version", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0600);

	if (fd < 0)
		return;
	dprintf(fd, "%s\n%s\n", run->job.start->version_text, run->absolute);
	close(fd);
}

enum muster_code checkout_state_write(struct checkout_run *run, struct muster_error *err)
{
	int64_t now_ns;
	int fd;
	enum muster_code code;

	if (run->state.dir_fd < 0)
		return MUSTER_OK;
	code = get_now_after(&run->job, run->target.working, run->written.newest_ns, &now_ns, err);
	if (code)
		return code;
	fd = openat(run->state.dir_fd, STATE_NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return muster_fail_errno(err, "write the state of the checkout");
	code = merge_all(run, now_ns, fd, err);
	if (close(fd) && !code)
		code = muster_fail_errno(err, "write the state of the checkout");
	if (!code && renameat(run->state.dir_fd, STATE_NEW_NAME, run->state.dir_fd, STATE_NAME))
		code = muster_fail_errno(err, "write the state of the checkout");
	if (code)
		return code;
	write_version(run);
	get_notes_write(&run->job, run->cache, run->target.working, &run->written, now_ns);
	return MUSTER_OK;
}
