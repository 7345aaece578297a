#include "cli/metrics.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text/text.h"

#define FILE_MAX_BYTES (64u << 10) /* of the run before: ours have some 8 KiB */
#define NS_PER_MS      UINT64_C(1000000)

/* The key in the summary, the metric, what it is. Names that are here stay what they are. */
static const struct metric {
	const char *key, *name, *help;
} table[] = {
	{ "failed_items", "failed_items", "Files, or entries, that failed." },
	{ "entry_count", "entries", "Entries of the version, or of all that were looked at." },
	{ "size_bytes", "size_bytes", "Bytes of these entries." },
	/* check, verify */
	{ "finding_count", "findings", "Things that are wrong with the repository." },
	{ "log_count", "logs", "Logs that were checked." },
	{ "event_count", "events", "Events that were checked." },
	{ "checkpoint_count", "checkpoints", "Checkpoints that were checked." },
	{ "manifest_count", "manifests", "Manifests that were checked." },
	{ "leaf_count", "leaves", "Leaves that were checked." },
	{ "index_count", "index_files", "Index files that were checked." },
	{ "run_count", "runs", "Runs that were checked." },
	{ "use_count", "uses", "Uses of versions by runs that were checked." },
	{ "draft_count", "drafts", "Drafts that were checked." },
	{ "pack_count", "packs", "Packs in the repository." },
	{ "blob_count", "checked_blobs", "Blobs whose bytes were read and proved." },
	{ "checked_files", "checked_files", "Files that were held against the version." },
	{ "checked_bytes", "checked_bytes", "Bytes that were read and held against digests." },
	{ "read_packs", "read_packs", "Packs whose bytes were read." },
	{ "stored_bytes", "stored_bytes", "Bytes of all packs in the repository." },
	{ "unread_packs", "unread_packs", "Packs that no check of this machine has read yet." },
	{ "overdue_packs", "overdue_packs", "Packs that were not read for more than --max-age." },
	{ "oldest_age_s", "oldest_read_age_seconds", "The longest time that a pack was not read." },
	{ "daily_bytes", "needed_daily_bytes", "What a check every day must read for --max-age." },
	{ "is_budget_too_small", "budget_too_small", "1: --budget is less than that." },
	{ "unreferenced_objects", "unreferenced_objects",
	  "Objects that no version or draft needs." },
	{ "unproved_events", "unproved_events", "Events that only the rules vouch for." },
	{ "missing", "missing_files", "Files of the version that are not there." },
	{ "changed", "changed_files", "Files that are not what the version says." },
	{ "extra", "extra_files", "Files that the version does not have." },
	{ "unreadable", "unreadable_files", "Files that could not be read." },
	/* put, import, copy */
	{ "is_new", "new_version", "1: a version was made." },
	{ "carried_entries", "carried_entries", "References to entries of other versions." },
	{ "kept_files", "unchanged_files", "Files that were as they should be already." },
	{ "read_files", "read_files", "Files that were read." },
	{ "read_bytes", "read_bytes", "Bytes that were read." },
	{ "shared_blobs", "shared_blobs", "Blobs that were stored already." },
	{ "shared_bytes", "shared_bytes", "Bytes that were stored already." },
	{ "packed_blobs", "new_blobs", "Blobs that are new in the repository." },
	{ "packed_bytes", "new_blob_bytes", "Bytes of these." },
	{ "vanished_files", "vanished_files", "Files that were gone when they were opened." },
	{ "special_files", "special_files", "Devices, pipes and sockets that were passed over." },
	{ "adopted_packs", "adopted_packs", "Packs taken over from a run that was killed." },
	{ "continued_uploads", "continued_uploads", "Uploads that a killed run began." },
	{ "continued_bytes", "continued_bytes", "Bytes of these that were not sent again." },
	{ "ignored_uploads", "ignored_uploads", "Uploads that a killed run began, begun anew." },
	{ "digest_collisions", "digest_collisions", "Equal digests of different bytes." },
	{ "new_versions", "new_versions", "Versions that were made." },
	{ "present_versions", "present_versions", "Versions that were there already." },
	{ "older_versions", "older_versions", "Versions that were left out as older." },
	{ "failed_versions", "failed_versions", "Versions that could not be made." },
	{ "new_links", "new_links", "Links that were made." },
	{ "unlinked_versions", "unlinked_versions", "Links that became versions of their own." },
	/* get, checkout, expire */
	{ "written_files", "written_files", "Files that were written." },
	{ "written_bytes", "written_bytes", "Bytes that were written." },
	{ "deleted_files", "deleted_files", "Files that were deleted." },
	{ "skipped_references", "skipped_references", "References that were not looked at." },
	{ "deleted_versions", "deleted_versions", "Versions that were deleted." },
	{ "deleted_bytes", "deleted_version_bytes", "Bytes of these." },
	{ "kept_versions", "kept_versions", "Versions that stay." },
};
#define METRIC_COUNT (sizeof(table) / sizeof(table[0]))
_Static_assert(METRIC_COUNT <= METRICS_MAX, "each has its place");

