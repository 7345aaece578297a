#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/blob/blob_reader.h"
#include "engine/manifest/version_reader.h"
#include "engine/put/put.h"
#include "engine/repository/collection.h"
#include "io/store/memory.h"
#include "tests/support/torture.h"

/* A tree, a cache directory and a repository in memory. */
struct place {
	char tree[64], cache[64];
	struct store *store;
	struct repository *repository;
};

static void run_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run_shell(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static int open_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct repository_options options = { .algorithm = DIGEST_MD5 };

	snprintf(place->tree, sizeof(place->tree), "/tmp/muster-put-tree-XXXXXX");
	snprintf(place->cache, sizeof(place->cache), "/tmp/muster-put-cache-XXXXXX");
	assert_non_null(mkdtemp(place->tree));
	assert_non_null(mkdtemp(place->cache));
	assert_int_equal(store_memory_new(&place->store, NULL), MUSTER_OK);
	assert_int_equal(repository_init(place->store, &options, effects_system(), NULL),
			 MUSTER_OK);
	assert_int_equal(repository_open(&place->repository, place->store, effects_system(), NULL),
			 MUSTER_OK);
	*state = place;
	return 0;
}

static int close_place(void **state)
{
	struct place *place = *state;

	repository_close(place->repository);
	store_free(place->store);
	run_shell("chmod -R u+rwx '%s'; rm -rf '%s' '%s'", place->tree, place->tree, place->cache);
	free(place);
	return 0;
}

static struct muster_put_options put_options(const struct muster_source *source)
{
	return (struct muster_put_options){ .job = { .worker_count = 2, .memory_bytes = 64 << 20 },
					    .sources = source,
					    .source_count = 1,
					    .entity = "me",
					    .project = "tests",
					    .name = "data" };
}

static struct muster_put_report put(struct place *place, const struct muster_put_options *options,
				    enum muster_code expected)
{
	struct muster_put_report report;
	struct muster_error err = { 0 };
	enum muster_code code = put_run(place->repository, place->cache, options, &report, &err);

	if (code != expected)
		fail_msg("code %d (%s), not %d", code, err.message, expected);
	return report;
}

static struct muster_put_report put_tree(struct place *place)
{
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);

	return put(place, &options, MUSTER_OK);
}

static struct collection *open_collection(struct place *place)
{
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					VIEW_LITERAL("data") };
	struct collection *collection;

	assert_int_equal(collection_open(&collection, place->repository, &name, NULL, NULL),
			 MUSTER_OK);
	return collection;
}

/* Reads every stored file of the latest version and compares it with the tree. Without an index
 * every placement must be right. */
static uint64_t compare_by(struct place *place, struct index_set *index)
{
	struct version_reader_options options = { .with_placement = true };
	struct collection *collection = open_collection(place);
	struct version_reader *version;
	struct blob_reader *blobs;
	struct muster_error err = { 0 };
	struct entry entry;
	uint64_t count = 0;

	assert_int_equal(version_reader_open(&version, place->store,
					     &collection_latest(collection)->manifest, &options,
					     &err),
			 MUSTER_OK);
	assert_int_equal(blob_reader_open(&blobs, place->store, repository_id(place->repository),
					  index, &err),
			 MUSTER_OK);
	while (version_reader_next(version, &entry, &err) == MUSTER_OK) {
		struct blob_key key = { .algorithm = DIGEST_MD5, .size_bytes = entry.size_bytes };
		uint8_t *stored = malloc(entry.size_bytes + 1),
			*actual = malloc(entry.size_bytes + 1);
		struct blob_at at;
		char path[4200];
		int fd;

		memcpy(key.digest, entry.fingerprint.digest, 16);
		memcpy(key.checksum, entry.fingerprint.checksum, 16);
		if (blob_reader_find(blobs, &key, &entry.placement, &at, &err))
			fail_msg("%.*s: %s", VIEW_ARGS(entry.path), err.message);
		assert_int_equal(
			store_read(at.object, at.offset_bytes, stored, at.size_bytes, &err),
			MUSTER_OK);
		snprintf(path, sizeof(path), "%s/%.*s", place->tree, VIEW_ARGS(entry.path));
		fd = open(path, O_RDONLY);
		assert_true(fd >= 0);
		assert_int_equal(read(fd, actual, entry.size_bytes + 1), entry.size_bytes);
		assert_memory_equal(stored, actual, entry.size_bytes);
		close(fd);
		free(stored);
		free(actual);
		count++;
	}
	assert_int_equal(err.code, 0);
	blob_reader_close(blobs);
	version_reader_close(version);
	collection_close(collection);
	return count;
}

