/* What a put may hold at once: descriptors, memory; and many puts at once. */
#include <dirent.h>
#include <stdatomic.h>

#include "tests/engine/put/place.h"

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

#define SOURCES 60

static atomic_uint most_threads;

/* The same, of threads. */
static bool wants_all_and_counts(const void *state, const char *path, uint64_t path_bytes,
				 bool is_directory)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned count = 0, most = atomic_load(&most_threads);

	(void)state;
	(void)path;
	(void)path_bytes;
	(void)is_directory;
	while (tasks && readdir(tasks))
		count++;
	closedir(tasks);
	while (count > most && !atomic_compare_exchange_weak(&most_threads, &most, count))
		;
	return true;
}

/* Their names say when their turn is: only some of them walk at a time. */
static void many_sources_take_the_threads_of_a_few(void **state)
{
	struct place *place = *state;
	struct muster_source sources[SOURCES];
	char paths[SOURCES][80], names[SOURCES][16];
	struct muster_put_options options = put_options(sources);
	struct muster_put_report report;

	for (unsigned i = 0; i < SOURCES; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%u", place->tree, i);
		snprintf(names[i], sizeof(names[i]), "n%02u", SOURCES - i);
		sources[i] = (struct muster_source){ paths[i], names[i] };
	}
	run_shell("cd '%s' && for i in $(seq 0 %u); do mkdir -p $i/d; echo $i | tee $i/d/b > $i/a; "
		  "mkfifo $i/p; done",
		  place->tree, SOURCES - 1);
	options.source_count = SOURCES;
	options.wanted = wants_all_and_counts;
	atomic_store(&most_threads, 0);
	report = put(place, &options, MUSTER_OK);
	assert_int_equal(report.entry_count, 2 * SOURCES);
	assert_int_equal(report.special_files, SOURCES);
	assert_in_range(atomic_load(&most_threads), 3, 20);
	for (unsigned i = 0; i < SOURCES; i++)
		sources[i].name = NULL; /* "a" of all of them */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUT_TEST(many_directories_need_few_descriptors),
#ifndef __SANITIZE_ADDRESS__
		PUT_TEST(what_waits_behind_a_file_in_a_lane_is_bounded),
#endif
		PUT_TEST(many_sources_take_the_threads_of_a_few),
		PUT_TEST(twelve_writers_make_twelve_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
