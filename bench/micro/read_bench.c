/*
 * What it costs to read many small files: `read_bench DIR [--threads 1,2] [--depths 64,128]
 * [--rounds N] [--stat] [--warm | --cold] [--json]`.
 *
 * All files below DIR are listed first. Then, in turns, N times: `bare` calls open, read, close and
 * nothing else; `plain`, `ring` and `auto` are readers, `ring` and `auto` of each depth. Threads
 * take 256 files at a time, and each reads into a buffer of its own of 32 MiB, over and over.
 *
 * Warm: a round that does not count has gone before. Cold: caches are dropped before each round,
 * and directories are read again, as a walk would; needs root, else it is left out by name. With
 * --stat files are stat-ed too: after they were read, and in a cold round, as a put's walk does it,
 * before the time starts. Medians and extremes of the rounds, ns per file; processor time too,
 * which other work on the machine disturbs less.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "io/reader/reader.h"

#define BUFFER_BYTES (32u << 20)
#define CHUNK_FILES  256
#define ROUND_MAX    100
#define LIST_MAX     8
#define THREAD_MAX   64

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "read_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* --- the tree -------------------------------------------------------------------------------- */

struct directory {
	char *path;
	int fd;
};

struct file {
	size_t directory;
	char *name;
	uint64_t size_bytes;
};

static struct {
	struct directory *directories;
	struct file *files;
	size_t directory_count, file_count;
} tree;

/* Room for one more, of what holds `count`; it grows at powers of two. */
static void *grown(void *items, size_t count, size_t item_bytes)
{
	void *bigger;

	if (count & (count - 1))
		return items;
	bigger = realloc(items, (count ? 2 * count : 1) * item_bytes);
	if (!bigger)
		die("realloc");
	return bigger;
}

static void add_directory(char *path)
{
	tree.directories = grown(tree.directories, tree.directory_count, sizeof(*tree.directories));
	tree.directories[tree.directory_count++] = (struct directory){ path, -1 };
}

static void add_file(size_t directory, const char *name, uint64_t size_bytes)
{
	if (size_bytes >= BUFFER_BYTES)
		return;
	tree.files = grown(tree.files, tree.file_count, sizeof(*tree.files));
	tree.files[tree.file_count++] = (struct file){ directory, strdup(name), size_bytes };
}

static void list(size_t directory)
{
	DIR *dir = opendir(tree.directories[directory].path);
	struct dirent *entry;

	if (!dir)
		die(tree.directories[directory].path);
	while ((entry = readdir(dir))) {
		struct stat st;
		char *path;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISREG(st.st_mode))
			add_file(directory, entry->d_name, (uint64_t)st.st_size);
		else if (S_ISDIR(st.st_mode) &&
			 asprintf(&path, "%s/%s", tree.directories[directory].path, entry->d_name) >
				 0)
			add_directory(path);
	}
	closedir(dir);
}

static void open_directories(void)
{
	for (size_t i = 0; i < tree.directory_count; i++) {
		struct directory *directory = &tree.directories[i];

		directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (directory->fd < 0)
			die(directory->path);
	}
}

static bool drop_caches(void)
{
	int fd;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "3", 1) != 1)
		return false;
	close(fd);
	return true;
}

/* What a walk leaves in the cache. */
static void read_directories(bool stats)
{
	struct stat st;

	for (size_t i = 0; i < tree.directory_count; i++) {
		DIR *dir = opendir(tree.directories[i].path);

		while (dir && readdir(dir))
			;
		closedir(dir);
	}
	for (size_t i = 0; i < tree.file_count && stats; i++)
		fstatat(tree.directories[tree.files[i].directory].fd, tree.files[i].name, &st, 0);
}

/* --- reading --------------------------------------------------------------------------------- */

struct series {
	const char *name;
	bool is_bare, is_cold, has_stat;
	enum reader_kind kind;
	unsigned depth, thread_count;
	double ns[ROUND_MAX],
		processor_ns[ROUND_MAX]; /* per file; of all threads, the kernel's too */
	struct reader_report report;	 /* of the last round */
	atomic_size_t next;
};

struct thread {
	struct series *series;
	uint8_t *buffer;
	size_t used_bytes;
	struct reader_report report;
	pthread_t id;
};

static uint8_t *room(struct thread *thread, uint64_t size_bytes)
{
	uint8_t *out;

	if (thread->used_bytes + size_bytes + 1 > BUFFER_BYTES)
		thread->used_bytes = 0;
	out = thread->buffer + thread->used_bytes;
	thread->used_bytes += size_bytes + 1;
	return out;
}