static uint64_t compare_with_tree(struct place *place)
{
	return compare_by(place, NULL);
}

static uint64_t compare_with_tree_by_index(struct place *place)
{
	struct index_set *index;
	uint64_t count;

	assert_int_equal(
		index_set_open(&index, place->store, repository_id(place->repository), NULL),
		MUSTER_OK);
	count = compare_by(place, index);
	index_set_close(index);
	return count;
}

/* 300 files in a few directories, some equal, some empty, two large, odd names. */
static void fill_tree(const struct place *place)
{
	run_shell("cd '%s' && mkdir -p a/b c 'with space' .hidden && "
		  "for i in $(seq 1 100); do echo \"file $i\" > a/f$i; echo \"file $i\" > c/g$i; "
		  "printf '%%s' \"$i$i\" > a/b/h$i; done; : > empty; : > c/empty; echo x > "
		  ".hidden/x; "
		  "echo y > 'with space/y y'; printf z > \"$(printf 'new\\nline')\"; "
		  "head -c 5000000 /dev/urandom > a/large1; cp a/large1 c/large2; "
		  "head -c 4194304 /dev/urandom > limit; head -c 4194305 /dev/urandom > over; "
		  "ln -s a/f1 link; ln -s a dirlink",
		  place->tree);
}

/* Stats are trusted only when older than the tree's now: let the clock of the tree move on. */
static void let_time_pass(const struct place *place)
{
	struct stat before, now;
	char path[128];

	snprintf(path, sizeof(path), "%s/.clock", place->cache);
	unlink(path);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	stat(path, &before);
	do {
		unlink(path);
		close(open(path, O_WRONLY | O_CREAT, 0600));
		stat(path, &now);
	} while (now.st_mtim.tv_sec == before.st_mtim.tv_sec &&
		 now.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

static void a_tree_becomes_a_version_and_comes_back(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	report = put_tree(place);
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 0);
	assert_int_equal(report.failed_items, 0);
	assert_int_equal(compare_with_tree(place), report.entry_count);
	assert_int_equal(report.entry_count, 100 + 100 + 100 + 2 + 1 + 1 + 1 + 2 + 2 + 1 + 201);
	assert_int_equal(report.read_files, report.entry_count);
}

/* What is known keeps its way through plan and emit without an allocation of its own: only batches
 * have some, and leaves that are longer than any before. */
static void a_kept_file_allocates_nothing(void **state)
{
	const uint64_t counts[2] = { 2000, 6000 };
	struct place *place = *state;
	uint64_t allocations[2];

	for (size_t i = 0; i < 2; i++) {
		struct muster_source source = { .path = place->tree };
		struct muster_put_options options = put_options(&source);
		struct muster_put_report report;

		options.job.worker_count = 1;
		run_shell("cd '%s' && seq 10000 %d | xargs touch", place->tree,
			  10000 + (int)counts[i] - 1);
		let_time_pass(place);
		put(place, &options, MUSTER_OK);
		put(place, &options, MUSTER_OK);
		allocations[i] = torture_allocations();
		report = put(place, &options, MUSTER_OK);
		allocations[i] = torture_allocations() - allocations[i];
		assert_int_equal(report.kept_files, counts[i]);
	}
	/* 4,000 files more come in 16 batches more, of some five allocations each. */
	assert_true(allocations[1] < allocations[0] + 16 * 8);
}

/* The cache may have been filled by a repository that keeps an identity beside the digest. */
static void what_a_put_elsewhere_learnt_is_found_stored_here(void **state)
{
	struct repository_options with_identity = { .algorithm = DIGEST_MD5, .has_identity = true };
	struct place *place = *state, other = *place;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	assert_int_equal(store_memory_new(&other.store, NULL), MUSTER_OK);
	assert_int_equal(repository_init(other.store, &with_identity, effects_system(), NULL),
			 MUSTER_OK);
	assert_int_equal(repository_open(&other.repository, other.store, effects_system(), NULL),
			 MUSTER_OK);
	fill_tree(place);
	let_time_pass(place);
	put_tree(place);
	put_tree(&other);
	options.name = "another";
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.read_files, 0);
	assert_int_equal(report.kept_files, report.entry_count);
	repository_close(other.repository);
	store_free(other.store);
}

