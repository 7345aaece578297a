/*
 * floor - the bare system calls that work with files cannot do without: what nothing can be much
 * faster than.
 *
 *	floor walk DIR THREADS                      read directories, stat every file
 *	floor read DIR THREADS                      read directories; open, read, close every file
 *	floor write DIR THREADS FILES BYTES FANOUT  create, write, close FILES files of BYTES bytes
 *
 * Threads share a list of directories and nothing else; no order is kept. `read` takes a read that
 * is shorter than its buffer for the end of the file, so a small file costs three system calls.
 * `write` makes DIR, which must not exist, and below it directories of FANOUT files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS_MAX  64
#define COUNT_MAX    1000000000ULL
#define DENTS_BYTES  (128u << 10)
#define BUFFER_BYTES (1u << 20)
/* Where things are in the kernel's struct linux_dirent64 (getdents64(2)). */
#define DENT_LENGTH 16
#define DENT_TYPE   18
#define DENT_NAME   19

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *must_have(void *memory)
{
	if (!memory)
		die("malloc");
	return memory;
}

static int must_open(int dir_fd, const char *path, int flags)
{
	int fd = openat(dir_fd, path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		die(path);
	return fd;
}

/* --- directories still to read, the newest first ------------------------------------------ */

struct directory {
	struct directory *next;
	char path[]; /* from the root, which is "" */
};

struct list {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct directory *first;
	unsigned busy_count; /* threads that may still add some */
};

static void list_add(struct list *list, const char *parent, const char *name)
{
	size_t len = strlen(parent) + strlen(name) + 2;
	struct directory *directory = must_have(malloc(sizeof(*directory) + len));

	snprintf(directory->path, len, "%s%s%s", parent, *parent ? "/" : "", name);
	pthread_mutex_lock(&list->lock);
	directory->next = list->first;
	list->first = directory;
	pthread_cond_signal(&list->changed);
	pthread_mutex_unlock(&list->lock);
}

/** Waits for one; NULL when there are none and no thread can add any. */
static struct directory *list_take(struct list *list)
{
	struct directory *directory;

	pthread_mutex_lock(&list->lock);
	list->busy_count--;
	while (!list->first && list->busy_count)
		pthread_cond_wait(&list->changed, &list->lock);
	directory = list->first;
	if (directory) {
		list->first = directory->next;
		list->busy_count++;
	} else {
		pthread_cond_broadcast(&list->changed);
	}
	pthread_mutex_unlock(&list->lock);
	return directory;
}

/* --- what is done with each file --------------------------------------------------------- */

struct work {
	struct list list;
	int root_fd;
	void (*visit)(int dir_fd, const char *name, void *buffer);
	uint64_t file_count, file_bytes, fanout; /* of write */
	atomic_ullong next;
};

static void visit_stat(int dir_fd, const char *name, void *buffer)
{
	struct statx stx;

	(void)buffer;
	if (statx(dir_fd, name, AT_NO_AUTOMOUNT,
		  STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_MTIME | STATX_CTIME | STATX_INO,
		  &stx))
		die(name);
}

static void visit_read(int dir_fd, const char *name, void *buffer)
{
	int fd = must_open(dir_fd, name, O_RDONLY | O_NOATIME);
	ssize_t got;

	do {
		got = read(fd, buffer, BUFFER_BYTES);
		if (got < 0)
			die(name);
	} while (got == (ssize_t)BUFFER_BYTES);
	close(fd);
}

/* --- threads ------------------------------------------------------------------------------ */

static void walk_dents(struct work *work, const struct directory *directory, int fd,
		       const uint8_t *dents, ssize_t len, void *buffer)
{
	for (ssize_t at = 0; at < len;) {
		const char *name = (const char *)dents + at + DENT_NAME;
		uint16_t dent_len;

		memcpy(&dent_len, dents + at + DENT_LENGTH, sizeof(dent_len));
		if (dents[at + DENT_TYPE] != DT_DIR)
			work->visit(fd, name, buffer);
		else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			list_add(&work->list, directory->path, name);
		at += dent_len;
	}
}

static void *walk_thread(void *arg)
{
	struct work *work = arg;
	uint8_t *dents = must_have(malloc(DENTS_BYTES));
	void *buffer = must_have(malloc(BUFFER_BYTES));
	struct directory *directory;
	ssize_t got;

	while ((directory = list_take(&work->list))) {
		const char *path = *directory->path ? directory->path : ".";
		int fd = must_open(work->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOATIME);

		while ((got = syscall(SYS_getdents64, fd, dents, DENTS_BYTES)) > 0)
			walk_dents(work, directory, fd, dents, got, buffer);
		if (got < 0)
			die(path);
		close(fd);
		free(directory);
	}
	free(buffer);
	free(dents);
	return NULL;
}

static void write_file(int dir_fd, uint64_t number, uint64_t left_bytes, const void *buffer)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "f%08llx.dat", (unsigned long long)number);
	fd = must_open(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL);
	while (left_bytes) {
		ssize_t done =
			write(fd, buffer, left_bytes < BUFFER_BYTES ? left_bytes : BUFFER_BYTES);

		if (done < 0)
			die(name);
		left_bytes -= (uint64_t)done;
	}
	if (close(fd))
		die(name);
}

