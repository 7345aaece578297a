/*
 * put_driver - puts, checks and compares with a local repository, and dies where it is told to.
 *
 *	put_driver init REPOSITORY
 *	put_driver put REPOSITORY TREE CACHE [--name NAME] [--workers N] [--memory MIB]
 *	               [--log FILE] [--at N [--after]]
 *	put_driver check REPOSITORY [--quick]
 *	put_driver compare REPOSITORY TREE [--name NAME]
 *
 * put: the process ends with code 99 at the N-th effect on the store, before or after it was
 * applied; FILE gets the log of effects (io/store/fault.h).
 * compare: reads every stored file of the latest version and holds it against the tree.
 * All print one JSON object; the code is 0, or 1 when something failed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/blob/blob_reader.h"
#include "engine/check/check.h"
#include "engine/manifest/version_reader.h"
#include "engine/put/put.h"
#include "engine/repository/collection.h"
#include "io/store/fault.h"
#include "tests/faults/struck.h"

struct arguments {
	const char *command, *repository, *tree, *cache;
	const char *name; /* of the collection */
	unsigned workers;
	uint64_t memory_bytes;
	struct struck_options struck;
	bool quick;
};

static void usage(void)
{
	fprintf(stderr, "usage: see tests/faults/put_driver.c\n");
	exit(2);
}

static void take_option(struct arguments *out, const char *option, const char *value, int *at)
{
	*at += 2;
	if (strcmp(option, "--after") == 0 || strcmp(option, "--quick") == 0) {
		out->struck.after |= strcmp(option, "--after") == 0;
		out->quick |= strcmp(option, "--quick") == 0;
		*at -= 1;
		return;
	}
	if (!value)
		usage();
	if (strcmp(option, "--name") == 0)
		out->name = value;
	else if (strcmp(option, "--workers") == 0)
		out->workers = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(option, "--memory") == 0)
		out->memory_bytes = strtoull(value, NULL, 10) << 20;
	else if (strcmp(option, "--at") == 0)
		out->struck.at = strtoull(value, NULL, 10);
	else if (strcmp(option, "--log") == 0)
		out->struck.log_fd = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	else
		usage();
}

static struct arguments parse(int argc, char **argv)
{
	struct arguments out = { .name = "data", .workers = 2, .memory_bytes = 64u << 20 };
	const char **names[] = { &out.command, &out.repository, &out.tree, &out.cache };
	size_t count = 0;

	for (int i = 1; i < argc;) {
		if (strncmp(argv[i], "--", 2) == 0) {
			take_option(&out, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &i);
			continue;
		}
		if (count == sizeof(names) / sizeof(names[0]))
			usage();
		*names[count++] = argv[i++];
	}
	if (count < 2 || out.struck.log_fd < 0)
		usage();
	return out;
}

/* --- commands -------------------------------------------------------------------------------- */

static int run_init(const struct arguments *arguments, struct muster_error *err)
{
	if (struck_init(arguments->repository, err))
		return struck_say_failure(err);
	printf("{\"code\": 0}\n");
	return 0;
}

static int run_put(const struct arguments *arguments, struct store *store,
		   struct repository *repository, struct muster_error *err)
{
	struct muster_source source = { .path = arguments->tree };
	struct muster_put_options options = {
		.job = { .worker_count = arguments->workers,
			 .memory_bytes = arguments->memory_bytes },
		.sources = &source,
		.source_count = 1,
		.entity = "me",
		.project = "faults",
		.name = arguments->name,
	};
	struct muster_put_report report;

	if (put_run(repository, arguments->cache, &options, &report, err))
		return struck_say_failure(err);
	printf("{\"code\": 0, \"is_new\": %d, \"version\": %llu, \"entries\": %llu, "
	       "\"read_files\": %llu, \"kept_files\": %llu, \"adopted_packs\": %llu, "
	       "\"packed_blobs\": %llu, \"effects\": %llu}\n",
	       report.is_new, (unsigned long long)report.version_number,
	       (unsigned long long)report.entry_count, (unsigned long long)report.read_files,
	       (unsigned long long)report.kept_files, (unsigned long long)report.adopted_packs,
	       (unsigned long long)report.packed_blobs,
	       (unsigned long long)store_fault_effects(store));
	return 0;
}

static void print_finding(void *state, const char *object, const struct muster_error *error)
{
	(void)state;
	fprintf(stderr, "%s: %s\n", object, error->message);
}

static int run_check(const struct arguments *arguments, struct repository *repository,
		     struct muster_error *err)
{
	struct muster_check_options options = { .job.worker_count = arguments->workers,
						.quick = arguments->quick,
						.on_finding = print_finding };
	struct muster_check_report report;

