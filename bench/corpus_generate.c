/* Generation: file i is named and filled by its number alone, so threads need no order. */
#include "bench/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES   (1 << 20)
#define MAX_PATH_BYTES 512
/* What one thread takes at a time: enough files to be worth opening their folder, but no more
 * bytes than leave work for the other threads. */
#define PORTION_FILES 256
#define PORTION_BYTES (16 << 20)

struct generation {
	const struct corpus *corpus;
	int root_fd;
	uint64_t folder_count;
	uint64_t folder_files;
	uint64_t portion_files;
	uint64_t folder_portions; /* in one folder */
	atomic_ullong next_portion;
	atomic_ullong written_files;
	atomic_ullong written_bytes;
	atomic_bool failed;
};

uint64_t corpus_size(const struct corpus *corpus, uint64_t id)
{
	uint64_t random = corpus_mix(id ^ 0x5153e5ULL);
	double sum = -6.0;
	double size;

	if (corpus->sigma <= 0)
		return corpus->median_bytes < CORPUS_MIN_BYTES ? CORPUS_MIN_BYTES
							       : corpus->median_bytes;
	/* Twelve uniform numbers: near enough to normal, and the same on any machine. */
	for (int i = 0; i < 12; i++) {
		random = corpus_mix(random);
		sum += (double)(random >> 11) / 9007199254740992.0;
	}
	size = (double)corpus->median_bytes * exp(corpus->sigma * sum);
	if (size > (double)corpus->max_bytes)
		return corpus->max_bytes;
	return size < CORPUS_MIN_BYTES ? CORPUS_MIN_BYTES : (uint64_t)size;
}

/** The next bytes of a content: four xorshift streams, so that this runs at memory speed. */
static void fill(uint64_t *words, size_t count, uint64_t state[4])
{
	for (size_t i = 0; i < count; i += 4) {
		for (size_t lane = 0; lane < 4; lane++) {
			uint64_t x = state[lane];

			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			state[lane] = x;
			words[i + lane] = x;
		}
	}
}

static bool write_all(int fd, const void *data, size_t size_bytes)
{
	const char *bytes = data;

	while (size_bytes) {
		ssize_t written = write(fd, bytes, size_bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		size_bytes -= (size_t)written;
	}
	return true;
}

static bool write_content(int fd, const struct corpus_content *content)
{
	static _Thread_local uint64_t buffer[BUFFER_BYTES / sizeof(uint64_t)];
	uint64_t state[4];
	uint64_t left = content->size_bytes;
	bool is_first = true;

	for (uint64_t lane = 0; lane < 4; lane++)
		state[lane] = corpus_mix(content->id + lane * 0x100000001b3ULL) | 1;
	while (left) {
		size_t part = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);

		fill(buffer, (part + 31) / 32 * 4, state);
		if (is_first)
			buffer[0] = content->id;
		is_first = false;
		if (content->sparse)
			return write_all(fd, buffer, CORPUS_MIN_BYTES) &&
			       !ftruncate(fd, (off_t)content->size_bytes);
		if (!write_all(fd, buffer, part))
			return false;
		left -= part;
	}
	return true;
}

bool corpus_write_file(int dir_fd, const char *path, const struct corpus_content *content)
{
	int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool done = fd >= 0 && write_content(fd, content);
	int saved = errno;

	if (fd >= 0 && close(fd) && done) {
		done = false;
		saved = errno;
	}
	if (!done)
		fprintf(stderr, "corpus: write '%s': %s\n", path, strerror(saved));
	return done;
}

/** The folder of this number, as a path: its digits in base fanout, most significant first. */
static void folder_path(const struct generation *generation, uint64_t folder, char *path)
{
	const struct corpus *corpus = generation->corpus;
	uint64_t unit = 1;
	size_t length = 0;

	path[0] = '\0';
	if (!corpus->fanout)
		return;
	while (generation->folder_count > unit * corpus->fanout)
		unit *= corpus->fanout;
	for (; unit; unit = corpus->fanout > 1 ? unit / corpus->fanout : 0) {
		int got = snprintf(path + length, MAX_PATH_BYTES - length, "%sd%03llx",
				   length ? "/" : "",
				   (unsigned long long)(folder / unit % corpus->fanout));

		length += (size_t)got;
	}
}

static bool make_folders(int root_fd, char *path)
{
	for (char *slash = strchr(path, '/');; slash = strchr(slash + 1, '/')) {
		bool exists;

		if (slash)
			*slash = '\0';
		exists = !*path || !mkdirat(root_fd, path, 0755) || errno == EEXIST;
		if (!exists)
			fprintf(stderr, "corpus: mkdir '%s': %s\n", path, strerror(errno));
		if (slash)
			*slash = '/';
		if (!exists || !slash)
			return exists;
	}
}

/** `large_count` of the numbers up to `file_count`, at even distances. */
static bool is_large(const struct corpus *corpus, uint64_t number)
{
	return (number + 1) * corpus->large_count / corpus->file_count !=
	       number * corpus->large_count / corpus->file_count;
}