static void an_unchanged_tree_makes_no_version_and_opens_no_file(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	put_tree(place);
	report = put_tree(place);
	assert_false(report.is_new);
	assert_int_equal(report.version_number, 0);
	assert_int_equal(report.read_files, 0);
	assert_true(report.kept_files > 300);
	assert_int_equal(report.packed_blobs, 0);
}

static void only_what_changed_is_read_again(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	put_tree(place);
	let_time_pass(place);
	run_shell("cd '%s' && echo changed > a/f7 && echo new > c/zz && rm a/f8 && "
		  "head -c 4500000 /dev/urandom > a/large3",
		  place->tree);
	let_time_pass(place);
	report = put_tree(place);
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 1);
	/* f7 and large3 are seen through dirlink as well */
	assert_int_equal(report.read_files, 5);
	assert_int_equal(report.packed_blobs, 3);
	assert_int_equal(compare_with_tree(place), report.entry_count);
	report = put_tree(place);
	assert_false(report.is_new);
	assert_int_equal(report.read_files, 0);
}

static void a_cleared_cache_costs_reading_and_nothing_else(void **state)
{
	struct place *place = *state;
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	put_tree(place);
	run_shell("rm -rf '%s'/trees", place->cache);
	report = put_tree(place);
	assert_false(report.is_new);
	assert_int_equal(report.packed_blobs, 0);
	assert_int_equal(report.read_files, report.entry_count);
}

static void failed_items_commit_nothing_unless_asked(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	fill_tree(place);
	run_shell("cd '%s' && ln -s nowhere broken && ln -s . loop", place->tree);
	report = put(place, &options, MUSTER_E_ITEMS);
	assert_false(report.is_committed);
	assert_int_equal(report.failed_items, 2);
	options.commit_partial = true;
	report = put(place, &options, MUSTER_E_ITEMS);
	assert_true(report.is_new);
	assert_int_equal(compare_with_tree(place), report.entry_count);
}

static void a_failed_put_of_a_new_name_leaves_no_artifact(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					VIEW_LITERAL("data") };
	struct collection *collection;

	run_shell("cd '%s' && ln -s nowhere broken", place->tree);
	put(place, &options, MUSTER_E_ITEMS);
	options.dry_run = true;
	put(place, &options, MUSTER_OK);
	assert_int_equal(collection_open(&collection, place->repository, &name, NULL, NULL),
			 MUSTER_E_NAME);
}

static bool wants_nothing(const void *state, const char *path, size_t path_len, bool is_directory)
{
	(void)state;
	(void)path;
	(void)path_len;
	return is_directory;
}