	if (check_run(repository, &options, &report, err))
		return struck_say_failure(err);
	printf("{\"code\": 0, \"findings\": %llu, \"manifests\": %llu, \"entries\": %llu, "
	       "\"packs\": %llu, \"blobs\": %llu, \"unreferenced\": %llu}\n",
	       (unsigned long long)report.finding_count, (unsigned long long)report.manifest_count,
	       (unsigned long long)report.entry_count, (unsigned long long)report.pack_count,
	       (unsigned long long)report.blob_count,
	       (unsigned long long)report.unreferenced_objects);
	return report.finding_count != 0;
}

/* --- compare --------------------------------------------------------------------------------- */

static enum muster_code compare_bytes(const struct blob_at *at, int fd, struct muster_error *err)
{
	static uint8_t stored[1u << 20], found[1u << 20];
	enum muster_code code = MUSTER_OK;

	for (uint64_t done = 0; !code && done <= at->size_bytes; done += sizeof(stored)) {
		uint64_t left = at->size_bytes - done;
		size_t len = left < sizeof(stored) ? (size_t)left : sizeof(stored);
		ssize_t got = pread(fd, found, sizeof(found), (off_t)done);

		if (len)
			code = store_read(at->object, at->offset_bytes + done, stored, len, err);
		if (!code && (got != (ssize_t)len || memcmp(stored, found, len) != 0))
			code = muster_fail(err, MUSTER_E_DIGEST, "it differs at %llu",
					   (unsigned long long)done);
	}
	return code;
}

static enum muster_code compare_entry(const char *tree, const struct entry *entry,
				      struct blob_reader *blobs, struct muster_error *err)
{
	struct blob_key key = { .algorithm = (uint8_t)entry->algorithm,
				.size_bytes = entry->size_bytes };
	struct blob_at at;
	char path[8192];
	enum muster_code code;
	int fd;

	memcpy(key.digest, entry->fingerprint.digest, sizeof(key.digest));
	memcpy(key.checksum, entry->fingerprint.checksum, sizeof(key.checksum));
	snprintf(path, sizeof(path), "%s/%.*s", tree, VIEW_ARGS(entry->path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return muster_fail_errno(err, "open '%s'", path);
	code = blob_reader_find(blobs, &key, &entry->placement, &at, err);
	if (code == MUSTER_ABSENT)
		code = muster_fail(err, MUSTER_E_FORMAT, "it is not stored");
	if (!code)
		code = compare_bytes(&at, fd, err);
	close(fd);
	if (code)
		muster_context(err, "%s", path);
	return code;
}

static enum muster_code compare_version(const char *tree, struct store *store,
					struct repository *repository,
					const struct version *version, uint64_t *count,
					struct muster_error *err)
{
	struct version_reader_options options = { .with_placement = true };
	struct version_reader *entries = NULL;
	struct blob_reader *blobs = NULL;
	struct entry entry;
	enum muster_code code =
		version_reader_open(&entries, store, &version->manifest, &options, err);

	if (!code)
		code = blob_reader_open(&blobs, store, repository_id(repository), NULL, NULL, err);
	while (!code) {
		code = version_reader_next(entries, &entry, err);
		if (!code)
			code = compare_entry(tree, &entry, blobs, err);
		*count += !code;
	}
	blob_reader_close(blobs);
	version_reader_close(entries);
	return code == MUSTER_END ? MUSTER_OK : code;
}

static int run_compare(const struct arguments *arguments, struct store *store,
		       struct repository *repository, struct muster_error *err)
{
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("faults"),
					view_text(arguments->name) };
	struct collection *collection = NULL;
	const struct version *latest = NULL;
	uint64_t count = 0;
	size_t version_count = 0;
	enum muster_code code = collection_open(&collection, repository, &name, NULL, err);

	if (!code) {
		latest = collection_latest(collection);
		version_count = collection_versions(collection)->version_count;
	}
	if (latest)
		code = compare_version(arguments->tree, store, repository, latest, &count, err);
	collection_close(collection);
	if (code)
		return struck_say_failure(err);
	printf("{\"code\": 0, \"entries\": %llu, \"versions\": %zu}\n", (unsigned long long)count,
	       version_count);
	return 0;
}

static int run(const struct arguments *arguments, struct store *store,
	       struct repository *repository, struct muster_error *err)
{
	if (strcmp(arguments->command, "put") == 0 && arguments->cache)
		return run_put(arguments, store, repository, err);
	if (strcmp(arguments->command, "check") == 0)
		return run_check(arguments, repository, err);
	if (strcmp(arguments->command, "compare") == 0 && arguments->tree)
		return run_compare(arguments, store, repository, err);
	usage();
	return 2;
}

int main(int argc, char **argv)
{
	struct arguments arguments = parse(argc, argv);
	struct muster_error err = { 0 };
	struct struck struck = { 0 };
	int answer;

	if (strcmp(arguments.command, "init") == 0)
		return run_init(&arguments, &err);
	if (struck_open(&struck, arguments.repository, &arguments.struck, &err))
		answer = struck_say_failure(&err);
	else
		answer = run(&arguments, struck.store, struck.repository, &err);
	struck_close(&struck);
	return answer;
}
