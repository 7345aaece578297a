/*
 * tiny_files - very many distinct files of 10 bytes, as fast as a file system makes them.
 *
 *	tiny_files DIRECTORY COUNT [SEED [THREADS]]
 *
 * 1,000 files a directory, names seeded: "d00012/<16 hex>". Their contents are ten hex digits, all
 * different. Made for file systems that keep such files in their inodes (ext4: inline_data).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_PER_DIRECTORY 1000u
#define COUNT_MAX	    100000000u
#define THREADS_MAX	    64u
#define CONTENT_BYTES	    10
#define FORTY_BITS	    (((uint64_t)1 << 40) - 1)

struct work {
	int root_fd;
	uint64_t count, seed;
	atomic_ullong next; /* directory */
	atomic_bool failed;
};

/* A bijection of 64 bits that looks random (the finaliser of splitmix64). */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static bool fail(struct work *work, const char *what)
{
	if (!atomic_exchange(&work->failed, true))
		fprintf(stderr, "tiny_files: %s: %s\n", what, strerror(errno));
	return false;
}

static bool make_file(struct work *work, int dir_fd, uint64_t number)
{
	char name[32], content[CONTENT_BYTES + 1];
	int fd;

	/* Odd factors permute 40 bits: as many contents as numbers. */
	snprintf(content, sizeof(content), "%010" PRIx64,
		 (number * UINT64_C(0x5851f42d4d957f2d) + mix(work->seed)) & FORTY_BITS);
	snprintf(name, sizeof(name), "%016" PRIx64, mix(work->seed * COUNT_MAX + number));
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(work, name);
	if (write(fd, content, CONTENT_BYTES) != CONTENT_BYTES || close(fd))
		return fail(work, name);
	return true;
}

static bool make_directory(struct work *work, uint64_t directory)
{
	uint64_t first = directory * FILES_PER_DIRECTORY, end = first + FILES_PER_DIRECTORY;
	char name[32];
	bool is_good = true;
	int dir_fd;

	snprintf(name, sizeof(name), "d%05" PRIu64, directory);
	if (mkdirat(work->root_fd, name, 0755))
		return fail(work, name);
	dir_fd = openat(work->root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fail(work, name);
	for (uint64_t i = first; i < end && i < work->count && is_good; i++)
		is_good = make_file(work, dir_fd, i);
	close(dir_fd);
	return is_good;
}

static void *make_directories(void *arg)
{
	struct work *work = arg;

	for (;;) {
		uint64_t directory = atomic_fetch_add(&work->next, 1);

		if (directory * FILES_PER_DIRECTORY >= work->count || atomic_load(&work->failed) ||
		    !make_directory(work, directory))
			return NULL;
	}
}

static uint64_t number_of(const char *text, uint64_t max)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*end || end == text || value > max) {
		fprintf(stderr, "tiny_files: '%s' is no number up to %" PRIu64 "\n", text, max);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	struct work work = { .root_fd = -1 };
	unsigned thread_count = 2, started = 0;

	if (argc < 3 || argc > 5) {
		fprintf(stderr, "usage: tiny_files DIRECTORY COUNT [SEED [THREADS]]\n");
		return 2;
	}
	work.count = number_of(argv[2], COUNT_MAX);
	work.seed = argc > 3 ? number_of(argv[3], UINT32_MAX) : 1;
	if (argc > 4)
		thread_count = (unsigned)number_of(argv[4], THREADS_MAX);
	if (mkdir(argv[1], 0755) && errno != EEXIST)
		fail(&work, argv[1]);
	work.root_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (work.root_fd < 0)
		fail(&work, argv[1]);
	for (; started < thread_count; started++)
		if (pthread_create(&threads[started], NULL, make_directories, &work))
			break;
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	close(work.root_fd);
	return atomic_load(&work.failed) || !started ? 1 : 0;
}