static void patterns_that_leave_no_file_commit_nothing(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);

	fill_tree(place);
	options.wanted = wants_nothing;
	assert_false(put(place, &options, MUSTER_E_USAGE).is_committed);
	put_tree(place);
	options.onto = "latest"; /* then there is something to commit: what was there */
	assert_false(put(place, &options, MUSTER_OK).is_new);
}

struct doomed {
	struct store *store;
	char keys[64][128];
	size_t count;
};

static enum muster_code note_pack(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	struct doomed *doomed = state;

	(void)size_bytes;
	(void)modified_ns;
	(void)err;
	assert_true(doomed->count < 64);
	snprintf(doomed->keys[doomed->count++], sizeof(doomed->keys[0]), "%s", key);
	return MUSTER_OK;
}

/* Somebody removes every pack, or leaves only its beginning. */
static void damage_packs(struct place *place, bool removes)
{
	struct doomed doomed = { .store = place->store };

	assert_int_equal(store_list(place->store, "packs/", NULL, note_pack, &doomed, NULL),
			 MUSTER_OK);
	assert_true(doomed.count > 0);
	for (size_t i = 0; i < doomed.count; i++) {
		assert_int_equal(store_remove(place->store, doomed.keys[i], NULL), MUSTER_OK);
		if (!removes)
			assert_int_equal(store_create(place->store, doomed.keys[i],
						      VIEW_LITERAL("pack"), NULL),
					 MUSTER_OK);
	}
}

static void lost_packs_are_stored_anew_by_the_next_put(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	fill_tree(place);
	let_time_pass(place);
	for (int removes = 0; removes < 2; removes++) {
		for (int rehash = 0; rehash < 2; rehash++) {
			put_tree(place);
			damage_packs(place, removes);
			options.rehash = rehash;
			report = put(place, &options, MUSTER_OK);
			assert_false(report.is_new); /* the version names what it named */
			/* Equal files behind the first one are known to be stored by then. */
			assert_int_equal(report.read_files + report.kept_files, report.entry_count);
			assert_true(report.packed_blobs > 0);
			assert_int_equal(compare_with_tree_by_index(place), report.entry_count);
		}
		options.rehash = false;
		damage_packs(place, removes);
		options.name = removes ? "other" : "another"; /* nothing but the index knows it */
		report = put(place, &options, MUSTER_OK);
		assert_true(report.is_new);
		assert_true(report.packed_blobs > 0);
		options.name = "data";
		assert_int_equal(compare_with_tree_by_index(place), report.entry_count);
	}
}

/* What the tree does not have cannot be stored anew: no version may name it as if it were there. */
static void a_base_that_lost_its_bytes_is_not_put_onto(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;
	struct muster_error err;

	run_shell("cd '%s' && echo 1 > a && echo 2 > b", place->tree);
	put_tree(place);
	damage_packs(place, true);
	run_shell("cd '%s' && rm a && echo 3 > b", place->tree);
	options.onto = "latest";
	assert_int_equal(put_run(place->repository, place->cache, &options, &report, &err),
			 MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "'a'"));
	assert_false(report.is_committed);
	run_shell("cd '%s' && echo 1 > copy-of-a", place->tree); /* the same bytes again */
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 3);
	run_shell("cd '%s' && echo 1 > a", place->tree);
	assert_int_equal(compare_with_tree(place), 3);
}

static void onto_keeps_what_the_tree_does_not_have(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	run_shell("cd '%s' && echo 1 > a && echo 2 > b", place->tree);
	put_tree(place);
	run_shell("cd '%s' && rm a && echo 3 > b && echo 4 > c && "
		  "head -c 5000000 /dev/urandom > 0large",
		  place->tree);
	options.onto = "latest";
	report = put(place, &options, MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.entry_count, 4);
	run_shell("cd '%s' && echo 1 > a", place->tree);
	assert_int_equal(compare_with_tree(place), 4);
	options.onto = "v9";
	put(place, &options, MUSTER_E_NAME);
}

