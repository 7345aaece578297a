/*
 * What a walk costs beside the bare system calls: `walk_bench DIR [THREADS [ROUNDS [bare|walk]]]`.
 *
 * In turns, ROUNDS times: `bare` reads each directory and stats each file in it with THREADS
 * threads and keeps nothing, in no order; `walk` is the real one with that thread_count. The
 * first round of each warms the caches and does not count. Prints a line of JSON: time that
 * passed, and processor time of all threads, which other work on the machine disturbs less.
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "io/tree/walk.h"

#define ROUND_MAX   100
#define THREAD_MAX  64
#define DENTS_BYTES (128u << 10)

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "walk_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- bare ------------------------------------------------------------------------------- */

struct directory {
	struct directory *next;
	char path[];
};

/* Directories still to read, the newest first; `busy_count` threads may add more. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct directory *first;
	unsigned busy_count;
	atomic_ullong file_count;
} bare = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void bare_add(const char *parent, const char *name)
{
	size_t len = strlen(parent) + strlen(name) + 2;
	struct directory *directory = malloc(sizeof(*directory) + len);

	if (!directory)
		die("malloc");
	snprintf(directory->path, len, "%s%s%s", parent, *parent ? "/" : "", name);
	pthread_mutex_lock(&bare.lock);
	directory->next = bare.first;
	bare.first = directory;
	pthread_cond_signal(&bare.changed);
	pthread_mutex_unlock(&bare.lock);
}

static struct directory *bare_take(void)
{
	struct directory *directory;

	pthread_mutex_lock(&bare.lock);
	bare.busy_count--;
	while (!bare.first && bare.busy_count)
		pthread_cond_wait(&bare.changed, &bare.lock);
	directory = bare.first;
	if (directory) {
		bare.first = directory->next;
		bare.busy_count++;
	} else {
		pthread_cond_broadcast(&bare.changed);
	}
	pthread_mutex_unlock(&bare.lock);
	return directory;
}

static uint64_t bare_dents(const struct directory *directory, int fd, const uint8_t *dents,
			   ssize_t len)
{
	uint64_t count = 0;

	for (ssize_t at = 0; at < len;) {
		const char *name = (const char *)dents + at + 19;
		struct statx stx;
		uint16_t dent_len;

		memcpy(&dent_len, dents + at + 16, 2);
		if (dents[at + 18] != DT_DIR) {
			if (statx(fd, name, AT_NO_AUTOMOUNT,
				  STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_MTIME | STATX_CTIME |
					  STATX_INO,
				  &stx))
				die(name);
			count++;
		} else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			bare_add(directory->path, name);
		}
		at += dent_len;
	}
	return count;
}

static void *bare_run(void *arg)
{
	int root_fd = *(const int *)arg;
	uint8_t *dents = malloc(DENTS_BYTES);
	struct directory *directory;
	uint64_t count = 0;
	ssize_t got;

	while ((directory = bare_take())) {
		int fd = openat(root_fd, *directory->path ? directory->path : ".",
				O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOATIME);

		if (fd < 0)
			die(directory->path);
		while ((got = syscall(SYS_getdents64, fd, dents, DENTS_BYTES)) > 0)
			count += bare_dents(directory, fd, dents, got);
		close(fd);
		free(directory);
	}
	atomic_fetch_add(&bare.file_count, count);
	free(dents);
	return NULL;
}

static uint64_t bare_walk(const char *root, unsigned thread_count)
{
	pthread_t threads[THREAD_MAX];
	int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		die(root);
	bare_add("", "");
	bare.busy_count = thread_count;
	atomic_store(&bare.file_count, 0);
	for (unsigned i = 0; i < thread_count; i++)
		if (pthread_create(&threads[i], NULL, bare_run, &root_fd))
			die("pthread_create");
	for (unsigned i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	close(root_fd);
	return atomic_load(&bare.file_count);
}

/* --- the walk --------------------------------------------------------------------------- */

static uint64_t real_walk(const char *root, unsigned thread_count)
{
	struct walk_options options = { .thread_count = thread_count };
	struct muster_error err = { 0 };
	struct walk_batch *batch;
	struct walk *walk;
	uint64_t count = 0;
	enum muster_code code = walk_open(&walk, root, &options, &err);

	while (!code) {
		code = walk_next(walk, &batch, &err);
		if (code)
			break;
		count += batch->entry_count;
		walk_batch_free(batch);
	}
	if (code != MUSTER_END) {
		fprintf(stderr, "walk_bench: %s\n", err.message);
		exit(1);
	}
	walk_close(walk);
	return count;
}

/* --- measuring -------------------------------------------------------------------------- */

enum measure {
	ELAPSED,
	PROCESSOR,
	MEASURE_COUNT,
};

static const char *const measure_names[MEASURE_COUNT] = { "elapsed", "processor" };

struct series {
	const char *name;
	uint64_t (*run)(const char *root, unsigned thread_count);
	double ns[MEASURE_COUNT][ROUND_MAX]; /* per file */
};

static int by_value(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static double processor_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* One run; gives the count of files. Round 0 does not count. */
static uint64_t series_run(struct series *series, const char *root, unsigned thread_count,
			   unsigned long round)
{
	double start = now_s(), processor = processor_s();
	uint64_t count = series->run(root, thread_count);

	if (round && count) {
		series->ns[ELAPSED][round - 1] = (now_s() - start) * 1e9 / (double)count;
		series->ns[PROCESSOR][round - 1] =
			(processor_s() - processor) * 1e9 / (double)count;
	}
	return count;
}

static void print_series(struct series *series, unsigned long round_count)
{
	for (int measure = 0; measure < MEASURE_COUNT; measure++) {
		double *ns = series->ns[measure];

		qsort(ns, round_count, sizeof(*ns), by_value);
		printf(",\"%s_%s_ns\":{\"median\":%.0f,\"least\":%.0f,\"most\":%.0f}", series->name,
		       measure_names[measure], ns[round_count / 2], ns[0], ns[round_count - 1]);
	}
}

int main(int argc, char **argv)
{
	static struct series series[] = { { "bare", bare_walk, { { 0 } } },
					  { "walk", real_walk, { { 0 } } } };
	unsigned long thread_count = argc > 2 ? strtoul(argv[2], NULL, 10) : 2;
	unsigned long round_count = argc > 3 ? strtoul(argv[3], NULL, 10) : 7;
	struct rusage usage;
	uint64_t count = 0;

	if (argc < 2 || thread_count < 1 || thread_count > THREAD_MAX || round_count < 1 ||
	    round_count > ROUND_MAX) {
		fprintf(stderr, "usage: walk_bench DIR [THREADS [ROUNDS [bare|walk]]]\n");
		return 2;
	}
	for (unsigned long round = 0; round <= round_count; round++)
		for (size_t i = 0; i < 2; i++)
			if (argc < 5 || strcmp(argv[4], series[i].name) == 0)
				count = series_run(&series[i], argv[1], (unsigned)thread_count,
						   round);
	printf("{\"files\":%llu,\"threads\":%lu,\"rounds\":%lu", (unsigned long long)count,
	       thread_count, round_count);
	for (size_t i = 0; i < 2; i++)
		print_series(&series[i], round_count);
	for (int measure = 0; measure < MEASURE_COUNT; measure++)
		printf(",\"%s_ratio\":%.3f", measure_names[measure],
		       series[1].ns[measure][round_count / 2] /
			       series[0].ns[measure][round_count / 2]);
	getrusage(RUSAGE_SELF, &usage);
	printf(",\"peak_kib\":%ld}\n", usage.ru_maxrss);
	return 0;
}