static struct corpus_content content_of(const struct corpus *corpus, uint64_t number)
{
	uint64_t dice = corpus_mix(corpus_mix(corpus->seed) ^ (number * 2 + 1));
	struct corpus_content content = { .sparse = corpus->sparse };

	if (is_large(corpus, number)) {
		content.id = corpus_mix(number ^ corpus_mix(corpus->seed));
		content.size_bytes = corpus->large_bytes;
		return content;
	}
	if (dice % 100 < corpus->empty_percent)
		return content;
	if (number && (dice >> 32) % 100 < corpus->duplicate_percent)
		number = dice % number;
	content.id = corpus_mix(number ^ corpus_mix(corpus->seed));
	content.size_bytes = corpus_size(corpus, content.id);
	return content;
}

static void file_name(const struct corpus *corpus, uint64_t number, char *name, size_t size)
{
	if (corpus->scatter)
		snprintf(name, size, "f%016llx.dat", (unsigned long long)corpus_mix(number));
	else
		snprintf(name, size, "f%08llx.dat", (unsigned long long)number);
}

static bool write_files(struct generation *generation, int dir_fd, uint64_t first, uint64_t end)
{
	const struct corpus *corpus = generation->corpus;

	for (uint64_t number = first; number < end; number++) {
		struct corpus_content content = content_of(corpus, number);
		char name[64];

		file_name(corpus, number, name, sizeof(name));
		if (!corpus_write_file(dir_fd, name, &content))
			return false;
		atomic_fetch_add(&generation->written_files, 1);
		atomic_fetch_add(&generation->written_bytes, content.size_bytes);
	}
	return true;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/** Writes some files of one folder. Threads may meet in a folder: a flat tree has only one. */
static bool write_portion(struct generation *generation, uint64_t portion)
{
	uint64_t folder = portion / generation->folder_portions;
	uint64_t begin = folder * generation->folder_files;
	uint64_t first = begin + portion % generation->folder_portions * generation->portion_files;
	uint64_t end = min_u64(begin + generation->folder_files, generation->corpus->file_count);
	char path[MAX_PATH_BYTES];
	bool done;
	int dir_fd;

	folder_path(generation, folder, path);
	if (!make_folders(generation->root_fd, path))
		return false;
	dir_fd =
		openat(generation->root_fd, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0) {
		fprintf(stderr, "corpus: open '%s': %s\n", path, strerror(errno));
		return false;
	}
	done = write_files(generation, dir_fd, first,
			   min_u64(first + generation->portion_files, end));
	close(dir_fd);
	return done;
}

static void *generate_portions(void *arg)
{
	struct generation *generation = arg;
	uint64_t count = generation->folder_count * generation->folder_portions;

	while (!atomic_load(&generation->failed)) {
		uint64_t portion = atomic_fetch_add(&generation->next_portion, 1);

		if (portion >= count)
			break;
		if (!write_portion(generation, portion))
			atomic_store(&generation->failed, true);
	}
	return NULL;
}

/** The root, new or empty: what lies there already would be no part of a corpus of this seed. */
static int open_root(const char *root)
{
	const struct dirent *entry;
	DIR *dir;
	int fd;

	if (mkdir(root, 0755) && errno != EEXIST) {
		fprintf(stderr, "corpus: mkdir '%s': %s\n", root, strerror(errno));
		return -1;
	}
	dir = opendir(root);
	if (!dir) {
		fprintf(stderr, "corpus: open '%s': %s\n", root, strerror(errno));
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		fprintf(stderr, "corpus: '%s' is not empty\n", root);
		closedir(dir);
		return -1;
	}
	fd = fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 0);
	closedir(dir);
	return fd;
}

/** How the work is cut into portions; what a file holds does not depend on it. */
static void plan_portions(struct generation *generation)
{
	const struct corpus *corpus = generation->corpus;
	uint64_t files = PORTION_BYTES / (corpus->median_bytes + 1);

	generation->folder_files = corpus->file_count;
	if (corpus->fanout)
		generation->folder_files = min_u64(corpus->fanout, corpus->file_count);
	generation->folder_count =
		(corpus->file_count + generation->folder_files - 1) / generation->folder_files;
	files = min_u64(min_u64(files ? files : 1, PORTION_FILES), generation->folder_files);
	generation->portion_files = files;
	generation->folder_portions = (generation->folder_files + files - 1) / files;
}

bool corpus_generate(struct corpus *corpus)
{
	pthread_t threads[CORPUS_MAX_THREADS];
	struct generation generation = { .corpus = corpus, .root_fd = open_root(corpus->root) };
	uint32_t started = 0;

	if (generation.root_fd < 0)
		return false;
	plan_portions(&generation);
	while (started + 1 < corpus->thread_count &&
	       !pthread_create(&threads[started], NULL, generate_portions, &generation))
		started++;
	generate_portions(&generation);
	while (started)
		pthread_join(threads[--started], NULL);
	close(generation.root_fd);
	corpus->written_files = atomic_load(&generation.written_files);
	corpus->written_bytes = atomic_load(&generation.written_bytes);
	return !atomic_load(&generation.failed);
}
