/* Files whose size is known only when they were read are shared by all workers, if they are large.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/digest/hash_tree.h"

#define FILES	   16
#define FILE_BYTES (8u << 20)

static atomic_int readers[64]; /* thread ids */

/* In the place of the C library's: large files are read by it. */
ssize_t pread(int fd, void *out, size_t len, off_t offset_bytes)
{
	int self = gettid();

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		int free = 0;

		if (atomic_load(&readers[i]) == self ||
		    atomic_compare_exchange_strong(&readers[i], &free, self))
			break;
	}
	return syscall(SYS_pread64, fd, out, len, offset_bytes);
}

ssize_t pread64(int fd, void *out, size_t len, off_t offset_bytes) __attribute__((alias("pread")));

static void make_files(const char *folder)
{
	char path[128];

	for (int i = 0; i < FILES; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%d", folder, i);
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, FILE_BYTES), 0);
		close(fd);
	}
}

static void remove_files(const char *folder)
{
	char path[128];

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%d", folder, i);
		unlink(path);
	}
	rmdir(folder);
}

static size_t hash_all(const char *folder)
{
	struct muster_source source = { .path = folder };
	struct hash_tree_options options = { .sources = &source,
					     .source_count = 1,
					     .algorithm = DIGEST_MD5,
					     .worker_count = 2,
					     .form.reader = READER_PLAIN,
					     .memory_bytes = 256u << 20 };
	struct hashed_file file;
	struct hash_tree *tree;
	size_t count = 0;

	assert_int_equal(hash_tree_open(&tree, &options, NULL), MUSTER_OK);
	while (hash_tree_next(tree, &file, NULL) == MUSTER_OK) {
		assert_null(file.error);
		assert_int_equal(file.size_bytes, FILE_BYTES);
		count++;
	}
	hash_tree_close(tree);
	return count;
}

static void every_worker_reads_large_files(void **state)
{
	char folder[] = "/tmp/muster-sharing-XXXXXX";
	size_t reader_count = 0;

	(void)state;
	assert_non_null(mkdtemp(folder));
	make_files(folder);
	assert_int_equal(hash_all(folder), FILES);
	remove_files(folder);
	while (atomic_load(&readers[reader_count]))
		reader_count++;
	assert_int_equal(reader_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_worker_reads_large_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
