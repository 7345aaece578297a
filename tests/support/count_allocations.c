/*
 * Counts what a whole program allocates, its libraries' part too: to be preloaded (ld.so(8)).
 *
 *	LD_PRELOAD=.../libcount_allocations.so COUNT_ALLOCATIONS=FILE COMMAND...
 *
 * When the program ends, FILE gets the number of its calls of malloc, calloc, realloc and
 * aligned_alloc, in decimal. (tests/support/torture.h counts in the test's own process, and our
 * objects only.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* glibc's own names: asking dlsym() for them would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

#define VISIBLE __attribute__((visibility("default")))

static atomic_ullong total;

VISIBLE void *malloc(size_t size)
{
	atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
	return __libc_malloc(size);
}

VISIBLE void *calloc(size_t count, size_t size)
{
	atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
	return __libc_calloc(count, size);
}

VISIBLE void *realloc(void *ptr, size_t size)
{
	atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
	return __libc_realloc(ptr, size);
}

VISIBLE void *aligned_alloc(size_t alignment, size_t size)
{
	atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
	return __libc_memalign(alignment, size);
}

VISIBLE int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *ptr = aligned_alloc(alignment, size);

	if (!ptr)
		return ENOMEM;
	*out = ptr;
	return 0;
}

__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("COUNT_ALLOCATIONS");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	dprintf(fd, "%llu\n", atomic_load(&total));
	close(fd);
}