static void *write_thread(void *arg)
{
	struct work *work = arg;
	void *buffer = must_have(calloc(1, BUFFER_BYTES));
	uint64_t first;

	while ((first = atomic_fetch_add(&work->next, work->fanout)) < work->file_count) {
		char name[32];
		int dir_fd;

		snprintf(name, sizeof(name), "d%06llx", (unsigned long long)(first / work->fanout));
		if (mkdirat(work->root_fd, name, 0755))
			die(name);
		dir_fd = must_open(work->root_fd, name, O_RDONLY | O_DIRECTORY);
		for (uint64_t i = first; i < first + work->fanout && i < work->file_count; i++)
			write_file(dir_fd, i, work->file_bytes, buffer);
		close(dir_fd);
	}
	free(buffer);
	return NULL;
}

static void run_threads(struct work *work, unsigned thread_count, void *(*thread_fn)(void *))
{
	pthread_t threads[THREADS_MAX];

	work->list.busy_count = thread_count;
	for (unsigned i = 0; i < thread_count; i++)
		if ((errno = pthread_create(&threads[i], NULL, thread_fn, work)))
			die("pthread_create");
	for (unsigned i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
}

static _Noreturn void usage(void)
{
	fputs("usage: floor walk|read DIR THREADS\n"
	      "       floor write DIR THREADS FILES BYTES FANOUT\n",
	      stderr);
	exit(2);
}

static uint64_t number_of(const char *text, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (end == text || *end || *text == '-' || value < least || value > most)
		usage();
	return value;
}

int main(int argc, char **argv)
{
	struct work work = {
		.list = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER },
	};
	unsigned thread_count;
	const char *verb;

	if (argc < 4)
		usage();
	verb = argv[1];
	thread_count = (unsigned)number_of(argv[3], 1, THREADS_MAX);
	if (argc == 7 && strcmp(verb, "write") == 0) {
		work.file_count = number_of(argv[4], 0, COUNT_MAX);
		work.file_bytes = number_of(argv[5], 0, 1ULL << 40);
		work.fanout = number_of(argv[6], 1, COUNT_MAX);
		if (mkdir(argv[2], 0755))
			die(argv[2]);
	} else if (argc != 4 || (strcmp(verb, "walk") != 0 && strcmp(verb, "read") != 0)) {
		usage();
	}
	work.root_fd = must_open(AT_FDCWD, argv[2], O_RDONLY | O_DIRECTORY);
	work.visit = strcmp(verb, "walk") == 0 ? visit_stat : visit_read;
	if (!work.fanout)
		list_add(&work.list, "", "");
	run_threads(&work, thread_count, work.fanout ? write_thread : walk_thread);
	close(work.root_fd);
	return 0;
}