static void sources_meet_under_their_names_and_may_not_clash(void **state)
{
	struct place *place = *state;
	char one[128], two[128], file[128];
	struct muster_source sources[3];
	struct muster_put_options options = put_options(sources);
	struct muster_put_report report;

	run_shell(
		"cd '%s' && mkdir one two && echo 1 > one/x && echo 2 > one/z && echo 3 > two/y && "
		"echo 4 > two/z && echo 5 > lone",
		place->tree);
	snprintf(one, sizeof(one), "%s/one", place->tree);
	snprintf(two, sizeof(two), "%s/two", place->tree);
	snprintf(file, sizeof(file), "%s/lone", place->tree);
	sources[0] = (struct muster_source){ .path = one, .name = "one" };
	sources[1] = (struct muster_source){ .path = two, .name = "two" };
	sources[2] = (struct muster_source){ .path = file };
	options.source_count = 3;
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 5);
	assert_int_equal(compare_with_tree(place), 5);
	let_time_pass(place);
	put(place, &options, MUSTER_OK); /* the first one was too early to believe its stats */
	run_shell("cd '%s' && echo 6 > two/y", place->tree);
	report = put(place, &options, MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.read_files, 1);
	assert_int_equal(report.kept_files, 4);
	assert_int_equal(compare_with_tree(place), 5);
	sources[1].name = "three"; /* another composition has a cache of its own */
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 5);
	assert_int_equal(report.kept_files, 0);
	sources[0].name = NULL;
	sources[1].name = NULL;
	put(place, &options, MUSTER_E_USAGE); /* z twice */
	sources[1].name = "x";
	put(place, &options, MUSTER_E_USAGE); /* x is a file, x/y needs a directory */
}

static void a_list_names_the_files(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	fill_tree(place);
	options.files_from = "c/g2\na/f1\n./a//f2\na/f1\n\n";
	options.files_from_bytes = strlen(options.files_from);
	options.files_from_separator = '\n';
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 3);
	assert_int_equal(compare_with_tree(place), 3);
	options.files_from = "../outside\n";
	options.files_from_bytes = strlen(options.files_from);
	put(place, &options, MUSTER_E_USAGE);
}

static void a_cancelled_put_commits_nothing_and_goes_on_later(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_progress progress = { 0 };

	fill_tree(place);
	options.job.progress = &progress;
	atomic_store(&progress.cancel, true);
	put(place, &options, MUSTER_E_CANCELLED);
	assert_true(put_tree(place).is_new);
}

static void references_are_digested_and_not_stored(void **state)
{
	struct place *place = *state;
	char uri[160];
	struct muster_source sources[2] = { { .path = uri, .name = "here" },
					    { .path = "dvc://bucket/x", .name = "there" } };
	struct muster_put_options options = put_options(sources);
	struct muster_put_report report;
	struct collection *collection;
	struct version_reader *version;
	struct entry entry;

	run_shell("cd '%s' && mkdir 'd d' && printf hello > 'd d/50%%?#' && "
		  "head -c 5000000 /dev/zero > large",
		  place->tree);
	snprintf(uri, sizeof(uri), "file://%s/", place->tree);
	options.source_count = 2;
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 3);
	assert_int_equal(report.packed_blobs, 0);
	collection = open_collection(place);
	assert_int_equal(version_reader_open(&version, place->store,
					     &collection_latest(collection)->manifest, NULL, NULL),
			 MUSTER_OK);
	assert_int_equal(version_reader_find(version, VIEW_LITERAL("here/d d/50%?#"), &entry, NULL),
			 MUSTER_OK);
	assert_int_equal(entry.ref.len, strlen(uri) + strlen("d d/50%25%3F%23"));
	assert_memory_equal(entry.ref.ptr + strlen(uri), "d d/50%25%3F%23", 15);
	assert_memory_equal(entry.fingerprint.digest, "\x5d\x41\x40\x2a", 4);
	assert_int_equal(entry.size_bytes, 5);
	assert_false(entry.has_checksum);
	assert_int_equal(version_reader_find(version, VIEW_LITERAL("here/large"), &entry, NULL),
			 MUSTER_OK);
	assert_int_equal(entry.size_bytes, 5000000);
	assert_int_equal(version_reader_find(version, VIEW_LITERAL("there"), &entry, NULL),
			 MUSTER_OK);
	assert_true(view_equal(entry.digest_text, VIEW_LITERAL("dvc://bucket/x")));
	assert_false(entry.has_size);
	version_reader_close(version);
	collection_close(collection);
	let_time_pass(place);
	options.rehash = true;
	assert_int_equal(put(place, &options, MUSTER_OK).read_files, 2);
	options.rehash = false;
	run_shell("printf more >> '%s/large'", place->tree);
	report = put(place, &options, MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.read_files, 1);
	assert_int_equal(report.kept_files, 1);

	sources[1].name = NULL;
	put(place, &options, MUSTER_E_USAGE);
	sources[1].path = "s3://bucket/x";
	put(place, &options, MUSTER_E_UNSUPPORTED);
	sources[1].path = "file://elsewhere/x";
	put(place, &options, MUSTER_E_USAGE);
	sources[1].path = "file:///%zz";
	put(place, &options, MUSTER_E_USAGE);
}