void metrics_note(struct metrics *metrics, const char *key, uint64_t value)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		if (strcmp(table[i].key, key) != 0)
			continue;
		metrics->values[i] = value;
		metrics->has[i] = true;
	}
}

/* --- the text -------------------------------------------------------------------------------- */

/* A label's value: UTF-8 with three characters escaped. */
static enum muster_code append_label(struct bytes *out, const char *name, struct view value,
				     struct muster_error *err)
{
	struct bytes safe = { 0 };
	enum muster_code code = text_append_safe(&safe, value, err);

	if (!code)
		code = bytes_printf(out, err, "%s=\"", name);
	for (size_t i = 0; i < safe.len && !code; i++) {
		if (safe.ptr[i] == '"' || safe.ptr[i] == '\\')
			code = bytes_append_byte(out, '\\', err);
		if (!code)
			code = bytes_append_byte(out, safe.ptr[i], err);
	}
	bytes_release(&safe);
	return code ? code : bytes_append_byte(out, '"', err);
}

static enum muster_code make_labels(const struct metrics_run *run, struct bytes *out,
				    struct muster_error *err)
{
	enum muster_code code = append_label(out, "command", view_text(run->command), err);

	if (!code && run->repository.len) {
		code = bytes_append_byte(out, ',', err);
		if (!code)
			code = append_label(out, "repository", run->repository, err);
	}
	return code;
}

/* Text that grows, and what stands behind each name. The first failure sticks. */
struct metrics_writer {
	struct bytes *out;
	struct view labels;
	enum muster_code code;
	struct muster_error *err;
};

static void add_head(struct metrics_writer *writer, const char *name, const char *help)
{
	if (!writer->code)
		writer->code =
			bytes_printf(writer->out, writer->err,
				     "# HELP muster_%s %s\n# TYPE muster_%s gauge\nmuster_%s{",
				     name, help, name, name);
	if (!writer->code)
		writer->code = bytes_append_view(writer->out, writer->labels, writer->err);
}

static void add_count(struct metrics_writer *writer, const char *name, const char *help,
		      uint64_t value)
{
	add_head(writer, name, help);
	if (!writer->code)
		writer->code = bytes_printf(writer->out, writer->err, "} %" PRIu64 "\n", value);
}

static void add_seconds(struct metrics_writer *writer, const char *name, const char *help,
			uint64_t ns)
{
	uint64_t ms = ns / NS_PER_MS;

	add_head(writer, name, help);
	if (!writer->code)
		writer->code = bytes_printf(writer->out, writer->err, "} %" PRIu64 ".%03u\n",
					    ms / 1000, (unsigned)(ms % 1000));
}

/* "<seconds>.<three digits>" as we write it; false for anything else. */
static bool parse_seconds(struct view text, uint64_t *ns)
{
	const uint8_t *point = memchr(text.ptr, '.', text.len);
	size_t whole = point ? (size_t)(point - text.ptr) : 0;
	uint64_t s, ms = 0;

	if (!point || text.len != whole + 4 || !text_parse_u64(view_of(text.ptr, whole), &s) ||
	    s > UINT64_MAX / (1000 * NS_PER_MS) - 1)
		return false;
	for (size_t i = whole + 1; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		ms = ms * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	*ns = (s * 1000 + ms) * NS_PER_MS;
	return true;
}

#define SUCCESS_NAME "last_success_timestamp_seconds"

/* When the run before, or one before that, succeeded; 0: it is not known. */
static uint64_t success_before(struct view text)
{
	const struct view name = VIEW_LITERAL("muster_" SUCCESS_NAME "{");
	uint64_t ns;

	while (text.len) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		struct view line = view_of(text.ptr, len);
		const uint8_t *space = memrchr(line.ptr, ' ', line.len);

		if (view_starts_with(line, name) && space &&
		    parse_seconds(view_of(space + 1, (size_t)(line.ptr + len - space - 1)), &ns))
			return ns;
		len += end != NULL;
		text = view_of(text.ptr + len, text.len - len);
	}
	return 0;
}