static void read_bare(struct thread *thread, const struct file *file)
{
	int fd = openat(tree.directories[file->directory].fd, file->name,
			O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOATIME);
	struct stat st;

	if (fd < 0 || read(fd, room(thread, file->size_bytes), file->size_bytes + 1) !=
			      (ssize_t)file->size_bytes)
		die(file->name);
	if (thread->series->has_stat)
		fstat(fd, &st);
	close(fd);
}

static bool take(struct reader *reader)
{
	struct muster_error error = { 0 };
	struct reader_answer answer;

	if (reader_next(reader, &answer, &error))
		return false;
	if (answer.code) {
		fprintf(stderr, "read_bench: %s\n", error.message);
		exit(1);
	}
	return true;
}

static void read_by(struct thread *thread, struct reader *reader, const struct file *file)
{
	struct reader_request request = { .dir_fd = tree.directories[file->directory].fd,
					  .name = file->name,
					  .size_bytes = file->size_bytes,
					  .buffer = room(thread, file->size_bytes),
					  .cap_bytes = file->size_bytes + 1 };

	while (reader_submit(reader, &request) == MUSTER_FULL)
		take(reader);
}

static void *run(void *arg)
{
	struct thread *thread = arg;
	struct series *series = thread->series;
	struct reader_options options = { .kind = series->kind,
					  .depth = series->depth,
					  .wants_stat = series->has_stat };
	struct reader *reader;
	size_t at;

	if (reader_open(&reader, &options, NULL))
		die("reader_open");
	while ((at = atomic_fetch_add(&series->next, CHUNK_FILES)) < tree.file_count)
		for (size_t i = at; i < at + CHUNK_FILES && i < tree.file_count; i++)
			if (series->is_bare)
				read_bare(thread, &tree.files[i]);
			else
				read_by(thread, reader, &tree.files[i]);
	while (take(reader))
		;
	reader_report(reader, &thread->report);
	reader_close(reader);
	return NULL;
}

static void count(struct series *series, const struct reader_report *report)
{
	series->report.plain_files += report->plain_files;
	series->report.ring_files += report->ring_files;
	series->report.enter_count += report->enter_count;
}

static void run_series(struct series *series, uint8_t *const *buffers, unsigned round)
{
	struct thread threads[THREAD_MAX] = { 0 };
	double start_s, processor_s = now_s(CLOCK_PROCESS_CPUTIME_ID);

	atomic_store(&series->next, 0);
	series->report = (struct reader_report){ 0 };
	start_s = now_s(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < series->thread_count; i++) {
		threads[i].series = series;
		threads[i].buffer = buffers[i];
		if (pthread_create(&threads[i].id, NULL, run, &threads[i]))
			die("pthread_create");
	}
	for (unsigned i = 0; i < series->thread_count; i++) {
		pthread_join(threads[i].id, NULL);
		count(series, &threads[i].report);
	}
	series->ns[round] = (now_s(CLOCK_MONOTONIC) - start_s) * 1e9 / (double)tree.file_count;
	series->processor_ns[round] =
		(now_s(CLOCK_PROCESS_CPUTIME_ID) - processor_s) * 1e9 / (double)tree.file_count;
}

/* --- what to run, and what came out ---------------------------------------------------------- */

struct options {
	unsigned threads[LIST_MAX], depths[LIST_MAX], rounds;
	bool has_stat, no_warm, no_cold, is_json;
};

static void parse_list(const char *text, unsigned *out)
{
	char *end;

	memset(out, 0, LIST_MAX * sizeof(*out));
	for (int i = 0; i < LIST_MAX && *text; i++, text = *end ? end + 1 : end) {
		out[i] = (unsigned)strtoul(text, &end, 10);
		if (!out[i] || (*end && *end != ','))
			die("a list of numbers");
	}
}

static bool parse(struct options *options, int argc, char **argv)
{
	*options = (struct options){ .threads = { 1, 2 }, .depths = { 64, 128 }, .rounds = 3 };
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--stat") == 0)
			options->has_stat = true;
		else if (strcmp(argv[i], "--warm") == 0)
			options->no_cold = true;
		else if (strcmp(argv[i], "--cold") == 0)
			options->no_warm = true;
		else if (strcmp(argv[i], "--json") == 0)
			options->is_json = true;
		else if (i + 1 == argc)
			return false;
		else if (strcmp(argv[i], "--threads") == 0)
			parse_list(argv[++i], options->threads);
		else if (strcmp(argv[i], "--depths") == 0)
			parse_list(argv[++i], options->depths);
		else if (strcmp(argv[i], "--rounds") == 0)
			options->rounds = (unsigned)strtoul(argv[++i], NULL, 10);
		else
			return false;
	}
	for (int i = 0; i < LIST_MAX; i++)
		if (options->threads[i] > THREAD_MAX)
			return false;
	return argc > 1 && options->rounds && options->rounds <= ROUND_MAX;
}