static bool wants_no_b(const void *state, const char *path, uint64_t path_bytes, bool is_directory)
{
	(void)state;
	(void)is_directory;
	return !(path_bytes == 5 && memcmp(path, "in/b", 4) == 0) &&
	       !(path_bytes == 4 && memcmp(path, "in/b", 4) == 0);
}

static void a_filter_is_asked_about_whole_paths(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree, .name = "in" };
	struct muster_put_options options = put_options(&source);

	run_shell("cd '%s' && echo 1 > a && echo 2 > b", place->tree);
	options.wanted = wants_no_b;
	assert_int_equal(put(place, &options, MUSTER_OK).entry_count, 1);
	options.files_from = "a\nb\n";
	options.files_from_bytes = 4;
	options.files_from_separator = '\n';
	assert_int_equal(put(place, &options, MUSTER_OK).entry_count, 1);
}

/* Batches wait in order for a pack to close; their directories must not stay open meanwhile. */
static void many_directories_need_few_descriptors(void **state)
{
	struct place *place = *state;
	struct rlimit before, few;

	run_shell("cd '%s' && seq 1 3000 | xargs mkdir && "
		  "for i in $(seq 1 3000); do echo $i > $i/f; done",
		  place->tree);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ .rlim_cur = 80, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(put_tree(place).entry_count, 3000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#ifndef __SANITIZE_ADDRESS__
static size_t most_in_use;

/* Asked for each path by threads that walk: a good moment to look at what is held. */
static bool wants_all_and_looks(const void *state, const char *path, uint64_t path_bytes,
				bool is_directory)
{
	struct mallinfo2 info = mallinfo2();
	size_t in_use = info.uordblks + info.hblkhd;

	(void)state;
	(void)path;
	(void)path_bytes;
	(void)is_directory;
	if (in_use > most_in_use)
		most_in_use = in_use;
	return true;
}

/* One file of `count` is new; it waits in a lane for others that never come. */
static size_t held_with_one_change(struct place *place, unsigned count)
{
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	char name[32];

	snprintf(name, sizeof(name), "held%u", count);
	options.name = name;
	run_shell("rm -rf '%s'/*; cd '%s' && for d in $(seq -w %u); do mkdir $d; "
		  "(cd $d && seq -w 200 | xargs touch); done",
		  place->tree, place->tree, count / 200);
	let_time_pass(place);
	put(place, &options, MUSTER_OK);
	run_shell("echo new > '%s'/0", place->tree);
	options.wanted = wants_all_and_looks;
	most_in_use = 0;
	assert_int_equal(put(place, &options, MUSTER_OK).read_files, 1);
	return most_in_use;
}

static void what_waits_behind_a_file_in_a_lane_is_bounded(void **state)
{
	size_t few, many;

	mallopt(M_ARENA_MAX, 1); /* mallinfo2() tells of one only */
	few = held_with_one_change(*state, 10000);
	many = held_with_one_change(*state, 50000);
	if (many > few + (6u << 20))
		fail_msg("%zu bytes with 10,000 files, %zu with 50,000", few, many);
}
#endif

static void usage_errors_say_what_is_missing(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = "/nonexistent/muster" };
	struct muster_put_options options = put_options(&source);

	put(place, &options, MUSTER_E_NAME);
	options.source_count = 0;
	put(place, &options, MUSTER_E_USAGE);
}

struct writer {
	struct place *place;
	unsigned number;
	pthread_t thread;
	enum muster_code code;
	struct muster_error err;
};

static void *put_own_tree(void *arg)
{
	struct writer *writer = arg;
	char path[128];
	struct muster_source source = { .path = path };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	snprintf(path, sizeof(path), "%s/t%u", writer->place->tree, writer->number);
	writer->code = put_run(writer->place->repository, writer->place->cache, &options, &report,
			       &writer->err);
	return NULL;
}

static void twelve_writers_make_twelve_versions(void **state)
{
	struct place *place = *state;
	struct writer writers[12];
	struct collection *collection;

	for (unsigned i = 0; i < 12; i++)
		run_shell("mkdir '%s/t%u' && seq %u %u > '%s/t%u/f'", place->tree, i, i, i + 50,
			  place->tree, i);
	for (unsigned i = 0; i < 12; i++) {
		writers[i] = (struct writer){ .place = place, .number = i };
		pthread_create(&writers[i].thread, NULL, put_own_tree, &writers[i]);
	}
	for (unsigned i = 0; i < 12; i++)
		pthread_join(writers[i].thread, NULL);
	for (unsigned i = 0; i < 12; i++)
		if (writers[i].code)
			fail_msg("writer %u: %s", i, writers[i].err.message);
	collection = open_collection(place);
	assert_int_equal(collection_versions(collection)->version_count, 12);
	collection_close(collection);
}

#define PUT_TEST(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUT_TEST(a_tree_becomes_a_version_and_comes_back),
		PUT_TEST(a_kept_file_allocates_nothing),
		PUT_TEST(what_a_put_elsewhere_learnt_is_found_stored_here),
		PUT_TEST(an_unchanged_tree_makes_no_version_and_opens_no_file),
		PUT_TEST(only_what_changed_is_read_again),
		PUT_TEST(a_cleared_cache_costs_reading_and_nothing_else),
		PUT_TEST(failed_items_commit_nothing_unless_asked),
		PUT_TEST(a_failed_put_of_a_new_name_leaves_no_artifact),
		PUT_TEST(patterns_that_leave_no_file_commit_nothing),
		PUT_TEST(lost_packs_are_stored_anew_by_the_next_put),
		PUT_TEST(a_base_that_lost_its_bytes_is_not_put_onto),
		PUT_TEST(onto_keeps_what_the_tree_does_not_have),
		PUT_TEST(sources_meet_under_their_names_and_may_not_clash),
		PUT_TEST(a_list_names_the_files),
		PUT_TEST(a_cancelled_put_commits_nothing_and_goes_on_later),
		PUT_TEST(references_are_digested_and_not_stored),
		PUT_TEST(a_filter_is_asked_about_whole_paths),
		PUT_TEST(many_directories_need_few_descriptors),
#ifndef __SANITIZE_ADDRESS__
		PUT_TEST(what_waits_behind_a_file_in_a_lane_is_bounded),
#endif
		PUT_TEST(usage_errors_say_what_is_missing),
		PUT_TEST(twelve_writers_make_twelve_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