static void add_run(struct metrics_writer *writer, const struct metrics_run *run,
		    struct view before)
{
	uint64_t success_ns = run->exit_code ? success_before(before) : run->ended_ns;

	add_count(writer, "success", "1: the last run did all, and found no difference.",
		  run->exit_code == 0);
	add_count(writer, "exit_code", "What the last run ended with.", run->exit_code);
	add_seconds(writer, "duration_seconds", "How long the last run took.",
		    run->ended_ns > run->begun_ns ? run->ended_ns - run->begun_ns : 0);
	add_seconds(writer, "last_run_timestamp_seconds", "When the last run ended, since 1970.",
		    run->ended_ns);
	if (success_ns)
		add_seconds(writer, SUCCESS_NAME,
			    "When the last run that was a success ended, since 1970.", success_ns);
	add_count(writer, "peak_memory_bytes", "Memory of the last run at its peak.",
		  run->peak_memory_bytes);
}

enum muster_code metrics_text(const struct metrics *metrics, const struct metrics_run *run,
			      struct view before, struct bytes *out, struct muster_error *err)
{
	struct bytes labels = { 0 };
	struct metrics_writer writer = { .out = out, .err = err };

	writer.code = make_labels(run, &labels, err);
	writer.labels = bytes_view(&labels);
	add_run(&writer, run, before);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (metrics->has[i])
			add_count(&writer, table[i].name, table[i].help, metrics->values[i]);
	bytes_release(&labels);
	return writer.code;
}

/* --- the file -------------------------------------------------------------------------------- */

/* What cannot be read is as good as nothing. */
static void read_before(const char *path, struct bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = 1;

	if (fd < 0)
		return;
	if (bytes_reserve(out, FILE_MAX_BYTES, NULL) == MUSTER_OK)
		while (out->len < FILE_MAX_BYTES &&
		       (got = read(fd, out->ptr + out->len, FILE_MAX_BYTES - out->len)) > 0)
			out->len += (size_t)got;
	close(fd);
}

static int write_all(int fd, struct view text)
{
	while (text.len) {
		ssize_t done = write(fd, text.ptr, text.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		text = view_of(text.ptr + done, text.len - (size_t)done);
	}
	return 0;
}

/* Under another name first: who looks at the file meanwhile sees the one before. */
static enum muster_code replace(const char *path, struct view text, struct muster_error *err)
{
	struct bytes temporary = { 0 };
	const char *name;
	int fd, failed;
	enum muster_code code = bytes_printf(&temporary, err, "%s.%ld.tmp", path, (long)getpid());

	if (!code)
		code = bytes_append_byte(&temporary, '\0', err);
	if (code)
		goto out;
	name = (const char *)temporary.ptr;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		code = muster_fail_errno(err, "--metrics: make '%s'", path);
		goto out;
	}
	failed = write_all(fd, text);
	failed |= close(fd);
	if (failed || rename(name, path)) {
		code = muster_fail_errno(err, "--metrics: write '%s'", path);
		unlink(name);
	}
out:
	bytes_release(&temporary);
	return code;
}

enum muster_code metrics_write(const struct metrics *metrics, const struct metrics_run *run,
			       const char *path, struct muster_error *err)
{
	struct bytes before = { 0 }, text = { 0 };
	enum muster_code code;

	read_before(path, &before);
	code = metrics_text(metrics, run, bytes_view(&before), &text, err);
	if (!code)
		code = replace(path, bytes_view(&text), err);
	bytes_release(&before);
	bytes_release(&text);
	return code;
}