#define SERIES_MAX (LIST_MAX * (2 + 2 * LIST_MAX))

struct plan {
	struct series series[SERIES_MAX];
	size_t count;
};

/* `like`, but of this kind and depth. */
static void add(struct plan *plan, struct series *like, const char *name, enum reader_kind kind,
		unsigned depth)
{
	like->name = name;
	like->kind = kind;
	like->depth = depth;
	plan->series[plan->count++] = *like;
}

static void make_plan(struct plan *plan, const struct options *options, bool is_cold)
{
	plan->count = 0;
	for (int t = 0; t < LIST_MAX && options->threads[t]; t++) {
		struct series like = { .is_bare = true,
				       .is_cold = is_cold,
				       .has_stat = options->has_stat,
				       .thread_count = options->threads[t] };

		add(plan, &like, "bare", READER_PLAIN, 0);
		like.is_bare = false;
		add(plan, &like, "plain", READER_PLAIN, 0);
		for (int d = 0; d < LIST_MAX && options->depths[d]; d++) {
			add(plan, &like, "ring", READER_RING, options->depths[d]);
			add(plan, &like, "auto", READER_AUTO, options->depths[d]);
		}
	}
}

static int by_value(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static double median(double *ns, unsigned rounds)
{
	qsort(ns, rounds, sizeof(*ns), by_value);
	return ns[rounds / 2];
}

static void print_series(struct series *series, const struct options *options)
{
	double ns = median(series->ns, options->rounds);
	double processor_ns = median(series->processor_ns, options->rounds);
	const char *cache = series->is_cold ? "cold" : "warm";
	static bool is_later;

	if (options->is_json)
		printf("%s{\"cache\":\"%s\",\"kind\":\"%s\",\"depth\":%u,\"threads\":%u,"
		       "\"stat\":%s,\"median_ns\":%.0f,\"least_ns\":%.0f,\"most_ns\":%.0f,"
		       "\"processor_ns\":%.0f}",
		       is_later ? "," : "", cache, series->name, series->depth,
		       series->thread_count, series->has_stat ? "true" : "false", ns, series->ns[0],
		       series->ns[options->rounds - 1], processor_ns);
	else
		printf("%s, %u thread(s)  %-5s %3u  %7.3f s  %6.0f ns/file (%.0f to %.0f)  "
		       "processor %5.0f  plain %llu ring %llu enters %llu\n",
		       cache, series->thread_count, series->name, series->depth,
		       ns * 1e-9 * (double)tree.file_count, ns, series->ns[0],
		       series->ns[options->rounds - 1], processor_ns,
		       (unsigned long long)series->report.plain_files,
		       (unsigned long long)series->report.ring_files,
		       (unsigned long long)series->report.enter_count);
	is_later = true;
	fflush(stdout);
}

/* One warm or cold half: all series in turns, so that what else runs disturbs all alike. */
static void measure(const struct options *options, uint8_t *const *buffers, bool is_cold)
{
	static struct plan plan;

	make_plan(&plan, options, is_cold);
	if (!is_cold)
		run_series(&plan.series[0], buffers, 0); /* warms */
	for (unsigned round = 0; round < options->rounds; round++)
		for (size_t i = 0; i < plan.count; i++) {
			if (is_cold) {
				drop_caches();
				read_directories(options->has_stat);
			}
			run_series(&plan.series[i], buffers, round);
		}
	for (size_t i = 0; i < plan.count; i++)
		print_series(&plan.series[i], options);
}

static void list_tree(const char *root)
{
	add_directory(strdup(root));
	for (size_t i = 0; i < tree.directory_count; i++)
		list(i);
	open_directories();
	if (!tree.file_count)
		die("no files");
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 1u << 16, 1u << 16 };
	uint8_t *buffers[THREAD_MAX];
	struct options options;
	bool is_skipped;

	if (!parse(&options, argc, argv)) {
		fprintf(stderr, "usage: read_bench DIR [--threads 1,2] [--depths 64,128] "
				"[--rounds N] [--stat] [--warm | --cold] [--json]\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned i = 0; i < THREAD_MAX; i++) /* touched only where used */
		if (!(buffers[i] = malloc(BUFFER_BYTES)))
			die("malloc");
	list_tree(argv[1]);
	is_skipped = !options.no_cold && !drop_caches();
	if (options.is_json)
		printf("{\"files\":%zu,\"rounds\":%u,\"cold_skipped\":%s,\"series\":[",
		       tree.file_count, options.rounds, is_skipped ? "true" : "false");
	if (!options.no_warm)
		measure(&options, buffers, false);
	if (!options.no_cold && !is_skipped)
		measure(&options, buffers, true);
	if (options.is_json)
		printf("]}\n");
	else if (is_skipped)
		printf("cold: skipped, this user may not drop caches\n");
	return 0;
}
